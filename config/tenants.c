#include "config/tenants.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "config/loader.h"
#include "config/nearest.h"
#include "config/settle.h"
#include "config/value.h"

#define NAME_LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"

const struct tenant_settings *tenants_find(const struct tenants *tenants, const char *name)
{
    for (size_t i = 0; i < tenants->count; i++) {
        if (strcmp(tenants->items[i].name, name) == 0) {
            return &tenants->items[i];
        }
    }
    return NULL;
}

static struct loader *find_loader(const struct loader *worker, const char *name)
{
    for (size_t i = 0; i < worker->tenants_count; i++) {
        if (strcmp(worker->tenants[i].tenant, name) == 0) {
            return &worker->tenants[i];
        }
    }
    return NULL;
}

/* "tenants.contoso" */
static void refuse_name(const struct loader *worker, const char *name, const struct place *place,
                        const char *text)
{
    char title[SETTING_NAME_SIZE];

    (void)snprintf(title, sizeof title, "%s.%.*s", tenants_group.name, TENANT_NAME_MAX + 1, name);
    problems_add(worker->problems, place, title, text);
}

void tenant_refuse(struct loader *tenant, const char *text)
{
    refuse_name(tenant->worker, tenant->tenant, &tenant->tenant_place, text);
    memset(tenant->invalid, true, sizeof tenant->invalid); /* nothing more to be said of it */
}

static bool check_name(const struct loader *worker, const char *name, struct error *error)
{
    const struct loader *other = find_loader(worker, name);

    if (name[0] == '\0' || strlen(name) > TENANT_NAME_MAX ||
        name[strspn(name, NAME_LETTERS)] != '\0') {
        return error_set(error, "a tenant's name has letters, digits and . _ - only, at most %d",
                         TENANT_NAME_MAX);
    }
    if (other != NULL) {
        return error_set(error, "is there twice; it began in line %d",
                         other->tenant_place.origin.line);
    }
    if (worker->tenants_count == TENANTS_MAX) {
        return error_set(error, "is one too many; a worker serves at most %d tenants", TENANTS_MAX);
    }
    return true;
}

/* Its settings are empty as yet: tenants_load() fills in the worker's. */
static struct tenant_settings *add_settings(struct settings *worker, const char *name)
{
    struct tenants *tenants = &worker->tenants;
    struct settings *own = calloc(1, sizeof *own);

    tenants->items = realloc(tenants->items, (tenants->count + 1) * sizeof tenants->items[0]);
    assert(own != NULL && tenants->items != NULL);
    own->file = strdup(worker->file);
    own->origins = calloc(options_count, sizeof own->origins[0]);
    struct tenant_settings *tenant = &tenants->items[tenants->count++];
    *tenant = (struct tenant_settings){.name = strdup(name), .settings = own};
    assert(own->file != NULL && own->origins != NULL && tenant->name != NULL);
    return tenant;
}

struct loader *tenant_begin(struct loader *worker, const char *name, const struct place *place)
{
    struct error error;

    if (!check_name(worker, name, &error)) {
        refuse_name(worker, name, place, error.text);
        return NULL;
    }
    const struct tenant_settings *tenant = add_settings(worker->settings, name);
    worker->tenants =
        realloc(worker->tenants, (worker->tenants_count + 1) * sizeof worker->tenants[0]);
    assert(worker->tenants != NULL);
    struct loader *loader = &worker->tenants[worker->tenants_count++];
    *loader = (struct loader){
        .settings = tenant->settings,
        .problems = worker->problems,
        .check_property = worker->check_property,
        .file_is_open_to_others = worker->file_is_open_to_others,
        .worker = worker,
        .tenant = tenant->name,
        .tenant_place = *place,
    };
    return loader;
}

static void refuse_flag(const struct loader *worker, const char *name, const struct place *place)
{
    const char *names[TENANTS_MAX];
    struct error error;

    for (size_t i = 0; i < worker->tenants_count; i++) {
        names[i] = worker->tenants[i].tenant;
    }
    const char *nearest = nearest_name(name, names, worker->tenants_count);
    (void)error_set(&error, "the file has no tenant %.*s%s%s%s", TENANT_NAME_MAX, name,
                    nearest == NULL ? "" : "; did you mean ", nearest == NULL ? "" : nearest,
                    nearest == NULL ? "" : "?");
    problems_add(worker->problems, place, NULL, error.text);
}

/* The name may have dots in it, a setting of graph has none. */
void tenant_flag(struct loader *worker, const char *key, const char *value,
                 const struct place *place)
{
    char setting[SETTING_NAME_SIZE];
    char name[SETTING_NAME_SIZE];
    const char *dot = strrchr(key, '.');

    if (dot == NULL || dot == key) {
        problems_add(worker->problems, place, NULL,
                     "names no setting of a tenant, as tenants.NAME.timeout does");
        return;
    }
    (void)snprintf(name, sizeof name, "%.*s", (int)(dot - key), key);
    (void)snprintf(setting, sizeof setting, "%s%s", TENANTS_SETTINGS, dot);
    const struct option *option = option_find(setting);
    struct loader *tenant = find_loader(worker, name);
    if (tenant == NULL) {
        refuse_flag(worker, name, place);
    } else if (option == NULL) {
        loader_unknown(tenant, setting, place);
    } else {
        loader_set(tenant, option, value, place);
    }
}

/* A value that was refused is the worker's too, so that every check has one to look at. */
static void inherit(struct loader *tenant)
{
    const struct loader *worker = tenant->worker;

    for (size_t i = 0; i < options_count; i++) {
        if (loader_is_own(tenant, &options[i]) && !tenant->invalid[i]) {
            continue;
        }
        value_copy(tenant->settings, worker->settings, &options[i]);
        if (!loader_is_own(tenant, &options[i])) {
            tenant->settings->origins[i] = worker->settings->origins[i];
            tenant->invalid[i] = tenant->invalid[i] || worker->invalid[i];
        }
    }
}

/* What a tenant's token is asked for with: who has the same is the same, and its events would go
 * where the other's go. A line that was forgotten under its name leads here. */
static bool is_same_login(const struct settings *a, const struct settings *b)
{
    if (a->graph.auth != b->graph.auth || strcmp(a->graph.base_url, b->graph.base_url) != 0)
        return false;
    switch (a->graph.auth) {
    case AUTH_TOKEN:
        return (a->graph.token_file[0] != '\0' || a->graph.token[0] != '\0') &&
               strcmp(a->graph.token_file, b->graph.token_file) == 0 &&
               strcmp(a->graph.token, b->graph.token) == 0;
    case AUTH_MANAGED_IDENTITY:
        return strcmp(a->graph.identity_endpoint, b->graph.identity_endpoint) == 0 &&
               strcasecmp(a->graph.client_id, b->graph.client_id) == 0;
    case AUTH_CLIENT_SECRET:
    case AUTH_CERTIFICATE:
    case AUTH_WORKLOAD_IDENTITY:
        break;
    }
    return a->graph.client_id[0] != '\0' &&
           strcmp(a->graph.authority_host, b->graph.authority_host) == 0 &&
           strcasecmp(a->graph.tenant_id, b->graph.tenant_id) == 0 &&
           strcasecmp(a->graph.client_id, b->graph.client_id) == 0;
}

static void check_apart(const struct loader *tenant)
{
    char text[SETTING_NAME_SIZE + ERROR_TEXT_SIZE], title[SETTING_NAME_SIZE];

    for (const struct loader *other = tenant->worker->tenants; other < tenant; other++) {
        if (is_same_login(tenant->settings, other->settings)) {
            (void)snprintf(text, sizeof text,
                           "signs in as tenants.%s does, so its events would go to that tenant; "
                           "give it credentials of its own",
                           other->tenant);
            (void)snprintf(title, sizeof title, "%s.%s", tenants_group.name, tenant->tenant);
            problems_add(tenant->problems, &tenant->tenant_place, title, text);
            return;
        }
    }
}

void tenants_load(struct loader *worker)
{
    for (size_t i = 0; i < worker->tenants_count; i++) {
        struct loader *tenant = &worker->tenants[i];
        inherit(tenant);
        settings_settle(tenant);
        settings_check(tenant);
        check_apart(tenant);
    }
}
