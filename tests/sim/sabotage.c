#include "tests/sim/node.h"

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
