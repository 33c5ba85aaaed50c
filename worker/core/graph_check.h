#pragma once

#include "worker/core/graph_members.h"

/* Checking the members of `data` by the table of graph_members.h: types, names, and that all of
 * them are of one version of Graph. */

/* Where something stands in `data`, from the inside out. */
struct graph_place {
    const struct graph_place *outer; /* NULL: a member of `data` */
    const cJSON *item;
};

enum { GRAPH_PATH_SIZE = 256 }; /* five known names and one of 64 bytes */

/* "data.accessPackageAssignment.targetId"; longer ones are cut. */
void graph_place_write(const struct graph_place *place, char ret[GRAPH_PATH_SIZE]);

/* What has been found so far. */
struct findings {
    const cJSON *items[SLOT_COUNT]; /* that are there, not null and not the empty text */
    /* The first member that only the one version calls so, as a path; "": none so far. Does not
     * count isValidationOnly: to us that is what the event wants, in either version. */
    char marks[GRAPH_VERSIONS][GRAPH_PATH_SIZE];
};

/* Checks one member of `data`, and what is inside it, and notes what it finds. `member` is the row
 * it equals but for case. False: the fault names its path. Names of both versions in one body are
 * refused (mixedVersions). */
bool graph_member_check(const struct member *member, const cJSON *item, struct findings *findings,
                        struct fault *ret_fault);
