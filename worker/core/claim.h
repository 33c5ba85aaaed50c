#pragma once

#include "worker/core/request.h"

/* What Redis knows of an event, and the words in which the scripts answer. The scripts themselves
 * are in worker/io/redis_scripts.c; this is the pure half: reading what they say into a request. */

/* The stored answer of a finished event: what the `record` stage writes and a later `claim` gets
 * back: the reply's members from `outcome` to `finishedAt` but `duplicate` and `origin`, as JSON
 * text without the outer braces (reply.h makes and reads it). */

enum {
    /* A claim that another holds is asked for again at least this often, since its owner may be
     * done long before the lease ends … */
    CLAIM_HELD_PAUSE_MAX_MS = 1000,
    /* … and no sooner than this, so that a lease about to end is not hammered. */
    CLAIM_HELD_PAUSE_MIN_MS = 50,
    /* So many crashes while it was worked on: it is taken for their cause (code crashLoop). */
    CLAIM_CRASHES_MAX = 3,
    /* The interlock is lifted by a person: once a second is often enough to see it. */
    CLAIM_INTERLOCK_PAUSE_MS = 1000,
};

/* One answer of the claim script, picked apart by the Redis shell. */
struct claim_answer {
    /* "new", "taken", "held", "seen", "interrupted", "conflict", "interlock", "version" */
    struct str word;
    uint64_t fence;               /* new, taken, interrupted */
    int64_t held_ms;              /* held: until the other's lease ends */
    int64_t intent_wall_ms;       /* interrupted: when the real request may first have been sent */
    int64_t now_wall_ms;          /* Redis' clock */
    struct str client_request_id; /* interrupted: of the real request that may have happened */
    struct str stored;            /* seen: the stored answer */
    struct str origin;            /* seen: the record that was answered, see claim_origin() */
    unsigned
        crashes; /* new, taken, interrupted: workers that ended while they had it, not leaving */
    /* new, taken: Redis has lost data since the witness (request_witness()), or has nothing left of
     * what a replay was answered first (redis.keep is over, or the loss is an old one) */
    bool forgot;
};

/* The outcome of the claim stage. New or taken, but Redis has forgotten what there was: FORGOTTEN.
 * Of too many crashes: INVALID, or UNKNOWN after an intent (fault crashLoop). Sets rq->claim
 * (`now_ms`: when the claim was sent), rq->stored, rq->stored_answer, rq->duplicate, rq->fault
 * (conflict, failed) and rq->pause_ms (held, paced). A claim that is ours but past its expirytime
 * is OUTCOME_EXPIRED, unless it was interrupted. A word that is not known, or a stored answer that
 * cannot be read, is OUTCOME_FAILED. */
enum outcome claim_read(struct request *rq, const struct claim_answer *answer, int64_t now_ms,
                        int64_t wall_ms);

/* "<topic>/<partition>/<offset>": who a record is, in Redis and as the reply's id (+ "/reply").
 * Cut never: topics are at most 249 bytes. */
enum { ORIGIN_SIZE = 249 + 1 + 11 + 1 + 20 + 1 };
void claim_origin(const struct record *record, char ret[ORIGIN_SIZE]);

/* Identity of an event: the bytes to hash for its Redis key, source and id, each with its length in
 * front, so that no two pairs collide. Returns the length; the event must be EVENT_GOOD. */
enum { CLAIM_IDENTITY_SIZE = 2 * EVENT_ID_MAX + 32 };
size_t claim_identity(const struct event *event, char *ret, size_t size);

/* Does the record carry the header `usher-replay`? Then an answer `unknown` may be worked on again
 * (contract 3). */
bool claim_is_replay(const struct record *record);
