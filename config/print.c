#include "config/print.h"

#include <assert.h>
#include <stdlib.h>

#include "config/options.h"
#include "config/reserved.h"
#include "config/value.h"

/* Values shorter than this have their origins in one column. */
#define ORIGIN_COLUMN 44

static void print_origin(const struct settings *settings, const struct option *option,
                         const struct origin *origin, FILE *out)
{
    char variable[ENVIRONMENT_NAME_SIZE];

    switch (origin->layer) {
    case LAYER_DEFAULT:
        (void)fputs("# default\n", out);
        return;
    case LAYER_AZURE:
        (void)fprintf(out, "# environment %s\n", option->azure);
        return;
    case LAYER_FILE:
        (void)fprintf(out, "# %s:%d:%d\n", settings->file, origin->line, origin->column);
        return;
    case LAYER_ENVIRONMENT:
        option_environment_name(option, variable);
        (void)fprintf(out, "# environment %s\n", variable);
        return;
    case LAYER_FLAG:
        (void)fprintf(out, "# flag -s %s\n", option->name);
        return;
    }
    assert(!"a layer that does not exist");
}

static void print_list(const struct strings *list, FILE *out)
{
    (void)fputc('[', out);
    for (size_t i = 0; i < list->count; i++) {
        (void)fputs(i == 0 ? "" : ", ", out);
        yaml_print_text(list->items[i], out);
    }
    (void)fputc(']', out);
}

/* One line: what `text` holds, and the origin in its column. */
static void print_line(const char *text, const struct settings *settings,
                       const struct option *option, const struct origin *origin, FILE *out)
{
    (void)fprintf(out, "%-*s  ", ORIGIN_COLUMN, text);
    print_origin(settings, option, origin, out);
}

static void print_map(const struct settings *settings, const struct option *option, FILE *out)
{
    const struct pairs *map = value_map(settings, option);

    (void)fprintf(out, "  %s:\n", option_key(option));
    for (size_t i = 0; i < map->count; i++) {
        const struct pair *pair = &map->items[i];
        char *text = NULL;
        size_t size = 0;
        FILE *line = open_memstream(&text, &size);
        assert(line != NULL);
        (void)fputs("    ", line);
        yaml_print_text(pair->name, line);
        (void)fputs(": ", line);
        if (property_is_secret(pair->name)) {
            (void)fputs("<hidden>", line);
        } else {
            yaml_print_text(pair->value, line);
        }
        (void)fclose(line);
        print_line(text, settings, option, &pair->origin, out);
        free(text);
    }
}

static void print_option(const struct settings *settings, const struct option *option, FILE *out)
{
    const struct strings *list = value_list(settings, option);
    const struct pairs *map = value_map(settings, option);
    char *text = NULL;
    size_t size = 0;

    if (map != NULL && map->count > 0) {
        print_map(settings, option, out);
        return;
    }
    FILE *line = open_memstream(&text, &size);
    assert(line != NULL);
    (void)fprintf(line, "%s%s: ", option_group_length(option) == 0 ? "" : "  ", option_key(option));
    if (map != NULL) {
        (void)fputs("{}", line);
    } else if (list != NULL) {
        print_list(list, line);
    } else {
        value_print(settings, option, line);
    }
    (void)fclose(line);
    print_line(text, settings, option, &settings->origins[option_index(option)], out);
    free(text);
}

void settings_print(const struct settings *settings, FILE *out)
{
    for (size_t i = 0; i < options_count; i++) {
        const struct option_group *group = option_begins(&options[i]);
        if (group != NULL) {
            (void)fprintf(out, "%s:\n", group->name);
        }
        print_option(settings, &options[i], out);
    }
}
