#pragma once

#include "config/settings.h"
#include "worker/core/error.h"

#include <librdkafka/rdkafka.h>

/* The topics that the worker needs: are they there, and how many partitions have they? */
struct kafka_topic {
    char *name;
    int partitions; /* 0: there is none of this name */
};

/* kafka.requests_topic, replies_topic, dead_letters_topic, with follow.enabled status_topic; then
 * reply_topics_allowed. */
struct kafka_topics {
    struct kafka_topic *items;
    size_t count, required; /* the first ones must be there */
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

/* The same in two steps: the names, which are copied, so that the settings may change while another
 * thread asks. list() false: out of memory. After ask() false, finish() is still due. */
bool kafka_topics_list(struct kafka_topics *topics, const struct settings *settings);
bool kafka_topics_ask(struct kafka_topics *topics, rd_kafka_t *rk, const struct settings *settings,
                      int timeout_ms, struct kafka_refusal *ret_refusal);

/* Other reply topics are allowed. What was known before stays known, the others are asked for; one
 * that cannot be asked for in that time counts as missing, and the log says so. */
void kafka_topics_allow(struct kafka_topics *topics, rd_kafka_t *rk, const struct strings *allowed,
                        int timeout_ms);

/* Partitions of a topic; 0: it is none of these, or missing. */
int kafka_topics_partitions(const struct kafka_topics *topics, const char *name);
