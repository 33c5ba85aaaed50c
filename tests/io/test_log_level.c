/* What is written: levels that change at run time, components at debug, what a flood left out, and
 * the ids of a request, which no length takes away. */
#include "config/options.h"
#include "worker/core/json_read.h"
#include "worker/io/log.h"
#include "worker/io/log_line.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum { TEXT_SIZE = 1 << 20 };

static FILE *file;
static char text[TEXT_SIZE];

static void start(enum log_level level)
{
    file = tmpfile();
    assert_non_null(file);
    log_open(level, LOG_TEXT, file);
}

static const char *stop(void)
{
    ssize_t size = pread(fileno(file), text, sizeof text - 1, 0);
    assert_true(size >= 0);
    text[size] = '\0';
    log_open(LOG_DEBUG, LOG_TEXT, stderr);
    fclose(file);
    return text;
}

static size_t count(const char *words)
{
    size_t found = 0;
    for (const char *at = strstr(text, words); at != NULL; at = strstr(at + 1, words))
        found++;
    return found;
}

static void write_all(void)
{
    log_write(LOG_WARN, "level.warn", "x");
    log_write(LOG_INFO, "level.info", "x");
    log_write(LOG_DEBUG, "level.debug", "x");
}

static void test_turn(void **state)
{
    (void)state;
    start(LOG_INFO);
    log_turn(1);
    write_all();
    log_turn(1);
    log_turn(-1);
    write_all();
    stop();
    assert_int_equal(count(" debug level.debug"), 1);
    assert_int_equal(count(" info  level.info"), 2);
    assert_int_equal(count(" info  log.level: the level is debug now, and was info\n"), 1);
    assert_int_equal(count(" info  log.level: the level stays debug: there is none beyond it\n"),
                     1);
    assert_int_equal(count(" info  log.level: the level is info now, and was debug\n"), 1);
}

/* Down to errors only: what says so is seen all the same. */
static void test_turn_down(void **state)
{
    (void)state;
    start(LOG_INFO);
    log_turn(-1);
    write_all();
    log_turn(-1);
    write_all();
    log_turn(-1);
    stop();
    assert_int_equal(count("level.warn"), 1);
    assert_int_equal(count("level.info"), 0);
    assert_int_equal(count("log.level: the level is warn now, and was info\n"), 1);
    assert_int_equal(count("log.level: the level is error now, and was warn\n"), 1);
    assert_int_equal(count("log.level: the level stays error: there is none beyond it\n"), 1);
}

static void test_components(void **state)
{
    (void)state;
    char redis[] = "redis", token[] = "token";
    struct strings chosen = {(char *[]){redis, token}, 2};
    log_set_debug(&chosen);
    start(LOG_ERROR);
    assert_true(log_wants(LOG_DEBUG, "redis.answered"));
    assert_false(log_wants(LOG_INFO, "redis.connected"));
    assert_false(log_wants(LOG_DEBUG, "graph.called"));
    assert_false(log_wants(LOG_DEBUG, "redi.s"));
    assert_false(log_wants(LOG_DEBUG, "rediss.x"));
    log_write(LOG_DEBUG, "redis.answered", "yes");
    log_write(LOG_DEBUG, "token.fetched", "yes");
    log_write(LOG_DEBUG, "kafka.committed", "no");
    stop();
    assert_int_equal(count(": yes\n"), 2);
    assert_int_equal(count("\n"), 2);
    log_set_debug(&(struct strings){NULL, 0});
    start(LOG_ERROR);
    assert_false(log_wants(LOG_DEBUG, "redis.answered"));
    stop();
}

/* Each word that log.debug may have is a bit of its own. */
static void test_every_component(void **state)
{
    (void)state;
    const char *const *known = option_find("log.debug")->choices;
    for (size_t i = 0; known[i] != NULL; i++) {
        char *one = strdup(known[i]);
        assert_non_null(one);
        log_set_debug(&(struct strings){&one, 1});
        start(LOG_INFO);
        for (size_t k = 0; known[k] != NULL; k++) {
            char event[64];
            snprintf(event, sizeof event, "%s.what", known[k]);
            assert_int_equal(log_wants(LOG_DEBUG, event), i == k);
        }
        stop();
        free(one);
    }
    log_set_debug(&(struct strings){NULL, 0});
}

/* Of a flood that is over no line of its own comes any more. */
static void test_left_out(void **state)
{
    (void)state;
    start(LOG_INFO);
    for (int i = 0; i < 30; i++)
        log_write(LOG_ERROR, "test.flood", "the same");
    log_tell_left_out();
    log_tell_left_out(); /* once */
    stop();
    size_t lines = count(" error test.flood: the same"), left_out = 0;
    for (const char *at = text; (at = strstr(at, " suppressed=")) != NULL; at++)
        left_out += strtoul(at + strlen(" suppressed="), NULL, 10);
    assert_in_range(lines, 10, 20); /* seconds may have passed */
    assert_int_equal(lines + left_out, 30);
    assert_int_equal(count(" warn  test.flood: more such lines were left out"), 1);
    assert_int_equal(count("\n"), lines + 1);
    start(LOG_ERROR);
    for (int i = 0; i < 30; i++)
        log_write(LOG_ERROR, "test.other_flood", "the same");
    log_tell_left_out(); /* what is a warning itself waits until there are any */
    assert_null(strstr(stop(), "suppressed"));
    start(LOG_WARN);
    log_tell_left_out();
    assert_non_null(strstr(stop(), " warn  test.other_flood: more such lines"));
}

/* A request whose every text is as long and as hostile as may be. */
static void fill(char *bytes, size_t size, const char *with)
{
    size_t length = strlen(with);
    for (size_t i = 0; i + length < size; i += length)
        memcpy(bytes + i, with, length);
}

static void assert_has_all(const char *line, enum log_format format, const char *with)
{
    static const char *const names[] = {"topic",          "partition",        "offset",
                                        "tenant",         "event_source",     "event_id",
                                        "correlation_id", "graph_request_id", "client_request_id"};
    const char *before = format == LOG_JSON ? "\"usher." : " ";
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char wanted[48];
        snprintf(wanted, sizeof wanted, "%s%s%s", before, names[i],
                 format == LOG_JSON ? "\":" : "=");
        if (strstr(line, wanted) == NULL)
            fail_msg("%s is missing, filled with %s: %s", wanted, with, line);
    }
    assert_non_null(strstr(line, "0af7651916cd43dd8448eb211c80319c"));
    assert_true(strlen(line) < LOG_LINE_MAX);
}

static void test_ids_have_room(void **state)
{
    (void)state;
    static const char *const fills[] = {"x", "\x01", "\xFF", "\xF0\x9F\x98\x80", "\""};
    static char longest[20001], name[65];
    for (size_t i = 0; i < sizeof fills / sizeof *fills; i++) {
        memset(longest, 0, sizeof longest);
        fill(longest, sizeof longest, fills[i]);
        snprintf(name, sizeof name, "%.64s",
                 "a-tenant-whose-name-is-as-long-as-names-may-be-0123456");
        struct header header = {{"kafka_correlationId", 19}, str_of(longest)};
        struct request rq = {
            .record = {.topic = longest, .headers = &header, .header_count = 1},
            .whose = {.name = name},
            .event = {.id = longest,
                      .source = longest,
                      .traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}};
        fill(rq.graph.request_id, sizeof rq.graph.request_id, fills[i]);
        fill(rq.graph.client_request_id, sizeof rq.graph.client_request_id, "c");
        fill(rq.graph.diagnostic, sizeof rq.graph.diagnostic, fills[i]);
        fill(rq.fault.code, sizeof rq.fault.code, fills[i]);
        for (enum log_format format = LOG_TEXT; format <= LOG_JSON; format++) {
            start(LOG_INFO);
            log_open(LOG_INFO, format, file);
            log_request(LOG_INFO, "request.some_longer_name", &rq, "%s", longest);
            assert_has_all(stop(), format, fills[i]);
            start(LOG_INFO);
            log_open(LOG_INFO, format, file);
            log_answered(&rq);
            assert_has_all(stop(), format, fills[i]);
            assert_non_null(strstr(text, "took_ms"));
        }
    }
}

/* Graph's probe is no record's. */
static void test_no_record(void **state)
{
    (void)state;
    struct request rq = {.graph = {.client_request_id = "cli-1"}};
    start(LOG_DEBUG);
    log_request(LOG_DEBUG, "graph.called", &rq, "answered");
    stop();
    assert_int_equal(count(": answered client_request_id=cli-1\n"), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_turn),       cmocka_unit_test(test_turn_down),
        cmocka_unit_test(test_components), cmocka_unit_test(test_every_component),
        cmocka_unit_test(test_left_out),   cmocka_unit_test(test_ids_have_room),
        cmocka_unit_test(test_no_record),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
