#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* A piece of somebody else's bytes: not NUL-terminated, not owned. `data` NULL means "is not there"
 * (a null Kafka value, a header without value), which is not the same as empty. */
struct str {
    const char *data;
    size_t size;
};

static inline struct str str_of(const char *text)
{
    return (struct str){text, text != NULL ? strlen(text) : 0};
}

static inline bool str_equal(struct str a, struct str b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

static inline bool str_is(struct str a, const char *text)
{
    return a.data != NULL && str_equal(a, str_of(text));
}
