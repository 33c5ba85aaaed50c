#pragma once

#include <stddef.h>

/* Our own codes in `error.code` of a reply, each with what to do about it. Codes that are not here
 * are Graph's. The README's list is checked against this one, so a new code starts here. */
struct fault_code {
    const char *code;   /* lower camel case */
    const char *advice; /* one sentence for the one who sent the event */
};

extern const struct fault_code fault_codes[];
extern const size_t fault_codes_count;

/* The row of that code, or NULL: not one of ours. */
const struct fault_code *fault_code_find(const char *code);
