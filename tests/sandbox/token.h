#pragma once
// Bearer tokens: those that the token endpoint gave out, and one that the command line allows.

#include "tests/sandbox/base.h"

#define TOKENS_MAX 1024 // given out and remembered; a worker needs one an hour

struct token_settings {
    char tenant[64];         // "": any tenant
    char client_id[64];      // "": any client
    char client_secret[256]; // "": any secret that is not empty
    char token[4096];        // a bearer that is good for ever; "": none
    int64_t lifetime_s;
    int64_t bytes; // length of a token: real ones have about 1,500
};

struct tokens {
    struct {
        char *text;
        int64_t expires_ms;
    } slots[TOKENS_MAX];
    uint64_t given; // the newest is in slot (given - 1) % TOKENS_MAX
};

// Makes a token that lives lifetime_s. Owned by tokens.
const char *tokens_give(struct tokens *tokens, const struct token_settings *settings,
                        struct random *random);

// All given tokens are worthless from now on.
void tokens_revoke(struct tokens *tokens);

// NULL: the header Authorization holds a good bearer token. Else what Graph says about it.
const char *tokens_refuse(const struct tokens *tokens, const struct token_settings *settings,
                          const char *authorization);

// A call of the token endpoint, refused as Entra does it. code NULL: it is in order.
struct token_problem {
    int status;
    const char *error; // invalid_client ...
    int code;          // 7000215 of AADSTS7000215
    const char *message;
};
struct token_problem token_check_form(const struct token_settings *settings, const char *tenant,
                                      const char *form, size_t size);
