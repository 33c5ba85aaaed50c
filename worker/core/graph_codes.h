#pragma once

#include "worker/core/request.h"

/* The codes of Graph's that are known, with what each means to a request and what its sender or the
 * operator can do (facts: graph 3). The README's list is this one, row for row. Any other code of a
 * 4xx is a refusal for good and passed on whole. */

/* Which requests a row is about. */
enum graph_meant {
    MEANT_ALL,
    MEANT_ADD,
    MEANT_REMOVAL,
    /* A resource's removal after the catalog has answered look-ups for graph.settle: so it is the
     * resource that is gone. */
    MEANT_SETTLED_RESOURCE_REMOVAL,
};

struct graph_code {
    int statuses[2];  /* 0: no second one; both 0: any */
    const char *code; /* of error.code, or of one of error.details[].code */
    enum graph_meant meant;
    /* What a real request posts that is answered so; a dry run the same, but failed for unknown. A
     * look-up takes no word of these: it posts paced (401, 429, 503) or failed. */
    enum outcome outcome;
    const char *advice; /* a sentence or two */
};

/* The first row that fits counts. */
extern const struct graph_code graph_codes[];
extern const size_t graph_codes_count;

/* Is it about this request, if it comes with this status? */
bool graph_code_fits(const struct graph_code *row, const struct request *rq, int status);

/* The first row of that code, or NULL: not known. */
const struct graph_code *graph_code_find(const char *code);
