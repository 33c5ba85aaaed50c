/*
 * A value for each setting that is not its default, in the order of the option table, and how it is
 * printed.
 */
#pragma once

#include "tests/config/harness.h"

struct sample {
    const char *name, *text, *printed;
};

extern const struct sample samples[];
extern const size_t samples_count;

/* What else has to be set for a sample to stand; at most 8 variables. */
const struct texts *sample_beside(const char *name);
