#pragma once

#include "worker/core/str.h"

#include <stdint.h>

/* GUIDs in the one form that Graph takes and gives: 8-4-4-4-12 hexadecimal digits. */

enum { GUID_SIZE = 36 + 1 };

/* Reads one in either case, without braces or white space around it, into lower case. False: it is
 * none, and `ret` is "". */
bool guid_read(struct str text, char ret[GUID_SIZE]);

/* The text of one that is 16 bytes, in the order of the digits. */
void guid_write(const uint8_t bytes[16], char ret[GUID_SIZE]);

/* Makes a random (version 4) GUID of 16 random bytes; the caller has them from the system. */
void guid_from_random(const uint8_t random[16], char ret[GUID_SIZE]);
