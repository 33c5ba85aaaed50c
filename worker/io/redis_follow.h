#pragma once

#include "worker/core/followed.h"
#include "worker/io/redis.h"

/* The requests that are followed (core/follow.h) live in Redis, for all workers of a prefix:
 *
 *   <prefix>:follow:entries  a hash: claim_origin() of the request's record -> core/followed.h
 *   <prefix>:follow:look     a sorted set: those that Graph is to be asked about, by when (ms of
 *                            Redis' clock); while a worker has one, that is when its lease ends
 *   <prefix>:follow:tell     likewise those whose status was known at once: it only is to be sent
 *   <prefix>:follow:pace     up to when follow.looks_per_second is used up (µs); ends by itself
 *
 * An entry is written by the script that records the answer, in the same step (redis_record()): no
 * crash is between the two, and no offset waits. A worker takes what is due for redis.lease, which
 * outlives a call; looks, remembers what it saw, sends the status, and has it forgotten when Kafka
 * has it. One that dies leaves its entries to their lease. The end of the lease is the fence: who
 * is late finds another there, and changes nothing. So an entry is lost with Redis' own data only.
 * The first three keys end twice follow.for and redis.keep after the last write, should nobody
 * follow any more.
 *
 * REDIS_RECORD, to have a request followed: KEYS also look or tell, entries; ARGV also the entry,
 * the time until its first look (ms), follow.requests, how long the keys live (ms). Another answer
 * is "full": recorded, and not followed, as there are so many already.
 * REDIS_FOLLOW_TAKE: KEYS look, tell, entries, pace. ARGV owner, lease (ms), how many at most,
 * looks a second. Takes what is due, the longest overdue first. Returns two texts, how many entries
 * there are and the time (ms), and three for each that was taken: name, end of the lease, entry.
 * REDIS_FOLLOW_PUT: KEYS look, tell, entries. ARGV owner, name, end of the lease; the time until it
 * is due again (ms), or "done": forget it; the entry, or "" as it is; how long the keys live (ms).
 * Returns two texts: "ok" and when it is due, or "lost" and 0. */

struct redis_taken_one {
    struct str name, entry;
    int64_t lease_ms; /* when it ends, by Redis' clock: the fence */
};

/* What is there, for the length of the call. */
struct redis_taken {
    int64_t entries; /* that there are, all workers' */
    int64_t now_ms;  /* Redis' clock */
    const struct redis_taken_one *items;
    size_t count;
};

enum { REDIS_TAKE_MAX = 16 }; /* at once */

/* Takes up to `room` entries. `on_taken` is called once, from the loop; NULL: Redis did not say,
 * and what it may have given comes back with its lease. False: it cannot be asked. */
bool redis_follow_take(struct redis *redis, unsigned room,
                       void (*on_taken)(void *context, const struct redis_taken *taken),
                       void *context);

enum { REDIS_FOLLOW_DONE = -1 };
/* Puts an entry back. `on_put` as above: with the time when it is due, by Redis' clock, which is
 * the new fence; 0: it was forgotten; -1: it is another's, or that is not known, and must not be
 * touched. */
struct redis_put {
    const char *name;
    int64_t lease_ms; /* the fence */
    int64_t delay_ms; /* until it is due; to hold it on: redis_follow_lease_ms(); REDIS_FOLLOW_DONE:
                       * it is forgotten */
    const struct followed *followed; /* what it says from now on; NULL: what it said */
};
bool redis_follow_put(struct redis *redis, const struct redis_put *put,
                      void (*on_put)(void *context, int64_t lease_ms), void *context);
int64_t redis_follow_lease_ms(const struct redis *redis);

/* Submitted requests that were not followed since start, as there were follow.requests. */
uint64_t redis_follow_refused(const struct redis *redis);
