#pragma once

#include "worker/core/pace.h"
#include "worker/io/redis.h"

/* This replica's share of what all of them may write to Graph: the script REDIS_SHARE on the key
 * <prefix>:pace, or <prefix>:pace:<tenant>; one call for a question of worker/core/pace.h. */

struct redis_told {
    int64_t asked_ms;                          /* when we did */
    int64_t granted, shared;                   /* thousandths of a write a second: pace_told() */
    int64_t writes_closed_ms, reads_closed_ms; /* for so long Graph throttles, as a replica heard */
    unsigned replicas;                         /* that share */
};

/* Who asks: one for each tenant, at the same place until redis_destroy(). `on_told` is called once
 * for each question, from the loop: with what Redis says, or with NULL where it does not answer. */
struct redis_share {
    const char *name; /* of the tenant; "": there is only one */
    void (*on_told)(void *context, const struct redis_told *told);
    void *context;
    bool asks;      /* the answer is awaited */
    uint64_t asked; /* questions so far */
};

/* What is told: besides the wish for how long, as we have heard, Graph takes no writes and reads.
 */
struct redis_wish {
    struct pace_wish pace;
    int64_t writes_closed_ms, reads_closed_ms;
};

/* Redis is there, and has answered the last question. */
bool redis_may_ask_share(const struct redis *redis, const struct redis_share *share);
/* What cannot be sent is not answered: ask again. */
void redis_ask_share(struct redis *redis, struct redis_share *share, const struct redis_wish *wish,
                     int64_t now_ms);
