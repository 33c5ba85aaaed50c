#pragma once
// What the pretended tenant holds. A grant is one stay of one member in one container. Rows are
// never deleted and carry the times at which they came and went, so any earlier view can be read:
// delivery is a time in the future, a read that lags behind writes is a view of the past.

#include "tests/sandbox/change.h"
#include "tests/sandbox/index.h"
#include "tests/sandbox/life.h"

#define STATE_ROWS_MAX 1000000 // of requests, and of grants; 300 bytes each, an hour at 250 POST/s
#define TIME_NEVER     INT64_MAX

struct grant {
    enum kind kind;
    char id[GUID_SIZE];
    char container[GUID_SIZE];
    char detail[64];
    char *member;
    int64_t added_ms;
    int64_t removed_ms; // TIME_NEVER while it stands
    int32_t older;      // the grant of the same pair before it, or INDEX_NONE
};

struct request {
    enum kind kind;
    char id[GUID_SIZE];
    char request_type[24]; // as beta spells it
    bool execute_immediately;
    int32_t grant;
    int32_t older; // the request of the same pair before it, or INDEX_NONE
    int64_t created_ms;
    int64_t due_ms;          // when it is delivered …
    const struct life *life; // … unless this is ordered for it; NULL: it is not
    int64_t life_ms;         // when that began
    bool again;              // it was reprocessed
    char *justification;
    char *expiration;
};

struct pair {
    int32_t grant; // the newest of each, or INDEX_NONE
    int32_t request;
};

struct state {
    struct random *random;
    struct grant *grants;
    int32_t grant_count;
    struct request *requests;
    int32_t request_count;
    struct pair *pairs;
    int32_t pair_count;
    struct index pair_index;
    struct index packages; // what is known, where only those are known
    struct index catalogs;
    bool packages_closed; // false: every package is known
    bool catalogs_closed;
    struct lives lives;
};

// What state_check() found. UNKNOWN: no such container. OPEN: a request of the pair is not
// delivered. STANDS, ABSENT: of the grant, where the opposite is needed. FULL: STATE_ROWS_MAX.
enum verdict {
    VERDICT_OK,
    VERDICT_UNKNOWN,
    VERDICT_OPEN,
    VERDICT_STANDS,
    VERDICT_ABSENT,
    VERDICT_FULL
};

void state_init(struct state *state, struct random *random);
void state_finish(struct state *state); // and forget everything: init and finish again

// Fills container and member from grant_id, for a removal or an update that names one. A grant of
// another container than the one named is not found.
void state_resolve(const struct state *state, struct change *change);

// May this be done now? Looks only.
enum verdict state_check(const struct state *state, const struct change *change, int64_t now_ms);

// Does it, whatever the check says, delivered after deliver_after_ms. A removal or update of
// nothing makes a request and changes no grant. The new request, valid until the next one.
const struct request *state_apply(struct state *state, const struct change *change, int64_t now_ms,
                                  int64_t deliver_after_ms);

// A grant that stands since now_ms and came from no request: what a test starts with.
void state_seed(struct state *state, const struct change *change, int64_t now_ms);

// The newest rows of a pair, INDEX_NONE where there is none.
struct pair state_pair(const struct state *state, enum kind kind, const char *container,
                       const char *member);

const struct grant *state_grant(const struct state *state, enum kind kind, const char *id);
const struct request *state_request(const struct state *state, enum kind kind, const char *id);
struct request *state_request_to_change(struct state *state, enum kind kind, const char *id);
