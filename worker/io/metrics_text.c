#include "worker/io/metrics_text.h"

#include <string.h>

void metrics_begin(struct buffer *out, const char *name, const char *type, const char *help)
{
    buffer_print(out, "# HELP %s %s.\n# TYPE %s %s\n", name, help, name, type);
}

static void put_value(struct buffer *out, int64_t value)
{
    buffer_put(out, " ", 1);
    buffer_put_integer(out, value);
    buffer_put(out, "\n", 1);
}

void metrics_put_one(struct buffer *out, const char *name, const char *type, const char *help,
                     int64_t value)
{
    metrics_begin(out, name, type, help);
    buffer_put_text(out, name);
    put_value(out, value);
}

void metrics_put_seconds(struct buffer *out, int64_t ms)
{
    buffer_print(out, "%lld.%03lld", (long long)(ms / 1000), (long long)(ms % 1000));
}

void metrics_put_histogram(struct buffer *out, const char *name, const char *labels,
                           const struct histogram *histogram, const struct histogram_bounds *bounds)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < bounds->count; i++) {
        sum += histogram->buckets[i];
        buffer_print(out, "%s_bucket{%sle=\"%g\"} %llu\n", name, labels,
                     (double)bounds->ms[i] / 1000, (unsigned long long)sum);
    }
    int size = labels[0] != '\0' ? (int)strlen(labels) - 1 : 0;
    const char *open = size > 0 ? "{" : "";
    const char *close = size > 0 ? "}" : "";
    buffer_print(out, "%s_bucket{%sle=\"+Inf\"} %llu\n", name, labels,
                 (unsigned long long)histogram->count);
    buffer_print(out, "%s_sum%s%.*s%s ", name, open, size, labels, close);
    metrics_put_seconds(out, histogram->sum_ms);
    buffer_print(out, "\n%s_count%s%.*s%s %llu\n", name, open, size, labels, close,
                 (unsigned long long)histogram->count);
}
