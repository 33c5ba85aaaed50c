#include "tests/sim/redis_link.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    LATENCY_MOST_MS = 2,
    RECONNECT_MOST_MS = 1000,
    INTERLOCK_SEEN_MS = 1000,
};

static struct node *node_by(const struct redis *redis)
{
    return redis->node;
}

void redis_pace(struct redis *redis, struct request *rq, int64_t pause_ms)
{
    rq->pause_ms = pause_ms;
    pipeline_post(&node_by(redis)->worker.pipeline, rq, OUTCOME_PACED);
}

/* ---- the connection -----------------------------------------------------------------------------
 */

/* The next look at the key, which the worker takes once a second. */
static void on_look(struct letter *message)
{
    struct node *node = message->node;
    world_slot_free(node->world, message);
    if (node->redis.connected && !node->redis.raises)
        redis_see_interlock(&node->redis, node->world->redis.interlock);
}

static void look_later(struct node *node, int64_t in_ms)
{
    struct letter *message = world_slot(node->world);
    *message = (struct letter){.node = node, .life = node->life, .deliver = on_look};
    world_send(node->world, node->world->now_ms + in_ms, message);
}

void redis_see_interlock(struct redis *redis, bool stands)
{
    if (redis->stands == stands)
        return;
    redis->stands = stands;
    if (stands) /* perhaps it is cleared already */
        look_later(redis->node, INTERLOCK_SEEN_MS);
    struct worker *worker = &node_by(redis)->worker;
    if (!stands)
        gate_interlock_cleared(&worker->tenants[0].gate);
    pipeline_interlock(&worker->pipeline, stands);
}

static void attach(struct redis *redis, struct redis_command *command)
{
    command->next = redis->first;
    command->previous = NULL;
    if (redis->first != NULL)
        redis->first->previous = command;
    redis->first = command;
}

static void detach(struct redis *redis, struct redis_command *command)
{
    if (command->previous != NULL)
        command->previous->next = command->next;
    else
        redis->first = command->next;
    if (command->next != NULL)
        command->next->previous = command->previous;
    command->is_detached = true;
}

static void on_connect(struct letter *message);

static void plan_connect(struct redis *redis, int64_t at_ms)
{
    struct letter *message = world_slot(node_by(redis)->world);
    *message =
        (struct letter){.node = redis->node, .life = redis->node->life, .deliver = on_connect};
    world_send(redis->node->world, at_ms, message);
}

static void send_raise(struct redis *redis);

static void on_connect(struct letter *message)
{
    struct redis *redis = &message->node->redis;
    struct world *world = message->node->world;
    world_slot_free(world, message);
    if (world->redis_away_until_ms > world->now_ms) {
        plan_connect(redis,
                     world->redis_away_until_ms + world_between(world, 1, RECONNECT_MOST_MS));
        return;
    }
    redis->connected = redis->interlock_known = true;
    redis->server = world->mix.tells_server ? world->redis.server : 0;
    if (redis->raises)
        send_raise(redis);
    else
        redis_see_interlock(redis, world->redis.interlock);
}

static void on_loss(void *context, const struct witness *before)
{
    struct node *node = context;
    source_note_loss(&node->source, before);
}

void redis_open(struct redis *redis, struct node *node)
{
    char slot[WITNESS_SLOT_SIZE];
    *redis = (struct redis){.node = node};
    (void)snprintf(slot, sizeof slot, "%08x", node->index);
    redis_memory_init(&redis->memory, &node->settings, slot);
    redis->memory.on_loss = on_loss;
    redis->memory.context = node;
    plan_connect(redis, node->world->now_ms + 1);
}

void redis_break(struct redis *redis, int64_t for_ms)
{
    struct world *world = redis->node->world;
    if (!redis->connected)
        return;
    redis->connected = redis->interlock_known = false;
    world->counts.redis_breaks++;
    while (redis->first != NULL) {
        struct redis_command *command = redis->first;
        detach(redis, command);
        if (world_chance(world, 5000))
            command->is_lost = true;
        if (command->rq != NULL)
            redis_pace(redis, command->rq, REDIS_PAUSE_MS);
        command->rq = NULL;
    }
    plan_connect(redis, world->now_ms + for_ms + world_between(world, 1, RECONNECT_MOST_MS));
}

/* ---- Redis itself -------------------------------------------------------------------------------
 */

static int64_t redis_now_us(struct world *world)
{
    int64_t wall_ms = world_wall_ms(world) + world->mix.redis_clock_ms + world->redis.clock_ms;
    return wall_ms * 1000 + (int64_t)(world->redis.ticks++ % 1000);
}

/* Counted by the world: a claim is taken over that its worker has not given back. */
static void note_takeover(struct world *world, const struct redis_command *command)
{
    const struct redis_key *key = &world->redis.keys[command->key];
    bool open = key->state == REDIS_CLAIMED || key->state == REDIS_MARKED;
    bool mine =
        key->owner == command->caller.owner || key->lease_ms <= command->caller.now_us / 1000;
    if (open && mine && key->run != 0 && key->run != command->caller.run)
        world->workload.events[command->key].takeovers++;
}

static void carry_out(struct world *world, struct redis_command *command)
{
    struct redis_model *redis = &world->redis;
    command->caller.now_us = redis_now_us(world);
    switch (command->what) {
    case COMMAND_CLAIM:
        note_takeover(world, command);
        if (world->sabotage->forgets_answers && redis->keys[command->key].state == REDIS_FINISHED)
            redis->keys[command->key] = (struct redis_key){0};
        redis_model_claim(redis, command->key, &command->caller, &command->script.claim,
                          &command->answer);
        break;
    case COMMAND_MARK:
        if (world->sabotage->ignores_fence)
            command->fence = redis->keys[command->key].fence;
        if (world->sabotage->ignores_fence)
            command->caller.owner = redis->keys[command->key].owner;
        redis_model_mark(redis, command->key, &command->caller,
                         &(struct redis_mark){command->fence, command->cid,
                                              command->script.hint_ms},
                         &command->answer);
        break;
    case COMMAND_WAIT:
        redis_model_sync(redis);
        break;
    case COMMAND_RECORD:
        if (!world->sabotage->replies_first)
            command->answer.word =
                redis_model_record(redis, command->key, &command->caller, &command->script.record);
        break;
    case COMMAND_RELEASE:
        (void)redis_model_release(redis, command->key, &command->caller, command->fence,
                                  command->yields);
        break;
    case COMMAND_RAISE:
        redis->interlock = true;
        world->counts.interlocks++;
        redis_tell_interlock(world);
    }
    if (world->mix.durability == DURABILITY_ALL)
        redis_model_sync(redis);
}

static int64_t earliest(int64_t after_ms, int64_t at_ms)
{
    return at_ms > after_ms ? at_ms : after_ms;
}

/* The command is there: it waits while Redis stands still. */
static void on_arrival(struct world *world, void *what)
{
    struct redis_command *command = what;
    if (world->redis_slow_until_ms > world->now_ms && !command->is_lost) {
        world_plan(world, world->redis_slow_until_ms, on_arrival, command);
        return;
    }
    if (!command->is_lost)
        carry_out(world, command);
    if (command->is_detached) {
        world_slot_free(world, command);
        return;
    }
    int64_t *answered_ms = &command->message.node->redis.answered_ms; /* none overtakes another */
    *answered_ms = earliest(*answered_ms, world->now_ms + world_between(world, 0, LATENCY_MOST_MS));
    world_send(world, *answered_ms, &command->message);
}

/* ---- commands -----------------------------------------------------------------------------------
 */

static uint64_t number_of(const char *hex)
{
    return strtoull(hex, NULL, 16);
}

struct redis_known redis_known_of(const struct witness *witness, uint64_t writes)
{
    return (struct redis_known){.memory = number_of(witness->memory),
                                .writes = writes,
                                .slot = (unsigned)number_of(witness->slot)};
}

uint64_t redis_run(const struct node *node)
{
    return node->life << 8 | (node->index + 1);
}

struct redis_command *redis_make(struct redis *redis, enum redis_what what, struct request *rq)
{
    struct world *world = redis->node->world;
    struct redis_command *command = world_slot(world);
    struct redis_memory *memory = &redis->memory;
    command->what = what;
    command->rq = rq;
    command->sent_ms = world->now_ms;
    command->caller = (struct redis_caller){
        .owner = redis->node->index + 1,
        .run = redis_run(redis->node),
        .fresh_memory = world_random(world) | 1,
        .known = redis_known_of(&memory->known, redis_memory_least(memory, world->now_ms)),
        .lease_ms = world->mix.lease_ms,
        .keep_ms = redis->node->settings.redis.keep_ms,
    };
    return command;
}

static void on_break(struct letter *message)
{
    struct redis *redis = &message->node->redis;
    world_slot_free(message->node->world, message);
    redis_break(redis, 0);
}

void redis_send(struct redis *redis, struct redis_command *command,
                void (*on_reply)(struct letter *), int64_t latency_ms)
{
    struct world *world = redis->node->world;
    if (!redis->connected) {
        if (command->rq != NULL)
            redis_pace(redis, command->rq, REDIS_PAUSE_MS);
        world_slot_free(world, command);
        return;
    }
    command->message =
        (struct letter){.node = redis->node, .life = redis->node->life, .deliver = on_reply};
    attach(redis, command);
    redis->arrived_ms = earliest(redis->arrived_ms, world->now_ms + latency_ms);
    world_plan(world, redis->arrived_ms, on_arrival, command);
    if (world_fault(world, FAULT_REDIS_LOST)) {
        struct letter *message = world_slot(world);
        *message =
            (struct letter){.node = redis->node, .life = redis->node->life, .deliver = on_break};
        world_send(world, world->now_ms + world_between(world, 0, 2 * LATENCY_MOST_MS), message);
    }
    (void)node_enters(redis->node, NULL); /* it may die with the command under way */
}

int64_t redis_latency_ms(struct redis *redis)
{
    return world_between(redis->node->world, 0, LATENCY_MOST_MS);
}

/* The answer has come: who asked? NULL: the connection broke meanwhile. */
struct request *redis_take_answer(struct redis_command *command)
{
    if (!command->is_detached)
        detach(&command->message.node->redis, command);
    return command->rq;
}

void redis_server_text(const struct redis *redis, char ret[WITNESS_SERVER_SIZE])
{
    ret[0] = '\0';
    if (redis->server != 0)
        (void)snprintf(ret, WITNESS_SERVER_SIZE, "%08x", (unsigned)redis->server);
}

void redis_see_memory(struct redis *redis, const struct redis_command *command)
{
    char id[WITNESS_MEMORY_SIZE], server[WITNESS_SERVER_SIZE];
    (void)snprintf(id, sizeof id, "%016" PRIx64, command->answer.memory);
    redis_server_text(redis, server);
    redis_memory_see(&redis->memory, str_of(id), command->answer.writes, server,
                     redis->node->world->now_ms);
}

void redis_on_done(struct letter *message)
{
    struct redis_command *command = (struct redis_command *)message;
    (void)redis_take_answer(command);
    world_slot_free(message->node->world, command);
}

/* ---- the interlock ------------------------------------------------------------------------------
 */

static void on_raised(struct letter *message)
{
    struct redis_command *command = (struct redis_command *)message;
    if (!command->is_detached) {
        message->node->redis.raises = false;
        redis_see_interlock(&message->node->redis, true);
    }
    redis_on_done(message);
}

static void send_raise(struct redis *redis)
{
    redis_send(redis, redis_make(redis, COMMAND_RAISE, NULL), on_raised, redis_latency_ms(redis));
}

void redis_raise_interlock(struct redis *redis, const char *why)
{
    (void)why;
    if (redis->raises || !node_enters(redis->node, NULL))
        return;
    redis->raises = true;
    send_raise(redis);
}

void redis_tell_interlock(struct world *world)
{
    for (unsigned i = 0; i < world->mix.nodes; i++) {
        struct letter *message = world_slot(world);
        *message = (struct letter){.node = world->nodes[i],
                                   .life = world->nodes[i]->life,
                                   .deliver = on_look};
        world_send(world, world->now_ms + world_between(world, 1, INTERLOCK_SEEN_MS), message);
    }
}
