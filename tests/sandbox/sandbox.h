#pragma once
// The whole sandbox in one struct. One thread, one loop: nothing here needs a lock.

#include "tests/sandbox/faults.h"
#include "tests/sandbox/ledger.h"
#include "tests/sandbox/state.h"
#include "tests/sandbox/token.h"

#define WRITES_MAX 65536 // of one window

// When POSTs came, a ring, for limiter.h.
struct writes {
    int64_t times_ms[WRITES_MAX];
    size_t first;
    size_t count;
};

struct sandbox {
    struct {
        int64_t latency_ms;                // of every Graph and token answer
        int64_t deliver_after_ms;          // from Submitted to Delivered: assignments
        int64_t resource_deliver_after_ms; // the same for resources, which Graph delivers at once
        int64_t writes_limit;              // POSTs in a window, more are 429; 0: no limit
        int64_t writes_window_ms;
        bool limit_headers;           // x-ms-throttle-limit-percentage
        bool dry_run_sees_duplicates; // unknown of the real one, so a test can have both
        bool unknown_members;         // true: members that no metadata knows pass
    } settings;
    struct token_settings token_settings;
    struct random random;
    struct state state;
    struct ledger ledger;
    struct writes writes;
    struct faults faults;
    struct tokens tokens;
    FILE *record; // each call to Graph, see record.h; NULL: none
};
