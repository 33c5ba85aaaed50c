#include "worker/core/call_stats.h"

#include <assert.h>
#include <string.h>

static const short statuses[CALL_STATUSES] = {200, 201, 202, 204, 400, 401, 403, 404, 408,
                                              409, 412, 413, 429, 500, 502, 503, 504};

static const char *const names[CALL_ENDINGS] = {"200", "201", "202", "204", "400", "401", "403",
                                                "404", "408", "409", "412", "413", "429", "500",
                                                "502", "503", "504", "1xx", "2xx", "3xx", "4xx",
                                                "5xx", "",    "",    ""};

static const char *const errors[] = {
    [CALL_ERROR_NONE] = "",
    [CALL_ERROR_TIMEOUT] = "timeout",
    [CALL_ERROR_UNSENT] = "not_sent",
    [CALL_ERROR_LOST] = "lost",
};

const char *call_operation(enum call_place place)
{
    static const char *const operations[CALL_PLACES] = {
        [CALL_DRY_RUN_ASSIGNMENT] = "dry_run",
        [CALL_DRY_RUN_RESOURCE] = "dry_run",
        [CALL_SUBMIT_ASSIGNMENT] = "submit",
        [CALL_SUBMIT_RESOURCE] = "submit",
        [CALL_LOOK_ASSIGNMENTS] = "look",
        [CALL_LOOK_REQUESTS] = "look",
        [CALL_LOOK_RESOURCES] = "look",
        [CALL_LOOK_OTHER] = "look",
        [CALL_FOLLOW_ASSIGNMENT] = "follow",
        [CALL_FOLLOW_RESOURCE] = "follow",
        [CALL_REPROCESS_ASSIGNMENT] = "reprocess",
        [CALL_REPROCESS_RESOURCE] = "reprocess",
        [CALL_TOKEN] = "token",
    };
    assert(place < CALL_PLACES);
    return operations[place];
}

const char *call_ending_status(size_t ending)
{
    assert(ending < CALL_ENDINGS);
    return names[ending];
}

const char *call_ending_error(size_t ending)
{
    assert(ending < CALL_ENDINGS);
    if (ending >= CALL_STATUSES + CALL_CLASSES)
        return errors[ending - CALL_STATUSES - CALL_CLASSES + 1];
    return names[ending][0] >= '4' ? names[ending] : "";
}

size_t call_ending(int status, enum call_error error)
{
    if (error == CALL_ERROR_NONE && (status < 100 || status > 599))
        error = CALL_ERROR_LOST;
    if (error != CALL_ERROR_NONE)
        return CALL_STATUSES + CALL_CLASSES + (size_t)error - 1;
    for (size_t i = 0; i < CALL_STATUSES; i++) {
        if (statuses[i] == status)
            return i;
    }
    return CALL_STATUSES + (size_t)(status / 100) - 1;
}

void call_stats_add(struct call_stats *calls, enum call_place place, size_t ending, int64_t took_ms)
{
    assert(place < CALL_PLACES && ending < CALL_ENDINGS);
    histogram_add(&calls->times[place][ending], &call_bounds, took_ms);
}

void call_stats_merge(struct call_stats *to, const struct call_stats *from)
{
    for (size_t place = 0; place < CALL_PLACES; place++) {
        for (size_t ending = 0; ending < CALL_ENDINGS; ending++) {
            if (from->times[place][ending].count > 0)
                histogram_merge(&to->times[place][ending], &from->times[place][ending]);
        }
    }
}

uint64_t call_stats_sum(const struct call_stats *calls, const char *operation, size_t ending)
{
    uint64_t sum = 0;
    for (enum call_place place = 0; place < CALL_PLACES; place++) {
        if (operation == NULL || strcmp(operation, call_operation(place)) == 0)
            sum += calls->times[place][ending].count;
    }
    return sum;
}
