#pragma once

#include "worker/core/record.h"

#include <librdkafka/rdkafka.h>

/* A message of librdkafka as a struct record of our own: one block of memory, which is the record's
 * handle. It is a copy, because a message keeps all that was fetched with it alive (up to
 * fetch.max.bytes): a record that waits a quarter of an hour for a retry must not hold on to
 * megabytes of its neighbours. `topic` must outlive the record. False: out of memory. */
bool kafka_record_make(const rd_kafka_message_t *message, const char *topic, struct record *ret);

/* Frees it; a zeroed record is fine. */
void kafka_record_finish(struct record *record);
