#pragma once

#include "config/settings.h"
#include "worker/core/error.h"
#include "worker/io/token_answer.h"

#include <uv.h>

/* One call of Entra's token endpoint at a time: grant_type=client_credentials with the secret
 * (facts: graph 5). */
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

/* Reads the secret anew and sends it. False: it cannot be read, `error` says why, and on_fetched is
 * not called. None may be under way. */
bool token_fetch_start(struct token_fetch *fetch, struct error *error);
