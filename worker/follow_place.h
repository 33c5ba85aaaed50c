#pragma once

#include "worker/core/claim.h"
#include "worker/core/follow_look.h"
#include "worker/follow.h"
#include "worker/io/redis_follow.h"
#include "worker/io/status_producer.h"

/* The inside of worker/follow.h: an entry that is at work. follow.c takes it, tells it and gives it
 * back; follow_ask.c asks Graph. */

/* Redis, Kafka or Graph does not take it: about as long as one is away when it restarts. */
enum {
    PLACE_AGAIN_MS = 5000,
    CORRELATION_BYTES = 64 /* for log lines; a UUID has 16 bytes or 36 */
};

enum place_state {
    PLACE_FREE,
    PLACE_LOOKS,       /* a GET is under way */
    PLACE_KEEPS_WORD,  /* Redis is told the word … */
    PLACE_TELLS,       /* … then Kafka */
    PLACE_KEEPS_ASKED, /* Redis is told that Graph will be asked to reprocess … */
    PLACE_REPROCESSES, /* … and Graph is */
    PLACE_LEAVES,      /* Redis is told when it is due again, or that it is over */
};

/* An entry that is ours until its lease ends. */
struct place {
    struct status_delivery delivery; /* first, so that one is the other */
    struct follow *follow;
    struct tenant *tenant; /* whose Graph is asked; NULL: it is none of ours (any more) */
    enum place_state state;
    char name[ORIGIN_SIZE];
    int64_t lease_ms; /* the fence */
    struct followed followed;
    struct follow_look look;   /* `followed` may point into it */
    struct request rq;         /* its part in calls to Graph, and in log lines */
    struct header correlation; /* of rq's record */
    uint8_t correlation_bytes[CORRELATION_BYTES];
};

struct follow {
    struct worker *worker;
    struct status_producer *producer; /* NULL: stopped, and so is the timer */
    uv_timer_t timer;
    struct place places[REDIS_TAKE_MAX];
    unsigned used;
    unsigned asked;          /* for how many Redis is being asked; 0: it is not */
    int64_t clock_offset_ms; /* from the loop's clock to Redis' */
    struct follow_stats stats;
};

/* Now by Redis' clock, by which entries live. */
int64_t place_now_ms(const struct place *place);

/* The last step of a place: due again after `delay_ms`; `changed`: with what it says now. Where
 * Redis does not take it, the lease ends by itself. */
void place_put_back(struct place *place, int64_t delay_ms, bool changed);
/* It is ours no more. */
void place_leave(struct place *place);
/* What is written is held on, so that the next step is ours too: `on_kept` as redis_follow_put()
 * has it. */
void place_keep(struct place *place, enum place_state state,
                void (*on_kept)(void *context, int64_t lease_ms));
/* Keeps the word that `followed` has, and tells it. */
void place_keep_word(struct place *place);

/* follow_ask.c: the look at Graph, and all that follows from it. */
void place_look(struct place *place);
