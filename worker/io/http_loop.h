#pragma once

#include "config/settings.h"
#include "worker/core/error.h"

#include <curl/curl.h>
#include <uv.h>

/* libcurl's multi interface on a libuv loop: which sockets to watch, when to wake, and what has
 * ended. It knows nothing of Graph. worker/io/http.h and worker/io/token.h each have one. What is
 * asked of libcurl stands in http_options.h, the way through a proxy in http_proxy.h.
 *
 * A connection on which a call timed out, and nothing came meanwhile, is not used again. Nor is one
 * that is older than graph.connection_age: curl sees to that when a connection is idle. One that
 * many calls share may never be, so these get new connections, while the calls on the old ones
 * end. */
struct http_loop;
struct generation;

/* A transfer. Whoever starts it owns it. on_done is called once for each start, from the loop,
 * never from inside another call of this file; the handle is free by then and may be started again
 * from there. Members without comment are http_loop.c's own. */
struct http_transfer {
    CURL *easy;
    char error[CURL_ERROR_SIZE]; /* curl's own sentence, or "" */
    void (*on_done)(struct http_transfer *transfer, CURLcode result);
    const char *url;
    struct generation *generation;
    unsigned proxy_number;
};

/* `connections_max`: idle connections that are kept for the next transfer. `settings` must outlive
 * it. NULL: this libcurl is not fit, or the proxy's password cannot be read; `error` says so. */
struct http_loop *http_loop_create(uv_loop_t *uv, const struct settings *settings,
                                   int connections_max, struct error *error);
/* All transfers must have been finished. Memory comes back when the loop has turned once more. */
void http_loop_destroy(struct http_loop *loop);
/* That are open now, or being opened. */
size_t http_loop_connections(const struct http_loop *loop);

/* Makes transfer->easy with all that every call of ours has in common. `url`: where it will go, and
 * stays where it is; its scheme is the only one allowed. False: out of memory. */
bool http_transfer_init(struct http_transfer *transfer, struct http_loop *loop, const char *url);
void http_transfer_finish(struct http_transfer *transfer);

void http_transfer_start(struct http_loop *loop, struct http_transfer *transfer);
/* Ends it at once, without on_done. */
void http_transfer_cancel(struct http_transfer *transfer);
/* From on_done: calls to come shall not use its connection. True: many calls share it (HTTP/2), and
 * those that start from now on get a new one, while the calls on the old one end. False: they may
 * (it is not shared, still older ones are ending, or no memory); the next can ask for a new one. */
bool http_transfer_leave(struct http_loop *loop, const struct http_transfer *transfer);
