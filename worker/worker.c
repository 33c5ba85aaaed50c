#include "worker/worker.h"

#include "worker/actions.h"
#include "worker/follow.h"
#include "worker/io/actions.h"
#include "worker/io/admin.h"
#include "worker/io/failpoint.h"
#include "worker/io/log.h"
#include "worker/io/loop_watch.h"
#include "worker/pacing.h"
#include "worker/page.h"
#include "worker/signals.h"
#include "worker/traces.h"

#include <stdio.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

enum { START_MS = 30000 }; /* contract 4, exit 69 */

int64_t worker_wall_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

bool worker_is_at_work(const struct worker *w)
{
    return w->phase == WORKER_WORKS || w->phase == WORKER_PAUSED;
}

void worker_leave(struct worker *w, int exit_code, const char *why)
{
    if (w->phase == WORKER_LEAVES)
        return;
    w->phase = WORKER_LEAVES;
    w->exit_code = exit_code;
    if (exit_code != WORKER_DONE)
        error_set(&w->why, "%s", why);
    uv_stop(&w->loop);
}

static bool is_interlocked(const struct worker *w)
{
    return w->pipeline.mode == PIPELINE_INTERLOCKED;
}

static void finish_drain(struct worker *w)
{
    if (is_interlocked(w))
        worker_leave(w, WORKER_INTERLOCKED,
                     "the interlock stands: a dry run may have been carried out for real; look in "
                     "Graph, then clear it: usher doctor --clear-interlock");
    else
        worker_leave(w, WORKER_DONE, "");
}

/* All that a start needs has been reached: from here on an outage pauses the intake and ends
 * nothing. The group may take longer: for a member that left, it waits until the session ends. */
static bool has_started(const struct worker *w)
{
    return settle_is_ready(w->settle) && redis_is_up(w->redis) && tenants_have_token(w);
}

static void next_phase(struct worker *w)
{
    if (w->phase == WORKER_STARTS && has_started(w)) {
        w->phase = WORKER_WORKS;
        uv_timer_stop(&w->deadline);
        log_write(LOG_INFO, "worker.ready", "takes records of %s",
                  w->settings->kafka.requests_topic);
    }
    if (w->pipeline.mode == PIPELINE_STOPPED)
        worker_leave(w, WORKER_INTERNAL,
                     "kafka: the broker refuses a reply or a dead letter even in brief; raise "
                     "max.message.bytes of kafka.replies_topic and of kafka.dead_letters_topic");
    bool at_rest = pipeline_is_idle(&w->pipeline) && settle_is_idle(w->settle) &&
                   follow_is_idle(w) && redis_is_idle(w->redis); /* it has the claims back */
    if (w->phase == WORKER_DRAINS && at_rest)
        finish_drain(w);
}

static void on_wake(uv_timer_t *timer)
{
    (void)timer; /* the turn that follows does the work */
}

static void on_idle(uv_idle_t *idle)
{
    (void)idle; /* keeps the loop from sleeping; the turn stops it */
}

static void plan_wake(struct worker *w, int64_t wake_ms)
{
    if (wake_ms == INT64_MAX) {
        uv_timer_stop(&w->wake);
        return;
    }
    int64_t now_ms = (int64_t)uv_now(&w->loop);
    uv_timer_start(&w->wake, on_wake, wake_ms > now_ms ? (uint64_t)(wake_ms - now_ms) : 0, 0);
}

static int64_t sooner(int64_t a_ms, int64_t b_ms)
{
    return a_ms < b_ms ? a_ms : b_ms;
}

static void on_turn(uv_prepare_t *prepare)
{
    struct worker *w = prepare->data;
    int64_t now_ms = (int64_t)uv_now(&w->loop);
    pipeline_turn(&w->pipeline, now_ms);
    bool more = source_turn(w->source, worker_wall_ms());
    pipeline_turn(&w->pipeline, now_ms);
    int64_t settle_ms = settle_turn(w->settle, now_ms);
    pipeline_turn(&w->pipeline, now_ms); /* what settle posted: replies of moved partitions */
    next_phase(w);
    int64_t wake_ms = sooner(settle_ms, pipeline_wake_ms(&w->pipeline));
    for (size_t i = 0; i < w->tenant_count; i++)
        wake_ms = sooner(wake_ms, pacing_turn(&w->tenants[i], now_ms));
    plan_wake(w, sooner(wake_ms, share_turn(w, now_ms)));
    if (more)
        uv_idle_start(&w->idle, on_idle);
    else
        uv_idle_stop(&w->idle);
}

/* The intake pauses while a start is not over, while what every record needs is away, while an
 * operator wants it, and for good in a drain. Which tenant's the next record is nobody knows: one
 * that can work is enough. */
static bool may_take(void *context)
{
    struct worker *w = context;
    int64_t now_ms = (int64_t)uv_now(&w->loop);
    bool wanted = false;
    for (size_t i = 0; i < w->tenant_count && !wanted; i++)
        wanted = tenant_may_take(&w->tenants[i], now_ms);
    return wanted && w->phase == WORKER_WORKS && w->pipeline.mode == PIPELINE_RUNS &&
           redis_is_up(w->redis);
}

static void on_moved(void *context)
{
    struct worker *w = context;
    pipeline_drop_moved(&w->pipeline);
}

static void on_fatal(void *context, int exit_code, const char *why)
{
    if (exit_code ==
        WORKER_INTERNAL) { /* a call of librdkafka does not come back: no close would */
        log_write(LOG_ERROR, "worker.ends", "exit %d: %s", exit_code, why);
        _exit(exit_code);
    }
    worker_leave(context, exit_code, why);
}

static void on_loss(void *context, const struct witness *before)
{
    struct worker *w = context;
    source_note_loss(w->source, before);
}

static void on_interlock(void *context, bool stands)
{
    struct worker *w = context;
    log_write(LOG_ERROR, stands ? "interlock.stands" : "interlock.cleared",
              stands ? "nothing is taken in and nothing posted until it is cleared"
                     : "work goes on");
    for (size_t i = 0; i < w->tenant_count && !stands; i++)
        gate_interlock_cleared(&w->tenants[i].gate);
    pipeline_interlock(&w->pipeline, stands);
}

/* What stands in the way of a start: the first trouble there is, and its exit code. */
static void fail_start(struct worker *w)
{
    const char *why = source_trouble(w->source);
    int exit_code = WORKER_UNREACHABLE;
    if (redis_trouble(w->redis)[0] != '\0') {
        why = redis_trouble(w->redis);
        exit_code = redis_is_refused(w->redis) ? WORKER_REFUSED : WORKER_UNREACHABLE;
    } else if (!tenants_have_token(w) && token_trouble(w->tenants[0].token)[0] != '\0') {
        why = tenant_token_trouble(&w->tenants[0]);
        exit_code = token_is_refused(w->tenants[0].token) ? WORKER_REFUSED : WORKER_UNREACHABLE;
    }
    if (why[0] == '\0')
        why = "kafka.brokers: no transaction could be begun in 30 s; the log says more";
    worker_leave(w, exit_code, why);
}

static void on_deadline(uv_timer_t *timer)
{
    struct worker *w = timer->data;
    if (w->phase == WORKER_STARTS) {
        fail_start(w);
        return;
    }
    log_write(LOG_WARN, "worker.drain_ended",
              "the drain time ran out; %zu records are left to the next owner", w->pool.used);
    finish_drain(w);
}

void worker_end(struct worker *w)
{
    if (w->phase == WORKER_STARTS) {
        worker_leave(w, WORKER_DONE, "");
        return;
    }
    if (!worker_is_at_work(w)) {
        worker_leave(w, WORKER_STOPPED_EARLY,
                     "a second signal: left at once; what was at work is redelivered");
        return;
    }
    if (failpoint(FAILPOINT_SIGTERM))
        return;
    log_write(LOG_INFO, "worker.drains", "%zu records are at work; at most %lld ms", w->pool.used,
              (long long)w->settings->drain_ms);
    w->phase = WORKER_DRAINS;
    pipeline_drain(&w->pipeline);
    uv_timer_start(&w->deadline, on_deadline, (uint64_t)w->settings->drain_ms, 0);
}

/* What waits in Kafka waits on: the partitions stay with this worker, and no other takes them. */
static bool turn_intake(struct worker *w, enum worker_phase to, const char *who,
                        struct error *error)
{
    static const char *const names[] = {"starts", "works", "is paused", "drains", "leaves"};
    enum worker_phase from = to == WORKER_PAUSED ? WORKER_WORKS : WORKER_PAUSED;
    if (w->phase != from)
        return error_set(error, "the worker %s, so its intake cannot be %s", names[w->phase],
                         to == WORKER_PAUSED ? "paused" : "resumed");
    w->phase = to;
    log_write(LOG_INFO, to == WORKER_PAUSED ? "worker.paused" : "worker.resumed",
              to == WORKER_PAUSED ? "%s pauses the intake of this worker, until it is resumed or "
                                    "started anew; %zu records are at work"
                                  : "%s resumes the intake of this worker; %zu records are at work",
              who, w->pool.used);
    return true;
}

bool worker_pause(struct worker *w, const char *who, struct error *error)
{
    return turn_intake(w, WORKER_PAUSED, who, error);
}

bool worker_resume(struct worker *w, const char *who, struct error *error)
{
    return turn_intake(w, WORKER_WORKS, who, error);
}

static void open_loop(struct worker *w)
{
    uv_loop_init(&w->loop);
    uv_prepare_init(&w->loop, &w->prepare);
    uv_idle_init(&w->loop, &w->idle);
    uv_timer_init(&w->loop, &w->wake);
    uv_timer_init(&w->loop, &w->deadline);
    w->prepare.data = w->deadline.data = w;
    signals_open(w);
}

static bool open_core(struct worker *w, struct error *error)
{
    const struct settings *s = w->settings;
    struct plan_limits limits = tenant_limits(s);
    uint64_t seed = 0;
    if (getrandom(&seed, sizeof seed, 0) != (ssize_t)sizeof seed || seed == 0)
        seed = (uint64_t)worker_wall_ms();
    struct stage_ops stages;
    stages_fill(&stages, w);
    if (pool_init(&w->pool, (size_t)s->limits.requests, (size_t)s->limits.bytes) &&
        pipeline_init(&w->pipeline, &limits, &stages, &w->pool, seed))
        return true;
    return error_set(error, "limits.requests: no memory for %d requests; lower it",
                     s->limits.requests);
}

static bool open_parts(struct worker *w, struct error *error)
{
    const struct settings *s = w->settings;
    struct source_events source_events = {may_take, on_moved, on_fatal, w};
    struct settle_events settle_events = {on_fatal, w};
    if (!open_core(w, error))
        return false;
    w->redis = redis_create(&w->loop, s, &w->pipeline, error);
    if (w->redis == NULL)
        return false;
    redis_watch_interlock(w->redis, on_interlock, w);
    if (!tenants_open(w, error))
        return false;
    share_open(w);
    w->source = source_create(&w->loop, s, &w->pipeline, &source_events, error);
    if (w->source == NULL)
        return false;
    w->settle = settle_create(&w->loop, s, &w->pipeline, w->source, &settle_events);
    if (w->settle == NULL)
        return error_set(error, "out of memory, threads or handles");
    settle_set_witness(w->settle, redis_witness(w->redis));
    redis_watch_memory(w->redis, on_loss, w);
    w->loop_watch = loop_watch_create(&w->loop, LOOP_STALL_MS);
    if (w->loop_watch == NULL)
        return error_set(error, "out of memory, threads or handles");
    return traces_open(w, error) && follow_open(w, error) && worker_admin_open(w, error) &&
           worker_actions_open(w, error);
}

static void close_handle(uv_handle_t *handle, void *unused)
{
    (void)unused;
    if (!uv_is_closing(handle))
        uv_close(handle, NULL);
}

enum { GIVE_BACK_MS = 1000 }; /* Redis runs thousands of scripts in that time */

/* A connection that closes takes with it what Redis has not read yet. */
static void give_claims_back(struct worker *w)
{
    uint64_t end_ms = uv_hrtime() / 1000000 + GIVE_BACK_MS;
    uv_prepare_stop(&w->prepare);
    pipeline_drop_all(&w->pipeline);
    while (w->exit_code != WORKER_STOPPED_EARLY && !redis_is_idle(w->redis) &&
           uv_hrtime() / 1000000 < end_ms)
        uv_run(&w->loop, UV_RUN_ONCE);
}

/* In the order in which they use each other: what posts goes first, what holds the records last. */
static void close_parts(struct worker *w)
{
    signals_close(w);
    page_close(w);
    admin_destroy(w->admin);
    actions_destroy(w->actions);
    loop_watch_destroy(w->loop_watch);
    follow_stop(w);
    tenants_close_calls(w);
    settle_destroy(w->settle);
    redis_abandon(w->redis); /* it still gives claims back */
    if (w->redis != NULL)    /* NULL: the start ended before anything was at work */
        give_claims_back(w);
    traces_close(w, w->exit_code == WORKER_STOPPED_EARLY);
    redis_destroy(w->redis);
    w->redis = NULL;
    follow_close(w);
    tenants_close(w);
    source_destroy(w->source);
    letter_desk_destroy(w->letters);
    pipeline_finish(&w->pipeline);
    pool_finish(&w->pool);
    uv_walk(&w->loop, close_handle, NULL);
    uv_run(&w->loop, UV_RUN_DEFAULT);
    uv_loop_close(&w->loop);
}

int worker_run(struct settings *settings, const struct settings_source *from, struct error *error)
{
    static struct worker worker; /* large, and one in a process */
    struct worker *w = &worker;
    *w = (struct worker){.settings = settings,
                         .reloaded = settings,
                         .settings_from = from,
                         .config_good = true,
                         .config_wall_ms = worker_wall_ms()};
    open_loop(w);
    if (open_parts(w, error)) {
        uv_timer_start(&w->deadline, on_deadline, START_MS, 0);
        uv_prepare_start(&w->prepare, on_turn);
        uv_run(&w->loop, UV_RUN_DEFAULT);
        *error = w->why;
    } else {
        w->exit_code = WORKER_MISCONFIGURED;
    }
    close_parts(w);
    return w->exit_code;
}
