#pragma once

#include <stdbool.h>
#include <stdint.h>

/* How many writes a second all replicas together may send to Graph, and which part of them is ours.
 *
 * Each replica has a belief of what Graph stands: at first graph.writes_per_second, which it never
 * passes; half as much after a 429; and more again, little by little, while all goes well. Once a
 * second, while it has anything to write, it tells Redis its belief and what it needs
 * (worker/io/redis_share.h). The least belief counts for all. Redis grants each a part of it for a
 * short time, and never more in all than that. So what one replica learns holds for all within a
 * second or two, and the share of one that dies is free again when its grant has run out. Without a
 * grant nothing is written. A replica that idles asks nothing.
 *
 * Graph says from 0.8 on how much of the limit is used. Each replica minds that at once, by itself.
 * Where it does not say, a second 429 at about the rate of the one before tells the limit: for some
 * minutes we stay just below it, so that not every growing back ends in another.
 *
 * Rates are in thousandths of a write a second. Pure. */

enum {
    PACE_PERIOD_MS = 1000, /* between two questions */
    /* How long a grant holds, from when it was asked for: two answers may be missed. Who dies gives
     * its share back within this time and one more period. */
    PACE_GRANT_MS = 2500,
    /* Of graph.writes_per_second: what leaves at an even pace arrives at a less even one, and no
     * window of Graph's shall see more than is set. */
    PACE_USE_PERMILLE = 980,
    /* After the halving: 429s until then are of calls that were under way. */
    PACE_CALM_MS = 1000,
    PACE_GROWTH_PERCENT = 1, /* of the most, a second: back from a halving in less than a minute */
    PACE_LEAST_MILLIS = 100, /* a write in ten seconds: enough to find out that more may go */
    /* From SLOW on the belief grows a quarter as fast, for what is used is only known later, from
     * FULL on no more. From SLOW on we also write a little less, and from BRAKE on ever less, down
     * to a fifth at 1000, where the next write is a 429. What lies before it can be used. */
    PACE_SLOW_PERMILLE = 800,
    PACE_FULL_PERMILLE = 950,
    PACE_BRAKE_PERMILLE = 970,
    PACE_BRAKED_PERMILLE = 200,
    PACE_USED_MS = 2000, /* how long such a word of Graph's counts */
    /* Two 429s whose rates differ by less are of one limit; what is used of it; and when to try
       whether it still is: four of the windows that Graph counts in (150 s). */
    PACE_SAME_PERCENT = 25,
    PACE_BELOW_PERCENT = 95,
    PACE_LIMIT_MS = 10 * 60 * 1000,
};

struct pace {
    int64_t most; /* what may be believed; 0: no limit, and nothing is ever asked */
    int64_t belief;
    int64_t shared;  /* the least belief of all, as told last */
    int64_t granted; /* of it to us … */
    int64_t granted_until_ms;
    int64_t asked_ms;       /* 0: never */
    int64_t calm_ms;        /* 429s are news from then on */
    int64_t refused;        /* the rate of the last 429; 0: none yet */
    int64_t limit;          /* what two of them have told … */
    int64_t limit_until_ms; /* … and how long that counts */
    int used_permille;      /* of Graph's limit, as it said last; 0: below PACE_SLOW_PERMILLE … */
    int64_t used_ms;        /* … and when */
    int64_t changed_ms;     /* pace_change(); what was asked before is of the old setting */
    unsigned passed;        /* writes that have passed since we asked last */
    unsigned answers;       /* to writes, since then */
};

/* What is told to Redis. */
struct pace_wish {
    int64_t belief, demand;
};

void pace_init(struct pace *pace, int writes_per_second);

/* graph.writes_per_second is another from now on. Who believed in all of it does so again; who has
 * learnt less keeps that. Several replicas rise little by little: the least belief counts. */
void pace_change(struct pace *pace, int writes_per_second, int64_t now_ms);

/* Writes have passed the gate. */
void pace_passed(struct pace *pace, unsigned writes);

/* A write was answered; `used_permille`: throttle.h. */
void pace_answered(struct pace *pace, int used_permille, int64_t now_ms);

/* A 429 to a write, which asks for this pause. True: the belief is halved. */
bool pace_throttled(struct pace *pace, int64_t now_ms, int64_t pause_ms);

/* Is Redis to be asked now, with so many writes waiting? At most once in PACE_PERIOD_MS. */
bool pace_is_due(const struct pace *pace, unsigned waiting, int64_t now_ms);
/* When to see to it next; INT64_MAX: not before something passes or waits. */
int64_t pace_wake_ms(const struct pace *pace, unsigned waiting);
/* What is asked. */
struct pace_wish pace_ask(struct pace *pace, unsigned waiting, int64_t now_ms);

/* Redis has granted us so much of what all may write, in answer to the question of `asked_ms`. */
void pace_told(struct pace *pace, int64_t granted, int64_t shared, int64_t asked_ms);
/* Redis is away: who knows to whom our share is given next. */
void pace_lost(struct pace *pace);

/* What we may write now, for gate_grant(): the grant, less what Graph's last word takes off. */
int64_t pace_rate(const struct pace *pace, int64_t now_ms);
