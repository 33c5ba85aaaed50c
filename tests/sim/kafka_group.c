#include "tests/sim/node.h"
#include "tests/sim/world.h"

/* The group coordinator. */

enum { JOIN_MOST_MS = 500, SYNC_MOST_MS = 20, ORPHANS_MS = 30000 };

bool kafka_is_member(const struct world *world, unsigned node, uint64_t life)
{
    const struct member *member = &world->kafka.members[node];
    return member->is_in && member->life == life;
}

bool kafka_awaits(const struct world *world, unsigned node, uint64_t life)
{
    return kafka_is_member(world, node, life) && world->kafka.rebalancing &&
           !world->kafka.members[node].joined;
}

static unsigned count_of(uint32_t bits)
{
    return (unsigned)__builtin_popcount(bits);
}

/* ---- who gets what ------------------------------------------------------------------------------
 */

/* Everybody keeps what he has, up to his share; what is nobody's goes to those who have least. What
 * must move is nobody's in this generation, unless its owner has said that he has let it go. */
static void assign(struct world *world)
{
    struct kafka *kafka = &world->kafka;
    uint32_t all = (1U << world->mix.partitions) - 1, owned = 0, kept = 0;
    unsigned members = 0;
    for (unsigned i = 0; i < world->mix.nodes; i++) {
        members += kafka->members[i].is_in;
        kafka->given[i] = 0;
        if (kafka->members[i].is_in)
            owned |= kafka->members[i].owns;
    }
    if (members == 0)
        return;
    unsigned share = (world->mix.partitions + members - 1) / members;
    for (unsigned i = 0; i < world->mix.nodes; i++) {
        if (!kafka->members[i].is_in)
            continue;
        for (unsigned p = 0; p < world->mix.partitions && count_of(kafka->given[i]) < share; p++)
            if ((kafka->members[i].owns >> p & 1) != 0 && (kept >> p & 1) == 0)
                kafka->given[i] |= 1U << p;
        kept |= kafka->given[i];
    }
    uint32_t free_ones = all & ~owned;
    for (unsigned p = 0; p < world->mix.partitions; p++) {
        if ((free_ones >> p & 1) == 0)
            continue;
        unsigned least = NODES_MAX;
        for (unsigned i = 0; i < world->mix.nodes; i++)
            if (kafka->members[i].is_in &&
                (least == NODES_MAX || count_of(kafka->given[i]) < count_of(kafka->given[least])))
                least = i;
        kafka->given[least] |= 1U << p;
    }
}

/* ---- rounds -------------------------------------------------------------------------------------
 */

static bool has_orphans(const struct world *world)
{
    uint32_t given = 0;
    for (unsigned i = 0; i < world->mix.nodes; i++)
        given |= world->kafka.given[i];
    return given != (1U << world->mix.partitions) - 1;
}

/* As worker/io/orphans.h: a member that died after it had given partitions away in its mind, and
 * came back, leaves them to nobody. Some worker sees it, leaves the group and joins it again. */
static void on_orphans(struct world *world, void *what)
{
    if (world->kafka.rebalancing || (uint64_t)(uintptr_t)what != world->kafka.round ||
        !has_orphans(world))
        return;
    for (unsigned i = 0; i < world->mix.nodes; i++) {
        struct node *node = world->nodes[i];
        if (node_is_silent(node) || !kafka_is_member(world, i, node->life))
            continue;
        world_trace(world, "worker %u: joins again, for partitions that nobody has", i);
        kafka_leave(world, i);
        source_tell(node, world->now_ms + 1, &(struct group_news){.lost = true});
        return;
    }
    world_plan(world, world->now_ms + ORPHANS_MS, on_orphans, what);
}

static void complete(struct world *world)
{
    struct kafka *kafka = &world->kafka;
    for (unsigned i = 0; i < world->mix.nodes; i++)
        if (kafka->members[i].is_in && !kafka->members[i].joined)
            kafka->members[i].is_in = false;
    kafka->rebalancing = false;
    kafka->generation++;
    assign(world);
    world->counts.rebalances++;
    if (has_orphans(world))
        world_plan(world, world->now_ms + ORPHANS_MS, on_orphans, (void *)(uintptr_t)kafka->round);
    for (unsigned i = 0; i < world->mix.nodes; i++)
        if (kafka->members[i].is_in)
            source_tell(world->nodes[i], world->now_ms + 1 + world_between(world, 0, SYNC_MOST_MS),
                        &(struct group_news){.generation = kafka->generation,
                                             .member = kafka->members[i].id,
                                             .given = kafka->given[i]});
}

static void complete_if_all_joined(struct world *world)
{
    for (unsigned i = 0; i < world->mix.nodes; i++)
        if (world->kafka.members[i].is_in && !world->kafka.members[i].joined)
            return;
    complete(world);
}

static void on_deadline(struct world *world, void *what)
{
    if (world->kafka.rebalancing && (uint64_t)(uintptr_t)what == world->kafka.round)
        complete(world);
}

/* All members are asked to join; a heartbeat may pass until they hear of it. */
static void rebalance(struct world *world)
{
    struct kafka *kafka = &world->kafka;
    if (kafka->rebalancing)
        return;
    kafka->rebalancing = true;
    kafka->round++;
    for (unsigned i = 0; i < world->mix.nodes; i++) {
        kafka->members[i].joined = false;
        if (kafka->members[i].is_in)
            source_tell(world->nodes[i], world->now_ms + 1 + world_between(world, 0, JOIN_MOST_MS),
                        &(struct group_news){.must_join = true});
    }
    world_plan(world, world->now_ms + world->mix.session_ms, on_deadline,
               (void *)(uintptr_t)kafka->round);
}

void kafka_join(struct world *world, unsigned node, uint32_t owns)
{
    struct kafka *kafka = &world->kafka;
    struct member *member = &kafka->members[node];
    uint64_t life = world->nodes[node]->life;
    bool is_back = member->is_in && member->life != life;
    member->id += !member->is_in || is_back;
    member->is_in = true;
    member->life = life;
    member->heard_ms = world->now_ms;
    member->owns = owns;
    if (is_back && !kafka->rebalancing) { /* a static member: as before, without a rebalance */
        source_tell(world->nodes[node], world->now_ms + 1,
                    &(struct group_news){.generation = kafka->generation,
                                         .member = member->id,
                                         .given = kafka->given[node]});
        return;
    }
    if (!kafka->rebalancing)
        rebalance(world);
    member->joined = true;
    complete_if_all_joined(world);
}

void kafka_leave(struct world *world, unsigned node)
{
    struct member *member = &world->kafka.members[node];
    if (!member->is_in)
        return;
    member->is_in = false;
    world->kafka.given[node] = 0;
    if (world->kafka.rebalancing)
        complete_if_all_joined(world);
    else
        rebalance(world);
}

/* ---- sessions -----------------------------------------------------------------------------------
 */

static void on_session(struct world *world, void *what)
{
    unsigned node = ((struct node *)what)->index;
    struct member *member = &world->kafka.members[node];
    bool silent = node_is_silent(world->nodes[node]) || world->nodes[node]->life != member->life;
    if (!member->is_in || !silent || world->now_ms - member->heard_ms < world->mix.session_ms)
        return;
    world->counts.sessions_lost++;
    world_trace(world, "kafka: the session of worker %u has ended", node);
    kafka_leave(world, node);
}

void kafka_silent(struct world *world, unsigned node)
{
    world->kafka.members[node].heard_ms = world->now_ms;
    world_plan(world, world->now_ms + world->mix.session_ms, on_session, world->nodes[node]);
}
