#include "worker/io/audit_client.h"

#include "worker/io/kafka_conf.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    TRY_MS = 1000,
    ASK_MS = 10000,
    ASK_SOON_MS = 2000, /* where the asker may have to end: a worker that drains waits for it */
    PAUSE_MS = 100,
};

struct property {
    const char *name, *value;
};

/* A worker holds little in wait, so that it stays small; the audit reads all, and fast. What is in
 * wait is bounded for all partitions together. */
static const struct property of_audit[] = {
    {"enable.partition.eof", "true"},        {"queued.min.messages", "10000"},
    {"queued.max.messages.kbytes", "16384"}, {"fetch.message.max.bytes", "1048576"},
    {"fetch.max.bytes", "16777216"},         {NULL, NULL},
};
static const struct property of_worker[] = {
    {"enable.partition.eof", "true"},
    {"queued.max.messages.kbytes", "2048"}, /* AUDIT_CLIENT_BYTES */
    {"fetch.max.bytes", "2097152"},
    {NULL, NULL},
};

/* ---- the handle ------------------------------------------------------------------------------ */

/* Served by rd_kafka_consumer_poll(), so on our thread. */
static void on_error(rd_kafka_t *rk, int code, const char *reason, void *opaque)
{
    (void)rk;
    struct audit_client *client = opaque;
    if (code == RD_KAFKA_RESP_ERR__AUTHENTICATION) {
        client->refused = RD_KAFKA_RESP_ERR__AUTHENTICATION;
        (void)snprintf(client->trouble, sizeof client->trouble, "%s", reason);
    } else if (code != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) { /* others have said why */
        kafka_explain(client->settings, code, reason, client->trouble);
    }
}

static bool set(rd_kafka_conf_t *conf, const char *name, const char *value, struct error *error)
{
    char reason[ERROR_TEXT_SIZE] = "";
    return rd_kafka_conf_set(conf, name, value, reason, sizeof reason) == RD_KAFKA_CONF_OK ||
           error_set(error, "kafka: librdkafka refuses %s: %s", name, reason);
}

static bool create(struct audit_client *client, struct error *error)
{
    rd_kafka_conf_t *conf = kafka_conf_plain(client->settings, RD_KAFKA_CONSUMER, error);
    if (conf == NULL)
        return false;
    /* Committed offsets are asked for by it; a consumer that subscribes to nothing joins nothing.
     */
    bool good = set(conf, "group.id", client->settings->kafka.group, error);
    const struct property *property = client->stop != NULL ? of_worker : of_audit;
    for (; good && property->name != NULL; property++)
        good = set(conf, property->name, property->value, error);
    if (!good) {
        rd_kafka_conf_destroy(conf);
        return false;
    }
    rd_kafka_conf_set_opaque(conf, client);
    rd_kafka_conf_set_error_cb(conf, on_error);
    client->rk = kafka_create(RD_KAFKA_CONSUMER, conf, error);
    if (client->rk == NULL)
        return false;
    rd_kafka_poll_set_consumer(client->rk);
    client->answers = rd_kafka_queue_new(client->rk);
    return true;
}

static int64_t clock_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Serves on_error(); nothing is assigned, so there are no records. */
static void serve_errors(const struct audit_client *client)
{
    rd_kafka_message_t *message;
    while ((message = rd_kafka_consumer_poll(client->rk, 0)) != NULL)
        rd_kafka_message_destroy(message);
}

static bool is_stopped(const struct audit_client *client)
{
    return client->stop != NULL && atomic_load(client->stop);
}

bool audit_client_init(struct audit_client *client, const struct settings *settings,
                       const atomic_bool *stop, struct kafka_refusal *ret_refusal)
{
    *client = (struct audit_client){.settings = settings, .stop = stop};
    *ret_refusal = (struct kafka_refusal){.exit_code = 78};
    if (!create(client, &ret_refusal->error))
        return false;
    int64_t until_ms = clock_ms() + KAFKA_REACH_MS;
    while (!kafka_topics_read(&client->topics, client->rk, settings, TRY_MS, ret_refusal)) {
        serve_errors(client);
        if (ret_refusal->exit_code != 69)
            return false;
        if (client->refused != RD_KAFKA_RESP_ERR_NO_ERROR || clock_ms() >= until_ms ||
            is_stopped(client))
            return audit_client_refuse(client, RD_KAFKA_RESP_ERR__TIMED_OUT, "reach it",
                                       ret_refusal);
    }
    return true;
}

void audit_client_finish(struct audit_client *client)
{
    kafka_topics_finish(&client->topics);
    if (client->answers != NULL)
        rd_kafka_queue_destroy(client->answers);
    if (client->rk != NULL) {
        (void)rd_kafka_consumer_close(client->rk);
        rd_kafka_destroy(client->rk);
    }
    *client = (struct audit_client){0};
}

/* ---- questions ------------------------------------------------------------------------------- */

static bool is_refusal(rd_kafka_resp_err_t code)
{
    switch (code) {
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
    case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
        return true;
    default:
        return false;
    }
}

bool audit_client_refuse(const struct audit_client *client, rd_kafka_resp_err_t code,
                         const char *what, struct kafka_refusal *ret_refusal)
{
    const char *brokers = client->settings->kafka.brokers;
    if (client->refused != RD_KAFKA_RESP_ERR_NO_ERROR) {
        ret_refusal->exit_code = 77;
        return error_set(&ret_refusal->error, "kafka.brokers: %s refuses us: %s", brokers,
                         client->trouble);
    }
    if (is_refusal(code)) {
        ret_refusal->exit_code = 77;
        return error_set(&ret_refusal->error,
                         "kafka.brokers: %s refuses us: cannot %s (%s); give this user the rights "
                         "to read the topics and to describe the group",
                         brokers, what, rd_kafka_err2str(code));
    }
    ret_refusal->exit_code = 69;
    if (client->trouble[0] != '\0')
        return error_set(&ret_refusal->error, "%s", client->trouble);
    return error_set(&ret_refusal->error, "kafka.brokers: %s: cannot %s: %s", brokers, what,
                     rd_kafka_err2str(code));
}

rd_kafka_topic_partition_list_t *audit_client_partitions(const struct kafka_topic *topic)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(topic->partitions);
    if (topic->partitions > 0)
        rd_kafka_topic_partition_list_add_range(list, topic->name, 0, topic->partitions - 1);
    return list;
}

static rd_kafka_AdminOptions_t *make_options(const struct audit_client *client, enum audit_end end)
{
    char reason[ERROR_TEXT_SIZE];
    rd_kafka_AdminOptions_t *options =
        rd_kafka_AdminOptions_new(client->rk, RD_KAFKA_ADMIN_OP_LISTOFFSETS);
    int timeout_ms = client->stop != NULL ? ASK_SOON_MS : ASK_MS;
    (void)rd_kafka_AdminOptions_set_request_timeout(options, timeout_ms, reason, sizeof reason);
    rd_kafka_error_destroy(rd_kafka_AdminOptions_set_isolation_level(
        options, end == AUDIT_END_STABLE ? RD_KAFKA_ISOLATION_LEVEL_READ_COMMITTED
                                         : RD_KAFKA_ISOLATION_LEVEL_READ_UNCOMMITTED));
    return options;
}

static rd_kafka_resp_err_t take_ends(rd_kafka_event_t *event, rd_kafka_topic_partition_list_t *list)
{
    size_t count = 0;
    if (rd_kafka_event_error(event) != RD_KAFKA_RESP_ERR_NO_ERROR)
        return rd_kafka_event_error(event);
    const rd_kafka_ListOffsetsResultInfo_t **infos =
        rd_kafka_ListOffsets_result_infos(rd_kafka_event_ListOffsets_result(event), &count);
    int taken = 0;
    for (size_t i = 0; i < count; i++) {
        const rd_kafka_topic_partition_t *answer =
            rd_kafka_ListOffsetsResultInfo_topic_partition(infos[i]);
        rd_kafka_topic_partition_t *asked =
            rd_kafka_topic_partition_list_find(list, answer->topic, answer->partition);
        if (answer->err != RD_KAFKA_RESP_ERR_NO_ERROR || asked == NULL)
            return answer->err;
        asked->offset = answer->offset;
        taken++;
    }
    return taken == list->cnt ? RD_KAFKA_RESP_ERR_NO_ERROR : RD_KAFKA_RESP_ERR__PARTIAL;
}

static rd_kafka_resp_err_t ask_ends(struct audit_client *client,
                                    rd_kafka_topic_partition_list_t *list, enum audit_end end)
{
    for (int i = 0; i < list->cnt; i++)
        list->elems[i].offset =
            end == AUDIT_END_LOW ? RD_KAFKA_OFFSET_SPEC_EARLIEST : RD_KAFKA_OFFSET_SPEC_LATEST;
    rd_kafka_AdminOptions_t *options = make_options(client, end);
    rd_kafka_ListOffsets(client->rk, list, options, client->answers);
    rd_kafka_AdminOptions_destroy(options);
    rd_kafka_event_t *event = rd_kafka_queue_poll(client->answers, -1);
    rd_kafka_resp_err_t code = take_ends(event, list);
    rd_kafka_event_destroy(event);
    return code;
}

static rd_kafka_resp_err_t ask_committed(const struct audit_client *client,
                                         rd_kafka_topic_partition_list_t *list)
{
    rd_kafka_resp_err_t code = rd_kafka_committed(client->rk, list, ASK_MS);
    for (int i = 0; code == RD_KAFKA_RESP_ERR_NO_ERROR && i < list->cnt; i++)
        code = list->elems[i].err;
    return code;
}

/* Is the question worth asking again: a leader that moves, a coordinator that loads? */
static bool wait_to_ask(const struct audit_client *client, rd_kafka_resp_err_t code,
                        int64_t until_ms)
{
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR || is_refusal(code) || clock_ms() >= until_ms ||
        is_stopped(client))
        return false;
    usleep(PAUSE_MS * 1000);
    return true;
}

bool audit_client_ends(struct audit_client *client, rd_kafka_topic_partition_list_t *list,
                       enum audit_end end, struct kafka_refusal *ret_refusal)
{
    int64_t until_ms = clock_ms() + KAFKA_REACH_MS;
    rd_kafka_resp_err_t code;
    do
        code = ask_ends(client, list, end);
    while (wait_to_ask(client, code, until_ms));
    return code == RD_KAFKA_RESP_ERR_NO_ERROR ||
           audit_client_refuse(client, code, "ask for the ends of the topics", ret_refusal);
}

bool audit_client_committed(struct audit_client *client, rd_kafka_topic_partition_list_t *list,
                            struct kafka_refusal *ret_refusal)
{
    int64_t until_ms = clock_ms() + KAFKA_REACH_MS;
    rd_kafka_resp_err_t code;
    do
        code = ask_committed(client, list);
    while (wait_to_ask(client, code, until_ms));
    return code == RD_KAFKA_RESP_ERR_NO_ERROR ||
           audit_client_refuse(client, code, "read the group's committed offsets", ret_refusal);
}
