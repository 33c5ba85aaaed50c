/* What SIGHUP may change, and what it must not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/options.h"
#include "config/reload.h"
#include "config/value.h"
#include "tests/config/samples.h"

/* A worker's settings, and the file that they are read from. */
struct live {
    char path[64];
    struct settings_source source;
    struct settings settings;
    struct reload reload;
};

#define LOGIN "graph:\n  auth: token\n  token_file: /t\n"

static void write_text(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void begin(struct live *live, const char *yaml)
{
    struct problems problems = {0};

    *live = (struct live){.path = "/tmp/usher-reload-XXXXXX", .source.file = live->path};
    int fd = mkstemp(live->path);
    assert_true(fd >= 0);
    assert_int_equal(close(fd), 0);
    write_text(live->path, yaml);
    assert_int_equal(settings_load(&live->settings, &live->source, &problems), LOAD_OK);
    problems_finish(&problems);
}

static bool reload(struct live *live, const char *yaml)
{
    reload_finish(&live->reload);
    write_text(live->path, yaml);
    return settings_reload(&live->settings, &live->source, &live->reload);
}

static void end(struct live *live)
{
    reload_finish(&live->reload);
    settings_finish(&live->settings);
    (void)unlink(live->path);
}

static void assert_words(const struct strings *words, const char *expected)
{
    char said[1024] = "";

    for (size_t i = 0; i < words->count; i++) {
        size_t length = strlen(said);
        (void)snprintf(said + length, sizeof said - length, "%s%s", i == 0 ? "" : " ",
                       words->items[i]);
    }
    assert_string_equal(said, expected);
}

static bool has_word(const struct strings *words, const char *word)
{
    for (size_t i = 0; i < words->count; i++) {
        if (strcmp(words->items[i], word) == 0) {
            return true;
        }
    }
    return false;
}

/* The problem without the path, which is another each time. */
static const char *first_problem(const struct live *live)
{
    const char *text = live->reload.problems.items[0].text;

    assert_true(live->reload.problems.errors > 0);
    return strncmp(text, live->path, strlen(live->path)) == 0 ? text + strlen(live->path) : text;
}

/* From each sample back to the default: the row says whether it is taken or named. */
static void every_row_keeps_its_word(void **state)
{
    static const struct texts defaults = {
        {"USHER_GRAPH_TENANT_ID=t", "USHER_GRAPH_CLIENT_ID=c", "USHER_GRAPH_CLIENT_SECRET=s"}};
    size_t reloaded = 0;

    (void)state;
    for (size_t i = 0; i < samples_count; i++) {
        const struct option *option = &options[i];
        char name[ENVIRONMENT_NAME_SIZE], variable[256];
        struct texts environment = {{variable}};
        struct settings settings, before, after;
        struct problems problems = {0};
        struct reload reload;
        option_environment_name(option, name);
        (void)snprintf(variable, sizeof variable, "%s=%s", name, samples[i].text);
        memcpy(environment.items + 1, sample_beside(option->name)->items,
               8 * sizeof environment.items[0]);
        struct settings_source with = {.file = "", .environment = (char *const *)environment.items};
        struct settings_source without = {.file = "", .environment = (char *const *)defaults.items};
        print_message("%s\n", option->name);
        assert_int_equal(settings_load(&settings, &with, &problems), LOAD_OK);
        assert_int_equal(settings_load(&before, &with, &problems), LOAD_OK);
        assert_int_equal(settings_load(&after, &without, &problems), LOAD_OK);
        assert_false(value_equals(&before, &after, option));

        assert_true(settings_reload(&settings, &without, &reload));
        assert_int_equal(has_word(&reload.changed, option->name), option->reload);
        assert_int_equal(has_word(&reload.left, option->name), !option->reload);
        assert_true(value_equals(&settings, option->reload ? &after : &before, option));
        reloaded += option->reload;
        reload_finish(&reload);
        problems_finish(&problems);
        settings_finish(&after);
        settings_finish(&before);
        settings_finish(&settings);
    }
    assert_true(reloaded > 20 && reloaded < samples_count);
}

static void what_changes_and_what_needs_a_restart(void **state)
{
    struct live live;

    (void)state;
    begin(&live, LOGIN "  settle: 2m\npolicy:\n  kinds: [accessPackageAssignmentRequest]\n");
    assert_true(reload(&live, LOGIN "  settle: 3m\n  timeout: 10s\nkafka:\n  group: g\n"
                                    "policy:\n  request_types: [AdminAdd, UserAdd]\n"));
    assert_words(&live.reload.changed, "graph.settle policy.kinds policy.request_types");
    assert_words(&live.reload.left, "kafka.group graph.timeout");
    assert_int_equal(live.settings.graph.settle_ms, 180000);
    assert_int_equal(live.settings.graph.timeout_ms, 30000);
    assert_string_equal(live.settings.kafka.group, "usher");
    assert_int_equal(live.settings.policy.kinds.count, 0);
    assert_int_equal(live.settings.policy.request_types.count, 2);
    /* The old ones are there until they are let go. */
    assert_int_equal(live.reload.old.policy.kinds.count, 1);
    /* The same file again changes nothing, and still needs the restart. */
    reload_finish(&live.reload);
    assert_true(settings_reload(&live.settings, &live.source, &live.reload));
    assert_words(&live.reload.changed, "");
    assert_words(&live.reload.left, "kafka.group graph.timeout");
    end(&live);
}

static void a_bad_file_changes_nothing(void **state)
{
    static const char *const bad[] = {
        LOGIN "  settle: 3m\n  writes_per_seconds: 3\n", /* an unknown key */
        LOGIN "  settle: 3m\ndrain: soon\n",
        LOGIN "  settle: 3m\n  dry_run: [\n", /* no YAML */
        LOGIN "  settle: 3m\nredis:\n  lease: 1s\n",
    };
    struct live live;

    (void)state;
    begin(&live, LOGIN "  settle: 2m\npolicy:\n  removals: false\n");
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(reload(&live, bad[i]));
        assert_true(live.reload.problems.errors > 0);
        assert_words(&live.reload.changed, "");
        assert_int_equal(live.settings.graph.settle_ms, 120000);
        assert_false(live.settings.policy.removals);
    }
    assert_true(reload(&live, LOGIN "  settle: 3m\n"));
    assert_words(&live.reload.changed, "graph.settle policy.removals");
    end(&live);
}

/* Each of these would mean the defaults, and an empty policy allows all. */
static void a_file_that_is_gone_or_empty_changes_nothing(void **state)
{
    struct live live;

    (void)state;
    begin(&live, LOGIN "policy:\n  removals: false\n");
    assert_false(reload(&live, ""));
    assert_false(reload(&live, "# half a file\n"));
    reload_finish(&live.reload);
    assert_int_equal(unlink(live.path), 0);
    assert_false(settings_reload(&live.settings, &live.source, &live.reload));
    assert_string_equal(first_problem(&live), ": is not there any more");
    reload_finish(&live.reload);
    assert_int_equal(mkfifo(live.path, 0600), 0); /* it would block the loop */
    assert_false(settings_reload(&live.settings, &live.source, &live.reload));
    assert_string_equal(first_problem(&live),
                        ": is no regular file, and is read once only; restart the worker");
    assert_false(live.settings.policy.removals);
    end(&live);
}

/* The same with the environment making it whole without the file. */
static void an_empty_file_is_refused_by_what_it_said_before(void **state)
{
    static const struct texts environment = {{"USHER_GRAPH_AUTH=token", "USHER_GRAPH_TOKEN=t"}};
    struct live live;

    (void)state;
    begin(&live, LOGIN "policy:\n  removals: false\n");
    live.source.environment = (char *const *)environment.items;
    assert_false(reload(&live, ""));
    assert_string_equal(first_problem(&live), ": says nothing now, which would mean the defaults; "
                                              "is it written only in part?");
    assert_false(live.settings.policy.removals);
    end(&live);
}

static void standard_input_is_read_once(void **state)
{
    struct live live;

    (void)state;
    begin(&live, LOGIN);
    live.source.file = SETTINGS_STDIN;
    free(live.settings.file);
    live.settings.file = strdup(SETTINGS_STDIN_SHOWN);
    assert_false(settings_reload(&live.settings, &live.source, &live.reload));
    assert_string_equal(first_problem(&live),
                        "<stdin>: cannot be read a second time; restart the worker");
    end(&live);
}

/* Each is right by itself; together they would read replies as requests. */
static void new_settings_fit_those_that_stay(void **state)
{
    struct live live;

    (void)state;
    begin(&live, LOGIN "kafka:\n  reply_topics_allowed: [a]\n");
    assert_false(reload(&live, LOGIN "kafka:\n  requests_topic: b\n"
                                     "  reply_topics_allowed: [access-requests]\n"));
    assert_non_null(strstr(first_problem(&live), "has the topic of the requests in it"));
    assert_string_equal(live.settings.kafka.reply_topics_allowed.items[0], "a");
    assert_true(reload(&live, LOGIN "kafka:\n  reply_topics_allowed: [b]\n"));
    assert_words(&live.reload.changed, "kafka.reply_topics_allowed");
    assert_string_equal(live.settings.kafka.reply_topics_allowed.items[0], "b");
    end(&live);
}

#define TENANTS         \
    "tenants:\n"        \
    "  a:\n"            \
    "    auth: token\n" \
    "    token: one\n"  \
    "    settle: 2m\n"  \
    "  b:\n"            \
    "    auth: token\n" \
    "    token: two\n"

static const struct settings *tenant(const struct live *live, const char *name)
{
    return tenants_find(&live->settings.tenants, name)->settings;
}

static void tenants_change_by_name(void **state)
{
    struct live live;

    (void)state;
    begin(&live, "policy:\n  removals: false\n" TENANTS);
    const struct settings *a = tenant(&live, "a"), *b = tenant(&live, "b");
    assert_true(reload(&live, "graph:\n  settle: 4m\n  retry_attempts: 3\n"
                              "tenants:\n  c:\n    auth: token\n    token: x\n"
                              "  a:\n    auth: token\n    token: other\n    settle: 3m\n"));
    assert_words(&live.reload.changed,
                 "graph.retry_attempts graph.settle policy.removals tenants.a.settle");
    assert_words(&live.reload.left, "tenants.a.token tenants.b tenants.c");
    assert_ptr_equal(tenant(&live, "a"), a); /* who points to them still may */
    assert_ptr_equal(tenant(&live, "b"), b);
    assert_int_equal(a->graph.settle_ms, 180000);
    assert_int_equal(a->graph.retry_attempts, 3);
    assert_string_equal(a->graph.token, "one");
    /* One that is to go works on as it did, but for what was never its own to say. */
    assert_int_equal(b->graph.settle_ms, 300000);
    assert_true(a->policy.removals && b->policy.removals);
    end(&live);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_keeps_its_word),
        cmocka_unit_test(what_changes_and_what_needs_a_restart),
        cmocka_unit_test(a_bad_file_changes_nothing),
        cmocka_unit_test(a_file_that_is_gone_or_empty_changes_nothing),
        cmocka_unit_test(an_empty_file_is_refused_by_what_it_said_before),
        cmocka_unit_test(standard_input_is_read_once),
        cmocka_unit_test(new_settings_fit_those_that_stay),
        cmocka_unit_test(tenants_change_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
