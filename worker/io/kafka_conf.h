#pragma once

#include "config/settings.h"
#include "worker/core/error.h"

#include <librdkafka/rdkafka.h>

/* From settings to librdkafka handles. Three layers, the later one wins: our defaults,
 * kafka.librdkafka as it stands, and the properties that the worker owns (config/reserved.h refuses
 * those in the second). librdkafka's own lines go to our log as event "kafka.client". */

/* Is this a property of librdkafka, and a value that it takes? Callbacks and pointers are no
 * values. A secret is not quoted. */
bool kafka_property_check(const char *name, const char *value, struct error *error);

/* kafka.instance_id, or the host's name: group.instance.id, and part of the transactional id. Cut
 * at its size. */
enum { KAFKA_INSTANCE_ID_SIZE = 250 };
void kafka_instance_id(const struct settings *settings, char ret[KAFKA_INSTANCE_ID_SIZE]);

/* Configurations for one handle each; kafka_create() takes them over. `extra` callbacks and the
 * opaque are set by the caller between the two calls. NULL: the operator's mistake, in `error`. */
rd_kafka_conf_t *kafka_conf_consumer(const struct settings *settings, struct error *error);
/* With delivery: exactly-once it is transactional, else idempotent only. */
rd_kafka_conf_t *kafka_conf_producer(const struct settings *settings, struct error *error);
/* Of a client that joins no group and has no transactional id: doctor, dlq, audit, and the like. */
rd_kafka_conf_t *kafka_conf_plain(const struct settings *settings, rd_kafka_type_t type,
                                  struct error *error);

/* Makes the handle; `conf` is gone afterwards either way. NULL: `error` says why. */
rd_kafka_t *kafka_create(rd_kafka_type_t type, rd_kafka_conf_t *conf, struct error *error);

/* A client's error while there is no connection yet, as a sentence for the operator: names the
 * setting, and says what to look at. */
void kafka_explain(const struct settings *settings, rd_kafka_resp_err_t code, const char *reason,
                   char ret[ERROR_TEXT_SIZE]);
/* Another worker has our group.instance.id: likewise. */
void kafka_explain_fence(const struct settings *settings, char ret[ERROR_TEXT_SIZE]);
/* The exit code for an error of a partition that does not heal by itself: its committed offset is
 * no longer in the log, or, with `first` (nothing was ever read), the user may not read. 0: the
 * client goes on trying. */
int kafka_explain_message(const rd_kafka_message_t *message, bool first, char ret[ERROR_TEXT_SIZE]);
