#pragma once

#include "worker/core/str.h"

#include <stdint.h>

/* RFC 3339 times with a zone, such as 2026-03-01T08:30:00.1234567+01:00. Unix time in milliseconds,
 * without leap seconds. */

enum { RFC3339_SIZE = sizeof "2026-03-01T07:30:00.123Z" };

/* Reads a time. Any number of fraction digits is fine, those past the third are cut off. The zone
 * must be there; :60 is read as the second after :59. False: it is no such time, or there is no
 * such day, and *ret_ms stays as it was. */
bool rfc3339_parse(struct str text, int64_t *ret_ms);

/* Writes a time in UTC with milliseconds. What lies outside the years 0 to 9999 becomes the nearest
 * time inside. */
void rfc3339_format(int64_t unix_ms, char ret[RFC3339_SIZE]);
