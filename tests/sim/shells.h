#pragma once

#include "tests/sim/world.h"
#include "worker/io/redis_memory.h"
#include "worker/pacing.h"

/* What stands in the place of the worker's shells, with the interfaces of worker/io: the core and
 * worker/stages.c call them as they call the real ones. */

/* ---- worker/io/redis.h: redis.c ---- */
struct redis {
    struct node *node;
    bool connected, interlock_known, stands;
    bool raises;                     /* the interlock, until Redis has it */
    uint64_t server;                 /* that we are connected to; 0: it does not say */
    struct redis_command *first;     /* under way, in the order in which they were sent */
    int64_t arrived_ms, answered_ms; /* nothing on a connection overtakes */
    struct redis_memory memory;      /* the real one */
};
void redis_open(struct redis *redis, struct node *node);
/* The connection breaks; `for_ms`: no new one for so long. */
void redis_break(struct redis *redis, int64_t for_ms);
/* The interlock's key has changed: everybody sees it soon. */
void redis_tell_interlock(struct world *world);
/* What its claims carry as their run. */
uint64_t redis_run(const struct node *node);

/* ---- worker/io/http.h: http.c ---- */
struct http {
    struct node *node;
    struct call *waiting; /* for a connection */
};

/* ---- worker/io/source.h: source.c ---- */
struct group_news {
    bool must_join, lost;
    int generation;
    uint64_t member;
    uint32_t given;
};
struct source {
    struct node *node;
    struct partition partitions[PARTITIONS_MAX];
    int64_t positions[PARTITIONS_MAX];
    uint32_t owned;            /* as the application knows */
    uint32_t awaited;          /* given to us, its offset is asked for */
    uint64_t member;           /* as whom we hold them */
    int generation;            /* as librdkafka's own thread knows; -1: none */
    struct group_news news[8]; /* from there, for the next turn */
    unsigned news_count;
};
void source_open(struct source *source, struct node *node);
void source_close(struct source *source);
/* The coordinator has something to say. */
void source_tell(struct node *node, int64_t at_ms, const struct group_news *news);

/* ---- worker/io/settle.h: settle.c ---- */
enum sending_state { SENDING_STARTS, SENDING_IDLE, SENDING_BUSY };
struct settle {
    struct node *node;
    struct request **waiting;
    size_t waiting_count;
    struct request **batch;
    size_t batch_count;
    struct group_commit *commit;           /* in the history's scrap, as the replies */
    struct ledger ledgers[PARTITIONS_MAX]; /* as they will be when the batch stands */
    struct sim_reply *replies;
    enum sending_state state;
    bool is_doubtful; /* was the batch committed? */
    int epoch;
    int64_t due_ms, again_ms;
};
void settle_open(struct settle *settle, struct node *node);
void settle_close(struct settle *settle);
