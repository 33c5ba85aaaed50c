#include "config/print.h"

#include <assert.h>
#include <stdlib.h>

#include "config/options.h"
#include "config/reserved.h"
#include "config/value.h"

/* Values shorter than this have their origins in one column. */
#define ORIGIN_COLUMN 44

/* Whose settings are printed, and where to. */
struct page {
    const struct settings *settings;
    const char *tenant; /* NULL: the worker's own */
    const char *indent; /* of a setting */
    FILE *out;
};

static void print_flag(const struct origin_of *of, FILE *out)
{
    if (of->tenant == NULL) {
        (void)fprintf(out, "flag -s %s", of->option->name);
    } else {
        (void)fprintf(out, "flag -s %s.%s.%s", tenants_group.name, of->tenant,
                      option_key(of->option));
    }
}

void origin_print(const struct origin_of *of, FILE *out)
{
    char variable[ENVIRONMENT_NAME_SIZE];

    switch (of->origin->layer) {
    case LAYER_DEFAULT:
        (void)fputs("default", out);
        return;
    case LAYER_AZURE:
        (void)fprintf(out, "environment %s", of->origin->variable);
        return;
    case LAYER_FILE:
        (void)fprintf(out, "%s:%d:%d", of->settings->file, of->origin->line, of->origin->column);
        return;
    case LAYER_ENVIRONMENT:
        option_environment_name(of->option, variable);
        (void)fprintf(out, "environment %s", variable);
        return;
    case LAYER_FLAG:
        print_flag(of, out);
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
static void print_line(const char *text, const struct page *page, const struct option *option,
                       const struct origin *origin)
{
    const struct origin_of of = {page->settings, page->tenant, option, origin};

    (void)fprintf(page->out, "%-*s  # ", ORIGIN_COLUMN, text);
    origin_print(&of, page->out);
    (void)fputc('\n', page->out);
}

static void print_map(const struct page *page, const struct option *option)
{
    const struct pairs *map = value_map(page->settings, option);

    (void)fprintf(page->out, "%s%s:\n", page->indent, option_key(option));
    for (size_t i = 0; i < map->count; i++) {
        const struct pair *pair = &map->items[i];
        char *text = NULL;
        size_t size = 0;
        FILE *line = open_memstream(&text, &size);
        assert(line != NULL);
        (void)fprintf(line, "%s  ", page->indent);
        yaml_print_text(pair->name, line);
        (void)fputs(": ", line);
        if (property_is_secret(pair->name) && !option->paths) {
            (void)fputs("<hidden>", line);
        } else {
            yaml_print_text(pair->value, line);
        }
        (void)fclose(line);
        print_line(text, page, option, &pair->origin);
        free(text);
    }
}

static void print_option(const struct page *page, const struct option *option)
{
    const struct settings *settings = page->settings;
    const struct strings *list = value_list(settings, option);
    const struct pairs *map = value_map(settings, option);
    char *text = NULL;
    size_t size = 0;

    if (map != NULL && map->count > 0) {
        print_map(page, option);
        return;
    }
    FILE *line = open_memstream(&text, &size);
    assert(line != NULL);
    (void)fprintf(line, "%s%s: ", option_group_length(option) == 0 ? "" : page->indent,
                  option_key(option));
    if (map != NULL) {
        (void)fputs("{}", line);
    } else if (list != NULL) {
        print_list(list, line);
    } else {
        value_print(settings, option, line);
    }
    (void)fclose(line);
    print_line(text, page, option, &settings->origins[option_index(option)]);
    free(text);
}

/* What is its own; the rest stands under graph. */
static void print_tenant(const struct tenant_settings *tenant, FILE *out)
{
    const struct page page = {.settings = tenant->settings,
                              .tenant = tenant->name,
                              .indent = "    ",
                              .out = out};

    (void)fputs("  ", out);
    yaml_print_text(tenant->name, out);
    (void)fputs(":\n", out);
    for (size_t i = 0; i < options_count; i++) {
        if (tenant->settings->origins[i].is_of_tenant) {
            print_option(&page, &options[i]);
        }
    }
}

void settings_print(const struct settings *settings, FILE *out)
{
    const struct page page = {.settings = settings, .indent = "  ", .out = out};

    for (size_t i = 0; i < options_count; i++) {
        const struct option_group *group = option_begins(&options[i]);
        if (group != NULL) {
            (void)fprintf(out, "%s:\n", group->name);
        }
        print_option(&page, &options[i]);
    }
    if (settings->tenants.count > 0) {
        (void)fprintf(out, "%s:\n", tenants_group.name);
    }
    for (size_t i = 0; i < settings->tenants.count; i++) {
        print_tenant(&settings->tenants.items[i], out);
    }
}
