#pragma once

#include "config/settings.h"
#include "worker/core/error.h"
#include "worker/io/token_answer.h"

#include <uv.h>

/* One call at a time of Entra's token endpoint, or of that of a managed identity (token_form.h). */
struct token_fetch;

enum {
    TOKEN_BODY_MAX = 64 << 10, /* a token has at most some KiB, the rest of the answer 200 bytes */
};

/* How a fetch ended. `answer` has a token, or `error` says why not. `status` 0: no answer. It may
 * take the token out of the answer. From the loop, never from inside token_fetch_start(). */
struct token_fetch_events {
    void (*on_fetched)(void *context, int status, struct token_answer *answer,
                       const struct error *error);
    void *context;
};

struct token_fetch *token_fetch_create(uv_loop_t *uv, const struct settings *settings,
                                       const struct token_fetch_events *events,
                                       struct error *error);
void token_fetch_destroy(struct token_fetch *fetch);

/* Reads the secret, certificate or federated token anew and sends it. `claims`: of a challenge
 * (token_claims.h); NULL: none. False: something cannot be read, `error` says why, and on_fetched
 * is not called. None may be under way. */
bool token_fetch_start(struct token_fetch *fetch, const char *claims, struct error *error);

/* When the certificate that was last read expires, Unix milliseconds; 0: none was. */
int64_t token_fetch_certificate_ends_at(const struct token_fetch *fetch);
