#pragma once

#include "config/settings.h"
#include "worker/core/error.h"
#include "worker/core/graph_answer.h"

#include <uv.h>

/* Calls to Graph and to the token endpoint, over libcurl's multi interface on the worker's loop. It translates and reports; what
 * an answer means is core/graph_answer.h. What cannot be sent at once waits in our own list, never in curl's (its waiting line is quadratic:
 * 256 calls over 128 connections cost 726 µs each). */
struct http;
struct token;

enum { HTTP_BODY_MAX = 256 << 10 }; /* of an answer; Graph's largest object here is a few KiB, a list of 100 about 150 KiB */

enum http_method { HTTP_GET, HTTP_POST };

struct http_call {
    enum http_method method;
    const char *path;  /* below graph.base_url, with query; copied */
    struct str body;   /* POST; copied */
    const char *traceparent, *tracestate; /* or NULL; copied */
    bool for_real;     /* a real request: guarded against libcurl's silent re-send (guarantees, trap 1) */
    /* for_real: asked right before the first byte may leave, on the loop's thread; false: HTTP_REFUSED, nothing was sent. */
    bool (*may_send)(void *context, struct request *rq);
    /* Called exactly once, on the loop's thread, never from inside http_start(). `answer` is valid during the call. */
    void (*on_answer)(void *context, struct request *rq, const struct http_answer *answer);
    void *context;
};

/* `token` may be NULL only for calls without bearer (tests). */
struct http *http_create(uv_loop_t *loop, const struct settings *settings, struct token *token, struct error *error);
void http_destroy(struct http *http); /* open calls are answered HTTP_LOST or HTTP_NOT_SENT first */

/* Sets rq->graph.client_request_id to a fresh GUID and starts the call or queues it. */
void http_start(struct http *http, struct request *rq, const struct http_call *call);

/* Room for one more call without waiting? Asked before `mark`, so that little time passes between intent and POST. */
bool http_has_room(const struct http *http);
size_t http_active(const struct http *http);
size_t http_waiting(const struct http *http);
