#pragma once

#include <librdkafka/rdkafka.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* What the group has committed for some partitions, and where these end, asked on a thread of its
 * own: the answer takes 2 ms and 1 for each partition, but while a transaction of the group is open
 * (its worker was killed) it waits for the end of it, up to 10 s, and the loop must go on. */
enum committed_state { COMMITTED_IDLE, COMMITTED_ASKING, COMMITTED_ANSWERED, COMMITTED_LEAVING };

struct committed {
    _Atomic(enum committed_state) state;
    pthread_t thread;
    rd_kafka_t *consumer;
    rd_kafka_topic_partition_list_t *partitions;
    rd_kafka_resp_err_t code;
    void (*on_answer)(void *context); /* on the thread */
    void *context;
};

/* Asks for offsets and metadata, until there is an answer; passing errors are asked over. One
 * question at a time. False: there is no thread to be had. */
bool committed_ask(struct committed *committed, rd_kafka_t *consumer,
                   const rd_kafka_topic_partition_list_t *partitions);

/* The answer, once, for the caller to destroy; NULL: there is none yet. Each element's `opaque` is
 * committed_end(). *ret_code is what the brokers refused for good, if anything; the list is then
 * only the question. */
rd_kafka_topic_partition_list_t *committed_take(struct committed *committed,
                                                rd_kafka_resp_err_t *ret_code);

/* Where the partition ended when it was asked; -1: it could not be told, or nothing was committed
 * for it. */
static inline int64_t committed_end(const rd_kafka_topic_partition_t *element)
{
    return (int64_t)(intptr_t)element->opaque;
}

/* The metadata that was committed with the offset, for the caller to free; "" where there is none.
 * librdkafka's own ends with its size and not with a NUL. NULL: out of memory. */
char *committed_metadata(const rd_kafka_topic_partition_t *element);

/* Gives up the question (within 2 s) and returns it, or NULL. A zeroed struct is fine. */
rd_kafka_topic_partition_list_t *committed_leave(struct committed *committed);
