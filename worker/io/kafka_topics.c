#include "worker/io/kafka_topics.h"

#include "worker/io/kafka_conf.h"
#include "worker/io/log.h"

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

static bool add(struct kafka_topics *topics, const char *name)
{
    char *copy = strdup(name);
    if (copy == NULL)
        return false;
    topics->items[topics->count++] = (struct kafka_topic){.name = copy};
    return true;
}

bool kafka_topics_list(struct kafka_topics *topics, const struct settings *settings)
{
    const struct strings *allowed = &settings->kafka.reply_topics_allowed;
    const char *const names[REQUIRED_MAX] = {settings->kafka.requests_topic,
                                             settings->kafka.replies_topic,
                                             settings->kafka.dead_letters_topic,
                                             settings->kafka.status_topic};
    *topics = (struct kafka_topics){.required = count_required(settings)};
    topics->items = calloc(topics->required + allowed->count, sizeof *topics->items);
    bool good = topics->items != NULL;
    for (size_t i = 0; good && i < topics->required; i++)
        good = add(topics, names[i]);
    for (size_t i = 0; good && i < allowed->count; i++)
        good = add(topics, allowed->items[i]);
    return good;
}

/* Until there is an answer, for so long. */
static rd_kafka_resp_err_t ask_until(rd_kafka_t *rk, struct kafka_topic *topic, int64_t until_ms)
{
    rd_kafka_resp_err_t code;
    while (is_passing(code = ask(rk, topic, TRY_MS)) && clock_ms() < until_ms)
        usleep(PAUSE_MS * 1000);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
        topic->partitions = 0;
    return code;
}

bool kafka_topics_ask(struct kafka_topics *topics, rd_kafka_t *rk, const struct settings *settings,
                      int timeout_ms, struct kafka_refusal *ret_refusal)
{
    int64_t until_ms = clock_ms() + timeout_ms;
    for (size_t i = 0; i < topics->count; i++) {
        bool is_required = i < topics->required;
        rd_kafka_resp_err_t code = ask_until(rk, &topics->items[i], until_ms);
        if (code != RD_KAFKA_RESP_ERR_NO_ERROR && (is_required || is_passing(code))) {
            refuse(settings, is_required ? setting_names[i] : "kafka.reply_topics_allowed",
                   topics->items[i].name, code, ret_refusal);
            return false;
        }
    }
    return true;
}

bool kafka_topics_read(struct kafka_topics *topics, rd_kafka_t *rk, const struct settings *settings,
                       int timeout_ms, struct kafka_refusal *ret_refusal)
{
    *ret_refusal = (struct kafka_refusal){.exit_code = 70, .error = {"out of memory"}};
    if (kafka_topics_list(topics, settings) &&
        kafka_topics_ask(topics, rk, settings, timeout_ms, ret_refusal))
        return true;
    kafka_topics_finish(topics);
    return false;
}

void kafka_topics_allow(struct kafka_topics *topics, rd_kafka_t *rk, const struct strings *allowed,
                        int timeout_ms)
{
    struct kafka_topics next = {.required = topics->required};
    int64_t until_ms = clock_ms() + timeout_ms;
    next.items = calloc(topics->required + allowed->count, sizeof *next.items);
    bool good = next.items != NULL;
    for (size_t i = 0; good && i < topics->required + allowed->count; i++) {
        good = add(&next, i < topics->required ? topics->items[i].name
                                               : allowed->items[i - topics->required]);
        if (!good)
            break;
        struct kafka_topic *topic = &next.items[i];
        topic->partitions = kafka_topics_partitions(topics, topic->name);
        rd_kafka_resp_err_t code =
            topic->partitions > 0 ? RD_KAFKA_RESP_ERR_NO_ERROR : ask_until(rk, topic, until_ms);
        if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
            log_write(LOG_WARN, "kafka.topic_missing",
                      "kafka.reply_topics_allowed: topic \"%s\" is not to be had (%s), so its "
                      "replies go to the default topic; another SIGHUP asks again",
                      topic->name, rd_kafka_err2str(code));
    }
    if (good) {
        kafka_topics_finish(topics);
        *topics = next;
        return;
    }
    log_write(LOG_ERROR, "kafka.topic_missing",
              "kafka.reply_topics_allowed: out of memory; the topics are those of before");
    kafka_topics_finish(&next);
}

void kafka_topics_finish(struct kafka_topics *topics)
{
    for (size_t i = 0; i < topics->count; i++)
        free(topics->items[i].name);
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
