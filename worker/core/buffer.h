#pragma once

#include "worker/core/str.h"

#include <stdint.h>

/*
 * Text or bytes that grow at their end, up to a limit. Nothing has to be checked on the way: what
 * does not fit, or finds no memory, is left out, and from then on the buffer has failed and says so
 * at the end.
 */
struct buffer {
    char *data; /* owned; NUL-terminated unless NULL */
    size_t size;
    size_t capacity;
    size_t max; /* most bytes, without the NUL */
    bool failed;
};

/* Takes no memory yet. `max` is at least 1. */
void buffer_init(struct buffer *buffer, size_t max);
void buffer_finish(struct buffer *buffer);
/* Empty again, and not failed; keeps its memory. */
void buffer_clear(struct buffer *buffer);

void buffer_put(struct buffer *buffer, const char *bytes, size_t size);
void buffer_put_text(struct buffer *buffer, const char *text);
void buffer_put_integer(struct buffer *buffer, int64_t value);
/* For what is written rarely: at most 1,024 bytes at once, else the buffer has failed. */
void buffer_print(struct buffer *buffer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* What is in it, for the caller to free, and its size (`ret_size` may be NULL); the buffer is as
 * after buffer_init(). NULL if it has failed. */
char *buffer_take(struct buffer *buffer, size_t *ret_size);
