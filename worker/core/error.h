/*
 * What the operator did wrong, as one sentence.
 *
 * The worker has two kinds of error. What the world did is an `enum outcome` and travels to the
 * plan. What the operator did (an option, a file, a missing topic) is a `bool` and a `struct
 * error`: false means that the text says which thing is wrong, what is wrong with it, and what to
 * do. Nobody below main.c prints it.
 */
#pragma once

#include <stdbool.h>

/* A sentence fits in 512 bytes with a path and a host name in it; a longer one is cut and ends in
 * "...". */
#define ERROR_TEXT_SIZE 512

/* Zeroed: no error. The text has no line feed and no full stop at its end, so that it can be put
 * into a line. */
struct error {
    char text[ERROR_TEXT_SIZE];
};

/*
 * Writes the text and returns false, so that a caller can `return error_set(error, ...)`. What was
 * in it before is replaced; it may be an argument of its own replacement (`error_set(e, "file x:
 * %s", e->text)`). `error` may be NULL: the caller wants no text.
 */
__attribute__((format(printf, 2, 3))) bool error_set(struct error *error, const char *format, ...);
