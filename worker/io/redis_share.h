#pragma once

#include "worker/core/pace.h"
#include "worker/io/redis.h"

/* This replica's share of what all of them may write to Graph: the script REDIS_SHARE on the key
 * <prefix>:pace, one call for a question of worker/core/pace.h. */

struct redis_told {
    int64_t asked_ms;                          /* when we did */
    int64_t granted, shared;                   /* thousandths of a write a second: pace_told() */
    int64_t writes_closed_ms, reads_closed_ms; /* for so long Graph throttles, as a replica heard */
    unsigned replicas;                         /* that share */
};

/* `on_told` is called once for each question, from the loop: with what Redis says, or with NULL
 * where it does not answer. */
struct redis_share {
    void (*on_told)(void *context, const struct redis_told *told);
    void *context;
    bool asks;      /* the answer is awaited */
    uint64_t asked; /* questions so far */
};
void redis_watch_share(struct redis *redis,
                       void (*on_told)(void *context, const struct redis_told *told),
                       void *context);

/* Redis is there, and has answered the last question. */
bool redis_may_ask_share(const struct redis *redis);
/* The last two: for how long Graph takes no writes and no reads. What cannot be sent is not
 * answered: ask again. */
void redis_ask_share(struct redis *redis, const struct pace_wish *wish, int64_t now_ms,
                     int64_t writes_closed_ms, int64_t reads_closed_ms);
uint64_t redis_share_asked(const struct redis *redis);
