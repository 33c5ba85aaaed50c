#pragma once

#include <stddef.h>
#include <stdint.h>

/* Bytes of the next character of `text`, 1 to 4, and its code point in *ret_code (which may be
 * NULL). 0: `size` is 0, or no valid UTF-8 begins here. Strict as RFC 3629: no overlong form, no
 * surrogate, nothing past U+10FFFF, nothing cut short. */
size_t utf8_next(const char *text, size_t size, uint32_t *ret_code);
