#include "worker/core/stats.h"

#include "worker/core/reply.h"

#include <assert.h>
#include <string.h>

const struct histogram_bounds call_bounds = {{5, 10, 25, 50, 75, 100, 250, 500, 750, 1000, 2500,
                                              5000, 7500, 10000},
                                             14};
const struct histogram_bounds latency_bounds = {{10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000,
                                                 30000, 60000, 120000, 300000, 600000},
                                                15};

void histogram_add(struct histogram *histogram, const struct histogram_bounds *bounds, int64_t ms)
{
    int64_t time_ms = ms > 0 ? ms : 0;
    size_t i = 0;
    while (i < bounds->count && time_ms > bounds->ms[i])
        i++;
    histogram->buckets[i]++;
    histogram->count++;
    histogram->sum_ms += time_ms;
}

static void name_status(int status, char ret[4])
{
    static const short named[] = {200, 201, 202, 204, 400, 401, 403, 404, 408,
                                  409, 412, 413, 429, 500, 502, 503, 504};
    memset(ret, 0, 4);
    if (status < 100 || status > 599)
        return;
    ret[0] = (char)('0' + status / 100);
    ret[1] = ret[2] = 'x';
    for (size_t i = 0; i < sizeof named / sizeof *named; i++) {
        if (named[i] == status) {
            ret[1] = (char)('0' + status / 10 % 10);
            ret[2] = (char)('0' + status % 10);
        }
    }
}

static struct call_row *find_row(struct call_stats *calls, const char *operation,
                                 const char status[4])
{
    size_t i = 0;
    while (i < calls->count && (strcmp(calls->rows[i].operation, operation) != 0 ||
                                memcmp(calls->rows[i].status, status, 4) != 0))
        i++;
    struct call_row *row = &calls->rows[i];
    if (i == calls->count) {
        assert(calls->count < CALL_ROWS_MAX);
        calls->count++;
        row->operation = operation;
        memcpy(row->status, status, 4);
    }
    return row;
}

void call_stats_add(struct call_stats *calls, const char *operation, int status, int64_t took_ms)
{
    char name[4];
    name_status(status, name);
    histogram_add(&find_row(calls, operation, name)->times, &call_bounds, took_ms);
}

void call_stats_merge(struct call_stats *to, const struct call_stats *from)
{
    for (size_t i = 0; i < from->count; i++) {
        const struct histogram *times = &from->rows[i].times;
        struct histogram *sum = &find_row(to, from->rows[i].operation, from->rows[i].status)->times;
        for (size_t k = 0; k <= call_bounds.count; k++)
            sum->buckets[k] += times->buckets[k];
        sum->count += times->count;
        sum->sum_ms += times->sum_ms;
    }
}

uint64_t call_stats_sum(const struct call_stats *calls, const char *status)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < calls->count; i++)
        sum += strcmp(calls->rows[i].status, status) == 0 ? calls->rows[i].times.count : 0;
    return sum;
}

void stats_moved(struct stats *stats, const struct request *rq, const struct verdict *verdict)
{
    stats->posts[rq->stage][rq->outcome]++;
    stats->own_retries += verdict->own_retry;
    stats->drops += verdict->move == MOVE_DROP;
}

void stats_answered(struct stats *stats, const struct request *rq, int64_t wall_ms)
{
    int64_t since_ms = rq->record.timestamp_ms > 0 ? rq->record.timestamp_ms : rq->received_wall_ms;
    stats->answers[rq->answer][rq->duplicate]++;
    stats->dead_letters[rq->answer] += dead_letter_is_due(rq);
    histogram_add(&stats->latency, &latency_bounds, wall_ms - since_ms);
    if (rq->answer == ANSWER_SUBMITTED || rq->answer == ANSWER_EXISTING ||
        rq->answer == ANSWER_VALIDATED)
        stats->last_success_wall_ms = wall_ms;
}
