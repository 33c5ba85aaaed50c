#pragma once

#include "worker/core/plan.h"
#include "worker/core/pool.h"
#include "worker/core/sleepers.h"

/* The driver: takes posted outcomes, asks the plan, starts the next stage. The only place that
 * changes a request's stage, run, answer and doubt. Shells call pipeline_post() and nothing else.
 * No clock, no I/O: time comes in as an argument. */

/* What carries out a stage. `start` leads to exactly one pipeline_post() for this request, from
 * inside the call or later. The same table with scripted stages is what a simulation puts in. */
struct stage_ops {
    void (*start[STAGE_COUNT])(void *context, struct request *rq,
                               int64_t now_ms); /* none for STAGE_DONE */
    /* A request leaves, answered (stage done) or dropped (any other): give back its record, and its
     * claim or the claim's lease, if it is unanswered. The pipeline then puts it into the pool. */
    void (*leave)(void *context, struct request *rq);
    /* One transition, for the log: what was posted and what follows. NULL: not wanted. */
    void (*trace)(void *context, const struct request *rq, const struct verdict *verdict);
    void *context;
};

struct queue {
    struct request *first, *last; /* by request::next */
    size_t count;
};

/* What the worker as a whole is doing. */
enum pipeline_mode {
    PIPELINE_RUNS,
    PIPELINE_DRAINS, /* finish what is started; what waits or would wait is dropped, for the next
                        owner */
    PIPELINE_INTERLOCKED, /* contract 6: nothing is started but the record and reply of the event
                             that raised it */
    PIPELINE_STOPPED,     /* a MOVE_STOP was reached: the worker must leave */
};

struct pipeline {
    struct plan plan;
    struct stage_ops stages;
    enum pipeline_mode mode;
    struct lanes lanes;
    struct pool *pool;
    struct queue posted;          /* RUN_POSTED */
    struct queue ready;           /* RUN_READY */
    struct queue frozen;          /* RUN_FROZEN */
    struct sleepers sleepers;     /* RUN_SLEEPING */
    size_t at_stage[STAGE_COUNT]; /* requests by stage: the gauge "in flight" */
    size_t started;               /* RUN_STARTED */
    uint64_t random;              /* state of the jitter; a simulation repeats from its seed */
};

/* False when memory is short. `pool` must outlive it. */
bool pipeline_init(struct pipeline *p, const struct plan_limits *limits,
                   const struct stage_ops *stages, struct pool *pool, uint64_t seed);
/* Every request must have left. */
void pipeline_finish(struct pipeline *p);

/* Takes in a request that pool_take() made ready. It is started at the next turn. */
void pipeline_take(struct pipeline *p, struct request *rq);

/* What a stage reports: once for each start. Callable from any callback on the loop's thread, also
 * from inside start(). */
void pipeline_post(struct pipeline *p, struct request *rq, enum outcome outcome);

/* Wakes the sleepers that are due, carries out all that was posted, and what that leads to, until
 * nothing is left to do. */
void pipeline_turn(struct pipeline *p, int64_t now_ms);

/* When the next sleeper is due; INT64_MAX: none sleeps. */
int64_t pipeline_wake_ms(const struct pipeline *p);

/* Partitions have moved (their epochs have changed): what is not at work is dropped now; what is
 * started is dropped when it is posted, but for an answer that stands: that is still recorded, so
 * that the next owner finds it. */
void pipeline_drop_moved(struct pipeline *p);

/* The interlock was raised, by a stage of ours or by another replica (true), or was cleared
 * (false). */
void pipeline_interlock(struct pipeline *p, bool stands);

/* From RUNS to DRAINS. Under the interlock, which stands until the process ends, all is dropped but
 * the event that raised it. */
void pipeline_drain(struct pipeline *p);

/* Drops whatever is left, started or not: after the shells were destroyed, before
 * pipeline_finish(). */
void pipeline_drop_all(struct pipeline *p);

/* Nothing is at work any more: a drain is over. */
bool pipeline_is_idle(const struct pipeline *p);
