#pragma once

#include "config/settings.h"
#include "worker/core/error.h"
#include "worker/core/pipeline.h"
#include "worker/io/redis_facts.h"

#include <uv.h>

/* The Redis shell: one pipelined connection, five scripts (redis_scripts.h) and the interlock's
 * key. Posts to the pipeline; decides nothing. While Redis is away, full, loading or forbids it,
 * every start posts OUTCOME_PACED, so nothing is lost and nothing is counted against an event.
 * Redis 6 or newer; no Redis Cluster. */
struct redis;

enum {
    REDIS_PAUSE_MS = 200, /* what a paced request asks for while Redis is away */
    /* Redis refused a command as a whole (full, loading, forbidden): taken for down so long. Then
       it is tried again. */
    REDIS_REFUSAL_MS = 2000,
    REDIS_WAIT_MS = 1000, /* redis.wait_replicas: how long the replicas may take */
    /* How long the disk may take, where Redis tells (WAITAOF): with appendfsync everysec it is
       written once a second, and up to two later while the one before is not done. */
    REDIS_FSYNC_MS = 3000,
    /* An intent that became durable later than this is confirmed once more: guarantee I8 wants the
       real request within 2 s of the last word of Redis. */
    REDIS_MARK_FRESH_MS = 500,
    DRY_RUN_AGE_MAX_MS = 60 * 1000, /* guarantee I4 */
};

/* Starts to connect. False: NULL and an error that names the setting; a Redis that is away is none.
 * `settings` and `pipeline` must outlive it. */
struct redis *redis_create(uv_loop_t *loop, const struct settings *settings,
                           struct pipeline *pipeline, struct error *error);
/* The requests under way are given up: they are not touched again and nothing more is posted, so
 * that the pipeline may drop them. Only redis_release() and redis_destroy() may follow. NULL is
 * fine. */
void redis_abandon(struct redis *redis);
/* What is under way is posted OUTCOME_PACED first, unless it was abandoned. Claims that were just
 * released still are. Its handles close in the loop's next turn, and only then its memory is free.
 * Not from inside a callback of it. NULL is fine. */
void redis_destroy(struct redis *redis);

/* Sets rq->claim, rq->stored … : claim_read(). */
void redis_claim(struct redis *redis, struct request *rq, int64_t now_ms);
/* Writes the intent. OK: rq->claim.confirmed_ms is when it was sent (guarantee I8), and
 * rq->claim.client_request_id the fresh GUID under which the real request must go out. STALE: the
 * dry run is older than DRY_RUN_AGE_MAX_MS. PACED: also when it is not durable in time: on
 * Redis' disk, where Redis tells, and with redis.wait_replicas. */
void redis_mark(struct redis *redis, struct request *rq, int64_t now_ms);
/* Keeps the answer (rq->answer, rq->finished_wall_ms stand). LOST: another has the claim, or Redis
 * has forgotten the event and the answer is not one that is true all the same (plan.h, RETRACT). */
void redis_record(struct redis *redis, struct request *rq, int64_t now_ms);
/* Gives a claim back of which no real request can have been sent (the record's partition moved, or
 * the worker leaves). Without a claim it does nothing. Posts nothing; lost with the connection, in
 * which case the claim's lease runs out. */
void redis_release(struct redis *redis, struct request *rq);
/* The same for a claim after its intent, whose real request is not under way: the intent stays, and
 * the next owner looks at once instead of waiting for the lease. */
void redis_yield(struct redis *redis, struct request *rq);

/* What this worker knows of Redis, to stand beside the offsets that it commits; it stays at the
 * same place. Before the first claim nothing is known. */
const struct witness *redis_witness(const struct redis *redis);

/* `on_loss` is called when Redis has lost claims or intents that it had confirmed, or may have (it
 * was restarted), with what was known of it before. */
void redis_watch_memory(struct redis *redis,
                        void (*on_loss)(void *context, const struct witness *before),
                        void *context);

/* The interlock key: raised once, as soon as Redis is there, and watched: `on_interlock` is called
 * when it appears or is gone (contract 6). */
void redis_raise_interlock(struct redis *redis, const char *why);
void redis_watch_interlock(struct redis *redis, void (*on_interlock)(void *context, bool stands),
                           void *context);

/* Redis has answered all that it was asked, or is away. Until then claims that are given back may
 * be lost with the connection. */
bool redis_is_idle(const struct redis *redis);
bool redis_is_up(const struct redis *redis);
/* It is not, because Redis does not take our name or password, or our user may not do what it must
 * (exit 77 instead of 69). */
bool redis_is_refused(const struct redis *redis);
/* Why it is not up, a sentence that names the setting; "" when it is. Never holds a password. */
const char *redis_trouble(const struct redis *redis);

struct redis_stats {
    uint64_t commands, connects, losses; /* losses: of the connection, and vain tries to connect */
    uint64_t refusals;                   /* commands that Redis answered with an error */
    uint64_t unconfirmed;                /* intents that Redis did not make durable in time */
    uint64_t forgotten;                  /* times that Redis had lost what it was told */
};
struct redis_stats redis_stats(const struct redis *redis);
/* What Redis said of itself when it was last reached (redis_facts.h). */
const struct redis_facts *redis_facts(const struct redis *redis);
