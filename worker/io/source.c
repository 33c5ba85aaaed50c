#include "worker/io/source.h"

#include "worker/io/assignment.h"
#include "worker/io/failpoint.h"
#include "worker/io/kafka_conf.h"
#include "worker/io/kafka_record.h"
#include "worker/io/log.h"
#include "worker/io/orphans.h"
#include "worker/io/reachable.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    TURN_RECORDS_MAX =
        512, /* a turn reads no more, so that answers of Graph and Redis are not kept waiting */
    CHUNK_RECORDS_MAX = 32, /* from one partition before the next one's turn */
    EVENTS_MAX = 64,        /* rebalances and errors in one turn */
    TICK_MS = 1000,         /* a net below librdkafka's wake-ups */
};

struct source {
    const struct settings *settings;
    struct pipeline *pipeline;
    struct source_events events;
    rd_kafka_t *rk;
    rd_kafka_queue_t *queue; /* rebalances and errors */
    struct assignment assignment;
    struct orphans orphans;
    struct reachable reachable;
    struct kafka_stats kafka;
    size_t next; /* whose turn it is among the assigned */
    struct source_stats stats;
    char trouble[ERROR_TEXT_SIZE];
    uv_async_t async;
    uv_timer_t timer;
    unsigned open_handles;
};

/* ---- what librdkafka tells ----------------------------------------------------------------- */

/* From a thread of librdkafka. */
static void wake(void *context)
{
    struct source *source = context;
    (void)uv_async_send(&source->async);
}

static void on_event(rd_kafka_t *rk, void *opaque)
{
    (void)rk;
    wake(opaque);
}

static void on_wake(uv_async_t *async)
{
    (void)async; /* source_turn() runs in this turn anyway */
}

static void on_tick(uv_timer_t *timer)
{
    (void)timer;
}

static void fatal(void *context, int exit_code, const char *why)
{
    struct source *source = context;
    log_write(LOG_ERROR, "kafka.fatal", "%s", why);
    source->events.on_fatal(source->events.context, exit_code, why);
}

static void on_fatal_error(struct source *source)
{
    char reason[ERROR_TEXT_SIZE] = "", why[ERROR_TEXT_SIZE + 256];
    rd_kafka_resp_err_t code = rd_kafka_fatal_error(source->rk, reason, sizeof reason);
    if (code == RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID) {
        kafka_explain_fence(source->settings, why);
        fatal(source, 75, why);
        return;
    }
    (void)snprintf(why, sizeof why, "the Kafka consumer cannot go on: %s", reason);
    fatal(source, 70, why);
}

static void on_error(rd_kafka_t *rk, int code, const char *reason, void *opaque)
{
    (void)rk;
    struct source *source = opaque;
    if (code == RD_KAFKA_RESP_ERR__FATAL) {
        on_fatal_error(source);
    } else if (code == RD_KAFKA_RESP_ERR__AUTHENTICATION && !source->assignment.joined) {
        char why[ERROR_TEXT_SIZE + 128];
        (void)snprintf(why, sizeof why, "kafka.brokers: %s refuses us: %s",
                       source->settings->kafka.brokers, reason);
        fatal(source, 77, why);
    } else {
        if (code != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) /* others have said why */
            kafka_explain(source->settings, code, reason, source->trouble);
        log_write(LOG_WARN, "kafka.trouble", "%s", reason);
    }
}

/* From inside rd_kafka_consumer_poll(). */
static int on_stats(rd_kafka_t *rk, char *json, size_t size, void *opaque)
{
    (void)rk;
    struct source *source = opaque;
    kafka_stats_read(&source->kafka, (struct str){json, size});
    return 0; /* librdkafka frees it */
}

static void on_rebalance(rd_kafka_t *rk, rd_kafka_resp_err_t code,
                         rd_kafka_topic_partition_list_t *partitions, void *opaque)
{
    struct source *source = opaque;
    source->stats.rebalances++;
    orphans_expect(&source->orphans, (int64_t)uv_now(source->timer.loop));
    if (code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
        assignment_offer(&source->assignment, partitions);
        return;
    }
    if (rd_kafka_assignment_lost(rk)) {
        source->stats.lost += (uint64_t)partitions->cnt;
        (void)snprintf(source->trouble, sizeof source->trouble,
                       "the session with the group has ended; joins it again");
    }
    assignment_take_away(&source->assignment, partitions);
    bool deaf = failpoint(rd_kafka_assignment_lost(rk) ? FAILPOINT_LOST : FAILPOINT_REVOKE);
    if (source->events.on_moved != NULL && !deaf)
        source->events.on_moved(source->events.context);
    assignment_let_go(&source->assignment, partitions);
}

/* A message that is none: what went wrong with a partition. */
static void on_message_error(struct source *source, const rd_kafka_message_t *message)
{
    source->stats.errors++;
    char why[ERROR_TEXT_SIZE];
    int exit_code = kafka_explain_message(message, source->stats.taken == 0, why);
    if (exit_code != 0) {
        fatal(source, exit_code, why);
    } else if (message->err == RD_KAFKA_RESP_ERR__FATAL) {
        on_fatal_error(source);
    } else {
        (void)snprintf(source->trouble, sizeof source->trouble, "%s",
                       rd_kafka_message_errstr(message));
        log_write(LOG_WARN, "kafka.trouble", "%s [%" PRId32 "]: %s",
                  message->rkt != NULL ? rd_kafka_topic_name(message->rkt) : "", message->partition,
                  source->trouble);
    }
}

/* ---- records ------------------------------------------------------------------------------- */

static bool take_record(struct source *source, struct slot *slot, const rd_kafka_message_t *message,
                        int64_t wall_ms)
{
    struct record record;
    if (!kafka_record_make(message, source->settings->kafka.requests_topic, &record)) {
        fatal(source, 70, "out of memory");
        return false;
    }
    source->stats.taken++;
    pipeline_take(source->pipeline,
                  pool_take(source->pipeline->pool, &record, &slot->partition, wall_ms));
    return true;
}

/* One message of the partition. False: it has none, or they must wait. */
static bool take_from(struct source *source, struct slot *slot, int64_t wall_ms)
{
    rd_kafka_message_t *message =
        slot->held != NULL ? slot->held : rd_kafka_consume_queue(slot->queue, 0);
    if (message == NULL)
        return false;
    bool taken = true;
    if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
        on_message_error(source, message);
    } else {
        switch (ledger_begin(&slot->partition.ledger, message->offset)) {
        case LEDGER_FULL:
            slot->held = message;
            return false;
        case LEDGER_PASSED:
            source->stats.skipped++;
            break;
        case LEDGER_BEGUN:
            taken = take_record(source, slot, message, wall_ms);
        }
    }
    slot->held = NULL;
    rd_kafka_message_destroy(message);
    return taken;
}

static bool take_records(struct source *source, int64_t wall_ms)
{
    const struct assignment *assignment = &source->assignment;
    unsigned budget = TURN_RECORDS_MAX;
    for (size_t quiet = 0; quiet < assignment->count; source->next++) {
        struct slot *slot = assignment->slots[source->next % assignment->count];
        unsigned chunk = 0;
        while (chunk < CHUNK_RECORDS_MAX && pool_has_room(source->pipeline->pool) &&
               take_from(source, slot, wall_ms))
            chunk++;
        quiet = chunk > 0 ? 0 : quiet + 1;
        if (!pool_has_room(source->pipeline->pool)) {
            source->stats.intake = INTAKE_FULL;
            return false;
        }
        if (budget <= chunk)
            return true;
        budget -= chunk;
    }
    return false;
}

/* Leaves the group, which a static member does here alone, and joins it: that is what makes the
 * brokers share out the partitions anew. What is at work is dropped, and comes again. */
static void join_again(struct source *source, const char *why)
{
    struct error error;
    source->assignment.joined = source->assignment.must_join = false;
    (void)snprintf(source->trouble, sizeof source->trouble, "joins the group again: %s", why);
    (void)rd_kafka_unsubscribe(source->rk);
    if (!membership_join(source->rk, source->settings, &error))
        fatal(source, 70, error.text);
}

bool source_turn(struct source *source, int64_t wall_ms)
{
    for (int i = 0; i < EVENTS_MAX; i++) {
        rd_kafka_message_t *message = rd_kafka_consumer_poll(source->rk, 0);
        if (message == NULL)
            break;
        /* Records come through their partition's own queue only. */
        assert(message->err != RD_KAFKA_RESP_ERR_NO_ERROR);
        on_message_error(source, message);
        rd_kafka_message_destroy(message);
    }
    assignment_turn(&source->assignment);
    if (source->assignment.must_join && source->assignment.committed.state == COMMITTED_IDLE) {
        if (source->events.on_moved != NULL)
            source->events.on_moved(source->events.context);
        join_again(source, "it had given the partitions to others meanwhile");
    }
    if (assignment_is_settled(&source->assignment) &&
        orphans_turn(&source->orphans, (int64_t)uv_now(source->timer.loop))) {
        source->stats.orphaned++;
        join_again(source, "partitions had no owner");
    }
    reachable_turn(&source->reachable, (int64_t)uv_now(source->timer.loop));
    bool may_take = source->events.may_take(source->events.context);
    source->stats.intake = may_take ? INTAKE_OPEN : INTAKE_SHUT;
    return may_take && take_records(source, wall_ms);
}

void source_give_back(struct source *source, struct record *record)
{
    kafka_record_finish(record);
    if (source->stats.intake == INTAKE_FULL) {
        source->stats.intake = INTAKE_OPEN;
        (void)uv_async_send(&source->async);
    }
}

/* ---- life ---------------------------------------------------------------------------------- */

static bool open_consumer(struct source *source, struct error *error)
{
    rd_kafka_conf_t *conf = kafka_conf_consumer(source->settings, error);
    if (conf == NULL)
        return false;
    rd_kafka_conf_set_opaque(conf, source);
    rd_kafka_conf_set_error_cb(conf, on_error);
    rd_kafka_conf_set_rebalance_cb(conf, on_rebalance);
    rd_kafka_conf_set_stats_cb(conf, on_stats);
    reachable_init(&source->reachable, source->settings, "consumer", reachable_session_ms(conf));
    reachable_watch(&source->reachable, conf);
    source->rk = kafka_create(RD_KAFKA_CONSUMER, conf, error);
    if (source->rk == NULL)
        return false;
    rd_kafka_poll_set_consumer(source->rk);
    source->queue = rd_kafka_queue_get_consumer(source->rk);
    rd_kafka_queue_cb_event_enable(source->queue, on_event, source);
    const struct assignment_events events = {wake, on_event, fatal, source};
    assignment_init(&source->assignment, source->rk, source->settings, &events);
    orphans_init(&source->orphans, source->rk, source->settings, on_event, source);
    reachable_set(&source->reachable, source->rk);
    return membership_join(source->rk, source->settings, error);
}

struct source *source_create(uv_loop_t *loop, const struct settings *settings,
                             struct pipeline *pipeline, const struct source_events *events,
                             struct error *error)
{
    struct source *source = calloc(1, sizeof *source);
    if (source == NULL) {
        error_set(error, "out of memory");
        return NULL;
    }
    source->settings = settings;
    source->pipeline = pipeline;
    source->events = *events;
    source->open_handles = 2;
    source->async.data = source->timer.data = source;
    (void)snprintf(source->trouble, sizeof source->trouble, "has not joined the group yet");
    if (uv_async_init(loop, &source->async, on_wake) != 0 ||
        uv_timer_init(loop, &source->timer) != 0) {
        error_set(error, "the loop takes no more handles");
        free(source);
        return NULL;
    }
    (void)uv_timer_start(&source->timer, on_tick, TICK_MS, TICK_MS);
    if (open_consumer(source, error))
        return source;
    source_destroy(source);
    return NULL;
}

static void on_close(uv_handle_t *handle)
{
    struct source *source = handle->data;
    if (--source->open_handles == 0)
        free(source);
}

void source_destroy(struct source *source)
{
    if (source == NULL)
        return;
    source->events.on_moved = NULL;
    if (source->rk != NULL) {
        assignment_leave(&source->assignment);
        rd_kafka_consumer_close(source->rk);
        assignment_finish(&source->assignment);
        orphans_finish(&source->orphans);
        rd_kafka_queue_cb_event_enable(source->queue, NULL, NULL);
        rd_kafka_queue_destroy(source->queue);
        rd_kafka_destroy(source->rk);
        reachable_finish(&source->reachable);
    }
    uv_close((uv_handle_t *)&source->async, on_close);
    uv_close((uv_handle_t *)&source->timer, on_close);
}

rd_kafka_t *source_consumer(struct source *source)
{
    return source->rk;
}

void source_see_member(struct source *source, const rd_kafka_consumer_group_metadata_t *group)
{
    if (!assignment_see_member(&source->assignment, group))
        (void)uv_async_send(&source->async);
}

size_t source_assigned(const struct source *source)
{
    return source->assignment.count;
}

void source_note_loss(struct source *source, const struct witness *before)
{
    for (size_t i = 0; i < source->assignment.count; i++)
        partition_note_loss(&source->assignment.slots[i]->partition, before);
}

bool source_is_joined(const struct source *source)
{
    return source->assignment.joined;
}

const char *source_trouble(const struct source *source)
{
    const char *why = reachable_trouble(&source->reachable);
    return why[0] != '\0' || source->assignment.joined ? why : source->trouble;
}

int64_t source_lag(const struct source *source)
{
    return assignment_lag(&source->assignment);
}

size_t source_places(const struct source *source, struct kafka_place *ret, size_t most)
{
    return assignment_places(&source->assignment, ret, most);
}

struct source_stats source_stats(const struct source *source)
{
    struct source_stats stats = source->stats;
    stats.resumed = source->reachable.resumed;
    stats.kafka = &source->kafka;
    for (size_t i = 0; i < source->assignment.count; i++)
        stats.held += source->assignment.slots[i]->held != NULL ? 1 : 0;
    return stats;
}
