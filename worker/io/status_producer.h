#pragma once

#include "config/settings.h"
#include "worker/core/error.h"
#include "worker/core/message.h"

#include <librdkafka/rdkafka.h>
#include <uv.h>

/* The statuses' way to Kafka: an idempotent producer of its own, beside the transactions of
 * worker/io/settle.h. A status belongs to no offset that is to be committed with it: any worker may
 * send it, long after the partition of its request has moved, and it may come twice, always the
 * same. In a transaction it would gain nothing, be aborted with replies that are none of its
 * business, and delay them. A status is done when all in-sync replicas have it. */
struct status_producer;

/* One message under way, the caller's until on_end, which is called once, on the loop's thread:
 * with 0, or with why it was not delivered. */
struct status_delivery {
    void (*on_end)(struct status_delivery *delivery, rd_kafka_resp_err_t code);
};

/* NULL: the operator's mistake, or no memory. Settings must outlive it. */
struct status_producer *status_producer_create(uv_loop_t *loop, const struct settings *settings,
                                               struct error *error);
/* What is under way is not reported any more; it may have been delivered. Memory comes back when
 * the loop has turned once more. NULL is fine. */
void status_producer_destroy(struct status_producer *producer);

/* The message is copied. Any other code than 0: on_end will not be called. */
rd_kafka_resp_err_t status_producer_send(struct status_producer *producer,
                                         const struct message *message,
                                         struct status_delivery *delivery);
/* Once a second while something is under way (reachable.h). */
void status_producer_look(struct status_producer *producer, int64_t now_ms);
