#include "worker/io/metrics_text.h"

#include <stdio.h>
#include <string.h>

static void put_escaped(struct metrics_labels *labels, const char *value)
{
    for (size_t i = 0; value[i] != '\0' && i < METRICS_VALUE_MAX; i++) {
        if (value[i] == '\\' || value[i] == '"' || value[i] == '\n')
            labels->text[labels->size++] = '\\';
        labels->text[labels->size++] = value[i] == '\n' ? 'n' : value[i];
    }
}

void metrics_label(struct metrics_labels *labels, const char *name, const char *value)
{
    size_t most = strlen(name) + 2 * METRICS_VALUE_MAX + sizeof "=\"\",";
    if (value[0] == '\0' || labels->size + most > sizeof labels->text)
        return;
    labels->size += (size_t)snprintf(labels->text + labels->size,
                                     sizeof labels->text - labels->size, "%s=\"", name);
    put_escaped(labels, value);
    memcpy(labels->text + labels->size, "\",", 3);
    labels->size += 2;
}

void metrics_begin(struct buffer *out, const char *name, const char *type, const char *help)
{
    buffer_print(out, "# HELP %s %s.\n# TYPE %s %s\n", name, help, name, type);
}

static void put_labels(struct buffer *out, const struct metrics_labels *labels)
{
    if (labels == NULL || labels->size == 0)
        return;
    buffer_put(out, "{", 1);
    buffer_put(out, labels->text, labels->size - 1);
    buffer_put(out, "}", 1);
}

void metrics_put_name(struct buffer *out, const char *name, const struct metrics_labels *labels)
{
    buffer_put_text(out, name);
    put_labels(out, labels);
    buffer_put(out, " ", 1);
}

void metrics_put_row(struct buffer *out, const char *name, const struct metrics_labels *labels,
                     int64_t value)
{
    metrics_put_name(out, name, labels);
    buffer_put_integer(out, value);
    buffer_put(out, "\n", 1);
}

void metrics_put_one(struct buffer *out, const char *name, const char *type, const char *help,
                     int64_t value)
{
    metrics_begin(out, name, type, help);
    metrics_put_row(out, name, NULL, value);
}

void metrics_put_seconds(struct buffer *out, int64_t ms)
{
    buffer_print(out, "%lld.%03lld", (long long)(ms / 1000), (long long)(ms % 1000));
}

void metrics_put_seconds_row(struct buffer *out, const char *name,
                             const struct metrics_labels *labels, int64_t ms)
{
    metrics_put_name(out, name, labels);
    metrics_put_seconds(out, ms);
    buffer_put(out, "\n", 1);
}

static void put_bucket(struct buffer *out, const char *name, const struct metrics_labels *labels,
                       const char *bound, uint64_t count)
{
    buffer_put_text(out, name);
    buffer_put_text(out, "_bucket{");
    if (labels != NULL)
        buffer_put(out, labels->text, labels->size);
    buffer_print(out, "le=\"%s\"} %llu\n", bound, (unsigned long long)count);
}

void metrics_put_histogram(struct buffer *out, const char *name,
                           const struct metrics_labels *labels, const struct histogram *histogram,
                           const struct histogram_bounds *bounds)
{
    uint64_t sum = 0;
    char bound[32];
    for (size_t i = 0; i < bounds->count; i++) {
        sum += histogram->buckets[i];
        snprintf(bound, sizeof bound, "%g", (double)bounds->ms[i] / 1000);
        put_bucket(out, name, labels, bound, sum);
    }
    put_bucket(out, name, labels, "+Inf", histogram->count);
    buffer_put_text(out, name);
    buffer_put_text(out, "_sum");
    metrics_put_seconds_row(out, "", labels, histogram->sum_ms);
    buffer_put_text(out, name);
    buffer_put_text(out, "_count");
    metrics_put_row(out, "", labels, (int64_t)histogram->count);
}
