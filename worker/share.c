/* Each tenant's share of graph.writes_per_second: asked of Redis once a second while there is
 * something to write. */
#include "worker/io/log.h"
#include "worker/pacing.h"
#include "worker/worker.h"

enum {
    LOG_PERCENT = 10, /* the rate is worth a line when it has changed by so much */
    COUNT_MS = 100,   /* how often what waits is counted: well within a period */
};

static void log_rate(struct tenant *t, const struct redis_told *told)
{
    int64_t change = told->shared - t->rate_logged;
    if ((change < 0 ? -change : change) * 100 < t->rate_logged * LOG_PERCENT)
        return;
    t->rate_logged = told->shared;
    log_write(LOG_INFO, "pace.rate",
              "%s%s%u replicas may write %lld.%03lld times a second together, this one %lld.%03lld",
              t->name, t->name[0] != '\0' ? ": " : "", told->replicas,
              (long long)(told->shared / 1000), (long long)(told->shared % 1000),
              (long long)(told->granted / 1000), (long long)(told->granted % 1000));
}

static void on_told(void *context, const struct redis_told *told)
{
    struct tenant *t = context;
    int64_t now_ms = (int64_t)uv_now(&t->worker->loop);
    if (told == NULL || t->pace.most == 0)
        return; /* the grant runs out by itself; or a reload has taken the limit away */
    pace_told(&t->pace, told->granted, told->shared, told->asked_ms);
    gate_grant(&t->gate, pace_rate(&t->pace, now_ms), t->pace.granted_until_ms, now_ms);
    /* From when we asked, or each question would move the end on by its own way. */
    gate_throttle(&t->gate, GATE_WRITES, told->asked_ms, told->writes_closed_ms);
    gate_throttle(&t->gate, GATE_READS, told->asked_ms, told->reads_closed_ms);
    log_rate(t, told);
}

void share_open(struct worker *w)
{
    int64_t now_ms = (int64_t)uv_now(&w->loop);
    for (size_t i = 0; i < w->tenant_count; i++) {
        struct tenant *t = &w->tenants[i];
        t->share = (struct redis_share){.name = t->name, .on_told = on_told, .context = t};
        if (t->pace.most > 0)
            gate_grant(&t->gate, 0, now_ms, now_ms);
    }
}

/* The writes that a request waits for: the two of a dry run and its real request, or the one that a
 * real request needs anew, or that has had no dry run. */
static unsigned writes_of(const struct request *rq)
{
    if (rq->run == RUN_FREE || rq->writes > 0)
        return 0;
    if (rq->stage == STAGE_DRY_RUN)
        return 2;
    return rq->stage == STAGE_MARK ? 1 : 0;
}

static void count_waiting(struct worker *w)
{
    for (size_t i = 0; i < w->tenant_count; i++)
        w->tenants[i].waiting = 0;
    for (size_t i = 0; i < w->pool.size; i++)
        tenant_of(w, &w->pool.all[i])->waiting += writes_of(&w->pool.all[i]);
}

static int64_t turn_one(struct tenant *t, int64_t now_ms)
{
    struct redis *redis = t->worker->redis;
    unsigned waiting = t->waiting;
    if (t->pace.granted > 0 && !redis_is_up(redis)) {
        pace_lost(&t->pace);
        gate_grant(&t->gate, 0, now_ms, now_ms);
    }
    if (!pace_is_due(&t->pace, waiting, now_ms))
        return pace_wake_ms(&t->pace, waiting);
    if (!redis_may_ask_share(redis, &t->share))
        return INT64_MAX; /* its answer, or its coming back, wakes the loop */
    struct redis_wish wish = {.pace = pace_ask(&t->pace, waiting, now_ms),
                              .writes_closed_ms = gate_closed_ms(&t->gate, GATE_WRITES, now_ms),
                              .reads_closed_ms = gate_closed_ms(&t->gate, GATE_READS, now_ms)};
    redis_ask_share(redis, &t->share, &wish, now_ms);
    return pace_wake_ms(&t->pace, waiting);
}

int64_t share_turn(struct worker *w, int64_t now_ms)
{
    const size_t *at_stage = w->pipeline.at_stage;
    int64_t wake_ms = INT64_MAX;
    if (now_ms >= w->count_ms) {
        count_waiting(w);
        w->count_ms = now_ms + COUNT_MS;
    }
    if (at_stage[STAGE_DRY_RUN] + at_stage[STAGE_MARK] > 0)
        wake_ms = w->count_ms;
    for (size_t i = 0; i < w->tenant_count; i++) {
        int64_t next_ms = turn_one(&w->tenants[i], now_ms);
        wake_ms = next_ms < wake_ms ? next_ms : wake_ms;
    }
    return wake_ms;
}
