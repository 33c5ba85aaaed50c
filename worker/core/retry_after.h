#pragma once

#include "worker/core/str.h"

#include <stdint.h>

/* The header Retry-After. Graph sends it as a whole or a decimal number of seconds ("2.128"); a
 * proxy may send any of HTTP's three forms of a date (RFC 9110 5.6.7), or nonsense. */

enum {
    /* Ten minutes: twice the longest window that Graph publishes (150 s and 5 min), so an honest
     * value is never cut, and a mad one (1e9 s, a date in 2099) cannot put the worker to sleep for
     * good. */
    RETRY_AFTER_MOST_MS = 10 * 60 * 1000,
};

/* How long to wait, 0 to RETRY_AFTER_MOST_MS, parts of a millisecond rounded up. A date counts from
 * `now_wall_ms` (best: the answer's own Date, so that a wrong clock of ours does not matter); one
 * that has passed is 0. -1: absent (data NULL), negative, or not to be read: the caller takes its
 * default. */
int64_t retry_after_read(struct str value, int64_t now_wall_ms);

/* An HTTP date as Unix milliseconds. False: it is none. Years of two digits are 1970 to 2069. */
bool http_date_read(struct str value, int64_t *ret_ms);
