#pragma once

#include "config/settings.h"
#include "worker/core/error.h"

#include <openssl/evp.h>

/* auth: certificate: the certificate that was uploaded to the app registration, and its key, from
 * PEM files. They are read for each token and given back after it, so that a file that was replaced
 * counts at once and the key is in memory for a moment only. */

enum {
    TOKEN_THUMBPRINT_SIZE = 32,             /* SHA-256 of the DER */
    TOKEN_CERTIFICATE_BYTES_MAX = 64 << 10, /* a chain of five and a key have 12 KiB */
    TOKEN_KEY_BITS_LEAST = 2048,            /* what Entra takes */
};

struct token_certificate {
    EVP_PKEY *key; /* owned */
    unsigned char thumbprint[TOKEN_THUMBPRINT_SIZE];
    int64_t expires_wall_ms;
};

/* Reads graph.certificate_file and graph.private_key_file. A file may hold a chain, in any order:
 * the certificate is the one that the key belongs to. False: `error` names the setting and the
 * file: missing, not PEM, a key with a passphrase or not RSA, two that do not belong together, not
 * valid at `now_wall_ms`. */
bool token_certificate_read(const struct settings *settings, int64_t now_wall_ms,
                            struct token_certificate *ret, struct error *error);
/* A zeroed one is fine. */
void token_certificate_finish(struct token_certificate *certificate);
