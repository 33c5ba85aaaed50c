#include "worker/core/pipeline.h"

#include <assert.h>

bool pipeline_init(struct pipeline *p, const struct plan_limits *limits,
                   const struct stage_ops *stages, struct pool *pool, uint64_t seed)
{
    *p = (struct pipeline){.stages = *stages, .pool = pool, .random = seed};
    plan_init(&p->plan, limits);
    return lanes_init(&p->lanes, pool->size) && sleepers_init(&p->sleepers, pool->size);
}

void pipeline_finish(struct pipeline *p)
{
    assert(p->pool == NULL || p->pool->used == 0);
    lanes_finish(&p->lanes);
    sleepers_finish(&p->sleepers);
    *p = (struct pipeline){0};
}

static void push(struct queue *queue, struct request *rq)
{
    rq->next = NULL;
    if (queue->first == NULL)
        queue->first = rq;
    else
        queue->last->next = rq;
    queue->last = rq;
    queue->count++;
}

static struct request *pop(struct queue *queue)
{
    struct request *rq = queue->first;
    if (rq != NULL) {
        queue->first = rq->next;
        rq->next = NULL;
        queue->count--;
    }
    return rq;
}

/* xorshift64*: jitter needs no better chance, and a simulation repeats it. */
static int64_t up_to(struct pipeline *p, int64_t most)
{
    p->random ^= p->random >> 12;
    p->random ^= p->random << 25;
    p->random ^= p->random >> 27;
    return most <= 0 ? 0 : (int64_t)((p->random * 0x2545F4914F6CDD1Du >> 1) % (uint64_t)(most + 1));
}

static bool is_ours(const struct request *rq)
{
    return partition_is_ours(rq->partition, rq->epoch);
}

static void make_ready(struct pipeline *p, struct request *rq)
{
    rq->run = RUN_READY;
    push(&p->ready, rq);
}

static void on_lane_free(void *context, struct request *freed)
{
    assert(freed->run == RUN_WAITING);
    make_ready(context, freed);
}

static void leave_for(struct pipeline *p, struct request *rq,
                      void (*on_free)(void *context, struct request *freed))
{
    lanes_leave(&p->lanes, rq, on_free, p);
    p->at_stage[rq->stage]--;
    p->stages.leave(p->stages.context, rq);
    pool_put(p->pool, rq);
}

static void leave(struct pipeline *p, struct request *rq)
{
    leave_for(p, rq, on_lane_free);
}

/* The numbers of a request's lanes: its record key, whom and what it is about, and its event id.
 * Both of the first hold within a partition only. */
static size_t lane_ids(const struct request *rq, uint64_t ids[LANES_PER_REQUEST])
{
    const struct event *event = &rq->event;
    const struct subject *subject = &event->subject;
    uint64_t here = lane_hash(1, &rq->partition->id, sizeof rq->partition->id);
    size_t count = 0;
    if (rq->record.key.data != NULL)
        ids[count++] = lane_hash(here, rq->record.key.data, rq->record.key.size);
    if (event->worth != EVENT_GOOD)
        return count;
    const char *parts[] = {subject->target_id,     subject->target_email, subject->package_id,
                           subject->assignment_id, subject->catalog_id,   subject->origin_id,
                           subject->resource_id};
    uint64_t about = here + 1;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        about = lane_hash(about, parts[i], strlen(parts[i]) + 1);
    ids[count++] = about;
    uint64_t identity = lane_hash(2, event->source, strlen(event->source) + 1);
    ids[count++] = lane_hash(identity, event->id, strlen(event->id));
    return count;
}

/* Under the interlock only the event that raised it goes on, to its record and its reply. */
static bool may_start(const struct pipeline *p, const struct request *rq)
{
    return p->mode != PIPELINE_INTERLOCKED || rq->doubt == DOUBT_DRY_RUN;
}

static void start(struct pipeline *p, struct request *rq, int64_t now_ms)
{
    if (!may_start(p, rq)) {
        rq->run = RUN_FROZEN;
        push(&p->frozen, rq);
        return;
    }
    rq->run = RUN_STARTED;
    rq->tries++;
    plan_resume(rq, now_ms);
    p->started++;
    p->stages.start[rq->stage](p->stages.context, rq, now_ms);
    if (rq->stage == STAGE_REPLY) /* handed to its transaction: whoever stood behind it may go */
        lanes_leave(&p->lanes, rq, on_lane_free, p);
}

static void enter(struct pipeline *p, struct request *rq, enum stage stage)
{
    p->at_stage[rq->stage]--;
    p->at_stage[stage]++;
    rq->stage = stage;
    rq->tries = 0;
}

static void fall_asleep(struct pipeline *p, struct request *rq, const struct verdict *verdict,
                        int64_t now_ms)
{
    rq->run = RUN_SLEEPING;
    rq->wake_ms = now_ms + verdict->pause_ms + up_to(p, verdict->jitter_ms);
    sleepers_add(&p->sleepers, rq);
}

/* A request of a partition that has moved goes on only where an answer stands, as far as its
 * record. A drain sleeps for nothing else either. */
static bool is_dropped(const struct pipeline *p, const struct request *rq,
                       const struct verdict *verdict)
{
    if (verdict->move == MOVE_DROP)
        return true;
    bool leaving = !is_ours(rq) || (p->mode == PIPELINE_DRAINS && verdict->move == MOVE_WAIT);
    return leaving && rq->answer == ANSWER_NONE;
}

static void go_on(struct pipeline *p, struct request *rq, const struct verdict *verdict,
                  int64_t now_ms)
{
    enum stage before = rq->stage;
    enter(p, rq, verdict->next);
    if (verdict->move == MOVE_WAIT)
        fall_asleep(p, rq, verdict, now_ms);
    else if (rq->stage == STAGE_DONE)
        leave(p, rq);
    else if (before != STAGE_ADMIT)
        start(p, rq, now_ms);
    else {
        uint64_t ids[LANES_PER_REQUEST];
        if (lanes_enter(&p->lanes, rq, ids, lane_ids(rq, ids)))
            start(p, rq, now_ms);
        else
            rq->run = RUN_WAITING;
    }
}

static void apply(struct pipeline *p, struct request *rq, int64_t now_ms)
{
    struct verdict verdict = plan_next(&p->plan, rq, now_ms);
    if (p->stages.trace != NULL)
        p->stages.trace(p->stages.context, rq, &verdict);
    bool raises = verdict.doubt_begins && verdict.doubt == DOUBT_DRY_RUN;
    if (raises && p->mode == PIPELINE_RUNS)
        p->mode = PIPELINE_INTERLOCKED;
    if (verdict.move == MOVE_STOP)
        p->mode = PIPELINE_STOPPED;
    plan_note(rq, &verdict, now_ms);
    if (verdict.retracts)
        fault_clear(&rq->fault);
    if (verdict.move == MOVE_STOP || is_dropped(p, rq, &verdict))
        leave(p, rq);
    else
        go_on(p, rq, &verdict, now_ms);
}

void pipeline_take(struct pipeline *p, struct request *rq)
{
    assert(rq->run == RUN_FREE && rq->stage == STAGE_ADMIT);
    p->at_stage[STAGE_ADMIT]++;
    make_ready(p, rq);
}

void pipeline_post(struct pipeline *p, struct request *rq, enum outcome outcome)
{
    assert(rq->run == RUN_STARTED);                    /* not twice, not unasked */
    assert(plan_allows(&p->plan, rq->stage, outcome)); /* nothing that this stage cannot say */
    rq->run = RUN_POSTED;
    rq->outcome = outcome;
    p->started--;
    push(&p->posted, rq);
}

static void wake_sleepers(struct pipeline *p, int64_t now_ms)
{
    struct request *rq;
    while ((rq = sleepers_first(&p->sleepers)) != NULL && rq->wake_ms <= now_ms) {
        sleepers_remove(&p->sleepers, rq);
        make_ready(p, rq);
    }
}

void pipeline_turn(struct pipeline *p, int64_t now_ms)
{
    wake_sleepers(p, now_ms);
    while (p->posted.first != NULL || p->ready.first != NULL) {
        for (struct request *rq; (rq = pop(&p->posted)) != NULL;)
            apply(p, rq, now_ms);
        struct request *rq = pop(&p->ready);
        if (rq != NULL)
            start(p, rq, now_ms);
    }
}

int64_t pipeline_wake_ms(const struct pipeline *p)
{
    const struct request *rq = sleepers_first(&p->sleepers);
    return rq != NULL ? rq->wake_ms : INT64_MAX;
}

/* One that waits is not, even with its answer: it would go out before the answer of the one before
 * it. */
static bool is_kept_in_drain(const struct request *rq)
{
    return rq->answer != ANSWER_NONE && rq->run != RUN_WAITING;
}

static bool is_kept_when_moved(const struct request *rq)
{
    return is_ours(rq) || is_kept_in_drain(rq);
}

/* The event that raised it: it is still to be recorded and answered. */
static bool is_kept_in_interlock(const struct request *rq)
{
    return rq->doubt == DOUBT_DRY_RUN;
}

static bool is_kept_never(const struct request *rq)
{
    (void)rq;
    return false;
}

static void drop_queued(struct pipeline *p, struct queue *queue,
                        bool (*is_kept)(const struct request *rq))
{
    struct queue all = *queue;
    *queue = (struct queue){0};
    for (struct request *rq; (rq = pop(&all)) != NULL;) {
        if (is_kept(rq))
            push(queue, rq);
        else
            leave(p, rq);
    }
}

static void on_lane_free_later(void *context, struct request *freed)
{
    (void)context;
    assert(freed->run == RUN_WAITING);
}

/* Nobody who is to be dropped as well is woken by a lane that becomes free. */
static void drop_waiting(struct pipeline *p, bool (*is_kept)(const struct request *rq))
{
    for (size_t i = 0; i < p->pool->size; i++) {
        struct request *rq = &p->pool->all[i];
        if (rq->run == RUN_WAITING && !is_kept(rq))
            leave_for(p, rq, on_lane_free_later);
    }
    for (size_t i = 0; i < p->pool->size; i++) {
        struct request *rq = &p->pool->all[i];
        if (rq->run == RUN_WAITING && rq->lanes.blocked == 0)
            make_ready(p, rq);
    }
}

/* Drops what is neither started nor posted. */
static void drop_idle(struct pipeline *p, bool (*is_kept)(const struct request *rq))
{
    drop_waiting(p, is_kept);
    for (size_t i = 0; i < p->pool->size; i++) {
        struct request *rq = &p->pool->all[i];
        if (rq->run == RUN_SLEEPING && !is_kept(rq)) {
            sleepers_remove(&p->sleepers, rq);
            leave(p, rq);
        }
    }
    drop_queued(p, &p->frozen, is_kept);
    drop_queued(p, &p->ready, is_kept);
}

void pipeline_drop_moved(struct pipeline *p)
{
    drop_idle(p, is_kept_when_moved);
}

void pipeline_drain(struct pipeline *p)
{
    if (p->mode == PIPELINE_INTERLOCKED)
        drop_idle(p, is_kept_in_interlock);
    if (p->mode != PIPELINE_RUNS)
        return;
    p->mode = PIPELINE_DRAINS;
    drop_idle(p, is_kept_in_drain);
}

void pipeline_interlock(struct pipeline *p, bool stands)
{
    if (stands && p->mode != PIPELINE_STOPPED)
        p->mode = PIPELINE_INTERLOCKED;
    if (stands || p->mode != PIPELINE_INTERLOCKED)
        return;
    p->mode = PIPELINE_RUNS;
    for (struct request *rq; (rq = pop(&p->frozen)) != NULL;)
        make_ready(p, rq);
}

void pipeline_drop_all(struct pipeline *p)
{
    drop_waiting(p, is_kept_never);
    for (size_t i = 0; i < p->pool->size; i++) {
        struct request *rq = &p->pool->all[i];
        if (rq->run == RUN_SLEEPING)
            sleepers_remove(&p->sleepers, rq);
        if (rq->run != RUN_FREE)
            leave(p, rq);
    }
    p->posted = p->ready = p->frozen = (struct queue){0};
    p->started = 0;
}

bool pipeline_is_idle(const struct pipeline *p)
{
    return p->pool->used == p->frozen.count;
}
