#pragma once

#include "worker/io/metrics.h"

/* The lines of a scrape, for the files metrics*.c only. */

/* Labels as they stand between the braces, each with a comma behind it. */
enum { METRICS_LABELS_SIZE = 2048, METRICS_VALUE_MAX = 256 };
struct metrics_labels {
    char text[METRICS_LABELS_SIZE];
    size_t size;
};
/* Escapes the value, and cuts it at METRICS_VALUE_MAX bytes. "" is left out: to Prometheus that is
 * the same. */
void metrics_label(struct metrics_labels *labels, const char *name, const char *value);

/* HELP and TYPE, once for each family. */
void metrics_begin(struct buffer *out, const char *name, const char *type, const char *help);
/* `name{labels} `, to be followed by a value; NULL: no labels. */
void metrics_put_name(struct buffer *out, const char *name, const struct metrics_labels *labels);
/* One line. */
void metrics_put_row(struct buffer *out, const char *name, const struct metrics_labels *labels,
                     int64_t value);
/* A family of one value without labels. */
void metrics_put_one(struct buffer *out, const char *name, const char *type, const char *help,
                     int64_t value);
/* Milliseconds as seconds, and other thousandths, without floating point. */
void metrics_put_seconds(struct buffer *out, int64_t ms);
/* One line of those. */
void metrics_put_seconds_row(struct buffer *out, const char *name,
                             const struct metrics_labels *labels, int64_t ms);
void metrics_put_histogram(struct buffer *out, const char *name,
                           const struct metrics_labels *labels, const struct histogram *histogram,
                           const struct histogram_bounds *bounds);

/* What each tenant has rows in (metrics_tenants.c). */
void metrics_render_tenants(const struct metrics_view *view, struct buffer *out);
/* Its calls to Graph and the token endpoint (metrics_calls.c). */
void metrics_render_calls(const struct metrics_view *view, struct buffer *out);
/* What goes in from Kafka and out to it (metrics_kafka.c). */
void metrics_render_kafka(const struct metrics_view *view, struct buffer *out);
