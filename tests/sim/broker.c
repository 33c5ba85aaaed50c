#include "tests/sim/broker.h"

#include <string.h>

enum {
    BROKER_MOST_MS = 5,        /* one way */
    CALL_MS = 2000,            /* until an answer that was lost is missed */
    INDEFINITE_MOST_MS = 4000, /* how late a request may arrive whose caller has given up */
};

static bool is_same(const struct offset *a, const struct offset *b)
{
    return a->offset == b->offset && strcmp(a->metadata, b->metadata) == 0;
}

/* One that is the same is enough: all or none were committed. */
static enum broker_error ask_committed(struct world *world, struct broker_call *call)
{
    for (unsigned p = 0; p < world->mix.partitions; p++) {
        struct offset found;
        if ((call->commit->partitions >> p & 1) == 0)
            continue;
        enum broker_error error = kafka_fetch_offset(world, p, &found);
        if (error != BROKER_OK)
            return error;
        call->stands = call->stands || is_same(&found, &call->commit->offsets[p]);
    }
    return BROKER_OK;
}

static void carry_out(struct world *world, struct broker_call *call)
{
    switch (call->ask) {
    case ASK_INIT:
        call->epoch = kafka_init_producer(world, call->id);
        break;
    case ASK_REPLIES:
        call->error = kafka_add_replies(world, call->id, call->epoch, call->replies);
        break;
    case ASK_OFFSETS:
        call->error = kafka_add_offsets(world, call->id, call->epoch, call->commit);
        break;
    case ASK_END:
        call->error = kafka_end(world, call->id, call->epoch, true);
        break;
    case ASK_ABORT:
        call->error = kafka_end(world, call->id, call->epoch, false);
        break;
    case ASK_COMMITTED:
        call->error = ask_committed(world, call);
    }
}

static void on_arrival(struct world *world, void *what)
{
    struct broker_call *call = what;
    if (!call->is_lost)
        carry_out(world, call);
    if (call->answer_is_lost) {
        world_slot_free(world, call);
        return;
    }
    world_send(world, world->now_ms + call->latency_ms, &call->message);
}

void broker_ask(struct settle *settle, enum ask what)
{
    struct node *node = settle->node;
    struct world *world = node->world;
    struct broker_call *call = world_slot(world);
    int64_t at_ms = world->now_ms + world_between(world, 0, BROKER_MOST_MS);
    if (at_ms < node->kafka_away_until_ms)
        at_ms = node->kafka_away_until_ms;
    *call = (struct broker_call){
        .message = {.node = node, .life = node->life, .deliver = settle_on_answer},
        .ask = what,
        .id = node->index,
        .epoch = settle->epoch,
        .latency_ms = world_between(world, 0, BROKER_MOST_MS),
        .replies = what == ASK_REPLIES ? settle->replies : NULL,
        .commit = settle->commit,
    };
    if (world_fault(world, FAULT_KAFKA_LOST) || at_ms > world->now_ms + CALL_MS) {
        call->answer_is_lost = true;
        call->is_lost = world_chance(world, 3000);
        if (world_chance(world, 5000) && at_ms <= world->now_ms + CALL_MS)
            at_ms += world_between(world, 0, INDEFINITE_MOST_MS);
        *(call->is_lost ? &world->counts.lost_requests : &world->counts.lost_answers) += 1;
        struct broker_call *silence = world_slot(world);
        silence->message =
            (struct letter){.node = node, .life = node->life, .deliver = settle_on_silence};
        silence->ask = what;
        world_send(world, world->now_ms + CALL_MS, &silence->message);
    }
    world_plan(world, at_ms, on_arrival, call);
}
