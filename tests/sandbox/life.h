#pragma once
// What becomes of a request after its POST, by order: the states that it goes through, one after
// the other. Without an order it is delivered when the settings say. Only what is shown of the
// request follows it; its grant comes all the same when the settings say.

#include "tests/sandbox/base.h"

#include <cjson/cJSON.h>

#define LIVES_MAX       64
#define LIFE_STATES_MAX 8

struct life {
    char justification[64]; // requests whose reason contains this
    int64_t each_ms;        // so long it stays in each state, for ever in the last one
    char states[LIFE_STATES_MAX][24];
    int64_t count;
    char again[LIFE_STATES_MAX][24]; // after a reprocess
    int64_t again_count;
};

struct lives {
    struct life items[LIVES_MAX]; // stay where they are: requests point to them
    int count;
};

// Adds a list of them (README.md); false with ret_why where one is wrong.
bool lives_add(struct lives *lives, const cJSON *list, char *ret_why, size_t size);

// The first that is for such a reason, or NULL.
const struct life *lives_find(const struct lives *lives, const char *justification);

// The state of one that began at from_ms, and since when it is in it.
const char *life_state(const struct life *life, bool again, int64_t from_ms, int64_t view_ms,
                       int64_t *ret_since_ms);

// Nothing more comes by itself.
bool life_state_is_over(const char *state);
// Only these may be reprocessed.
bool life_state_has_failed(const char *state);
