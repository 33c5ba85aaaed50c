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

static const struct {
    struct sabotage sabotage;
    const char *invariants; /* any of these is right */
    uint32_t kinds;         /* of faults; 0: as each seed draws them */
} rows[] = {
    {{.name = "the intent is skipped", .skips_intent = true}, "I5 I3", 0},
    {{.name = "the fence is ignored", .ignores_fence = true},
     "I3 I8",
     1U << FAULT_FREEZE | 1U << FAULT_GRAPH_LOST},
    {{.name = "graph.settle is 0", .settles_at_once = true}, "I3", 0},
    {{.name = "a broken call is sent again unseen", .sends_again = true}, "I3", 0},
    {{.name = "the reply goes out before its record", .replies_first = true}, "I3 I7 I6", 0},
    {{.name = "one offset too many is committed", .commits_one_more = true}, "I2 I1", 0},
    {{.name = "the bitmap is not read", .ignores_bits = true}, "I1 I2", 0},
    {{.name = "what Redis forgot is not noticed", .drops_witness = true}, "I3 I6", 0},
    {{.name = "the producer is kept", .keeps_producer = true}, "I1 I2", 0},
    {{.name = "a lost partition is worked on", .keeps_epoch = true}, "I8 I1 I9 I2", 0},
    {{.name = "a stale claim is no hindrance", .sends_late = true}, "I8 I3 I4", 0},
    {{.name = "Retry-After is not heeded", .ignores_throttle = true}, "I13", 0},
    {{.name = "the dry run is skipped", .skips_dry_run = true}, "I4 I6", 0},
    {{.name = "absent is believed at once", .believes_absent = true}, "I3", 0},
    {{.name = "stored answers are not told", .forgets_answers = true}, "I3 I7 I6", 0},
};

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
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct campaign campaign = {.first_seed = 1,
                                    .histories = HISTORIES_MAX,
                                    .records = RECORDS,
                                    .sabotage = &rows[i].sabotage,
                                    .only_kinds = rows[i].kinds,
                                    .failures_max = 1};
        struct campaign_end end;
        campaign_run(&campaign, false, &end);
        (void)printf("%-40s noticed by %-10s after %4u histories\n", rows[i].sabotage.name,
                     end.invariant, (unsigned)end.counts.histories);
        (void)fflush(stdout);
        assert_true(end.violations > 0);
        assert_non_null(strstr(rows[i].invariants, end.invariant));
        assert_true(is_well_without(end.first_seed, rows[i].kinds));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_sabotage_is_noticed)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
