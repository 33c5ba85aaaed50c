#pragma once

#include "worker/core/follow.h"
#include "worker/core/graph_answer.h"

#include <cjson/cJSON.h>

/* A followed request as it lives in Redis (worker/io/redis_follow.h): JSON text, written with its
 * answer, read by whoever looks at it next. Members that are not known are lost when it is written
 * again, so a `v` above ours is left alone. */
enum {
    FOLLOWED_VERSION = 1,
    /* Usually 600 bytes; with Graph's object and texts full of escapes six times these limits. */
    FOLLOWED_BYTES_MAX = 6 * (GRAPH_OBJECT_MAX + GRAPH_MESSAGE_MAX) + (64 << 10),
    FOLLOWED_TEXT_MAX = 1024, /* key, subject, correlation id, tracestate; longer is left out */
    FOLLOWED_ID_MAX = 128,    /* Graph's ids are GUIDs; they become part of a path */
};

struct followed {
    struct record record; /* topic, partition and offset of its request, no more: its name in
                           * Redis is claim_origin() of it */
    enum kind kind;
    const char *graph_id; /* "": Graph's answer had none, so it cannot be looked at */
    const char *request_id, *request_source;
    const char *tenant; /* whose it is; NULL: the single one's */
    /* NULL: there is none. The two bytes' texts are base64. */
    const char *subject, *traceparent, *tracestate, *key64, *correlation64;
    struct follow_memory memory;

    /* The status that is to be told, once it is known: from then on it never changes. */
    enum follow_word word;
    int64_t seen_ms;
    const char *object;         /* Graph's, as text, or NULL */
    const char *code, *message; /* why the last look failed, where it did; NULL: it did not */
    int http_status;

    cJSON *tree; /* owns the texts of one that was read */
};

/* Is a request whose answer stands to be followed? The first `submitted` of an event is. */
bool followed_is_due(const struct request *rq);
/* Its text, owned by the caller; `ret_told`: its word is known already. NULL: no memory. */
char *followed_make(const struct request *rq, bool *ret_told);

/* Reads it. False: it is none that we know. followed_finish() frees what it took, either way. */
bool followed_read(struct str text, struct followed *ret);
void followed_finish(struct followed *followed);

/* The text, owned by the caller. NULL: no memory. */
char *followed_write(const struct followed *followed);
