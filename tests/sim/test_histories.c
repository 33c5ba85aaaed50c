/* A part of the campaign, from a fixed seed: every invariant after each history. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/sim/run.h"

#include <stdio.h>

enum { FIRST_SEED = 1, HISTORIES = 2500, RECORDS = 40 };

static void no_promise_is_broken(void **state)
{
    (void)state;
    struct campaign campaign = {.first_seed = FIRST_SEED,
                                .histories = HISTORIES,
                                .records = RECORDS,
                                .failures_max = 5};
    struct campaign_end end;
    campaign_run(&campaign, true, &end);
    counts_print(&end.counts);
    assert_int_equal(end.violations, 0);
    assert_int_equal(end.counts.histories, HISTORIES);
    /* The faults really happen. */
    assert_true(end.counts.crashes > 0 && end.counts.freezes > 0 && end.counts.doubtful > 0);
    assert_true(end.counts.forgotten > 0 && end.counts.interrupted > 0 &&
                end.counts.graph_lost > 0);
    assert_true(end.counts.answers[ANSWER_SUBMITTED] > end.counts.events / 2);
}

static void a_seed_is_the_same_history_each_time(void **state)
{
    (void)state;
    struct campaign campaign = {.first_seed = FIRST_SEED,
                                .histories = 20,
                                .records = RECORDS,
                                .failures_max = 1};
    struct campaign_end first, second;
    campaign_run(&campaign, false, &first);
    campaign_run(&campaign, false, &second);
    assert_memory_equal(&first, &second, sizeof first);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_promise_is_broken),
        cmocka_unit_test(a_seed_is_the_same_history_each_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
