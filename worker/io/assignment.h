#pragma once

#include "config/settings.h"
#include "worker/core/partition.h"
#include "worker/io/committed.h"
#include "worker/io/kafka_stats.h"
#include "worker/io/membership.h"

#include <librdkafka/rdkafka.h>

/* The partitions that are ours: from the group's offer to an open ledger, and back. A part of
 * worker/io/source.h; on the loop's thread.
 *
 * What is offered becomes ours only when its committed offset and metadata have been read: until
 * then librdkafka waits, and so does the group's next rebalance. Epochs change here and nowhere
 * else. */

struct slot {
    struct partition partition; /* stays where it is while the source lives: requests point to it */
    rd_kafka_queue_t *queue;    /* its records, and errors of it */
    rd_kafka_message_t *held;   /* read from the queue, but beyond the ledger's window */
};

struct assignment_events {
    void (*wake)(void *context); /* an answer has come; from any thread */
    void (*on_event)(rd_kafka_t *rk,
                     void *context); /* a queue is no longer empty; from any thread */
    void (*on_fatal)(void *context, int exit_code, const char *why);
    void *context;
};

/* While librdkafka closes it takes the first answer to an offer or a revocation for all of them,
 * and an answer after that would wait for ever for its own. */
enum leaving {
    LEAVING_NOT,
    LEAVING_UNHEARD, /* what is offered now is declined */
    LEAVING_HEARD,   /* nothing is answered any more */
};

struct assignment {
    rd_kafka_t *rk;
    const struct settings *settings;
    struct assignment_events events;
    struct slot **all; /* by partition number; NULL where it was never ours */
    size_t all_count;
    struct slot **slots; /* those that are ours now */
    size_t count;
    struct committed committed;
    struct membership membership;
    bool must_join; /* all that was ours is lost; only joining again brings an assignment */
    bool joined;    /* an assignment stands, perhaps an empty one */
    enum leaving leaving;
};

void assignment_init(struct assignment *assignment, rd_kafka_t *rk, const struct settings *settings,
                     const struct assignment_events *events);
/* The group gives us partitions: asks for their offsets. */
void assignment_offer(struct assignment *assignment,
                      const rd_kafka_topic_partition_list_t *partitions);
/* The group metadata of now. False: it is another member's, and all that was ours is lost. */
bool assignment_see_member(struct assignment *assignment,
                           const rd_kafka_consumer_group_metadata_t *group);
/* If the offsets have come: opens the ledgers and starts to fetch. */
void assignment_turn(struct assignment *assignment);

/* source_lag() */
int64_t assignment_lag(const struct assignment *assignment);

/* Each partition that is ours. Where there are more than `most`, the last row stands for all the
 * others together. */
size_t assignment_places(const struct assignment *assignment, struct kafka_place *ret, size_t most);

/* An assignment stands, and no offer is being looked at. */
bool assignment_is_settled(const struct assignment *assignment);

/* The group takes partitions away: first their epochs change, so that nothing of them is answered
 * any more … */
void assignment_take_away(struct assignment *assignment,
                          const rd_kafka_topic_partition_list_t *partitions);
/* … and then, when the worker knows, the group may give them to others. */
void assignment_let_go(struct assignment *assignment,
                       const rd_kafka_topic_partition_list_t *partitions);

/* Before rd_kafka_consumer_close(): an offer that was not taken up yet is closed. After it:
 * assignment_finish(). */
void assignment_leave(struct assignment *assignment);
void assignment_finish(struct assignment *assignment);
