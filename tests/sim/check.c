#include "tests/sim/check.h"

#include "tests/sim/node.h"
#include "worker/core/look.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum {
    CLAIM_AGE_MAX_MS = 2000, /* I8 */
    DRY_RUN_AGE_MS = 60000,  /* I4 */
};

void check_init(struct check *check)
{
    *check = (struct check){0};
    bool good = ledger_init(&check->ledger, LEDGER_WINDOW_MAX);
    assert(good);
}

void check_reset(struct check *check)
{
    struct ledger ledger = check->ledger;
    *check = (struct check){.ledger = ledger};
}

void check_finish(struct check *check)
{
    ledger_finish(&check->ledger);
}

void check_fail(struct world *world, const char *invariant, const char *format, ...)
{
    struct check *check = &world->check;
    if (check->failed)
        return;
    check->failed = true;
    (void)snprintf(check->invariant, sizeof check->invariant, "%s", invariant);
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(check->text, sizeof check->text, format, arguments);
    va_end(arguments);
    world_trace(world, "BROKEN %s: %s", check->invariant, check->text);
}

/* ---- calls to Graph -----------------------------------------------------------------------------
 */

void check_call(struct node *node, const struct request *rq)
{
    const struct check *check = &node->world->check;
    if (check->throttled_until_ms[node->index] > node->world->now_ms)
        check_fail(node->world, "I13", "worker %u calls Graph for record %d while it is throttled",
                   node->index, record_of(rq)->number);
}

void check_throttled(struct node *node, int64_t pause_ms)
{
    struct check *check = &node->world->check;
    int64_t until_ms = node->world->now_ms + pause_ms;
    if (check->throttled_until_ms[node->index] < until_ms)
        check->throttled_until_ms[node->index] = until_ms;
}

void check_dry_run_passed(struct node *node, const struct request *rq, uint64_t body_hash)
{
    struct dry_pass *pass = &record_of(rq)->dry_pass[node->index];
    *pass = (struct dry_pass){.at_ms = node->world->now_ms, .body_hash = body_hash};
}

void check_marked(struct node *node, const struct request *rq, int64_t sent_ms)
{
    struct marked *marked = &record_of(rq)->marked[node->index];
    marked->sent_ms = sent_ms;
    memcpy(marked->client_request_id, rq->claim.client_request_id, GUID_SIZE);
}

/* May there be another real request of this event? Only where the one before it is known not to
 * have been applied, or could not be found for graph.settle. */
static void check_second(struct world *world, const struct sim_record *record)
{
    const struct sim_event *event = record->event;
    const struct sim_post *before = event->post;
    if (before == NULL || before->proved || event->forgotten)
        return;
    int64_t age_ms = world->now_ms - before->sent_ms;
    if (age_ms >= world->mix.settle_ms)
        return;
    check_fail(world, "I3",
               "a second real request for event %d (record %d), %d ms after one that %s (record "
               "%d)",
               event->number, record->number, (int)age_ms,
               before->fate == POST_FLIES ? "is under way" : "nobody has heard of",
               before->record->number);
}

/* Records of one key, and those about one subject, one after the other. */
static void check_order(struct world *world, const struct sim_record *record)
{
    const struct sim_record *earlier[] = {record->before_by_key, record->before_by_subject};
    for (size_t i = 0; i < 2; i++)
        if (earlier[i] != NULL && !earlier[i]->handed_over)
            check_fail(world, "I9",
                       "record %d is posted before record %d, which is before it in %s",
                       record->number, earlier[i]->number, i == 0 ? "its key" : "its subject");
}

void check_post(struct node *node, const struct request *rq, uint64_t body_hash)
{
    struct world *world = node->world;
    const struct sim_record *record = record_of(rq);
    const struct dry_pass *pass = &record->dry_pass[node->index];
    const struct marked *marked = &record->marked[node->index];
    check_second(world, record);
    check_order(world, record);
    if (pass->at_ms == 0 || world->now_ms - pass->at_ms > DRY_RUN_AGE_MS ||
        pass->body_hash != body_hash)
        check_fail(world, "I4", "record %d is posted without a fresh dry run of the same body",
                   record->number);
    if (marked->sent_ms == 0 || strcmp(marked->client_request_id, rq->graph.client_request_id) != 0)
        check_fail(world, "I5", "record %d is posted without an intent in Redis", record->number);
    else if (world->now_ms - marked->sent_ms > CLAIM_AGE_MAX_MS)
        check_fail(world, "I8", "record %d is posted %d ms after its claim was confirmed",
                   record->number, (int)(world->now_ms - marked->sent_ms));
    if ((node->source.owned >> record->record.partition & 1) == 0)
        check_fail(world, "I8", "record %d is posted by worker %u, which has lost partition %d",
                   record->number, node->index, (int)record->record.partition);
    if (record->sort != SORT_REAL)
        check_fail(world, "I6", "record %d is posted, which nobody has asked for", record->number);
}

/* ---- grants -------------------------------------------------------------------------------------
 */

bool check_is_excused(const struct world *world, const struct sim_event *event)
{
    int64_t skew_ms = world->mix.graph_clock_ms;
    bool clocks_differ = skew_ms > LOOK_CLOCK_SKEW_MS || skew_ms < -LOOK_CLOCK_SKEW_MS;
    return event->forgotten && mix_kinds(&world->mix) > 1 && (event->unnoticed || clocks_differ);
}

static void judge_second_grant(struct world *world, const struct sim_record *record)
{
    const struct sim_event *event = record->event;
    const struct mix *mix = &world->mix;
    bool is_late = mix->late_ms + mix->stale_ms + 2 * mix->latency_ms >= mix->settle_ms;
    if (event->forgotten && record->grants == 1)
        world->counts.twice_again++;
    else if (check_is_excused(world, event))
        world->counts.twice_forgotten++;
    else if (is_late && mix_kinds(mix) > 1)
        world->counts.twice_late++;
    else
        check_fail(world, "I3", "event %d (record %d) is granted a second time", event->number,
                   record->number);
}

void check_applied(struct world *world, struct sim_record *record, bool was_dry_run)
{
    struct sim_event *event = record->event;
    if (was_dry_run) {
        event->dry_grants++;
        record->dry_granted = true;
        return;
    }
    event->grants++;
    record->grants++;
    if (event->grants > 1)
        judge_second_grant(world, record);
    else if (event->dry_grants > 0)
        world->counts.twice_dry++;
}

void check_forgotten(void *context, int event)
{
    struct world *world = context;
    world->workload.events[event].forgotten = true;
}

/* ---- replies and offsets ------------------------------------------------------------------------
 */

void check_handed_over(struct node *node, const struct request *rq)
{
    struct sim_record *record = record_of(rq);
    const struct sim_record *earlier = record->before_by_key;
    if (earlier != NULL && !earlier->handed_over)
        check_fail(node->world, "I9", "record %d is answered before record %d of its key",
                   record->number, earlier->number);
    record->handed_over = true;
}

void check_reply(struct world *world, const struct sim_reply *reply)
{
    struct sim_record *record = reply->record;
    if (record->replies++ > 0) {
        check_fail(world, "I1", "record %d is answered twice: %s, %s", record->number,
                   answer_name(record->answer), answer_name(reply->answer));
        return;
    }
    record->answer = reply->answer;
    record->duplicate = reply->duplicate;
    record->seen = reply->seen;
    record->members = reply->members;
    memcpy(record->code, reply->code, sizeof record->code);
    world->workload.answered++;
    world_trace(world, "reply: record %d is answered %s%s %s", record->number,
                answer_name(reply->answer), reply->duplicate ? " (duplicate)" : "", reply->code);
}

void check_offset(struct world *world, unsigned partition, int64_t before, int64_t offset,
                  const char *metadata)
{
    const struct log *log = &world->kafka.logs[partition];
    struct ledger *ledger = &world->check.ledger;
    struct witness witness;
    if (offset < before)
        check_fail(world, "I2", "the offset of partition %u goes back from %d to %d", partition,
                   (int)before, (int)offset);
    if (ledger_open(ledger, offset, metadata, &witness) != LEDGER_METADATA_OK) {
        check_fail(world, "I2", "the metadata of offset %d cannot be read: %s", (int)offset,
                   metadata);
        return;
    }
    for (int64_t at = before; at < (int64_t)log->count; at++) {
        const struct sim_record *record = log->records[at];
        bool finished = at < offset || ledger_is_finished(ledger, at);
        if (record == NULL || finished == (record->replies > 0))
            continue;
        check_fail(world, "I2", "offset %d of partition %u (record %d) is %s, and %s", (int)at,
                   partition, record->number, finished ? "committed" : "not committed",
                   finished ? "it has no reply" : "it has a reply");
        return;
    }
}

/* ---- a worker -----------------------------------------------------------------------------------
 */

void check_turn(struct node *node)
{
    const struct pool *pool = &node->worker.pool;
    if (pool->used > pool->size || pool->bytes_used > pool->bytes_max + (size_t)RECORD_BYTES_MAX)
        check_fail(node->world, "I12", "worker %u has %zu records at work", node->index,
                   pool->used);
    for (unsigned p = 0; p < node->world->mix.partitions; p++) {
        const struct ledger *ledger = &node->source.partitions[p].ledger;
        if ((node->source.owned >> p & 1) != 0 &&
            ledger->end - ledger->frontier > (int64_t)ledger->window &&
            ledger->end > ledger->touched)
            check_fail(node->world, "I12", "worker %u is %d offsets ahead of its frontier",
                       node->index, (int)(ledger->end - ledger->frontier));
    }
}
