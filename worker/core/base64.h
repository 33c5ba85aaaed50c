#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Base64 with the usual alphabet and padding (RFC 4648, 4), for bytes that must travel as printable
 * text. */

/* The length of `size` bytes as base64, without a NUL. */
static inline size_t base64_length(size_t size)
{
    return (size + 2) / 3 * 4;
}

/* Writes base64_length(size) characters and a NUL. Returns the length. */
size_t base64_encode(const uint8_t *bytes, size_t size, char *ret);

/* Reads `length` characters. False: another alphabet, missing or misplaced padding, bits set where
 * padding begins (so that there is one text for each value), or more than `max` bytes. */
bool base64_decode(const char *text, size_t length, uint8_t *ret, size_t max, size_t *ret_size);

/* The same with the alphabet for URLs (RFC 4648, 5) and without padding, as in a JWT. */
bool base64url_decode(const char *text, size_t length, uint8_t *ret, size_t max, size_t *ret_size);
