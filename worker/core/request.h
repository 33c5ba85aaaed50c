#pragma once

#include "worker/core/event.h"
#include "worker/core/lanes.h"
#include "worker/core/partition.h"
#include "worker/core/request_parts.h"
#include "worker/core/stage.h"

/* One access request at work: the one noun of the worker. A Kafka record becomes a request; a
 * request is always at one stage; the stage's shell posts one outcome; the plan says what follows.
 * It comes from the pool and goes back to it when its record is answered or dropped. Times ending
 * in `_ms` are the loop's monotonic clock unless they say `wall`. */

/* Which list a request is on, and so what may happen to it next. Only pipeline.c writes it. */
enum run {
    RUN_FREE,     /* in the pool */
    RUN_READY,    /* may be started at the next turn */
    RUN_WAITING,  /* an earlier request of one of its lanes is at work */
    RUN_STARTED,  /* a shell owes us exactly one post */
    RUN_POSTED,   /* the outcome is in, the plan not asked yet */
    RUN_SLEEPING, /* until wake_ms */
    RUN_FROZEN,   /* the interlock stands */
};

struct request {
    struct request *next; /* link of the one queue this request is on */
    enum stage stage;
    enum run run;
    enum outcome outcome; /* what was posted last */
    enum answer answer;   /* by the plan's verdict; MOVE_RETRACT alone takes it back */
    enum doubt doubt;
    struct fault fault; /* what went wrong last; stands in the reply if the answer is no success */

    struct record record;
    size_t record_bytes; /* what the pool counts for it; the record itself may be gone by then */
    struct event event;
    struct whose whose;
    struct partition *partition;
    uint64_t epoch; /* of the partition when the record was taken in */

    unsigned tries;                /* starts of this stage since it was entered */
    unsigned retries[STAGE_COUNT]; /* of its own; never reset, so that every road ends */
    unsigned ages;                 /* steps taken on a schedule since the present doubt arose */
    unsigned absences;             /* how often a look-up's "absent" was believed */
    int64_t retry_since_ms;        /* when the first own retry was planned; 0: none */
    int64_t doubt_since_ms;        /* when the present doubt arose */
    int64_t held_since_ms;         /* it waits through no fault of its own; 0: it does not */
    int64_t pause_ms; /* what a shell asks for (Retry-After …); 0: as the plan likes */
    int64_t wake_ms;
    size_t sleep_slot; /* place in the sleepers' heap */
    struct lane_tickets lanes;

    struct claim claim;
    int64_t dry_run_ms;    /* when the dry run passed; 0: it has not … */
    int64_t graph_wall_ms; /* … and what Graph's clock said then; 0: nothing */
    struct graph_trace graph;
    struct request_trace trace;
    struct attempts attempts;
    int64_t received_wall_ms, finished_wall_ms;
    int64_t turn_us; /* the place in pacing's queue (gate.h); 0: none */
    unsigned writes; /* calls to Graph that pacing has granted and that are not made yet */
    char *stored;    /* owned; members of an earlier answer from Redis (reply.h), or NULL */
    enum answer stored_answer; /* what they say; ANSWER_NONE without them */
    bool duplicate;            /* that answer was another record's */
    unsigned look_step;        /* which GET of a look-up comes next */
    enum match look_best;      /* the best row of its pages so far */
};

/* Makes a request from the pool ready for a record, and gives back all that it owns (not the
 * record: that is the source's). */
void request_init(struct request *rq, const struct record *record, struct partition *partition,
                  int64_t wall_ms);
void request_finish(struct request *rq);

/* Past its expirytime (contract 2). What is answered then is the plan's: never "expired" once a
 * real request may have happened. */
bool request_is_expired(const struct request *rq, int64_t wall_ms);

/* What the worker before us knew of Redis, for a record that it may have worked on; NULL: nobody
 * has, or nothing is known. */
const struct witness *request_witness(const struct request *rq);

/* May its real request have reached Graph, with no definite answer that it was not applied? If not,
 * a request that is dropped gives its claim back, intent and all; if so, only the claim's lease. */
bool request_may_have_been_sent(const struct request *rq);
