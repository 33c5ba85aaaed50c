#pragma once

#include "tests/sim/mix.h"
#include "worker/core/pipeline.h"

/* What may be broken on purpose, to see that the checker notices (test_checker.c, --break). */
struct sabotage {
    const char *name;
    const char *invariants; /* that may then be seen to break */
    uint32_t kinds;         /* of faults that bring it out; 0: as each seed draws them */
    unsigned often;         /* so many times as often; 0: once */
    bool skips_intent;      /* mark says ok and writes nothing */
    bool ignores_fence;     /* a mark of an old owner is taken */
    bool settles_at_once;   /* graph.settle 0 */
    bool sends_again;       /* a call that broke is sent once more, silently: no guard */
    bool replies_first;     /* the answer is not in Redis when the reply goes out */
    bool commits_one_more;  /* the offset behind an unanswered record */
    bool ignores_bits;      /* the next owner does not read the bitmap */
    bool drops_witness;     /* what Redis forgot is not noticed */
    bool keeps_producer;    /* no new producer after an indefinite error */
    bool keeps_member;      /* nor that it holds its partitions as somebody new */
    bool keeps_epoch;       /* who lost a partition goes on */
    bool sends_late;        /* no question whether the claim is fresh */
    bool ignores_throttle;  /* Retry-After is not heeded */
    bool skips_dry_run;     /* a dry run passes without being asked */
    bool believes_absent;   /* what may have happened and is not found was not sent */
    bool forgets_answers;   /* a duplicate's stored answer is worked on anew */
};

/* All there are; ends with one without a name. */
extern const struct sabotage sabotages[];
/* NULL: there is none of that name. */
const struct sabotage *sabotage_find(const char *name);
extern const struct sabotage sabotage_none;

struct world;
void sabotage_stages(const struct world *world, struct stage_ops *stages);
void sabotage_plan(const struct world *world, struct plan *plan);
