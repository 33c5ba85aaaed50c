/*
 * Many tenants: the map `tenants` of the file. What stands under a tenant's name is written as
 * under `graph`, and holds for that tenant alone.
 */
#pragma once

#include <stddef.h>

/* Most tenants of one worker: each has connections and a token of its own. */
#define TENANTS_MAX 64

/* The name as events and metrics have it: letters, digits, dots, dashes and underscores. */
#define TENANT_NAME_MAX 64

struct settings;

struct tenant_settings {
    const char *name;
    struct settings *settings; /* the worker's, with the tenant's own laid over `graph`; its own
                                  `tenants` is empty */
};

struct tenants {
    struct tenant_settings *items;
    size_t count; /* 0: no map, and `graph` is the only tenant, without a name */
};

/* NULL: there is none of that name, which is taken letter by letter. */
const struct tenant_settings *tenants_find(const struct tenants *tenants, const char *name);
