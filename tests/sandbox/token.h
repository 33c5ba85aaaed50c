#pragma once
// Bearer tokens: those that the token endpoint gave out, and one that the command line allows.

#include "tests/sandbox/assertion.h"

#define ROLES_SIZE 512
#define TOKENS_MAX 1024 // given out and remembered; a worker needs one an hour

struct token_settings {
    char tenant[64];         // "": any tenant
    char client_id[64];      // "": any client
    char client_secret[256]; // "": any secret that is not empty, where no assertion is registered
    struct assertion_rules assertions;
    char claims[512];         // what Graph demands of a token in a challenge; "": nothing
    int claims_status;        // of that challenge: 401, or 403; 0: 401
    char identity_header[64]; // of App Service's endpoint; "": any
    char token[4096];         // a bearer that is good for ever; "": none
    char roles[ROLES_SIZE];   // application permissions of the tokens to come, blanks between
    char managed_package[GUID_SIZE]; // that a role of entitlement management, which no token shows,
    char managed_catalog[GUID_SIZE]; // lets the application work on; "": none
    char delegated_user[GUID_SIZE];  // whom the tokens to come speak for; "": the application
    int64_t lifetime_s;
    int64_t bytes; // least length of a token: real ones have about 1,500
};

struct tokens {
    struct {
        char *text;
        char claims[512]; // that it was asked for with
        char roles[ROLES_SIZE];
        int64_t expires_ms;
    } slots[TOKENS_MAX];
    struct assertion_ids assertions;
    uint64_t given; // the newest is in slot (given - 1) % TOKENS_MAX
};

// Makes a token that lives lifetime_s, with the claims that the form asks for: a JWT whose
// signature is none. Owned by tokens.
const char *tokens_give(struct tokens *tokens, const struct token_settings *settings,
                        struct random *random, const char *form);

// All given tokens are worthless from now on.
void tokens_revoke(struct tokens *tokens);

// NULL: the header Authorization holds a good bearer token. Else what Graph says about it.
const char *tokens_refuse(const struct tokens *tokens, const struct token_settings *settings,
                          const char *authorization);

// The token of a header that tokens_refuse() let pass lacks the claims that Graph demands.
bool tokens_lack_claims(const struct tokens *tokens, const struct token_settings *settings,
                        const char *authorization);

// The application permissions of the token in a header that tokens_refuse() let pass.
const char *tokens_roles(const struct tokens *tokens, const struct token_settings *settings,
                         const char *authorization);

// A call of the token endpoint, refused as Entra does it. code NULL: it is in order.
struct token_problem {
    int status;
    const char *error; // invalid_client ...
    int code;          // 7000215 of AADSTS7000215
    const char *message;
};
struct token_form {
    const char *tenant; // of the path
    const char *url;    // that was called
    const char *text;
    size_t size;
};
struct token_problem token_check_form(const struct token_settings *settings, struct tokens *tokens,
                                      const struct token_form *form);
