#pragma once
// What the sandbox was asked and what it did: one JSON line for each POST to Graph, dry or real, in
// the order in which they were decided, and counts of everything. Tests count grants here, not in
// what the worker says.

#include "tests/sandbox/faults.h"

#include <stdio.h>

#define LEDGER_LINES_MAX 200000 // 100,000 events, dry and real, at 500 bytes a line: 100 MB
#define WINDOW_MS        1000

// The most of something within any WINDOW_MS, to the millisecond.
struct window {
    uint32_t slots[WINDOW_MS];
    int64_t last_ms;
    uint32_t sum;
    uint32_t most;
};

struct ledger {
    char **lines; // of the entries first ... next - 1, at number % LEDGER_LINES_MAX
    uint64_t first;
    uint64_t next;                   // counts on after DELETE
    FILE *file;                      // a copy of every line; NULL: none
    uint64_t answers[OP_COUNT][600]; // by status; 0: closed or left hanging without a byte
    uint64_t applied[OP_COUNT];
    struct window posts; // dry and real
    struct window submits;
};

// One POST. Texts may be NULL.
struct ledger_entry {
    enum op op;
    const struct change *change;
    const char *request_id;
    const char *client_request_id;
    const char *graph_id; // of the request object that was made
    const char *error;    // Graph's code
    const char *fault;    // the ending that a rule ordered
    int status;           // what the caller was sent; 0: nothing
    bool applied;         // state was changed
};

void ledger_init(struct ledger *ledger);
void ledger_finish(struct ledger *ledger);
void ledger_clear(struct ledger *ledger); // not the file

void ledger_add(struct ledger *ledger, const struct ledger_entry *entry, int64_t now_ms);

// Counts an answer; a POST is counted here and in ledger_add() both.
void ledger_count(struct ledger *ledger, enum op op, int status);

// A POST has come in: for the busiest second.
void ledger_arrived(struct ledger *ledger, enum op op, int64_t now_ms);

// All lines of entries above `after`, or the counts as one JSON object.
void ledger_lines(const struct ledger *ledger, uint64_t after, struct text *ret_text);
void ledger_summary(const struct ledger *ledger, struct text *ret_text);
