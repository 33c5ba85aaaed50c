#include "worker/core/topic_view.h"

#include <inttypes.h>
#include <string.h>

static const struct role {
    const char *setting;
    enum kafka_right right;
    const char *operation, *done; /* Kafka's word, and ours */
    bool may_compact;             /* only the last record of a key matters, or it is not ours */
} roles[] = {
    [TOPIC_REQUESTS] = {"kafka.requests_topic", KAFKA_RIGHT_READ, "Read", "read", false},
    [TOPIC_REPLIES] = {"kafka.replies_topic", KAFKA_RIGHT_WRITE, "Write", "written", false},
    [TOPIC_DEAD_LETTERS] = {"kafka.dead_letters_topic", KAFKA_RIGHT_WRITE, "Write", "written",
                            false},
    [TOPIC_STATUS] = {"kafka.status_topic", KAFKA_RIGHT_WRITE, "Write", "written", true},
    [TOPIC_ALLOWED] = {"kafka.reply_topics_allowed", KAFKA_RIGHT_WRITE, "Write", "written", false},
};

const char *topic_setting(enum topic_role role)
{
    return roles[role].setting;
}

void diagnosis_of_topic(struct diagnosis *ret, const struct topic_view *topic,
                        const struct topic_view *requests, int brokers)
{
    const char *ends = topic->partitions == 1 ? "" : "s";
    if (topic->leaderless > 0)
        diagnosis_missing(ret, DIAGNOSIS_UNREACHABLE,
                          "%d of its %d partition%s ha%s no leader; are all brokers up?",
                          topic->leaderless, topic->partitions, ends,
                          topic->leaderless == 1 ? "s" : "ve");
    else if (topic->role == TOPIC_DEAD_LETTERS && requests != NULL &&
             topic->partitions < requests->partitions)
        diagnosis_missing(ret, DIAGNOSIS_MISCONFIGURED,
                          "it has %d partition%s and %s has %d; give it as many, for a dead letter "
                          "goes to the partition of its request",
                          topic->partitions, ends, requests->name, requests->partitions);
    else if (topic->replicas < 2 && brokers > 1)
        diagnosis_open(ret,
                       "%d partition%s, and one replica of each: what a broker loses is lost for "
                       "good; give it three",
                       topic->partitions, ends);
    else
        diagnosis_good(ret, "%d partition%s, %d replica%s of each", topic->partitions, ends,
                       topic->replicas, topic->replicas == 1 ? "" : "s");
}

void diagnosis_of_topic_rights(struct diagnosis *ret, const struct topic_view *topic)
{
    const struct role *role = &roles[topic->role];
    if (!topic->tells_rights)
        diagnosis_open(ret, "these brokers do not tell what this user may do");
    else if ((topic->rights & (unsigned)role->right) != 0)
        diagnosis_good(ret, "it may be %s", role->done);
    else
        diagnosis_missing(ret, DIAGNOSIS_REFUSED,
                          "it may not be %s; give this user the operation %s on it (kafka-acls "
                          "--add --operation %s --topic %.249s)",
                          role->done, role->operation, role->operation, topic->name);
}

static bool is_compacted(const struct topic_view *topic)
{
    return strstr(topic->cleanup_policy, "compact") != NULL;
}

void diagnosis_of_topic_settings(struct diagnosis *ret, const struct topic_view *topic,
                                 const struct topic_view *requests)
{
    bool is_narrower = topic->role != TOPIC_REQUESTS && topic->role != TOPIC_STATUS &&
                       requests != NULL && requests->tells_settings &&
                       topic->message_bytes < requests->message_bytes;
    if (!topic->tells_settings)
        diagnosis_open(ret, "they are not told to this user, which needs DescribeConfigs for that; "
                            "see to it yourself that cleanup.policy is delete");
    else if (is_compacted(topic) && !roles[topic->role].may_compact)
        diagnosis_missing(ret, DIAGNOSIS_MISCONFIGURED,
                          "cleanup.policy is %s, so that Kafka drops all but the last record of a "
                          "key; set it to delete",
                          topic->cleanup_policy);
    else if (is_narrower)
        diagnosis_open(ret,
                       "max.message.bytes is %" PRId64 " and that of %.249s %" PRId64
                       ": what is too large is cut down; give it as much",
                       topic->message_bytes, requests->name, requests->message_bytes);
    else
        diagnosis_good(ret, "cleanup.policy %s, max.message.bytes %" PRId64, topic->cleanup_policy,
                       topic->message_bytes);
}
