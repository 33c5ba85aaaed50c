#include "worker/core/gate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
// cmocka needs the headers above first.
#include <cmocka.h>

enum { ASKERS = 40, START_MS = 123456 };

/* Writes that pass in `seconds` when `ASKERS` keep asking, each when it was told to; the most in
 * any 1,000 ms into `ret_most`. */
static int count_writes(int rate, int seconds, int *ret_most)
{
    struct gate gate;
    gate_init(&gate, rate);
    int64_t ask_ms[ASKERS];
    for (size_t i = 0; i < ASKERS; i++)
        ask_ms[i] = START_MS;
    int passed = 0, recent[1000] = {0}, last_second = 0;
    *ret_most = 0;
    for (int64_t now_ms = START_MS; now_ms < START_MS + seconds * 1000; now_ms++) {
        int in_this_ms = 0;
        for (size_t i = 0; i < ASKERS; i++) {
            if (ask_ms[i] > now_ms)
                continue;
            int64_t wait_ms = gate_ask(&gate, 1, now_ms);
            in_this_ms += wait_ms == 0;
            ask_ms[i] = now_ms + (wait_ms > 0 ? wait_ms : 1);
        }
        last_second += in_this_ms - recent[now_ms % 1000];
        recent[now_ms % 1000] = in_this_ms;
        passed += in_this_ms;
        *ret_most = last_second > *ret_most ? last_second : *ret_most;
    }
    return passed;
}

static void test_rate(void **state)
{
    (void)state;
    static const int rates[] = {1, 2, 7, 20, 100, 900};
    for (size_t i = 0; i < sizeof rates / sizeof rates[0]; i++) {
        int rate = rates[i], burst = rate / (1000 / GATE_BURST_MS), most = 0;
        int seconds = getenv("USHER_TEST_SHARE") != NULL ? 1 : 10;
        int passed = count_writes(rate, seconds, &most);
        /* 1,000,000 / rate is cut, so a rate may be over by less than 0.1 %. */
        if (passed > rate * seconds * 1001 / 1000 + burst + 1 || passed < rate * seconds * 95 / 100)
            fail_msg("rate %d: %d writes in %d s", rate, passed, seconds);
        if (most > rate * 1001 / 1000 + burst + 1)
            fail_msg("rate %d: %d writes in one second", rate, most);
    }
}

static void test_no_limit(void **state)
{
    (void)state;
    struct gate gate;
    gate_init(&gate, 0);
    for (int i = 0; i < 100000; i++)
        assert_int_equal(gate_ask(&gate, 1, START_MS), 0);
}

static void test_those_who_wait_come_back_one_by_one(void **state)
{
    (void)state;
    struct gate gate;
    gate_init(&gate, 10);                              /* one each 100 ms */
    assert_int_equal(gate_ask(&gate, 1, START_MS), 0); /* catches up, after the idle time */
    assert_int_equal(gate_ask(&gate, 1, START_MS), 0);
    assert_int_equal(gate_ask(&gate, 1, START_MS), 100);
    assert_int_equal(gate_ask(&gate, 1, START_MS), 200);
    assert_int_equal(gate_ask(&gate, 1, START_MS), 300);
    assert_int_equal(gate_ask(&gate, 1, START_MS + 100), 0);
    assert_int_equal(gate_ask(&gate, 1, START_MS + 200), 0);
    assert_int_equal(gate_ask(&gate, 1, START_MS + 300), 0);
    assert_int_equal(gate_ask(&gate, 1, START_MS + 300), 100);
}

static void test_idle_time_is_not_saved_up(void **state)
{
    (void)state;
    struct gate gate;
    gate_init(&gate, 20);
    int at_once = 0;
    assert_int_equal(gate_ask(&gate, 1, START_MS), 0);
    while (gate_ask(&gate, 1, START_MS + 3600000) == 0)
        at_once++;
    assert_int_equal(at_once, 20 * GATE_BURST_MS / 1000 + 1);
}

static void test_an_event_takes_its_writes_together(void **state)
{
    (void)state;
    struct gate gate;
    gate_init(&gate, 1);
    assert_int_equal(gate_ask(&gate, 2, START_MS), 0);
    assert_int_equal(gate_ask(&gate, 2, START_MS), 2000 - GATE_BURST_MS);
    assert_int_equal(gate_ask(&gate, 2, START_MS), 4000 - GATE_BURST_MS);
}

static void test_throttle(void **state)
{
    (void)state;
    static const int rates[] = {0, 20};
    for (size_t i = 0; i < 2; i++) {
        struct gate gate;
        gate_init(&gate, rates[i]);
        assert_int_equal(gate_ask(&gate, 1, START_MS), 0);
        gate_throttle(&gate, START_MS, 5000);
        gate_throttle(&gate, START_MS + 10, 1000); /* does not shorten it */
        for (int64_t ms = 0; ms < 5000; ms += 100) {
            assert_int_equal(gate_ask(&gate, 1, START_MS + ms), 5000 - ms);
            assert_int_equal(gate_ask_look(&gate, START_MS + ms), 5000 - ms);
        }
        assert_int_equal(gate_ask_look(&gate, START_MS + 5000), 0);
        assert_int_equal(gate_ask(&gate, 1, START_MS + 5000), 0);
    }
}

static void test_look_is_not_counted(void **state)
{
    (void)state;
    struct gate gate;
    gate_init(&gate, 1);
    assert_int_equal(gate_ask(&gate, 1, START_MS), 0);
    for (int i = 0; i < 100; i++)
        assert_int_equal(gate_ask_look(&gate, START_MS), 0);
    assert_int_equal(gate_ask(&gate, 1, START_MS), 1000 - GATE_BURST_MS);
}

static void test_canary(void **state)
{
    (void)state;
    struct gate gate;
    gate_init(&gate, 0);
    for (int i = 0; i < 3; i++) { /* answers without an echo prove nothing */
        assert_true(gate_dry_run_begin(&gate));
        assert_false(gate_dry_run_begin(&gate));
        gate_dry_run_end(&gate, false);
    }
    assert_true(gate_dry_run_begin(&gate));
    gate_dry_run_end(&gate, true);
    for (int i = 0; i < 10; i++)
        assert_true(gate_dry_run_begin(&gate));
    gate_dry_run_end(&gate, false);
    assert_true(gate_dry_run_begin(&gate));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rate),
        cmocka_unit_test(test_no_limit),
        cmocka_unit_test(test_those_who_wait_come_back_one_by_one),
        cmocka_unit_test(test_idle_time_is_not_saved_up),
        cmocka_unit_test(test_an_event_takes_its_writes_together),
        cmocka_unit_test(test_throttle),
        cmocka_unit_test(test_look_is_not_counted),
        cmocka_unit_test(test_canary),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
