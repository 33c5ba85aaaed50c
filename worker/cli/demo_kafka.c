#include "worker/cli/demo_kafka.h"

#include <string.h>
#include <time.h>

enum { FLUSH_MS = 2000, ASK_MS = 1000, REASON_SIZE = 512 };

static const char *const read_topics[DEMO_READ_TOPICS] = {DEMO_REPLIES, DEMO_DEAD_LETTERS};

struct property {
    const char *name, *value;
};

/* Only what is worse than a warning: a host without bootstrap.servers is one. */
static const struct property host_properties[] = {{"log_level", "3"}};

static const struct property producer_properties[] = {
    {"log_level", "3"},
    {"enable.idempotence", "true"},
    {"delivery.report.only.error", "true"},
    {"linger.ms", "1"},
};

/* fetch.wait.max.ms: the mock lets a fetch that finds nothing wait to its end, whatever comes. */
static const struct property consumer_properties[] = {
    {"log_level", "3"},
    {"group.id", "usher-demo"}, /* needed to assign; nothing is committed */
    {"enable.auto.commit", "false"},
    {"auto.offset.reset", "earliest"},
    {"fetch.wait.max.ms", "5"},
};

static void on_undelivered(rd_kafka_t *producer, const rd_kafka_message_t *message, void *opaque)
{
    struct demo_kafka *kafka = opaque;
    (void)producer;
    error_set(&kafka->trouble, "an event was not written: %s", rd_kafka_err2str(message->err));
}

static rd_kafka_t *open_client(struct demo_kafka *kafka, rd_kafka_type_t type,
                               const struct property *properties, size_t count, struct error *error)
{
    char reason[REASON_SIZE] = "";
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    bool is_fine =
        kafka->brokers == NULL || rd_kafka_conf_set(conf, "bootstrap.servers", kafka->brokers,
                                                    reason, sizeof reason) == RD_KAFKA_CONF_OK;
    for (size_t i = 0; is_fine && i < count; i++)
        is_fine = rd_kafka_conf_set(conf, properties[i].name, properties[i].value, reason,
                                    sizeof reason) == RD_KAFKA_CONF_OK;
    rd_kafka_conf_set_opaque(conf, kafka);
    if (type == RD_KAFKA_PRODUCER)
        rd_kafka_conf_set_dr_msg_cb(conf, on_undelivered);
    rd_kafka_t *client = is_fine ? rd_kafka_new(type, conf, reason, sizeof reason) : NULL;
    if (client == NULL) {
        rd_kafka_conf_destroy(conf);
        error_set(error, "librdkafka does not start: %s", reason);
    }
    return client;
}

#define OPEN_CLIENT(kafka, type, properties, error) \
    open_client(kafka, type, properties, sizeof(properties) / sizeof *(properties), error)

/* Before each call that the cluster's thread carries out: librdkafka 2.14.2 loses a wake-up that
 * comes right behind another, and the thread then sleeps for a whole second (seen in half of the
 * starts). */
static void let_cluster_sleep(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
}

static bool open_cluster(struct demo_kafka *kafka, struct error *error)
{
    static const char *const topics[] = {DEMO_REQUESTS, DEMO_REPLIES, DEMO_DEAD_LETTERS};
    kafka->host = OPEN_CLIENT(kafka, RD_KAFKA_PRODUCER, host_properties, error);
    if (kafka->host == NULL)
        return false;
    kafka->cluster = rd_kafka_mock_cluster_new(kafka->host, 1);
    if (kafka->cluster == NULL)
        return error_set(error, "librdkafka's mock broker does not start; is 127.0.0.1 up?");
    for (size_t i = 0; i < sizeof topics / sizeof *topics; i++) {
        let_cluster_sleep();
        rd_kafka_resp_err_t code =
            rd_kafka_mock_topic_create(kafka->cluster, topics[i], DEMO_PARTITIONS, 1);
        if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
            return error_set(error, "the mock broker makes no topic %s: %s", topics[i],
                             rd_kafka_err2str(code));
    }
    let_cluster_sleep();
    rd_kafka_mock_group_initial_rebalance_delay_ms(kafka->cluster, 0);
    kafka->brokers = rd_kafka_mock_cluster_bootstraps(kafka->cluster);
    return true;
}

static bool assign_all(struct demo_kafka *kafka, struct error *error)
{
    rd_kafka_topic_partition_list_t *list =
        rd_kafka_topic_partition_list_new(DEMO_READ_TOPICS * DEMO_PARTITIONS);
    for (int topic = 0; topic < DEMO_READ_TOPICS; topic++) {
        for (int partition = 0; partition < DEMO_PARTITIONS; partition++)
            rd_kafka_topic_partition_list_add(list, read_topics[topic], partition)->offset = 0;
    }
    rd_kafka_resp_err_t code = rd_kafka_assign(kafka->consumer, list);
    rd_kafka_topic_partition_list_destroy(list);
    return code == RD_KAFKA_RESP_ERR_NO_ERROR ||
           error_set(error, "the replies cannot be read: %s", rd_kafka_err2str(code));
}

bool demo_kafka_open(struct demo_kafka *kafka, struct error *error)
{
    *kafka = (struct demo_kafka){0};
    if (!open_cluster(kafka, error))
        return false;
    kafka->producer = OPEN_CLIENT(kafka, RD_KAFKA_PRODUCER, producer_properties, error);
    if (kafka->producer == NULL)
        return false;
    kafka->consumer = OPEN_CLIENT(kafka, RD_KAFKA_CONSUMER, consumer_properties, error);
    return kafka->consumer != NULL && assign_all(kafka, error);
}

void demo_kafka_close(struct demo_kafka *kafka)
{
    if (kafka->producer != NULL) {
        (void)rd_kafka_purge(kafka->producer, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
        (void)rd_kafka_flush(kafka->producer, FLUSH_MS);
        rd_kafka_destroy(kafka->producer);
    }
    if (kafka->consumer != NULL) {
        (void)rd_kafka_consumer_close(kafka->consumer);
        rd_kafka_destroy(kafka->consumer);
    }
    if (kafka->cluster != NULL) {
        let_cluster_sleep();
        rd_kafka_mock_cluster_destroy(kafka->cluster);
    }
    if (kafka->host != NULL)
        rd_kafka_destroy(kafka->host);
    *kafka = (struct demo_kafka){0};
}

static rd_kafka_headers_t *make_headers(const struct demo_record *record)
{
    rd_kafka_headers_t *headers = rd_kafka_headers_new(DEMO_HEADERS_MAX);
    for (size_t i = 0; i < record->header_count; i++) {
        const struct demo_header *header = &record->headers[i];
        (void)rd_kafka_header_add(headers, header->name, -1, header->value, -1);
    }
    return headers;
}

bool demo_kafka_send(struct demo_kafka *kafka, int partition, const struct demo_record *record)
{
    rd_kafka_headers_t *headers = make_headers(record);
    rd_kafka_resp_err_t code = rd_kafka_producev(kafka->producer, RD_KAFKA_V_TOPIC(DEMO_REQUESTS),
                                                 RD_KAFKA_V_PARTITION(partition),
                                                 RD_KAFKA_V_KEY(record->key, strlen(record->key)),
                                                 RD_KAFKA_V_VALUE(record->value, record->size),
                                                 RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                                                 RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_END);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
        return true;
    rd_kafka_headers_destroy(headers);
    return error_set(&kafka->trouble, "an event cannot be sent: %s", rd_kafka_err2str(code));
}

/* Where it was read up to, so that demo_kafka_is_read() can compare. */
static void note_offset(struct demo_kafka *kafka, const rd_kafka_message_t *message)
{
    const char *topic = rd_kafka_topic_name(message->rkt);
    for (int i = 0; i < DEMO_READ_TOPICS; i++) {
        if (strcmp(topic, read_topics[i]) == 0 && message->partition < DEMO_PARTITIONS)
            kafka->next_offsets[i][message->partition] = message->offset + 1;
    }
}

void demo_kafka_read(struct demo_kafka *kafka, int most, int wait_ms,
                     void (*on_message)(void *context, rd_kafka_message_t *message), void *context)
{
    (void)rd_kafka_poll(kafka->producer, 0);
    for (int i = 0; i < most; i++) {
        rd_kafka_message_t *message = rd_kafka_consumer_poll(kafka->consumer, i == 0 ? wait_ms : 0);
        if (message == NULL)
            return;
        if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
            note_offset(kafka, message);
            on_message(context, message);
        }
        rd_kafka_message_destroy(message);
    }
}

bool demo_kafka_is_read(struct demo_kafka *kafka)
{
    for (int topic = 0; topic < DEMO_READ_TOPICS; topic++) {
        for (int partition = 0; partition < DEMO_PARTITIONS; partition++) {
            int64_t low = 0, high = 0;
            if (rd_kafka_query_watermark_offsets(kafka->consumer, read_topics[topic], partition,
                                                 &low, &high,
                                                 ASK_MS) != RD_KAFKA_RESP_ERR_NO_ERROR ||
                kafka->next_offsets[topic][partition] < high)
                return false;
        }
    }
    return true;
}
