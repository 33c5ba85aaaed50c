#pragma once

#include "config/settings.h"
#include "worker/core/error.h"
#include "worker/io/redis_url.h"

#include <openssl/ssl.h>

/* TLS to Redis. hiredis checks no host name (guarantees, trap 8), so the SSL is made here and
 * handed to redisInitiateSSL(). */

/* An SSL that takes TLS 1.2 or newer only, and only a certificate for `host` (a name or an address)
 * which an authority of redis.tls_ca_file, or of the system's store, has signed. Reads the files
 * anew each time, so that certificates can be changed under a running worker. NULL: the error names
 * the setting. The caller owns it (SSL_free) until hiredis has it. */
SSL *redis_tls_create(const struct settings *settings, const char *host, struct error *error);

/* From now on only a certificate for `host` will do. An address is looked for among its addresses
 * and is never sent as a name. */
bool redis_tls_expect_host(SSL *ssl, const char *host);

/* True: the server's certificate was refused, and the sentence says why. It names the host for
 * which the certificate is none, or else redis.tls_ca_file. */
bool redis_tls_explain(const SSL *ssl, const struct settings *settings, const struct redis_url *url,
                       struct error *ret);
