#pragma once
// Faults by order: rules that a test sends. All rules that match a call are laid over each other;
// of their endings the first one counts. README.md has the JSON.

#include "tests/sandbox/bind.h"
#include "tests/sandbox/state.h"

enum op { OP_DRY_RUN, OP_SUBMIT, OP_LOOK, OP_CATALOGS, OP_REPROCESS, OP_TOKEN, OP_OTHER, OP_COUNT };
extern const char *const OP_NAMES[OP_COUNT];
extern const char *const KIND_NAMES[3]; // by enum kind

enum ending {
    ENDING_ANSWER,       // as it should be
    ENDING_STATUS,       // `status` instead; applied before only if `apply`
    ENDING_CLOSE_BEFORE, // not applied, closed without a byte
    ENDING_CLOSE_AFTER,  // applied, closed without a byte
    ENDING_HANG_BEFORE,  // not applied, nothing more comes
    ENDING_HANG_AFTER,   // applied, nothing more comes
    ENDING_GARBAGE,      // applied, the right status, a body that is no JSON
    ENDING_TRUNCATE,     // applied, closed in the middle of the body
    ENDING_COUNT
};
extern const char *const ENDING_NAMES[ENDING_COUNT];

// What happens to one call. Zeroed: nothing unusual.
struct fault {
    enum ending ending;
    bool apply;     // ENDING_STATUS
    int64_t status; // ENDING_STATUS, as the rest of this block
    char code[64];
    char body[8]; // graph, html or none
    char retry_after[40];
    char scope[96];         // x-ms-throttle-scope
    int64_t latency_ms;     // waits before it answers
    int64_t delay_apply_ms; // waits before it applies
    int64_t stale_reads_ms; // a GET sees the state of that long ago
    bool ignore_dry_run;
    bool drop_echo;
    bool no_duplicate_rejection;
    bool reset; // closes with RST, not FIN
};

#define RULES_MAX 64 // a test has a handful; each call looks at all

struct rule {
    cJSON *json; // as it was sent
    char op[16]; // "any", "" or a name of OP_NAMES; kind likewise
    char kind[16];
    char target[MEMBER_SIZE];
    char container[GUID_SIZE];
    char justification[128]; // a part of it
    int64_t after;           // the first n matching calls are spared
    int64_t times;           // then so many are hit; -1: all
    double probability;
    struct fault fault;
    int64_t seen;
    int64_t fired;
};

struct faults {
    struct rule rules[RULES_MAX];
    size_t count;
};

// Adds the rules of a JSON list. False with ret_why: none was added.
bool faults_add(struct faults *faults, const cJSON *list, char ret_why[WHY_SIZE]);
void faults_clear(struct faults *faults);

// The rules as they were sent, each with `seen` and `fired`. A new JSON list.
cJSON *faults_show(const struct faults *faults);

// What the rules order for a call, and counts it. `change` may be NULL (no body).
struct fault faults_match(struct faults *faults, enum op op, enum kind kind,
                          const struct change *change, struct random *random);
