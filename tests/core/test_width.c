/* The width of the HTTP/1.1 pool against servers of different kinds. */
#include "worker/core/width.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* A server that takes `latency_us` a call and can do at most `capacity` at once: more only wait
 * there. `windows` windows long, with calls that always wait for a place. */
static size_t settle_on(size_t most, int64_t latency_us, size_t capacity, int windows)
{
    struct width width;
    int64_t now_us = 1000000;
    width_init(&width, most);
    for (int window = 0; window < windows; window++) {
        size_t running = width.now, calls = 2 * running + 1;
        size_t served = running < capacity ? running : capacity;
        int64_t took_us = latency_us * (int64_t)running / (int64_t)served;
        for (size_t i = 0; i < calls; i++) {
            now_us += took_us / (int64_t)running;
            width_call_ended(&width, now_us, took_us, true);
        }
    }
    return width.now;
}

static void a_far_server_gets_all_that_is_allowed(void **state)
{
    (void)state;
    assert_int_equal(settle_on(256, 300000, 10000, 30), 256);
    assert_int_equal(settle_on(8, 300000, 10000, 30), 8);
}

static void a_fast_server_gets_few(void **state)
{
    (void)state;
    assert_int_equal(settle_on(256, 1000, 10000, 100), WIDTH_START);
}

static void a_server_without_more_to_give_is_not_crowded(void **state)
{
    (void)state;
    for (int windows = 10; windows < 200; windows += 7) {
        size_t width = settle_on(256, 20000, WIDTH_START, windows);
        if (width > WIDTH_START + WIDTH_START / 4 + 1)
            fail_msg("after %d windows: %zu", windows, width);
    }
    size_t width = settle_on(256, 20000, 100, 60);
    if (width < 75 || width > 130)
        fail_msg("a server for 100 gets %zu", width);
}

static void places_that_nobody_waits_for_are_given_up(void **state)
{
    (void)state;
    struct width width;
    width_init(&width, 256);
    width.now = 200;
    for (int64_t i = 1; i <= 200000; i++)
        width_call_ended(&width, i * 1000, 300000, false);
    assert_int_equal(width.now, WIDTH_START);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_far_server_gets_all_that_is_allowed),
        cmocka_unit_test(a_fast_server_gets_few),
        cmocka_unit_test(a_server_without_more_to_give_is_not_crowded),
        cmocka_unit_test(places_that_nobody_waits_for_are_given_up),
    };
    return cmocka_run_group_tests_name("width", tests, NULL, NULL);
}
