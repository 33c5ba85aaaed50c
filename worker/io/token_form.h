#pragma once

#include "config/settings.h"
#include "worker/core/error.h"

/* What is asked of the token endpoint, for each kind of graph.auth but token (facts: graph 5). All
 * secrets, certificates and federated tokens are read anew from their files each time. */

/* The address: of Entra's token endpoint, or of the managed identity's with its query. For the
 * caller to free; NULL: too long, or no memory. */
char *token_form_url(const struct settings *settings);

struct token_form {
    /* The body of a POST; for auth: managed-identity the header line of a GET. Owned, has a secret
     * in it: token_form_finish() wipes it. NULL: none. */
    char *text;
    size_t size;
    int64_t certificate_ends_wall_ms; /* 0: no certificate was read */
};

/* `url`: what token_form_url() made. `claims`: what a challenge asked for, JSON; NULL: none. False:
 * `error` names the setting that is to blame. */
bool token_form_make(const struct settings *settings, const char *url, const char *claims,
                     struct token_form *ret, struct error *error);
/* A zeroed one is fine. */
void token_form_finish(struct token_form *form);
