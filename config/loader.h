/*
 * What the parts of settings_load() share: the settings being filled, and where a text for an
 * option goes. Whatever is wrong is added to the problems, with its place; the load goes on.
 */
#pragma once

#include <stdbool.h>

#include "config/load.h"
#include "config/options.h"

struct loader {
    struct settings *settings;
    struct problems *problems;
    property_checker *check_property;
    bool invalid[OPTIONS_MAX]; /* some layer's value was refused: says nothing about others then */
    bool file_is_open_to_others; /* the file can be read by every user of the machine */
};

/* A value as one text: lists have commas, maps NAME=VALUE with commas. */
void loader_set(struct loader *loader, const struct option *option, const char *text,
                const struct place *place);

/* A list or map of its own: empties a list, which takes the place of the lower layer's. */
void loader_begin(struct loader *loader, const struct option *option, const struct place *place);
void loader_add(struct loader *loader, const struct option *option, const char *item,
                const struct place *place);
void loader_put(struct loader *loader, const struct option *option, const struct pair *pair,
                const struct place *place);

/* The option's value is wrong in a way that only the caller can see. */
void loader_refuse(struct loader *loader, const struct option *option, const char *text,
                   const struct place *place);

/* There is no such setting. */
void loader_unknown(struct loader *loader, const char *name, const struct place *place);

/* yaml.c: false if the file cannot be read at all, with a problem that says why. */
bool yaml_load(struct loader *loader, const char *path);

/* environment.c: the three layers that are texts. */
void azure_load(struct loader *loader, char *const *environment);
void environment_load(struct loader *loader, char *const *environment);
void flags_load(struct loader *loader, const char *const *flags, size_t count);

/* check.c: what two or more settings say together; one of a secret and its file is emptied. */
void settings_check(struct loader *loader);
