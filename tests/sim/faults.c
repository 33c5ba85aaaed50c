/* What happens at a time of its own. */
#include "tests/sim/node.h"

enum {
    OUTAGE_MOST_MS = 40000,
    CLOCK_MOST_MS = 200000, /* longer than any lease */
    INTERLOCK_MOST_MS = 30000,
};

static struct node *any_node(struct world *world)
{
    return world->nodes[world_between(world, 0, (int64_t)world->mix.nodes - 1)];
}

/* Long enough to lose leases and sessions, or not. */
static int64_t some_time_ms(struct world *world, int64_t most_ms)
{
    return world_chance(world, 5000) ? world_between(world, 1, most_ms)
                                     : world_between(world, 1, 3000);
}

static int64_t until_end(const struct world *world, int64_t for_ms)
{
    int64_t until_ms = world->now_ms + for_ms;
    return until_ms < world->mix.faults_end_ms ? until_ms : world->mix.faults_end_ms;
}

static void break_all(struct world *world)
{
    for (unsigned i = 0; i < world->mix.nodes; i++)
        if (world->nodes[i]->is_alive)
            redis_break(&world->nodes[i]->redis, 0);
}

static void crash(struct world *world, void *what)
{
    (void)what;
    node_crash(any_node(world));
}

static void freeze(struct world *world, void *what)
{
    (void)what;
    int64_t most_ms = 2 * (world->mix.session_ms > world->mix.lease_ms ? world->mix.session_ms
                                                                       : world->mix.lease_ms);
    node_freeze(any_node(world), some_time_ms(world, most_ms));
}

static void drain(struct world *world, void *what)
{
    (void)what;
    node_drain(any_node(world), false);
}

static void bounce(struct world *world, void *what)
{
    (void)what;
    node_drain(any_node(world), true);
}

static void cut_kafka_off(struct world *world, void *what)
{
    (void)what;
    node_cut_off(any_node(world), some_time_ms(world, 2 * world->mix.session_ms));
}

static void take_redis_away(struct world *world, void *what)
{
    (void)what;
    int64_t until_ms = until_end(world, some_time_ms(world, OUTAGE_MOST_MS));
    if (world_chance(world, 5000)) {
        world->redis_slow_until_ms = until_ms;
        return;
    }
    world->redis_away_until_ms = until_ms;
    break_all(world);
}

/* It is killed and starts again, or a replica takes its place. */
static void lose_writes(struct world *world, void *what)
{
    (void)what;
    struct redis_model *redis = &world->redis;
    world->counts.redis_losses++;
    world_trace(world, "redis: restarts and loses what it may lose");
    break_all(world);
    redis->server++;
    world->redis_away_until_ms = world->now_ms + world_between(world, 1, 5000);
    if (world->mix.durability == DURABILITY_NOTHING) {
        redis_model_flush(redis, check_forgotten, world);
        redis_tell_interlock(world);
    } else if (world->mix.durability != DURABILITY_ALL) {
        redis_model_lose(redis, (size_t)world_between(world, 0, 40), check_forgotten, world);
        redis_model_sync(redis);
    }
}

static void flush(struct world *world, void *what)
{
    (void)what;
    world->counts.redis_flushes++;
    world_trace(world, "redis: FLUSHALL");
    redis_model_flush(&world->redis, check_forgotten, world);
    redis_tell_interlock(world);
}

static void set_clock(struct world *world, void *what)
{
    (void)what;
    world->counts.clock_jumps++;
    world->redis.clock_ms = world_between(world, -CLOCK_MOST_MS, CLOCK_MOST_MS);
    world_trace(world, "redis: its clock jumps to %d ms", (int)world->redis.clock_ms);
}

static void take_graph_away(struct world *world, void *what)
{
    (void)what;
    world->graph.away_until_ms = until_end(world, some_time_ms(world, OUTAGE_MOST_MS));
}

/* Somebody looks, and lifts the interlock. */
static void clear_interlock(struct world *world, void *what)
{
    (void)what;
    if (world->redis.interlock) {
        world->redis.interlock = false;
        world_trace(world, "redis: the interlock is cleared");
        redis_tell_interlock(world);
    }
    bool more = world->now_ms < world->mix.faults_end_ms + INTERLOCK_MOST_MS ||
                world->workload.answered < world->workload.count;
    if (more)
        world_plan(world, world->now_ms + world_between(world, 1000, INTERLOCK_MOST_MS),
                   clear_interlock, NULL);
}

void faults_plan(struct world *world)
{
    static void (*const happen[FAULT_COUNT])(struct world *, void *) = {
        [FAULT_CRASH] = crash,
        [FAULT_FREEZE] = freeze,
        [FAULT_DRAIN] = drain,
        [FAULT_REBALANCE] = bounce,
        [FAULT_KAFKA_AWAY] = cut_kafka_off,
        [FAULT_REDIS_AWAY] = take_redis_away,
        [FAULT_REDIS_LOSS] = lose_writes,
        [FAULT_REDIS_FLUSH] = flush,
        [FAULT_REDIS_CLOCK] = set_clock,
        [FAULT_GRAPH_AWAY] = take_graph_away,
    };
    for (enum mishap fault = 0; fault < FAULT_COUNT; fault++)
        for (unsigned i = 0; happen[fault] != NULL && i < world->mix.times[fault]; i++)
            world_plan(world, world_between(world, world->now_ms, world->mix.faults_end_ms - 1),
                       happen[fault], NULL);
    if (mix_has(&world->mix, FAULT_GRAPH_UNSAFE))
        world_plan(world, world->now_ms + INTERLOCK_MOST_MS, clear_interlock, NULL);
}
