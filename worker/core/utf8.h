#pragma once

#include "worker/core/str.h"

/* Strict UTF-8, as RFC 3629 has it: no overlong forms, no surrogates, nothing above U+10FFFF. */

/* How many bytes (1 to 4) the character at `at` takes, of which `left` bytes may be read; 0: no
 * character. */
size_t utf8_length(const char *at, size_t left);

/* True if all of it is UTF-8; if not, *ret_offset (may be NULL) is the first byte that is not. */
bool utf8_is_valid(struct str text, size_t *ret_offset);

/* True if it is UTF-8 without control characters (U+0000 to U+001F, U+007F to U+009F). */
bool utf8_is_printable(struct str text);

/* The longest start of `text` that has at most `size_max` bytes and ends between two characters, to
 * be printed with
 * `%.*s`. */
int utf8_cut(struct str text, size_t size_max);
