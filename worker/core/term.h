#pragma once

#include "worker/core/str.h"

#include <cjson/cJSON.h>
#include <stdint.h>

/* For how long an assignment is asked for: what a `schedule` of its body says of the end (facts:
 * graph 1.3). */

enum term_end {
    TERM_UNSAID,     /* there is no schedule, and so no word about an end */
    TERM_ENDLESS,    /* a schedule without an end that is sure: no expiration, one of another type
                      * than afterDateTime and afterDuration, or a recurrence, which starts anew */
    TERM_UNREADABLE, /* its duration is none, or zero, or negative */
    TERM_SET,
};

struct term {
    enum term_end end;
    /* Times are Unix time in milliseconds, and 0 where they are not given. Both ends may be: the
     * later one counts. */
    int64_t start_ms, end_ms;
    int64_t length_ms;
};

/* `schedule` has passed graph_members.h; NULL: there is none. */
struct term term_read(const cJSON *schedule);

/* How long a term that is TERM_SET lasts, seen at `wall_ms`: from its start, or from then if that
 * is past or not given. 0: it has ended before. */
int64_t term_length_ms(const struct term *term, int64_t wall_ms);

/* An ISO 8601 duration, such as P30D or PT8H30M, as the most it can be: a month counts 31 days, a
 * year 366, a fraction of a second one more. False: it is none, or more than 100,000 years; *ret_ms
 * stays as it was. */
bool term_parse_duration(struct str text, int64_t *ret_ms);

enum { TERM_TEXT_SIZE = sizeof "106751991167d 23h 59m 59s" };

/* Writes a length for a sentence: "30d", "1d 2h"; what is left of a second counts as one. */
void term_write_length(int64_t length_ms, char ret[TERM_TEXT_SIZE]);
