#pragma once

#include "config/settings.h"
#include "worker/core/call_stats.h"
#include "worker/core/graph_answer.h"

/* Where a call goes, in words that are few enough to be labels. */

/* `operation` as in call_stats.h, `path` below the version's root. */
enum call_place http_place(const struct settings *settings, const char *operation,
                           const char *path);

/* How it ended (call_stats.h). */
size_t http_place_ending(const struct http_answer *answer);

struct http_place_words {
    const char *method;
    char template[160]; /* the path, {id} in the place of what differs; longer ones are cut */
    char address[100];  /* the host, "" where there is none or it is longer */
    char port[8];
};
void http_place_words(const struct settings *settings, enum call_place place,
                      struct http_place_words *ret);

/* The ending that a call is expected to have, as call_stats.h counts it; CALL_ENDINGS: with these
 * settings the call is never made, or there is none that is expected. */
size_t http_place_expected(const struct settings *settings, enum call_place place);
