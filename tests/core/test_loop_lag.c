#include "worker/core/loop_lag.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { EVERY_MS = 500, START_MS = 7000 };

static void test_late(void **state)
{
    (void)state;
    struct loop_lag lag;
    loop_lag_init(&lag, EVERY_MS, LOOP_STALL_MS);
    assert_true(loop_lag_is_live(&lag, START_MS)); /* nothing is due yet */
    loop_lag_tick(&lag, START_MS);
    assert_int_equal(lag.late.count, 0); /* the first says when the second is due */
    loop_lag_tick(&lag, START_MS + 500);
    loop_lag_tick(&lag, START_MS + 500 + 520);
    assert_int_equal(lag.late.count, 2);
    assert_int_equal(lag.late.sum_ms, 20);
    assert_true(loop_lag_is_live(&lag, START_MS + 1100));
}

static void test_stands_still(void **state)
{
    (void)state;
    struct loop_lag lag;
    loop_lag_init(&lag, EVERY_MS, LOOP_STALL_MS);
    loop_lag_tick(&lag, START_MS);
    int64_t due_ms = START_MS + EVERY_MS;
    assert_true(loop_lag_is_live(&lag, due_ms + LOOP_STALL_MS - 1));
    assert_false(loop_lag_is_live(&lag, due_ms + LOOP_STALL_MS));

    int64_t back_ms = due_ms + LOOP_STALL_MS + 3;
    loop_lag_tick(&lag, back_ms);
    assert_false(loop_lag_is_live(&lag, back_ms + LOOP_STALL_MS - 1));
    loop_lag_tick(&lag, back_ms + EVERY_MS);
    loop_lag_tick(&lag, back_ms + 2 * EVERY_MS + LOOP_STALL_MS - 1); /* late, but not that much */
    assert_true(loop_lag_is_live(&lag, back_ms + LOOP_STALL_MS + EVERY_MS));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_late),
        cmocka_unit_test(test_stands_still),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
