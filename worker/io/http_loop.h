#pragma once

#include "config/settings.h"
#include "worker/core/error.h"

#include <curl/curl.h>
#include <uv.h>

/* libcurl's multi interface on a libuv loop: which sockets to watch, when to wake, and what has
 * ended. It knows nothing of Graph. worker/io/http.h and worker/io/token.h each have one. A
 * connection on which a call timed out, and nothing came meanwhile, is not used again. */
struct http_loop;

/* A transfer. Whoever starts it owns it. on_done is called once for each start, from the loop,
 * never from inside another call of this file; the handle is free by then and may be started again
 * from there. */
struct http_transfer {
    CURL *easy;
    char error[CURL_ERROR_SIZE]; /* curl's own sentence, or "" */
    void (*on_done)(struct http_transfer *transfer, CURLcode result);
};

/* `connections_max`: idle connections that are kept for the next transfer. */
struct http_loop *http_loop_create(uv_loop_t *uv, int connections_max, struct error *error);
/* All transfers must have been finished. Memory comes back when the loop has turned once more. */
void http_loop_destroy(struct http_loop *loop);

enum {
    HTTP_CONNECT_TIMEOUT_MS = 10000, /* a hand-shake takes three round trips: under a second */
    /* The least that curl takes, and more than a body has; its default of 64 KiB stays with each
     * handle for good. */
    HTTP_UPLOAD_BUFFER = 16 << 10,
    /* An idle connection is not used again after a minute: Graph's front doors and what stands
     * between close theirs after two to four, and a connection that dies under a real request costs
     * a look-up. */
    HTTP_IDLE_MAX_S = 60,
    /* A certificate is checked at connect only, and names move: a new connection every ten minutes.
     */
    HTTP_CONNECTION_LIFE_MAX_S = 600,
};

/* Makes transfer->easy with all that every call of ours has in common: TLS 1.2 and newer, verified;
 * no redirects, no environment's proxy for a loopback address, no signals, no netrc. `url`: where
 * it will go; its scheme is the only one allowed, and plain http is not tunnelled anywhere. False:
 * out of memory. */
bool http_transfer_init(struct http_transfer *transfer, struct http_loop *loop,
                        const struct settings *settings, const char *url);
void http_transfer_finish(struct http_transfer *transfer);

void http_transfer_start(struct http_loop *loop, struct http_transfer *transfer);
/* Ends it at once, without on_done. */
void http_transfer_cancel(struct http_loop *loop, struct http_transfer *transfer);
