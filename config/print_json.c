#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "config/options.h"
#include "config/print.h"
#include "config/reserved.h"
#include "config/value.h"

#define HIDDEN "<hidden>"

/* Whose settings are printed, where to, and how far in. */
struct page {
    const struct settings *settings;
    const char *tenant; /* NULL: the worker's own */
    const char *indent;
    bool show_origin;
    FILE *out;
};

static void print_list(const struct strings *list, FILE *out)
{
    (void)fputc('[', out);
    for (size_t i = 0; i < list->count; i++) {
        (void)fputs(i == 0 ? "" : ", ", out);
        json_print_text(list->items[i], out);
    }
    (void)fputc(']', out);
}

/* What value_print() writes is JSON for numbers and switches, and text for the rest. */
static void print_scalar(const struct settings *settings, const struct option *option, FILE *out)
{
    char *text = NULL;
    size_t size = 0;

    if (option->kind == OPTION_TEXT || option->kind == OPTION_SECRET) {
        bool hidden = option->kind == OPTION_SECRET && value_text(settings, option)[0] != '\0';
        json_print_text(hidden ? HIDDEN : value_text(settings, option), out);
        return;
    }
    FILE *scalar = open_memstream(&text, &size);
    assert(scalar != NULL);
    value_print(settings, option, scalar);
    (void)fclose(scalar);
    if (option->kind == OPTION_COUNT || option->kind == OPTION_SWITCH) {
        (void)fputs(text, out);
    } else {
        json_print_text(text, out);
    }
    free(text);
}

static void begin_value(const struct page *page)
{
    (void)fputs(page->show_origin ? "{\"value\": " : "", page->out);
}

static void end_value(const struct page *page, const struct option *option,
                      const struct origin *origin)
{
    const struct origin_of of = {page->settings, page->tenant, option, origin};
    char *text = NULL;
    size_t size = 0;

    if (!page->show_origin) {
        return;
    }
    FILE *line = open_memstream(&text, &size);
    assert(line != NULL);
    origin_print(&of, line);
    (void)fclose(line);
    (void)fputs(", \"origin\": ", page->out);
    json_print_text(text, page->out);
    (void)fputc('}', page->out);
    free(text);
}

static void print_map(const struct page *page, const struct option *option)
{
    const struct pairs *map = value_map(page->settings, option);

    (void)fputc('{', page->out);
    for (size_t i = 0; i < map->count; i++) {
        const struct pair *pair = &map->items[i];
        (void)fprintf(page->out, "%s\n%s  ", i == 0 ? "" : ",", page->indent);
        json_print_text(pair->name, page->out);
        (void)fputs(": ", page->out);
        begin_value(page);
        bool hidden = property_is_secret(pair->name) && !option->paths;
        json_print_text(hidden ? HIDDEN : pair->value, page->out);
        end_value(page, option, &pair->origin);
    }
    (void)fprintf(page->out, "%s%s}", map->count > 0 ? "\n" : "",
                  map->count > 0 ? page->indent : "");
}

static void print_option(const struct page *page, const struct option *option)
{
    const struct strings *list = value_list(page->settings, option);

    (void)fprintf(page->out, "%s\"%s\": ", page->indent, option_key(option));
    if (value_map(page->settings, option) != NULL) {
        print_map(page, option);
        return;
    }
    begin_value(page);
    if (list != NULL) {
        print_list(list, page->out);
    } else {
        print_scalar(page->settings, option, page->out);
    }
    end_value(page, option, &page->settings->origins[option_index(option)]);
}

/* What is its own; the rest stands under graph. */
static void print_tenant(const struct tenant_settings *tenant, bool show_origin, FILE *out)
{
    const struct page page = {tenant->settings, tenant->name, "      ", show_origin, out};
    bool is_first = true;

    (void)fputs("    ", out);
    json_print_text(tenant->name, out);
    (void)fputs(": {", out);
    for (size_t i = 0; i < options_count; i++) {
        if (tenant->settings->origins[i].is_of_tenant) {
            (void)fputs(is_first ? "\n" : ",\n", out);
            print_option(&page, &options[i]);
            is_first = false;
        }
    }
    (void)fputs("\n    }", out);
}

static void print_tenants(const struct tenants *tenants, bool show_origin, FILE *out)
{
    if (tenants->count == 0) {
        return;
    }
    (void)fprintf(out, ",\n  \"%s\": {\n", tenants_group.name);
    for (size_t i = 0; i < tenants->count; i++) {
        (void)fputs(i == 0 ? "" : ",\n", out);
        print_tenant(&tenants->items[i], show_origin, out);
    }
    (void)fputs("\n  }", out);
}

void settings_print_json(const struct settings *settings, bool show_origin, FILE *out)
{
    for (size_t i = 0; i < options_count; i++) {
        const struct option *option = &options[i];
        const struct option_group *group = option_begins(option);
        bool is_grouped = option_group_length(option) > 0;
        bool was_grouped = i > 0 && option_group_length(option - 1) > 0;
        const struct page page = {settings, NULL, is_grouped ? "    " : "  ", show_origin, out};
        if (i == 0) {
            (void)fputs("{\n", out);
        } else if (was_grouped && (group != NULL || !is_grouped)) {
            (void)fputs("\n  },\n", out);
        } else {
            (void)fputs(",\n", out);
        }
        if (group != NULL) {
            (void)fprintf(out, "  \"%s\": {\n", group->name);
        }
        print_option(&page, option);
    }
    (void)fputs(option_group_length(&options[options_count - 1]) > 0 ? "\n  }" : "", out);
    print_tenants(&settings->tenants, show_origin, out);
    (void)fputs("\n}\n", out);
}
