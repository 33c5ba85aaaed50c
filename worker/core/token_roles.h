#pragma once

#include "worker/core/str.h"

/* What an access token says that its holder may do. To a client a token is opaque, and may become
 * so any day; today Entra's are JWTs, and whoever holds one may look. Nothing is decided by it but
 * what `usher doctor` says. The signature is not checked: Graph does that. */

enum {
    TOKEN_ROLES_MAX = 64, /* permissions; an application of ours needs five at most */
    TOKEN_ROLE_SIZE = 96, /* Graph's longest has about 60 letters */
    TOKEN_CLAIM_SIZE = 64,
};

struct token_roles {
    bool is_known;     /* it could be read */
    bool is_delegated; /* it speaks for a person: the permissions are from scp, else from roles */
    char names[TOKEN_ROLES_MAX][TOKEN_ROLE_SIZE];
    size_t count;
    char application[TOKEN_CLAIM_SIZE]; /* its id (appid or azp); "": the token does not say */
    char tenant[TOKEN_CLAIM_SIZE];      /* tid; likewise */
};

/* Names and ids with other characters than letters, digits and . _ - are left out: they are shown
 * to people. False: it is no JWT whose middle is a JSON object; `ret` is zeroed then. */
bool token_roles_read(struct str token, struct token_roles *ret);

bool token_roles_have(const struct token_roles *roles, const char *name);
