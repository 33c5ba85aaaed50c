#include "worker/core/gate.h"

#include "tests/core/share.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
// cmocka needs the headers above first.
#include <cmocka.h>

enum { ASKERS_MAX = 1000, START_MS = 123456 };

struct asker {
    int64_t ask_ms, since_ms, turn_us;
};

struct crowd {
    struct gate gate;
    int rate, askers;
    unsigned writes; /* of each at once */
    uint64_t chance;
    struct asker asker[ASKERS_MAX];
    int recent[1000], last_second, most; /* writes of each millisecond, of 1,000, and the most */
    int64_t longest_ms;                  /* that one waited */
};

static int64_t up_to(struct crowd *crowd, int64_t limit)
{
    crowd->chance = crowd->chance * 6364136223846793005U + 1442695040888963407U;
    return (int64_t)(crowd->chance >> 33) % (limit + 1);
}

static void crowd_begin(struct crowd *crowd, int rate, int askers, unsigned writes)
{
    *crowd = (struct crowd){.rate = rate, .askers = askers, .writes = writes, .chance = 1};
    gate_init(&crowd->gate, rate);
    for (int i = 0; i < askers; i++)
        crowd->asker[i] = (struct asker){.ask_ms = START_MS, .since_ms = START_MS};
}

/* Writes that pass while all keep asking, each when it was told to, and up to a tenth later: that
 * is the plan's jitter. Who passes asks for the next event a millisecond later. */
static int crowd_ask(struct crowd *crowd, int64_t from_ms, int64_t to_ms)
{
    int passed = 0;
    for (int64_t now_ms = from_ms; now_ms < to_ms; now_ms++) {
        int in_this_ms = 0;
        for (int i = 0; i < crowd->askers; i++) {
            struct asker *asker = &crowd->asker[i];
            if (asker->ask_ms > now_ms)
                continue;
            int64_t wait_ms = gate_ask(&crowd->gate, crowd->writes, &asker->turn_us, now_ms);
            asker->ask_ms = now_ms + wait_ms + up_to(crowd, wait_ms / 10);
            if (wait_ms > 0)
                continue;
            if (now_ms - asker->since_ms > crowd->longest_ms)
                crowd->longest_ms = now_ms - asker->since_ms;
            *asker = (struct asker){.ask_ms = now_ms + 1, .since_ms = now_ms + 1};
            in_this_ms += (int)crowd->writes;
        }
        crowd->last_second += in_this_ms - crowd->recent[now_ms % 1000];
        crowd->recent[now_ms % 1000] = in_this_ms;
        passed += in_this_ms;
        if (crowd->last_second > crowd->most)
            crowd->most = crowd->last_second;
    }
    return passed;
}

static int seconds_of_test(void)
{
    return test_share() > 1 ? 4 : 40;
}

/* A full queue uses at least 95 % of the rate, and never more than it but for the burst. */
static void check_use(const struct crowd *crowd, const char *when, int passed, int seconds)
{
    int burst = crowd->rate * GATE_BURST_MS / 1000 + (int)crowd->writes;
    /* 1,000,000 / rate is cut, so a rate may be over by less than 0.1 %. */
    if (passed > crowd->rate * seconds * 1001 / 1000 + burst ||
        passed < crowd->rate * seconds * 95 / 100 - (int)crowd->writes)
        fail_msg("%s: %d askers of %u at rate %d: %d writes in %d s", when, crowd->askers,
                 crowd->writes, crowd->rate, passed, seconds);
    if (crowd->most > crowd->rate * 1001 / 1000 + burst)
        fail_msg("%s: %d askers of %u at rate %d: %d writes in one second", when, crowd->askers,
                 crowd->writes, crowd->rate, crowd->most);
}

typedef void crowd_test(struct crowd *crowd);

static void for_each_crowd(crowd_test *test)
{
    static const int rates[] = {1, 2, 7, 20, 40, 100, 900}, askers[] = {40, 1000};
    struct crowd *crowd = test_malloc(sizeof *crowd);
    for (size_t r = 0; r < sizeof rates / sizeof rates[0]; r++)
        for (size_t a = 0; a < 2; a++)
            for (unsigned writes = 1; writes <= 2; writes++) {
                crowd_begin(crowd, rates[r], askers[a], writes);
                test(crowd);
            }
    test_free(crowd);
}

static void check_rate(struct crowd *crowd)
{
    int seconds = seconds_of_test();
    check_use(crowd, "all stay", crowd_ask(crowd, START_MS, START_MS + seconds * 1000), seconds);
    /* Nobody is overtaken for long: all before it, and one more round of asking. */
    int64_t all_ms = (int64_t)crowd->askers * crowd->writes * 1000 / crowd->rate;
    if (crowd->longest_ms > all_ms + all_ms / 20 + GATE_ASK_AGAIN_MS)
        fail_msg("%d askers of %u at rate %d: one waited %lld ms", crowd->askers, crowd->writes,
                 crowd->rate, (long long)crowd->longest_ms);
}

static void test_rate(void **state)
{
    (void)state;
    for_each_crowd(check_rate);
}

/* A partition moves: all who wait leave, and 40 others come. */
static void check_leaving(struct crowd *crowd)
{
    int64_t moved_ms = START_MS + 1500;
    int seconds = seconds_of_test();
    crowd_ask(crowd, START_MS, moved_ms);
    crowd->askers = 40;
    for (int i = 0; i < crowd->askers; i++)
        crowd->asker[i] = (struct asker){.ask_ms = moved_ms, .since_ms = moved_ms};
    moved_ms += 1500; /* after one round of asking the empty places are known */
    crowd_ask(crowd, moved_ms - 1500, moved_ms);
    check_use(crowd, "all left", crowd_ask(crowd, moved_ms, moved_ms + seconds * 1000), seconds);
}

static void test_those_who_leave_hold_nobody_up(void **state)
{
    (void)state;
    for_each_crowd(check_leaving);
}

/* Graph throttles for longer than most would have waited: afterwards the rate is the same. */
static void check_after_throttle(struct crowd *crowd)
{
    int64_t throttled_ms = START_MS + 1500, open_ms = throttled_ms + 20000;
    int seconds = seconds_of_test();
    crowd_ask(crowd, START_MS, throttled_ms);
    gate_throttle(&crowd->gate, GATE_ALL, throttled_ms, open_ms - throttled_ms);
    assert_int_equal(crowd_ask(crowd, throttled_ms, open_ms), 0);
    open_ms += 2000; /* the jitter of those who were told to wait for 20 s */
    crowd_ask(crowd, open_ms - 2000, open_ms);
    check_use(crowd, "throttled", crowd_ask(crowd, open_ms, open_ms + seconds * 1000), seconds);
}

static void test_rate_after_a_throttle(void **state)
{
    (void)state;
    for_each_crowd(check_after_throttle);
}

static void test_no_limit(void **state)
{
    (void)state;
    struct gate gate;
    gate_init(&gate, 0);
    int64_t turn_us = 0;
    for (int i = 0; i < 100000; i++)
        assert_int_equal(gate_ask(&gate, 1, &turn_us, START_MS), 0);
}

static void test_those_who_wait_pass_one_by_one(void **state)
{
    (void)state;
    struct gate gate;
    int64_t turn_us[5] = {0};
    gate_init(&gate, 10);                                           /* one each 100 ms */
    assert_int_equal(gate_ask(&gate, 1, &turn_us[0], START_MS), 0); /* after the idle time */
    assert_int_equal(gate_ask(&gate, 1, &turn_us[0], START_MS), 0);
    for (int i = 0; i < 4; i++) /* a tenth more is not too late */
        assert_int_equal(gate_ask(&gate, 1, &turn_us[i], START_MS), (i + 1) * 100 * 10 / 11);
    for (int i = 0; i < 3; i++) {
        int64_t due_ms = START_MS + (i + 1) * 100;
        assert_int_not_equal(gate_ask(&gate, 1, &turn_us[i], due_ms - 1), 0);
        assert_int_not_equal(gate_ask(&gate, 1, &turn_us[i + 1], due_ms), 0); /* not its turn */
        assert_int_not_equal(gate_ask(&gate, 1, &turn_us[4], due_ms), 0);
        assert_int_equal(gate_ask(&gate, 1, &turn_us[i], due_ms), 0);
    }
    /* The fourth has left: its time passes, then whoever asks may have it. */
    assert_int_not_equal(gate_ask(&gate, 1, &turn_us[4], START_MS + 449), 0);
    assert_int_equal(gate_ask(&gate, 1, &turn_us[4], START_MS + 450), 0);
}

static void test_idle_time_is_not_saved_up(void **state)
{
    (void)state;
    struct gate gate;
    gate_init(&gate, 20);
    int at_once = 0;
    int64_t turn_us = 0;
    assert_int_equal(gate_ask(&gate, 1, &turn_us, START_MS), 0);
    while (gate_ask(&gate, 1, &turn_us, START_MS + 3600000) == 0)
        at_once++;
    assert_int_equal(at_once, 20 * GATE_BURST_MS / 1000 + 1);
}

static void test_an_event_takes_its_writes_together(void **state)
{
    (void)state;
    struct gate gate;
    int64_t first_us = 0, second_us = 0;
    gate_init(&gate, 10);
    assert_int_equal(gate_ask(&gate, 2, &first_us, START_MS), 0);
    assert_int_equal(gate_ask(&gate, 2, &first_us, START_MS), 100 * 10 / 11);
    assert_int_equal(gate_ask(&gate, 2, &second_us, START_MS), 300 * 10 / 11);
    assert_int_equal(gate_ask(&gate, 2, &first_us, START_MS + 100), 0);
    assert_int_equal(gate_ask(&gate, 2, &second_us, START_MS + 299), 1);
    assert_int_equal(gate_ask(&gate, 2, &second_us, START_MS + 300), 0);
}

static void test_throttle(void **state)
{
    (void)state;
    static const int rates[] = {0, 20};
    for (size_t i = 0; i < 2; i++) {
        struct gate gate;
        int64_t turn_us = 0;
        gate_init(&gate, rates[i]);
        assert_int_equal(gate_ask(&gate, 1, &turn_us, START_MS), 0);
        gate_throttle(&gate, GATE_ALL, START_MS, 5000);
        gate_throttle(&gate, GATE_ALL, START_MS + 10, 1000); /* does not shorten it */
        for (int64_t ms = 0; ms < 5000; ms += 100) {
            assert_int_equal(gate_ask(&gate, 1, &turn_us, START_MS + ms), 5000 - ms);
            assert_int_equal(gate_closed_ms(&gate, GATE_READS, START_MS + ms), 5000 - ms);
        }
        assert_int_equal(gate_closed_ms(&gate, GATE_READS, START_MS + 5000), 0);
        assert_int_equal(gate_ask(&gate, 1, &turn_us, START_MS + 5000), 0);
    }
}

static void test_look_is_not_counted(void **state)
{
    (void)state;
    struct gate gate;
    int64_t turn_us = 0;
    gate_init(&gate, 1);
    assert_int_equal(gate_ask(&gate, 1, &turn_us, START_MS), 0);
    for (int i = 0; i < 100; i++)
        assert_int_equal(gate_closed_ms(&gate, GATE_READS, START_MS), 0);
    assert_int_equal(gate_ask(&gate, 1, &turn_us, START_MS), (1000 - GATE_BURST_MS) * 10 / 11);
}

static void test_scopes(void **state)
{
    (void)state;
    struct gate gate;
    gate_init(&gate, 0);
    gate_throttle(&gate, GATE_WRITES, START_MS, 5000);
    gate_throttle(&gate, GATE_READS, START_MS, 1000);
    assert_int_equal(gate_closed_ms(&gate, GATE_WRITES, START_MS), 5000);
    assert_int_equal(gate_closed_ms(&gate, GATE_READS, START_MS), 1000);
    assert_int_equal(gate_closed_ms(&gate, GATE_ALL, START_MS), 5000);
    gate_throttle(&gate, GATE_ALL, START_MS + 1000, 3000);
    assert_int_equal(gate_closed_ms(&gate, GATE_WRITES, START_MS + 1000), 4000);
    assert_int_equal(gate_closed_ms(&gate, GATE_READS, START_MS + 1000), 3000);
}

/* Without a grant, and once it has run out, nothing passes; then it does so at its rate. */
static void test_grant(void **state)
{
    (void)state;
    struct crowd *crowd = test_malloc(sizeof *crowd);
    crowd_begin(crowd, 20, 40, 1);
    gate_grant(&crowd->gate, 0, START_MS, START_MS);
    assert_int_equal(crowd_ask(crowd, START_MS, START_MS + 5000), 0);
    int64_t now_ms = START_MS + 5000;
    for (int i = 0; i < 60; i++, now_ms += 1000) {
        gate_grant(&crowd->gate, i % 2 == 0 ? 5000 : 5100, now_ms + 2500, now_ms);
        int passed = crowd_ask(crowd, now_ms, now_ms + 1000);
        if (passed < (i < 2 ? 3 : 4) || passed > 6)
            fail_msg("second %d: %d writes at 5 a second", i, passed);
    }
    assert_in_range(crowd_ask(crowd, now_ms, now_ms + 1500), 6, 8); /* the last one still holds */
    assert_int_equal(crowd_ask(crowd, now_ms + 1500, now_ms + 10000), 0);
    test_free(crowd);
}

/* What was owed for a write of a tiny share is paid at the rate of the next one. */
static void test_a_small_grant_holds_no_large_one_up(void **state)
{
    (void)state;
    struct gate gate;
    int64_t turn_us = 0;
    gate_init(&gate, 20);
    gate_grant(&gate, 10, START_MS + 2500, START_MS);
    assert_int_equal(gate_ask(&gate, 2, &turn_us, START_MS), 0);
    assert_int_not_equal(gate_ask(&gate, 2, &turn_us, START_MS + 100), 0);
    gate_grant(&gate, 20000, START_MS + 3500, START_MS + 1000);
    turn_us = 0;
    int64_t now_ms = START_MS + 1000;
    while (gate_ask(&gate, 2, &turn_us, now_ms) != 0)
        now_ms++;
    assert_in_range(now_ms - START_MS, 1090, 1200);
}

static void test_give_back(void **state)
{
    (void)state;
    struct gate gate;
    int64_t turn_us = 0;
    gate_init(&gate, 10);
    assert_int_equal(gate_ask(&gate, 2, &turn_us, START_MS), 0);
    gate_give_back(&gate, 1);
    int64_t now_ms = START_MS;
    while (gate_ask(&gate, 1, &turn_us, now_ms) != 0)
        now_ms++;
    assert_in_range(now_ms - START_MS, 0, 100); /* two writes took one interval */
    gate_init(&gate, 0);
    gate_give_back(&gate, 1);
    assert_int_equal(gate_ask(&gate, 1, &turn_us, START_MS), 0);
}

static void test_canary(void **state)
{
    (void)state;
    struct gate gate;
    gate_init(&gate, 0);
    for (int i = 0; i < 3; i++) { /* answers without an echo prove nothing */
        assert_true(gate_dry_run_begin(&gate));
        assert_false(gate_dry_run_begin(&gate));
        gate_dry_run_end(&gate, GATE_ECHO_NONE);
    }
    assert_true(gate_dry_run_begin(&gate));
    gate_dry_run_end(&gate, GATE_ECHO_GOOD);
    for (int i = 0; i < 10; i++)
        assert_true(gate_dry_run_begin(&gate));
    gate_dry_run_end(&gate, GATE_ECHO_NONE);
    assert_true(gate_dry_run_begin(&gate));
}

/* What raised the interlock lets no other go, not even in the moment before it stands. */
static void test_canary_that_dies(void **state)
{
    (void)state;
    struct gate gate;
    gate_init(&gate, 0);
    assert_true(gate_dry_run_begin(&gate));
    gate_dry_run_end(&gate, GATE_ECHO_DENIED);
    assert_false(gate_dry_run_begin(&gate));
    gate_interlock_cleared(&gate);
    assert_true(gate_dry_run_begin(&gate));
    assert_false(gate_dry_run_begin(&gate)); /* alone again */
    gate_interlock_cleared(&gate);           /* nothing of that is undone */
    assert_false(gate_dry_run_begin(&gate));
    gate_dry_run_end(&gate, GATE_ECHO_GOOD);
    assert_true(gate_dry_run_begin(&gate));
    gate_dry_run_end(&gate, GATE_ECHO_DENIED); /* others are under way: the interlock's matter */
    assert_true(gate_dry_run_begin(&gate));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rate),
        cmocka_unit_test(test_no_limit),
        cmocka_unit_test(test_those_who_leave_hold_nobody_up),
        cmocka_unit_test(test_rate_after_a_throttle),
        cmocka_unit_test(test_those_who_wait_pass_one_by_one),
        cmocka_unit_test(test_idle_time_is_not_saved_up),
        cmocka_unit_test(test_an_event_takes_its_writes_together),
        cmocka_unit_test(test_throttle),
        cmocka_unit_test(test_look_is_not_counted),
        cmocka_unit_test(test_scopes),
        cmocka_unit_test(test_grant),
        cmocka_unit_test(test_a_small_grant_holds_no_large_one_up),
        cmocka_unit_test(test_give_back),
        cmocka_unit_test(test_canary),
        cmocka_unit_test(test_canary_that_dies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
