#pragma once

#include "config/settings.h"
#include "worker/core/error.h"
#include "worker/core/str.h"

#include <stdint.h>

/* What Entra's token endpoint, or that of a managed identity, answers (facts: graph 5): pure. */

enum {
    TOKEN_LIFE_DEFAULT_S = 300,    /* an answer need not say expires_in (RFC 6749 5.1) */
    TOKEN_LIFE_MOST_S = 24 * 3600, /* Entra's longest is a day and a bit */
};

struct token_answer {
    char *token;         /* owned; wipe it with token_answer_finish(); NULL: none */
    int64_t life_s;      /* from now */
    int64_t ends_wall_s; /* Unix time, where the answer says only that; 0: life_s holds */
    bool refused;        /* the credentials are wrong: nothing but a change of settings helps */
};

/* True: there is a token. False: `error` says what is wrong, in terms of the option that is to
 * blame; `auth` tells which that is. */
bool token_answer_read(int status, struct str body, enum auth auth, struct token_answer *ret,
                       struct error *error);
void token_answer_finish(struct token_answer *answer);

/* May this stand in a header as a bearer token? Printable ASCII without spaces, not empty. */
bool token_text_is_good(const char *text);
