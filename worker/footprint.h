#pragma once

#include "config/settings.h"

#include <stddef.h>
#include <stdio.h>

/* How much memory a worker with these settings can take at the very most (guarantee I12): the sum
 * of its limits, each full at the same time. A day's work takes a tenth of it or less. `usher
 * config check` prints it. */

enum { FOOTPRINT_ROWS_MAX = 16 };

struct footprint {
    struct footprint_row {
        const char *name; /* what takes it */
        const char *from; /* which settings and constants it follows from */
        size_t bytes;
    } rows[FOOTPRINT_ROWS_MAX];
    size_t count;
    size_t bytes;               /* of all rows */
    size_t bytes_per_partition; /* and so much more for each partition that it is assigned, */
    size_t bytes_per_broker;    /* and for each broker that leads some: one fetch from each */
};

struct footprint footprint_of(const struct settings *settings);

/* One line for each row, and the sum first. */
void footprint_print(const struct footprint *footprint, FILE *out);
