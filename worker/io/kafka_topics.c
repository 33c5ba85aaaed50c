#include "worker/io/kafka_topics.h"

#include "worker/io/kafka_conf.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { TRY_MS = 1000, PAUSE_MS = 100, REQUIRED_MAX = 4 };

static const char *const setting_names[REQUIRED_MAX] = {"kafka.requests_topic",
                                                        "kafka.replies_topic",
                                                        "kafka.dead_letters_topic",
                                                        "kafka.status_topic"};

/* The status topic is the last of those that must be there, with follow.enabled. */
static size_t count_required(const struct settings *settings)
{
    return settings->follow.enabled ? REQUIRED_MAX : REQUIRED_MAX - 1;
}

static int64_t clock_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Worth asking again: the broker cannot be reached yet, or has not made up its mind. */
static bool is_passing(rd_kafka_resp_err_t code)
{
    switch (code) {
    case RD_KAFKA_RESP_ERR__TRANSPORT:
    case RD_KAFKA_RESP_ERR__TIMED_OUT:
    case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
    case RD_KAFKA_RESP_ERR__RESOLVE:
    case RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_NETWORK_EXCEPTION:
    case RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT:
        return true;
    default:
        return false;
    }
}

static rd_kafka_resp_err_t ask(rd_kafka_t *rk, struct kafka_topic *topic, int timeout_ms)
{
    rd_kafka_topic_t *handle = rd_kafka_topic_new(rk, topic->name, NULL);
    if (handle == NULL)
        return rd_kafka_last_error();
    const struct rd_kafka_metadata *metadata = NULL;
    rd_kafka_resp_err_t code = rd_kafka_metadata(rk, 0, handle, &metadata, timeout_ms);
    rd_kafka_topic_destroy(handle);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
        return code;
    code = RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
    if (metadata->topic_cnt == 1) {
        code = metadata->topics[0].err;
        topic->partitions = metadata->topics[0].partition_cnt;
    }
    rd_kafka_metadata_destroy(metadata);
    return code;
}

static void refuse(const struct settings *settings, const char *setting, const char *topic,
                   rd_kafka_resp_err_t code, struct kafka_refusal *ret)
{
    switch (code) {
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_ID:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
        ret->exit_code = 78;
        error_set(&ret->error, "%s: there is no topic \"%s\" at %s; create it or correct the name",
                  setting, topic, settings->kafka.brokers);
        break;
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
        ret->exit_code = 77;
        error_set(&ret->error,
                  "%s: %s refuses us \"%s\" (%s); give this user the right, or another user",
                  setting, settings->kafka.brokers, topic, rd_kafka_err2str(code));
        break;
    case RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION:
        ret->exit_code = 78;
        error_set(&ret->error, "%s: \"%s\" is no name that a topic may have", setting, topic);
        break;
    default:
        ret->exit_code = 69;
        kafka_explain(settings, code, rd_kafka_err2str(code), ret->error.text);
    }
}

static bool list(struct kafka_topics *topics, const struct settings *settings)
{
    const struct strings *allowed = &settings->kafka.reply_topics_allowed;
    size_t required = count_required(settings);
    topics->count = required + allowed->count;
    topics->items = calloc(topics->count, sizeof *topics->items);
    if (topics->items == NULL)
        return false;
    topics->items[0].name = settings->kafka.requests_topic;
    topics->items[1].name = settings->kafka.replies_topic;
    topics->items[2].name = settings->kafka.dead_letters_topic;
    if (required == REQUIRED_MAX)
        topics->items[3].name = settings->kafka.status_topic;
    for (size_t i = 0; i < allowed->count; i++)
        topics->items[required + i].name = allowed->items[i];
    return true;
}

bool kafka_topics_read(struct kafka_topics *topics, rd_kafka_t *rk, const struct settings *settings,
                       int timeout_ms, struct kafka_refusal *ret_refusal)
{
    *topics = (struct kafka_topics){0};
    *ret_refusal = (struct kafka_refusal){.exit_code = 70, .error = {"out of memory"}};
    if (!list(topics, settings))
        return false;
    int64_t until_ms = clock_ms() + timeout_ms;
    size_t required = count_required(settings);
    for (size_t i = 0; i < topics->count; i++) {
        rd_kafka_resp_err_t code;
        while (is_passing(code = ask(rk, &topics->items[i], TRY_MS)) && clock_ms() < until_ms)
            usleep(PAUSE_MS * 1000);
        if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
            continue;
        topics->items[i].partitions = 0;
        if (i < required || is_passing(code)) {
            refuse(settings, i < required ? setting_names[i] : "kafka.reply_topics_allowed",
                   topics->items[i].name, code, ret_refusal);
            kafka_topics_finish(topics);
            return false;
        }
    }
    return true;
}

void kafka_topics_finish(struct kafka_topics *topics)
{
    free(topics->items);
    *topics = (struct kafka_topics){0};
}

int kafka_topics_partitions(const struct kafka_topics *topics, const char *name)
{
    for (size_t i = 0; i < topics->count; i++) {
        if (strcmp(topics->items[i].name, name) == 0)
            return topics->items[i].partitions;
    }
    return 0;
}
