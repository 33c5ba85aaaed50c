#include "config/loader.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/nearest.h"
#include "config/reserved.h"
#include "config/value.h"

/* Also for a value that is refused: this layer has spoken. */
static void note_origin(struct loader *loader, const struct option *option,
                        const struct place *place)
{
    struct origin *origin = &loader->settings->origins[option_index(option)];

    *origin = place->origin;
    origin->variable = origin->layer == LAYER_AZURE ? place->name : NULL;
    origin->is_of_tenant = loader->tenant != NULL;
}

void loader_name(const struct loader *loader, const struct option *option,
                 char ret[SETTING_NAME_SIZE])
{
    if (loader->tenant == NULL || !option_is_of_tenants(option)) {
        (void)snprintf(ret, SETTING_NAME_SIZE, "%s", option->name);
    } else {
        (void)snprintf(ret, SETTING_NAME_SIZE, "%s.%s.%s", tenants_group.name, loader->tenant,
                       option_key(option));
    }
}

void loader_rename(const struct loader *loader, const char *text, char *ret, size_t size)
{
    size_t length = 0;

    ret[0] = '\0';
    while (*text != '\0' && length < size) {
        char word[SETTING_NAME_SIZE];
        size_t letters = strspn(text, "abcdefghijklmnopqrstuvwxyz_.");
        size_t taken = letters == 0 ? 1 : letters;
        (void)snprintf(word, sizeof word, "%.*s", (int)taken, text);
        const struct option *option = option_find(word);
        if (option != NULL) {
            loader_name(loader, option, word);
        }
        length += (size_t)(option == NULL
                               ? snprintf(ret + length, size - length, "%.*s", (int)taken, text)
                               : snprintf(ret + length, size - length, "%s", word));
        text += taken;
    }
}

bool loader_is_own(const struct loader *loader, const struct option *option)
{
    return loader->tenant == NULL || loader->settings->origins[option_index(option)].is_of_tenant;
}

void loader_refuse(struct loader *loader, const struct option *option, const char *text,
                   const struct place *place)
{
    char name[SETTING_NAME_SIZE];

    note_origin(loader, option, place);
    loader->invalid[option_index(option)] = true;
    loader_name(loader, option, name);
    problems_add(loader->problems, place, name, text);
}

void loader_begin(struct loader *loader, const struct option *option, const struct place *place)
{
    note_origin(loader, option, place);
    if (option->kind == OPTION_LIST) {
        value_clear(loader->settings, option);
    }
}

void loader_add(struct loader *loader, const struct option *option, const char *item,
                const struct place *place)
{
    struct origin begun = loader->settings->origins[option_index(option)];
    struct error error;

    if (!value_add(loader->settings, option, item, &error)) {
        loader_refuse(loader, option, error.text, place);
        loader->settings->origins[option_index(option)] = begun;
    }
}

/* Other users see the arguments of a program in the list of processes. */
static void refuse_flag(struct loader *loader, const struct option *option,
                        const struct place *place)
{
    char instead[SETTING_NAME_SIZE];
    char variable[ENVIRONMENT_NAME_SIZE];
    struct error error;

    if (option->kind == OPTION_SECRET) {
        loader_name(loader, option_file_of(option), instead);
    } else {
        (void)snprintf(instead, sizeof instead, "kafka.librdkafka_files");
    }
    option_environment_name(option, variable);
    (void)error_set(&error,
                    "a secret is not taken from the command line, where ps shows it; use %s%s%s",
                    instead, loader->tenant == NULL ? " or the environment variable " : "",
                    loader->tenant == NULL ? variable : "");
    loader_refuse(loader, option, error.text, place);
}

/* The Kafka code's sentences begin with the setting; here the place says it already. */
static const char *without_name(const char *text, const struct option *option)
{
    const char *name = option->paths ? "kafka.librdkafka" : option->name;
    size_t length = strlen(name);

    if (strncmp(text, name, length) == 0 && strncmp(text + length, ": ", 2) == 0) {
        return text + length + 2;
    }
    return text;
}

void loader_put(struct loader *loader, const struct option *option, const struct pair *pair,
                const struct place *place)
{
    struct error error;

    if (place->origin.layer == LAYER_FLAG && property_is_secret(pair->name) && !option->paths) {
        refuse_flag(loader, option, place);
        return;
    }
    if (!value_put(loader->settings, option, pair, &error) ||
        (loader->check_property != NULL &&
         !loader->check_property(pair->name, pair->value, &error))) {
        loader_refuse(loader, option, without_name(error.text, option), place);
    }
}

/* The next piece between commas, without the blanks around it; NULL after the last. */
static char *next_piece(char **rest)
{
    char *piece = strsep(rest, ",");

    if (piece != NULL) {
        piece += strspn(piece, " ");
        size_t length = strlen(piece);
        while (length > 0 && piece[length - 1] == ' ') {
            piece[--length] = '\0';
        }
    }
    return piece;
}

static void set_pieces(struct loader *loader, const struct option *option, const char *text,
                       const struct place *place)
{
    char *copy = strdup(text);
    char *rest = copy;
    assert(copy != NULL);

    loader_begin(loader, option, place);
    for (char *piece; text[0] != '\0' && (piece = next_piece(&rest)) != NULL;) {
        char *equals = strchr(piece, '=');
        if (option->kind == OPTION_LIST) {
            loader_add(loader, option, piece, place);
        } else if (equals == NULL) {
            loader_refuse(
                loader, option,
                "is not NAME=VALUE with commas between; a value that has a comma in it goes "
                "into the file",
                place);
        } else {
            *equals = '\0';
            loader_put(loader, option,
                       &(struct pair){.name = piece, .value = equals + 1, .origin = place->origin},
                       place);
        }
    }
    free(copy);
}

/* An empty line in the file, as the starter file has it, does not put out what Azure's tools have
 * set. */
static bool is_from_azure(const struct loader *loader, const struct option *option)
{
    return loader->settings->origins[option_index(option)].layer == LAYER_AZURE;
}

void loader_set(struct loader *loader, const struct option *option, const char *text,
                const struct place *place)
{
    struct error error;

    if (option->kind == OPTION_LIST || option->kind == OPTION_MAP) {
        set_pieces(loader, option, text, place);
        return;
    }
    if (place->origin.layer == LAYER_FLAG && option->kind == OPTION_SECRET) {
        refuse_flag(loader, option, place);
        return;
    }
    if (text[0] == '\0' && option->azure != NULL && is_from_azure(loader, option)) {
        return;
    }
    note_origin(loader, option, place);
    if (!value_set(loader->settings, option, text, &error)) {
        loader_refuse(loader, option, error.text, place);
    }
}

static void unknown_of_tenant(struct loader *loader, const char *name, const struct place *place)
{
    const char *keys[OPTIONS_MAX] = {NULL};
    const char *key = strchr(name, '.') == NULL ? name : strchr(name, '.') + 1;
    char title[2 * SETTING_NAME_SIZE];
    struct error error;

    for (size_t i = 0; i < options_count; i++) {
        keys[i] = option_is_of_tenants(&options[i]) ? option_key(&options[i]) : NULL;
    }
    const char *nearest = nearest_name(key, keys, options_count);
    (void)snprintf(title, sizeof title, "%s.%s.%s", tenants_group.name, loader->tenant, key);
    if (nearest == NULL) {
        (void)error_set(&error, "a tenant has no such setting; it may have those of graph");
    } else {
        (void)error_set(&error, "a tenant has no such setting; did you mean %s?", nearest);
    }
    problems_add(loader->problems, place, title, error.text);
}

void loader_unknown(struct loader *loader, const char *name, const struct place *place)
{
    if (loader->tenant != NULL) {
        unknown_of_tenant(loader, name, place);
        return;
    }
    const char *nearest = nearest_setting(name);
    const char *title = place->origin.layer == LAYER_FILE ? name : NULL;
    struct error error;

    if (nearest != NULL && place->origin.layer == LAYER_ENVIRONMENT) {
        char variable[ENVIRONMENT_NAME_SIZE];
        option_environment_name(option_find(nearest), variable);
        (void)error_set(&error, "there is no such setting; did you mean %s?", variable);
    } else if (nearest != NULL) {
        (void)error_set(&error, "there is no such setting; did you mean %s?", nearest);
    } else {
        (void)error_set(&error, "there is no such setting; usher config init prints them all");
    }
    problems_add(loader->problems, place, title, error.text);
}
