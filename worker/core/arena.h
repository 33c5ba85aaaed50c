#pragma once

#include "worker/core/str.h"

#include <assert.h>

/* One piece of memory handed out from its start: all strings of an event live in one allocation.
 * Whoever makes it reckons its size beforehand. */
struct arena {
    char *next;
    size_t left;
};

static inline char *arena_take(struct arena *arena, size_t size)
{
    assert(size <= arena->left);
    char *taken = arena->next;
    arena->next += size;
    arena->left -= size;
    return taken;
}

/* A NUL-terminated copy. */
static inline const char *arena_copy(struct arena *arena, struct str text)
{
    char *copy = arena_take(arena, text.size + 1);
    if (text.size > 0)
        memcpy(copy, text.data, text.size);
    copy[text.size] = '\0';
    return copy;
}
