#pragma once

#include "worker/core/plan.h"
#include "worker/core/pool.h"

/* The driver: takes posted outcomes, asks the plan, starts the next stage. The only place that changes a request's stage,
 * run, answer and doubt. Shells call pipeline_post() and nothing else. No clock, no I/O: time comes in as an argument. */

/* What carries out a stage. `start` leads to exactly one pipeline_post() for this request, from inside the call or later.
 * The same table with scripted stages is what the simulation puts in. */
struct stage_ops {
    void (*start[STAGE_COUNT])(void *context, struct request *rq, int64_t now_ms);
    /* A request leaves: answered (stage DONE) or dropped (any other stage). Its record is given back, its claim too where the
     * intent was not written; pool_put() follows. */
    void (*leave)(void *context, struct request *rq);
    /* One transition, for the log at debug: from rq->stage, rq->outcome, to the verdict. NULL: not wanted. */
    void (*trace)(void *context, const struct request *rq, const struct verdict *verdict);
    void *context;
};

struct queue {
    struct request *first, *last; /* by request::next */
    size_t count;
};

struct pipeline {
    struct plan plan;
    struct stage_ops stages;
    struct lanes lanes;
    struct pool *pool;
    struct queue posted; /* RUN_POSTED */
    struct queue ready;  /* first in their lanes, to be started at the next turn */
    struct queue frozen; /* RUN_FROZEN */
    struct request **sleepers; /* a heap by wake_ms */
    size_t sleeper_count;
    size_t at_stage[STAGE_COUNT]; /* requests by stage: the gauge "in flight" */
    uint64_t random;              /* state of the jitter; seeded by the caller, so that a simulation repeats */
    bool interlocked;             /* contract 6 */
    bool stopped;                 /* a MOVE_STOP was reached: the worker must leave */
};

/* False when memory is short. `pool` must outlive it. */
bool pipeline_init(struct pipeline *p, const struct plan_limits *limits, const struct stage_ops *stages,
                   struct pool *pool, uint64_t seed);
void pipeline_finish(struct pipeline *p);

/* Takes in a request from the pool that request_init() made ready. It is started at the next turn. */
void pipeline_take(struct pipeline *p, struct request *rq);

/* What a stage reports: once for each start. Callable from any callback on the loop's thread, also from inside start(). */
void pipeline_post(struct pipeline *p, struct request *rq, enum outcome outcome);

/* Wakes the sleepers that are due, carries out all that was posted, and what that leads to, until nothing is left to do. */
void pipeline_turn(struct pipeline *p, int64_t now_ms);

/* When the next sleeper is due; INT64_MAX: none sleeps. */
int64_t pipeline_wake_ms(const struct pipeline *p);

/* Partitions have moved (their epochs have changed): what waits, sleeps or is frozen of them is dropped now; what is started is
 * dropped when it is posted, but for a real request that was sent, which first goes on to its record. */
void pipeline_drop_moved(struct pipeline *p);

/* The interlock (contract 6). While it stands nothing is started but the record and reply of the event that raised it. */
void pipeline_interlock(struct pipeline *p, bool stands);

/* True while a request is started or posted: a drain waits for it (sleepers and waiting ones are dropped). */
bool pipeline_is_busy(const struct pipeline *p);
