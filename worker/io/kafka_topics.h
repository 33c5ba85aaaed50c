#pragma once

#include "config/settings.h"
#include "worker/core/error.h"

#include <librdkafka/rdkafka.h>

/* The topics that the worker needs: are they there, and how many partitions have they? */
struct kafka_topic {
    const char *name; /* of the settings */
    int partitions;   /* 0: there is none of this name */
};

/* kafka.requests_topic, replies_topic, dead_letters_topic, with follow.enabled status_topic; then
 * reply_topics_allowed. */
struct kafka_topics {
    struct kafka_topic *items;
    size_t count;
};

enum { KAFKA_REACH_MS = 30000 }; /* contract 4: so long may the start try to reach Kafka */

/* What went wrong, as contract 4 has it. */
struct kafka_refusal {
    int exit_code; /* 69: no broker can be reached; 77: it refuses us; 78: one of the first topics
                      is missing */
    struct error error;
};

/* Asks the brokers; blocks for at most `timeout_ms`, so not on the loop. `rk` is a consumer (it
 * makes no topic by asking). An allowed reply topic may be missing: its replies go to the default
 * topic. */
bool kafka_topics_read(struct kafka_topics *topics, rd_kafka_t *rk, const struct settings *settings,
                       int timeout_ms, struct kafka_refusal *ret_refusal);
void kafka_topics_finish(struct kafka_topics *topics);

/* Partitions of a topic; 0: it is none of these, or missing. */
int kafka_topics_partitions(const struct kafka_topics *topics, const char *name);
