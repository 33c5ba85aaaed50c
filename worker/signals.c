#include "worker/signals.h"

#include <signal.h>
#include <unistd.h>

static const struct {
    int number;
    void (*ask)(struct worker *w);
} signals[WORKER_SIGNALS] = {
    {SIGTERM, worker_end},
    {SIGINT, worker_end},
    {SIGHUP, worker_reload},
};

static void on_signal(uv_signal_t *handle, int number)
{
    for (size_t i = 0; i < WORKER_SIGNALS; i++) {
        if (signals[i].number == number)
            signals[i].ask(handle->data);
    }
}

void signals_open(struct worker *w)
{
    for (size_t i = 0; i < WORKER_SIGNALS; i++) {
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

void signals_close(void)
{
    signal(SIGTERM, leave_now);
    signal(SIGINT, leave_now);
}
