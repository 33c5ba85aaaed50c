#pragma once

#include "worker/core/diagnosis.h"

#include <stddef.h>

/* A topic as the brokers tell it, and whether it will do. Rights are asked for by name of what we
 * do there: a right to read or to write brings the one to describe. */

enum topic_role {
    TOPIC_REQUESTS,
    TOPIC_REPLIES,
    TOPIC_DEAD_LETTERS,
    TOPIC_STATUS,
    TOPIC_ALLOWED, /* one of kafka.reply_topics_allowed */
};

enum kafka_right { KAFKA_RIGHT_READ = 1, KAFKA_RIGHT_WRITE = 2 };

enum { TOPIC_POLICY_SIZE = 48 }; /* "compact,delete" */

struct topic_view {
    enum topic_role role;
    const char *name;
    int partitions, leaderless;
    int replicas; /* of the partition that has fewest */
    bool tells_rights;
    unsigned rights; /* of enum kafka_right */
    bool tells_settings;
    char cleanup_policy[TOPIC_POLICY_SIZE];
    int64_t message_bytes; /* max.message.bytes */
};

/* Partitions and replicas; `requests` is the topic of that role, or NULL where it is not known. */
void diagnosis_of_topic(struct diagnosis *ret, const struct topic_view *topic,
                        const struct topic_view *requests, int brokers);
/* May we do there what we must? */
void diagnosis_of_topic_rights(struct diagnosis *ret, const struct topic_view *topic);
/* Its settings. */
void diagnosis_of_topic_settings(struct diagnosis *ret, const struct topic_view *topic,
                                 const struct topic_view *requests);

/* The setting that names a topic of this role. */
const char *topic_setting(enum topic_role role);
