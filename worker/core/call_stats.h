#pragma once

#include "worker/core/histogram.h"

#include <stdbool.h>

/* Calls to Graph and the token endpoint: what was called, and how it ended. Both come from the
 * closed lists below, so whatever a server answers, there are no more rows than these. */

/* What is called, and where. */
enum call_place {
    CALL_DRY_RUN_ASSIGNMENT,
    CALL_DRY_RUN_RESOURCE,
    CALL_SUBMIT_ASSIGNMENT,
    CALL_SUBMIT_RESOURCE,
    CALL_LOOK_ASSIGNMENTS,
    CALL_LOOK_REQUESTS,  /* the list of assignment requests */
    CALL_LOOK_RESOURCES, /* what a catalog has */
    CALL_LOOK_OTHER,     /* and the probe */
    CALL_FOLLOW_ASSIGNMENT,
    CALL_FOLLOW_RESOURCE,
    CALL_REPROCESS_ASSIGNMENT,
    CALL_REPROCESS_RESOURCE,
    CALL_TOKEN,
    CALL_PLACES,
};
/* "dry_run", "submit", "look", "follow", "reprocess", "token" */
const char *call_operation(enum call_place place);

/* Why there is no whole answer. */
enum call_error { CALL_ERROR_NONE, CALL_ERROR_TIMEOUT, CALL_ERROR_UNSENT, CALL_ERROR_LOST };

/* How a call ends: the statuses that matter have an ending each, the others one for their class
 * ("4xx"), and those without a whole answer one for each error but none. */
enum { CALL_STATUSES = 17, CALL_CLASSES = 5, CALL_ENDINGS = CALL_STATUSES + CALL_CLASSES + 3 };
/* "201", "4xx"; "": no answer. */
const char *call_ending_status(size_t ending);
/* error.type as OpenTelemetry has it: "429", "timeout"; "" for what went well. */
const char *call_ending_error(size_t ending);
/* `status` is not looked at where there is an error; one that is none counts as lost. */
size_t call_ending(int status, enum call_error error);

struct call_stats {
    struct histogram times[CALL_PLACES][CALL_ENDINGS];
};

void call_stats_add(struct call_stats *calls, enum call_place place, size_t ending,
                    int64_t took_ms);
/* Adds all that was counted in `from`. */
void call_stats_merge(struct call_stats *to, const struct call_stats *from);
/* How many had this operation and this ending, at all its places; NULL: every operation. */
uint64_t call_stats_sum(const struct call_stats *calls, const char *operation, size_t ending);
