#include <string.h>

#include "config/options.h"
#include "config/print.h"
#include "config/reserved.h"

/* Text of a Markdown cell. */
static void print_cell(const char *text, FILE *out)
{
    for (const char *c = text; *c != '\0'; c++) {
        if (*c == '|' || *c == '<' || *c == '*' || *c == '_') {
            (void)fputc('\\', out);
        }
        (void)fputc(*c, out);
    }
}

static void print_range(const struct option *option, FILE *out)
{
    char least[NUMBER_TEXT_SIZE];
    char most[NUMBER_TEXT_SIZE];

    switch (option->kind) {
    case OPTION_TEXT:
        (void)fputs("text", out);
        return;
    case OPTION_SECRET:
        (void)fputs("secret text", out);
        return;
    case OPTION_DURATION:
    case OPTION_SIZE:
    case OPTION_COUNT:
        option_format(option, option->min, least);
        option_format(option, option->max, most);
        (void)fprintf(out, "%s to %s", least, most);
        return;
    case OPTION_CHOICE:
        for (size_t i = 0; option->choices[i] != NULL; i++) {
            (void)fprintf(out, "%s`%s`", i == 0 ? "" : ", ", option->choices[i]);
        }
        return;
    case OPTION_SWITCH:
        (void)fputs("`true`, `false`", out);
        return;
    case OPTION_LIST:
        (void)fputs("list", out);
        return;
    case OPTION_MAP:
        (void)fputs("names and values", out);
        return;
    }
}

static void print_row(const struct option *option, FILE *out)
{
    char variable[ENVIRONMENT_NAME_SIZE];
    const char *fallback = option->fallback;

    option_environment_name(option, variable);
    (void)fprintf(out, "| `%s`<br>`%s`", option->name, variable);
    if (option->azure != NULL) {
        (void)fprintf(out, "<br>or `%s`", option->azure);
    }
    (void)fprintf(out, " | %s%s%s | ", fallback[0] == '\0' ? "" : "`",
                  fallback[0] == '\0' ? "empty" : fallback, fallback[0] == '\0' ? "" : "`");
    print_range(option, out);
    (void)fprintf(out, " | %s | ", option->reload ? "SIGHUP" : "start");
    print_cell(option->doc, out);
    (void)fputs(" |\n", out);
}

static void print_heading(const char *name, const char *doc, FILE *out)
{
    (void)fprintf(out, "### %s\n\n", name);
    if (doc != NULL) {
        (void)fprintf(out, "%s\n\n", doc);
    }
    (void)fputs("| setting, and its environment name | default | range | read at | meaning |\n"
                "|---|---|---|---|---|\n",
                out);
}

void reference_print(FILE *out)
{
    for (size_t i = 0; i < options_count; i++) {
        const struct option *option = &options[i];
        const struct option_group *group = option_begins(option);
        if (group != NULL || option_group_length(option) == 0) {
            (void)fputs(i == 0 ? "" : "\n", out);
            print_heading(group == NULL ? option->name : group->name,
                          group == NULL ? NULL : group->doc, out);
        }
        print_row(option, out);
    }
    (void)fprintf(out,
                  "\n### %s\n\n%s\n\n"
                  "`%s.NAME.x` is `%s.x` of one tenant; see [Many tenants](#many-tenants).\n",
                  tenants_group.name, tenants_group.doc, tenants_group.name, TENANTS_SETTINGS);
    (void)fputs("\n### Properties of librdkafka that the worker owns\n\n"
                "| property | why |\n|---|---|\n",
                out);
    for (size_t i = 0; i < reserved_properties_count; i++) {
        (void)fprintf(out, "| `%s` | ", reserved_properties[i].name);
        print_cell(reserved_properties[i].reason, out);
        (void)fputs(" |\n", out);
    }
}
