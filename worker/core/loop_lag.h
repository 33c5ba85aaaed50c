#pragma once

#include "worker/core/histogram.h"

#include <stdbool.h>

/* How late a loop is: it is asked to tick at even distances, and each tick that comes late says by
 * how much whatever ran before it has kept the loop. Time is an argument. */
struct loop_lag {
    int64_t every_ms;
    int64_t stall_ms;   /* later than this, it stood still; for so long it is not trusted then */
    int64_t due_ms;     /* the next tick; 0: there was none yet */
    int64_t stalled_ms; /* when it was found to have stood still, last; 0: never */
    struct histogram late;
};

enum { LOOP_STALL_MS = 10000 }; /* the worker's: nothing on its loop takes a hundredth of it */

void loop_lag_init(struct loop_lag *lag, int64_t every_ms, int64_t stall_ms);
/* The timer has fired. */
void loop_lag_tick(struct loop_lag *lag, int64_t now_ms);
/* The loop turns: no tick is due for long, and none was very late just now. */
bool loop_lag_is_live(const struct loop_lag *lag, int64_t now_ms);
