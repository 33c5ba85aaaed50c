#include "worker/core/loop_lag.h"

void loop_lag_init(struct loop_lag *lag, int64_t every_ms, int64_t stall_ms)
{
    *lag = (struct loop_lag){.every_ms = every_ms, .stall_ms = stall_ms};
}

void loop_lag_tick(struct loop_lag *lag, int64_t now_ms)
{
    int64_t late_ms = now_ms - lag->due_ms;
    if (lag->due_ms > 0) {
        histogram_add(&lag->late, &lag_bounds, late_ms);
        if (late_ms >= lag->stall_ms)
            lag->stalled_ms = now_ms;
    }
    lag->due_ms = now_ms + lag->every_ms;
}

bool loop_lag_is_live(const struct loop_lag *lag, int64_t now_ms)
{
    bool overdue = lag->due_ms > 0 && now_ms - lag->due_ms >= lag->stall_ms;
    bool was_late = lag->stalled_ms > 0 && now_ms - lag->stalled_ms < lag->stall_ms;
    return !overdue && !was_late;
}
