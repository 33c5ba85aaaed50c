#include "tests/sim/world.h"

#include <stdlib.h>
#include <string.h>

#include "tests/sim/node.h"

enum { TRANSACTION_TIMEOUT_MS = 10000 };

/* ---- the log ------------------------------------------------------------------------------------
 */

void kafka_append(struct world *world, unsigned partition, struct sim_record *record)
{
    struct log *log = &world->kafka.logs[partition];
    log->records[log->count] = record;
    if (record != NULL) {
        record->record.offset = (int64_t)log->count;
        record->record.timestamp_ms = world_wall_ms(world);
        record->appended_ms = world->now_ms;
    }
    log->count++;
    for (unsigned i = 0; i < world->mix.nodes; i++)
        if ((world->kafka.given[i] >> partition & 1) != 0)
            node_poke(world->nodes[i], world->now_ms + 1);
}

/* ---- transactions -------------------------------------------------------------------------------
 */

static void forget(struct transaction *transaction)
{
    transaction->open = false;
    transaction->replies = transaction->last_reply = NULL;
    transaction->partitions = 0;
}

static void commit(struct world *world, struct transaction *transaction)
{
    for (const struct sim_reply *reply = transaction->replies; reply != NULL; reply = reply->next)
        check_reply(world, reply);
    for (unsigned p = 0; p < world->mix.partitions; p++) {
        if ((transaction->partitions >> p & 1) == 0)
            continue;
        struct log *log = &world->kafka.logs[p];
        int64_t before = log->committed.offset < 0 ? 0 : log->committed.offset;
        log->committed = transaction->offsets[p];
        check_offset(world, p, before, log->committed.offset, log->committed.metadata);
    }
}

/* What a producer left behind is aborted, and it can do nothing any more. */
int kafka_init_producer(struct world *world, unsigned id)
{
    struct transaction *transaction = &world->kafka.transactions[id];
    if (world->sabotage->keeps_producer && transaction->epoch > 0)
        return transaction->epoch;
    forget(transaction);
    return ++transaction->epoch;
}

/* The transaction takes too long: the broker ends it, and fences its producer. */
static void on_timeout(struct world *world, void *what)
{
    struct transaction *transaction = what;
    if (!transaction->open || world->now_ms < transaction->opened_ms + TRANSACTION_TIMEOUT_MS)
        return;
    forget(transaction);
    transaction->epoch++;
}

static enum broker_error begin(struct world *world, unsigned id, int epoch)
{
    struct transaction *transaction = &world->kafka.transactions[id];
    if (epoch != transaction->epoch)
        return BROKER_FENCED;
    if (!transaction->open) {
        transaction->open = true;
        transaction->opened_ms = world->now_ms;
        world_plan(world, world->now_ms + TRANSACTION_TIMEOUT_MS, on_timeout, transaction);
    }
    return BROKER_OK;
}

enum broker_error kafka_add_replies(struct world *world, unsigned id, int epoch,
                                    struct sim_reply *replies)
{
    struct transaction *transaction = &world->kafka.transactions[id];
    enum broker_error error = begin(world, id, epoch);
    if (error != BROKER_OK || replies == NULL)
        return error;
    if (transaction->last_reply == NULL)
        transaction->replies = replies;
    else
        transaction->last_reply->next = replies;
    while (replies->next != NULL)
        replies = replies->next;
    transaction->last_reply = replies;
    return BROKER_OK;
}

enum broker_error kafka_add_offsets(struct world *world, unsigned id, int epoch,
                                    const struct group_commit *group)
{
    struct transaction *transaction = &world->kafka.transactions[id];
    enum broker_error error = begin(world, id, epoch);
    if (error != BROKER_OK)
        return error;
    if (!kafka_is_member(world, id, group->life) || group->generation != world->kafka.generation) {
        world->counts.late_commits++;
        return BROKER_ILLEGAL_GENERATION;
    }
    transaction->partitions |= group->partitions;
    for (unsigned p = 0; p < world->mix.partitions; p++)
        if ((group->partitions >> p & 1) != 0)
            transaction->offsets[p] = group->offsets[p];
    return BROKER_OK;
}

enum broker_error kafka_end(struct world *world, unsigned id, int epoch, bool commits)
{
    struct transaction *transaction = &world->kafka.transactions[id];
    if (epoch != transaction->epoch)
        return BROKER_FENCED;
    if (commits && transaction->open)
        commit(world, transaction);
    forget(transaction);
    return BROKER_OK;
}

enum broker_error kafka_fetch_offset(const struct world *world, unsigned partition,
                                     struct offset *ret)
{
    for (unsigned id = 0; id < NODES_MAX; id++) {
        const struct transaction *transaction = &world->kafka.transactions[id];
        if (transaction->open && (transaction->partitions >> partition & 1) != 0)
            return BROKER_UNSTABLE;
    }
    *ret = world->kafka.logs[partition].committed;
    return BROKER_OK;
}
