#pragma once

#include "worker/core/guid.h"
#include "worker/io/token_certificate.h"

/* The signed statement that takes the place of a client secret (facts: graph 5): a JWT with PS256
 * and x5t#S256, which Entra takes once and for some minutes. */

enum {
    TOKEN_ASSERTION_LIFE_S = 600,     /* Entra advises 5 to 10 minutes */
    TOKEN_ASSERTION_BYTES_MAX = 8192, /* about 1 KiB with a key of 2,048 bits */
};

struct token_assertion {
    const char *client_id;
    const char *audience; /* the address of the token endpoint */
    char id[GUID_SIZE];   /* jti: another one each time */
    int64_t now_s;        /* Unix time */
};

/* The statement as text, for the caller to free. NULL: OpenSSL or the memory failed, and `error`
 * says so. */
char *token_assertion_make(const struct token_assertion *assertion,
                           const struct token_certificate *certificate, struct error *error);
