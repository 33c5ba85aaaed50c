#include <stdio.h>

#include "config/options.h"
#include "config/print.h"
#include "config/reserved.h"
#include "config/value.h"

static void print_strings(const char *const *strings, FILE *out)
{
    (void)fputc('[', out);
    for (size_t i = 0; strings[i] != NULL; i++) {
        (void)fputs(i == 0 ? "" : ", ", out);
        json_print_text(strings[i], out);
    }
    (void)fputc(']', out);
}

static void print_reserved(FILE *out)
{
    (void)fputs("\"propertyNames\": {\"not\": {\"enum\": [", out);
    for (size_t i = 0; i < reserved_properties_count; i++) {
        (void)fputs(i == 0 ? "" : ", ", out);
        json_print_text(reserved_properties[i].name, out);
    }
    (void)fputs("]}}, ", out);
}

static void print_type(const struct option *option, FILE *out)
{
    switch (option->kind) {
    case OPTION_TEXT:
        (void)fputs("\"type\": \"string\"", out);
        return;
    case OPTION_SECRET:
        (void)fputs("\"type\": \"string\", \"writeOnly\": true", out);
        return;
    case OPTION_DURATION:
        (void)fputs("\"type\": \"string\", \"pattern\": \"^[0-9]+(ms|s|m|h|d)$\"", out);
        return;
    case OPTION_SIZE:
        (void)fputs("\"type\": \"string\", \"pattern\": \"^[0-9]+(B|KiB|MiB|GiB)$\"", out);
        return;
    case OPTION_COUNT:
        (void)fprintf(out, "\"type\": \"integer\", \"minimum\": %d, \"maximum\": %d",
                      (int)option->min, (int)option->max);
        return;
    case OPTION_CHOICE:
        (void)fputs("\"enum\": ", out);
        print_strings(option->choices, out);
        return;
    case OPTION_SWITCH:
        (void)fputs("\"type\": \"boolean\"", out);
        return;
    case OPTION_LIST:
        (void)fputs("\"type\": \"array\", \"items\": {", out);
        if (option->choices == NULL) {
            (void)fputs("\"type\": \"string\"", out);
        } else {
            (void)fputs("\"enum\": ", out);
            print_strings(option->choices, out);
        }
        (void)fputc('}', out);
        return;
    case OPTION_MAP:
        (void)fputs("\"type\": \"object\", ", out);
        print_reserved(out);
        (void)fputs("\"additionalProperties\": {\"type\": [\"string\", \"number\", \"boolean\"]}",
                    out);
        return;
    }
}

static void print_default(const struct option *option, FILE *out)
{
    (void)fputs(", \"default\": ", out);
    if (option->kind == OPTION_LIST) {
        (void)fputs("[]", out);
    } else if (option->kind == OPTION_MAP) {
        (void)fputs("{}", out);
    } else if (option->kind == OPTION_COUNT || option->kind == OPTION_SWITCH) {
        (void)fputs(option->fallback, out);
    } else {
        json_print_text(option->fallback, out);
    }
}

/* The doc, the range where the schema has no words for it, and when the setting is read. */
static void print_description(const struct option *option, FILE *out)
{
    char least[NUMBER_TEXT_SIZE];
    char most[NUMBER_TEXT_SIZE];
    char text[ERROR_TEXT_SIZE];
    const char *when = option->reload ? "Reloaded by SIGHUP." : "Read at start only.";

    if (option->kind == OPTION_DURATION || option->kind == OPTION_SIZE) {
        option_format(option, option->min, least);
        option_format(option, option->max, most);
        (void)snprintf(text, sizeof text, "%s From %s to %s. %s", option->doc, least, most, when);
    } else {
        (void)snprintf(text, sizeof text, "%s %s", option->doc, when);
    }
    json_print_text(text, out);
}

static void print_option(const struct option *option, const char *indent, FILE *out)
{
    (void)fprintf(out, "%s\"%s\": {\n%s  \"description\": ", indent, option_key(option), indent);
    print_description(option, out);
    (void)fprintf(out, ",\n%s  ", indent);
    print_type(option, out);
    print_default(option, out);
    (void)fprintf(out, "\n%s}", indent);
}

/* A tenant is written as the group is; its defaults are what the group says. */
static void print_tenants(FILE *out)
{
    (void)fprintf(out, "    \"%s\": {\n      \"description\": ", tenants_group.name);
    json_print_text(tenants_group.doc, out);
    (void)fprintf(out,
                  ",\n      \"type\": \"object\",\n      \"maxProperties\": %d,\n"
                  "      \"propertyNames\": {\"pattern\": \"^[A-Za-z0-9._-]{1,%d}$\"},\n"
                  "      \"additionalProperties\": {\n"
                  "        \"$ref\": \"#/properties/%s\",\n"
                  "        \"minProperties\": 1\n      }\n    }\n",
                  TENANTS_MAX, TENANT_NAME_MAX, TENANTS_SETTINGS);
}

void schema_print(FILE *out)
{
    (void)fputs("{\n"
                "  \"$schema\": \"https://json-schema.org/draft/2020-12/schema\",\n"
                "  \"title\": \"Settings of usher\",\n"
                "  \"type\": \"object\",\n"
                "  \"additionalProperties\": false,\n"
                "  \"properties\": {\n",
                out);
    for (size_t i = 0; i < options_count; i++) {
        const struct option *option = &options[i];
        const struct option *next = i + 1 < options_count ? option + 1 : NULL;
        const struct option_group *group = option_begins(option);
        bool is_grouped = option_group_length(option) > 0;
        bool is_last =
            next == NULL || option_group_length(next) == 0 || option_begins(next) != NULL;
        if (group != NULL) {
            (void)fprintf(out, "    \"%s\": {\n      \"description\": ", group->name);
            json_print_text(group->doc, out);
            (void)fputs(",\n      \"type\": \"object\",\n      \"additionalProperties\": false,\n"
                        "      \"properties\": {\n",
                        out);
        }
        print_option(option, is_grouped ? "        " : "    ", out);
        if (is_grouped && is_last) {
            (void)fputs("\n      }\n    }", out);
        }
        (void)fputs(",\n", out);
    }
    print_tenants(out);
    (void)fputs("  }\n}\n", out);
}
