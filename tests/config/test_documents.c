/*
 * The files that are printed from the option table are the ones that are checked in. After a change
 * of the table: USHER_UPDATE=1 and this test write them anew.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "config/options.h"
#include "config/print.h"
#include "tests/config/harness.h"

static const char begin[] =
    "<!-- Printed from the option table, see tests/config/test_documents.c -->\n";
static const char end[] = "<!-- The end of what is printed -->\n";

static void write_source(const char *path, const char *text)
{
    const char *root = getenv("USHER_SOURCE");
    char whole[4096];

    (void)snprintf(whole, sizeof whole, "%s/%s", root == NULL ? "." : root, path);
    FILE *file = fopen(whole, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void assert_is_source(const char *path, const char *printed)
{
    if (getenv("USHER_UPDATE") != NULL) {
        write_source(path, printed);
        return;
    }
    char *source = harness_source(path);
    if (strcmp(source, printed) != 0) {
        size_t same = 0;
        while (source[same] == printed[same]) {
            same++;
        }
        fail_msg("%s is not what the table gives; from \"%.60s\" on", path, printed + same);
    }
    free(source);
}

static void print_starter(const void *what, FILE *out)
{
    (void)what;
    starter_print(out);
}

static void print_schema(const void *what, FILE *out)
{
    (void)what;
    schema_print(out);
}

/* The README around its tables, with the tables as they are now. */
static void print_readme(const void *what, FILE *out)
{
    const char *readme = what;
    const char *tables = strstr(readme, begin);
    assert_non_null(tables);
    const char *rest = strstr(tables, end);
    assert_non_null(rest);
    (void)fprintf(out, "%.*s\n", (int)(tables - readme + (ptrdiff_t)strlen(begin)), readme);
    reference_print(out);
    (void)fprintf(out, "\n%s", rest);
}

static void the_starter_file_is_the_one_in_the_tree(void **state)
{
    char *printed = harness_printed(print_starter, NULL);
    (void)state;
    assert_is_source("config/usher.yaml", printed);
    free(printed);
}

static void the_schema_is_the_one_in_the_tree(void **state)
{
    char *printed = harness_printed(print_schema, NULL);
    (void)state;
    assert_is_source("config/schema.json", printed);
    free(printed);
}

static void the_readme_has_the_tables(void **state)
{
    char *readme = harness_source("config/README.md");
    char *printed = harness_printed(print_readme, readme);
    (void)state;
    assert_is_source("config/README.md", printed);
    free(printed);
    free(readme);
}

static void print_settings(const void *what, FILE *out)
{
    settings_print(what, out);
}

/* The text up to the origins, which differ. */
static void strip_origins(char *printed)
{
    for (char *origin; (origin = strstr(printed, " # ")) != NULL;) {
        char *line_end = strchr(origin, '\n');
        assert_non_null(line_end);
        memmove(origin, line_end, strlen(line_end) + 1);
    }
}

static void the_starter_file_sets_the_defaults_and_names_every_setting(void **state)
{
    static const struct texts environment = {
        {"USHER_GRAPH_TENANT_ID=t", "USHER_GRAPH_CLIENT_ID=c", "USHER_GRAPH_CLIENT_SECRET=s"}};
    char *starter = harness_source("config/usher.yaml");
    struct loaded with;
    struct loaded without;

    (void)state;
    harness_load(&with, starter, &environment, NULL, NULL);
    harness_load(&without, NULL, &environment, NULL, NULL);
    assert_string_equal(with.problems, "");
    char *printed = harness_printed(print_settings, &with.settings);
    char *defaults = harness_printed(print_settings, &without.settings);
    strip_origins(printed);
    strip_origins(defaults);
    assert_string_equal(printed, defaults);

    for (size_t i = 0; i < options_count; i++) {
        char line[ENVIRONMENT_NAME_SIZE];
        (void)snprintf(line, sizeof line, " %s: ", option_key(&options[i]));
        if (option_group_length(&options[i]) == 0) {
            line[0] = '\n';
        }
        assert_non_null(strstr(starter, line));
    }
    free(defaults);
    free(printed);
    free(starter);
    harness_unload(&without);
    harness_unload(&with);
}

/* What is not filled in yet, and nothing else. */
static void the_starter_file_misses_only_the_credentials(void **state)
{
    char *starter = harness_source("config/usher.yaml");
    struct loaded loaded;
    size_t lines = 0;

    (void)state;
    harness_load(&loaded, starter, NULL, NULL, NULL);
    for (const char *c = loaded.problems; *c != '\0'; c++) {
        lines += *c == '\n' ? 1 : 0;
    }
    assert_int_equal(lines, 3);
    assert_non_null(strstr(loaded.problems, "graph.tenant_id: is needed"));
    assert_non_null(strstr(loaded.problems, "graph.client_id: is needed"));
    assert_non_null(strstr(loaded.problems, "graph.client_secret: is needed"));
    free(starter);
    harness_unload(&loaded);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_starter_file_is_the_one_in_the_tree),
        cmocka_unit_test(the_schema_is_the_one_in_the_tree),
        cmocka_unit_test(the_readme_has_the_tables),
        cmocka_unit_test(the_starter_file_sets_the_defaults_and_names_every_setting),
        cmocka_unit_test(the_starter_file_misses_only_the_credentials),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
