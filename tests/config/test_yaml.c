#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "tests/config/harness.h"

/* What any load needs, so that only the row's own mistakes are found. */
static const struct texts complete = {
    {"USHER_GRAPH_TENANT_ID=t", "USHER_GRAPH_CLIENT_ID=c", "USHER_GRAPH_CLIENT_SECRET=s"}};

/* Rows with "" are good files. */
static const struct row {
    const char *name, *yaml, *problems;
} rows[] = {
    {"empty", "", ""},
    {"comments only", "# nothing\n", ""},
    {"an empty document", "---\n...\n", ""},
    {"an empty group", "kafka:\nredis:\n  # nothing\n", ""},
    {"a byte order mark", "\xef\xbb\xbflog:\n  level: warn\n", ""},
    {"quotes and blocks", "kafka:\n  group: 'a'\n  brokers: >-\n    a:1\nlog: {level: \"debug\"}\n",
     ""},
    {"lists", "policy:\n  catalogs: [a, b]\n  access_packages:\n    - c\n    - d\n  kinds:\n", ""},
    {"a map", "kafka:\n  librdkafka:\n    security.protocol: SSL\n    client.id: \"\"\n", ""},
    {"a YAML version", "%YAML 1.1\n---\nlog:\n  level: warn\n", ""},

    {"an unknown group", "kafak:\n  brokers: a:1\n",
     "usher.yaml:1:1: kafak: there is no such setting; did you mean kafka?\n"},
    {"an unknown setting", "kafka:\n  broker: a:1\n",
     "usher.yaml:2:3: kafka.broker: there is no such setting; did you mean kafka.brokers?\n"},
    {"a setting of another group", "redis:\n  timeout: 3s\n",
     "usher.yaml:2:3: redis.timeout: there is no such setting; did you mean graph.timeout?\n"},
    {"nothing near", "qqqqqq: blue\n",
     "usher.yaml:1:1: qqqqqq: there is no such setting; usher config init prints them all\n"},
    {"what is below an unknown setting is passed over",
     "x:\n  - a: [1, {b: 2}]\nlog:\n  level: loud\n",
     "usher.yaml:1:1: x: there is no such setting; usher config init prints them all\n"
     "usher.yaml:4:10: log.level: \"loud\" is none of what this version knows: error, warn, info, "
     "debug\n"},
    {"a path with dots", "kafka.brokers: a:1\n",
     "usher.yaml:1:1: kafka.brokers: write it in two lines, the group and, indented, the "
     "setting\n"},

    {"all at once",
     "kafka:\n  window: 30000\n  delivery: exactly-onc\n  commit_interval: 20\nlimits:\n  bytes: "
     "64MB\ndrain: soon\n",
     "usher.yaml:2:11: kafka.window: 30000 is more than 20000\n"
     "usher.yaml:3:13: kafka.delivery: \"exactly-onc\" is unknown; did you mean exactly-once? "
     "(exactly-once, at-least-once)\n"
     "usher.yaml:4:20: kafka.commit_interval: 20 has no unit; write 20s or 20ms (units: ms, s, m, "
     "h, d)\n"
     "usher.yaml:6:10: limits.bytes: \"64MB\" is no size; write one whole number and one of B, "
     "KiB, MiB, GiB\n"
     "usher.yaml:7:8: drain: \"soon\" is no duration; write a whole number and a unit, as in "
     "30s\n"},
    {"too little", "graph:\n  timeout: 50ms\n  in_flight: 0\n",
     "usher.yaml:2:12: graph.timeout: 50ms is less than 100ms\n"
     "usher.yaml:3:14: graph.in_flight: 0 is less than 1\n"},
    {"a way to log in that nobody knows", "graph:\n  auth: kerberos\n",
     "usher.yaml:2:9: graph.auth: \"kerberos\" is none of what this version knows: "
     "client-secret, certificate, workload-identity, managed-identity, token\n"},
    {"a switch that is neither", "policy:\n  removals: no\n  max_duration: 30\n",
     "usher.yaml:2:13: policy.removals: \"no\" is neither true nor false\n"
     "usher.yaml:3:17: policy.max_duration: 30 has no unit; write 30s or 30ms (units: ms, s, m, h, "
     "d)\n"},
    {"columns are characters", "kafka: {group: \"\xc3\xa4\xc3\xa4\", window: x}\n",
     "usher.yaml:1:16: kafka.group: \"\xc3\xa4\xc3\xa4\" may have letters, digits and . _ : - "
     "only, "
     "at most 200\n"
     "usher.yaml:1:30: kafka.window: \"x\" is no whole number; write digits only, as in 4096\n"},

    {"a list where a text is due", "kafka:\n  brokers: [a:1, b:1]\n  group: {a: b}\n",
     "usher.yaml:2:12: kafka.brokers: one text is due here, not a list or a mapping\n"
     "usher.yaml:3:10: kafka.group: one text is due here, not a list or a mapping\n"},
    {"a text where a list is due", "policy:\n  kinds: all\n",
     "usher.yaml:2:10: policy.kinds: a list is due here: [a, b], or one item a line with a - "
     "before it\n"},
    {"a list in a list", "policy:\n  catalogs: [a, [b], c]\n  kinds: [x]\n",
     "usher.yaml:2:17: policy.catalogs: an item of a list is one text\n"
     "usher.yaml:3:11: policy.kinds: \"x\" is none of what this version knows: "
     "accessPackageAssignmentRequest, accessPackageResourceRequest\n"},
    {"an empty item", "policy:\n  catalogs: [\"\"]\n",
     "usher.yaml:2:14: policy.catalogs: has an empty item\n"},
    {"a text where a group is due", "kafka: a:1\n",
     "usher.yaml:1:8: kafka: settings are due here, indented, one a line\n"},
    {"a list where a map is due", "kafka:\n  librdkafka: [a]\n",
     "usher.yaml:2:15: kafka.librdkafka: lines of \"name: value\" are due here\n"},
    {"a map in a map", "kafka:\n  librdkafka:\n    sasl: {password: x}\n    debug: ~\n",
     "usher.yaml:3:11: kafka.librdkafka: sasl takes one text\n"
     "usher.yaml:4:12: kafka.librdkafka: debug takes one text\n"},
    {"a key that is no text", "? [a]\n: b\nlog:\n  ? {x: y}\n  : z\n  level: loud\n",
     "usher.yaml:1:3: a name of a setting is due here\n"
     "usher.yaml:4:5: a name of a setting is due here\n"
     "usher.yaml:6:10: log.level: \"loud\" is none of what this version knows: error, warn, info, "
     "debug\n"},
    {"a list of all", "- a\n- b\n",
     "usher.yaml:1:1: the file holds no settings; usher config init prints an example\n"},
    {"no value", "kafka:\n  group:\n  window: ~\n  instance_id: null\n",
     "usher.yaml:2:9: kafka.group: has no value; leave the line out for the default, or write "
     "\"\"\n"
     "usher.yaml:3:11: kafka.window: has no value; leave the line out for the default, or write "
     "\"\"\n"
     "usher.yaml:4:16: kafka.instance_id: has no value; leave the line out for the default, or "
     "write \"\"\n"},
    {"a NUL", "redis:\n  username: \"a\\0b\"\n",
     "usher.yaml:2:13: redis.username: has a NUL in it\n"},
    {"a line feed", "redis:\n  username: \"a\\nb\"\n",
     "usher.yaml:2:13: redis.username: has a line feed, a tab or another control character in "
     "it\n"},

    {"twice", "kafka:\n  group: a\n  group: b\nlog:\n  level: info\nkafka:\n  window: 1\n",
     "usher.yaml:3:3: kafka.group: is set twice; it was set in line 2 before\n"
     "usher.yaml:6:1: kafka: is there twice; it began in line 1\n"},
    {"a property twice", "kafka:\n  librdkafka:\n    debug: a\n    debug: b\n",
     "usher.yaml:4:5: kafka.librdkafka: debug is set twice; it was set in line 3 before\n"},
    {"a property of the worker's", "kafka:\n  librdkafka:\n    group.id: x\n    acks: 1\n",
     "usher.yaml:3:5: kafka.librdkafka: group.id belongs to the worker: set kafka.group\n"
     "usher.yaml:4:5: kafka.librdkafka: acks belongs to the worker: exactly one committed reply "
     "rests on it; kafka.delivery chooses\n"},

    {"an anchor and an alias", "kafka:\n  group: &g a\n  instance_id: *g\n",
     "usher.yaml:2:10: anchors and aliases (&x, *x) are not taken here; write the value out\n"
     "usher.yaml:3:16: anchors and aliases (&x, *x) are not taken here; write the value out\n"},
    {"a tag", "kafka:\n  group: !env X\n",
     "usher.yaml:2:10: tags (!x) are not taken here; write the value without it\n"},
    {"a merge key", "kafka:\n  <<: {group: a}\n",
     "usher.yaml:2:3: kafka.<<: there is no such setting; usher config init prints them all\n"},
    {"two documents", "log:\n  level: warn\n---\nlog:\n  level: info\n",
     "usher.yaml:3:1: a second document begins here; the settings are one\n"},
    {"a tab", "kafka:\n\tgroup: a\n",
     "usher.yaml:2:1: YAML takes no tab here; indent with blanks\n"},
    {"a wrong indent", "kafka:\n  group: a\n window: 1\n",
     "usher.yaml:3:2: this is no YAML: did not find expected key, while parsing a block "
     "mapping\n"},
    {"a mistake before the one that ends it", "log:\n  level: loud\nkafka: [\n",
     "usher.yaml:2:10: log.level: \"loud\" is none of what this version knows: error, warn, info, "
     "debug\n"
     "usher.yaml:3:8: kafka: settings are due here, indented, one a line\n"
     "usher.yaml:4:1: this is no YAML: did not find expected node content, while parsing a flow "
     "node\n"},
    {"no UTF-8", "kafka:\n  group: \"\xe4\"\n",
     "usher.yaml:2:11: this is no UTF-8; save the file as UTF-8\n"},
    {"UTF-16", "\xff\xfek\0a\0", "usher.yaml:1:1: this is no UTF-8; save the file as UTF-8\n"},
    {"a control character", "log:\n  level: \x01\n",
     "usher.yaml:2:10: this is no YAML: control characters are not allowed\n"},
};

static void a_mistake_is_said_with_its_line_and_column(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct loaded loaded;
        print_message("%s\n", rows[i].name);
        harness_load(&loaded, rows[i].yaml, &complete, NULL, NULL);
        assert_string_equal(loaded.problems, rows[i].problems);
        assert_int_equal(loaded.result, rows[i].problems[0] == '\0' ? LOAD_OK : LOAD_INVALID);
        harness_unload(&loaded);
    }
}

static void a_file_of_brackets_ends_early(void **state)
{
    enum { BRACKETS = 100000 };
    char *yaml = malloc(BRACKETS + 1);
    struct loaded loaded;

    (void)state;
    assert_non_null(yaml);
    memset(yaml, '[', BRACKETS);
    yaml[BRACKETS] = '\0';
    harness_load(&loaded, yaml, &complete, NULL, NULL);
    assert_string_equal(
        loaded.problems,
        "usher.yaml:1:1: the file holds no settings; usher config init prints an example\n"
        "usher.yaml:1:17: is nested too deeply\n");
    harness_unload(&loaded);
    free(yaml);
}

static void a_file_over_one_mebibyte_is_refused(void **state)
{
    char *yaml = malloc(SETTINGS_FILE_SIZE_MAX + 2);
    struct loaded loaded;

    (void)state;
    assert_non_null(yaml);
    memset(yaml, '#', SETTINGS_FILE_SIZE_MAX + 1);
    yaml[SETTINGS_FILE_SIZE_MAX + 1] = '\0';
    harness_load(&loaded, yaml, &complete, NULL, NULL);
    assert_int_equal(loaded.result, LOAD_INVALID);
    assert_string_equal(loaded.problems, "usher.yaml: is larger than 1048576 bytes\n");
    harness_unload(&loaded);
    yaml[SETTINGS_FILE_SIZE_MAX] = '\0';
    harness_load(&loaded, yaml, &complete, NULL, NULL);
    assert_int_equal(loaded.result, LOAD_OK);
    harness_unload(&loaded);
    free(yaml);
}

static void a_hundred_mistakes_are_shown_and_the_others_counted(void **state)
{
    char yaml[2048] = "";
    struct loaded loaded;
    size_t lines = 0;

    (void)state;
    for (int i = 0; i < 119; i++) {
        size_t length = strlen(yaml);
        (void)snprintf(yaml + length, sizeof yaml - length, "x%d: 1\n", i);
    }
    harness_load(&loaded, yaml, &complete, NULL, NULL);
    for (const char *c = loaded.problems; *c != '\0'; c++) {
        lines += *c == '\n' ? 1 : 0;
    }
    assert_int_equal(lines, 101);
    assert_non_null(strstr(loaded.problems, "\nand 19 more\n"));
    harness_unload(&loaded);
}

static void a_missing_file_is_another_exit_code(void **state)
{
    static const struct {
        const char *path, *problem;
    } files[] = {
        {"/nowhere/usher.yaml", "/nowhere/usher.yaml: cannot be read: No such file or directory"},
        {"/tmp", "/tmp: cannot be read: Is a directory"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        struct settings settings;
        struct problems problems = {0};
        struct settings_source source = {.file = files[i].path};
        assert_int_equal(settings_load(&settings, &source, &problems), LOAD_NO_FILE);
        assert_int_equal(problems.count, 1);
        assert_string_equal(problems.items[0].text, files[i].problem);
        problems_finish(&problems);
        settings_finish(&settings);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_mistake_is_said_with_its_line_and_column),
        cmocka_unit_test(a_file_of_brackets_ends_early),
        cmocka_unit_test(a_file_over_one_mebibyte_is_refused),
        cmocka_unit_test(a_hundred_mistakes_are_shown_and_the_others_counted),
        cmocka_unit_test(a_missing_file_is_another_exit_code),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
