#include "config/reload.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "config/loader.h"
#include "config/value.h"

static void add_name(struct strings *names, const char *name)
{
    names->items = realloc(names->items, (names->count + 1) * sizeof names->items[0]);
    assert(names->items != NULL);
    names->items[names->count] = strdup(name);
    assert(names->items[names->count] != NULL);
    names->count++;
}

static void free_names(struct strings *names)
{
    for (size_t i = 0; i < names->count; i++) {
        free(names->items[i]);
    }
    free(names->items);
    *names = (struct strings){0};
}

void reload_finish(struct reload *reload)
{
    problems_finish(&reload->problems);
    free_names(&reload->changed);
    free_names(&reload->left);
    settings_finish(&reload->old);
}

/* ---- is it a file that can be read again? ------------------------------------------------------
 */

static bool refuse(struct reload *reload, const char *file, const char *why)
{
    struct place place = {.origin.layer = LAYER_FILE, .name = file};

    problems_add(&reload->problems, &place, NULL, why);
    return false;
}

static bool can_be_read_again(const char *file, struct reload *reload)
{
    struct stat status;

    if (strcmp(file, SETTINGS_STDIN_SHOWN) == 0) {
        return refuse(reload, file, "cannot be read a second time; restart the worker");
    }
    if (file[0] != '\0' && stat(file, &status) == 0 && !S_ISREG(status.st_mode)) {
        return refuse(reload, file,
                      "is no regular file, and is read once only; restart the worker");
    }
    if (file[0] != '\0' && stat(file, &status) != 0 && errno == ENOENT) {
        return refuse(reload, file, "is not there any more");
    }
    return true;
}

static bool says_something(const struct settings *settings)
{
    for (size_t i = 0; i < options_count; i++) {
        if (settings->origins[i].layer == LAYER_FILE) {
            return true;
        }
    }
    return settings->tenants.count > 0;
}

/* ---- what only a restart changes ---------------------------------------------------------------
 */

static void keep(struct settings *next, const struct settings *settings,
                 const struct option *option)
{
    size_t i = option_index(option);

    value_copy(next, settings, option);
    next->origins[i] = settings->origins[i];
}

static bool is_reloaded(const struct option *option, bool is_tenant)
{
    return option->reload && (!is_tenant || option_is_of_tenants(option));
}

/* Fills `next` up with what stays as it is, so that it is whole: what the worker would work with.
 * `tenant` NULL: the worker's own. */
static void keep_the_rest(struct settings *next, const struct settings *settings,
                          const char *tenant, struct strings *left)
{
    for (size_t i = 0; i < options_count; i++) {
        const struct option *option = &options[i];
        char name[SETTING_NAME_SIZE];
        struct loader loader = {.settings = next, .tenant = tenant};
        bool is_said =
            tenant == NULL || next->origins[i].is_of_tenant || settings->origins[i].is_of_tenant;
        if (is_reloaded(option, tenant != NULL)) {
            continue;
        }
        if (!value_equals(next, settings, option) && is_said) {
            loader_name(&loader, option, name);
            add_name(left, name);
        }
        keep(next, settings, option);
    }
}

static void name_tenant(const char *tenant, struct strings *left)
{
    char name[SETTING_NAME_SIZE];

    (void)snprintf(name, sizeof name, "%s.%s", tenants_group.name, tenant);
    add_name(left, name);
}

/* Who came or went. Those that stay keep what only a restart changes. */
static void keep_tenants(struct settings *next, const struct settings *settings,
                         struct strings *left)
{
    for (size_t i = 0; i < settings->tenants.count; i++) {
        const struct tenant_settings *old = &settings->tenants.items[i];
        const struct tenant_settings *tenant = tenants_find(&next->tenants, old->name);
        if (tenant == NULL) {
            name_tenant(old->name, left);
        } else {
            keep_the_rest(tenant->settings, old->settings, old->name, left);
        }
    }
    for (size_t i = 0; i < next->tenants.count; i++) {
        if (tenants_find(&settings->tenants, next->tenants.items[i].name) == NULL) {
            name_tenant(next->tenants.items[i].name, left);
        }
    }
}

/* The file is right by itself; beside what stays it may not be. */
static bool go_together(struct settings *next, struct reload *reload)
{
    struct problems problems = {0};
    struct loader loader = {.settings = next,
                            .problems = &problems,
                            .has_tenants = next->tenants.count > 0};

    settings_check(&loader);
    if (problems.errors == 0) {
        problems_finish(&problems);
        return true;
    }
    problems_finish(&reload->problems);
    reload->problems = problems;
    return false;
}

/* ---- the new values ----------------------------------------------------------------------------
 */

static void take(struct settings *settings, struct settings *next, const char *tenant,
                 struct strings *changed)
{
    for (size_t i = 0; i < options_count; i++) {
        const struct option *option = &options[i];
        struct origin origin = settings->origins[i];
        char name[SETTING_NAME_SIZE];
        struct loader loader = {.settings = next, .tenant = tenant};
        bool is_said = tenant == NULL || next->origins[i].is_of_tenant || origin.is_of_tenant;
        if (!is_reloaded(option, tenant != NULL)) {
            continue;
        }
        if (!value_equals(next, settings, option) && is_said) {
            loader_name(&loader, option, name);
            add_name(changed, name);
        }
        value_swap(settings, next, option);
        settings->origins[i] = next->origins[i];
        next->origins[i] = origin;
    }
}

/* What a tenant cannot say itself is the worker's, for one that only a restart takes away too.
 * Nobody points to a tenant's copy of these. */
static void pass_on(struct settings *tenant, const struct settings *worker)
{
    for (size_t i = 0; i < options_count; i++) {
        if (options[i].reload && !option_is_of_tenants(&options[i])) {
            keep(tenant, worker, &options[i]);
        }
    }
}

static void take_all(struct settings *settings, struct settings *next, struct strings *changed)
{
    char *file = settings->file; /* the default one may have come into being */
    settings->file = next->file;
    next->file = file;
    take(settings, next, NULL, changed);
    for (size_t i = 0; i < settings->tenants.count; i++) {
        const struct tenant_settings *old = &settings->tenants.items[i];
        const struct tenant_settings *tenant = tenants_find(&next->tenants, old->name);
        if (tenant != NULL) {
            take(old->settings, tenant->settings, old->name, changed);
        }
        pass_on(old->settings, settings);
    }
}

bool settings_reload(struct settings *settings, const struct settings_source *source,
                     struct reload *reload)
{
    struct settings next;

    *reload = (struct reload){0};
    if (!can_be_read_again(settings->file, reload) ||
        settings_load(&next, source, &reload->problems) != LOAD_OK) {
        return false;
    }
    bool is_empty = says_something(settings) && !says_something(&next);
    if (is_empty && settings->file[0] != '\0') {
        (void)
            refuse(reload, settings->file,
                   "says nothing now, which would mean the defaults; is it written only in part?");
    } else {
        keep_the_rest(&next, settings, NULL, &reload->left);
        keep_tenants(&next, settings, &reload->left);
    }
    bool good = reload->problems.errors == 0 && go_together(&next, reload);
    if (good) {
        take_all(settings, &next, &reload->changed);
    }
    reload->old = next;
    return good;
}
