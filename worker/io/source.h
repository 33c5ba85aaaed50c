#pragma once

#include "config/settings.h"
#include "worker/core/error.h"
#include "worker/core/pipeline.h"

#include <librdkafka/rdkafka.h>
#include <uv.h>

/* The Kafka consumer: takes records in while there is room, keeps partitions and their ledgers, and runs the rebalance. Offsets are
 * committed by worker/io/settle.h, from the ledgers. */
struct source;

struct source_events {
    /* The worker's own say: false pauses the intake (Redis or Graph away, draining, interlock); asked each turn. */
    bool (*may_take)(void *context);
    /* Partitions were taken from us: their epochs have changed already. */
    void (*on_moved)(void *context);
    /* Cannot go on: fenced by another instance, metadata of a newer version, a missing topic … `exit_code` as contract 4. */
    void (*on_fatal)(void *context, int exit_code, const char *why);
    void *context;
};

struct source *source_create(uv_loop_t *loop, const struct settings *settings, struct pipeline *pipeline,
                             const struct source_events *events, struct error *error);
/* Leaves the group (a static member does so silently) and frees all. Every request must have left before. */
void source_destroy(struct source *source);

/* Polls: takes records in, serves rebalances. From uv_prepare, once a turn; returns true if the budget ended it and more is waiting. */
bool source_turn(struct source *source, int64_t wall_ms);

/* Gives a record back; its request is done or dropped. */
void source_give_back(struct source *source, struct record *record);

/* The consumer handle, for the group metadata that goes with a transaction (guarantees, trap 2). */
rd_kafka_t *source_consumer(struct source *source);
/* Partitions that are ours now. */
size_t source_assigned(const struct source *source, struct partition **ret, size_t max);
bool source_is_joined(const struct source *source);
/* Records that wait in Kafka behind what was taken in, all partitions; -1: not known yet. */
int64_t source_lag(const struct source *source);
