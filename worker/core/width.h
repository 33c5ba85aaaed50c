#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How many calls should run at once over HTTP/1.1? Few connections are the cheapest, and a far
 * server needs many. So: start on few, and widen while calls wait, calls are slow, and the last
 * widening brought more calls a second. Where it did not (the server, or this machine, has no more
 * to give), it is taken back, and tried again only after a while. Pure: times come in. */

enum {
    WIDTH_START = 32, /* the cheapest number that was measured: 18 µs a POST, 256 cost twice that */
    WIDTH_SLOW_US = 10000,   /* faster calls gain nothing from more connections */
    WIDTH_GAIN_PERCENT = 5,  /* what a widening must bring */
    WIDTH_HOLD_WINDOWS = 50, /* how long one that brought nothing is not tried again */
};

struct width {
    size_t now, most;
    size_t before;      /* what it was before the last widening; 0: that one is judged */
    double rate_before; /* calls a µs then */
    unsigned hold;      /* windows to go until the next try */
    size_t ended;       /* calls that ended in this window, which is two calls for each place */
    int64_t started_us; /* when the window began */
    int64_t took_us;    /* time of its calls together */
    bool crowded;       /* calls waited at the end of each of them */
};

/* At most `most` calls, a setting; at least one. */
void width_init(struct width *width, size_t most);

/* A call has ended after `took_us`; `waiting`: others wait for its place. */
void width_call_ended(struct width *width, int64_t now_us, int64_t took_us, bool waiting);
