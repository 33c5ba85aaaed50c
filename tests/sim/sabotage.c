#include "tests/sim/node.h"

#include <string.h>

const struct sabotage sabotage_none = {.name = "nothing"};

const struct sabotage sabotages[] = {
    {.name = "no-intent", .invariants = "I5", .skips_intent = true},
    {.name = "no-fence",
     .invariants = "I3",
     .kinds = 1U << FAULT_FREEZE | 1U << FAULT_GRAPH_LOST,
     .often = 8,
     .ignores_fence = true},
    {.name = "no-settle",
     .invariants = "I3",
     .kinds = 1U << FAULT_GRAPH_LOST | 1U << FAULT_GRAPH_STALE,
     .settles_at_once = true},
    {.name = "no-guard", .invariants = "I3", .kinds = 1U << FAULT_GRAPH_LOST, .sends_again = true},
    {.name = "reply-first", .invariants = "I3 I6 I7", .replies_first = true},
    {.name = "commit-more", .invariants = "I2", .commits_one_more = true},
    {.name = "no-bitmap", .invariants = "I1 I2", .kinds = 1U << FAULT_CRASH, .ignores_bits = true},
    {.name = "no-witness",
     .invariants = "I3 I6",
     .kinds = 1U << FAULT_CRASH | 1U << FAULT_REDIS_FLUSH,
     .drops_witness = true},
    {.name = "old-producer",
     .invariants = "I1 I2",
     .kinds = 1U << FAULT_KAFKA_LOST,
     .keeps_producer = true},
    {.name = "old-epoch",
     .invariants = "I1 I2 I8 I9",
     .kinds = 1U << FAULT_REBALANCE | 1U << FAULT_KAFKA_AWAY,
     .keeps_epoch = true},
    {.name = "old-member",
     .invariants = "I1 I2 I8",
     .kinds = 1U << FAULT_FREEZE | 1U << FAULT_REBALANCE,
     .keeps_member = true},
    {.name = "stale-claim", .invariants = "I8", .sends_late = true},
    {.name = "no-retry-after",
     .invariants = "I13",
     .kinds = 1U << FAULT_GRAPH_BUSY,
     .ignores_throttle = true},
    {.name = "no-dry-run", .invariants = "I4 I6", .skips_dry_run = true},
    {.name = "absent-at-once",
     .invariants = "I3",
     .kinds = 1U << FAULT_GRAPH_LOST,
     .believes_absent = true},
    {.name = "no-answers", .invariants = "I3", .forgets_answers = true},
    {0},
};

const struct sabotage *sabotage_find(const char *name)
{
    for (const struct sabotage *sabotage = sabotages; sabotage->name != NULL; sabotage++)
        if (strcmp(sabotage->name, name) == 0)
            return sabotage;
    return NULL;
}

static void dry_run_passes(void *context, struct request *rq, int64_t now_ms)
{
    struct worker *w = context;
    rq->dry_run_ms = now_ms;
    rq->writes = 1;
    pipeline_post(&w->pipeline, rq, OUTCOME_OK);
}

void sabotage_stages(const struct world *world, struct stage_ops *stages)
{
    if (world->sabotage->skips_dry_run)
        stages->start[STAGE_DRY_RUN] = dry_run_passes;
}

void sabotage_plan(const struct world *world, struct plan *plan)
{
    if (world->sabotage->believes_absent)
        plan->rules[STAGE_SUBMIT][OUTCOME_UNKNOWN] =
            (struct rule){.move = MOVE_GO, .next = STAGE_DRY_RUN};
}
