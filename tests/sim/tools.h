#pragma once

#include "tests/sim/mix.h"
#include "worker/core/str.h"

#include <assert.h>

/* Time, chance and memory of a simulated world. */

struct world;
struct node;

/* What happens, and when. `what` is a slot of the world's or belongs to somebody who lives on. */
struct happening {
    int64_t at_ms;
    uint64_t order; /* of two at one time the one that was planned first */
    void (*run)(struct world *world, void *what);
    void *what;
};

/* Something on its way to a worker. It waits while the worker is frozen, and is lost with it. */
struct letter {
    struct node *node;
    uint64_t life; /* of the worker when it was sent */
    void (*deliver)(struct letter *message);
};

/* A piece of memory that is free. */
struct slot {
    struct slot *next;
};

enum {
    SLOT_SIZE = 1024, /* every message and call fits */
    WORLD_START_MS = 1000000,
};
#define WORLD_EPOCH_MS INT64_C(1760000000000) /* the wall clock at WORLD_START_MS, October 2025 */

/* ---- chance ---- */
uint64_t world_random(struct world *world);
int64_t world_between(struct world *world, int64_t least, int64_t most);
/* `rate` in ten thousandths. */
bool world_chance(struct world *world, unsigned rate);
/* May faults of this kind happen now? With its rate. */
bool world_fault(struct world *world, enum mishap fault);

/* ---- memory ---- */
void *world_slot(struct world *world); /* zeroed, SLOT_SIZE */
void world_slot_free(struct world *world, void *slot);
void *world_scrap(struct world *world, size_t size);
struct str world_text(struct world *world, const char *data, size_t size);

/* ---- time ---- */
void world_plan(struct world *world, int64_t at_ms, void (*run)(struct world *, void *),
                void *what);
/* To the worker in whose life it was made. */
void world_send(struct world *world, int64_t at_ms, struct letter *letter);
/* The wall clocks. */
int64_t world_wall_ms(const struct world *world);

/* With --trace: a line with the time. */
void world_trace(const struct world *world, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
