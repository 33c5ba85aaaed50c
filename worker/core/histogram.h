#pragma once

#include <stddef.h>
#include <stdint.h>

/* Times by their length. Buckets do not add up: each holds what is above the bound before it and at
 * most its own; the last has no bound. */
enum { HISTOGRAM_BOUNDS_MAX = 16 };
struct histogram_bounds {
    int64_t ms[HISTOGRAM_BOUNDS_MAX];
    size_t count;
};
struct histogram {
    uint64_t buckets[HISTOGRAM_BOUNDS_MAX + 1];
    uint64_t count;
    int64_t sum_ms;
};

/* 5 ms to 10 s, the bounds OpenTelemetry recommends for HTTP. */
extern const struct histogram_bounds call_bounds;
/* The same, and 30 s and 60 s: a record at work waits for more than one call. */
extern const struct histogram_bounds process_bounds;
/* 10 ms to 10 min: a throttled request waits for minutes. */
extern const struct histogram_bounds latency_bounds;
/* 1 ms to 10 s: how late a loop that is never late is. */
extern const struct histogram_bounds lag_bounds;

/* A time below zero (a clock was set) counts as zero. */
void histogram_add(struct histogram *histogram, const struct histogram_bounds *bounds, int64_t ms);
/* Adds all that was counted in `from`, which has the same bounds. */
void histogram_merge(struct histogram *to, const struct histogram *from);
