#include "worker/io/status_producer.h"

#include "worker/io/kafka_conf.h"
#include "worker/io/reachable.h"

#include <stdlib.h>

struct status_producer {
    rd_kafka_t *rk;
    rd_kafka_queue_t *queue; /* reports of delivery */
    struct reachable reachable;
    uv_async_t async;
};

static void on_delivery(rd_kafka_t *rk, const rd_kafka_message_t *message, void *opaque)
{
    (void)rk, (void)opaque;
    struct status_delivery *delivery = message->_private;
    delivery->on_end(delivery, message->err);
}

/* On a thread of librdkafka's. */
static void on_event(rd_kafka_t *rk, void *context)
{
    (void)rk;
    struct status_producer *producer = context;
    (void)uv_async_send(&producer->async);
}

static void on_wake(uv_async_t *async)
{
    struct status_producer *producer = async->data;
    while (rd_kafka_poll(producer->rk, 0) > 0)
        ;
}

static void on_closed(uv_handle_t *handle)
{
    free(handle->data);
}

/* With delivery: exactly-once the other producer is transactional; this one never is. */
static bool open_handle(struct status_producer *producer, const struct settings *settings,
                        struct error *error)
{
    rd_kafka_conf_t *conf = kafka_conf_plain(settings, RD_KAFKA_PRODUCER, error);
    if (conf == NULL)
        return false;
    rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
    reachable_init(&producer->reachable, settings, "producer of statuses", REACHABLE_PRODUCER_MS);
    reachable_watch(&producer->reachable, conf);
    producer->rk = kafka_create(RD_KAFKA_PRODUCER, conf, error);
    if (producer->rk == NULL) {
        reachable_finish(&producer->reachable);
        return false;
    }
    reachable_set(&producer->reachable, producer->rk);
    producer->queue = rd_kafka_queue_get_main(producer->rk);
    rd_kafka_queue_cb_event_enable(producer->queue, on_event, producer);
    return true;
}

struct status_producer *status_producer_create(uv_loop_t *loop, const struct settings *settings,
                                               struct error *error)
{
    struct status_producer *producer = calloc(1, sizeof *producer);
    if (producer == NULL || uv_async_init(loop, &producer->async, on_wake) != 0) {
        free(producer);
        error_set(error, "follow.enabled: no memory, or no handle, for its producer");
        return NULL;
    }
    producer->async.data = producer;
    if (open_handle(producer, settings, error))
        return producer;
    uv_close((uv_handle_t *)&producer->async, on_closed);
    return NULL;
}

void status_producer_destroy(struct status_producer *producer)
{
    if (producer == NULL)
        return;
    rd_kafka_queue_cb_event_enable(producer->queue, NULL, NULL);
    rd_kafka_queue_destroy(producer->queue);
    reachable_set(&producer->reachable, NULL);
    (void)rd_kafka_purge(producer->rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT |
                                           RD_KAFKA_PURGE_F_NON_BLOCKING);
    rd_kafka_destroy(producer->rk);
    reachable_finish(&producer->reachable);
    uv_close((uv_handle_t *)&producer->async, on_closed);
}

rd_kafka_resp_err_t status_producer_send(struct status_producer *producer,
                                         const struct message *message,
                                         struct status_delivery *delivery)
{
    rd_kafka_headers_t *headers = rd_kafka_headers_new(message->header_count);
    for (size_t i = 0; i < message->header_count; i++) {
        const struct header *header = &message->headers[i];
        (void)rd_kafka_header_add(headers, header->name.data, (ssize_t)header->name.size,
                                  header->value.data, (ssize_t)header->value.size);
    }
    rd_kafka_resp_err_t code =
        rd_kafka_producev(producer->rk, RD_KAFKA_V_TOPIC(message->topic),
                          RD_KAFKA_V_PARTITION(message->partition),
                          RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                          RD_KAFKA_V_KEY(message->key.data, message->key.size),
                          /* librdkafka reads it only: it makes a copy */
                          RD_KAFKA_V_VALUE((void *)(uintptr_t)message->value.data,
                                           message->value.size),
                          RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_OPAQUE(delivery), RD_KAFKA_V_END);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
        rd_kafka_headers_destroy(headers);
    return code;
}

void status_producer_look(struct status_producer *producer, int64_t now_ms)
{
    if (rd_kafka_outq_len(producer->rk) > 0)
        reachable_turn(&producer->reachable, now_ms);
}
