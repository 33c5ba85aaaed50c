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
#include "tests/config/harness.h"

/* Makes settings that are otherwise complete: what every load below starts with. */
#define COMPLETE "USHER_GRAPH_TENANT_ID=t", "USHER_GRAPH_CLIENT_ID=c"

/* A value for each setting that is not its default, and how it is printed. */
static const struct sample {
    const char *name, *text, *printed;
} samples[] = {
    {"kafka.brokers", "a:1,b:2", "\"a:1,b:2\""},
    {"kafka.group", "team:usher", "team:usher"},
    {"kafka.requests_topic", "in", "in"},
    {"kafka.replies_topic", "out", "out"},
    {"kafka.dead_letters_topic", "dead", "dead"},
    {"kafka.status_topic", "statuses", "statuses"},
    {"kafka.reply_topics_allowed", "a, b", "[a, b]"},
    {"kafka.delivery", "at-least-once", "at-least-once"},
    {"kafka.commit_interval", "1s", "1s"},
    {"kafka.window", "20000", "20000"},
    {"kafka.instance_id", "usher-0", "usher-0"},
    {"kafka.librdkafka", "client.id=x,log_level=4", "\n    client.id: x"},
    {"redis.url", "unix:///run/redis.sock", "unix:///run/redis.sock"},
    {"redis.username", "usher", "usher"},
    {"redis.password", "hunter2", "<hidden>"},
    {"redis.password_file", "/run/secrets/redis", "/run/secrets/redis"},
    {"redis.tls_ca_file", "/ca.pem", "/ca.pem"},
    {"redis.tls_cert_file", "/cert.pem", "/cert.pem"},
    {"redis.tls_key_file", "/key.pem", "/key.pem"},
    {"redis.key_prefix", "u2", "u2"},
    {"redis.lease", "1h", "1h"},
    {"redis.wait_replicas", "2", "2"},
    {"redis.keep", "30d", "30d"},
    {"graph.cloud", "usgov", "usgov"},
    {"graph.base_url", "https://graph.microsoft.us/beta/", "https://graph.microsoft.us/beta"},
    {"graph.submit_version", "v1.0", "v1.0"},
    {"graph.beta_assignment_path", "/a/assignmentRequests", "/a/assignmentRequests"},
    {"graph.beta_resource_path", "/b", "/b"},
    {"graph.v1_assignment_path", "/c_d-e/f.g", "/c_d-e/f.g"},
    {"graph.v1_resource_path", "/i", "/i"},
    {"graph.tls_ca_file", "/ca.pem", "/ca.pem"},
    {"graph.http", "1.1", "1.1"},
    {"graph.connection_age", "1m", "1m"},
    {"graph.proxy", "http://proxy.example:3128", "http://proxy.example:3128"},
    {"graph.proxy_username", "usher", "usher"},
    {"graph.proxy_password", "hunter2", "<hidden>"},
    {"graph.proxy_password_file", "/p", "/p"},
    {"graph.auth", "token", "token"},
    {"graph.tenant_id", "contoso.com", "contoso.com"},
    {"graph.client_id", "46184453-e63b-4f20-86c2-c557ed5d5df9",
     "46184453-e63b-4f20-86c2-c557ed5d5df9"},
    {"graph.client_secret", "hunter2", "<hidden>"},
    {"graph.client_secret_file", "/s", "/s"},
    {"graph.certificate_file", "/c.pem", "/c.pem"},
    {"graph.private_key_file", "/k.pem", "/k.pem"},
    {"graph.federated_token_file", "/f", "/f"},
    {"graph.identity_endpoint", "http://localhost:42356/msi/token",
     "http://localhost:42356/msi/token"},
    {"graph.identity_header", "hunter2", "<hidden>"},
    {"graph.identity_header_file", "/h", "/h"},
    {"graph.authority_host", "https://login.microsoftonline.us",
     "https://login.microsoftonline.us"},
    {"graph.scope", "https://graph.microsoft.us/.default", "https://graph.microsoft.us/.default"},
    {"graph.token", "eyJ0", "<hidden>"},
    {"graph.token_file", "/t", "/t"},
    {"graph.dry_run", "off", "off"},
    {"graph.dry_run_echo", "lenient", "lenient"},
    {"graph.timeout", "500ms", "500ms"},
    {"graph.in_flight", "1", "1"},
    {"graph.writes_per_second", "0", "0"},
    {"graph.retry_attempts", "3", "3"},
    {"graph.retry_budget", "100", "100"},
    {"graph.retry_for", "90s", "90s"},
    {"graph.eventual", "0s", "0s"},
    {"graph.settle", "100ms", "100ms"},
    {"policy.kinds", "accessPackageAssignmentRequest", "[accessPackageAssignmentRequest]"},
    {"policy.request_types", "AdminAdd,UserAdd", "[AdminAdd, UserAdd]"},
    {"policy.catalogs", "beedadfe-01d5-4025-910b-84abb9369997",
     "[beedadfe-01d5-4025-910b-84abb9369997]"},
    {"policy.access_packages", "a914b616-e04e-476b-aa37-91038f0b165b",
     "[a914b616-e04e-476b-aa37-91038f0b165b]"},
    {"policy.connected_organizations", "a914b616-e04e-476b-aa37-91038f0b165b",
     "[a914b616-e04e-476b-aa37-91038f0b165b]"},
    {"policy.max_duration", "30d", "30d"},
    {"policy.removals", "false", "false"},
    {"follow.enabled", "true", "true"},
    {"follow.for", "30d", "30d"},
    {"follow.settle", "0s", "0s"},
    {"follow.reprocess", "true", "true"},
    {"follow.looks_per_second", "50", "50"},
    {"follow.requests", "1000", "1000"},
    {"limits.requests", "10", "10"},
    {"limits.bytes", "1GiB", "1GiB"},
    {"drain", "1m", "1m"},
    {"admin.listen", "[::1]:0", "\"[::1]:0\""},
    {"admin.actions_listen", "localhost:9465", "localhost:9465"},
    {"admin.token", "hunter2-hunter2-hunter2-hunter2", "<hidden>"},
    {"admin.token_file", "/a", "/a"},
    {"log.level", "debug", "debug"},
    {"log.format", "json", "json"},
};
#define SAMPLES_COUNT (sizeof samples / sizeof samples[0])

/* What else has to be set for a sample to stand. */
static const struct texts *beside(const char *name)
{
    static const struct texts none = {{COMPLETE, "USHER_GRAPH_CLIENT_SECRET=s"}};
    static const struct texts secret = {{COMPLETE}};
    static const struct texts token = {{COMPLETE, "USHER_GRAPH_TOKEN=t"}};
    static const struct texts tls = {{COMPLETE, "USHER_GRAPH_CLIENT_SECRET=s",
                                      "USHER_REDIS_URL=rediss://r", "USHER_REDIS_TLS_CERT_FILE=/c",
                                      "USHER_REDIS_TLS_KEY_FILE=/k"}};
    static const struct texts proxy = {{COMPLETE, "USHER_GRAPH_CLIENT_SECRET=s",
                                        "USHER_GRAPH_PROXY=http://p:1",
                                        "USHER_GRAPH_PROXY_USERNAME=u"}};
    static const struct texts actions = {
        {COMPLETE, "USHER_GRAPH_CLIENT_SECRET=s", "USHER_ADMIN_TOKEN_FILE=/a"}};
    static const struct texts name_at_proxy = {
        {COMPLETE, "USHER_GRAPH_CLIENT_SECRET=s", "USHER_GRAPH_PROXY=http://p:1"}};
    if (strncmp(name, "graph.proxy_password", strlen("graph.proxy_password")) == 0) {
        return &proxy;
    }
    if (strcmp(name, "graph.proxy_username") == 0) {
        return &name_at_proxy;
    }
    if (strcmp(name, "admin.actions_listen") == 0) {
        return &actions;
    }
    if (strncmp(name, "redis.tls_", strlen("redis.tls_")) == 0) {
        return &tls;
    }
    if (strncmp(name, "graph.client_secret", strlen("graph.client_secret")) == 0) {
        return &secret;
    }
    return strcmp(name, "graph.auth") == 0 ? &token : &none;
}

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
    assert_int_equal(SAMPLES_COUNT, options_count);
    for (size_t i = 0; i < options_count; i++) {
        assert_string_equal(samples[i].name, options[i].name);
    }
}

static void every_setting_is_taken_from_the_file(void **state)
{
    (void)state;
    for (size_t i = 0; i < SAMPLES_COUNT; i++) {
        const struct option *option = &options[i];
        const char *open = option->kind == OPTION_LIST ? "[" : "";
        const char *close = option->kind == OPTION_LIST ? "]" : "";
        const char *text = option->kind == OPTION_MAP ? "{client.id: x}" : samples[i].text;
        const char *quote = option->kind == OPTION_TEXT ? "\"" : "";
        char yaml[256];
        char where[64];
        struct loaded loaded;
        size_t length = option_group_length(option);
        const struct texts *environment = beside(option->name);
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
    for (size_t i = 0; i < SAMPLES_COUNT; i++) {
        char name[ENVIRONMENT_NAME_SIZE];
        char variable[256];
        char where[256];
        struct loaded loaded;
        struct texts environment = {{variable}};
        const struct texts *others = beside(samples[i].name);
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
    for (size_t i = 0; i < SAMPLES_COUNT; i++) {
        char flag[256];
        char where[256];
        struct loaded loaded;
        struct texts flags = {{flag}};
        (void)snprintf(flag, sizeof flag, "%s=%s", samples[i].name, samples[i].text);
        (void)snprintf(where, sizeof where, "# flag -s %s\n", samples[i].name);
        harness_load(&loaded, NULL, beside(samples[i].name), &flags, NULL);
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
