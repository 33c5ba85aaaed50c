#include "config/load.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/loader.h"
#include "config/settle.h"
#include "config/value.h"

static void set_defaults(struct settings *settings)
{
    *settings = (struct settings){.file = strdup("")};
    settings->origins = calloc(options_count, sizeof settings->origins[0]);
    assert(settings->file != NULL && settings->origins != NULL);

    for (size_t i = 0; i < options_count; i++) {
        const struct option *option = &options[i];
        if (option->kind == OPTION_LIST || option->kind == OPTION_MAP) {
            assert(option->fallback[0] == '\0'); /* empty is zeroed */
            continue;
        }
        bool done = value_set(settings, option, option->fallback, NULL);
        assert(done);
    }
}

static bool load_file(struct loader *loader, const char *file)
{
    if (file == NULL) {
        file = access(SETTINGS_FILE_DEFAULT, F_OK) == 0 ? SETTINGS_FILE_DEFAULT : "";
    }
    if (file[0] == '\0') {
        return true;
    }
    bool is_stdin = strcmp(file, SETTINGS_STDIN) == 0;
    free(loader->settings->file);
    loader->settings->file = strdup(is_stdin ? SETTINGS_STDIN_SHOWN : file);
    assert(loader->settings->file != NULL);
    return yaml_load(loader, loader->settings->file, is_stdin);
}

enum load settings_load(struct settings *settings, const struct settings_source *source,
                        struct problems *problems)
{
    struct loader loader = {
        .settings = settings,
        .problems = problems,
        .check_property = source->check_property,
    };

    set_defaults(settings);
    azure_load(&loader, source->environment);
    otel_load(&loader, source->environment);
    if (!load_file(&loader, source->file)) {
        settings_finish(settings);
        return LOAD_NO_FILE;
    }
    environment_load(&loader, source->environment);
    flags_load(&loader, source->flags, source->flags_count);
    settings_settle(&loader);
    settings_check(&loader);
    tenants_load(&loader);
    free(loader.tenants);

    problems_sort(problems);
    if (problems->errors > 0) {
        settings_finish(settings);
        return LOAD_INVALID;
    }
    return LOAD_OK;
}

static void finish_one(struct settings *settings)
{
    for (size_t i = 0; i < options_count; i++) {
        value_clear(settings, &options[i]);
    }
    free(settings->file);
    free(settings->origins);
    *settings = (struct settings){0};
}

void settings_finish(struct settings *settings)
{
    if (settings == NULL) {
        return;
    }
    for (size_t i = 0; i < settings->tenants.count; i++) {
        struct tenant_settings *tenant = &settings->tenants.items[i];
        finish_one(tenant->settings);
        free(tenant->settings);
        free((char *)tenant->name);
    }
    free(settings->tenants.items);
    finish_one(settings);
}
