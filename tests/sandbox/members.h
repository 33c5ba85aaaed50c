#pragma once
// The members that Graph's two request types have, of beta and of v1.0 each: two tables, typed from
// what Microsoft publishes of the one and of the other, so that what belongs to the other version
// is unknown.

#include "tests/sandbox/change.h"

enum type {
    TYPE_ANY,
    TYPE_TEXT,
    TYPE_GUID,
    TYPE_BOOL,
    TYPE_TIME,
    TYPE_READ_ONLY,
    TYPE_OBJECT,
    TYPE_LIST
};

// One member that an object may have. `inside` belongs to TYPE_OBJECT and to the items of
// TYPE_LIST.
struct member {
    const char *name;
    enum type type;
    const struct member *inside;
};

// Of a body of that kind. Ends with a row without a name.
const struct member *members_of(enum kind kind, enum version version);

// An answer's item and its question need an @odata.type: are these the members of one?
bool members_are_answer(const struct member *members);
bool members_are_question(const struct member *members);
