#pragma once

#include "worker/core/call_stats.h"
#include "worker/core/guid.h"
#include "worker/core/span.h"

#include <stdint.h>

/* What a request carries from its shells, beside its record and its event: what Redis confirmed,
 * and what Graph said. */

enum {
    GRAPH_REQUEST_ID_MAX = 64,  /* Graph's request-id is a GUID; room for other servers' */
    GRAPH_DIAGNOSTIC_MAX = 320, /* x-ms-ags-diagnostic: which machine it was; about 150 bytes */
    /* Of what Graph said, as far as the reply repeats it; more is left out. Its largest documented
     * objects are 2 to 3 KiB, its errors have one or two details. */
    GRAPH_OBJECT_MAX = 32 << 10,
    GRAPH_DETAILS_MAX = 8 << 10,
    GRAPH_MESSAGE_MAX = 4 << 10, /* as JSON it may be six times that, and still fits in a reply */
};

/* What Graph said last, kept for the reply. */
struct graph_trace {
    char *object; /* owned; the object Graph answered with, JSON text, or NULL */
    char *page;   /* owned; look.h: where the list that is being read goes on, or NULL */
    char request_id[GRAPH_REQUEST_ID_MAX]; /* header request-id of the last answer, or "" */
    char client_request_id[GUID_SIZE];     /* ours, of the last call, or "" */
    char diagnostic[GRAPH_DIAGNOSTIC_MAX]; /* header x-ms-ags-diagnostic beside it, or "" */
};

enum { HASH_SIZE = 64 + 1 }; /* hexadecimal */

/* The claim as Redis confirmed it (worker/core/claim.h). */
struct claim {
    uint64_t fence;       /* 0: none held */
    int64_t confirmed_ms; /* when Redis last said that it is ours */
    /* When the intent was first written: by Graph's clock where the dry run told it, else by
     * Redis'; 0: never, or not known. */
    int64_t intent_wall_ms;
    /* Of the real request that the intent stands for, set with it; "": none. */
    char client_request_id[GUID_SIZE];
    /* SHA-256 of source and id, which names the event in Redis, and of what it asks for; "": not
     * made yet. */
    char event_hash[HASH_SIZE], body_hash[HASH_SIZE];
};

/* How well a row of a look-up's list fits the request (look_match.h). */
enum match {
    MATCH_NONE,
    MATCH_OTHER_OPEN, /* doubt open: an open one for the same target, but of another type */
    MATCH_MAYBE,      /* may be ours, or do what ours would: it cannot be told */
    MATCH_SAME_OPEN,  /* doubt open: an open one that does what ours would */
    MATCH_OURS,       /* doubt sent: of our type, for our target, made since our intent, and with
                       * our reason (justification), if both give one */
};

/* Whose Graph it is about. Set at admit; before, and without the map `tenants`, it is zeroed. */
struct plan_limits;
struct settings;
struct whose {
    const char *name; /* of the tenant, as the settings have it; NULL: there is only one */
    size_t index;     /* of settings->tenants, and so of the worker's */
    const struct settings *settings;  /* the tenant's own; NULL: the worker's */
    const struct plan_limits *limits; /* the tenant's own; NULL: the plan's */
};

struct attempts {
    unsigned dry_run, submit, look; /* calls to Graph that were made, for the reply */
};

/* Its part of a trace (worker/traces.h). Zeroed: none of ours. */
struct request_trace {
    bool is_on;                         /* the three below are set: event.traceparent is ours */
    struct span_context own;            /* the span `process` */
    struct span_context came;           /* what the record carried … */
    bool has_parent, has_link;          /* … is its parent, is linked to */
    struct span_context call, sent;     /* the spans of the call under way, and of the reply */
    enum call_place place;              /* where that call goes */
    int64_t start_ns, call_ns, sent_ns; /* when each began; 0: it has not */
    char own_text[TRACEPARENT_SIZE], call_text[TRACEPARENT_SIZE], sent_text[TRACEPARENT_SIZE];
};
