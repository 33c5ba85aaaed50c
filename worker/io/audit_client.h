#pragma once

#include "worker/io/kafka_topics.h"

#include <stdatomic.h>

/* The consumer of the audit and of who reads dead letters, and what it asks the brokers before and
 * between reading. It joins no group and commits nothing: partitions are assigned by hand. All
 * calls block; one thread. */
struct audit_client {
    const struct settings *settings;
    const atomic_bool *stop; /* true: nobody waits for an answer any more. NULL: somebody does */
    rd_kafka_t *rk;
    rd_kafka_queue_t *answers;
    struct kafka_topics topics;
    rd_kafka_resp_err_t refused;   /* by the brokers, before a connection stood */
    char trouble[ERROR_TEXT_SIZE]; /* why no broker can be reached; "" where nothing is known */
};

/* Of one that can be stopped, and so is part of a worker: what is fetched and waits, at most. */
enum { AUDIT_CLIENT_BYTES = 6 << 20 };

/* Reaches the brokers and reads what topics there are, within KAFKA_REACH_MS. Settings must outlive
 * it, and so must `stop`. False: *ret_refusal says why. audit_client_finish() is due either way. */
bool audit_client_init(struct audit_client *client, const struct settings *settings,
                       const atomic_bool *stop, struct kafka_refusal *ret_refusal);
void audit_client_finish(struct audit_client *client);

/* All partitions of a topic, offset RD_KAFKA_OFFSET_INVALID, for the caller to destroy. */
rd_kafka_topic_partition_list_t *audit_client_partitions(const struct kafka_topic *topic);

/* Sets the offset of each: the first that is kept; one past the last, be it committed or not; and
 * one past the last that a read_committed reader may see now. */
enum audit_end { AUDIT_END_LOW, AUDIT_END_HIGH, AUDIT_END_STABLE };
bool audit_client_ends(struct audit_client *client, rd_kafka_topic_partition_list_t *list,
                       enum audit_end end, struct kafka_refusal *ret_refusal);

/* Sets the offset of each to what the group has committed, with its metadata; waits for the end of
 * transactions that carry offsets of the group. */
bool audit_client_committed(struct audit_client *client, rd_kafka_topic_partition_list_t *list,
                            struct kafka_refusal *ret_refusal);

/* Says why the brokers refused something, in the words of contract 4's exit codes. `what`, as in
 * "cannot <what>: …". Always false. */
bool audit_client_refuse(const struct audit_client *client, rd_kafka_resp_err_t code,
                         const char *what, struct kafka_refusal *ret_refusal);
