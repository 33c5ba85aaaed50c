#pragma once

#include "worker/core/request.h"

/* The whole policy of the worker: what follows when a stage reports an outcome. One table,
 * rules[STAGE][OUTCOME]; a cell that is not filled is MOVE_NEVER: the stage may not say that, and
 * saying it is a bug (pipeline_post() asserts it). */

enum move {
    MOVE_NEVER, /* empty cell */
    MOVE_GO,    /* to `next`, now */
    MOVE_WAIT,  /* to `next` after a pause; no fault of the event, so nothing is counted */
    MOVE_RETRY, /* to `next` after a backoff, while the event's own retries last; else give up:
                   failed, or unknown in doubt */
    MOVE_AGE, /* to `next` on the schedule of graph.eventual; when that has passed, answer `answer`
               */
    MOVE_SETTLE,  /* look again until graph.settle has passed (doubt: sent) or as MOVE_AGE (doubt:
                     open) */
    MOVE_RETRACT, /* another has the claim: an answer that says that nothing happened is taken back,
                     then as MOVE_RETRY, at last unknown. Any other answer is true all the same: to
                     the reply */
    MOVE_ANSWER,  /* the answer is known: `answer`, then `next` */
    MOVE_DROP,    /* not ours any more: forget it unanswered; who has the partition now answers */
    MOVE_STOP,    /* cannot go on: the worker stops and says why; nothing is lost */
};

struct rule {
    enum move move;
    enum stage next;
    enum answer answer;
    enum doubt doubt; /* raised to this one */
};

/* The numbers that the plan may use: settings graph.retry_attempts … graph.settle. */
struct plan_limits {
    unsigned retry_attempts;
    int64_t retry_for_ms;
    int64_t eventual_ms;
    int64_t settle_ms;
};

struct plan {
    struct rule rules[STAGE_COUNT][OUTCOME_COUNT];
    struct plan_limits limits;
};

/* What to do with one request now. */
struct verdict {
    enum move move; /* GO, WAIT, ANSWER, DROP or STOP */
    enum stage next;
    enum answer answer; /* ANSWER_NONE: as it was */
    enum doubt doubt;   /* what the request's doubt is from here on */
    int64_t pause_ms;   /* MOVE_WAIT: at least so long … */
    int64_t jitter_ms;  /* … and up to so much longer, by chance */
    bool doubt_begins;  /* its age counts from now */
    bool retracts;      /* the answer is taken back */
    bool own_retry;     /* counts against the event's retries */
    bool age_step;      /* a step on a schedule */
    bool absence;       /* "absent" was believed of what was sent */
    bool holds;         /* the wait is no fault of the event: its times stand still */
};

/* The worker's own table with these limits. */
void plan_init(struct plan *plan, const struct plan_limits *limits);

/* Pure: reads the request's stage, outcome, doubt and counters; changes nothing. The cell must not
 * be MOVE_NEVER. */
struct verdict plan_next(const struct plan *plan, const struct request *rq, int64_t now_ms);

static inline bool plan_allows(const struct plan *plan, enum stage stage, enum outcome outcome)
{
    return plan->rules[stage][outcome].move != MOVE_NEVER;
}

/* Writes a verdict into the request: its doubt, answer and counters, and nothing else. For the
 * pipeline, and for whoever plays pipeline in a test. */
void plan_note(struct request *rq, const struct verdict *verdict, int64_t now_ms);

/* A request is started again at `now_ms`: what it was held back for, by a verdict that holds, does
 * not count against graph.retry_for, graph.eventual and graph.settle. */
void plan_resume(struct request *rq, int64_t now_ms);

const char *move_name(enum move move);

/* The table as text (tests/core/plan.golden) and as the state diagram of worker/README.md,
 * NUL-terminated. */
enum { PLAN_TEXT_SIZE = 16384 }; /* every cell filled is 152 rows of under 100 bytes */
void plan_table(const struct plan *plan, char ret[PLAN_TEXT_SIZE]);
void plan_diagram(const struct plan *plan, char ret[PLAN_TEXT_SIZE]);
