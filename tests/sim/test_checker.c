/* Can the checker fail? Something of the worker or around it is broken on purpose, and the promise
 * that hangs on it must be seen to break within a few histories. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/sim/run.h"

#include <stdio.h>
#include <string.h>

enum { HISTORIES_MAX = 1000, RECORDS = 40 };

/* Once more, without it: the first violation must be this one's doing. */
static bool is_well_without(uint64_t seed, uint32_t kinds)
{
    struct campaign campaign = {.first_seed = seed,
                                .histories = 1,
                                .records = RECORDS,
                                .only_kinds = kinds,
                                .failures_max = 1};
    struct campaign_end end;
    campaign_run(&campaign, true, &end);
    return end.violations == 0;
}

static void each_sabotage_is_noticed(void **state)
{
    (void)state;
    for (const struct sabotage *sabotage = sabotages; sabotage->name != NULL; sabotage++) {
        struct campaign campaign = {.first_seed = 1,
                                    .histories = HISTORIES_MAX,
                                    .records = RECORDS,
                                    .sabotage = sabotage,
                                    .only_kinds = sabotage->kinds,
                                    .failures_max = 1};
        struct campaign_end end;
        campaign_run(&campaign, false, &end);
        (void)printf("%-15s noticed by %-10s after %4u histories\n", sabotage->name, end.invariant,
                     (unsigned)end.counts.histories);
        (void)fflush(stdout);
        assert_true(end.violations > 0);
        assert_non_null(strstr(sabotage->invariants, end.invariant));
        assert_true(is_well_without(end.first_seed, sabotage->kinds));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_sabotage_is_noticed)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
