/* Stands for worker/io/settle.h: replies and offsets of one worker, in transactions. */
#include "tests/sim/broker.h"

#include "worker/core/reply.h"

#include <stdio.h>
#include <string.h>

enum {
    AGAIN_MIN_MS = 20,
    AGAIN_MAX_MS = 1000,
    FENCED_PAUSE_MS = 5000,
};

/* ---- what follows -------------------------------------------------------------------------------
 */

static void finish(struct settle *settle)
{
    settle->replies = NULL;
    settle->batch_count = 0;
    settle->state = SENDING_IDLE;
    settle->is_doubtful = false;
}

static void conclude_committed(struct settle *settle)
{
    struct node *node = settle->node;
    settle->again_ms = AGAIN_MIN_MS;
    for (size_t i = 0; i < settle->batch_count; i++) {
        struct request *rq = settle->batch[i];
        /* The ledger of a later assignment has read the batch's offsets from Kafka. */
        if (partition_is_ours(rq->partition, rq->epoch))
            ledger_finish_offset(&rq->partition->ledger, rq->record.offset);
    }
    for (size_t i = 0; i < settle->batch_count; i++)
        pipeline_post(&node->worker.pipeline, settle->batch[i], OUTCOME_OK);
    finish(settle);
}

/* Back to the front, in the same order. */
static void conclude_nothing(struct settle *settle)
{
    memmove(settle->waiting + settle->batch_count, settle->waiting,
            settle->waiting_count * sizeof(struct request *));
    memcpy(settle->waiting, settle->batch, settle->batch_count * sizeof(struct request *));
    settle->waiting_count += settle->batch_count;
    settle->due_ms = settle->node->world->now_ms + settle->again_ms;
    settle->again_ms = settle->again_ms * 2 < AGAIN_MAX_MS ? settle->again_ms * 2 : AGAIN_MAX_MS;
    finish(settle);
}

/* A new producer with the same id: what the old one left under way can do nothing any more. */
static void recycle(struct settle *settle)
{
    settle->node->world->counts.recycled++;
    broker_ask(settle, ASK_INIT);
}

static void on_producer(struct settle *settle, int epoch)
{
    settle->epoch = epoch;
    if (settle->state == SENDING_STARTS)
        finish(settle);
    else if (settle->is_doubtful)
        broker_ask(settle, ASK_COMMITTED);
    else
        conclude_nothing(settle);
}

/* A fence: the broker ended a transaction that took too long, or another has our id. */
static void on_pause(struct letter *message)
{
    struct settle *settle = &message->node->settle;
    world_slot_free(message->node->world, message);
    recycle(settle);
}

static void on_fenced(struct settle *settle)
{
    struct node *node = settle->node;
    struct letter *message = world_slot(node->world);
    node->world->counts.fenced++;
    *message = (struct letter){.node = node, .life = node->life, .deliver = on_pause};
    world_send(node->world, node->world->now_ms + FENCED_PAUSE_MS, message);
}

static void on_error(struct settle *settle, const struct broker_call *call)
{
    if (call->error == BROKER_FENCED) {
        settle->is_doubtful = settle->is_doubtful || call->ask == ASK_END;
        on_fenced(settle);
    } else if (call->error == BROKER_UNSTABLE) {
        broker_ask(settle, ASK_COMMITTED);
    } else {
        broker_ask(settle, ASK_ABORT);
    }
}

void settle_on_answer(struct letter *message)
{
    struct broker_call call = *(struct broker_call *)message;
    struct settle *settle = &message->node->settle;
    world_slot_free(message->node->world, message);
    if (call.error != BROKER_OK) {
        on_error(settle, &call);
        return;
    }
    switch (call.ask) {
    case ASK_INIT:
        on_producer(settle, call.epoch);
        break;
    case ASK_REPLIES:
        broker_ask(settle, ASK_OFFSETS);
        break;
    case ASK_OFFSETS:
        broker_ask(settle, ASK_END);
        break;
    case ASK_END:
        conclude_committed(settle);
        break;
    case ASK_ABORT:
        conclude_nothing(settle);
        break;
    case ASK_COMMITTED:
        if (call.stands)
            conclude_committed(settle);
        else
            conclude_nothing(settle);
    }
}

/* No answer: what happened is not known, so the producer is worn. */
void settle_on_silence(struct letter *message)
{
    struct settle *settle = &message->node->settle;
    enum ask what = ((struct broker_call *)message)->ask;
    world_slot_free(message->node->world, message);
    if (what == ASK_COMMITTED || what == ASK_INIT) {
        broker_ask(settle, what);
        return;
    }
    if (what == ASK_END) {
        settle->is_doubtful = true;
        settle->node->world->counts.doubtful++;
    }
    recycle(settle);
}

/* ---- a batch is made ----------------------------------------------------------------------------
 */

static void drop_lost(struct settle *settle)
{
    size_t kept = 0;
    for (size_t i = 0; i < settle->waiting_count; i++) {
        struct request *rq = settle->waiting[i];
        if (partition_is_ours(rq->partition, rq->epoch) ||
            settle->node->world->sabotage->keeps_epoch)
            settle->waiting[kept++] = rq;
        else
            pipeline_post(&settle->node->worker.pipeline, rq, OUTCOME_LOST);
    }
    settle->waiting_count = kept;
}

static const struct reply_settings reply_settings = {
    .group = "usher",
    .replies_topic = "access-replies",
    .dead_letters_topic = "access-requests-dlt",
};

/* Made by the core and thrown away: what the checker needs of it is its outcome. */
static void make_messages(const struct request *rq, struct sim_reply *ret)
{
    struct message message;
    struct reply_warning warning;
    bool good = reply_make(rq, &reply_settings, false, &message, &warning);
    assert(good);
    struct str outcome = message.headers[message.header_count - 1].value;
    assert(str_is(outcome, answer_name(ret->answer)));
    message_finish(&message);
    if (!dead_letter_is_due(rq))
        return;
    good = dead_letter_make(rq, &reply_settings, NULL, &message);
    assert(good);
    message_finish(&message);
}

static struct sim_reply *make_reply(struct settle *settle, const struct request *rq)
{
    struct sim_reply *reply = world_scrap(settle->node->world, sizeof *reply);
    *reply = (struct sim_reply){
        .record = record_of(rq),
        .answer = rq->stored != NULL ? rq->stored_answer : rq->answer,
        .duplicate = rq->duplicate,
        .seen = rq->stored != NULL,
        .members = rq->stored != NULL ? lane_hash(1, rq->stored, strlen(rq->stored)) : 0,
    };
    (void)snprintf(reply->code, sizeof reply->code, "%.31s",
                   rq->stored != NULL ? "" : rq->fault.code);
    make_messages(rq, reply);
    return reply;
}

static void add(struct settle *settle, struct request *rq, struct sim_reply **last)
{
    struct group_commit *commit = settle->commit;
    unsigned p = (unsigned)rq->partition->id;
    if ((commit->partitions >> p & 1) == 0) {
        ledger_copy(&settle->ledgers[p], &rq->partition->ledger);
        commit->partitions |= 1U << p;
    }
    ledger_finish_offset(&settle->ledgers[p], rq->record.offset);
    struct sim_reply *reply = make_reply(settle, rq);
    if (*last == NULL)
        settle->replies = reply;
    else
        (*last)->next = reply;
    *last = reply;
    settle->batch[settle->batch_count++] = rq;
}

static const struct witness *witness_for(const struct settle *settle, unsigned p)
{
    const struct node *node = settle->node;
    return partition_witness(&node->source.partitions[p], &settle->ledgers[p],
                             redis_witness(&node->redis));
}

static void seal(struct settle *settle)
{
    struct world *world = settle->node->world;
    for (unsigned p = 0; p < world->mix.partitions; p++) {
        struct offset *offset = &settle->commit->offsets[p];
        char text[LEDGER_METADATA_MAX];
        if ((settle->commit->partitions >> p & 1) == 0)
            continue;
        size_t size = ledger_metadata_write(&settle->ledgers[p], witness_for(settle, p), text);
        assert(size < sizeof offset->metadata);
        memcpy(offset->metadata, text, size + 1);
        offset->offset = settle->ledgers[p].frontier + world->sabotage->commits_one_more;
    }
}

/* First the generation, then the epochs (guarantees, trap 2). False: not now. */
static bool send_batch(struct settle *settle)
{
    struct world *world = settle->node->world;
    int generation = settle->node->source.generation;
    struct sim_reply *last = NULL;
    drop_lost(settle);
    if (settle->waiting_count == 0 || generation < 0 || !node_enters(settle->node, NULL))
        return false;
    settle->commit = world_scrap(world, sizeof *settle->commit);
    *settle->commit = (struct group_commit){.life = settle->node->life, .generation = generation};
    for (size_t i = 0; i < settle->waiting_count; i++)
        add(settle, settle->waiting[i], &last);
    seal(settle);
    settle->waiting_count = 0;
    settle->state = SENDING_BUSY;
    broker_ask(settle, ASK_REPLIES);
    return true;
}

void settle_add(struct settle *settle, struct request *rq, int64_t now_ms)
{
    if (!node_enters(settle->node, rq))
        return;
    int64_t due_ms = now_ms + settle->node->settings.kafka.commit_interval_ms;
    if (settle->waiting_count == 0 && settle->due_ms < due_ms)
        settle->due_ms = due_ms;
    settle->waiting[settle->waiting_count++] = rq;
    check_handed_over(settle->node, rq);
}

int64_t settle_turn(struct settle *settle, int64_t now_ms)
{
    if (settle->waiting_count == 0 || settle->state != SENDING_IDLE)
        return INT64_MAX;
    if (now_ms < settle->due_ms)
        return settle->due_ms;
    settle->due_ms = now_ms + settle->node->settings.kafka.commit_interval_ms;
    if (send_batch(settle) || settle->waiting_count == 0)
        return INT64_MAX;
    settle->due_ms = now_ms + AGAIN_MIN_MS;
    return settle->due_ms;
}

bool settle_is_idle(const struct settle *settle)
{
    return settle->waiting_count == 0 && settle->batch_count == 0;
}

bool settle_is_ready(const struct settle *settle)
{
    return settle->state != SENDING_STARTS;
}

void settle_open(struct settle *settle, struct node *node)
{
    size_t size = node->worker.pool.size * sizeof(struct request *);
    struct request **waiting = world_scrap(node->world, size);
    struct request **batch = world_scrap(node->world, size);
    *settle =
        (struct settle){.node = node, .waiting = waiting, .batch = batch, .again_ms = AGAIN_MIN_MS};
    for (unsigned p = 0; p < node->world->mix.partitions; p++) {
        bool good = ledger_init(&settle->ledgers[p], node->world->mix.window);
        assert(good);
    }
    broker_ask(settle, ASK_INIT);
}

void settle_close(struct settle *settle)
{
    for (unsigned p = 0; p < PARTITIONS_MAX; p++)
        ledger_finish(&settle->ledgers[p]);
}
