#pragma once

#include "config/settings.h"
#include "worker/core/reply.h"
#include "worker/io/kafka_topics.h"
#include "worker/io/reachable.h"

#include <librdkafka/rdkafka.h>
#include <stdatomic.h>

/* The calls that bring one batch to Kafka. They block, so they are made on the sender's thread
 * (worker/io/sender.h). */

/* A message on its way. */
struct outgoing {
    const struct message *message;
    rd_kafka_resp_err_t code; /* why it was not delivered, if it alone was the reason; else 0 */
};

/* What goes out together: replies, dead letters, and the offsets that they answer, with the
 * ledgers' metadata. */
struct batch {
    struct outgoing *messages;
    size_t count;
    rd_kafka_topic_partition_list_t *offsets;
    /* Taken on the loop's thread before the epochs were looked at (guarantees, trap 2). */
    rd_kafka_consumer_group_metadata_t *group;
    /* How long the two steps took: the messages, then the commit. -1: it came to neither. */
    int64_t send_ms, commit_ms;
};

/* What became of a batch. */
enum fate {
    FATE_COMMITTED,
    FATE_NOTHING,  /* nothing of it will ever be seen */
    FATE_DOUBTFUL, /* committed or not: only the group's offsets can tell, once the producer is
                      replaced */
};

/* A producer and what is known of its health. */
struct producer {
    rd_kafka_t *rk; /* NULL: to be made */
    rd_kafka_t *consumer;
    const struct settings *settings;
    bool worn;                     /* to be replaced before the next batch (guarantees, trap 3) */
    bool fenced;                   /* another has, or had, our transactional id */
    size_t undelivered;            /* messages of the batch that the broker has not answered yet */
    bool refused;                  /* it has refused one; the `code` says why */
    char trouble[ERROR_TEXT_SIZE]; /* what went wrong last; "" while all is well */
    struct reachable reachable;    /* who owns the producer makes and ends it */
    atomic_uint calls;             /* rises with each call that may block: for the watchdog */
};

/* Makes the handle and, for exactly-once, takes the transactional id: what an earlier producer of
 * that id left open is ended. Blocks for at most 10 s. False: not yet, or refused; *ret_code says
 * why. */
bool producer_open(struct producer *producer, rd_kafka_resp_err_t *ret_code);
void producer_close(struct producer *producer);

/* Exactly-once: messages and offsets in one transaction. */
enum fate transaction_run(struct producer *producer, struct batch *batch);
/* At-least-once: messages first, then the offsets. */
enum fate delivery_run(struct producer *producer, struct batch *batch);

/* Are the batch's offsets what the group has committed? -1: the brokers do not say (within 10 s).
 */
int batch_is_committed(struct producer *producer, const struct batch *batch);
