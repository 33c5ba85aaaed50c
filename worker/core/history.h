#pragma once

#include "worker/core/stage.h"

#include <stddef.h>
#include <stdint.h>

/* The last quarter of an hour in slots of ten seconds, for the status page: what was answered, and
 * how things stood. A ring of one size, so that a worker that runs for months has no more of it.
 * Pure: `now_ms` is the loop's clock. */

enum { HISTORY_SLOTS = 90, HISTORY_SLOT_MS = 10 * 1000 };

/* How things stand. `answers` only grow. */
struct history_now {
    uint64_t answers[ANSWER_COUNT];
    int64_t lag; /* -1: not known */
    uint64_t in_flight;
};

struct history_slot {
    int64_t number;                 /* now_ms / HISTORY_SLOT_MS, and one: 0 is never filled */
    uint64_t answers[ANSWER_COUNT]; /* that came in these ten seconds */
    int64_t lag;                    /* at their end; -1: not known */
    uint64_t in_flight;             /* the most that were seen in them */
};

struct history_ring {
    struct history_slot slots[HISTORY_SLOTS]; /* number modulo HISTORY_SLOTS */
    uint64_t before[ANSWER_COUNT];            /* as counted last */
};

/* To be called about once a second: what was counted since the last call belongs to the slot of
 * now. A zeroed history is an empty one. */
void history_note(struct history_ring *history, const struct history_now *now, int64_t now_ms);

/* The slot that ended `age` slots ago; 0 is the one that is being filled, and `age` is below
 * HISTORY_SLOTS. NULL: nothing was noted in it. */
const struct history_slot *history_at(const struct history_ring *history, size_t age,
                                      int64_t now_ms);

/* The answers of one kind in the last `slots` slots. */
uint64_t history_sum(const struct history_ring *history, enum answer answer, size_t slots,
                     int64_t now_ms);
