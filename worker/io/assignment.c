#include "worker/io/assignment.h"

#include "worker/io/log.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void assignment_init(struct assignment *assignment, rd_kafka_t *rk, const struct settings *settings,
                     const struct assignment_events *events)
{
    *assignment = (struct assignment){.rk = rk, .settings = settings, .events = *events};
    assignment->committed.on_answer = events->wake;
    assignment->committed.context = events->context;
}

static void fatal(struct assignment *assignment, int exit_code, const char *why)
{
    assignment->events.on_fatal(assignment->events.context, exit_code, why);
}

/* ---- slots -------------------------------------------------------------------------------------
 */

static bool is_ours(const struct slot *slot)
{
    return (slot->partition.epoch & 1) != 0;
}

/* Room for partition `id`. Both arrays grow together, so that there is never more that is ours than
 * there is room for. */
static bool grow(struct assignment *assignment, size_t id)
{
    if (id < assignment->all_count)
        return true;
    struct slot **all = realloc(assignment->all, (id + 1) * sizeof(struct slot *));
    if (all == NULL)
        return false;
    memset(all + assignment->all_count, 0,
           (id + 1 - assignment->all_count) * sizeof(struct slot *));
    assignment->all = all;
    struct slot **slots = realloc(assignment->slots, (id + 1) * sizeof(struct slot *));
    if (slots == NULL)
        return false;
    assignment->slots = slots;
    assignment->all_count = id + 1;
    return true;
}

static void slot_destroy(struct slot *slot)
{
    if (slot == NULL)
        return;
    assert(slot->held == NULL);
    if (slot->queue != NULL) {
        rd_kafka_queue_cb_event_enable(slot->queue, NULL, NULL);
        rd_kafka_queue_destroy(slot->queue);
    }
    ledger_finish(&slot->partition.ledger);
    free(slot);
}

static struct slot *slot_create(struct assignment *assignment, int32_t id)
{
    struct slot *slot = calloc(1, sizeof *slot);
    if (slot == NULL)
        return NULL;
    slot->partition.id = id;
    slot->queue = rd_kafka_queue_get_partition(assignment->rk,
                                               assignment->settings->kafka.requests_topic, id);
    if (slot->queue == NULL ||
        !ledger_init(&slot->partition.ledger, (uint32_t)assignment->settings->kafka.window)) {
        slot_destroy(slot);
        return NULL;
    }
    /* Its records shall not go to the common queue; this holds for all later assignments too. */
    rd_kafka_queue_forward(slot->queue, NULL);
    rd_kafka_queue_cb_event_enable(slot->queue, assignment->events.on_event,
                                   assignment->events.context);
    return slot;
}

static struct slot *slot_of(struct assignment *assignment, int32_t id)
{
    if (id < 0 || !grow(assignment, (size_t)id))
        return NULL;
    if (assignment->all[id] == NULL)
        assignment->all[id] = slot_create(assignment, id);
    return assignment->all[id];
}

static void release(struct assignment *assignment, struct slot *slot)
{
    slot->partition.epoch++;
    if (slot->held != NULL)
        rd_kafka_message_destroy(slot->held);
    slot->held = NULL;
    size_t i = 0;
    while (assignment->slots[i] != slot)
        i++;
    assignment->slots[i] = assignment->slots[--assignment->count];
}

/* Does librdkafka wait for an answer? */
static bool is_heard(struct assignment *assignment)
{
    if (assignment->leaving == LEAVING_HEARD)
        return false;
    if (assignment->leaving == LEAVING_UNHEARD)
        assignment->leaving = LEAVING_HEARD;
    return true;
}

/* ---- partitions come ---------------------------------------------------------------------------
 */

static void start(struct assignment *assignment, const rd_kafka_topic_partition_list_t *partitions)
{
    rd_kafka_error_t *error = rd_kafka_incremental_assign(assignment->rk, partitions);
    if (error == NULL) {
        assignment->joined = true;
        return;
    }
    /* The group has lost us meanwhile, and offers again. */
    log_write(LOG_WARN, "kafka.assign_failed", "%s", rd_kafka_error_string(error));
    rd_kafka_error_destroy(error);
    assignment_take_away(assignment, partitions);
}

/* Answers an offer without taking anything up: nothing is fetched. librdkafka waits for an answer,
 * also when it is closed. */
static void decline(struct assignment *assignment)
{
    if (!is_heard(assignment))
        return;
    rd_kafka_topic_partition_list_t *none = rd_kafka_topic_partition_list_new(0);
    start(assignment, none);
    rd_kafka_topic_partition_list_destroy(none);
}

bool assignment_see_member(struct assignment *assignment,
                           const rd_kafka_consumer_group_metadata_t *group)
{
    if (assignment->count == 0 || membership_is_kept(&assignment->membership, group))
        return true;
    log_write(
        LOG_WARN, "kafka.dropped",
        "the group had dropped this member and given its partitions to others; it joins again");
    while (assignment->count > 0)
        release(assignment, assignment->slots[0]);
    assignment->must_join = true;
    return false;
}

/* As whom are partitions offered to us? False: not as the member that holds the others. */
static bool note_member(struct assignment *assignment)
{
    rd_kafka_consumer_group_metadata_t *group = rd_kafka_consumer_group_metadata(assignment->rk);
    bool kept = assignment_see_member(assignment, group);
    if (kept && assignment->count == 0)
        membership_note(&assignment->membership, group);
    if (group != NULL)
        rd_kafka_consumer_group_metadata_destroy(group);
    return kept;
}

void assignment_offer(struct assignment *assignment,
                      const rd_kafka_topic_partition_list_t *partitions)
{
    if (!note_member(assignment) || partitions->cnt == 0 || assignment->leaving != LEAVING_NOT)
        decline(assignment);
    else if (!committed_ask(&assignment->committed, assignment->rk, partitions))
        fatal(assignment, 70, "cannot start a thread");
}

static bool open_ledger(struct assignment *assignment, struct slot *slot,
                        const rd_kafka_topic_partition_t *committed)
{
    bool is_new = committed->offset < 0;
    char *metadata = committed_metadata(committed);
    if (metadata == NULL) {
        fatal(assignment, 70, "out of memory");
        return false;
    }
    enum ledger_metadata found =
        ledger_open(&slot->partition.ledger, is_new ? 0 : committed->offset, metadata,
                    &slot->partition.inherited);
    free(metadata);
    char why[ERROR_TEXT_SIZE];
    switch (found) {
    case LEDGER_METADATA_OK:
        return true;
    case LEDGER_METADATA_ABSENT:
        if (!is_new)
            log_write(LOG_WARN, "kafka.metadata_absent",
                      "partition %" PRId32 " of %s: offset %" PRId64
                      " was not committed by a worker; all records from there on are worked on",
                      slot->partition.id, committed->topic, committed->offset);
        return true;
    default:
        (void)snprintf(why, sizeof why,
                       "partition %" PRId32 " of %s: the metadata of the group's offset %" PRId64
                       " is %s; run that version, or set the offset with kafka-consumer-groups "
                       "--reset-offsets (what was answered beyond it is then answered again)",
                       slot->partition.id, committed->topic, committed->offset,
                       found == LEDGER_METADATA_NEWER ? "of a newer version of usher" : "damaged");
        fatal(assignment, 78, why);
        return false;
    }
}

/* Makes one partition ours and says where to start. */
static bool take_up(struct assignment *assignment, rd_kafka_topic_partition_t *committed)
{
    struct slot *slot = slot_of(assignment, committed->partition);
    if (slot == NULL) {
        fatal(assignment, 70, "out of memory");
        return false;
    }
    assert(!is_ours(slot));
    if (!open_ledger(assignment, slot, committed))
        return false;
    if (committed->offset < 0)
        committed->offset = RD_KAFKA_OFFSET_BEGINNING;
    else
        committed->offset = slot->partition.ledger.frontier;
    int64_t end = committed_end(committed);
    struct ledger *ledger = &slot->partition.ledger;
    if (end >= ledger->frontier && end < ledger->touched)
        ledger->touched = end;
    slot->partition.forgotten_end = 0;
    slot->partition.epoch++;
    assignment->slots[assignment->count++] = slot;
    log_write(LOG_INFO, "kafka.assigned", "partition %" PRId32 " of %s from offset %" PRId64,
              committed->partition, committed->topic, slot->partition.ledger.frontier);
    return true;
}

void assignment_turn(struct assignment *assignment)
{
    rd_kafka_resp_err_t code;
    rd_kafka_topic_partition_list_t *partitions = committed_take(&assignment->committed, &code);
    if (partitions == NULL)
        return;
    bool good = code == RD_KAFKA_RESP_ERR_NO_ERROR;
    if (!good) {
        char why[ERROR_TEXT_SIZE];
        (void)snprintf(why, sizeof why, "kafka.group: \"%s\" may not read its offsets: %s",
                       assignment->settings->kafka.group, rd_kafka_err2str(code));
        fatal(assignment, 77, why);
    }
    for (int i = 0; good && i < partitions->cnt; i++)
        good = take_up(assignment, &partitions->elems[i]);
    /* What cannot be worked leaves all of the offer alone: the worker is on its way out. */
    if (good) {
        start(assignment, partitions);
    } else {
        assignment_take_away(assignment, partitions);
        decline(assignment);
    }
    rd_kafka_topic_partition_list_destroy(partitions);
}

/* -1: not known yet. */
static int64_t lag_of(const struct assignment *assignment, const struct slot *slot)
{
    const struct partition *partition = &slot->partition;
    int64_t low = 0, high = -1;
    (void)rd_kafka_get_watermark_offsets(assignment->rk, assignment->settings->kafka.requests_topic,
                                         partition->id, &low, &high);
    if (high < 0)
        return -1;
    if (high <= partition->ledger.end)
        return 0;
    return high - (partition->ledger.end > low ? partition->ledger.end : low);
}

int64_t assignment_lag(const struct assignment *assignment)
{
    int64_t sum = 0;
    for (size_t i = 0; i < assignment->count; i++) {
        int64_t lag = lag_of(assignment, assignment->slots[i]);
        if (lag < 0)
            return -1;
        sum += lag;
    }
    return assignment->joined ? sum : -1;
}

size_t assignment_places(const struct assignment *assignment, struct kafka_place *ret, size_t most)
{
    size_t count = 0;
    for (size_t i = 0; i < assignment->count; i++) {
        const struct slot *slot = assignment->slots[i];
        count = kafka_place_add(ret, count, most,
                                (struct kafka_place){.partition = slot->partition.id,
                                                     .lag = lag_of(assignment, slot),
                                                     .fetched = rd_kafka_queue_length(slot->queue),
                                                     .frontier = slot->partition.ledger.frontier,
                                                     .end = slot->partition.ledger.end,
                                                     .held = slot->held != NULL});
    }
    return count;
}

bool assignment_is_settled(const struct assignment *assignment)
{
    return assignment->joined && assignment->committed.state == COMMITTED_IDLE;
}

/* ---- and go ------------------------------------------------------------------------------------
 */

void assignment_take_away(struct assignment *assignment,
                          const rd_kafka_topic_partition_list_t *partitions)
{
    for (int i = 0; i < partitions->cnt; i++) {
        size_t id = (size_t)partitions->elems[i].partition;
        struct slot *slot = id < assignment->all_count ? assignment->all[id] : NULL;
        if (slot == NULL || !is_ours(slot))
            continue;
        release(assignment, slot);
        log_write(LOG_INFO, "kafka.revoked", "partition %" PRId32 " of %s%s", slot->partition.id,
                  partitions->elems[i].topic,
                  rd_kafka_assignment_lost(assignment->rk) ? ", lost" : "");
    }
}

void assignment_let_go(struct assignment *assignment,
                       const rd_kafka_topic_partition_list_t *partitions)
{
    if (rd_kafka_assignment_lost(assignment->rk))
        assignment->joined = false;
    if (!is_heard(assignment))
        return;
    rd_kafka_error_t *error = rd_kafka_incremental_unassign(assignment->rk, partitions);
    if (error == NULL)
        return;
    log_write(LOG_WARN, "kafka.unassign_failed", "%s", rd_kafka_error_string(error));
    rd_kafka_error_destroy(error);
}

void assignment_leave(struct assignment *assignment)
{
    rd_kafka_topic_partition_list_t *partitions = committed_leave(&assignment->committed);
    if (partitions != NULL) {
        decline(assignment); /* before it closes: what is revoked then has an answer of its own */
        rd_kafka_topic_partition_list_destroy(partitions);
    }
    assignment->leaving = LEAVING_UNHEARD;
}

void assignment_finish(struct assignment *assignment)
{
    for (size_t i = 0; i < assignment->all_count; i++) {
        if (assignment->all[i] != NULL && is_ours(assignment->all[i]))
            release(assignment, assignment->all[i]);
        slot_destroy(assignment->all[i]);
    }
    free(assignment->all);
    free(assignment->slots);
    *assignment = (struct assignment){0};
}
