#pragma once
// The whole sandbox in one struct. One thread, one loop: nothing here needs a lock.

#include "tests/sandbox/faults.h"
#include "tests/sandbox/ledger.h"
#include "tests/sandbox/state.h"
#include "tests/sandbox/token.h"

struct sandbox {
    struct {
        int64_t latency_ms;                // of every Graph and token answer
        int64_t deliver_after_ms;          // from Submitted to Delivered: assignments
        int64_t resource_deliver_after_ms; // the same for resources, which Graph delivers at once
        bool dry_run_sees_duplicates;      // unknown of the real one, so a test can have both
        bool unknown_members;              // true: members that no metadata knows pass
        char delegated_user[GUID_SIZE];    // "": tokens are the application's; else this user's
    } settings;
    struct token_settings token_settings;
    struct random random;
    struct state state;
    struct ledger ledger;
    struct faults faults;
    struct tokens tokens;
    FILE *record; // each call to Graph, see record.h; NULL: none
};
