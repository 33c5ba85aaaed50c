#pragma once

#include "worker/core/str.h"

/* W3C Trace Context, level 1: what may be carried on as it stands. A value that is not valid is not
 * an error of the event; it is not carried on. */

enum {
    TRACESTATE_SIZE_MAX = 512, /* what the specification asks everyone to carry; more is dropped */
    TRACESTATE_MEMBERS_MAX = 32, /* the specification's limit */
};

/* version-traceid-parentid-flags in lower-case hexadecimal digits. A later version may have more
 * behind the flags. */
bool traceparent_is_valid(struct str text);
/* key=value list; a key may stand once only. */
bool tracestate_is_valid(struct str text);
