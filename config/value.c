#include "config/value.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "config/convert.h"
#include "config/nearest.h"
#include "config/reserved.h"
#include "worker/core/utf8.h"

static void *field(struct settings *settings, const struct option *option)
{
    return (char *)settings + option->offset;
}

static const void *field_of(const struct settings *settings, const struct option *option)
{
    return (const char *)settings + option->offset;
}

static char *copy_text(const char *text)
{
    char *copy = strdup(text);
    assert(copy != NULL); /* settings are a few KiB, read at start */
    return copy;
}

static bool check_utf8(const char *text, struct error *error)
{
    return utf8_is_valid(str_of(text), NULL) || error_set(error, "is not in UTF-8");
}

/* What goes for every text: its length, UTF-8, and no line feed that could end a header or a log
 * line. */
static bool check_text(const char *text, size_t length_max, struct error *error)
{
    if (strlen(text) > length_max) {
        return error_set(error, "is longer than %zu bytes", length_max);
    }
    for (const char *c = text; *c != '\0'; c++) {
        if ((unsigned char)*c < ' ' || *c == 0x7f) {
            return error_set(error, "has a line feed, a tab or another control character in it");
        }
    }
    return check_utf8(text, error);
}

static void write_choices(const char *const *choices, char *ret, size_t size)
{
    size_t length = 0;

    ret[0] = '\0';
    for (size_t i = 0; choices[i] != NULL && length < size; i++) {
        length +=
            (size_t)snprintf(ret + length, size - length, "%s%s", i == 0 ? "" : ", ", choices[i]);
    }
}

static bool find_choice(const char *const *choices, const char *text, unsigned *ret_choice,
                        struct error *error)
{
    char all[ERROR_TEXT_SIZE / 2];
    unsigned count = 0;

    for (; choices[count] != NULL; count++) {
        if (strcmp(choices[count], text) == 0) {
            *ret_choice = count;
            return true;
        }
    }
    write_choices(choices, all, sizeof all);
    const char *nearest = nearest_name(text, choices, count);
    if (nearest != NULL) {
        return error_set(error, "\"%.40s\" is unknown; did you mean %s? (%s)", text, nearest, all);
    }
    return error_set(error, "\"%.40s\" is none of what this version knows: %s", text, all);
}

static bool set_text(struct settings *settings, const struct option *option, const char *text,
                     struct error *error)
{
    size_t length_max = option->kind == OPTION_SECRET ? SECRET_SIZE_MAX - 1 : TEXT_LENGTH_MAX;

    if (!check_text(text, length_max, error)) {
        return false;
    }
    char *copy = copy_text(text);
    if (option->rule != NULL && !option->rule(copy, error)) {
        free(copy);
        return false;
    }
    char **value = field(settings, option);
    free(*value);
    *value = copy;
    return true;
}

static bool set_number(struct settings *settings, const struct option *option, const char *text,
                       struct error *error)
{
    bool (*parse)(const char *, int64_t *, struct error *) = parse_count;
    char bound[NUMBER_TEXT_SIZE];
    int64_t number;

    if (option->kind == OPTION_DURATION) {
        parse = parse_duration;
    } else if (option->kind == OPTION_SIZE) {
        parse = parse_size;
    }
    if (!parse(text, &number, error)) {
        return false;
    }
    if (number < option->min || number > option->max) {
        option_format(option, number < option->min ? option->min : option->max, bound);
        return error_set(error, "%.40s is %s than %s", text, number < option->min ? "less" : "more",
                         bound);
    }
    if (option->kind == OPTION_COUNT) {
        *(int *)field(settings, option) = (int)number;
    } else {
        *(int64_t *)field(settings, option) = number;
    }
    return true;
}

static bool set_switch(struct settings *settings, const struct option *option, const char *text,
                       struct error *error)
{
    bool on = strcmp(text, "true") == 0;

    if (!on && strcmp(text, "false") != 0) {
        return error_set(error, "\"%.40s\" is neither true nor false", text);
    }
    *(bool *)field(settings, option) = on;
    return true;
}

bool value_set(struct settings *settings, const struct option *option, const char *text,
               struct error *error)
{
    switch (option->kind) {
    case OPTION_TEXT:
    case OPTION_SECRET:
        return set_text(settings, option, text, error);
    case OPTION_DURATION:
    case OPTION_SIZE:
    case OPTION_COUNT:
        return set_number(settings, option, text, error);
    case OPTION_CHOICE:
        return find_choice(option->choices, text, field(settings, option), error);
    case OPTION_SWITCH:
        return set_switch(settings, option, text, error);
    case OPTION_LIST:
    case OPTION_MAP:
        break;
    }
    assert(!"lists and maps are set one by one");
    return false;
}

bool value_add(struct settings *settings, const struct option *option, const char *item,
               struct error *error)
{
    struct strings *list = field(settings, option);
    unsigned ignored;

    assert(option->kind == OPTION_LIST);
    if (item[0] == '\0') {
        return error_set(error, "has an empty item");
    }
    if (!check_text(item, TEXT_LENGTH_MAX, error) ||
        (option->choices != NULL && !find_choice(option->choices, item, &ignored, error))) {
        return false;
    }
    char *copy = copy_text(item);
    if (option->rule != NULL && !option->rule(copy, error)) {
        free(copy);
        return false;
    }
    list->items = realloc(list->items, (list->count + 1) * sizeof list->items[0]);
    assert(list->items != NULL);
    list->items[list->count++] = copy;
    return true;
}

bool value_put(struct settings *settings, const struct option *option, const struct pair *pair,
               struct error *error)
{
    struct pairs *map = field(settings, option);
    const char *reason = property_reserved(pair->name);
    size_t i = 0;

    assert(option->kind == OPTION_MAP);
    if (pair->name[0] == '\0' || !check_text(pair->name, KEY_LENGTH_MAX, NULL)) {
        return error_set(error, "has a property without a proper name");
    }
    if (reason != NULL) {
        return error_set(error, "%.80s belongs to the worker: %s", pair->name, reason);
    }
    if (strlen(pair->value) >= SECRET_SIZE_MAX) {
        return error_set(error, "%.80s is longer than %d bytes", pair->name, SECRET_SIZE_MAX - 1);
    }
    if (!check_utf8(pair->value, NULL)) {
        return error_set(error, "%.80s is not in UTF-8", pair->name);
    }
    while (i < map->count && strcmp(map->items[i].name, pair->name) != 0) {
        i++;
    }
    if (i == map->count) {
        map->items = realloc(map->items, (map->count + 1) * sizeof map->items[0]);
        assert(map->items != NULL);
        map->items[map->count++] = (struct pair){.name = copy_text(pair->name)};
    }
    free(map->items[i].value);
    map->items[i].value = copy_text(pair->value);
    map->items[i].origin = pair->origin;
    return true;
}

static void copy_items(struct settings *to, const struct settings *from,
                       const struct option *option)
{
    const struct strings *list = value_list(from, option);
    const struct pairs *map = value_map(from, option);

    for (size_t i = 0; list != NULL && i < list->count; i++) {
        bool added = value_add(to, option, list->items[i], NULL);
        assert(added);
    }
    for (size_t i = 0; map != NULL && i < map->count; i++) {
        bool put = value_put(to, option, &map->items[i], NULL);
        assert(put);
    }
}

void value_copy(struct settings *to, const struct settings *from, const struct option *option)
{
    value_clear(to, option);
    switch (option->kind) {
    case OPTION_TEXT:
    case OPTION_SECRET:
        *(char **)field(to, option) = copy_text(value_text(from, option));
        return;
    case OPTION_DURATION:
    case OPTION_SIZE:
        *(int64_t *)field(to, option) = *(const int64_t *)field_of(from, option);
        return;
    case OPTION_COUNT:
        *(int *)field(to, option) = *(const int *)field_of(from, option);
        return;
    case OPTION_CHOICE:
        *(unsigned *)field(to, option) = *(const unsigned *)field_of(from, option);
        return;
    case OPTION_SWITCH:
        *(bool *)field(to, option) = *(const bool *)field_of(from, option);
        return;
    case OPTION_LIST:
    case OPTION_MAP:
        copy_items(to, from, option);
        return;
    }
}

void value_clear(struct settings *settings, const struct option *option)
{
    switch (option->kind) {
    case OPTION_TEXT:
    case OPTION_SECRET: {
        char **text = field(settings, option);
        free(*text);
        *text = NULL;
        return;
    }
    case OPTION_LIST: {
        struct strings *list = field(settings, option);
        for (size_t i = 0; i < list->count; i++) {
            free(list->items[i]);
        }
        free(list->items);
        *list = (struct strings){0};
        return;
    }
    case OPTION_MAP: {
        struct pairs *map = field(settings, option);
        for (size_t i = 0; i < map->count; i++) {
            free(map->items[i].name);
            free(map->items[i].value);
        }
        free(map->items);
        *map = (struct pairs){0};
        return;
    }
    case OPTION_DURATION:
    case OPTION_SIZE:
    case OPTION_COUNT:
    case OPTION_CHOICE:
    case OPTION_SWITCH:
        return;
    }
}

const char *value_text(const struct settings *settings, const struct option *option)
{
    assert(option->kind == OPTION_TEXT || option->kind == OPTION_SECRET);
    return *(const char *const *)field_of(settings, option);
}

const struct strings *value_list(const struct settings *settings, const struct option *option)
{
    return option->kind == OPTION_LIST ? field_of(settings, option) : NULL;
}

const struct pairs *value_map(const struct settings *settings, const struct option *option)
{
    return option->kind == OPTION_MAP ? field_of(settings, option) : NULL;
}

void value_print(const struct settings *settings, const struct option *option, FILE *out)
{
    const void *value = field_of(settings, option);
    char number[NUMBER_TEXT_SIZE];

    switch (option->kind) {
    case OPTION_TEXT:
        yaml_print_text(value_text(settings, option), out);
        return;
    case OPTION_SECRET:
        (void)fputs(value_text(settings, option)[0] == '\0' ? "\"\"" : "<hidden>", out);
        return;
    case OPTION_DURATION:
        format_duration(*(const int64_t *)value, number);
        (void)fputs(number, out);
        return;
    case OPTION_SIZE:
        format_size(*(const int64_t *)value, number);
        (void)fputs(number, out);
        return;
    case OPTION_COUNT:
        format_count(*(const int *)value, number);
        (void)fputs(number, out);
        return;
    case OPTION_CHOICE:
        (void)fputs(option->choices[*(const unsigned *)value], out);
        return;
    case OPTION_SWITCH:
        (void)fputs(*(const bool *)value ? "true" : "false", out);
        return;
    case OPTION_LIST:
    case OPTION_MAP:
        break;
    }
    assert(!"lists and maps are printed by print.c");
}
