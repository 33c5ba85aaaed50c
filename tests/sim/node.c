/* Stands for worker/worker.c: one worker's life and its turns. */
#include "tests/sim/node.h"

#include <stdio.h>
#include <stdlib.h>

static struct node *running;

struct node *node_running(void)
{
    return running;
}

/* ---- clocks: what worker/stages.c asks ----------------------------------------------------------
 */

static struct node *node_of_loop(const uv_loop_t *loop)
{
    return (struct node *)((uintptr_t)loop - offsetof(struct worker, loop));
}

uint64_t uv_now(const uv_loop_t *loop)
{
    return (uint64_t)node_of_loop(loop)->world->now_ms;
}

void uv_update_time(uv_loop_t *loop)
{
    (void)loop;
}

int64_t node_wall_ms(const struct node *node)
{
    return world_wall_ms(node->world) + node->world->mix.node_clock_ms[node->index];
}

int64_t worker_wall_ms(void)
{
    return node_wall_ms(running);
}

/* ---- turns --------------------------------------------------------------------------------------
 */

static void end(struct node *node);

static void next_phase(struct node *node)
{
    struct worker *w = &node->worker;
    if (w->phase == WORKER_STARTS && settle_is_ready(w->settle) && redis_is_up(w->redis)) {
        w->phase = WORKER_WORKS;
        node_poke(node, node->world->now_ms);
    }
    assert(w->pipeline.mode != PIPELINE_STOPPED);
    bool at_rest = pipeline_is_idle(&w->pipeline) && settle_is_idle(w->settle);
    if (w->phase == WORKER_DRAINS && at_rest)
        end(node);
}

static void turn(struct node *node)
{
    struct worker *w = &node->worker;
    int64_t now_ms = node->world->now_ms;
    pipeline_turn(&w->pipeline, now_ms);
    (void)source_turn(w->source, node_wall_ms(node));
    pipeline_turn(&w->pipeline, now_ms);
    int64_t wake_ms = settle_turn(w->settle, now_ms);
    pipeline_turn(&w->pipeline, now_ms);
    check_turn(node);
    next_phase(node);
    if (!node->is_alive)
        return;
    int64_t closed_ms = gate_closed_ms(&node->tenant.gate, GATE_ALL, now_ms);
    if (closed_ms > 0)
        node_poke(node, now_ms + closed_ms);
    int64_t probe_ms = pacing_turn(&node->tenant, now_ms);
    if (probe_ms < wake_ms)
        wake_ms = probe_ms;
    int64_t sleeper_ms = pipeline_wake_ms(&w->pipeline);
    if (sleeper_ms < wake_ms)
        wake_ms = sleeper_ms;
    if (wake_ms != INT64_MAX)
        node_poke(node, wake_ms);
}

/* All that happens to a worker is a letter; after each it turns. */
static void on_letter(struct world *world, void *what)
{
    struct letter *letter = what;
    struct node *node = letter->node;
    if (letter->life != node->life) {
        world_slot_free(world, letter);
        return;
    }
    if (node->frozen_until_ms > world->now_ms) {
        world_plan(world, node->frozen_until_ms, on_letter, letter);
        return;
    }
    running = node;
    letter->deliver(letter);
    if (node->is_alive && !node->is_doomed)
        turn(node);
    running = NULL;
    if (node->is_doomed)
        node_crash(node);
}

void world_send(struct world *world, int64_t at_ms, struct letter *letter)
{
    world_plan(world, at_ms, on_letter, letter);
}

static void on_poke(struct letter *letter)
{
    struct node *node = letter->node;
    if (node->wake_ms <= node->world->now_ms)
        node->wake_ms = INT64_MAX;
    world_slot_free(node->world, letter);
}

void node_poke(struct node *node, int64_t at_ms)
{
    struct world *world = node->world;
    if (at_ms < world->now_ms)
        at_ms = world->now_ms;
    if (!node->is_alive || node->wake_ms <= at_ms)
        return;
    node->wake_ms = at_ms;
    struct letter *letter = world_slot(world);
    *letter = (struct letter){.node = node, .life = node->life, .deliver = on_poke};
    world_send(world, at_ms, letter);
}

/* ---- faults -------------------------------------------------------------------------------------
 */

bool node_is_silent(const struct node *node)
{
    const struct world *world = node->world;
    return !node->is_alive || node->frozen_until_ms > world->now_ms ||
           node->kafka_away_until_ms > world->now_ms;
}

void node_crash_later(struct node *node)
{
    if (!node->is_doomed)
        node->world->counts.crashes++;
    node->is_doomed = true;
}

/* The stage at which a poisoned event ends its process: before its intent, or after it. */
static bool is_poison(const struct request *rq)
{
    const struct sim_record *record = record_of(rq);
    const struct sim_event *event = record->event;
    return event != NULL && event->poison && record->body == 0 &&
           rq->stage == (event->number % 2 == 0 ? STAGE_DRY_RUN : STAGE_SUBMIT);
}

bool node_enters(struct node *node, const struct request *rq)
{
    if (node->is_doomed)
        return false;
    bool is_poisoned = rq != NULL && is_poison(rq);
    node->world->counts.poisoned += is_poisoned;
    if (!is_poisoned && !world_fault(node->world, FAULT_CRASH))
        return true;
    node_crash_later(node);
    return false;
}

static void on_thaw(struct letter *letter)
{
    struct node *node = letter->node;
    world_slot_free(node->world, letter);
    if (kafka_is_member(node->world, node->index, node->life))
        return;
    if (world_chance(node->world, 5000)) /* it was to join anyway, and joins as somebody new */
        kafka_join(node->world, node->index, node->source.owned | node->source.awaited);
    else /* the next heartbeat tells */
        source_tell(node, node->world->now_ms + world_between(node->world, 1, 500),
                    &(struct group_news){.lost = true});
}

static void stand_still(struct node *node, int64_t until_ms)
{
    kafka_silent(node->world, node->index);
    struct letter *letter = world_slot(node->world);
    *letter = (struct letter){.node = node, .life = node->life, .deliver = on_thaw};
    world_plan(node->world, until_ms, on_letter, letter);
}

void node_freeze(struct node *node, int64_t for_ms)
{
    if (!node->is_alive || node->frozen_until_ms > node->world->now_ms)
        return;
    node->world->counts.freezes++;
    node->frozen_until_ms = node->world->now_ms + for_ms;
    world_trace(node->world, "worker %u: stands still for %d ms", node->index, (int)for_ms);
    stand_still(node, node->frozen_until_ms);
}

void node_cut_off(struct node *node, int64_t for_ms)
{
    if (!node->is_alive || node->kafka_away_until_ms > node->world->now_ms)
        return;
    node->kafka_away_until_ms = node->world->now_ms + for_ms;
    world_trace(node->world, "worker %u: cannot reach Kafka for %d ms", node->index, (int)for_ms);
    stand_still(node, node->kafka_away_until_ms);
}

/* ---- life ---------------------------------------------------------------------------------------
 */

static void close_parts(struct node *node)
{
    struct worker *w = &node->worker;
    running = node;
    pipeline_drop_all(&w->pipeline);
    pipeline_finish(&w->pipeline);
    source_close(&node->source);
    settle_close(&node->settle);
    running = NULL;
    node->is_alive = node->is_doomed = false;
    node->life++;
}

static void on_start(struct world *world, void *what)
{
    (void)world;
    struct node *node = what;
    if (!node->is_alive)
        node_start(node);
}

/* Whoever watches over it starts it anew. */
static void start_later(struct node *node)
{
    struct world *world = node->world;
    world_plan(world, world->now_ms + world_between(world, 10, world->mix.restart_ms), on_start,
               node);
}

void node_crash(struct node *node)
{
    struct world *world = node->world;
    if (!node->is_alive)
        return;
    if (!node->is_doomed)
        world->counts.crashes++;
    world_trace(world, "worker %u: crashes", node->index);
    node->is_doomed = true;
    close_parts(node);
    kafka_silent(world, node->index);
    start_later(node);
}

/* It has drained, or its time to drain is over: the rest is left to the next owner. */
static void end(struct node *node)
{
    world_trace(node->world, "worker %u: has drained", node->index);
    close_parts(node);
    kafka_silent(node->world, node->index);
    if (node->leaves_group)
        kafka_leave(node->world, node->index);
    start_later(node);
}

static void on_drain_end(struct letter *letter)
{
    struct node *node = letter->node;
    world_slot_free(node->world, letter);
    end(node);
}

void node_drain(struct node *node, bool leaves_group)
{
    struct world *world = node->world;
    if (!node->is_alive || node->worker.phase != WORKER_WORKS ||
        node->frozen_until_ms > world->now_ms)
        return;
    *(leaves_group ? &world->counts.bounces : &world->counts.drains) += 1;
    world_trace(world, "worker %u: drains", node->index);
    node->worker.phase = WORKER_DRAINS;
    node->leaves_group = leaves_group;
    running = node;
    pipeline_drain(&node->worker.pipeline);
    running = NULL;
    struct letter *letter = world_slot(world);
    *letter = (struct letter){.node = node, .life = node->life, .deliver = on_drain_end};
    world_send(world, world->now_ms + node->settings.drain_ms, letter);
    node_poke(node, world->now_ms);
}

void node_start(struct node *node)
{
    struct world *world = node->world;
    struct worker *w = &node->worker;
    node->life++;
    assert(!node->is_alive && w->pool.used == 0);
    node->is_alive = true;
    node->wake_ms = INT64_MAX;
    node->leaves_group = false;
    node->frozen_until_ms = 0;
    world->check.throttled_until_ms[node->index] = 0;
    world_trace(world, "worker %u: starts", node->index);
    struct plan_limits limits = {
        .retry_attempts = (unsigned)node->settings.graph.retry_attempts,
        .retry_for_ms = node->settings.graph.retry_for_ms,
        .eventual_ms = node->settings.graph.eventual_ms,
        .settle_ms = world->sabotage->settles_at_once ? 0 : node->settings.graph.settle_ms,
    };
    struct stage_ops stages;
    stages_fill(&stages, w);
    sabotage_stages(world, &stages);
    node->tenant =
        (struct tenant){.name = "", .settings = &node->settings, .worker = w, .http = &node->http};
    pacing_open(&node->tenant);
    w->phase = WORKER_STARTS;
    bool good = pipeline_init(&w->pipeline, &limits, &stages, &w->pool, world_random(world) | 1);
    assert(good);
    sabotage_plan(world, &w->pipeline.plan);
    running = node;
    node->http.waiting = NULL;
    redis_open(&node->redis, node);
    source_open(&node->source, node);
    settle_open(&node->settle, node);
    running = NULL;
    if (node->kafka_away_until_ms > world->now_ms)
        source_tell(node, node->kafka_away_until_ms, &(struct group_news){.lost = true});
    else
        kafka_join(world, node->index, 0);
}

/* ---- storage ------------------------------------------------------------------------------------
 */

struct node *node_create(struct world *world, unsigned index)
{
    struct node *node = calloc(1, sizeof *node);
    assert(node != NULL);
    node->world = world;
    node->index = index;
    (void)snprintf(node->instance_id, sizeof node->instance_id, "worker-%u", index);
    node->http.node = node;
    struct worker *w = &node->worker;
    w->settings = &node->settings;
    w->redis = &node->redis;
    w->tenants = &node->tenant;
    w->tenant_count = 1;
    w->source = &node->source;
    w->settle = &node->settle;
    return node;
}

void node_reset(struct node *node)
{
    const struct mix *mix = &node->world->mix;
    struct settings *s = &node->settings;
    *s = (struct settings){.graph = {.auth = AUTH_CLIENT_SECRET}, .policy = {.removals = true}};
    s->kafka.instance_id = node->instance_id;
    s->kafka.commit_interval_ms = mix->commit_interval_ms;
    s->kafka.window = (int)mix->window;
    s->redis.lease_ms = mix->lease_ms;
    s->redis.keep_ms = INT64_C(7) * 24 * 3600 * 1000;
    s->graph.beta_assignment_path = "/accessPackageAssignmentRequests";
    s->graph.beta_resource_path = "/accessPackageResourceRequests";
    s->graph.timeout_ms = 30000;
    s->graph.in_flight = (int)mix->in_flight;
    s->graph.writes_per_second = (int)mix->writes_per_second;
    s->graph.retry_attempts = (int)mix->retry_attempts;
    s->graph.retry_budget = (int)(mix->retry_attempts * 7 % 100) + 1; /* any will do */
    s->graph.retry_for_ms = mix->retry_for_ms;
    s->graph.eventual_ms = mix->eventual_ms;
    s->graph.settle_ms = mix->settle_ms;
    s->drain_ms = 40000;
    node->life = 0;
    node->kafka_away_until_ms = node->frozen_until_ms = 0;
    if (node->worker.pool.size != mix->requests) {
        pool_finish(&node->worker.pool);
        bool good = pool_init(&node->worker.pool, mix->requests, 1 << 20);
        assert(good);
    }
}

void node_stop(struct node *node)
{
    if (!node->is_alive)
        return;
    node->is_doomed = true;
    close_parts(node);
}

void node_destroy(struct node *node)
{
    node_stop(node);
    pool_finish(&node->worker.pool);
    free(node);
}
