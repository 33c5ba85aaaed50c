#include "tests/sim/mix.h"

#include "tests/sim/world.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const names[FAULT_COUNT] = {
    [FAULT_CRASH] = "crash",
    [FAULT_FREEZE] = "freeze",
    [FAULT_DRAIN] = "drain",
    [FAULT_REBALANCE] = "rebalance",
    [FAULT_KAFKA_LOST] = "kafka-lost",
    [FAULT_KAFKA_AWAY] = "kafka-away",
    [FAULT_REDIS_LOST] = "redis-lost",
    [FAULT_REDIS_AWAY] = "redis-away",
    [FAULT_REDIS_LOSS] = "redis-loss",
    [FAULT_REDIS_FLUSH] = "redis-flush",
    [FAULT_REDIS_CLOCK] = "redis-clock",
    [FAULT_GRAPH_LOST] = "graph-lost",
    [FAULT_GRAPH_LATE] = "graph-late",
    [FAULT_GRAPH_STALE] = "graph-stale",
    [FAULT_GRAPH_BUSY] = "graph-busy",
    [FAULT_GRAPH_ERROR] = "graph-error",
    [FAULT_GRAPH_AWAY] = "graph-away",
    [FAULT_GRAPH_UNSAFE] = "graph-unsafe",
    [FAULT_POISON] = "poison",
    [FAULT_CLOCK] = "clock",
};

const char *fault_name(enum mishap fault)
{
    return names[fault];
}

enum mishap fault_from_name(const char *name)
{
    enum mishap fault = 0;
    while (fault < FAULT_COUNT && strcmp(names[fault], name) != 0)
        fault++;
    return fault;
}

unsigned mix_kinds(const struct mix *mix)
{
    return (unsigned)__builtin_popcount(mix->kinds);
}

/* ---- what is drawn ------------------------------------------------------------------------------
 */

/* A third of the histories have one kind of fault only, a few have none. */
static uint32_t draw_kinds(struct world *world)
{
    int64_t which = world_between(world, 0, 99);
    if (which < 6)
        return 0;
    if (which < 40)
        return 1U << world_between(world, 0, FAULT_COUNT - 1);
    uint32_t kinds = 0;
    unsigned share = (unsigned)world_between(world, 500, 5000);
    for (enum mishap fault = 0; fault < FAULT_COUNT; fault++)
        if (world_chance(world, share))
            kinds |= 1U << fault;
    return kinds;
}

/* Calls that a fault befalls, and times that it happens, at most. */
static void draw_rates(struct world *world, struct mix *ret)
{
    static const unsigned rates[FAULT_COUNT] = {
        [FAULT_CRASH] = 20,        [FAULT_KAFKA_LOST] = 1000,  [FAULT_REDIS_LOST] = 60,
        [FAULT_GRAPH_LOST] = 600,  [FAULT_GRAPH_LATE] = 600,   [FAULT_GRAPH_BUSY] = 300,
        [FAULT_GRAPH_ERROR] = 600, [FAULT_GRAPH_UNSAFE] = 200,
    };
    static const unsigned times[FAULT_COUNT] = {
        [FAULT_CRASH] = 4,      [FAULT_FREEZE] = 3,      [FAULT_DRAIN] = 3,
        [FAULT_REBALANCE] = 3,  [FAULT_KAFKA_AWAY] = 2,  [FAULT_REDIS_AWAY] = 3,
        [FAULT_REDIS_LOSS] = 2, [FAULT_REDIS_FLUSH] = 1, [FAULT_REDIS_CLOCK] = 3,
        [FAULT_GRAPH_AWAY] = 2, [FAULT_POISON] = 2,
    };
    for (enum mishap fault = 0; fault < FAULT_COUNT; fault++) {
        if (!mix_has(ret, fault))
            continue;
        unsigned often = world->sabotage->often > 0 ? world->sabotage->often : 1;
        if (rates[fault] > 0)
            ret->rates[fault] = often * (unsigned)world_between(world, 1, rates[fault]);
        if (times[fault] > 0)
            ret->times[fault] = often * (unsigned)world_between(world, 1, times[fault]);
    }
}

static int64_t draw_clock(struct world *world)
{
    return world_chance(world, 5000) ? world_between(world, -60000, 60000)
                                     : world_between(world, -2000, 2000);
}

static void draw_clocks(struct world *world, struct mix *ret)
{
    if (!mix_has(ret, FAULT_CLOCK))
        return;
    ret->graph_clock_ms = draw_clock(world);
    ret->redis_clock_ms = draw_clock(world);
    for (unsigned i = 0; i < NODES_MAX; i++)
        ret->node_clock_ms[i] = draw_clock(world);
}

/* Graph's lags end within graph.settle, as is promised, but for a few histories. */
static void draw_graph(struct world *world, struct mix *ret)
{
    ret->latency_ms = world_between(world, 1, 150);
    ret->settle_ms = world_between(world, 30000, 300000);
    ret->eventual_ms = world_between(world, 30000, 300000);
    int64_t most_ms = ret->settle_ms - 5000;
    bool is_within = mix_kinds(ret) < 2 || !world_chance(world, 300);
    if (mix_has(ret, FAULT_GRAPH_LATE))
        ret->late_ms = world_between(world, 0, is_within ? most_ms / 2 : 2 * most_ms);
    if (mix_has(ret, FAULT_GRAPH_STALE))
        ret->stale_ms =
            world_between(world, 0, is_within ? most_ms - ret->late_ms - 300 : 2 * most_ms);
    ret->rejects_duplicates = world_chance(world, 5000);
}

void mix_draw(struct world *world, struct mix *ret)
{
    *ret = (struct mix){
        .nodes = (unsigned)world_between(world, 1, NODES_MAX),
        .partitions = (unsigned)world_between(world, 1, PARTITIONS_MAX),
        .kinds = world->only_kinds != 0 ? world->only_kinds : draw_kinds(world),
        .span_ms = world_between(world, 2000, 60000),
        .durability = (enum durability)world_between(world, 0, DURABILITY_ALL),
        .tells_server = world_chance(world, 9000),
        .restart_ms = world_between(world, 100, 30000),
        .queues = world_chance(world, 3000),
        .lease_ms = world_between(world, 5000, 120000),
        .retry_for_ms = 15 * 60 * 1000,
        .session_ms = world_between(world, 6000, 45000),
        .commit_interval_ms = world_between(world, 1, 50),
        .retry_attempts = 10,
        .requests = 1U << world_between(world, 1, 6),
        .window = (unsigned)world_between(world, 2, 128),
        .in_flight = (unsigned)world_between(world, 1, 64),
        .writes_per_second = world_chance(world, 1500) ? (unsigned)world_between(world, 5, 50) : 0,
        .duplicates = (unsigned)world_between(world, 0, 2000),
        .keyed = (unsigned)world_between(world, 0, 10000),
    };
    ret->faults_end_ms = WORLD_START_MS + ret->span_ms + world_between(world, 0, 120000);
    if (ret->kinds == 0)
        ret->faults_end_ms = WORLD_START_MS;
    draw_rates(world, ret);
    draw_clocks(world, ret);
    draw_graph(world, ret);
}

void mix_print(const struct mix *mix, char ret[MIX_TEXT_SIZE])
{
    static const char *const durabilities[] = {"nothing", "some", "intents", "all"};
    int size = snprintf(ret, MIX_TEXT_SIZE,
                        "%u workers, %u partitions, lease %d ms, settle %d ms, session %d ms, "
                        "requests %u, window %u, duplicates %s, redis keeps %s, stale %d ms, late "
                        "%d ms; faults:",
                        mix->nodes, mix->partitions, (int)mix->lease_ms, (int)mix->settle_ms,
                        (int)mix->session_ms, mix->requests, mix->window,
                        mix->rejects_duplicates ? "rejected" : "granted",
                        durabilities[mix->durability], (int)mix->stale_ms, (int)mix->late_ms);
    for (enum mishap fault = 0; fault < FAULT_COUNT; fault++)
        if (mix_has(mix, fault) && size < MIX_TEXT_SIZE)
            size += snprintf(ret + size, MIX_TEXT_SIZE - (size_t)size, " %s", names[fault]);
    if (mix->kinds == 0)
        (void)snprintf(ret + size, MIX_TEXT_SIZE - (size_t)size, " none");
}
