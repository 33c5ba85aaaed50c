#pragma once
// Rows of the state as the service shows them: for the answer to a POST, for lists and for single
// reads.

#include "tests/sandbox/call.h"

enum field {
    FIELD_ID,
    FIELD_TYPE,
    FIELD_STATE,
    FIELD_STATUS,
    FIELD_CONTAINER, // package or catalog
    FIELD_OBJECT,    // target's object id, or a resource's origin id
    FIELD_EMAIL,     // of a target that is not in the directory
    FIELD_DETAIL,    // policy id, or a resource's origin system
    FIELD_GRANT,     // the assignment or resource that a request is about
    FIELD_CREATED,   // of a grant: when it began
    FIELD_COMPLETED, // of a grant: when it ended
    FIELD_JUSTIFICATION,
    FIELD_EXPIRATION,
    FIELD_COUNT
};

// Texts are NULL where there is nothing. They point into the state, or into `times`.
struct item {
    const char *fields[FIELD_COUNT];
    char times[2][TIME_SIZE];
    int64_t created_ms;
    bool execute_immediately;
    bool drop_echo; // leave isValidationOnly out
};

// How much of an item is written.
struct item_view {
    enum set set;
    enum version version;
    bool with_context;  // "@odata.context" of a single entity
    const char *select; // $select, or NULL
    const char *expand; // $expand, or NULL
};

// As seen at view_ms. False: it was not there.
bool item_of_request(const struct state *state, const struct request *request, int64_t view_ms,
                     struct item *ret_item);
bool item_of_grant(const struct grant *grant, int64_t view_ms, struct item *ret_item);

void item_write(const struct item *item, const struct item_view *view, struct text *ret_text);

// Does a comma-separated list such as $expand name this? What is in parentheses behind a name does
// not count.
bool list_names(const char *list, const char *name);
