#pragma once

#include "worker/core/plan.h"

/* Every road through a plan: from admit, each stage says each thing that it may say, until the
 * request is answered, dropped or the worker stops. A road that comes back to where it was never
 * ends; a road that breaks a promise is wrong. What is nobody's fault (paced, held, lost, stale)
 * may happen `weather` times on a road. */
struct walk {
    size_t states;       /* different situations seen */
    unsigned longest;    /* transitions on the longest road */
    const char *trouble; /* "": every road ends, and keeps every promise */
    char where[64];      /* stage and outcome of the trouble */
};

struct walk walk_all_roads(const struct plan *plan, unsigned weather);

/* Promises that can be read off single cells. "" or what is wrong; `where` says in which. */
const char *plan_cells_trouble(const struct plan *plan, char where[64]);
