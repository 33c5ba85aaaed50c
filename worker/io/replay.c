#include "worker/io/replay.h"

#include "worker/core/claim.h"
#include "worker/io/kafka_conf.h"

#include <time.h>

enum { POLL_MS = 100 };

/* Of one message. */
struct report {
    bool is_there;
    rd_kafka_resp_err_t code;
};

static void on_delivery(rd_kafka_t *rk, const rd_kafka_message_t *message, void *opaque)
{
    (void)rk, (void)opaque;
    struct report *report = message->_private;
    *report = (struct report){true, message->err};
}

bool replay_init(struct replay *replay, const struct settings *settings, int partitions,
                 const atomic_bool *stop, struct error *error)
{
    *replay = (struct replay){.settings = settings, .stop = stop, .partitions = partitions};
    rd_kafka_conf_t *conf = kafka_conf_plain(settings, RD_KAFKA_PRODUCER, error);
    if (conf == NULL)
        return false;
    rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
    replay->rk = kafka_create(RD_KAFKA_PRODUCER, conf, error);
    return replay->rk != NULL;
}

void replay_finish(struct replay *replay)
{
    if (replay->rk != NULL)
        rd_kafka_destroy(replay->rk);
    *replay = (struct replay){0};
}

static rd_kafka_headers_t *make_headers(const struct record *record)
{
    char place[ORIGIN_SIZE];
    rd_kafka_headers_t *headers = rd_kafka_headers_new(record->header_count + 1);
    for (size_t i = 0; i < record->header_count; i++) {
        const struct header *header = &record->headers[i];
        if (str_is(header->name, "usher-replay"))
            continue; /* of an earlier replay */
        (void)rd_kafka_header_add(headers, header->name.data, (ssize_t)header->name.size,
                                  header->value.data, (ssize_t)header->value.size);
    }
    claim_origin(record, place);
    (void)rd_kafka_header_add(headers, "usher-replay", -1, place, -1);
    return headers;
}

/* -1: by the key, as Java's clients do. */
static int32_t partition_for(const struct replay *replay, const struct letter *letter)
{
    bool is_from_here = strcmp(letter->topic, replay->settings->kafka.requests_topic) == 0;
    bool is_there = letter->from_partition >= 0 && letter->from_partition < replay->partitions;
    return is_from_here && is_there ? letter->from_partition : -1;
}

static rd_kafka_resp_err_t produce(struct replay *replay, const struct record *record,
                                   int32_t partition, struct report *report)
{
    rd_kafka_headers_t *headers = make_headers(record);
    rd_kafka_resp_err_t code =
        rd_kafka_producev(replay->rk, RD_KAFKA_V_TOPIC(replay->settings->kafka.requests_topic),
                          RD_KAFKA_V_PARTITION(partition), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                          RD_KAFKA_V_KEY(record->key.data, record->key.size),
                          /* librdkafka reads it only: it makes a copy */
                          RD_KAFKA_V_VALUE((void *)(uintptr_t)record->value.data,
                                           record->value.size),
                          RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_OPAQUE(report), RD_KAFKA_V_END);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
        rd_kafka_headers_destroy(headers);
    return code;
}

static int64_t clock_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* The report points into our caller's stack, so none may come later. */
static void wait_for(struct replay *replay, struct report *report)
{
    int64_t until_ms = clock_ms() + REPLAY_WAIT_MS;
    while (!report->is_there) {
        if (atomic_load(replay->stop) || clock_ms() > until_ms)
            (void)rd_kafka_purge(replay->rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
        (void)rd_kafka_poll(replay->rk, POLL_MS);
    }
}

static enum replay_end explain(const struct replay *replay, rd_kafka_resp_err_t code,
                               struct error *error)
{
    const char *topic = replay->settings->kafka.requests_topic;
    switch (code) {
    case RD_KAFKA_RESP_ERR_NO_ERROR:
        return REPLAY_SENT;
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE:
    case RD_KAFKA_RESP_ERR_INVALID_RECORD:
    case RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP:
        error_set(error, "%s does not take it: %s; look at max.message.bytes of the topic", topic,
                  rd_kafka_err2str(code));
        return REPLAY_REFUSED;
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
        error_set(error,
                  "the brokers do not let this worker write to %s; give its user Write on that "
                  "topic",
                  topic);
        return REPLAY_AWAY;
    default:
        error_set(error,
                  "%s could not be written: %s; it may be there all the same, and to replay it "
                  "again does no harm",
                  topic, rd_kafka_err2str(code));
        return REPLAY_AWAY;
    }
}

enum replay_end replay_send(struct replay *replay, const struct record *record,
                            const struct letter *letter, struct error *error)
{
    const char *refusal = letter_refusal(letter);
    if (refusal != NULL) {
        error_set(error, "%s", refusal);
        return REPLAY_REFUSED;
    }
    struct report report = {0};
    rd_kafka_resp_err_t code = produce(replay, record, partition_for(replay, letter), &report);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
        wait_for(replay, &report);
        code = report.code;
    }
    return explain(replay, code, error);
}
