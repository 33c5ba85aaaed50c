#pragma once

#include "worker/core/str.h"

#include <stdbool.h>
#include <stdint.h>

/* Spans of OpenTelemetry: what they are made of, which of them are recorded, and how they are named
 * to others (W3C Trace Context, level 1). Random bytes and times are arguments. */

enum {
    TRACE_ID_SIZE = 16,
    SPAN_ID_SIZE = 8,
    TRACEPARENT_SIZE = 55 + 1,     /* of version 00, with its NUL */
    SPAN_ATTRIBUTES_MAX = 24,      /* those of `process` are 17 */
    SPAN_TEXT_MAX = 512,           /* bytes of a text; what is longer is cut */
    SPAN_FLAG_SAMPLED = 1,         /* of W3C's flags: its trace is recorded */
    SPAN_FLAGS_CARRIED = 0x01 | 2, /* … and, of level 2, that the trace id is random */
};

struct span_context {
    uint8_t trace_id[TRACE_ID_SIZE];
    uint8_t span_id[SPAN_ID_SIZE];
    uint8_t flags;
};

/* `traceparent` is a valid one (trace_context.h), of any version. */
void span_context_read(const char *traceparent, struct span_context *ret);
/* As version 00. */
void span_context_write(const struct span_context *context, char ret[TRACEPARENT_SIZE]);
/* A new span in the trace of `parent`, or, where that is NULL, in a new one; `flags` 0. */
void span_context_make(const struct span_context *parent,
                       const uint8_t random[TRACE_ID_SIZE + SPAN_ID_SIZE],
                       struct span_context *ret);

/* Which traces are recorded; the names are OTEL_TRACES_SAMPLER's. */
enum sampler {
    SAMPLER_ALWAYS_ON,
    SAMPLER_ALWAYS_OFF,
    SAMPLER_RATIO,
    SAMPLER_PARENT_ON, /* as its parent says, and without one as the first three */
    SAMPLER_PARENT_OFF,
    SAMPLER_PARENT_RATIO,
};
/* `parent` NULL: it begins its trace. `ratio`, from 0 to 1, is of the traces: all who have one
 * trace, and the same ratio, decide the same. */
bool sampler_takes(enum sampler sampler, double ratio, const struct span_context *parent,
                   const struct span_context *own);

enum span_kind { SPAN_CLIENT = 3, SPAN_PRODUCER = 4, SPAN_CONSUMER = 5 }; /* OTLP's numbers */

struct span_attribute {
    const char *name; /* a literal */
    struct str text;  /* data NULL: it is `number`, or true */
    int64_t number;
    bool is_true;
};

/* Points to what the caller has; nothing is owned. */
struct span {
    struct span_context context;
    const struct span_context *parent; /* NULL: it begins its trace */
    bool parent_is_remote;             /* it is somebody else's */
    const struct span_context *link;   /* the message that it is about; NULL: none */
    const char *tracestate;            /* or NULL */
    enum span_kind kind;
    const char *name;
    int64_t start_ns, end_ns; /* since 1970 */
    const char *error;        /* what went wrong; NULL: nothing did */
    struct span_attribute attributes[SPAN_ATTRIBUTES_MAX];
    size_t count;
};

/* A text without data, or an empty one, is left out. More than fit are a mistake of ours. */
void span_put_text(struct span *span, const char *name, struct str text);
void span_put_number(struct span *span, const char *name, int64_t number);
void span_put_true(struct span *span, const char *name);
