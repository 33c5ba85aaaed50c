#include "worker/io/membership.h"

#include "worker/core/lanes.h"

#include <string.h>

bool membership_join(rd_kafka_t *rk, const struct settings *settings, struct error *error)
{
    const char *topic = settings->kafka.requests_topic;
    rd_kafka_topic_partition_list_t *topics = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(topics, topic, RD_KAFKA_PARTITION_UA);
    rd_kafka_resp_err_t code = rd_kafka_subscribe(rk, topics);
    rd_kafka_topic_partition_list_destroy(topics);
    return code == RD_KAFKA_RESP_ERR_NO_ERROR ||
           error_set(error, "kafka.requests_topic: cannot subscribe to \"%s\": %s", topic,
                     rd_kafka_err2str(code));
}

/* 0: it does not say. */
static uint64_t member_of(const rd_kafka_consumer_group_metadata_t *group)
{
    const char *id = group != NULL ? rd_kafka_consumer_group_metadata_member_id(group) : NULL;
    return id != NULL && id[0] != '\0' ? lane_hash(0, id, strlen(id)) | 1 : 0;
}

void membership_note(struct membership *membership, const rd_kafka_consumer_group_metadata_t *group)
{
    membership->member = member_of(group);
}

bool membership_is_kept(const struct membership *membership,
                        const rd_kafka_consumer_group_metadata_t *group)
{
    uint64_t member = member_of(group);
    return member == 0 || member == membership->member;
}
