#include "config/say.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "config/options.h"

const struct option *loader_option(const char *name)
{
    const struct option *option = option_find(name);
    assert(option != NULL);
    return option;
}

/* A setting that is missing has no line of its own: the group's first one that is in the file, or
 * the tenant's name. */
static struct origin origin_near(const struct loader *loader, const struct option *option)
{
    const struct settings *settings = loader->settings;
    struct origin origin = settings->origins[option_index(option)];
    size_t length = option_group_length(option);

    if (loader->tenant != NULL) {
        bool is_said = origin.is_of_tenant && origin.layer != LAYER_DEFAULT;
        return is_said ? origin : loader->tenant_place.origin;
    }
    if (origin.layer != LAYER_DEFAULT || settings->file[0] == '\0') {
        return origin;
    }
    origin = (struct origin){.layer = LAYER_FILE, .line = 1, .column = 1};
    for (size_t i = 0; i < options_count; i++) {
        const struct origin *other = &settings->origins[i];
        if (other->layer == LAYER_FILE && strncmp(options[i].name, option->name, length + 1) == 0 &&
            (origin.line == 1 || other->line < origin.line)) {
            origin = *other;
        }
    }
    return origin;
}

void loader_say(struct loader *loader, bool warning, const char *name, const char *format, ...)
{
    const struct option *option = loader_option(name);
    char variable[ENVIRONMENT_NAME_SIZE];
    char said[ERROR_TEXT_SIZE];
    char text[2 * ERROR_TEXT_SIZE];
    char title[SETTING_NAME_SIZE];
    struct place place = {.origin = origin_near(loader, option), .name = title};

    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(said, sizeof said, format, arguments);
    va_end(arguments);
    loader_rename(loader, said, text, sizeof text);
    loader_name(loader, option, title);

    if (place.origin.layer == LAYER_FILE) {
        place.name = loader->settings->file;
    } else if (place.origin.layer == LAYER_AZURE) {
        place.name = place.origin.variable;
    } else if (place.origin.layer == LAYER_ENVIRONMENT) {
        option_environment_name(option, variable);
        place.name = variable;
    }
    (warning ? problems_warn : problems_add)(loader->problems, &place, title, text);
}
