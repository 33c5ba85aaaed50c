#pragma once

#include "worker/core/str.h"

/* SHA-256, as 64 lower-case hexadecimal digits and a NUL. */
enum { DIGEST_HEX_SIZE = 64 + 1 };

/* Of `count` pieces, one after the other, as if they were one. False: OpenSSL has no memory, or no
 * SHA-256; `ret` is "" then. */
bool digest_sha256_hex(const struct str *parts, size_t count, char ret[DIGEST_HEX_SIZE]);
