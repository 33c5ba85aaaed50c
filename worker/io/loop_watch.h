#pragma once

#include "worker/core/loop_lag.h"

#include <uv.h>

/* Watches the worker's loop: a timer on it measures how late it is (loop_lag.h), and a thread of
 * its own notices when it does not turn at all, and says so in the log, which nothing on the loop
 * could then. It ends nothing: /livez does not answer meanwhile, nor for a while after it, and who
 * runs the worker restarts it. */
struct loop_watch;

enum {
    LOOP_WATCH_MS = 500, /* between two ticks */
};

/* NULL: no memory, thread or handle. */
struct loop_watch *loop_watch_create(uv_loop_t *loop, int64_t stall_ms);
/* The loop must run once more. NULL is fine. */
void loop_watch_destroy(struct loop_watch *watch);
const struct loop_lag *loop_watch_lag(const struct loop_watch *watch);
/* The loop turns. */
bool loop_watch_is_live(const struct loop_watch *watch);
