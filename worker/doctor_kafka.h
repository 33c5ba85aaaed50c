#pragma once

#include "worker/doctor_job.h"

#include <librdkafka/rdkafka.h>

/* The parts of doctor_look_at_kafka(). */

enum {
    DOCTOR_KAFKA_MS = 8000,  /* for one answer of a broker that is there: it takes milliseconds */
    DOCTOR_BROKERS_MAX = 16, /* of kafka.brokers that are looked at; Kafka itself names the rest */
};

struct doctor_kafka {
    struct doctor_job *job;
    const struct settings *settings;
    rd_kafka_t *rk;          /* a client that joins nothing */
    rd_kafka_queue_t *queue; /* of the answers to what is asked below */
    int brokers;             /* of the cluster */
    rd_kafka_resp_err_t refused;
    char trouble[ERROR_TEXT_SIZE]; /* librdkafka's last word */
};

/* A line or two for each of kafka.brokers. False: not one will do. */
bool doctor_look_at_brokers(struct doctor_job *job);

/* Lines for each topic. */
void doctor_look_at_topics(struct doctor_kafka *kafka);

/* For one question of an operator's kind; `rights`: and what this user may do. NULL: no memory, or
 * this librdkafka cannot ask for it. */
rd_kafka_AdminOptions_t *doctor_kafka_options(const struct doctor_kafka *kafka,
                                              rd_kafka_admin_op_t op, bool rights);
/* The answer; NULL: `ret` says that there was none. */
rd_kafka_event_t *doctor_kafka_answer(struct doctor_kafka *kafka, struct diagnosis *ret);

/* Kafka's operations as enum kafka_right; false: the brokers did not tell. */
bool doctor_kafka_rights(const rd_kafka_AclOperation_t *operations, size_t count, unsigned *ret);

/* Why a question was not answered as asked. */
void doctor_kafka_explain(const struct doctor_kafka *kafka, rd_kafka_resp_err_t code,
                          const char *reason, struct diagnosis *ret);
