#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "config/options.h"
#include "config/print.h"
#include "config/value.h"
#include "tests/config/samples.h"

static void print_settings(const void *what, FILE *out)
{
    settings_print(what, out);
}

/* The printed line of the sample has its value and the origin `where`. */
static void assert_printed(const struct loaded *loaded, const struct sample *sample,
                           const char *where)
{
    char start[256];
    const struct option *option = option_find(sample->name);
    const char *space = sample->printed[0] == '\n' ? "" : " ";

    if (loaded->result != LOAD_OK) {
        fail_msg("%s: %s", sample->name, loaded->problems);
    }
    char *text = harness_printed(print_settings, &loaded->settings);
    const char *group = text;
    if (option_group_length(option) > 0) {
        (void)snprintf(start, sizeof start, "%.*s:\n", (int)option_group_length(option),
                       option->name);
        group = strstr(text, start);
        assert_non_null(group);
    }
    (void)snprintf(start, sizeof start, "%s%s:%s%s ", option_group_length(option) > 0 ? "  " : "\n",
                   option_key(option), space, sample->printed);
    const char *line = strstr(group, start);
    if (line == NULL) {
        fail_msg("%s is not in\n%s", start, text);
        return;
    }
    line += strlen(start);
    line += strspn(line, " ");
    if (strncmp(line, where, strlen(where)) != 0) {
        fail_msg("%s comes from %.60s", sample->name, line);
    }
    free(text);
}

static void every_default_stands_and_every_row_is_complete(void **state)
{
    (void)state;
    for (size_t i = 0; i < options_count; i++) {
        const struct option *option = &options[i];
        struct settings settings = {0};
        struct error error = {0};
        print_message("%s\n", option->name);
        assert_ptr_equal(option_find(option->name), option);
        assert_int_equal(option_index(option), i);
        assert_true(strlen(option->doc) > 10);
        assert_int_equal(option->doc[strlen(option->doc) - 1], '.');
        assert_true(strlen(option->doc) < ERROR_TEXT_SIZE - 64); /* schema.c adds the range */
        assert_true(option->min <= option->max);
        assert_int_equal(option->kind == OPTION_CHOICE,
                         option->choices != NULL && option->kind != OPTION_LIST);
        if (option->kind == OPTION_SECRET) {
            char name[ENVIRONMENT_NAME_SIZE];
            (void)snprintf(name, sizeof name, "%s_file", option->name);
            assert_string_equal(option_file_of(option)->name, name);
            assert_int_equal(option_file_of(option)->kind, OPTION_TEXT);
        }
        if (option->kind != OPTION_LIST && option->kind != OPTION_MAP) {
            assert_true(value_set(&settings, option, option->fallback, &error));
            value_clear(&settings, option);
        }
    }
}

static void names_are_unique_in_the_environment_too(void **state)
{
    char name[ENVIRONMENT_NAME_SIZE];
    char other[ENVIRONMENT_NAME_SIZE];

    (void)state;
    option_environment_name(option_find("kafka.brokers"), name);
    assert_string_equal(name, "USHER_KAFKA_BROKERS");
    for (size_t i = 0; i < options_count; i++) {
        option_environment_name(&options[i], name);
        for (size_t j = 0; j < i; j++) {
            option_environment_name(&options[j], other);
            assert_string_not_equal(name, other);
        }
    }
}

static void every_setting_has_a_sample(void **state)
{
    (void)state;
    assert_int_equal(samples_count, options_count);
    for (size_t i = 0; i < options_count; i++) {
        assert_string_equal(samples[i].name, options[i].name);
    }
}

static void every_setting_is_taken_from_the_file(void **state)
{
    (void)state;
    for (size_t i = 0; i < samples_count; i++) {
        const struct option *option = &options[i];
        const char *open = option->kind == OPTION_LIST ? "[" : "";
        const char *close = option->kind == OPTION_LIST ? "]" : "";
        const char *text = option->kind == OPTION_MAP ? "{client.id: x}" : samples[i].text;
        const char *quote = option->kind == OPTION_TEXT ? "\"" : "";
        char yaml[256];
        char where[64];
        struct loaded loaded;
        size_t length = option_group_length(option);
        const struct texts *environment = sample_beside(option->name);
        (void)snprintf(yaml, sizeof yaml, "%.*s%s%s%s: %s%s%s%s%s\n", (int)length, option->name,
                       length == 0 ? "" : ":\n", length == 0 ? "" : "  ", option_key(option), open,
                       quote, text, quote, close);
        (void)snprintf(where, sizeof where, "# /tmp/usher-config-");
        if (strncmp(option->name, "redis.tls_", strlen("redis.tls_")) == 0 ||
            strcmp(option->name, "graph.tenant_id") == 0 ||
            strcmp(option->name, "graph.client_id") == 0) {
            continue; /* their company is in the environment, which goes before the file */
        }
        harness_load(&loaded, yaml, environment, NULL, NULL);
        assert_printed(&loaded, &samples[i], where);
        harness_unload(&loaded);
    }
}

static void every_setting_is_taken_from_the_environment(void **state)
{
    (void)state;
    for (size_t i = 0; i < samples_count; i++) {
        char name[ENVIRONMENT_NAME_SIZE];
        char variable[256];
        char where[256];
        struct loaded loaded;
        struct texts environment = {{variable}};
        const struct texts *others = sample_beside(samples[i].name);
        option_environment_name(&options[i], name);
        (void)snprintf(variable, sizeof variable, "%s=%s", name, samples[i].text);
        (void)snprintf(where, sizeof where, "# environment %s\n", name);
        memcpy(environment.items + 1, others->items, 8 * sizeof others->items[0]);
        harness_load(&loaded, NULL, &environment, NULL, NULL);
        assert_printed(&loaded, &samples[i], where);
        harness_unload(&loaded);
    }
}

static void every_setting_is_taken_from_a_flag_but_for_secrets(void **state)
{
    (void)state;
    for (size_t i = 0; i < samples_count; i++) {
        char flag[256];
        char where[256];
        struct loaded loaded;
        struct texts flags = {{flag}};
        (void)snprintf(flag, sizeof flag, "%s=%s", samples[i].name, samples[i].text);
        (void)snprintf(where, sizeof where, "# flag -s %s\n", samples[i].name);
        harness_load(&loaded, NULL, sample_beside(samples[i].name), &flags, NULL);
        if (options[i].kind == OPTION_SECRET) {
            assert_int_equal(loaded.result, LOAD_INVALID);
            assert_non_null(strstr(loaded.problems, "not taken from the command line"));
            assert_null(strstr(loaded.problems, samples[i].text));
        } else {
            assert_printed(&loaded, &samples[i], where);
        }
        harness_unload(&loaded);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_default_stands_and_every_row_is_complete),
        cmocka_unit_test(names_are_unique_in_the_environment_too),
        cmocka_unit_test(every_setting_has_a_sample),
        cmocka_unit_test(every_setting_is_taken_from_the_file),
        cmocka_unit_test(every_setting_is_taken_from_the_environment),
        cmocka_unit_test(every_setting_is_taken_from_a_flag_but_for_secrets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
