/* The log: its two forms, what hostile bytes and floods do to it, and what a line costs. */
#include "worker/io/log.h"

#include "worker/core/json_read.h"
#include "worker/core/utf8.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum { STAMP_SIZE = sizeof "2026-11-21T22:12:05.123Z" - 1, READ_MAX = 4 << 20 };

static FILE *file;
static char *text; /* what was logged, read back */

static void start(enum log_level level, enum log_format format)
{
    file = tmpfile();
    assert_non_null(file);
    log_open(level, format, file);
}

static const char *read_back(void)
{
    text = calloc(1, READ_MAX + 1);
    assert_non_null(text);
    assert_true(pread(fileno(file), text, READ_MAX, 0) >= 0);
    return text;
}

static void stop(void)
{
    log_open(LOG_DEBUG, LOG_TEXT, stderr);
    fclose(file);
    free(text);
    text = NULL;
}

static size_t count_lines(const char *lines)
{
    size_t count = 0;
    for (const char *at = strchr(lines, '\n'); at != NULL; at = strchr(at + 1, '\n'))
        count++;
    return count;
}

static struct header correlation = {
    {"kafka_correlationId", 19},
    {"\x01\x23\x45\x67\x89\xab\xcd\xef\0\x11\x22\x33\x44\x55\x66\xff", 16}};

static struct request sample(void)
{
    struct request rq = {
        .stage = STAGE_SUBMIT,
        .outcome = OUTCOME_UNKNOWN,
        .tries = 1,
        .answer = ANSWER_FAILED,
        .record = {.topic = "access-requests",
                   .partition = 3,
                   .offset = 42,
                   .headers = &correlation,
                   .header_count = 1},
        .event = {.id = "onb 1",
                  .source = "/hr",
                  .traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"},
        .graph = {.request_id = "srv-1",
                  .client_request_id = "cli-1",
                  .diagnostic = "{\"Ring\":\"5\"}"},
        .received_wall_ms = 1000,
        .finished_wall_ms = 1250,
    };
    fault_set(&rq.fault, STAGE_SUBMIT, "ServiceUnavailable", "not for the log");
    return rq;
}

/* The line without its time, which starts at `at`. */
static void assert_line(const char *line, size_t at, const char *before, const char *after)
{
    if (strncmp(line, before, at) != 0 || strcmp(line + at + STAMP_SIZE, after) != 0)
        fail_msg("\n  is  %s\n  not %s...%s", line, before, after);
}

static void test_silent_before_open(void **state)
{
    (void)state;
    assert_false(log_wants(LOG_ERROR, "test.early"));
    log_turn(1);
    log_write(LOG_ERROR, "test.early", "nobody listens");
}

static void test_json(void **state)
{
    (void)state;
    static const char before[] = "{\"@timestamp\":\"";
    start(LOG_INFO, LOG_AUTO); /* a file is no terminal */
    struct request rq = sample();
    log_answered(&rq);
    assert_line(read_back(), sizeof before - 1, before,
                "\",\"log.level\":\"info\",\"message\":\"failed\",\"ecs.version\":\"8.11.0\","
                "\"service.name\":\"usher\",\"event.action\":\"request.answered\","
                "\"usher.topic\":\"access-requests\",\"usher.partition\":3,\"usher.offset\":42,"
                "\"usher.event_source\":\"/hr\",\"usher.event_id\":\"onb 1\","
                "\"usher.correlation_id\":\"01234567-89ab-cdef-0011-2233445566ff\","
                "\"trace.id\":\"0af7651916cd43dd8448eb211c80319c\","
                "\"usher.graph_request_id\":\"srv-1\",\"usher.client_request_id\":\"cli-1\","
                "\"usher.outcome\":\"failed\","
                "\"usher.stage\":\"submit\",\"error.code\":\"ServiceUnavailable\","
                "\"usher.graph_diagnostic\":\"{\\\"Ring\\\":\\\"5\\\"}\","
                "\"usher.took_ms\":250}\n");
    stop();
}

static void test_text(void **state)
{
    (void)state;
    start(LOG_DEBUG, LOG_TEXT);
    struct request rq = sample();
    log_answered(&rq);
    assert_line(read_back(), 0, "",
                " info  request.answered: failed topic=access-requests partition=3 offset=42 "
                "event_source=/hr event_id=\"onb 1\" "
                "correlation_id=01234567-89ab-cdef-0011-2233445566ff "
                "trace.id=0af7651916cd43dd8448eb211c80319c graph_request_id=srv-1 "
                "client_request_id=cli-1 "
                "outcome=failed stage=submit error.code=ServiceUnavailable "
                "graph_diagnostic=\"{\\\"Ring\\\":\\\"5\\\"}\" took_ms=250\n");
    stop();
    start(LOG_DEBUG, LOG_TEXT);
    struct verdict verdict = {.move = MOVE_WAIT, .next = STAGE_LOOK, .pause_ms = 400};
    log_moved(&rq, &verdict);
    assert_line(read_back(), 0, "",
                " debug request.moved: stage=submit outcome=unknown next=look wait_ms=400 tries=1 "
                "topic=access-requests partition=3 offset=42 event_source=/hr event_id=\"onb 1\" "
                "correlation_id=01234567-89ab-cdef-0011-2233445566ff "
                "trace.id=0af7651916cd43dd8448eb211c80319c graph_request_id=srv-1 "
                "client_request_id=cli-1\n");
    stop();
    start(LOG_DEBUG, LOG_TEXT);
    verdict = (struct verdict){.move = MOVE_DROP};
    log_moved(&rq, &verdict);
    assert_non_null(strstr(read_back(), " next=drop wait_ms=0 "));
    stop();
}

static void test_levels(void **state)
{
    (void)state;
    for (enum log_level level = LOG_ERROR; level <= LOG_DEBUG; level++) {
        start(level, LOG_JSON);
        struct request rq = sample();
        struct verdict verdict = {.move = MOVE_GO, .next = STAGE_LOOK};
        log_write(LOG_ERROR, "test.level_error", "x");
        log_write(LOG_WARN, "test.level_warn", "x");
        log_answered(&rq);
        log_moved(&rq, &verdict);
        assert_int_equal(count_lines(read_back()), (size_t)level + 1);
        stop();
    }
}

/* One line, at most LOG_LINE_MAX long, UTF-8, and nothing in it that a terminal would obey. */
static void assert_harmless(const char *lines, const char *what)
{
    size_t size = strlen(lines);
    if (count_lines(lines) != 1 || size > LOG_LINE_MAX || lines[size - 1] != '\n' ||
        !utf8_is_printable((struct str){lines, size - 1}))
        fail_msg("%s: %s", what, lines);
    if (lines[0] != '{')
        return;
    struct json_fault fault;
    cJSON *tree = json_read((struct str){lines, size - 1}, &fault);
    if (tree == NULL)
        fail_msg("%s: %s: %s", what, fault.message, lines);
    cJSON_Delete(tree);
}

static void test_hostile_bytes(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "a\nb\r\"c\\",
        "\x1B[2J\x1B]0;x\x07",
        "\xC2\x9B[31m",
        "\xE2\x80\xAE txt.exe",
        "\xFF\xC0\xAF\xED\xA0\x80",
        "\xE2\x80\xA8\xEF\xBB\xBF",
        "\x7F",
        "%s%n",
    };
    for (enum log_format format = LOG_TEXT; format <= LOG_JSON; format++) {
        for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
            struct request rq = sample();
            rq.event.id = rq.event.source = rq.record.topic = texts[i];
            start(LOG_DEBUG, format);
            log_request(LOG_INFO, "test.hostile", &rq, "%s", texts[i]);
            assert_harmless(read_back(), texts[i]);
            stop();
        }
    }
    start(LOG_DEBUG, LOG_TEXT);
    log_write(LOG_INFO, "test.hostile", "%s", "\xFF \x1B \xE2\x80\xAE \"");
    assert_non_null(strstr(read_back(), ": \\xff \\u001b \\u202e \\\"\n"));
    stop();
}

static void test_long_lines(void **state)
{
    (void)state;
    static const char *const fills[] = {"x", "\x01", "\xFF", "\xF0\x9F\x98\x80", "\""};
    for (enum log_format format = LOG_TEXT; format <= LOG_JSON; format++) {
        for (size_t i = 0; i < sizeof fills / sizeof *fills; i++) {
            char *long_text = calloc(1, 20001);
            assert_non_null(long_text);
            for (size_t at = 0; at + strlen(fills[i]) <= 20000; at += strlen(fills[i]))
                memcpy(long_text + at, fills[i], strlen(fills[i]));
            struct request rq = sample();
            rq.event.id = rq.event.source = rq.record.topic = long_text;
            start(LOG_DEBUG, format);
            log_request(LOG_INFO, "test.long", &rq, "%s", long_text);
            assert_harmless(read_back(), fills[i]);
            stop();
            start(LOG_DEBUG, format);
            log_answered(&rq);
            assert_harmless(read_back(), fills[i]);
            assert_non_null(strstr(text, "took_ms"));
            stop();
            free(long_text);
        }
    }
}

static void test_flood(void **state)
{
    (void)state;
    start(LOG_INFO, LOG_JSON);
    for (int i = 0; i < 100; i++)
        log_write(LOG_WARN, "test.flood", "the same");
    log_write(LOG_WARN, "test.other", "another name has its own limit");
    for (int i = 0; i < 100; i++)
        log_write(LOG_INFO, "test.flood", "not a warning");
    size_t lines = count_lines(read_back());
    assert_in_range(lines, 111, 112); /* a second may have passed meanwhile */
    stop();
    nanosleep(&(struct timespec){.tv_sec = 1, .tv_nsec = 100000000}, NULL);
    start(LOG_INFO, LOG_JSON);
    log_write(LOG_WARN, "test.flood", "the same");
    assert_int_equal(count_lines(read_back()), 1);
    assert_non_null(
        strstr(text, lines == 111 ? "\"usher.suppressed\":90" : "\"usher.suppressed\":"));
    stop();
}

enum { THREADS = 4, LINES_EACH = 2000 };

static void *write_lines(void *context)
{
    for (int i = 0; i < LINES_EACH; i++)
        log_write(LOG_INFO, "test.thread", "%s %d", (const char *)context, i);
    return NULL;
}

static void test_threads(void **state)
{
    (void)state;
    static char names[THREADS][16];
    pthread_t threads[THREADS];
    start(LOG_INFO, LOG_JSON);
    for (int i = 0; i < THREADS; i++) {
        snprintf(names[i], sizeof names[i], "t%d", i);
        assert_int_equal(pthread_create(&threads[i], NULL, write_lines, names[i]), 0);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    const char *at = read_back();
    assert_int_equal(count_lines(at), THREADS * LINES_EACH);
    while (*at != '\0') {
        size_t size = (size_t)(strchr(at, '\n') - at);
        assert_true(size > 2 && at[0] == '{' && at[size - 1] == '}');
        at += size + 1;
    }
    stop();
}

static void test_cost(void **state)
{
    (void)state;
    enum { COUNT = 100000 };
    struct request rq = sample();
    FILE *nowhere = fopen("/dev/null", "w");
    assert_non_null(nowhere);
    log_open(LOG_INFO, LOG_JSON, nowhere);
    struct timespec before, after;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &before);
    for (int i = 0; i < COUNT; i++)
        log_answered(&rq);
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &after);
    double ns =
        (double)(after.tv_sec - before.tv_sec) * 1e9 + (double)(after.tv_nsec - before.tv_nsec);
    printf("FIGURE log: %.2f us of CPU for the line of an answered event\n", ns / COUNT / 1000);
    assert_true(ns / COUNT < 100000); /* 0.1 ms: far off, whatever the machine and its sanitizers */
    log_open(LOG_INFO, LOG_TEXT, stderr);
    fclose(nowhere);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_silent_before_open), /* first */
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_levels),
        cmocka_unit_test(test_hostile_bytes),
        cmocka_unit_test(test_long_lines),
        cmocka_unit_test(test_flood),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_cost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
