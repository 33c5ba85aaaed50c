#include "worker/core/stats.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void test_histogram(void **state)
{
    (void)state;
    static const struct {
        int64_t ms;
        size_t bucket;
    } rows[] = {{-7, 0}, {0, 0},      {5, 0},      {6, 1},
                {10, 1}, {10000, 13}, {10001, 14}, {INT32_MAX, 14}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct histogram histogram = {0};
        histogram_add(&histogram, &call_bounds, rows[i].ms);
        if (histogram.buckets[rows[i].bucket] != 1 || histogram.count != 1 ||
            histogram.sum_ms != (rows[i].ms > 0 ? rows[i].ms : 0))
            fail_msg("row %zu", i);
    }
}

static void test_bounds_rise(void **state)
{
    (void)state;
    const struct histogram_bounds *all[] = {&call_bounds, &latency_bounds};
    for (size_t k = 0; k < 2; k++) {
        assert_in_range(all[k]->count, 1, HISTOGRAM_BOUNDS_MAX);
        for (size_t i = 1; i < all[k]->count; i++)
            assert_true(all[k]->ms[i] > all[k]->ms[i - 1]);
    }
}

static void test_statuses(void **state)
{
    (void)state;
    static const struct {
        int status;
        const char *label;
    } rows[] = {{201, "201"}, {206, "2xx"}, {100, "1xx"}, {304, "3xx"}, {418, "4xx"}, {429, "429"},
                {503, "503"}, {599, "5xx"}, {0, ""},      {-1, ""},     {99, ""},     {600, ""}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct call_stats calls = {0};
        call_stats_add(&calls, "submit", rows[i].status, 1);
        if (calls.count != 1 || strcmp(calls.rows[0].status, rows[i].label) != 0)
            fail_msg("%d is \"%s\"", rows[i].status, calls.rows[0].status);
    }
}

/* Whatever a server answers, there are no more rows than there is room. */
static void test_rows_are_bounded(void **state)
{
    (void)state;
    static const char *const operations[CALL_OPERATIONS_MAX] = {"dry_run", "submit", "look",
                                                                "token",   "follow", "reprocess"};
    struct call_stats calls = {0};
    for (int status = -5; status < 1100; status++) {
        for (size_t i = 0; i < CALL_OPERATIONS_MAX; i++)
            call_stats_add(&calls, operations[i], status, status);
    }
    assert_int_equal(calls.count, CALL_ROWS_MAX);
    assert_int_equal(call_stats_sum(&calls, "429"), CALL_OPERATIONS_MAX);
    assert_int_equal(call_stats_sum(&calls, "5xx"), CALL_OPERATIONS_MAX * 96);
    assert_int_equal(call_stats_sum(&calls, "999"), 0);
}

static void test_answered(void **state)
{
    (void)state;
    struct stats stats = {0};
    struct request rq = {
        .record = {.timestamp_ms = 1000},
        .event = {.worth = EVENT_GOOD},
        .answer = ANSWER_FAILED,
    };
    stats_answered(&stats, &rq, 3000);
    assert_int_equal(stats.answers[ANSWER_FAILED][false], 1);
    assert_int_equal(stats.dead_letters[ANSWER_FAILED], 1);
    assert_int_equal(stats.latency.sum_ms, 2000);
    assert_int_equal(stats.last_success_wall_ms, 0);

    rq.duplicate = true;
    rq.record.timestamp_ms = -1;
    rq.received_wall_ms = 2900;
    stats_answered(&stats, &rq, 3000);
    assert_int_equal(stats.answers[ANSWER_FAILED][true], 1);
    assert_int_equal(stats.dead_letters[ANSWER_FAILED], 1);
    assert_int_equal(stats.latency.sum_ms, 2100);

    rq.answer = ANSWER_EXISTING;
    stats_answered(&stats, &rq, 4000);
    assert_int_equal(stats.last_success_wall_ms, 4000);
}

static void test_moved(void **state)
{
    (void)state;
    struct stats stats = {0};
    struct request rq = {.stage = STAGE_SUBMIT, .outcome = OUTCOME_PACED};
    struct verdict verdict = {.move = MOVE_WAIT};
    stats_moved(&stats, &rq, &verdict);
    verdict = (struct verdict){.move = MOVE_WAIT, .own_retry = true};
    stats_moved(&stats, &rq, &verdict);
    verdict = (struct verdict){.move = MOVE_DROP};
    stats_moved(&stats, &rq, &verdict);
    assert_int_equal(stats.posts[STAGE_SUBMIT][OUTCOME_PACED], 3);
    assert_int_equal(stats.own_retries, 1);
    assert_int_equal(stats.drops, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_histogram), cmocka_unit_test(test_bounds_rise),
        cmocka_unit_test(test_statuses),  cmocka_unit_test(test_rows_are_bounded),
        cmocka_unit_test(test_answered),  cmocka_unit_test(test_moved),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
