#pragma once

#include "tests/sim/check.h"
#include "tests/sim/graph.h"
#include "tests/sim/kafka.h"
#include "tests/sim/mix.h"
#include "tests/sim/redis_model.h"
#include "tests/sim/sabotage.h"
#include "tests/sim/tools.h"
#include "tests/sim/workload.h"

/* A simulated world: workers, Kafka, Redis, Graph and the time, all in one thread and all from one
 * seed. What happens stands in the agenda, ordered by time; nothing happens otherwise. One history
 * is one run from an empty world to the last reply.
 *
 * Times in `_ms` are the world's own clock, which is also each worker's monotonic one. Wall clocks
 * (`wall`) are that plus what the mix makes them wrong by. */

struct world {
    uint64_t seed, random;
    int64_t now_ms;
    struct happening *agenda; /* a heap */
    size_t agenda_count, agenda_size;
    uint64_t order;
    struct slot *slots; /* free ones */
    char **blocks;      /* all memory of slots */
    size_t block_count;
    char **scraps; /* blocks of memory for one history */
    size_t scrap_count, scrap_next, scrap_used;

    struct mix mix;
    struct workload workload;
    struct kafka kafka;
    struct redis_model redis;
    int64_t redis_away_until_ms; /* no connection to be had */
    int64_t redis_slow_until_ms; /* it answers then */
    struct graph graph;
    struct check check;
    struct counts counts;
    struct node *nodes[NODES_MAX];
    const struct sabotage *sabotage; /* what is broken on purpose, to see that it is noticed */
    bool trace;
    uint32_t only_kinds; /* not 0: every mix has these kinds of faults */
};

struct world *world_create(void);
void world_destroy(struct world *world);

struct history {
    uint64_t seed;
    size_t records;
    bool trace;
    const struct sabotage *sabotage; /* NULL: nothing is broken */
};

/* Runs one history. False: an invariant is broken; world->check says which. */
bool world_run(struct world *world, const struct history *history);
