#pragma once
// The signed statement that an application may send in the place of its secret, checked as strictly
// as Entra's documents ask for it: RFC 7523 with PS256 and x5t#S256, or a federated token.

#include "tests/sandbox/base.h"

#define ASSERTIONS_MAX 256 // ids remembered, to refuse one that comes twice

// What is registered for the application.
struct assertion_rules {
    char certificates[256]; // a PEM file, read at each call: any of its certificates; "": none
    char federated[256];    // a file, read at each call: the one token that is taken; "": none
};

struct assertion_ids {
    char ids[ASSERTIONS_MAX][64];
    uint64_t count; // the newest is (count - 1) % ASSERTIONS_MAX
};

struct assertion {
    const char *text;      // client_assertion
    const char *client_id; // as the form has it
    const char *audience;  // the address that was called
};

// The number of AADSTSn and what Entra says; number 0: it is in order. `ids` takes its id.
struct assertion_problem {
    int number;
    const char *message;
};
struct assertion_problem assertion_check(const struct assertion *assertion,
                                         const struct assertion_rules *rules,
                                         struct assertion_ids *ids);
