#pragma once
// Is this the body of an access-request POST? Strict as the metadata of
// its version: names in their exact
// case, types, what each requestType needs, nothing read-only, nothing unknown. It shares no code
// with the worker on purpose: it is the second opinion.

#include "tests/sandbox/state.h"

#include <cjson/cJSON.h>

// Why a body or a call is refused, in Graph's terms.
struct problem {
    int status;
    const char *code;        // error.code
    const char *detail_code; // error.details[0].code, or NULL
    char message[256];
};

// Bytes -> one JSON object. Refuses what cJSON alone would let through: bytes after the end, bad
// UTF-8, control characters, doubled names, \u0000, a leading zero. NULL: *ret_why says why. The
// caller deletes it.
cJSON *json_parse(const char *bytes, size_t size, const char **ret_why);

// What the body asks for, as far as it can be read: for fault rules and the ledger, before any
// check. Reads only isValidationOnly: true as a dry run, and on beta only: v1.0 has none, so a body
// that asks for one there is for real, if unknown members pass.
void body_describe(const cJSON *body, enum kind kind, enum version version,
                   struct change *ret_change);

struct body_caller {
    bool delegated; // the token speaks for a user: User* is allowed, and the user is the default
                    // target
    bool unknown_members; // let unknown members pass
};

// True: the body may be acted on. False: ret_problem says what Graph would say. Completes a change
// that body_describe() filled: its verb.
bool body_check(const cJSON *body, const struct body_caller *caller, struct change *change,
                struct problem *ret_problem);

__attribute__((format(printf, 4, 5))) bool problem_set(struct problem *ret_problem, int status,
                                                       const char *code, const char *format, ...);
