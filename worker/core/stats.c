#include "worker/core/stats.h"

#include "worker/core/reply.h"

#include <assert.h>
#include <string.h>

const char *retry_reason_name(enum retry_reason reason)
{
    static const char *const names[RETRY_REASONS] = {
        [RETRY_REDIS] = "redis",
        [RETRY_THROTTLED] = "throttled",
        [RETRY_SERVER_ERROR] = "server_error",
        [RETRY_REFUSED] = "refused",
        [RETRY_TIMEOUT] = "timeout",
        [RETRY_CONNECTION] = "connection",
        [RETRY_OTHER] = "other",
    };
    assert(reason < RETRY_REASONS);
    return names[reason];
}

const char *dead_reason_name(enum dead_reason reason)
{
    static const char *const names[DEAD_REASONS] = {
        [DEAD_UNREADABLE] = "unreadable", [DEAD_GAVE_UP] = "gave_up",
        [DEAD_REDIS] = "redis",           [DEAD_CRASH_LOOP] = "crash_loop",
        [DEAD_IN_DOUBT] = "in_doubt",     [DEAD_INTERLOCK] = "interlock",
    };
    assert(reason < DEAD_REASONS);
    return names[reason];
}

const char *dedupe_result_name(enum dedupe_result result)
{
    static const char *const names[DEDUPE_RESULTS] = {
        [DEDUPE_NEW] = "new",
        [DEDUPE_IN_FLIGHT] = "in_flight",
        [DEDUPE_DONE] = "done",
        [DEDUPE_ERROR] = "error",
    };
    assert(result < DEDUPE_RESULTS);
    return names[result];
}

static enum retry_reason retry_reason(const struct request *rq)
{
    int status = rq->fault.http_status;
    if (rq->stage == STAGE_CLAIM || rq->stage == STAGE_MARK || rq->stage == STAGE_RECORD)
        return RETRY_REDIS;
    if (status == 429)
        return RETRY_THROTTLED;
    if (status >= 500)
        return RETRY_SERVER_ERROR;
    if (status >= 400)
        return RETRY_REFUSED;
    if (strcmp(rq->fault.code, "timeout") == 0)
        return RETRY_TIMEOUT;
    return status > 0 ? RETRY_OTHER : RETRY_CONNECTION;
}

static enum dead_reason dead_reason(const struct request *rq)
{
    if (rq->event.worth == EVENT_UNREADABLE)
        return DEAD_UNREADABLE;
    if (strcmp(rq->fault.code, "crashLoop") == 0)
        return DEAD_CRASH_LOOP;
    if ((rq->stored != NULL ? rq->stored_answer : rq->answer) == ANSWER_UNKNOWN)
        return rq->doubt == DOUBT_DRY_RUN ? DEAD_INTERLOCK : DEAD_IN_DOUBT;
    return rq->fault.stage == STAGE_CLAIM ? DEAD_REDIS : DEAD_GAVE_UP;
}

void stats_moved(struct stats *stats, const struct request *rq, const struct verdict *verdict)
{
    stats->posts[rq->stage][rq->outcome]++;
    if (verdict->own_retry)
        stats->retries[retry_reason(rq)]++;
    stats->drops += verdict->move == MOVE_DROP;
}

void stats_answered(struct stats *stats, const struct request *rq, int64_t wall_ms)
{
    int64_t since_ms = rq->record.timestamp_ms > 0 ? rq->record.timestamp_ms : rq->received_wall_ms;
    stats->answers[rq->answer][rq->duplicate][rq->event.request_type]++;
    if (dead_letter_is_due(rq))
        stats->dead_letters[dead_reason(rq)]++;
    histogram_add(&stats->latency[rq->answer], &latency_bounds, wall_ms - since_ms);
    histogram_add(&stats->work[rq->answer], &process_bounds, wall_ms - rq->received_wall_ms);
    if (rq->answer == ANSWER_SUBMITTED || rq->answer == ANSWER_EXISTING ||
        rq->answer == ANSWER_VALIDATED)
        stats->last_success_wall_ms = wall_ms;
}

uint64_t stats_answers(const answer_counts answers, enum answer answer, bool duplicate)
{
    uint64_t sum = 0;
    for (size_t type = 0; type < REQUEST_TYPE_COUNT; type++)
        sum += answers[answer][duplicate][type];
    return sum;
}

uint64_t stats_dedupe(const struct stats *stats, enum dedupe_result result)
{
    const uint64_t *posts = stats->posts[STAGE_CLAIM];
    switch (result) {
    case DEDUPE_NEW:
        return posts[OUTCOME_OK] + posts[OUTCOME_FORGOTTEN];
    case DEDUPE_IN_FLIGHT:
        return posts[OUTCOME_HELD] + posts[OUTCOME_INTERRUPTED];
    case DEDUPE_DONE:
        return posts[OUTCOME_SEEN] + posts[OUTCOME_CONFLICT];
    default:
        return posts[OUTCOME_FAILED] + posts[OUTCOME_UNKNOWN] + posts[OUTCOME_INVALID];
    }
}
