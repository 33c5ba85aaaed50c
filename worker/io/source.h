#pragma once

#include "config/settings.h"
#include "worker/core/error.h"
#include "worker/core/pipeline.h"
#include "worker/io/kafka_stats.h"

#include <librdkafka/rdkafka.h>
#include <uv.h>

/* The Kafka consumer: takes records in while there is room, keeps partitions and their ledgers, and
 * runs the rebalance. Offsets are committed by worker/io/settle.h, from the ledgers.
 *
 * Each partition has a queue of its own, which is read only while there is room; librdkafka stops
 * fetching when it is full. So nothing is ever paused (a pause throws away what was fetched), and
 * the main queue, with the rebalances, is served all the time. All on the loop's thread. */
struct source;

struct source_events {
    /* The worker's own say: false closes the intake (Redis or Graph away, draining, interlock);
     * asked each turn. */
    bool (*may_take)(void *context);
    /* Partitions were taken from us: their epochs have changed already. */
    void (*on_moved)(void *context);
    /* Cannot go on: fenced by another instance (75), metadata of a newer version or a committed
     * offset that is no longer in the log (78), refused (77), a fault of the client (70). Called
     * from inside source_turn(). */
    void (*on_fatal)(void *context, int exit_code, const char *why);
    void *context;
};

/* Is the intake open, and if not, why? */
enum intake { INTAKE_OPEN, INTAKE_FULL /* of the pool */, INTAKE_SHUT /* may_take() */ };

struct source_stats {
    uint64_t taken;      /* records that became requests */
    uint64_t skipped;    /* answered before, by the committed bits */
    uint64_t rebalances; /* assignments, revocations and losses */
    uint64_t errors;     /* messages that were none: what went wrong with a partition */
    uint64_t lost;       /* partitions lost without being asked */
    uint64_t orphaned;   /* times that we joined again, for partitions that nobody had */
    uint64_t resumed;    /* times that kafka.brokers were asked anew, as nobody answered */
    size_t held;         /* partitions that wait for their frontier (kafka.window) */
    enum intake intake;
    const struct kafka_stats *kafka; /* what librdkafka last said of the brokers */
};

/* Settings must outlive it. NULL: a property that librdkafka refuses. It joins the group as the
 * loop turns. */
struct source *source_create(uv_loop_t *loop, const struct settings *settings,
                             struct pipeline *pipeline, const struct source_events *events,
                             struct error *error);
/* Leaves the group (a static member does so silently; on_moved is called no more) and closes its
 * handles on the loop, which must run once more to free all. Settle must be destroyed before, and
 * every request must have left. */
void source_destroy(struct source *source);

/* Polls: takes records in, serves rebalances. From uv_prepare, once a turn, after pipeline_turn();
 * returns true if the budget ended it and more is waiting. */
bool source_turn(struct source *source, int64_t wall_ms);

/* Gives a record back; its request is done or dropped. */
void source_give_back(struct source *source, struct record *record);

/* The consumer handle, for the group metadata that goes with a transaction (guarantees, trap 2). */
rd_kafka_t *source_consumer(struct source *source);
/* These are to be sent with the next transaction. Where they are another member's than the one that
 * took the partitions up, all of these are lost (membership.h), and their epochs changed. */
void source_see_member(struct source *source, const rd_kafka_consumer_group_metadata_t *group);
/* How many partitions are ours. */
size_t source_assigned(const struct source *source);
/* Redis has forgotten: all that is at work here must be known to who comes after us
 * (partition_note_loss()). */
void source_note_loss(struct source *source, const struct witness *before);
/* The group has given us an assignment, perhaps an empty one. */
bool source_is_joined(const struct source *source);
/* Why it is not joined, or that no broker answers any more, a sentence; "" when all is well. */
const char *source_trouble(const struct source *source);
/* Records that wait in Kafka behind what was taken in, all partitions; -1: not known yet. Grows
 * stale while nothing is fetched. */
int64_t source_lag(const struct source *source);
/* The partitions that are ours, one row each (assignment_places()). */
size_t source_places(const struct source *source, struct kafka_place *ret, size_t most);
struct source_stats source_stats(const struct source *source);
