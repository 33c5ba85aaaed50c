#include "worker/io/redis_dial.h"

#include "worker/io/redis_tls.h"

#include <hiredis/adapters/libuv.h>
#include <hiredis/hiredis_ssl.h>

enum { REPLY_ELEMENTS_MAX = 64 }; /* of one array; the longest answer of ours has 12 */

bool redis_dial_check(const struct redis_peer *peer, struct error *error)
{
    if (peer->url.transport != REDIS_TLS)
        return true;
    SSL *ssl = redis_tls_create(peer->settings, peer->url.host, error);
    SSL_free(ssl);
    return ssl != NULL;
}

bool redis_dial_start_tls(const struct redis_peer *peer, redisAsyncContext *context, SSL **ret_ssl,
                          struct error *error)
{
    *ret_ssl = NULL;
    if (peer->url.transport != REDIS_TLS)
        return true;
    SSL *ssl = redis_tls_create(peer->settings, peer->url.host, error);
    if (ssl == NULL)
        return false;
    if (redisInitiateSSL(&context->c, ssl) == REDIS_OK) {
        *ret_ssl = ssl;
        return true;
    }
    redis_dial_explain(peer, context, ssl, error);
    SSL_free(ssl);
    return false;
}

static bool set_up(const struct redis_peer *peer, redisAsyncContext *context, struct error *error)
{
    if (context->err != 0)
        return error_set(error, "redis.url: cannot connect to %s: %s", peer->url.name,
                         context->errstr);
    context->c.reader->maxelements = REPLY_ELEMENTS_MAX;
    if (redisLibuvAttach(context, peer->loop) != REDIS_OK)
        return error_set(error, "redis.url: the loop takes no more sockets");
    return true;
}

redisAsyncContext *redis_dial(const struct redis_peer *peer, const struct addrinfo *address,
                              struct error *error)
{
    char text[NI_MAXHOST];
    redisOptions options = {0};

    if (address == NULL) {
        REDIS_OPTIONS_SET_UNIX(&options, peer->url.path);
    } else if (getnameinfo(address->ai_addr, address->ai_addrlen, text, sizeof text, NULL, 0,
                           NI_NUMERICHOST) == 0) {
        REDIS_OPTIONS_SET_TCP(&options, text, peer->url.port); /* digits: nothing to be looked up */
    } else {
        error_set(error, "redis.url: %s has an address that cannot be read", peer->url.host);
        return NULL;
    }
    redisAsyncContext *context = redisAsyncConnectWithOptions(&options);
    if (context == NULL) {
        error_set(error, "redis.url: no memory for a connection");
        return NULL;
    }
    if (set_up(peer, context, error))
        return context;
    redisAsyncFree(context);
    return NULL;
}

uint64_t redis_dial_backoff_ms(unsigned failures)
{
    uint64_t most = REDIS_BACKOFF_FIRST_MS;
    uint32_t chance = 0;

    for (unsigned i = 1; i < failures && most < REDIS_BACKOFF_MOST_MS; i++)
        most *= 2;
    if (most > REDIS_BACKOFF_MOST_MS)
        most = REDIS_BACKOFF_MOST_MS;
    if (uv_random(NULL, NULL, &chance, sizeof chance, 0, NULL) != 0)
        return most;
    return 1 + chance % most;
}

void redis_dial_explain(const struct redis_peer *peer, const redisAsyncContext *context,
                        const SSL *ssl, struct error *ret)
{
    const char *name = peer->url.name;

    if (ssl != NULL && redis_tls_explain(ssl, peer->settings, &peer->url, ret))
        return;
    if (ssl != NULL && !SSL_is_init_finished(ssl))
        error_set(ret, "redis.url: %s broke off before TLS stood; does that port speak TLS?", name);
    else
        error_set(ret, "redis.url: lost the connection to %s: %s", name,
                  context->err != 0 ? context->errstr : "closed");
}
