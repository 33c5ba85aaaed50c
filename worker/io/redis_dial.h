#pragma once

#include "config/settings.h"
#include "worker/core/error.h"
#include "worker/io/redis_url.h"

#include <hiredis/async.h>
#include <netdb.h>
#include <openssl/ssl.h>
#include <uv.h>

/* Starting a connection to one address, on the loop. */
struct redis_peer {
    uv_loop_t *loop;
    const struct settings *settings;
    struct redis_url url;
};

enum {
    REDIS_BACKOFF_FIRST_MS = 50,  /* a restarted Redis is back soon … */
    REDIS_BACKOFF_MOST_MS = 5000, /* … and one that is away is asked again in time */
};

/* How long to wait before the next try, after so many that failed. With full jitter: workers that
 * lost Redis together do not come back together. */
uint64_t redis_dial_backoff_ms(unsigned failures);

/* Can the files be read that TLS needs? */
bool redis_dial_check(const struct redis_peer *peer, struct error *error);

/* `address` is one that the URL's host stands for, NULL for a socket. The context has begun to
 * connect; its callbacks are the caller's to set. NULL: a sentence that names the setting. */
redisAsyncContext *redis_dial(const struct redis_peer *peer, const struct addrinfo *address,
                              struct error *error);

/* For its connect callback, before anything is sent. *ret_ssl is the context's SSL, owned by it;
 * NULL without TLS. False: a sentence; the context is of no more use. */
bool redis_dial_start_tls(const struct redis_peer *peer, redisAsyncContext *context, SSL **ret_ssl,
                          struct error *error);

/* Why a connection that once began was lost, as a sentence; asked before the context is freed. */
void redis_dial_explain(const struct redis_peer *peer, const redisAsyncContext *context,
                        const SSL *ssl, struct error *ret);
