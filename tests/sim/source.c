/* Stands for worker/io/source.h: the consumer of one worker. */
#include "tests/sim/node.h"

#include <string.h>

enum { HEARTBEAT_MOST_MS = 500, FETCH_MOST_MS = 20, AGAIN_MS = 100 };

void source_open(struct source *source, struct node *node)
{
    *source = (struct source){.node = node, .generation = -1};
    for (unsigned p = 0; p < node->world->mix.partitions; p++) {
        source->partitions[p].id = (int32_t)p;
        bool good = ledger_init(&source->partitions[p].ledger, node->world->mix.window);
        assert(good);
    }
}

void source_close(struct source *source)
{
    for (unsigned p = 0; p < PARTITIONS_MAX; p++)
        ledger_finish(&source->partitions[p].ledger);
}

/* ---- librdkafka's own thread --------------------------------------------------------------------
 */

struct news_message {
    struct letter message;
    struct group_news news;
};

static void on_news(struct letter *message)
{
    struct news_message *this = (struct news_message *)message;
    struct node *node = message->node;
    struct source *source = &node->source;
    struct group_news news = this->news;
    world_slot_free(node->world, this);
    if (node->kafka_away_until_ms > node->world->now_ms && !news.lost) {
        source_tell(node, node->kafka_away_until_ms, &news);
        return;
    }
    if (news.lost)
        source->generation = -1;
    else if (!news.must_join && news.generation > source->generation)
        source->generation = news.generation;
    assert(source->news_count < sizeof source->news / sizeof *source->news);
    source->news[source->news_count++] = news;
}

void source_tell(struct node *node, int64_t at_ms, const struct group_news *news)
{
    struct news_message *message = world_slot(node->world);
    message->message = (struct letter){.node = node, .life = node->life, .deliver = on_news};
    message->news = *news;
    world_send(node->world, at_ms, &message->message);
}

/* ---- partitions come and go ---------------------------------------------------------------------
 */

struct offset_message {
    struct letter message;
    unsigned partition;
};

static void take_up(struct source *source, unsigned p, const struct offset *committed)
{
    struct world *world = source->node->world;
    struct partition *partition = &source->partitions[p];
    int64_t offset = committed->offset < 0 ? 0 : committed->offset;
    enum ledger_metadata found =
        ledger_open(&partition->ledger, offset, committed->metadata, &partition->inherited);
    if (found != LEDGER_METADATA_OK && committed->offset >= 0)
        check_fail(world, "I2", "the metadata \"%s\" of offset %d cannot be read",
                   committed->metadata, (int)offset);
    if (world->sabotage->ignores_bits)
        ledger_open(&partition->ledger, offset, "", &partition->inherited);
    int64_t high = (int64_t)world->kafka.logs[p].count;
    if (partition->ledger.touched > high)
        partition->ledger.touched = high;
    source->positions[p] = partition->ledger.frontier;
    partition->forgotten_end = 0;
    partition->epoch += partition->epoch % 2 == 0 ? 1 : 0; /* odd already: by sabotage only */
    source->owned |= 1U << p;
    world_trace(world, "worker %u: has partition %u from %d", source->node->index, p,
                (int)partition->ledger.frontier);
}

static void ask_offset(struct source *source, unsigned p, int64_t at_ms);

static void on_offset(struct letter *message)
{
    struct offset_message *this = (struct offset_message *)message;
    struct node *node = message->node;
    struct world *world = node->world;
    struct source *source = &node->source;
    unsigned p = this->partition;
    struct offset committed;
    world_slot_free(world, this);
    if ((source->awaited >> p & 1) == 0)
        return;
    if (node->kafka_away_until_ms > world->now_ms) {
        ask_offset(source, p, node->kafka_away_until_ms);
    } else if (kafka_fetch_offset(world, p, &committed) != BROKER_OK) {
        ask_offset(source, p, world->now_ms + AGAIN_MS);
    } else {
        source->awaited &= ~(1U << p);
        take_up(source, p, &committed);
    }
}

static void ask_offset(struct source *source, unsigned p, int64_t at_ms)
{
    struct offset_message *message = world_slot(source->node->world);
    message->message =
        (struct letter){.node = source->node, .life = source->node->life, .deliver = on_offset};
    message->partition = p;
    world_send(source->node->world, at_ms, &message->message);
}

static void take_away(struct source *source, uint32_t partitions)
{
    source->awaited &= ~partitions;
    partitions &= source->owned;
    for (unsigned p = 0; p < PARTITIONS_MAX; p++)
        if ((partitions >> p & 1) != 0) {
            source->partitions[p].epoch += source->node->world->sabotage->keeps_epoch ? 0 : 1;
            world_trace(source->node->world, "worker %u: loses partition %u", source->node->index,
                        p);
        }
    source->owned &= ~partitions;
    if (partitions != 0)
        pipeline_drop_moved(&source->node->worker.pipeline);
}

static void serve(struct source *source, const struct group_news *news)
{
    struct node *node = source->node;
    struct world *world = node->world;
    if (news->lost) {
        take_away(source, ~0U);
        kafka_join(world, node->index, 0);
    } else if (news->must_join) {
        if (kafka_awaits(world, node->index, node->life))
            kafka_join(world, node->index, source->owned | source->awaited);
    } else if (news->generation == source->generation) {
        bool is_kept = news->member == source->member || world->sabotage->keeps_member;
        if (!is_kept) /* the group had dropped us, and others had what we hold */
            take_away(source, ~0U);
        source->member = news->member;
        uint32_t gone = (source->owned | source->awaited) & ~news->given;
        uint32_t come = news->given & ~(source->owned | source->awaited);
        take_away(source, gone);
        source->awaited |= come;
        for (unsigned p = 0; p < PARTITIONS_MAX; p++)
            if ((come >> p & 1) != 0)
                ask_offset(source, p, world->now_ms + 1 + world_between(world, 0, FETCH_MOST_MS));
        if (gone != 0) /* it says so, and whom they are given to gets them in the next round */
            kafka_join(world, node->index, source->owned | source->awaited);
    }
}

/* ---- records ------------------------------------------------------------------------------------
 */

/* One record of the partition. False: there is none, or they must wait. */
static bool take_from(struct source *source, unsigned p)
{
    struct node *node = source->node;
    struct log *log = &node->world->kafka.logs[p];
    while (source->positions[p] < (int64_t)log->count && log->records[source->positions[p]] == NULL)
        source->positions[p]++;
    if (source->positions[p] >= (int64_t)log->count)
        return false;
    struct sim_record *record = log->records[source->positions[p]];
    switch (ledger_begin(&source->partitions[p].ledger, record->record.offset)) {
    case LEDGER_FULL:
        return false;
    case LEDGER_PASSED:
        break;
    case LEDGER_BEGUN:
        pipeline_take(&node->worker.pipeline,
                      pool_take(&node->worker.pool, &record->record, &source->partitions[p],
                                node_wall_ms(node)));
    }
    source->positions[p]++;
    return true;
}

void source_note_loss(struct source *source, const struct witness *before)
{
    for (unsigned p = 0; p < source->node->world->mix.partitions; p++)
        if ((source->owned >> p & 1) != 0)
            partition_note_loss(&source->partitions[p], before);
}

bool source_turn(struct source *source, int64_t wall_ms)
{
    (void)wall_ms;
    struct node *node = source->node;
    for (unsigned i = 0; i < source->news_count; i++)
        serve(source, &source->news[i]);
    source->news_count = 0;
    struct worker *w = &node->worker;
    bool may_take = w->phase == WORKER_WORKS && w->pipeline.mode == PIPELINE_RUNS &&
                    redis_is_up(w->redis) && tenant_may_take(&w->tenants[0], node->world->now_ms);
    for (unsigned p = 0; may_take && p < node->world->mix.partitions; p++)
        while ((source->owned >> p & 1) != 0 && pool_has_room(&w->pool) && take_from(source, p))
            continue;
    return false;
}

void source_give_back(struct source *source, struct record *record)
{
    (void)record;
    node_poke(source->node, source->node->world->now_ms); /* there is room again */
}
