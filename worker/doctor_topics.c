/* The topics: are they there, as they should be, and ours to use? */
#include "worker/core/topic_view.h"
#include "worker/doctor_kafka.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TOPICS_MAX = 64 }; /* the four, and so many of kafka.reply_topics_allowed */

struct topics {
    struct doctor_kafka *kafka;
    const char *names[TOPICS_MAX];
    struct topic_view views[TOPICS_MAX];
    rd_kafka_resp_err_t errors[TOPICS_MAX]; /* of each; none: it is there, and its view is filled */
    size_t count;
};

static void add(struct topics *topics, enum topic_role role, const char *name)
{
    for (size_t i = 0; i < topics->count; i++)
        if (strcmp(topics->names[i], name) == 0)
            return;
    if (topics->count == TOPICS_MAX)
        return;
    topics->names[topics->count] = name;
    topics->errors[topics->count] = RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
    topics->views[topics->count++] = (struct topic_view){.role = role, .name = name};
}

static void list(struct topics *topics, const struct settings *settings)
{
    const struct strings *allowed = &settings->kafka.reply_topics_allowed;
    add(topics, TOPIC_REQUESTS, settings->kafka.requests_topic);
    add(topics, TOPIC_REPLIES, settings->kafka.replies_topic);
    add(topics, TOPIC_DEAD_LETTERS, settings->kafka.dead_letters_topic);
    if (settings->follow.enabled)
        add(topics, TOPIC_STATUS, settings->kafka.status_topic);
    for (size_t i = 0; i < allowed->count; i++)
        add(topics, TOPIC_ALLOWED, allowed->items[i]);
}

static size_t find(const struct topics *topics, const char *name)
{
    size_t i = 0;
    while (i < topics->count && (name == NULL || strcmp(topics->names[i], name) != 0))
        i++;
    return i;
}

/* ---- what the brokers say ---- */

static void read_partitions(struct topic_view *view, const rd_kafka_TopicDescription_t *topic)
{
    size_t count = 0, replicas = 0;
    const rd_kafka_TopicPartitionInfo_t **all = rd_kafka_TopicDescription_partitions(topic, &count);
    view->partitions = (int)count;
    for (size_t i = 0; i < count; i++) {
        const rd_kafka_Node_t *leader = rd_kafka_TopicPartitionInfo_leader(all[i]);
        (void)rd_kafka_TopicPartitionInfo_replicas(all[i], &replicas);
        view->leaderless += leader == NULL || rd_kafka_Node_id(leader) < 0;
        if (i == 0 || (int)replicas < view->replicas)
            view->replicas = (int)replicas;
    }
}

static void read_topic(struct topics *topics, const rd_kafka_TopicDescription_t *topic)
{
    size_t i = find(topics, rd_kafka_TopicDescription_name(topic)), count = 0;
    const rd_kafka_error_t *error = rd_kafka_TopicDescription_error(topic);
    if (i == topics->count)
        return;
    struct topic_view *view = &topics->views[i];
    topics->errors[i] = error != NULL ? rd_kafka_error_code(error) : RD_KAFKA_RESP_ERR_NO_ERROR;
    if (topics->errors[i] != RD_KAFKA_RESP_ERR_NO_ERROR)
        return;
    read_partitions(view, topic);
    const rd_kafka_AclOperation_t *operations =
        rd_kafka_TopicDescription_authorized_operations(topic, &count);
    view->tells_rights = doctor_kafka_rights(operations, count, &view->rights);
}

/* False: there was no answer, and `ret` says so. */
static bool ask_topics(struct topics *topics, struct diagnosis *ret)
{
    struct doctor_kafka *kafka = topics->kafka;
    size_t count = 0;
    rd_kafka_TopicCollection_t *names =
        rd_kafka_TopicCollection_of_topic_names(topics->names, topics->count);
    rd_kafka_AdminOptions_t *options =
        doctor_kafka_options(kafka, RD_KAFKA_ADMIN_OP_DESCRIBETOPICS, true);
    rd_kafka_DescribeTopics(kafka->rk, names, options, kafka->queue);
    if (options != NULL)
        rd_kafka_AdminOptions_destroy(options);
    rd_kafka_TopicCollection_destroy(names);
    rd_kafka_event_t *event = doctor_kafka_answer(kafka, ret);
    if (event == NULL)
        return false;
    const rd_kafka_TopicDescription_t **all =
        rd_kafka_DescribeTopics_result_topics(rd_kafka_event_DescribeTopics_result(event), &count);
    for (size_t i = 0; i < count; i++)
        read_topic(topics, all[i]);
    rd_kafka_event_destroy(event);
    return true;
}

/* ---- their settings ---- */

static void read_settings(struct topics *topics, const rd_kafka_ConfigResource_t *resource)
{
    size_t i = find(topics, rd_kafka_ConfigResource_name(resource)), count = 0;
    if (i == topics->count || rd_kafka_ConfigResource_error(resource) != RD_KAFKA_RESP_ERR_NO_ERROR)
        return;
    struct topic_view *view = &topics->views[i];
    bool has_policy = false, has_bytes = false;
    const rd_kafka_ConfigEntry_t **entries = rd_kafka_ConfigResource_configs(resource, &count);
    for (size_t j = 0; j < count; j++) {
        const char *name = rd_kafka_ConfigEntry_name(entries[j]);
        const char *value = rd_kafka_ConfigEntry_value(entries[j]);
        if (value != NULL && strcmp(name, "cleanup.policy") == 0) {
            (void)snprintf(view->cleanup_policy, sizeof view->cleanup_policy, "%s", value);
            has_policy = true;
        } else if (value != NULL && strcmp(name, "max.message.bytes") == 0) {
            view->message_bytes = strtoll(value, NULL, 10);
            has_bytes = true;
        }
    }
    view->tells_settings = has_policy && has_bytes;
}

/* Of those that are there. Whatever goes wrong, they are not known then. */
static void ask_settings(struct topics *topics)
{
    struct doctor_kafka *kafka = topics->kafka;
    rd_kafka_ConfigResource_t *resources[TOPICS_MAX];
    size_t count = 0, found = 0;
    struct diagnosis ignored;
    for (size_t i = 0; i < topics->count; i++)
        if (topics->errors[i] == RD_KAFKA_RESP_ERR_NO_ERROR)
            resources[count++] =
                rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topics->names[i]);
    if (count == 0)
        return;
    rd_kafka_AdminOptions_t *options =
        doctor_kafka_options(kafka, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS, false);
    rd_kafka_DescribeConfigs(kafka->rk, resources, count, options, kafka->queue);
    if (options != NULL)
        rd_kafka_AdminOptions_destroy(options);
    rd_kafka_ConfigResource_destroy_array(resources, count);
    rd_kafka_event_t *event = doctor_kafka_answer(kafka, &ignored);
    if (event == NULL)
        return;
    const rd_kafka_ConfigResource_t **all =
        rd_kafka_DescribeConfigs_result_resources(rd_kafka_event_DescribeConfigs_result(event),
                                                  &found);
    for (size_t i = 0; i < found; i++)
        read_settings(topics, all[i]);
    rd_kafka_event_destroy(event);
}

/* ---- the lines ---- */

static void explain_missing(const struct topics *topics, size_t i, struct diagnosis *ret)
{
    const struct topic_view *view = &topics->views[i];
    const struct settings *settings = topics->kafka->settings;
    switch (topics->errors[i]) {
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_ID:
        if (view->role == TOPIC_ALLOWED)
            diagnosis_open(ret,
                           "there is none of this name, so replies for it go to %.249s; create "
                           "it, or take it out of kafka.reply_topics_allowed",
                           settings->kafka.replies_topic);
        else
            diagnosis_missing(ret, DIAGNOSIS_MISCONFIGURED,
                              "there is none of this name at %.200s; create it, or correct %s",
                              settings->kafka.brokers, topic_setting(view->role));
        break;
    case RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION:
        diagnosis_missing(ret, DIAGNOSIS_MISCONFIGURED,
                          "it is no name that a topic may have; "
                          "correct %s",
                          topic_setting(view->role));
        break;
    default:
        doctor_kafka_explain(topics->kafka, topics->errors[i], rd_kafka_err2str(topics->errors[i]),
                             ret);
    }
}

static void tell(const struct topics *topics, size_t i, const struct topic_view *requests)
{
    struct doctor_job *job = topics->kafka->job;
    const struct topic_view *view = &topics->views[i];
    struct diagnosis diagnosis;
    if (topics->errors[i] != RD_KAFKA_RESP_ERR_NO_ERROR) {
        explain_missing(topics, i, &diagnosis);
        doctor_tell(job, CHECK_KAFKA_TOPIC, view->name, &diagnosis);
        return;
    }
    diagnosis_of_topic(&diagnosis, view, requests, topics->kafka->brokers);
    doctor_tell(job, CHECK_KAFKA_TOPIC, view->name, &diagnosis);
    diagnosis_of_topic_rights(&diagnosis, view);
    doctor_tell(job, CHECK_KAFKA_TOPIC_RIGHTS, view->name, &diagnosis);
    diagnosis_of_topic_settings(&diagnosis, view, requests);
    doctor_tell(job, CHECK_KAFKA_TOPIC_SETTINGS, view->name, &diagnosis);
}

void doctor_look_at_topics(struct doctor_kafka *kafka)
{
    struct topics topics = {.kafka = kafka};
    struct diagnosis diagnosis;
    list(&topics, kafka->settings);
    if (!ask_topics(&topics, &diagnosis)) {
        for (size_t i = 0; i < topics.count; i++)
            doctor_tell(kafka->job, CHECK_KAFKA_TOPIC, topics.names[i], &diagnosis);
        return;
    }
    ask_settings(&topics);
    bool has_requests = topics.errors[0] == RD_KAFKA_RESP_ERR_NO_ERROR;
    for (size_t i = 0; i < topics.count; i++)
        tell(&topics, i, has_requests ? &topics.views[0] : NULL);
}
