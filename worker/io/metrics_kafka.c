/* What goes in from Kafka and out to it, in the words of OpenTelemetry, and the client itself. */
#include "worker/io/metrics_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* OpenTelemetry's word for an error that has no name of its own, and here for other topics too. */
#define OTHER "_OTHER"

static struct metrics_labels messaging(const char *operation, const char *topic, const char *group,
                                       const char *error)
{
    struct metrics_labels labels = {.size = 0};
    metrics_label(&labels, "messaging_system", "kafka");
    metrics_label(&labels, "messaging_operation_name", operation);
    metrics_label(&labels, "messaging_destination_name", topic);
    metrics_label(&labels, "messaging_consumer_group_name", group);
    metrics_label(&labels, "error_type", error);
    return labels;
}

static void render_consumed(const struct kafka_view *kafka, struct buffer *out)
{
    static const char name[] = "messaging_client_consumed_messages_total";
    const char *topic = kafka->settings->kafka.requests_topic,
               *group = kafka->settings->kafka.group;
    struct metrics_labels good = messaging("poll", topic, group, "");
    struct metrics_labels bad = messaging("poll", topic, group, OTHER);
    metrics_begin(out, name, "counter", "Records that were read; with error_type: errors instead");
    metrics_put_row(out, name, &good, (int64_t)(kafka->source.taken + kafka->source.skipped));
    metrics_put_row(out, name, &bad, (int64_t)kafka->source.errors);
}

/* How an answer ends the work on its record: with no error where what was asked for is so. */
static const char *error_of(enum answer answer)
{
    bool good =
        answer == ANSWER_SUBMITTED || answer == ANSWER_EXISTING || answer == ANSWER_VALIDATED;
    return good ? "" : answer_name(answer);
}

static void render_work(const struct metrics_view *view, struct buffer *out)
{
    static const char name[] = "messaging_process_duration_seconds";
    const struct settings *s = view->kafka.settings;
    const struct histogram *work = view->stats->work;
    struct histogram good = work[ANSWER_SUBMITTED];
    histogram_merge(&good, &work[ANSWER_EXISTING]);
    histogram_merge(&good, &work[ANSWER_VALIDATED]);
    metrics_begin(
        out, name, "histogram",
        "From when a record was taken in to its committed reply; error_type: the outcome");
    for (enum answer answer = ANSWER_VALIDATED; answer < ANSWER_COUNT; answer++) {
        struct metrics_labels labels =
            messaging("process", s->kafka.requests_topic, s->kafka.group, error_of(answer));
        metrics_put_histogram(out, name, &labels,
                              answer == ANSWER_VALIDATED ? &good : &work[answer], &process_bounds);
    }
}

static void put_sent(struct buffer *out, const char *topic, const char *error, uint64_t count)
{
    struct metrics_labels labels = messaging("send", topic, "", error);
    metrics_put_row(out, "messaging_client_sent_messages_total", &labels, (int64_t)count);
}

static void render_sent(const struct kafka_view *kafka, struct buffer *out)
{
    const struct settings *s = kafka->settings;
    metrics_begin(out, "messaging_client_sent_messages_total", "counter",
                  "Messages that were committed; with error_type: sent in vain, to be sent again");
    bool apart = strcmp(s->kafka.status_topic, s->kafka.replies_topic) != 0;
    put_sent(out, s->kafka.replies_topic, "",
             kafka->settle.replies - kafka->settle.elsewhere + (apart ? 0 : kafka->statuses));
    put_sent(out, s->kafka.dead_letters_topic, "", kafka->settle.dead_letters);
    if (s->kafka.reply_topics_allowed.count > 0)
        put_sent(out, OTHER, "", kafka->settle.elsewhere);
    if (s->follow.enabled && apart)
        put_sent(out, s->kafka.status_topic, "", kafka->statuses);
    put_sent(out, "", OTHER, kafka->settle.unsent);
}

static void render_operations(const struct kafka_view *kafka, struct buffer *out)
{
    static const char name[] = "messaging_client_operation_duration_seconds";
    const char *group = kafka->settings->kafka.group;
    metrics_begin(out, name, "histogram", "What a batch of replies and offsets took");
    for (int failed = 0; failed < 2; failed++) {
        const char *error = failed ? OTHER : "";
        struct metrics_labels send = messaging("send", "", group, error);
        struct metrics_labels commit = messaging("commit", "", group, error);
        metrics_put_histogram(out, name, &send, &kafka->settle.send[failed], &call_bounds);
        metrics_put_histogram(out, name, &commit, &kafka->settle.commit[failed], &call_bounds);
    }
}

/* ---- the client --------------------------------------------------------------------------- */

static struct metrics_labels place_of(const struct kafka_view *kafka, int32_t partition)
{
    struct metrics_labels labels = {.size = 0};
    char number[16] = OTHER;
    if (partition >= 0)
        snprintf(number, sizeof number, "%" PRId32, partition);
    metrics_label(&labels, "topic", kafka->settings->kafka.requests_topic);
    metrics_label(&labels, "partition", number);
    return labels;
}

static void render_places(const struct kafka_view *kafka, struct buffer *out)
{
    static const char lag[] = "usher_kafka_consumer_lag";
    static const char fetched[] = "usher_kafka_fetch_queue_messages";
    metrics_begin(out, lag, "gauge", "Records of our partitions that were not taken in yet");
    for (size_t i = 0; i < kafka->place_count; i++) {
        struct metrics_labels labels = place_of(kafka, kafka->places[i].partition);
        if (kafka->places[i].lag >= 0)
            metrics_put_row(out, lag, &labels, kafka->places[i].lag);
    }
    metrics_begin(out, fetched, "gauge", "Records that were fetched and wait in the client");
    for (size_t i = 0; i < kafka->place_count; i++) {
        struct metrics_labels labels = place_of(kafka, kafka->places[i].partition);
        metrics_put_row(out, fetched, &labels, (int64_t)kafka->places[i].fetched);
    }
}

static struct metrics_labels broker_of(const struct kafka_broker *broker)
{
    struct metrics_labels labels = {.size = 0};
    char number[16];
    snprintf(number, sizeof number, "%" PRId32, broker->id);
    metrics_label(&labels, "broker", number);
    return labels;
}

static void render_brokers(const struct kafka_stats *stats, struct buffer *out)
{
    static const char rtt[] = "usher_kafka_broker_rtt_seconds";
    static const char state[] = "usher_kafka_broker_state";
    metrics_begin(out, rtt, "gauge",
                  "How long 99 of 100 requests to a broker took at most, in its last 5 busy s");
    for (size_t i = 0; i < stats->count; i++) {
        struct metrics_labels labels = broker_of(&stats->brokers[i]);
        int64_t us = stats->brokers[i].rtt_us;
        if (us < 0)
            continue;
        metrics_put_name(out, rtt, &labels);
        buffer_print(out, "%" PRId64 ".%06" PRId64 "\n", us / 1000000, us % 1000000);
    }
    metrics_begin(out, state, "gauge", "1 while there is a connection to the broker, else 0");
    for (size_t i = 0; i < stats->count; i++) {
        struct metrics_labels labels = broker_of(&stats->brokers[i]);
        metrics_put_row(out, state, &labels, stats->brokers[i].up);
    }
}

static void render_transactions(const struct kafka_view *kafka, struct buffer *out)
{
    static const char name[] = "usher_kafka_transactions_total";
    struct metrics_labels committed = {.size = 0}, aborted = {.size = 0};
    metrics_label(&committed, "result", "committed");
    metrics_label(&aborted, "result", "aborted");
    metrics_begin(out, name, "counter", "Transactions of replies and offsets");
    metrics_put_row(out, name, &committed, (int64_t)kafka->settle.committed);
    metrics_put_row(out, name, &aborted, (int64_t)kafka->settle.aborted);
}

static void render_client(const struct kafka_view *kafka, struct buffer *out)
{
    metrics_put_one(out, "usher_kafka_assigned_partitions", "gauge",
                    "Partitions assigned to this worker", (int64_t)kafka->assigned);
    metrics_put_one(out, "usher_kafka_paused_partitions", "gauge",
                    "Partitions assigned to this worker of which it takes nothing in now",
                    (int64_t)kafka_view_paused(kafka));
    metrics_put_one(out, "usher_kafka_rebalances_total", "counter",
                    "Assignments and revocations of partitions, and losses",
                    (int64_t)kafka->source.rebalances);
    metrics_put_one(out, "usher_kafka_producer_queue_messages", "gauge",
                    "Messages of the batch that the producer has now",
                    (int64_t)kafka->settle.messages);
    render_transactions(kafka, out);
    metrics_put_one(out, "usher_kafka_orphaned_total", "counter",
                    "Times the group was joined again for partitions that nobody had",
                    (int64_t)kafka->source.orphaned);
    metrics_put_one(
        out, "usher_kafka_unreachable_total", "counter",
        "Times the brokers of the settings were asked anew, as none had answered for long",
        (int64_t)(kafka->source.resumed + kafka->settle.resumed));
}

void metrics_render_kafka(const struct metrics_view *view, struct buffer *out)
{
    render_consumed(&view->kafka, out);
    render_work(view, out);
    render_sent(&view->kafka, out);
    render_operations(&view->kafka, out);
    render_places(&view->kafka, out);
    if (view->kafka.source.kafka != NULL)
        render_brokers(view->kafka.source.kafka, out);
    render_client(&view->kafka, out);
}
