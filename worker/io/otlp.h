#pragma once

#include "config/settings.h"
#include "worker/core/error.h"
#include "worker/core/otlp_json.h"

#include <uv.h>

/* Sends spans to an OpenTelemetry collector: OTLP over HTTP, as JSON, on the worker's loop. Nobody
 * waits for it: spans are written into batches in memory, at most traces.queue of them, and what
 * comes when these are full is dropped and counted. One POST is under way at a time. A collector
 * that asks for patience (429, 502, 503, 504; Retry-After) or cannot be reached gets the same batch
 * again, five times at most; what it refuses otherwise is given up.
 *
 * Nothing of Graph's goes there: no token, and never through graph.proxy. */
struct otlp;

enum {
    /* traces.queue of so many bytes each are kept, no more: theirs have 1 to 2 KiB, and those with
     * texts as long as they may be are dropped sooner. */
    OTLP_SPAN_BYTES = 4 << 10,
};

/* How many spans ended in which way. */
struct otlp_stats {
    uint64_t exported; /* the collector took them */
    uint64_t failed;   /* it refused them, or could not be had */
    uint64_t dropped;  /* there was no room, or no time at the end */
    size_t queued;     /* now */
};

/* settings->traces.endpoint is set. NULL: `error` names the setting. */
struct otlp *otlp_create(uv_loop_t *loop, const struct settings *settings, struct error *error);
/* Spans that are still there are dropped, and the log says how many. Memory comes back when the
 * loop has turned once more. */
void otlp_destroy(struct otlp *otlp);

/* Copies it. */
void otlp_add(struct otlp *otlp, const struct span *span);
/* From now on nothing waits for company. */
void otlp_flush(struct otlp *otlp);
/* Nothing is queued or under way. */
bool otlp_is_idle(const struct otlp *otlp);
const struct otlp_stats *otlp_stats(const struct otlp *otlp);
