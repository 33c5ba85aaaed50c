#include "tests/sim/run.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* The options that repeat a history but its seed. */
void campaign_print_command(const struct campaign *campaign, uint64_t seed)
{
    (void)printf("usher-sim --events %zu", campaign->records);
    if (campaign->sabotage != NULL)
        (void)printf(" --break %s", campaign->sabotage->name);
    const char *comma = " --only ";
    for (enum mishap fault = 0; fault < FAULT_COUNT; fault++) {
        if ((campaign->only_kinds >> fault & 1) == 0)
            continue;
        (void)printf("%s%s", comma, fault_name(fault));
        comma = ",";
    }
    (void)printf(" --replay %" PRIu64 " --trace\n", seed);
}

static void report(const struct world *world, const struct campaign *campaign, uint64_t seed)
{
    char text[MIX_TEXT_SIZE];
    mix_print(&world->mix, text);
    (void)printf("BROKEN %s: %s\n  seed %" PRIu64 ": %s\n  again: ", world->check.invariant,
                 world->check.text, seed, text);
    campaign_print_command(campaign, seed);
    (void)fflush(stdout);
}

void campaign_run(const struct campaign *campaign, bool print, struct campaign_end *ret)
{
    struct world *world = world_create();
    *ret = (struct campaign_end){0};
    world->only_kinds = campaign->only_kinds;
    for (uint64_t i = 0; i < campaign->histories; i++) {
        struct history history = {.seed = campaign->first_seed + i,
                                  .records = campaign->records,
                                  .trace = campaign->trace,
                                  .sabotage = campaign->sabotage};
        if (campaign->running != NULL)
            *campaign->running = history.seed;
        bool good = world_run(world, &history);
        counts_add(&ret->counts, &world->counts);
        if (good)
            continue;
        if (ret->violations++ == 0) {
            ret->first_seed = history.seed;
            memcpy(ret->invariant, world->check.invariant, sizeof ret->invariant);
        }
        if (print)
            report(world, campaign, history.seed);
        if (ret->violations >= campaign->failures_max)
            break;
    }
    world_destroy(world);
}

void counts_print(const struct counts *counts)
{
    const struct {
        const char *name;
        uint64_t number;
    } rows[] = {
        {"histories", counts->histories},
        {"events", counts->events},
        {"happenings", counts->happenings},
        {"crashes", counts->crashes},
        {"crashes by poison", counts->poisoned},
        {"zombies (frozen)", counts->freezes},
        {"drains", counts->drains},
        {"left and joined", counts->bounces},
        {"rebalances", counts->rebalances},
        {"sessions lost", counts->sessions_lost},
        {"broker requests lost", counts->lost_requests},
        {"broker answers lost", counts->lost_answers},
        {"commits in doubt", counts->doubtful},
        {"producers replaced", counts->recycled},
        {"producers fenced", counts->fenced},
        {"commits of old owners refused", counts->late_commits},
        {"redis connections broken", counts->redis_breaks},
        {"redis lost writes", counts->redis_losses},
        {"redis flushed", counts->redis_flushes},
        {"redis clock jumps", counts->clock_jumps},
        {"claims: forgotten", counts->forgotten},
        {"claims: interrupted", counts->interrupted},
        {"claims too old to send", counts->stale_claims},
        {"graph answers lost", counts->graph_lost},
        {"graph late", counts->graph_late},
        {"graph throttled", counts->throttles},
        {"graph errors", counts->errors},
        {"interlocks", counts->interlocks},
        {"crash loops", counts->crash_loops},
        {"duplicates", counts->duplicates},
        {"submitted", counts->answers[ANSWER_SUBMITTED]},
        {"existing", counts->answers[ANSWER_EXISTING]},
        {"validated", counts->answers[ANSWER_VALIDATED]},
        {"rejected", counts->answers[ANSWER_REJECTED]},
        {"expired", counts->answers[ANSWER_EXPIRED]},
        {"failed", counts->answers[ANSWER_FAILED]},
        {"unknown", counts->answers[ANSWER_UNKNOWN]},
        {"submitted for another event's request", counts->mistaken},
        {"untrue: redis forgot, and nobody noticed", counts->lies_forgotten},
        {"granted twice: redis forgot, and nobody noticed", counts->twice_forgotten},
        {"granted twice: redis forgot, another record", counts->twice_again},
        {"granted twice: graph lagged beyond graph.settle", counts->twice_late},
        {"granted twice: by a dry run too", counts->twice_dry},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        (void)printf("%12" PRIu64 "  %s\n", rows[i].number, rows[i].name);
}
