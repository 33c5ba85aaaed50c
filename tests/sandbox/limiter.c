#include "tests/sandbox/limiter.h"

#include <stdio.h>

#define SAID_FROM 0.8 // Graph says nothing below

static void forget_old(struct writes *writes, int64_t since_ms)
{
    while (writes->count > 0 && writes->times_ms[writes->first] <= since_ms) {
        writes->first = (writes->first + 1) % WRITES_MAX;
        writes->count--;
    }
}

static void add(struct writes *writes, int64_t now_ms)
{
    if (writes->count == WRITES_MAX) {
        forget_old(writes, writes->times_ms[writes->first]);
    }
    writes->times_ms[(writes->first + writes->count) % WRITES_MAX] = now_ms;
    writes->count++;
}

bool limiter_passes(struct sandbox *sandbox, struct call *call)
{
    struct writes *writes = &sandbox->writes;
    int64_t limit = sandbox->settings.writes_limit;
    int64_t window_ms = sandbox->settings.writes_window_ms;
    int64_t now_ms = clock_ms();
    if (limit <= 0 || limit >= WRITES_MAX) {
        return true;
    }
    add(writes, now_ms);
    forget_old(writes, now_ms - window_ms);
    double used = (double)writes->count / (double)limit;
    if (used >= SAID_FROM && sandbox->settings.limit_headers) {
        snprintf(call->answer.used, sizeof call->answer.used, "%.3f", used);
    }
    if ((int64_t)writes->count <= limit) {
        return true;
    }
    answer_error(call, 429, "TooManyRequests", "The limit of writes is used up.");
    // When so many are forgotten that one more fits.
    size_t over = writes->count - (size_t)limit;
    int64_t free_ms = writes->times_ms[(writes->first + over) % WRITES_MAX] + window_ms - now_ms;
    snprintf(call->answer.retry_after, sizeof call->answer.retry_after, "%.3f",
             (double)free_ms / 1000);
    call->answer.scope = "Tenant_Application/Write/00000000-0000-0000-0000-000000000001/"
                         "00000000-0000-0000-0000-000000000002";
    return false;
}
