#include "worker/core/histogram.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void test_add(void **state)
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
    enum { COUNT = 4 };
    const struct histogram_bounds *all[COUNT] = {&call_bounds, &process_bounds, &latency_bounds,
                                                 &lag_bounds};
    for (size_t k = 0; k < COUNT; k++) {
        assert_in_range(all[k]->count, 1, HISTOGRAM_BOUNDS_MAX);
        for (size_t i = 1; i < all[k]->count; i++)
            assert_true(all[k]->ms[i] > all[k]->ms[i - 1]);
    }
    assert_int_equal(process_bounds.ms[process_bounds.count - 1], 60000);
    assert_int_equal(latency_bounds.ms[latency_bounds.count - 1], 600000);
}

static void test_merge(void **state)
{
    (void)state;
    struct histogram a = {0}, b = {0};
    histogram_add(&a, &process_bounds, 7);
    histogram_add(&b, &process_bounds, 8);
    histogram_add(&b, &process_bounds, 70000);
    histogram_merge(&a, &b);
    assert_int_equal(a.count, 3);
    assert_int_equal(a.sum_ms, 70015);
    assert_int_equal(a.buckets[1], 2);
    assert_int_equal(a.buckets[HISTOGRAM_BOUNDS_MAX], 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_add),
        cmocka_unit_test(test_bounds_rise),
        cmocka_unit_test(test_merge),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
