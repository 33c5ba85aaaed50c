#include "worker/core/call_stats.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void test_endings(void **state)
{
    (void)state;
    static const struct {
        int status;
        enum call_error error;
        const char *label, *error_type;
    } rows[] = {
        {201, CALL_ERROR_NONE, "201", ""},          {206, CALL_ERROR_NONE, "2xx", ""},
        {100, CALL_ERROR_NONE, "1xx", ""},          {304, CALL_ERROR_NONE, "3xx", ""},
        {418, CALL_ERROR_NONE, "4xx", "4xx"},       {429, CALL_ERROR_NONE, "429", "429"},
        {503, CALL_ERROR_NONE, "503", "503"},       {599, CALL_ERROR_NONE, "5xx", "5xx"},
        {0, CALL_ERROR_NONE, "", "lost"},           {-1, CALL_ERROR_NONE, "", "lost"},
        {99, CALL_ERROR_NONE, "", "lost"},          {600, CALL_ERROR_NONE, "", "lost"},
        {0, CALL_ERROR_TIMEOUT, "", "timeout"},     {201, CALL_ERROR_LOST, "", "lost"},
        {-1000, CALL_ERROR_UNSENT, "", "not_sent"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        size_t ending = call_ending(rows[i].status, rows[i].error);
        assert_in_range(ending, 0, CALL_ENDINGS - 1);
        assert_string_equal(call_ending_status(ending), rows[i].label);
        assert_string_equal(call_ending_error(ending), rows[i].error_type);
    }
}

/* No two endings have the same words, or a scrape would have a row twice. */
static void test_endings_differ(void **state)
{
    (void)state;
    for (size_t i = 0; i < CALL_ENDINGS; i++) {
        for (size_t k = 0; k < i; k++)
            assert_true(strcmp(call_ending_status(i), call_ending_status(k)) != 0 ||
                        strcmp(call_ending_error(i), call_ending_error(k)) != 0);
    }
}

static void test_counts(void **state)
{
    (void)state;
    static struct call_stats calls, more;
    size_t busy = call_ending(429, CALL_ERROR_NONE), good = call_ending(201, CALL_ERROR_NONE);
    call_stats_add(&calls, CALL_SUBMIT_ASSIGNMENT, busy, 5);
    call_stats_add(&calls, CALL_SUBMIT_RESOURCE, busy, 6);
    call_stats_add(&more, CALL_DRY_RUN_RESOURCE, busy, 7);
    call_stats_add(&more, CALL_SUBMIT_RESOURCE, good, 8);
    call_stats_merge(&calls, &more);
    assert_int_equal(call_stats_sum(&calls, "submit", busy), 2);
    assert_int_equal(call_stats_sum(&calls, NULL, busy), 3);
    assert_int_equal(call_stats_sum(&calls, "submit", good), 1);
    assert_int_equal(call_stats_sum(&calls, "token", good), 0);
    assert_int_equal(calls.times[CALL_SUBMIT_RESOURCE][good].sum_ms, 8);
    for (enum call_place place = 0; place < CALL_PLACES; place++)
        assert_non_null(call_operation(place));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_endings),
        cmocka_unit_test(test_endings_differ),
        cmocka_unit_test(test_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
