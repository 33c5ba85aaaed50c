#include "worker/core/histogram.h"

const struct histogram_bounds call_bounds = {{5, 10, 25, 50, 75, 100, 250, 500, 750, 1000, 2500,
                                              5000, 7500, 10000},
                                             14};
const struct histogram_bounds process_bounds = {{5, 10, 25, 50, 75, 100, 250, 500, 750, 1000, 2500,
                                                 5000, 7500, 10000, 30000, 60000},
                                                16};
const struct histogram_bounds latency_bounds = {{10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000,
                                                 30000, 60000, 120000, 300000, 600000},
                                                15};
const struct histogram_bounds lag_bounds = {{1, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000,
                                             10000},
                                            12};

void histogram_add(struct histogram *histogram, const struct histogram_bounds *bounds, int64_t ms)
{
    int64_t time_ms = ms > 0 ? ms : 0;
    size_t i = 0;
    while (i < bounds->count && time_ms > bounds->ms[i])
        i++;
    histogram->buckets[i]++;
    histogram->count++;
    histogram->sum_ms += time_ms;
}

void histogram_merge(struct histogram *to, const struct histogram *from)
{
    for (size_t i = 0; i <= HISTOGRAM_BOUNDS_MAX; i++)
        to->buckets[i] += from->buckets[i];
    to->count += from->count;
    to->sum_ms += from->sum_ms;
}
