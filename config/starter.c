#include <string.h>

#include "config/options.h"
#include "config/print.h"
#include "config/value.h"

/* The width that a terminal has. */
#define WIDTH 80

/* Words of `text` in lines that begin with `indent` and "# ". */
static void print_comment(const char *text, const char *indent, FILE *out)
{
    size_t column = 0;

    while (*text != '\0') {
        size_t length = strcspn(text, " ");
        if (column > 0 && column + 1 + length > WIDTH) {
            (void)fputc('\n', out);
            column = 0;
        }
        if (column == 0) {
            (void)fprintf(out, "%s# ", indent);
            column = strlen(indent) + 2;
        } else {
            (void)fputc(' ', out);
            column++;
        }
        (void)fprintf(out, "%.*s", (int)length, text);
        column += length;
        text += length + strspn(text + length, " ");
    }
    (void)fputc('\n', out);
}

/* A line that would hide what an AZURE_ variable or another setting says is left for the reader to
 * bring in. */
static bool hides_other(const struct option *option)
{
    return option->follows != NULL || (option->azure != NULL && option->fallback[0] != '\0');
}

static void print_default(const struct option *option, const char *indent, FILE *out)
{
    (void)fprintf(out, "%s%s%s: ", indent, hides_other(option) ? "# " : "", option_key(option));
    if (option->kind == OPTION_LIST) {
        (void)fputs("[]", out);
    } else if (option->kind == OPTION_MAP) {
        (void)fputs("{}", out);
    } else if (option->kind == OPTION_COUNT || option->kind == OPTION_SWITCH) {
        (void)fputs(option->fallback, out);
    } else {
        yaml_print_text(option->fallback, out);
    }
    (void)fputc('\n', out);
}

void starter_print(FILE *out)
{
    (void)fputs(
        "# yaml-language-server: $schema=./schema.json\n"
        "# (for editors; usher config schema > schema.json writes it)\n"
        "#\n"
        "# Settings of usher, each at its default. A line that is left out means the default.\n"
        "#\n"
        "# usher config check -c FILE   says all that is wrong with a file\n"
        "# usher config print -c FILE   shows what counts, and where it came from\n"
        "#\n"
        "# A flag (-s kafka.group=x) goes before the environment (USHER_KAFKA_GROUP=x), and that\n"
        "# before this file. Durations: ms, s, m, h, d. Sizes: B, KiB, MiB, GiB.\n",
        out);
    for (size_t i = 0; i < options_count; i++) {
        const struct option *option = &options[i];
        const struct option_group *group = option_begins(option);
        const char *indent = option_group_length(option) == 0 ? "" : "  ";
        if (group != NULL) {
            (void)fputc('\n', out);
            print_comment(group->doc, "", out);
            (void)fprintf(out, "%s:\n", group->name);
        } else {
            (void)fputc('\n', out);
        }
        print_comment(option->doc, indent, out);
        print_default(option, indent, out);
    }
    (void)fputc('\n', out);
    print_comment(tenants_group.doc, "", out);
    (void)fputs("# tenants:\n"
                "#   contoso:\n"
                "#     tenant_id: contoso.onmicrosoft.com\n"
                "#     client_id: 46184453-e63b-4f20-86c2-c557ed5d5df9\n"
                "#     client_secret_file: /run/secrets/contoso\n"
                "#     writes_per_second: 10\n",
                out);
}
