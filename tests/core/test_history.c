#include "worker/core/history.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { START_MS = 7654321 };

static void note(struct history_ring *history, uint64_t submitted, int64_t now_ms)
{
    struct history_now now = {.lag = (int64_t)submitted, .in_flight = submitted % 7};
    now.answers[ANSWER_SUBMITTED] = submitted;
    now.answers[ANSWER_FAILED] = submitted / 10;
    history_note(history, &now, now_ms);
}

static void test_slots(void **state)
{
    (void)state;
    struct history_ring history = {0};
    assert_null(history_at(&history, 0, START_MS));
    note(&history, 5, START_MS);
    note(&history, 8, START_MS + 1000);
    const struct history_slot *now = history_at(&history, 0, START_MS + 1000);
    assert_non_null(now);
    assert_int_equal(now->answers[ANSWER_SUBMITTED], 8);
    assert_int_equal(now->lag, 8);
    assert_int_equal(now->in_flight, 5); /* the most, not the last */

    note(&history, 20, START_MS + HISTORY_SLOT_MS);
    assert_int_equal(history_at(&history, 0, START_MS + HISTORY_SLOT_MS)->answers[ANSWER_SUBMITTED],
                     12);
    assert_int_equal(history_at(&history, 1, START_MS + HISTORY_SLOT_MS)->answers[ANSWER_SUBMITTED],
                     8);
    assert_int_equal(history_sum(&history, ANSWER_SUBMITTED, HISTORY_SLOTS,
                                 START_MS + HISTORY_SLOT_MS),
                     20);
    assert_int_equal(history_sum(&history, ANSWER_FAILED, 1, START_MS + HISTORY_SLOT_MS), 2);
}

/* Nothing was noted for long: what is old is not taken for new, and what came meanwhile is now's.
 */
static void test_gap(void **state)
{
    (void)state;
    struct history_ring history = {0};
    int64_t later_ms = START_MS + (int64_t)HISTORY_SLOTS * HISTORY_SLOT_MS;
    note(&history, 100, START_MS);
    assert_null(history_at(&history, 0, later_ms));
    assert_int_equal(history_sum(&history, ANSWER_SUBMITTED, HISTORY_SLOTS, later_ms), 0);
    note(&history, 103, later_ms);
    assert_int_equal(history_sum(&history, ANSWER_SUBMITTED, HISTORY_SLOTS, later_ms), 3);
    assert_null(history_at(&history, 1, later_ms));
}

/* Just after a start of the machine the clock is below a quarter of an hour. */
static void test_young_clock(void **state)
{
    (void)state;
    struct history_ring history = {0};
    note(&history, 4, 0);
    assert_int_equal(history_at(&history, 0, 0)->answers[ANSWER_SUBMITTED], 4);
    for (size_t age = 1; age < HISTORY_SLOTS; age++)
        assert_null(history_at(&history, age, 0));
}

/* Each answer is in one slot, and stays for a quarter of an hour: against a plain list. */
static void test_against_a_list(void **state)
{
    (void)state;
    enum { TICKS = 3000 };
    struct history_ring history = {0};
    static uint64_t came[TICKS];
    uint64_t all = 0;
    uint32_t seed = 1;
    for (size_t second = 0; second < TICKS; second++) {
        seed = seed * 1664525 + 1013904223;
        came[second] = seed >> 29;
        all += came[second];
        int64_t now_ms = (int64_t)second * 1000 + START_MS / 10000 * 10000;
        note(&history, all, now_ms);
        size_t begun = second % 10 + 1 + (HISTORY_SLOTS - 1) * 10;
        uint64_t sum = 0;
        for (size_t i = 0; i < begun && i <= second; i++)
            sum += came[second - i];
        assert_int_equal(history_sum(&history, ANSWER_SUBMITTED, HISTORY_SLOTS, now_ms), sum);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_slots),
        cmocka_unit_test(test_gap),
        cmocka_unit_test(test_young_clock),
        cmocka_unit_test(test_against_a_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
