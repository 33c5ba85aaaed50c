/* Our share of graph.writes_per_second: asked of Redis once a second while there is something to
 * write. */
#include "worker/io/log.h"
#include "worker/io/redis_share.h"
#include "worker/pacing.h"

/* The rate is worth a line when it has changed by so much. */
enum { LOG_PERCENT = 10 };

static void log_rate(struct worker *w, const struct redis_told *told)
{
    int64_t change = told->shared - w->rate_logged;
    if ((change < 0 ? -change : change) * 100 < w->rate_logged * LOG_PERCENT)
        return;
    w->rate_logged = told->shared;
    log_write(LOG_INFO, "pace.rate",
              "%u replicas may write %lld.%03lld times a second together, this one %lld.%03lld",
              told->replicas, (long long)(told->shared / 1000), (long long)(told->shared % 1000),
              (long long)(told->granted / 1000), (long long)(told->granted % 1000));
}

static void on_told(void *context, const struct redis_told *told)
{
    struct worker *w = context;
    int64_t now_ms = (int64_t)uv_now(&w->loop);
    if (told == NULL)
        return; /* the grant runs out by itself */
    pace_told(&w->pace, told->granted, told->shared, told->asked_ms);
    gate_grant(&w->gate, pace_rate(&w->pace, now_ms), w->pace.granted_until_ms, now_ms);
    gate_throttle(&w->gate, GATE_WRITES, now_ms, told->writes_closed_ms);
    gate_throttle(&w->gate, GATE_READS, now_ms, told->reads_closed_ms);
    log_rate(w, told);
}

void share_open(struct worker *w)
{
    int64_t now_ms = (int64_t)uv_now(&w->loop);
    if (w->pace.most == 0)
        return;
    gate_grant(&w->gate, 0, now_ms, now_ms);
    redis_watch_share(w->redis, on_told, w);
}

/* An event takes its dry run and its real request. */
static unsigned waiting_writes(const struct worker *w)
{
    return 2 * (unsigned)w->pipeline.at_stage[STAGE_DRY_RUN];
}

int64_t share_turn(struct worker *w, int64_t now_ms)
{
    if (w->pace.granted > 0 && !redis_is_up(w->redis)) {
        pace_lost(&w->pace);
        gate_grant(&w->gate, 0, now_ms, now_ms);
    }
    unsigned waiting = waiting_writes(w);
    if (!pace_is_due(&w->pace, waiting, now_ms))
        return pace_wake_ms(&w->pace, waiting);
    if (!redis_may_ask_share(w->redis))
        return INT64_MAX; /* its answer, or its coming back, wakes the loop */
    struct pace_wish wish = pace_ask(&w->pace, waiting, now_ms);
    redis_ask_share(w->redis, &wish, now_ms, gate_closed_ms(&w->gate, GATE_WRITES, now_ms),
                    gate_closed_ms(&w->gate, GATE_READS, now_ms));
    return pace_wake_ms(&w->pace, waiting);
}
