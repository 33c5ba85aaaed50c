#pragma once

#include "config/settings.h"
#include "worker/core/error.h"

#include <openssl/ssl.h>

/* TLS to Redis. hiredis checks no host name (guarantees, trap 8), so the SSL is made here and
 * handed to redisInitiateSSL(). */

/* An SSL that takes TLS 1.2 or newer only, and only a certificate for `host` (a name or an address)
 * which an authority of redis.tls_ca_file, or of the system's store, has signed. Reads the files
 * anew each time, so that certificates can be changed under a running worker. NULL: the error names
 * the setting. The caller owns it (SSL_free) until hiredis has it. */
SSL *redis_tls_create(const struct settings *settings, const char *host, struct error *error);

/* Why the server's certificate was refused: a few words; NULL: it was not, or not seen yet. */
const char *redis_tls_refusal(const SSL *ssl);
