#include "worker/io/kafka_conf.h"

#include "config/reserved.h"
#include "worker/io/log.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { REASON_SIZE = 512 };

struct property {
    const char *name, *value;
};

static const struct property both_defaults[] = {
    {"client.id", "usher"},
    {"enable.metrics.push", "false"},
    {"socket.keepalive.enable", "true"},
    /* A cluster whose brokers were all fenced says that it has none; at the default the client
       believes it for 5 minutes. */
    {"metadata.recovery.rebootstrap.trigger.ms", "10000"},
    /* A broker that is back is noticed within a second. */
    {"reconnect.backoff.max.ms", "1000"},
};

/* Each partition has a queue of its own (source.c), so these bounds are for each: 128 KiB of
 * records in wait, two hundred or so. With four times as much the worker was 4 MiB larger and no
 * faster, with half of it no smaller but a tenth slower. A record, or a producer's batch, that is
 * larger than a fetch comes all the same, and is held whole until its last record was taken.
 * fetch.queue.backoff.ms: at its 1,000 ms a queue this short stood empty for a second at a time
 * (2,570 records a second; with 5 to 100 ms: 10,000). */
static const struct property consumer_defaults[] = {
    {"queued.min.messages", "500"},       {"queued.max.messages.kbytes", "128"},
    {"fetch.message.max.bytes", "65536"}, {"fetch.max.bytes", "8388608"},
    {"fetch.queue.backoff.ms", "20"},     {"check.crcs", "true"},
};

/* message.max.bytes: it is for the broker to refuse what is too large (settle.c then shortens it).
 * batch.size: far below a broker's message.max.bytes, so that a refusal is about one message. The
 * backoffs: at the defaults a transaction takes 100 ms, with these 4.5. The partitioner is that of
 * Java's clients, so a key has one place whoever writes it. */
static const struct property producer_defaults[] = {
    {"message.max.bytes", "8388608"}, {"batch.size", "262144"}, {"retry.backoff.ms", "2"},
    {"retry.backoff.max.ms", "10"},   {"linger.ms", "0"},       {"partitioner", "murmur2_random"},
};

static const struct property consumer_owned[] = {
    {"partition.assignment.strategy", "cooperative-sticky"},
    {"enable.auto.commit", "false"},
    {"enable.auto.offset.store", "false"},
    {"isolation.level", "read_committed"},
    {"auto.offset.reset", "error"},
    {"allow.auto.create.topics", "false"},
    {"enable.partition.eof", "false"},
    {"statistics.interval.ms", "5000"}, /* kafka_stats.h; only to who has a callback for them */
};

/* Reports of what was delivered are wanted too: with those of failures alone, rd_kafka_flush()
 * sleeps in steps of 10 ms. */
static const struct property producer_owned[] = {
    {"enable.idempotence", "true"},
    {"message.timeout.ms", "8000"}, /* below transaction.timeout.ms */
    {"delivery.report.only.error", "false"},
};

static void on_log(const rd_kafka_t *rk, int syslog_level, const char *facility, const char *text)
{
    enum log_level level = syslog_level <= 2   ? LOG_ERROR
                           : syslog_level <= 4 ? LOG_WARN
                           : syslog_level <= 6 ? LOG_INFO
                                               : LOG_DEBUG;
    /* GETPID: the first try to get a producer id met a coordinator that is still loading.
     * TERMINATE: a producer that is being replaced had messages left, which are sent again. */
    if (strcmp(facility, "GETPID") == 0 || strcmp(facility, "TERMINATE") == 0)
        level = LOG_DEBUG;
    log_write(level, "kafka.client", "%s: %s: %s", rk != NULL ? rd_kafka_name(rk) : "librdkafka",
              facility, text);
}

static bool set(rd_kafka_conf_t *conf, const char *name, const char *value, struct error *error)
{
    char reason[REASON_SIZE] = "";
    switch (rd_kafka_conf_set(conf, name, value, reason, sizeof reason)) {
    case RD_KAFKA_CONF_OK:
        return true;
    case RD_KAFKA_CONF_UNKNOWN:
        return error_set(error,
                         "kafka.librdkafka: librdkafka %s has no property \"%s\"; its "
                         "CONFIGURATION.md lists all",
                         rd_kafka_version_str(), name);
    default:
        if (property_is_secret(name))
            return error_set(error, "kafka.librdkafka: the value of \"%s\" is not one it can take",
                             name);
        return error_set(error, "kafka.librdkafka: \"%s\" cannot be set: %s", name, reason);
    }
}

static bool set_all(rd_kafka_conf_t *conf, const struct property *properties, size_t count,
                    struct error *error)
{
    for (size_t i = 0; i < count; i++) {
        if (!set(conf, properties[i].name, properties[i].value, error))
            return false;
    }
    return true;
}

#define SET_ALL(conf, properties, error) \
    set_all(conf, properties, sizeof(properties) / sizeof(properties)[0], error)

bool kafka_property_check(const char *name, const char *value, struct error *error)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    bool good = set(conf, name, value, error);
    rd_kafka_conf_destroy(conf);
    return good;
}

/* Which kind of client the property is for: 'C', 'P' or '*'. librdkafka tells it in its table for
 * people only. */
static char scope_of(const char *table, const char *name)
{
    char scope = '*';
    for (const char *line = table; line != NULL && *line != '\0';) {
        size_t length = strcspn(line, " |\n");
        const char *bar = strchr(line, '|');
        if (length == strlen(name) && strncmp(line, name, length) == 0 && bar != NULL)
            scope = bar[1 + strspn(bar + 1, " ")];
        line = strchr(line, '\n');
        line = line != NULL ? line + 1 : NULL;
    }
    return scope;
}

static bool pass_through(rd_kafka_conf_t *conf, const struct pairs *pairs, rd_kafka_type_t type,
                         struct error *error)
{
    char *table = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&table, &size);
    if (out == NULL)
        return error_set(error, "out of memory");
    rd_kafka_conf_properties_show(out);
    (void)fclose(out);
    char other = type == RD_KAFKA_CONSUMER ? 'P' : 'C';
    bool good = true;
    for (size_t i = 0; good && i < pairs->count; i++) {
        const struct pair *pair = &pairs->items[i];
        if (scope_of(table, pair->name) == other)
            good = kafka_property_check(pair->name, pair->value, error);
        else
            good = set(conf, pair->name, pair->value, error);
    }
    free(table);
    return good;
}

/* Properties that stand in files; no error shows what is in one. */
static bool read_files(struct pairs *ret, const struct pairs *files, struct error *error)
{
    *ret = (struct pairs){.items = calloc(files->count + 1, sizeof *ret->items)};
    if (ret->items == NULL)
        return error_set(error, "out of memory");
    while (ret->count < files->count) {
        const struct pair *file = &files->items[ret->count];
        char value[SECRET_SIZE_MAX];
        struct error why;
        bool good = secret_read("", file->value, value, sizeof value, &why);
        char *copy = good ? strdup(value) : NULL;
        explicit_bzero(value, sizeof value);
        if (!good)
            return error_set(error, "kafka.librdkafka_files: %s: %s", file->name, why.text);
        if (copy == NULL)
            return error_set(error, "out of memory");
        ret->items[ret->count++] = (struct pair){.name = file->name, .value = copy};
    }
    return true;
}

static bool pass_files(rd_kafka_conf_t *conf, const struct pairs *files, rd_kafka_type_t type,
                       struct error *error)
{
    struct pairs pairs;
    bool good = read_files(&pairs, files, error) && pass_through(conf, &pairs, type, error);
    for (size_t i = 0; i < pairs.count; i++) {
        explicit_bzero(pairs.items[i].value, strlen(pairs.items[i].value));
        free(pairs.items[i].value);
    }
    free(pairs.items);
    return good;
}

/* Ours below, the operator's above. */
static bool fill(rd_kafka_conf_t *conf, const struct settings *settings, rd_kafka_type_t type,
                 struct error *error)
{
    bool consumes = type == RD_KAFKA_CONSUMER;
    rd_kafka_conf_set_log_cb(conf, on_log);
    return SET_ALL(conf, both_defaults, error) &&
           (consumes ? SET_ALL(conf, consumer_defaults, error)
                     : SET_ALL(conf, producer_defaults, error)) &&
           pass_through(conf, &settings->kafka.librdkafka, type, error) &&
           pass_files(conf, &settings->kafka.librdkafka_files, type, error) &&
           (consumes ? SET_ALL(conf, consumer_owned, error)
                     : SET_ALL(conf, producer_owned, error)) &&
           set(conf, "bootstrap.servers", settings->kafka.brokers, error);
}

void kafka_instance_id(const struct settings *settings, char ret[KAFKA_INSTANCE_ID_SIZE])
{
    if (settings->kafka.instance_id[0] != '\0') {
        (void)snprintf(ret, KAFKA_INSTANCE_ID_SIZE, "%s", settings->kafka.instance_id);
    } else if (gethostname(ret, KAFKA_INSTANCE_ID_SIZE) != 0) {
        (void)snprintf(ret, KAFKA_INSTANCE_ID_SIZE, "usher");
    }
    ret[KAFKA_INSTANCE_ID_SIZE - 1] = '\0';
}

rd_kafka_conf_t *kafka_conf_plain(const struct settings *settings, rd_kafka_type_t type,
                                  struct error *error)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    if (fill(conf, settings, type, error))
        return conf;
    rd_kafka_conf_destroy(conf);
    return NULL;
}

rd_kafka_conf_t *kafka_conf_consumer(const struct settings *settings, struct error *error)
{
    char instance_id[KAFKA_INSTANCE_ID_SIZE];
    kafka_instance_id(settings, instance_id);
    rd_kafka_conf_t *conf = kafka_conf_plain(settings, RD_KAFKA_CONSUMER, error);
    if (conf != NULL && set(conf, "group.id", settings->kafka.group, error) &&
        set(conf, "group.instance.id", instance_id, error))
        return conf;
    if (conf != NULL)
        rd_kafka_conf_destroy(conf);
    return NULL;
}

rd_kafka_conf_t *kafka_conf_producer(const struct settings *settings, struct error *error)
{
    rd_kafka_conf_t *conf = kafka_conf_plain(settings, RD_KAFKA_PRODUCER, error);
    if (conf == NULL || settings->kafka.delivery != DELIVERY_EXACTLY_ONCE)
        return conf;
    char instance_id[KAFKA_INSTANCE_ID_SIZE], transactional_id[2 * KAFKA_INSTANCE_ID_SIZE];
    kafka_instance_id(settings, instance_id);
    (void)snprintf(transactional_id, sizeof transactional_id, "%.249s-%s", settings->kafka.group,
                   instance_id);
    /* 10 s is what Kafka Streams uses: a crashed worker's transaction stands in nobody's way for
     * longer. */
    if (set(conf, "transactional.id", transactional_id, error) &&
        set(conf, "transaction.timeout.ms", "10000", error))
        return conf;
    rd_kafka_conf_destroy(conf);
    return NULL;
}

rd_kafka_t *kafka_create(rd_kafka_type_t type, rd_kafka_conf_t *conf, struct error *error)
{
    char reason[REASON_SIZE] = "";
    rd_kafka_t *rk = rd_kafka_new(type, conf, reason, sizeof reason);
    if (rk == NULL) {
        rd_kafka_conf_destroy(conf);
        error_set(error, "kafka: librdkafka refuses these settings: %s", reason);
    }
    return rk;
}

void kafka_explain(const struct settings *settings, rd_kafka_resp_err_t code, const char *reason,
                   char ret[ERROR_TEXT_SIZE])
{
    const char *look_at = "is it up, are host and port right, and does security.protocol in "
                          "kafka.librdkafka fit the port?";
    if (code == RD_KAFKA_RESP_ERR__SSL)
        look_at = "look at the host name there, and at ssl.ca.location in kafka.librdkafka";
    else if (code == RD_KAFKA_RESP_ERR__RESOLVE)
        look_at = "is the host name right?";
    (void)snprintf(ret, ERROR_TEXT_SIZE, "kafka.brokers: cannot reach %.80s: %.270s; %s",
                   settings->kafka.brokers, reason, look_at);
}

void kafka_explain_fence(const struct settings *settings, char ret[ERROR_TEXT_SIZE])
{
    char instance_id[KAFKA_INSTANCE_ID_SIZE];
    kafka_instance_id(settings, instance_id);
    (void)snprintf(ret, ERROR_TEXT_SIZE,
                   "another worker uses kafka.instance_id \"%s\" in group \"%s\" (give each "
                   "its own), or the brokers stood still for longer than session.timeout.ms "
                   "(start again)",
                   instance_id, settings->kafka.group);
}

int kafka_explain_message(const rd_kafka_message_t *message, bool first, char ret[ERROR_TEXT_SIZE])
{
    const char *topic = message->rkt != NULL ? rd_kafka_topic_name(message->rkt) : "";
    if (message->err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET) {
        (void)snprintf(ret, ERROR_TEXT_SIZE,
                       "partition %" PRId32 " of %s: the group's offset is not in the log (any "
                       "more): records were removed unanswered, or the log was cut; find out "
                       "which, then set the offset with kafka-consumer-groups --reset-offsets "
                       "(%s)",
                       message->partition, topic, rd_kafka_message_errstr(message));
        return 78;
    }
    if (message->err == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED && first) {
        (void)snprintf(ret, ERROR_TEXT_SIZE,
                       "kafka.requests_topic: this user may not read %s; give it the right Read",
                       topic);
        return 77;
    }
    return 0;
}
