#include "config/options.h"

#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

const struct option *option_find(const char *name)
{
    for (size_t i = 0; i < options_count; i++) {
        if (strcmp(options[i].name, name) == 0) {
            return &options[i];
        }
    }
    return NULL;
}

const struct option_group *option_group_find(const char *name)
{
    for (size_t i = 0; i < option_groups_count; i++) {
        if (strcmp(option_groups[i].name, name) == 0) {
            return &option_groups[i];
        }
    }
    return NULL;
}

bool option_is_of_tenants(const struct option *option)
{
    return strncmp(option->name, TENANTS_SETTINGS ".", strlen(TENANTS_SETTINGS ".")) == 0;
}

size_t option_index(const struct option *option)
{
    assert(option >= options && option < options + options_count);
    return (size_t)(option - options);
}

const struct option *option_file_of(const struct option *secret)
{
    assert(secret->kind == OPTION_SECRET);
    return secret + 1;
}

size_t option_group_length(const struct option *option)
{
    const char *dot = strchr(option->name, '.');
    return dot == NULL ? 0 : (size_t)(dot - option->name);
}

const char *option_key(const struct option *option)
{
    size_t length = option_group_length(option);
    return length == 0 ? option->name : option->name + length + 1;
}

void option_environment_name(const struct option *option, char ret[ENVIRONMENT_NAME_SIZE])
{
    int length = snprintf(ret, ENVIRONMENT_NAME_SIZE, "USHER_%s", option->name);
    assert(length > 0 && length < ENVIRONMENT_NAME_SIZE);

    for (char *c = ret; *c != '\0'; c++) {
        *c = *c == '.' ? '_' : (char)toupper((unsigned char)*c);
    }
}

const struct option_group *option_begins(const struct option *option)
{
    size_t length = option_group_length(option);
    char name[ENVIRONMENT_NAME_SIZE] = "";

    if (length == 0 ||
        (option > options && strncmp(option[-1].name, option->name, length + 1) == 0)) {
        return NULL;
    }
    memcpy(name, option->name, length);
    return option_group_find(name);
}

void option_format(const struct option *option, int64_t number, char ret[NUMBER_TEXT_SIZE])
{
    if (option->kind == OPTION_DURATION) {
        format_duration(number, ret);
    } else if (option->kind == OPTION_SIZE) {
        format_size(number, ret);
    } else {
        format_count(number, ret);
    }
}
