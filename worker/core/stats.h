#pragma once

#include "worker/core/plan.h"

/* What is counted, for /metrics and /status. Plain numbers that only grow; the worker owns them and
 * feeds them. */

/* Times by their length. Buckets do not add up: each holds what is above the bound before it and at
 * most its own; the last has no bound. */
enum { HISTOGRAM_BOUNDS_MAX = 15 };
struct histogram_bounds {
    int64_t ms[HISTOGRAM_BOUNDS_MAX];
    size_t count;
};
struct histogram {
    uint64_t buckets[HISTOGRAM_BOUNDS_MAX + 1];
    uint64_t count;
    int64_t sum_ms;
};
/* 5 ms to 10 s, the bounds OpenTelemetry recommends for HTTP. */
extern const struct histogram_bounds call_bounds;
/* 10 ms to 10 min: a throttled request waits for minutes. */
extern const struct histogram_bounds latency_bounds;
/* A time below zero (a clock was set) counts as zero. */
void histogram_add(struct histogram *histogram, const struct histogram_bounds *bounds, int64_t ms);

/* Calls to Graph and the token endpoint by operation and status. Bounded: the statuses that matter
 * each have a row, the others one for their class ("4xx"), and one is for calls without any. */
enum {
    CALL_OPERATIONS_MAX = 4, /* dry_run, submit, look, token */
    CALL_STATUSES_MAX = 23,  /* 17 by number, 5 classes, none */
    CALL_ROWS_MAX = CALL_OPERATIONS_MAX * CALL_STATUSES_MAX,
};
struct call_row {
    const char *operation;
    char status[4]; /* "201", "4xx"; "": no answer */
    struct histogram times;
};
struct call_stats {
    struct call_row rows[CALL_ROWS_MAX];
    size_t count;
};
/* `operation` is one of the four literals. `status` 0: no status line was read. */
void call_stats_add(struct call_stats *calls, const char *operation, int status, int64_t took_ms);
/* Adds all that was counted in `from`. */
void call_stats_merge(struct call_stats *to, const struct call_stats *from);
/* How many answers had this status, all operations; `status` as in the row. */
uint64_t call_stats_sum(const struct call_stats *calls, const char *status);

struct stats {
    uint64_t answers[ANSWER_COUNT][2]; /* [duplicate] */
    uint64_t dead_letters[ANSWER_COUNT];
    uint64_t posts[STAGE_COUNT][OUTCOME_COUNT]; /* what stages reported */
    uint64_t own_retries;                       /* that counted against an event */
    uint64_t drops;                             /* requests that were not ours any more */
    struct histogram latency;     /* from the record's timestamp to its committed reply */
    int64_t last_success_wall_ms; /* of a submitted, existing or validated; 0: none yet */
};

/* A transition; from stage_ops.trace. */
void stats_moved(struct stats *stats, const struct request *rq, const struct verdict *verdict);
/* The reply is committed. A record without timestamp is measured from when it was received. */
void stats_answered(struct stats *stats, const struct request *rq, int64_t wall_ms);
