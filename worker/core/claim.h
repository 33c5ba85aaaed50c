#pragma once

#include "worker/core/request.h"

/* What Redis knows of an event, and the words in which the scripts answer. The scripts themselves
 * are in worker/io/redis_scripts.h; this is the pure half: reading what they say into a request. */

/* The stored answer of a finished event: what the `record` stage writes and a later `claim` gets
 * back: the reply's members from `outcome` to `finishedAt` but `duplicate` and `origin`, as JSON
 * text without the outer braces (reply.h makes and reads it). */

enum { BODY_HASH_SIZE = 64 + 1 }; /* SHA-256 in hex */

/* One answer of the claim script, picked apart by the Redis shell. */
struct claim_answer {
    struct str word; /* "new", "taken", "held", "seen", "interrupted", "conflict", "interlock" */
    uint64_t fence;  /* new, taken, interrupted */
    int64_t held_ms; /* held: until the other's lease ends */
    int64_t intent_wall_ms;       /* interrupted */
    int64_t now_wall_ms;          /* Redis' clock */
    struct str client_request_id; /* interrupted: of the real request that may have happened */
    struct str stored;            /* seen: the stored answer */
    struct str origin; /* seen: "<topic>/<partition>/<offset>" of the record that was answered */
};

/* The outcome of the claim stage. Sets rq->claim, rq->stored, rq->stored_answer, rq->duplicate,
 * rq->fault (conflict) and rq->pause_ms (held). An event past its expirytime that was not
 * interrupted is OUTCOME_EXPIRED. A word that is not known, or a stored answer that cannot be read,
 * is OUTCOME_FAILED. */
enum outcome claim_read(struct request *rq, const struct claim_answer *answer, int64_t now_ms,
                        int64_t wall_ms);

/* "<topic>/<partition>/<offset>": who a record is, in Redis and as the reply's id (+ "/reply"). Cut
 * never: topics are at most 249 bytes. */
enum { ORIGIN_SIZE = 249 + 1 + 10 + 1 + 20 + 1 };
void claim_origin(const struct record *record, char ret[ORIGIN_SIZE]);

/* Identity of an event: the bytes to hash for its Redis key: each part with its length in front, so
 * that no two pairs collide. Returns the length; `size` at least EVENT_ID_MAX * 2 + 32. */
size_t claim_identity(const struct event *event, char *ret, size_t size);
