#pragma once

#include "tests/sim/world.h"

/* Many histories, one after the other. */

struct campaign {
    uint64_t first_seed, histories;
    size_t records;
    bool trace;
    uint32_t only_kinds; /* 0: as each seed draws them */
    const struct sabotage *sabotage;
    uint64_t failures_max; /* stop after so many */
    uint64_t *running;     /* the seed of the history that runs is kept there; or NULL */
};

struct campaign_end {
    struct counts counts;
    uint64_t violations;
    uint64_t first_seed; /* of the first violation */
    char invariant[16];
};

/* `print`: say what is broken, and how to see it again. */
void campaign_run(const struct campaign *campaign, bool print, struct campaign_end *ret);
/* What to type to see that history again. */
void campaign_print_command(const struct campaign *campaign, uint64_t seed);
void counts_print(const struct counts *counts);
