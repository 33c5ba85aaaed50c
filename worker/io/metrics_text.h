#pragma once

#include "worker/io/metrics.h"

/* The lines of a scrape, for metrics.c and metrics_tenants.c only. */

/* HELP and TYPE, once for each family. */
void metrics_begin(struct buffer *out, const char *name, const char *type, const char *help);
/* A family of one value without labels. */
void metrics_put_one(struct buffer *out, const char *name, const char *type, const char *help,
                     int64_t value);
/* Milliseconds as seconds, and other thousandths, without floating point. */
void metrics_put_seconds(struct buffer *out, int64_t ms);
/* `labels` without braces, ending in a comma if there are any. */
void metrics_put_histogram(struct buffer *out, const char *name, const char *labels,
                           const struct histogram *histogram,
                           const struct histogram_bounds *bounds);

/* The families that each tenant has rows in (metrics_tenants.c). */
void metrics_render_tenants(const struct metrics_view *view, struct buffer *out);
