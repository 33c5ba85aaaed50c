#include "worker/io/loop_watch.h"

#include "worker/io/log.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

struct loop_watch {
    struct loop_lag lag;
    uv_timer_t timer;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool leaves; /* under the mutex */
    _Atomic int64_t ticked_ms;
    int64_t stall_ms;
};

static int64_t clock_ms(void)
{
    return (int64_t)(uv_hrtime() / 1000000);
}

static void on_tick(uv_timer_t *timer)
{
    struct loop_watch *watch = timer->data;
    loop_lag_tick(&watch->lag, clock_ms());
    watch->ticked_ms = clock_ms();
}

/* ---- the thread --------------------------------------------------------------------------- */

/* False: it leaves. */
static bool sleep_a_while(struct loop_watch *watch)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    int64_t ns = until.tv_nsec + watch->stall_ms / 4 * 1000000;
    until.tv_sec += ns / 1000000000;
    until.tv_nsec = ns % 1000000000;
    pthread_mutex_lock(&watch->mutex);
    while (!watch->leaves &&
           pthread_cond_timedwait(&watch->changed, &watch->mutex, &until) != ETIMEDOUT)
        ;
    bool leaves = watch->leaves;
    pthread_mutex_unlock(&watch->mutex);
    return !leaves;
}

static void *run(void *context)
{
    struct loop_watch *watch = context;
    int64_t stands_since_ms = 0; /* 0: it turns */
    while (sleep_a_while(watch)) {
        int64_t ticked_ms = watch->ticked_ms;
        bool stands = clock_ms() - ticked_ms >= watch->stall_ms;
        if (stands && stands_since_ms == 0) {
            stands_since_ms = ticked_ms;
            log_write(LOG_ERROR, "worker.loop_stands",
                      "the worker's loop has not turned for %lld ms: nothing is taken in, "
                      "answered or renewed",
                      (long long)(clock_ms() - ticked_ms));
        } else if (!stands && stands_since_ms != 0) {
            log_write(LOG_WARN, "worker.loop_turns", "the loop turns again after some %lld ms",
                      (long long)(ticked_ms - stands_since_ms));
            stands_since_ms = 0;
        }
    }
    return NULL;
}

/* ---- life --------------------------------------------------------------------------------- */

static void free_watch(struct loop_watch *watch)
{
    pthread_cond_destroy(&watch->changed);
    pthread_mutex_destroy(&watch->mutex);
    free(watch);
}

struct loop_watch *loop_watch_create(uv_loop_t *loop, int64_t stall_ms)
{
    struct loop_watch *watch = calloc(1, sizeof *watch);
    if (watch == NULL)
        return NULL;
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_mutex_init(&watch->mutex, NULL);
    pthread_cond_init(&watch->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    loop_lag_init(&watch->lag, LOOP_WATCH_MS, stall_ms);
    watch->stall_ms = stall_ms;
    watch->ticked_ms = clock_ms();
    if (pthread_create(&watch->thread, NULL, run, watch) != 0) {
        free_watch(watch);
        return NULL;
    }
    uv_timer_init(loop, &watch->timer);
    watch->timer.data = watch;
    uv_timer_start(&watch->timer, on_tick, LOOP_WATCH_MS, LOOP_WATCH_MS);
    return watch;
}

static void on_close(uv_handle_t *timer)
{
    free_watch(timer->data);
}

void loop_watch_destroy(struct loop_watch *watch)
{
    if (watch == NULL)
        return;
    pthread_mutex_lock(&watch->mutex);
    watch->leaves = true;
    pthread_cond_signal(&watch->changed);
    pthread_mutex_unlock(&watch->mutex);
    pthread_join(watch->thread, NULL);
    uv_close((uv_handle_t *)&watch->timer, on_close);
}

const struct loop_lag *loop_watch_lag(const struct loop_watch *watch)
{
    return &watch->lag;
}

bool loop_watch_is_live(const struct loop_watch *watch)
{
    return loop_lag_is_live(&watch->lag, clock_ms());
}
