#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/config/harness.h"

static const struct texts complete = {
    {"USHER_GRAPH_TENANT_ID=t", "USHER_GRAPH_CLIENT_ID=c", "USHER_GRAPH_CLIENT_SECRET=s"}};

/* log.level in each layer, and which one counts. NULL: this layer says nothing. */
static void a_flag_goes_before_the_environment_before_the_file(void **state)
{
    static const struct {
        const char *file, *environment, *flag;
        enum log_level level;
    } rows[] = {
        {NULL, NULL, NULL, LOG_INFO},      {"debug", NULL, NULL, LOG_DEBUG},
        {"debug", "warn", NULL, LOG_WARN}, {"debug", "warn", "error", LOG_ERROR},
        {NULL, "warn", NULL, LOG_WARN},    {"debug", NULL, "error", LOG_ERROR},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct texts environment = complete;
        struct texts flags = {{NULL}};
        struct loaded loaded;
        char yaml[64] = "";
        char variable[64];
        char flag[64];
        if (rows[i].file != NULL) {
            (void)snprintf(yaml, sizeof yaml, "log:\n  level: %s\n", rows[i].file);
        }
        if (rows[i].environment != NULL) {
            (void)snprintf(variable, sizeof variable, "USHER_LOG_LEVEL=%s", rows[i].environment);
            environment.items[3] = variable;
        }
        if (rows[i].flag != NULL) {
            (void)snprintf(flag, sizeof flag, "log.level=%s", rows[i].flag);
            flags.items[0] = flag;
        }
        print_message("row %zu\n", i);
        harness_load(&loaded, yaml, &environment, &flags, NULL);
        assert_string_equal(loaded.problems, "");
        assert_int_equal(loaded.settings.log.level, rows[i].level);
        harness_unload(&loaded);
    }
}

static void azure_variables_are_the_last_before_the_defaults(void **state)
{
    static const struct texts environment = {
        {"AZURE_TENANT_ID=azure", "AZURE_CLIENT_ID=azure", "AZURE_CLIENT_SECRET=azure",
         "AZURE_AUTHORITY_HOST=https://login.chinacloudapi.cn/",
         "USHER_GRAPH_CLIENT_SECRET=usher"}};
    struct loaded loaded;

    (void)state;
    harness_load(&loaded, "graph:\n  tenant_id: file\n  client_id: \"\"\n", &environment, NULL,
                 NULL);
    assert_string_equal(loaded.problems, "");
    assert_string_equal(loaded.settings.graph.tenant_id, "file");
    assert_string_equal(loaded.settings.graph.client_id, "azure"); /* an empty line says nothing */
    assert_string_equal(loaded.settings.graph.client_secret, "usher");
    assert_string_equal(loaded.settings.graph.authority_host, "https://login.chinacloudapi.cn");
    harness_unload(&loaded);
}

static void a_cloud_sets_the_hosts_that_nobody_set(void **state)
{
    static const struct {
        const char *cloud, *base_url, *authority_host;
    } rows[] = {
        {"global", "https://graph.microsoft.com/beta", "https://login.microsoftonline.com"},
        {"usgov", "https://graph.microsoft.us/beta", "https://login.microsoftonline.us"},
        {"dod", "https://dod-graph.microsoft.us/beta", "https://login.microsoftonline.us"},
        {"china", "https://microsoftgraph.chinacloudapi.cn/beta",
         "https://login.partner.microsoftonline.cn"},
    };
    struct loaded loaded;
    char yaml[256];

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        (void)snprintf(yaml, sizeof yaml, "graph:\n  cloud: %s\n", rows[i].cloud);
        harness_load(&loaded, yaml, &complete, NULL, NULL);
        assert_string_equal(loaded.problems, "");
        assert_string_equal(loaded.settings.graph.base_url, rows[i].base_url);
        assert_string_equal(loaded.settings.graph.authority_host, rows[i].authority_host);
        harness_unload(&loaded);
        /* What was set stays, also where it is the default of another cloud. */
        (void)snprintf(yaml, sizeof yaml,
                       "graph:\n  cloud: %s\n  base_url: https://graph.example.com/beta\n"
                       "  authority_host: https://login.example.com\n",
                       rows[i].cloud);
        harness_load(&loaded, yaml, &complete, NULL, NULL);
        assert_string_equal(loaded.problems, "");
        assert_string_equal(loaded.settings.graph.base_url, "https://graph.example.com/beta");
        assert_string_equal(loaded.settings.graph.authority_host, "https://login.example.com");
        harness_unload(&loaded);
    }
}

static void of_a_secret_and_its_file_the_higher_layer_counts(void **state)
{
    static const char yaml[] = "graph:\n  client_secret_file: /s\n";
    static const struct texts azure = {
        {"AZURE_TENANT_ID=t", "AZURE_CLIENT_ID=c", "AZURE_CLIENT_SECRET=s"}};
    struct loaded loaded;

    (void)state;
    harness_load(&loaded, yaml, &complete, NULL, NULL);
    assert_int_equal(loaded.result, LOAD_OK);
    assert_string_equal(loaded.settings.graph.client_secret, "s");
    assert_string_equal(loaded.settings.graph.client_secret_file, "");
    harness_unload(&loaded);

    harness_load(&loaded, yaml, &azure, NULL, NULL);
    assert_int_equal(loaded.result, LOAD_OK);
    assert_string_equal(loaded.settings.graph.client_secret, "");
    assert_string_equal(loaded.settings.graph.client_secret_file, "/s");
    harness_unload(&loaded);
}

static void a_list_takes_the_place_of_the_lower_one_and_properties_add_up(void **state)
{
    static const struct texts flags = {{"policy.catalogs= c ,d", "kafka.librdkafka.client.id=flag",
                                        "kafka.librdkafka.debug=cgrp,topic"}};
    struct texts environment = complete;
    struct loaded loaded;

    (void)state;
    environment.items[3] = "USHER_KAFKA_LIBRDKAFKA=security.protocol=SSL,sasl.password=x=y";
    environment.items[4] = "USHER_POLICY_ACCESS_PACKAGES=";
    harness_load(&loaded,
                 "policy:\n  catalogs: [a, b]\n  access_packages: [a]\n"
                 "kafka:\n  librdkafka: {client.id: file, log_level: 7}\n",
                 &environment, &flags, NULL);
    assert_string_equal(loaded.problems, "");
    assert_int_equal(loaded.settings.policy.catalogs.count, 2);
    assert_string_equal(loaded.settings.policy.catalogs.items[0], "c");
    assert_string_equal(loaded.settings.policy.catalogs.items[1], "d");
    assert_int_equal(loaded.settings.policy.access_packages.count, 0);

    static const struct {
        const char *name, *value;
        enum layer layer;
    } expected[] = {
        {"client.id", "flag", LAYER_FLAG},
        {"log_level", "7", LAYER_FILE},
        {"security.protocol", "SSL", LAYER_ENVIRONMENT},
        {"sasl.password", "x=y", LAYER_ENVIRONMENT},
        {"debug", "cgrp,topic", LAYER_FLAG},
    };
    const struct pairs *map = &loaded.settings.kafka.librdkafka;
    assert_int_equal(map->count, sizeof expected / sizeof expected[0]);
    for (size_t i = 0; i < map->count; i++) {
        assert_string_equal(map->items[i].name, expected[i].name);
        assert_string_equal(map->items[i].value, expected[i].value);
        assert_int_equal(map->items[i].origin.layer, expected[i].layer);
    }
    harness_unload(&loaded);
}

#define LETTERS_127                                                    \
    "abcdefghijklmnopqrstuvwxyz.abcdefghijklmnopqrstuvwxyz.abcdefghij" \
    "abcdefghijklmnopqrstuvwxyz.abcdefghijklmnopqrstuvwxyz.abcdefghi"

/* What one variable or flag says, beside settings that are complete. */
static const struct {
    const char *variable, *flag, *problems;
} rows[] = {
    {"USHER_KAFKA_WINDOW=30000", NULL,
     "environment USHER_KAFKA_WINDOW: 30000 is more than 20000\n"},
    {"USHER_KAFKA_WINDOW=", NULL,
     "environment USHER_KAFKA_WINDOW: \"\" is no whole number; write digits only, as in 4096\n"},
    {"USHER_POLICY_CATALOGS=a,,b", NULL, "environment USHER_POLICY_CATALOGS: has an empty item\n"},
    {"USHER_KAFKA_LIBRDKAFKA=debug=cgrp,topic", NULL,
     "environment USHER_KAFKA_LIBRDKAFKA: is not NAME=VALUE with commas between; a value that "
     "has a "
     "comma in it goes into the file\n"},
    {"USHER_KAFKA_LIBRDKAFKA=group.id=x", NULL,
     "environment USHER_KAFKA_LIBRDKAFKA: group.id belongs to the worker: set kafka.group\n"},
    {"USHER_KAFKA_BROKER=a:1", NULL,
     "environment USHER_KAFKA_BROKER: there is no such setting; did you mean "
     "USHER_KAFKA_BROKERS?\n"},
    {"USHER_GRAPH_ZYXW=blue", NULL,
     "environment USHER_GRAPH_ZYXW: there is no such setting; usher config init prints them "
     "all\n"},
    {"USHER_REDIS_PASSWORD=hunter2\n", NULL,
     "environment USHER_REDIS_PASSWORD: has a line feed, a tab or another control character in "
     "it\n"},
    {"USHER_REDIS_USERNAME=caf\xE9", NULL, "environment USHER_REDIS_USERNAME: is not in UTF-8\n"},
    {"USHER_KAFKA_LIBRDKAFKA=client.id=caf\xE9", NULL,
     "environment USHER_KAFKA_LIBRDKAFKA: client.id is not in UTF-8\n"},
    /* Somebody else's. */
    {"USHER_BUILD_NUMBER=7", NULL, ""},
    {"USHER=x", NULL, ""},
    {"USHER_", NULL, ""},
    /* What Kubernetes sets beside a service named usher-redis, or usher-log. */
    {"USHER_REDIS_SERVICE_HOST=10.0.0.1", NULL, ""},
    {"USHER_REDIS_SERVICE_PORT_TLS=6379", NULL, ""},
    {"USHER_REDIS_PORT=tcp://10.0.0.1:6379", NULL, ""},
    {"USHER_REDIS_PORT_6379_TCP_ADDR=10.0.0.1", NULL, ""},

    {NULL, "kafka.window=x",
     "-s kafka.window: \"x\" is no whole number; write digits only, as in 4096\n"},
    {NULL, "kafka.windwo=1",
     "-s kafka.windwo: there is no such setting; did you mean kafka.window?\n"},
    {NULL, "window=1", "-s window: there is no such setting; did you mean kafka.window?\n"},
    {NULL, "kafka=1", "-s kafka: there is no such setting; did you mean kafka?\n"},
    {NULL, "kafka.window", "-s kafka.window: is not KEY=VALUE, as in kafka.group=usher\n"},
    {NULL, "redis.password=hunter2",
     "-s redis.password: a secret is not taken from the command line, where ps shows it; use "
     "redis.password_file or the environment variable USHER_REDIS_PASSWORD\n"},
    {NULL, "kafka.librdkafka.sasl.password=hunter2",
     "-s kafka.librdkafka.sasl.password: a secret is not taken from the command line, where ps "
     "shows it; use kafka.librdkafka_files or the environment variable USHER_KAFKA_LIBRDKAFKA\n"},
    {NULL, "kafka.librdkafka=sasl.password=hunter2",
     "-s kafka.librdkafka: a secret is not taken from the command line, where ps shows it; use "
     "kafka.librdkafka_files or the environment variable USHER_KAFKA_LIBRDKAFKA\n"},
    {NULL, "kafka.librdkafka.transactional.id=x",
     "-s kafka.librdkafka.transactional.id: transactional.id belongs to the worker: set "
     "kafka.instance_id\n"},
    {NULL, "kafka.librdkafka.ssl.key.location=/key.pem", ""},
    {NULL, "kafka.librdkafka." LETTERS_127 "=1", ""},
    /* The file could not say it. */
    {NULL, "kafka.librdkafka.x" LETTERS_127 "=1",
     "-s kafka.librdkafka.x" LETTERS_127 ": has a property without a proper name\n"},
};

static void a_mistake_outside_the_file_is_said_with_its_name(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct texts environment = complete;
        struct texts flags = {{rows[i].flag}};
        struct loaded loaded;
        environment.items[3] = rows[i].variable;
        print_message("row %zu: %s\n", i, rows[i].flag == NULL ? rows[i].variable : rows[i].flag);
        harness_load(&loaded, NULL, &environment, &flags, NULL);
        assert_string_equal(loaded.problems, rows[i].problems);
        assert_int_equal(loaded.result, rows[i].problems[0] == '\0' ? LOAD_OK : LOAD_INVALID);
        harness_unload(&loaded);
    }
}

static void mistakes_of_all_layers_come_at_once_and_in_order(void **state)
{
    static const struct texts environment = {{"USHER_DRAIN=1", "AZURE_TENANT_ID=a/b"}};
    static const struct texts flags = {{"log.level=loud"}};
    struct loaded loaded;

    (void)state;
    harness_load(&loaded, "graph:\n  client_id: c\n  base_url: http://graph\nlog:\n  levl: x\n",
                 &environment, &flags, NULL);
    assert_string_equal(
        loaded.problems,
        "environment AZURE_TENANT_ID: \"a/b\" is neither a GUID nor a domain name\n"
        "usher.yaml:2:14: graph.client_secret: is needed for auth: client-secret (or "
        "client_secret_file); set it in the file, or as USHER_GRAPH_CLIENT_SECRET or "
        "AZURE_CLIENT_SECRET\n"
        "usher.yaml:3:13: graph.base_url: is http:// to graph; tokens travel over https:// "
        "only, but "
        "to a loopback address (127.0.0.1, [::1], localhost)\n"
        "usher.yaml:5:3: log.levl: there is no such setting; did you mean log.level?\n"
        "environment USHER_DRAIN: 1 has no unit; write 1s or 1ms (units: ms, s, m, h, d)\n"
        "-s log.level: \"loud\" is none of what this version knows: error, warn, info, debug\n");
    harness_unload(&loaded);
}

static bool refuse_colours(const char *name, const char *value, struct error *error)
{
    (void)value;
    return strcmp(name, "colour") != 0 ||
           error_set(error, "kafka.librdkafka: librdkafka has no property %s", name);
}

static void the_kafka_codes_say_of_a_property_counts(void **state)
{
    struct loaded loaded;

    (void)state;
    harness_load(&loaded, "kafka:\n  librdkafka:\n    debug: all\n    colour: blue\n", &complete,
                 NULL, refuse_colours);
    assert_string_equal(loaded.problems,
                        "usher.yaml:4:5: kafka.librdkafka: librdkafka has no property colour\n");
    harness_unload(&loaded);
}

static void a_secret_in_a_file_that_all_can_read_is_warned_of(void **state)
{
    static const struct {
        mode_t mode;
        const char *text;
        size_t warnings;
    } files[] = {
        {0644, "graph:\n  auth: token\n  token: hunter2\n", 1},
        {0640, "graph:\n  auth: token\n  token: hunter2\n", 0},
        {0644, "graph:\n  auth: token\n  token_file: /t\n", 0},
        {0644,
         "graph: {auth: token, token_file: /t}\n"
         "kafka:\n  librdkafka:\n    client.id: x\n    sasl.password: hunter2\n",
         1},
        /* The worker's own, and one tenant's; the other has the worker's. */
        {0644,
         "graph:\n  auth: token\n  token: hunter2\n"
         "tenants:\n  a:\n    token: hunter3\n  b:\n    timeout: 5s\n",
         2},
    };

    (void)state;
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        char path[] = "/tmp/usher-mode-XXXXXX";
        struct settings settings;
        struct problems problems = {0};
        struct settings_source source = {.file = path};
        int fd = mkstemp(path);
        assert_true(fd >= 0);
        assert_int_equal(write(fd, files[i].text, strlen(files[i].text)), strlen(files[i].text));
        assert_int_equal(fchmod(fd, files[i].mode), 0);
        assert_int_equal(close(fd), 0);
        print_message("row %zu\n", i);
        assert_int_equal(settings_load(&settings, &source, &problems), LOAD_OK);
        assert_int_equal(unlink(path), 0);
        assert_int_equal(problems.count, files[i].warnings);
        for (size_t j = 0; j < problems.count; j++) {
            assert_true(problems.items[j].warning);
            assert_non_null(strstr(problems.items[j].text, "read by every user of this machine"));
            assert_null(strstr(problems.items[j].text, "hunter2"));
        }
        problems_finish(&problems);
        settings_finish(&settings);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_flag_goes_before_the_environment_before_the_file),
        cmocka_unit_test(azure_variables_are_the_last_before_the_defaults),
        cmocka_unit_test(a_cloud_sets_the_hosts_that_nobody_set),
        cmocka_unit_test(of_a_secret_and_its_file_the_higher_layer_counts),
        cmocka_unit_test(a_list_takes_the_place_of_the_lower_one_and_properties_add_up),
        cmocka_unit_test(a_mistake_outside_the_file_is_said_with_its_name),
        cmocka_unit_test(mistakes_of_all_layers_come_at_once_and_in_order),
        cmocka_unit_test(the_kafka_codes_say_of_a_property_counts),
        cmocka_unit_test(a_secret_in_a_file_that_all_can_read_is_warned_of),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
