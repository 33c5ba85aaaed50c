#include "config/reserved.h"

#include <string.h>

#define COMMITS      "it commits what is answered, with the replies"
#define BROKERS      "set kafka.brokers"
#define INSTANCE     "set kafka.instance_id"
#define PLACES       "it starts at the committed offset, a new group at the earliest record"
#define GROUPS       "it is built on cooperative rebalancing of the classic protocol"
#define TRANSACTIONS "exactly one committed reply rests on it; kafka.delivery chooses"
#define CALLBACKS    "it is a function inside the program, not a value"
#define MOCK         "it would put pretended brokers in the place of yours; usher demo does that"

const struct reserved_property reserved_properties[] = {
    {"acks", TRANSACTIONS},
    {"allow.auto.create.topics", "a missing topic is an error that names it"},
    {"auto.commit.enable", COMMITS},
    {"auto.commit.interval.ms", COMMITS},
    {"auto.offset.reset", PLACES},
    {"background_event_cb", CALLBACKS},
    {"bootstrap.servers", BROKERS},
    {"closesocket_cb", CALLBACKS},
    {"connect_cb", CALLBACKS},
    {"consume_cb", CALLBACKS},
    {"default_topic_conf", CALLBACKS},
    {"delivery.report.only.error", TRANSACTIONS},
    {"delivery.timeout.ms", "it must stay below the time of a transaction"},
    {"dr_cb", CALLBACKS},
    {"dr_msg_cb", CALLBACKS},
    {"enable.auto.commit", COMMITS},
    {"enable.auto.offset.store", COMMITS},
    {"enable.gapless.guarantee", TRANSACTIONS},
    {"enable.idempotence", TRANSACTIONS},
    {"enable.partition.eof", "it takes the end of a partition for silence, not for a record"},
    {"enabled_events", CALLBACKS},
    {"error_cb", CALLBACKS},
    {"group.id", "set kafka.group"},
    {"group.instance.id", INSTANCE},
    {"group.protocol", GROUPS},
    {"group.protocol.type", GROUPS},
    {"group.remote.assignor", GROUPS},
    {"interceptors", CALLBACKS},
    {"isolation.level", "it must not read requests of a transaction that was given up"},
    {"log.queue", "it writes librdkafka's lines into its own log"},
    {"log_cb", CALLBACKS},
    {"message.timeout.ms", "it must stay below the time of a transaction"},
    {"metadata.broker.list", BROKERS},
    {"msg_order_cmp", CALLBACKS},
    {"oauthbearer_token_refresh_cb", CALLBACKS},
    {"offset.store.method", COMMITS},
    {"offset.store.path", COMMITS},
    {"offset.store.sync.interval.ms", COMMITS},
    {"offset_commit_cb", CALLBACKS},
    {"opaque", CALLBACKS},
    {"open_cb", CALLBACKS},
    {"partition.assignment.strategy", GROUPS},
    {"partitioner_cb", CALLBACKS},
    {"plugin.library.paths", "it loads no foreign code into a program that grants access"},
    {"rebalance_cb", CALLBACKS},
    {"request.required.acks", TRANSACTIONS},
    {"resolve_cb", CALLBACKS},
    {"socket_cb", CALLBACKS},
    {"ssl.certificate.verify_cb", CALLBACKS},
    {"ssl_engine_callback_data", CALLBACKS},
    {"statistics.interval.ms", "it reads the statistics itself; /metrics has them"},
    {"stats_cb", CALLBACKS},
    {"test.mock.broker.rtt", MOCK},
    {"test.mock.num.brokers", MOCK},
    {"throttle_cb", CALLBACKS},
    {"transaction.timeout.ms", "the watchdog of the transactions counts on it"},
    {"transactional.id", INSTANCE},
};
const size_t reserved_properties_count = sizeof reserved_properties / sizeof reserved_properties[0];

const char *property_reserved(const char *name)
{
    for (size_t i = 0; i < reserved_properties_count; i++) {
        if (strcmp(reserved_properties[i].name, name) == 0) {
            return reserved_properties[i].reason;
        }
    }
    return NULL;
}

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text);
    size_t end_length = strlen(end);
    return length >= end_length && strcmp(text + length - end_length, end) == 0;
}

bool property_is_secret(const char *name)
{
    static const char *const secrets[] = {"password", "passphrase", "secret",
                                          "token",    "key",        "oauthbearer.config"};
    static const char *const places[] = {".location", ".file", ".keytab", ".url"};

    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        if (ends_with(name, places[i])) {
            return false;
        }
    }
    for (size_t i = 0; i < sizeof secrets / sizeof secrets[0]; i++) {
        if (strstr(name, secrets[i]) != NULL) {
            return true;
        }
    }
    return false;
}
