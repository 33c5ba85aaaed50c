/*
 * Kafka of the demo: librdkafka's mock cluster in this process, which serves other processes on
 * 127.0.0.1 like a broker, and a producer and a consumer of it.
 *
 * The mock keeps at most 5 MiB of a partition, so no more may be on its way than fits: see
 * DEMO_WINDOW. It stores no offsets of transactions.
 */
#pragma once

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include "worker/cli/demo_record.h"
#include "worker/core/error.h"

#define DEMO_REQUESTS     "access-requests"
#define DEMO_REPLIES      "access-replies"
#define DEMO_DEAD_LETTERS "access-requests-dlt"

enum {
    DEMO_WINDOW = 2000, /* most events without a reply: 2 MiB of requests, 3 of replies */
    DEMO_READ_TOPICS = 2,
};

struct demo_kafka {
    rd_kafka_t *host; /* of the cluster; does nothing else */
    rd_kafka_mock_cluster_t *cluster;
    const char *brokers; /* "127.0.0.1:40123" */
    rd_kafka_t *producer, *consumer;
    int64_t next_offsets[DEMO_READ_TOPICS][DEMO_PARTITIONS]; /* read up to here */
    struct error trouble; /* an event that did not get into the topic; "": none */
};

/* One broker, the three topics. False: the error says why, and demo_kafka_close() is due all the
 * same. */
bool demo_kafka_open(struct demo_kafka *kafka, struct error *error);
/* Its clients in other processes must be gone, or they complain. Also of a zeroed one. */
void demo_kafka_close(struct demo_kafka *kafka);

/* Sends a request record. False, or later: kafka->trouble says why it did not get there. */
bool demo_kafka_send(struct demo_kafka *kafka, int partition, const struct demo_record *record);

/* Hands up to `most` replies and dead letters to on_message; waits at most `wait_ms` for the first.
 */
void demo_kafka_read(struct demo_kafka *kafka, int most, int wait_ms,
                     void (*on_message)(void *context, rd_kafka_message_t *message), void *context);

/* Is all that stands in the two topics read? Asks the broker. */
bool demo_kafka_is_read(struct demo_kafka *kafka);
