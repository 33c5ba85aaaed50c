#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "config/print.h"
#include "config/value.h"
#include "tests/config/harness.h"

static void print_settings(const void *what, FILE *out)
{
    settings_print(what, out);
}

static char *without_origins(const char *printed)
{
    char *plain = strdup(printed);
    char *to = plain;

    assert_non_null(plain);
    for (const char *line = printed; *line != '\0';) {
        size_t length = strcspn(line, "\n");
        const char *origin = strstr(line, "  # ");
        size_t kept = origin != NULL && origin < line + length ? (size_t)(origin - line) : length;
        memmove(to, line, kept);
        to += kept;
        while (to > plain && to[-1] == ' ') {
            to--;
        }
        *to++ = '\n';
        line += length + 1;
    }
    *to = '\0';
    return plain;
}

static const char yaml[] = "kafka:\n"
                           "  brokers: \"a:1,b:2\"\n"
                           "  reply_topics_allowed: [one, \"2\"]\n"
                           "  librdkafka:\n"
                           "    client.id: \"say \\\"hi\\\" # not a comment\"\n"
                           "    sasl.password: hunter2\n"
                           "redis:\n"
                           "  username: \"no\"\n"
                           "  password: hunter2\n"
                           "graph:\n"
                           "  auth: token\n"
                           "  token: hunter2\n"
                           "  timeout: 90s\n";

static void what_is_printed_is_read_back_as_the_same(void **state)
{
    struct loaded first;
    struct loaded second;

    (void)state;
    harness_load(&first, yaml, NULL, NULL, NULL);
    assert_int_equal(first.result, LOAD_OK);
    char *printed = harness_printed(print_settings, &first.settings);
    harness_load(&second, printed, NULL, NULL, NULL);
    assert_int_equal(second.result, LOAD_OK);
    char *again = harness_printed(print_settings, &second.settings);
    char *plain = without_origins(printed);
    char *plain_again = without_origins(again);
    assert_string_equal(plain, plain_again);
    assert_string_equal(second.settings.kafka.librdkafka.items[0].value,
                        "say \"hi\" # not a comment");
    assert_string_equal(second.settings.redis.username, "no");
    assert_string_equal(second.settings.kafka.reply_topics_allowed.items[1], "2");
    assert_int_equal(second.settings.graph.timeout_ms, 90000);
    free(plain_again);
    free(plain);
    free(again);
    free(printed);
    harness_unload(&second);
    harness_unload(&first);
}

static void no_secret_is_printed(void **state)
{
    struct loaded loaded;
    size_t hidden = 0;

    (void)state;
    harness_load(&loaded, yaml, NULL, NULL, NULL);
    assert_null(strstr(loaded.problems, "hunter2"));
    char *printed = harness_printed(print_settings, &loaded.settings);
    assert_null(strstr(printed, "hunter2"));
    for (const char *c = printed; (c = strstr(c, "<hidden>")) != NULL; c++) {
        hidden++;
    }
    assert_int_equal(hidden, 3);
    free(printed);
    harness_unload(&loaded);
}

static void each_value_says_where_it_came_from(void **state)
{
    static const struct texts environment = {
        {"AZURE_TENANT_ID=t", "USHER_DRAIN=1m", "USHER_KAFKA_LIBRDKAFKA=log_level=7",
         "OTEL_EXPORTER_OTLP_ENDPOINT=http://c", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=http://t"}};
    static const struct texts flags = {{"log.level=debug", "kafka.librdkafka.client.id=x"}};
    static const char *const lines[] = {
        "  group: usher                                # default\n",
        "    log_level: \"7\"                            # environment USHER_KAFKA_LIBRDKAFKA\n",
        "    client.id: x                              # flag -s kafka.librdkafka\n",
        "  password: \"\"                                # default\n",
        "  tenant_id: t                                # environment AZURE_TENANT_ID\n",
        "drain: 1m                                     # environment USHER_DRAIN\n",
        /* of the two, the one that counted */
        ("  endpoint: http://t                          # environment "
         "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT\n"),
        "  level: debug                                # flag -s log.level\n",
    };
    struct loaded loaded;

    (void)state;
    harness_load(&loaded, "graph:\n  auth: token\n  token_file: /t\n", &environment, &flags, NULL);
    assert_int_equal(loaded.result, LOAD_OK);
    char *printed = harness_printed(print_settings, &loaded.settings);
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        if (strstr(printed, lines[i]) == NULL) {
            fail_msg("%s is not in\n%s", lines[i], printed);
        }
    }
    assert_non_null(strstr(printed, "  token_file: /t                              # /tmp/usher-"));
    assert_non_null(strstr(printed, ":3:15\n"));
    free(printed);
    harness_unload(&loaded);
}

static const struct settings *own(const struct loaded *loaded, const char *name)
{
    const struct tenant_settings *found = tenants_find(&loaded->settings.tenants, name);
    assert_non_null(found);
    return found->settings;
}

static void what_is_a_tenants_own_is_printed_and_no_secret(void **state)
{
    static const char many[] = "graph:\n  client_secret: hunter2\n"
                               "tenants:\n  \"007\":\n    tenant_id: t\n    client_id: c\n"
                               "    client_secret_file: f\n    cloud: dod\n"
                               "  b:\n    auth: token\n    token: hunter2\n";
    static const char *const lines[] = {
        "tenants:\n  \"007\":\n    cloud: dod                                # /",
        ":8:12\n    base_url: https://dod-graph.microsoft.us/beta  # default\n    tenant_id: t  ",
        "    client_secret: \"\"                         # default\n    client_secret_file: f ",
        ":7:25\n    authority_host: https://login.microsoftonline.us  # default\n    timeout: 5s  ",
        "                              # flag -s tenants.007.timeout\n  b:\n",
        "    token: <hidden>                           # /",
    };
    struct loaded loaded;
    struct loaded again;

    (void)state;
    harness_load(&loaded, many, NULL, &(struct texts){{"tenants.007.timeout=5s"}}, NULL);
    assert_int_equal(loaded.result, LOAD_OK);
    char *printed = harness_printed(print_settings, &loaded.settings);
    assert_null(strstr(printed, "hunter2"));
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        if (strstr(printed, lines[i]) == NULL) {
            fail_msg("%s is not in\n%s", lines[i], strstr(printed, "tenants:"));
        }
    }
    harness_load(&again, printed, NULL, NULL, NULL);
    assert_int_equal(again.result, LOAD_OK);
    assert_string_equal(own(&again, "007")->graph.client_secret, "");
    assert_string_equal(own(&again, "007")->graph.client_secret_file, "f");
    assert_string_equal(own(&again, "007")->graph.base_url, "https://dod-graph.microsoft.us/beta");
    assert_int_equal(own(&again, "007")->graph.timeout_ms, 5000);
    assert_int_equal(own(&again, "b")->graph.timeout_ms, 30000);
    free(printed);
    harness_unload(&again);
    harness_unload(&loaded);
}

static void print_quoted(const void *what, FILE *out)
{
    yaml_print_text(what, out);
}

static void a_text_that_would_mean_something_else_is_quoted(void **state)
{
    static const struct {
        const char *text, *quoted;
    } rows[] = {
        {"", "\"\""},
        {"usher", "usher"},
        {"a b", "\"a b\""},
        {"on", "\"on\""},
        {"NULL", "\"NULL\""},
        {"12", "\"12\""},
        {"1e3", "\"1e3\""},
        {"30s", "30s"},
        {"a:1", "a:1"},
        {"a:", "\"a:\""},
        {"#a", "\"#a\""},
        {"[a]", "\"[a]\""},
        {"-a", "\"-a\""},
        {"a\"b\\c", "\"a\\\"b\\\\c\""},
        {"a\nb", "\"a\\u000ab\""},
        {"/run/x", "/run/x"},
        {"*a", "\"*a\""},
        {"\xc3\xa4", "\"\xc3\xa4\""},
        /* What YAML takes for the end of a line, or refuses. */
        {"a\xc2\x85"
         "b",
         "\"a\\u0085b\""},
        {"a\xe2\x80\xa8\xe2\x80\xa9", "\"a\\u2028\\u2029\""},
        {"\xef\xbb\xbf"
         "a",
         "\"\\ufeffa\""},
        {"\xef\xbf\xbe\xef\xbf\xbf", "\"\\ufffe\\uffff\""},
        {"\xc2\xa0\xef\xbf\xbd", "\"\xc2\xa0\xef\xbf\xbd\""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *printed = harness_printed(print_quoted, rows[i].text);
        assert_string_equal(printed, rows[i].quoted);
        free(printed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_printed_is_read_back_as_the_same),
        cmocka_unit_test(no_secret_is_printed),
        cmocka_unit_test(each_value_says_where_it_came_from),
        cmocka_unit_test(what_is_a_tenants_own_is_printed_and_no_secret),
        cmocka_unit_test(a_text_that_would_mean_something_else_is_quoted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
