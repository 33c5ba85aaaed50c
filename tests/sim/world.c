#include "tests/sim/world.h"

#include "tests/sim/node.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* So that the sanitizer sees who uses a slot that is free. */
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#define POISON(memory, size)   ASAN_POISON_MEMORY_REGION(memory, size)
#define UNPOISON(memory, size) ASAN_UNPOISON_MEMORY_REGION(memory, size)
#else
#define POISON(memory, size)   ((void)0)
#define UNPOISON(memory, size) ((void)0)
#endif

enum {
    BLOCK_SLOTS = 256,
    SCRAP_BLOCK = 1 << 20,
    JOURNAL_SIZE = 4096,
    SETTLED_MS = 60 * 1000,
    /* After the last fault everything is answered in this time, and that of looking up each record
       for graph.settle twice, one after the other (a worker may have room for two at once). */
    ANSWERED_BY_MS = 6 * 3600 * 1000,
};

/* ---- chance -------------------------------------------------------------------------------------
 */

/* splitmix64 */
uint64_t world_random(struct world *world)
{
    uint64_t z = (world->random += 0x9E3779B97F4A7C15U);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31);
}

int64_t world_between(struct world *world, int64_t least, int64_t most)
{
    if (most <= least)
        return least;
    return least + (int64_t)(world_random(world) % (uint64_t)(most - least + 1));
}

bool world_chance(struct world *world, unsigned rate)
{
    return rate > 0 && world_random(world) % 10000 < rate;
}

bool world_fault(struct world *world, enum mishap fault)
{
    return world->mix.rates[fault] > 0 && world->now_ms < world->mix.faults_end_ms &&
           world_chance(world, world->mix.rates[fault]);
}

/* ---- memory -------------------------------------------------------------------------------------
 */

static void add_block(struct world *world)
{
    world->blocks = realloc(world->blocks, (world->block_count + 1) * sizeof *world->blocks);
    char *block = malloc((size_t)BLOCK_SLOTS * SLOT_SIZE);
    assert(world->blocks != NULL && block != NULL);
    world->blocks[world->block_count++] = block;
}

/* All slots are free again. */
static void reset_slots(struct world *world)
{
    world->slots = NULL;
    for (size_t i = 0; i < world->block_count; i++)
        for (size_t j = 0; j < BLOCK_SLOTS; j++)
            world_slot_free(world, world->blocks[i] + j * SLOT_SIZE);
}

void *world_slot(struct world *world)
{
    if (world->slots == NULL) {
        add_block(world);
        for (size_t j = 0; j < BLOCK_SLOTS; j++)
            world_slot_free(world, world->blocks[world->block_count - 1] + j * SLOT_SIZE);
    }
    struct slot *slot = world->slots;
    UNPOISON(slot, SLOT_SIZE);
    world->slots = slot->next;
    memset(slot, 0, SLOT_SIZE);
    return slot;
}

void world_slot_free(struct world *world, void *slot)
{
    struct slot *free_one = slot;
    UNPOISON(slot, SLOT_SIZE);
    free_one->next = world->slots;
    world->slots = free_one;
    POISON(slot, SLOT_SIZE);
}

void *world_scrap(struct world *world, size_t size)
{
    size = (size + 15) & ~(size_t)15;
    assert(size <= SCRAP_BLOCK);
    if (world->scrap_count == 0 || world->scrap_used + size > SCRAP_BLOCK) {
        if (world->scrap_next == world->scrap_count) {
            world->scraps = realloc(world->scraps, (world->scrap_count + 1) * sizeof(char *));
            char *block = malloc(SCRAP_BLOCK);
            assert(world->scraps != NULL && block != NULL);
            world->scraps[world->scrap_count++] = block;
        }
        world->scrap_next++;
        world->scrap_used = 0;
    }
    char *taken = world->scraps[world->scrap_next - 1] + world->scrap_used;
    world->scrap_used += size;
    return taken;
}

struct str world_text(struct world *world, const char *data, size_t size)
{
    char *copy = world_scrap(world, size + 1);
    memcpy(copy, data, size);
    copy[size] = '\0';
    return (struct str){copy, size};
}

/* ---- the agenda: a heap -------------------------------------------------------------------------
 */

static bool is_before(const struct happening *a, const struct happening *b)
{
    return a->at_ms < b->at_ms || (a->at_ms == b->at_ms && a->order < b->order);
}

void world_plan(struct world *world, int64_t at_ms, void (*run)(struct world *, void *), void *what)
{
    if (world->agenda_count == world->agenda_size) {
        world->agenda_size = world->agenda_size * 2 + 1024;
        world->agenda = realloc(world->agenda, world->agenda_size * sizeof *world->agenda);
        assert(world->agenda != NULL);
    }
    struct happening happening = {.at_ms = at_ms,
                                  .order = ++world->order,
                                  .run = run,
                                  .what = what};
    size_t at = world->agenda_count++;
    while (at > 0 && is_before(&happening, &world->agenda[(at - 1) / 4])) {
        world->agenda[at] = world->agenda[(at - 1) / 4];
        at = (at - 1) / 4;
    }
    world->agenda[at] = happening;
}

static struct happening take_next(struct world *world)
{
    struct happening first = world->agenda[0];
    struct happening last = world->agenda[--world->agenda_count];
    size_t at = 0, count = world->agenda_count;
    for (size_t child = 1; child < count; child = 4 * at + 1) {
        size_t least = child;
        for (size_t i = child + 1; i < child + 4 && i < count; i++)
            if (is_before(&world->agenda[i], &world->agenda[least]))
                least = i;
        if (!is_before(&world->agenda[least], &last))
            break;
        world->agenda[at] = world->agenda[least];
        at = least;
    }
    world->agenda[at] = last;
    return first;
}

/* ---- clocks and words ---------------------------------------------------------------------------
 */

int64_t world_wall_ms(const struct world *world)
{
    return WORLD_EPOCH_MS + world->now_ms - WORLD_START_MS;
}

void world_trace(const struct world *world, const char *format, ...)
{
    if (!world->trace)
        return;
    va_list arguments;
    (void)printf("%9.3f  ", (double)(world->now_ms - WORLD_START_MS) / 1000);
    va_start(arguments, format);
    (void)vprintf(format, arguments);
    va_end(arguments);
    (void)printf("\n");
}

/* ---- a history ----------------------------------------------------------------------------------
 */

static void reset(struct world *world, const struct history *history)
{
    world->seed = history->seed;
    world->random = history->seed * 0x2545F4914F6CDD1DU + 1;
    world->now_ms = WORLD_START_MS;
    world->agenda_count = 0;
    world->order = 0;
    world->scrap_next = 0;
    world->scrap_used = SCRAP_BLOCK;
    world->trace = history->trace;
    world->sabotage = history->sabotage != NULL ? history->sabotage : &sabotage_none;
    world->counts = (struct counts){.histories = 1, .events = history->records};
    world->redis_away_until_ms = world->redis_slow_until_ms = 0;
    reset_slots(world);
    memset(&world->graph, 0, offsetof(struct graph, body));
    redis_model_reset(&world->redis);
    check_reset(&world->check);
    mix_draw(world, &world->mix);
    world->kafka = (struct kafka){0};
    for (unsigned p = 0; p < world->mix.partitions; p++) {
        world->kafka.logs[p].records =
            world_scrap(world, 2 * history->records * sizeof(struct sim_record *));
        world->kafka.logs[p].committed.offset = -1;
    }
}

/* Every record is answered, and nothing can be granted any more. */
static bool is_over(const struct world *world)
{
    return world->workload.answered == world->workload.count && world->graph.under_way == 0 &&
           world->now_ms >= world->mix.faults_end_ms;
}

/* What everybody is doing, to find out why nothing happens. */
static void trace_nodes(const struct world *world)
{
    for (unsigned i = 0; i < world->mix.nodes; i++) {
        const struct node *node = world->nodes[i];
        const struct worker *w = &node->worker;
        world_trace(
            world,
            "worker %u: %s phase %d mode %d owns %x awaits %x generation %d of %d, redis %s, "
            "sends %d, waiting %zu, batch %zu, used %zu, frozen %zu",
            i, node->is_alive ? "alive" : "dead", (int)w->phase, (int)w->pipeline.mode,
            node->source.owned, node->source.awaited, node->source.generation,
            world->kafka.generation, node->redis.connected ? "up" : "down", (int)node->settle.state,
            node->settle.waiting_count, node->settle.batch_count, w->pool.used,
            w->pipeline.frozen.count);
    }
}

static void go_on(struct world *world)
{
    int64_t over_ms = INT64_MAX;
    int64_t limit_ms = world->mix.faults_end_ms + ANSWERED_BY_MS +
                       2 * world->mix.settle_ms * (int64_t)world->workload.count;
    while (!world->check.failed && world->agenda_count > 0) {
        struct happening next = take_next(world);
        assert(next.at_ms >= world->now_ms);
        if (next.at_ms > over_ms)
            break;
        world->now_ms = next.at_ms;
        world->counts.happenings++;
        next.run(world, next.what);
        if (over_ms == INT64_MAX && is_over(world))
            over_ms = world->now_ms + SETTLED_MS; /* a zombie may still have something to say */
        if (world->now_ms > limit_ms)
            check_fail(world, "liveness",
                       "%zu of %zu records are answered %d s after the last "
                       "fault",
                       world->workload.answered, world->workload.count,
                       (int)((world->now_ms - world->mix.faults_end_ms) / 1000));
    }
    if (world->workload.answered < world->workload.count)
        trace_nodes(world);
    if (!world->check.failed)
        check_end(world);
}

bool world_run(struct world *world, const struct history *history)
{
    for (unsigned i = 0; i < NODES_MAX; i++)
        node_stop(world->nodes[i]); /* of the history before */
    reset(world, history);
    char text[MIX_TEXT_SIZE];
    mix_print(&world->mix, text);
    world_trace(world, "seed %llu: %s", (unsigned long long)history->seed, text);
    workload_make(world, history->records);
    faults_plan(world);
    for (unsigned i = 0; i < world->mix.nodes; i++) {
        node_reset(world->nodes[i]);
        node_start(world->nodes[i]);
    }
    go_on(world);
    return !world->check.failed;
}

struct world *world_create(void)
{
    struct world *world = calloc(1, sizeof *world);
    assert(world != NULL);
    check_init(&world->check);
    redis_model_init(&world->redis, JOURNAL_SIZE);
    for (unsigned i = 0; i < NODES_MAX; i++)
        world->nodes[i] = node_create(world, i);
    return world;
}

void world_destroy(struct world *world)
{
    if (world == NULL)
        return;
    for (unsigned i = 0; i < NODES_MAX; i++)
        node_destroy(world->nodes[i]);
    check_finish(&world->check);
    redis_model_finish(&world->redis);
    for (size_t i = 0; i < world->block_count; i++) {
        UNPOISON(world->blocks[i], (size_t)BLOCK_SLOTS * SLOT_SIZE);
        free(world->blocks[i]);
    }
    for (size_t i = 0; i < world->scrap_count; i++)
        free(world->scraps[i]);
    free(world->blocks);
    free(world->scraps);
    free(world->agenda);
    free(world);
}
