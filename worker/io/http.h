#pragma once

#include "config/settings.h"
#include "worker/core/call_stats.h"
#include "worker/core/error.h"
#include "worker/core/graph_answer.h"

#include <uv.h>

/* Calls to Graph, over libcurl's multi interface on the worker's loop. It translates and reports;
 * what an answer means is core/graph_answer.h. What cannot be sent at once waits in our own list,
 * never in curl's (its waiting line is quadratic: 256 calls over 128 connections cost 726 µs each).
 *
 * How many run at once: over HTTP/2 graph.in_flight streams, on as few connections as the server's
 * limit of streams allows; over HTTP/1.1 as core/width.h has it. Which it is the first answer
 * tells: until then one call runs. Of those that wait, real requests go first.
 *
 * A 401 is taken as "the token has run out": one new token, and the call is sent once more. */
struct http;
struct token;

enum {
    HTTP_BODY_MAX = 256 << 10, /* of an answer; Graph's largest object here is a few KiB, a list of
                                  100 about 150 KiB */
};

enum http_method { HTTP_GET, HTTP_POST };

struct http_call {
    enum http_method method;
    enum graph_version version; /* v1.0 for real requests only: asserted */
    const char *path;           /* below the version's root (graph.base_url), with query; copied */
    struct str body;            /* POST; copied */
    const char *traceparent, *tracestate; /* or NULL; copied */
    const char *operation;                /* for the statistics, a literal; NULL: by the stage */
    bool fresh;                           /* on a new connection */
    /* A real request: guarded against libcurl's silent re-send (guarantees, trap 1). */
    bool for_real;
    /* for_real: asked right before the first byte may leave, on the loop's thread, from inside
     * curl: it may look, and nothing else. False: HTTP_REFUSED, nothing was sent. NULL: yes. */
    bool (*may_send)(void *context, struct request *rq);
    /* Called exactly once, on the loop's thread, never from inside http_start(). `answer` is valid
     * during the call, which may start others. */
    void (*on_answer)(void *context, struct request *rq, const struct http_answer *answer);
    void *context;
};

/* `token` may be NULL for calls without bearer (tests). Both must outlive it. */
struct http *http_create(uv_loop_t *loop, const struct settings *settings, struct token *token,
                         struct error *error);
/* Open calls are answered HTTP_LOST or HTTP_NOT_SENT first, from inside. Memory comes back when the
 * loop has turned once more. */
void http_destroy(struct http *http);

/* Sets rq->graph.client_request_id, to a fresh GUID or, for_real, to the one that the intent names
 * (rq->claim), and starts the call or queues it. Calls wait
 * without a limit of time: for room, which comes as others end, and for a token; where none can be
 * had, they are answered HTTP_NOT_SENT. Their number is bounded by the requests at work. */
void http_start(struct http *http, struct request *rq, const struct http_call *call);

/* Graph throttles: the calls that still wait for room are answered HTTP_NOT_SENT, from inside. May
 * be called from on_answer. */
void http_send_back(struct http *http, const char *why);

/* Room for one more call without waiting? */
bool http_has_room(const struct http *http);
struct http_load {
    size_t active, waiting; /* calls */
    size_t connections;     /* that are open */
    size_t width;           /* how many calls may be active now */
};
struct http_load http_load(const struct http *http);
/* Every call that ended. */
const struct call_stats *http_stats(const struct http *http);
