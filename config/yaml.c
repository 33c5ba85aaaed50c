/*
 * The file: YAML of two levels, read as libyaml's events, since these carry lines and columns. What
 * YAML can do beyond mappings, lists and texts (anchors, tags, several documents) is refused:
 * settings that mean something else than they seem to are worse than an error.
 */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "config/value.h"
#include "config/yaml_reader.h"

#define KEY_SIZE (KEY_LENGTH_MAX + 1)

static void refuse_value(struct reader *reader, const struct option *option, const char *text)
{
    struct place place = reader_place(reader);
    if (reader->event.type != YAML_ALIAS_EVENT) { /* the reader has refused that */
        loader_refuse(reader->loader, option, text, &place);
    }
    reader_skip(reader);
}

/* Takes a key and steps to its value. False: there is none, and both have been passed over. */
static bool take_key(struct reader *reader, char ret[KEY_SIZE], struct place *ret_place)
{
    const char *text = reader_scalar(reader);

    *ret_place = reader_place(reader);
    if (text == NULL || strlen(text) >= KEY_SIZE) {
        reader_complain(reader, NULL, "a name of a setting is due here");
        reader_skip(reader);
        reader_skip(reader);
        return false;
    }
    (void)snprintf(ret, KEY_SIZE, "%s", text);
    reader_advance(reader);
    return !reader->over;
}

static void read_list(struct reader *reader, const struct option *option)
{
    struct place place = reader_place(reader);

    if (reader->event.type != YAML_SEQUENCE_START_EVENT && !reader_is_nothing(reader)) {
        refuse_value(reader, option,
                     "a list is due here: [a, b], or one item a line with a - before it");
        return;
    }
    loader_begin(reader->loader, option, &place);
    if (reader_is_nothing(reader)) {
        reader_advance(reader);
        return;
    }
    reader_advance(reader);
    while (!reader->over && reader->event.type != YAML_SEQUENCE_END_EVENT) {
        const char *item = reader_scalar(reader);
        place = reader_place(reader);
        if (item == NULL) {
            refuse_value(reader, option, "an item of a list is one text");
        } else {
            loader_add(reader->loader, option, item, &place);
            reader_advance(reader);
        }
    }
    reader_advance(reader);
}

static bool is_put_twice(const struct reader *reader, const struct option *option, const char *name,
                         struct error *error)
{
    const struct pairs *map = value_map(reader->loader->settings, option);

    for (size_t i = 0; i < map->count; i++) {
        if (strcmp(map->items[i].name, name) == 0) {
            return !error_set(error, "%s is set twice; it was set in line %d before", name,
                              map->items[i].origin.line);
        }
    }
    return false;
}

static void read_property(struct reader *reader, const struct option *option)
{
    char key[KEY_SIZE];
    struct place place;
    struct error error;

    if (!take_key(reader, key, &place)) {
        return;
    }
    const char *value = reader_scalar(reader);
    if (value == NULL || reader_is_null_word(reader)) {
        (void)error_set(&error, "%s takes one text", key);
        refuse_value(reader, option, error.text);
    } else if (is_put_twice(reader, option, key, &error)) {
        loader_refuse(reader->loader, option, error.text, &place);
        reader_advance(reader);
    } else {
        struct pair pair = {.name = key, .value = (char *)value, .origin = place.origin};
        loader_put(reader->loader, option, &pair, &place);
        reader_advance(reader);
    }
}

static void read_map(struct reader *reader, const struct option *option)
{
    struct place place = reader_place(reader);

    if (reader->event.type != YAML_MAPPING_START_EVENT && !reader_is_nothing(reader)) {
        refuse_value(reader, option, "lines of \"name: value\" are due here");
        return;
    }
    loader_begin(reader->loader, option, &place);
    if (reader_is_nothing(reader)) {
        reader_advance(reader);
        return;
    }
    reader_advance(reader);
    while (!reader->over && reader->event.type != YAML_MAPPING_END_EVENT) {
        read_property(reader, option);
    }
    reader_advance(reader);
}

static void read_scalar(struct reader *reader, const struct option *option)
{
    struct place place = reader_place(reader);
    const char *text = reader_scalar(reader);

    if (text == NULL && reader->event.type == YAML_SCALAR_EVENT) {
        refuse_value(reader, option, "has a NUL in it");
    } else if (text == NULL) {
        refuse_value(reader, option, "one text is due here, not a list or a mapping");
    } else if (reader_is_nothing(reader) || reader_is_null_word(reader)) {
        refuse_value(reader, option,
                     "has no value; leave the line out for the default, or write \"\"");
    } else {
        loader_set(reader->loader, option, text, &place);
        reader_advance(reader);
    }
}

/* The value of the setting `name`, whose key stood at `key`. */
static void read_setting(struct reader *reader, const char *name, const struct place *key)
{
    const struct option *option = option_find(name);
    struct error error;

    if (option == NULL) {
        loader_unknown(reader->loader, name, key);
        reader_skip(reader);
        return;
    }
    const struct origin *origin = &reader->loader->settings->origins[option_index(option)];
    if (origin->layer == LAYER_FILE) {
        (void)error_set(&error, "is set twice; it was set in line %d before", origin->line);
        loader_refuse(reader->loader, option, error.text, key);
        reader_skip(reader);
    } else if (option->kind == OPTION_LIST) {
        read_list(reader, option);
    } else if (option->kind == OPTION_MAP) {
        read_map(reader, option);
    } else {
        read_scalar(reader, option);
    }
}

/* Whether a mapping is here, which is stepped into; nothing at all is passed over. `line`: where
 * it was begun before, 0: not yet. */
static bool begin_map(struct reader *reader, const char *name, const struct place *key, int *line)
{
    struct error error;

    if (*line != 0) {
        (void)error_set(&error, "is there twice; it began in line %d", *line);
        problems_add(reader->loader->problems, key, name, error.text);
        reader_skip(reader);
        return false;
    }
    *line = key->origin.line;
    if (reader_is_nothing(reader)) {
        reader_advance(reader);
        return false;
    }
    if (reader->event.type != YAML_MAPPING_START_EVENT) {
        reader_complain(reader, name, "settings are due here, indented, one a line");
        reader_skip(reader);
        return false;
    }
    reader_advance(reader);
    return true;
}

/* To the end of the mapping. */
static void read_settings(struct reader *reader, const char *group)
{
    while (!reader->over && reader->event.type != YAML_MAPPING_END_EVENT) {
        char below[KEY_SIZE];
        char name[2 * KEY_SIZE];
        struct place place;
        if (take_key(reader, below, &place)) {
            (void)snprintf(name, sizeof name, "%s.%s", group, below);
            read_setting(reader, name, &place);
        }
    }
    reader_advance(reader);
}

static void read_group(struct reader *reader, const struct option_group *group,
                       const struct place *key, int *line)
{
    if (begin_map(reader, group->name, key, line)) {
        read_settings(reader, group->name);
    }
}

/* One of the map of tenants; what it holds is a group's. */
static void read_tenant(struct reader *reader, const char *name, const struct place *key)
{
    struct loader *worker = reader->loader;
    struct loader *tenant = tenant_begin(worker, name, key);

    if (tenant == NULL) {
        reader_skip(reader);
        return;
    }
    if (reader->event.type != YAML_MAPPING_START_EVENT) {
        tenant_refuse(tenant, "settings are due here, indented, one a line");
        reader_skip(reader);
        return;
    }
    reader_advance(reader);
    if (reader->event.type == YAML_MAPPING_END_EVENT) {
        tenant_refuse(tenant, "settings are due here, indented, one a line");
    }
    reader->loader = tenant;
    read_settings(reader, TENANTS_SETTINGS);
    reader->loader = worker;
}

static void read_tenants(struct reader *reader, const struct place *key, int *line)
{
    if (!begin_map(reader, tenants_group.name, key, line)) {
        return;
    }
    while (!reader->over && reader->event.type != YAML_MAPPING_END_EVENT) {
        char name[KEY_SIZE];
        struct place place;
        reader->loader->has_tenants = true;
        if (take_key(reader, name, &place)) {
            read_tenant(reader, name, &place);
        }
    }
    reader_advance(reader);
}

static void read_root(struct reader *reader)
{
    int lines[GROUPS_MAX] = {0};
    int tenants_line = 0;

    if (reader->event.type != YAML_MAPPING_START_EVENT) {
        if (!reader_is_nothing(reader)) {
            reader_complain(reader, NULL,
                            "the file holds no settings; usher config init prints an example");
        }
        reader_skip(reader);
        return;
    }
    reader_advance(reader);
    while (!reader->over && reader->event.type != YAML_MAPPING_END_EVENT) {
        char key[KEY_SIZE];
        struct place place;
        if (!take_key(reader, key, &place)) {
            continue;
        }
        const struct option_group *group = option_group_find(key);
        if (group != NULL) {
            read_group(reader, group, &place, &lines[group - option_groups]);
        } else if (strcmp(key, tenants_group.name) == 0) {
            read_tenants(reader, &place, &tenants_line);
        } else if (strchr(key, '.') != NULL && option_find(key) != NULL) {
            problems_add(reader->loader->problems, &place, key,
                         "write it in two lines, the group and, indented, the setting");
            reader_skip(reader);
        } else {
            read_setting(reader, key, &place);
        }
    }
    reader_advance(reader);
}

static void read_stream(struct reader *reader)
{
    reader_advance(reader); /* the stream's start */
    assert(reader->over || reader->event.type == YAML_STREAM_START_EVENT);
    reader_advance(reader);
    if (reader->over || reader->event.type == YAML_STREAM_END_EVENT) {
        return; /* a file of comments */
    }
    reader_advance(reader);
    if (!reader->over) {
        read_root(reader);
    }
    if (!reader->over) {
        assert(reader->event.type == YAML_DOCUMENT_END_EVENT);
        reader_advance(reader);
    }
    if (!reader->over && reader->event.type == YAML_DOCUMENT_START_EVENT) {
        reader_complain(reader, NULL, "a second document begins here; the settings are one");
    }
}

bool yaml_load(struct loader *loader, const char *path, bool is_stdin)
{
    struct reader reader;
    struct file file;
    struct error error;
    struct place place = {.origin.layer = LAYER_FILE, .name = path};
    enum file_result result = is_stdin ? file_read_stdin(&file, SETTINGS_FILE_SIZE_MAX, &error)
                                       : file_read(&file, path, SETTINGS_FILE_SIZE_MAX, &error);

    if (result != FILE_IS_READ) {
        problems_add(loader->problems, &place, NULL, error.text);
        return result != FILE_IS_MISSING;
    }
    loader->file_is_open_to_others = file.is_open_to_others;
    if (reader_init(&reader, loader, path, &file)) {
        read_stream(&reader);
    }
    reader_finish(&reader);
    file_finish(&file);
    return true;
}
