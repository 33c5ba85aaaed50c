#pragma once
// A table from text to a number: open addressing, grows by doubling, nothing is ever taken out.
// Zeroed is empty. Keys are copied.

#include <stddef.h>
#include <stdint.h>

#define INDEX_NONE (-1)

struct index_slot {
    char *key; // NULL: free
    uint64_t hash;
    int32_t value;
};

struct index {
    struct index_slot *slots;
    size_t room; // a power of two, or 0
    size_t count;
};

// The number kept for `key`, or INDEX_NONE.
int32_t index_find(const struct index *index, const char *key);

// Keeps `value` for `key`, in place of an earlier one. value >= 0.
void index_put(struct index *index, const char *key, int32_t value);

void index_finish(struct index *index);
