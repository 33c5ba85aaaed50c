/* A loop that stands still is noticed, by a thread of its own and by who asks afterwards. */
#include "tests/io/log_capture.h"

#include "worker/io/log.h"
#include "worker/io/loop_watch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { STALL_MS = 300 };

static uv_loop_t loop;

static void on_stand_still(uv_timer_t *timer)
{
    (void)timer;
    usleep(2 * (STALL_MS + LOOP_WATCH_MS) * 1000);
}

static void on_end(uv_timer_t *timer)
{
    uv_stop(timer->loop);
}

static void run_for(uint64_t ms)
{
    uv_timer_t timer;
    uv_timer_init(&loop, &timer);
    uv_timer_start(&timer, on_end, ms, 0);
    uv_run(&loop, UV_RUN_DEFAULT);
    uv_close((uv_handle_t *)&timer, NULL);
    uv_run(&loop, UV_RUN_NOWAIT);
}

static void test_stands_still(void **state)
{
    (void)state;
    uv_timer_t timer;
    log_capture_open();
    uv_loop_init(&loop);
    uv_timer_init(&loop, &timer);
    struct loop_watch *watch = loop_watch_create(&loop, STALL_MS + LOOP_WATCH_MS);
    assert_non_null(watch);
    assert_true(loop_watch_is_live(watch));
    run_for(3 * LOOP_WATCH_MS);
    assert_true(loop_watch_is_live(watch));
    assert_in_range(loop_watch_lag(watch)->late.count, 1, 3);

    uv_timer_start(&timer, on_stand_still, 0, 0);
    run_for(1); /* the end of which is seen after it */
    assert_false(loop_watch_is_live(watch));
    run_for(STALL_MS + 3 * LOOP_WATCH_MS);
    assert_true(loop_watch_is_live(watch));

    uv_close((uv_handle_t *)&timer, NULL);
    loop_watch_destroy(watch);
    uv_run(&loop, UV_RUN_DEFAULT);
    uv_loop_close(&loop);
    assert_int_equal(log_capture_count("worker.loop_stands"), 1);
    assert_int_equal(log_capture_count("worker.loop_turns"), 1);
    log_capture_close();
}

static void test_leaves_at_once(void **state)
{
    (void)state;
    uv_loop_init(&loop);
    struct loop_watch *watch = loop_watch_create(&loop, LOOP_STALL_MS);
    assert_non_null(watch);
    uint64_t before_ns = uv_hrtime();
    loop_watch_destroy(watch);
    loop_watch_destroy(NULL);
    assert_true(uv_hrtime() - before_ns < 1000000000);
    uv_run(&loop, UV_RUN_DEFAULT);
    uv_loop_close(&loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stands_still),
        cmocka_unit_test(test_leaves_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
