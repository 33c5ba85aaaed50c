/* Stands for worker/io/redis.h: the calls of one worker. */
#include "tests/sim/redis_link.h"

#include "worker/core/claim.h"
#include "worker/core/reply.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FSYNC_MOST_MS = 1000 /* appendfsync everysec */ };

/* ---- claim --------------------------------------------------------------------------------------
 */

static void read_claim(struct redis *redis, struct redis_command *command, struct request *rq)
{
    struct world *world = redis->node->world;
    const struct redis_answer *answer = &command->answer;
    char origin[ORIGIN_SIZE] = "";
    if (answer->origin != 0)
        claim_origin(&world->workload.records[answer->origin - 1].record, origin);
    bool notices = answer->forgot || command->other_server;
    struct claim_answer read = {
        .word = str_of(redis_word(answer->word)),
        .fence = answer->fence,
        .held_ms = answer->held_ms,
        .intent_wall_ms = answer->intent_ms,
        .now_wall_ms = answer->now_ms,
        .client_request_id = str_of(answer->cid),
        .stored = answer->stored,
        .origin = str_of(origin),
        .crashes = answer->crashes,
        .forgot = notices && !world->sabotage->drops_witness,
    };
    if (answer->word == REDIS_WORD_INTERLOCK)
        redis_see_interlock(redis, true);
    world->counts.interrupted += answer->word == REDIS_WORD_INTERRUPTED;
    bool is_new = answer->word == REDIS_WORD_NEW || answer->word == REDIS_WORD_TAKEN;
    struct sim_event *event = record_of(rq)->event;
    event->unnoticed = event->unnoticed || (event->forgotten && is_new && !notices);
    enum outcome outcome = claim_read(rq, &read, command->sent_ms, node_wall_ms(redis->node));
    world->counts.forgotten += outcome == OUTCOME_FORGOTTEN;
    event->doubted = event->doubted || outcome == OUTCOME_FORGOTTEN;
    pipeline_post(&redis->node->worker.pipeline, rq, outcome);
}

static void on_claimed(struct letter *message)
{
    struct redis_command *command = (struct redis_command *)message;
    struct redis *redis = &message->node->redis;
    struct request *rq = redis_take_answer(command);
    if (rq != NULL) {
        redis_see_memory(redis, command);
        read_claim(redis, command, rq);
    }
    world_slot_free(message->node->world, command);
}

static uint64_t hash_of_body(const struct request *rq)
{
    uint64_t hash =
        lane_hash(rq->event.validation_only ? 2 : 3, &rq->event.kind, sizeof rq->event.kind);
    return lane_hash(hash, rq->event.body.members, rq->event.body.size) | 1;
}

void redis_claim(struct redis *redis, struct request *rq, int64_t now_ms)
{
    (void)now_ms;
    if (!node_enters(redis->node, rq))
        return;
    struct sim_record *record = record_of(rq);
    struct redis_command *command = redis_make(redis, COMMAND_CLAIM, rq);
    const struct witness *witness = request_witness(rq);
    char server[WITNESS_SERVER_SIZE];
    redis_server_text(redis, server);
    command->key = record->event->number;
    command->other_server = redis_memory_is_other_server(witness, server);
    command->script.claim = (struct redis_claim){
        .hash = hash_of_body(rq),
        .origin = (uint64_t)record->number + 1,
        .replay = claim_is_replay(&rq->record),
    };
    if (witness != NULL)
        command->script.claim.witness = redis_known_of(witness, witness->writes);
    redis_send(redis, command, on_claimed, redis_latency_ms(redis));
}

/* ---- mark ---------------------------------------------------------------------------------------
 */

static void finish_mark(struct redis *redis, struct redis_command *command)
{
    struct request *rq = command->rq;
    rq->claim.confirmed_ms = command->sent_ms;
    rq->claim.intent_wall_ms = command->intent_ms;
    memcpy(rq->claim.client_request_id, command->cid, sizeof command->cid);
    check_marked(redis->node, rq, command->sent_ms);
    pipeline_post(&redis->node->worker.pipeline, rq, OUTCOME_OK);
}

static void on_marked(struct letter *message);

static void send_mark(struct redis *redis, struct request *rq, const char *cid, bool confirms)
{
    struct redis_command *command = redis_make(redis, COMMAND_MARK, rq);
    int64_t now_ms = command->sent_ms;
    bool known = rq->graph_wall_ms > 0 && rq->dry_run_ms > 0;
    command->key = record_of(rq)->event->number;
    command->fence = rq->claim.fence;
    command->confirms = confirms;
    command->script.hint_ms = known ? rq->graph_wall_ms + now_ms - rq->dry_run_ms : 0;
    memcpy(command->cid, cid, sizeof command->cid);
    redis_send(redis, command, on_marked, redis_latency_ms(redis));
}

/* It is durable. Where that took long, the claim is confirmed once more. */
static void on_waited(struct letter *message)
{
    struct redis_command *command = (struct redis_command *)message;
    struct redis *redis = &message->node->redis;
    struct request *rq = redis_take_answer(command);
    if (rq != NULL && redis->node->world->now_ms - command->sent_ms <= REDIS_MARK_FRESH_MS)
        finish_mark(redis, command);
    else if (rq != NULL)
        send_mark(redis, rq, command->cid, true);
    world_slot_free(message->node->world, command);
}

static void wait_until_durable(struct redis *redis, const struct redis_command *marked)
{
    struct redis_command *command = redis_make(redis, COMMAND_WAIT, marked->rq);
    command->sent_ms = marked->sent_ms;
    command->intent_ms = marked->intent_ms;
    memcpy(command->cid, marked->cid, sizeof command->cid);
    redis_send(redis, command, on_waited, world_between(redis->node->world, 0, FSYNC_MOST_MS));
}

static void on_marked(struct letter *message)
{
    struct redis_command *command = (struct redis_command *)message;
    struct redis *redis = &message->node->redis;
    struct request *rq = redis_take_answer(command);
    if (rq != NULL) {
        redis_see_memory(redis, command);
        command->intent_ms = command->answer.intent_ms;
        bool waits = redis->node->world->mix.durability == DURABILITY_INTENTS;
        if (command->answer.word == REDIS_WORD_INTERLOCK) {
            redis_see_interlock(redis, true);
            redis_pace(redis, rq, CLAIM_INTERLOCK_PAUSE_MS);
        } else if (command->answer.word != REDIS_WORD_OK) {
            pipeline_post(&redis->node->worker.pipeline, rq, OUTCOME_LOST);
        } else if (waits && !command->confirms) {
            wait_until_durable(redis, command);
        } else {
            finish_mark(redis, command);
        }
    }
    world_slot_free(message->node->world, command);
}

/* What forbids the intent before Redis is asked; OUTCOME_OK: nothing. */
static enum outcome check_mark(const struct node *node, const struct request *rq, int64_t now_ms)
{
    bool required = node->settings.graph.dry_run == DRY_RUN_REQUIRED;
    if (request_is_expired(rq, node_wall_ms(node)))
        return OUTCOME_EXPIRED;
    if (required && (rq->dry_run_ms == 0 || now_ms - rq->dry_run_ms > DRY_RUN_AGE_MAX_MS))
        return OUTCOME_STALE;
    return rq->claim.fence != 0 ? OUTCOME_OK : OUTCOME_LOST;
}

void redis_mark(struct redis *redis, struct request *rq, int64_t now_ms)
{
    struct node *node = redis->node;
    if (!node_enters(node, rq))
        return;
    enum outcome outcome = check_mark(node, rq, now_ms);
    char cid[GUID_SIZE];
    (void)snprintf(cid, sizeof cid, "00000000-0000-4000-8000-%012" PRIx64,
                   ++node->world->order & 0xffffffffffff);
    if (outcome != OUTCOME_OK) {
        pipeline_post(&node->worker.pipeline, rq, outcome);
    } else if (node->world->sabotage->skips_intent) {
        rq->claim.confirmed_ms = now_ms;
        memcpy(rq->claim.client_request_id, cid, sizeof cid);
        pipeline_post(&node->worker.pipeline, rq, OUTCOME_OK);
    } else {
        send_mark(redis, rq, cid, false);
    }
}

/* ---- record, release ----------------------------------------------------------------------------
 */

static void on_recorded(struct letter *message)
{
    struct redis_command *command = (struct redis_command *)message;
    struct request *rq = redis_take_answer(command);
    if (rq != NULL)
        pipeline_post(&message->node->worker.pipeline, rq,
                      command->answer.word == REDIS_WORD_LOST ? OUTCOME_LOST : OUTCOME_OK);
    world_slot_free(message->node->world, command);
}

void redis_record(struct redis *redis, struct request *rq, int64_t now_ms)
{
    (void)now_ms;
    if (!node_enters(redis->node, rq))
        return;
    struct redis_command *command = redis_make(redis, COMMAND_RECORD, rq);
    char *members = reply_members(rq);
    assert(members != NULL);
    command->key = record_of(rq)->event->number;
    command->answer.word = REDIS_WORD_OK;
    command->script.record = (struct redis_record){
        .fence = rq->claim.fence,
        .hash = hash_of_body(rq),
        .origin = (uint64_t)record_of(rq)->number + 1,
        .intent_ms = rq->claim.intent_wall_ms,
        .stored = world_text(redis->node->world, members, strlen(members)),
        .out = rq->answer,
    };
    memcpy(command->cid, rq->claim.client_request_id, sizeof command->cid);
    command->script.record.cid = command->cid;
    free(members);
    redis_send(redis, command, on_recorded, redis_latency_ms(redis));
}

static void give_back(struct redis *redis, struct request *rq, bool yields)
{
    if (rq->claim.fence == 0 || !node_enters(redis->node, NULL))
        return;
    struct redis_command *command = redis_make(redis, COMMAND_RELEASE, NULL);
    command->key = record_of(rq)->event->number;
    command->fence = rq->claim.fence;
    command->yields = yields;
    redis_send(redis, command, redis_on_done, redis_latency_ms(redis));
}

void redis_release(struct redis *redis, struct request *rq)
{
    give_back(redis, rq, false);
}

void redis_yield(struct redis *redis, struct request *rq)
{
    give_back(redis, rq, true);
}

const struct witness *redis_witness(const struct redis *redis)
{
    return &redis->memory.known;
}

bool redis_is_up(const struct redis *redis)
{
    return redis->connected && redis->interlock_known;
}
