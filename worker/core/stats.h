#pragma once

#include "worker/core/follow.h"
#include "worker/core/histogram.h"
#include "worker/core/plan.h"

/* What is counted, for /metrics and /status. Plain numbers that only grow; the worker owns them and
 * feeds them. */

/* What became of the requests that are followed (worker/follow.h). */
struct follow_stats {
    uint64_t told[FOLLOW_WORD_COUNT]; /* statuses that Kafka has taken */
    uint64_t looks, reprocessed;
    int64_t entries; /* that are followed, by all workers together */
};

/* Why a call or a script is tried again, where that counts against its event. */
enum retry_reason {
    RETRY_REDIS,        /* claim, mark or record could not be written, or was another's */
    RETRY_THROTTLED,    /* 429 */
    RETRY_SERVER_ERROR, /* 5xx */
    RETRY_REFUSED,      /* another 4xx, which may pass */
    RETRY_TIMEOUT,      /* graph.timeout passed */
    RETRY_CONNECTION,   /* there was no whole answer */
    RETRY_OTHER,        /* a 2xx that cannot be read, and the like */
    RETRY_REASONS,
};
const char *retry_reason_name(enum retry_reason reason);

/* Why a person is needed. */
enum dead_reason {
    DEAD_UNREADABLE, /* it was no event at all */
    DEAD_GAVE_UP,    /* failed: the retries are used up, the real request did not happen */
    DEAD_REDIS,      /* failed: what Redis has of it cannot be used */
    DEAD_CRASH_LOOP, /* three workers ended while they had it */
    DEAD_IN_DOUBT,   /* unknown: the real request may have happened */
    DEAD_INTERLOCK,  /* unknown: its dry run may have been a grant */
    DEAD_REASONS,
};
const char *dead_reason_name(enum dead_reason reason);

/* What became of a claim. */
enum dedupe_result {
    DEDUPE_NEW,       /* it is ours to work on */
    DEDUPE_IN_FLIGHT, /* another works on it, or was broken off */
    DEDUPE_DONE,      /* answered before */
    DEDUPE_ERROR,     /* Redis did not answer, or not in a way that can be used */
    DEDUPE_RESULTS,
};
const char *dedupe_result_name(enum dedupe_result result);

/* Answers by what they were about and whether they were another record's. */
typedef uint64_t answer_counts[ANSWER_COUNT][2][REQUEST_TYPE_COUNT];

struct stats {
    answer_counts answers; /* [duplicate][request type] */
    uint64_t dead_letters[DEAD_REASONS];
    uint64_t posts[STAGE_COUNT][OUTCOME_COUNT]; /* what stages reported */
    uint64_t retries[RETRY_REASONS];            /* that counted against an event */
    uint64_t drops;                             /* requests that were not ours any more */
    /* From the record's timestamp to its committed reply, and from when it was taken in. */
    struct histogram latency[ANSWER_COUNT], work[ANSWER_COUNT];
    int64_t last_success_wall_ms; /* of a submitted, existing or validated; 0: none yet */
};

/* A transition; from stage_ops.trace. */
void stats_moved(struct stats *stats, const struct request *rq, const struct verdict *verdict);
/* The reply is committed. A record without timestamp is measured from when it was received. */
void stats_answered(struct stats *stats, const struct request *rq, int64_t wall_ms);
/* With its duplicates, of all types. */
uint64_t stats_answers(const answer_counts answers, enum answer answer, bool duplicate);
/* How often claims had this result. */
uint64_t stats_dedupe(const struct stats *stats, enum dedupe_result result);
