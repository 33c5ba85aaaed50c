/*
 * What the parts of settings_load() share: the settings being filled, and where a text for an
 * option goes. Whatever is wrong is added to the problems, with its place; the load goes on.
 */
#pragma once

#include <stdbool.h>

#include "config/load.h"
#include "config/options.h"

/* "tenants.", a tenant's name and the longest key fit. */
#define SETTING_NAME_SIZE (TENANT_NAME_MAX + ENVIRONMENT_NAME_SIZE + 16)

struct loader {
    struct settings *settings;
    struct problems *problems;
    property_checker *check_property;
    bool invalid[OPTIONS_MAX]; /* some layer's value was refused: says nothing about others then */
    bool file_is_open_to_others; /* the file can be read by every user of the machine */

    /* The worker's own has one of these for each tenant; its settings are in settings->tenants. */
    struct loader *tenants;
    size_t tenants_count;
    bool has_tenants; /* the file names one, if only a wrong one */

    /* A tenant's: */
    struct loader *worker;     /* NULL: this is the worker's own */
    const char *tenant;        /* the name */
    struct place tenant_place; /* where the name stands in the file */
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

/* The setting's name as the operator knows it: "graph.timeout", "tenants.contoso.timeout". */
void loader_name(const struct loader *loader, const struct option *option,
                 char ret[SETTING_NAME_SIZE]);

/* A text that names the worker's settings, with their names as above; cut where it does not fit. */
void loader_rename(const struct loader *loader, const char *text, char *ret, size_t size);

/* Whether a tenant said it itself. The worker's settings are all its own. */
bool loader_is_own(const struct loader *loader, const struct option *option);

/* There is no such setting. */
void loader_unknown(struct loader *loader, const char *name, const struct place *place);

/* yaml.c: false if the file cannot be read at all, with a problem that says why. Standard input is
 * read instead of `path` if `is_stdin`. */
bool yaml_load(struct loader *loader, const char *path, bool is_stdin);

/* environment.c: the three layers that are texts. environment_find() gives a variable's value, or
 * NULL. */
const char *environment_find(char *const *environment, const char *name);
void azure_load(struct loader *loader, char *const *environment);
void environment_load(struct loader *loader, char *const *environment);
void flags_load(struct loader *loader, const char *const *flags, size_t count);

/* otel.c: the OTEL_* variables, on the layer of the AZURE_* ones. */
void otel_load(struct loader *loader, char *const *environment);

/* check.c: what two or more settings say together. Of a tenant's: what it said itself. */
void settings_check(struct loader *loader);

/*
 * tenants.c: what the file and the flags say of tenants is gathered while they are read;
 * tenants_load() then lays it over the worker's settings, which are all there by now, and checks
 * it. tenant_begin() gives NULL where the name cannot be one, which has been said.
 */
struct loader *tenant_begin(struct loader *worker, const char *name, const struct place *place);
void tenant_refuse(struct loader *tenant, const char *text);
void tenant_flag(struct loader *worker, const char *key, const char *value,
                 const struct place *place);
void tenants_load(struct loader *worker);
