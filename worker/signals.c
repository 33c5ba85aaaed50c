#include "worker/signals.h"

#include "worker/io/log.h"
#include "worker/reload.h"

#include <assert.h>
#include <signal.h>
#include <unistd.h>

static void say_more(struct worker *w)
{
    (void)w;
    log_turn(1);
}

static void say_less(struct worker *w)
{
    (void)w;
    log_turn(-1);
}

static const struct {
    int number;
    void (*ask)(struct worker *w);
} signals[] = {
    {SIGTERM, worker_end}, {SIGINT, worker_end}, {SIGHUP, worker_reload},
    {SIGUSR1, say_more},   {SIGUSR2, say_less},
};

enum { SIGNALS = sizeof signals / sizeof *signals };

static void on_signal(uv_signal_t *handle, int number)
{
    for (size_t i = 0; i < SIGNALS; i++) {
        if (signals[i].number == number)
            signals[i].ask(handle->data);
    }
}

void signals_open(struct worker *w)
{
    static_assert(SIGNALS == sizeof w->signals / sizeof *w->signals, "a handle for each");
    for (size_t i = 0; i < SIGNALS; i++) {
        uv_signal_init(&w->loop, &w->signals[i]);
        w->signals[i].data = w;
        uv_signal_start(&w->signals[i], on_signal, signals[i].number);
    }
    signal(SIGPIPE, SIG_IGN); /* a peer that is gone is an error of its call, not of the process */
}

static void leave_now(int number)
{
    (void)number;
    _exit(WORKER_STOPPED_EARLY);
}

static void on_late_signal(uv_signal_t *handle, int number)
{
    (void)handle;
    (void)number;
}

/* One that has come already may still wait in the loop: hence both. */
void signals_close(struct worker *w)
{
    for (size_t i = 0; i < SIGNALS; i++) {
        uv_signal_start(&w->signals[i], on_late_signal, signals[i].number);
        signal(signals[i].number, signals[i].ask == worker_end ? leave_now : SIG_IGN);
    }
}
