#include "worker/io/audit_read.h"

#include "worker/io/committed.h"
#include "worker/io/kafka_record.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    REQUESTS = 0, /* in kafka_topics: then the default reply topic, */
    LETTERS = 2,  /* the dead letters, and more reply topics */
    POLL_MS = 100,
    PROGRESS_RECORDS = 4096,
    COMMIT_WAIT_MS = 5000, /* at-least-once: how long offsets may lag behind their replies */
    COMMIT_PAUSE_MS = 200,
};

/* A partition that is read from `low` to `end`. */
struct span {
    int64_t low, end, at;
    bool begun; /* its first record was seen */
};

struct topic {
    const char *name;
    struct span *spans;
    int count;
};

struct run {
    const struct audit_reading *reading;
    struct audit_client client;
    struct topic *topics; /* as in client.topics; a name that stands twice is empty there */
    struct kafka_refusal *refusal;
    uint64_t done, total;
};

typedef void take_record(struct audit *audit, const struct record *record);

static int64_t clock_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool refuse(struct run *run, int exit_code)
{
    run->refusal->exit_code = exit_code;
    return false;
}

static bool no_memory(struct run *run)
{
    error_set(&run->refusal->error, "out of memory");
    return refuse(run, 70);
}

/* ---- what is committed ----------------------------------------------------------------------- */

static bool open_ledger(struct run *run, const rd_kafka_topic_partition_t *committed,
                        struct ledger *ledger)
{
    char *metadata = committed_metadata(committed);
    if (metadata == NULL)
        return no_memory(run);
    int64_t offset = committed->offset >= 0 ? committed->offset : 0; /* a group that is new */
    struct witness witness;                                          /* of Redis: for a worker */
    enum ledger_metadata state = ledger_open(ledger, offset, metadata, &witness);
    free(metadata);
    if (state == LEDGER_METADATA_OK || state == LEDGER_METADATA_ABSENT)
        return true;
    error_set(&run->refusal->error,
              "partition %" PRId32 " of %s: the metadata of the group's offset is %s",
              committed->partition, committed->topic,
              state == LEDGER_METADATA_NEWER ? "of a newer version; audit with that version"
                                             : "damaged; no worker takes this partition either");
    return refuse(run, 78);
}

/* Into `before` or `after` of all partitions. */
static bool read_committed(struct run *run, bool is_after)
{
    struct audit *audit = run->reading->audit;
    rd_kafka_topic_partition_list_t *list =
        audit_client_partitions(&run->client.topics.items[REQUESTS]);
    bool good = audit_client_committed(&run->client, list, run->refusal);
    for (int i = 0; good && i < list->cnt; i++) {
        struct audit_partition *partition = &audit->partitions[list->elems[i].partition];
        good = open_ledger(run, &list->elems[i], is_after ? &partition->after : &partition->before);
    }
    rd_kafka_topic_partition_list_destroy(list);
    return good;
}

static bool read_committed_after(struct run *run)
{
    int64_t until_ms = clock_ms() + COMMIT_WAIT_MS;
    bool lags = run->reading->settings->kafka.delivery == DELIVERY_AT_LEAST_ONCE;
    while (read_committed(run, true)) {
        if (!lags || clock_ms() >= until_ms || !audit_is_ahead(run->reading->audit))
            return true;
        usleep(COMMIT_PAUSE_MS * 1000);
    }
    return false;
}

/* ---- from where to where --------------------------------------------------------------------- */

static bool read_ends(struct run *run, size_t number, enum audit_end end)
{
    struct topic *topic = &run->topics[number];
    if (topic->count == 0)
        return true;
    rd_kafka_topic_partition_list_t *list =
        audit_client_partitions(&run->client.topics.items[number]);
    bool good = audit_client_ends(&run->client, list, end, run->refusal);
    for (int i = 0; good && i < list->cnt; i++) {
        struct span *span = &topic->spans[list->elems[i].partition];
        *(end == AUDIT_END_LOW ? &span->low : &span->end) = list->elems[i].offset;
        span->at = span->low;
    }
    rd_kafka_topic_partition_list_destroy(list);
    return good;
}

/* The low ends before all else: what is deleted from there on is noticed as it is read. */
static bool read_all_ends(struct run *run)
{
    size_t count = run->client.topics.count;
    bool good = true;
    for (size_t i = 0; good && i < count; i++)
        good = read_ends(run, i, AUDIT_END_LOW);
    good = good && read_committed(run, false);
    for (size_t i = 1; good && i < count; i++)
        good = read_ends(run, i, AUDIT_END_HIGH);
    good = good && read_ends(run, REQUESTS, AUDIT_END_STABLE);
    for (size_t i = 0; good && i < count; i++) {
        for (int p = 0; p < run->topics[i].count; p++) {
            const struct span *span = &run->topics[i].spans[p];
            run->total += span->end > span->low ? (uint64_t)(span->end - span->low) : 0;
        }
    }
    return good;
}

static bool open_partitions(struct run *run)
{
    const struct topic *requests = &run->topics[REQUESTS], *letters = &run->topics[LETTERS];
    struct audit *audit = run->reading->audit;
    for (int i = 0; i < letters->count; i++)
        audit->letters_deleted = audit->letters_deleted || letters->spans[i].low > 0;
    for (int i = 0; i < requests->count; i++) {
        const struct span *span = &requests->spans[i];
        if (!audit_open_partition(audit, i, span->low, span->end, &run->refusal->error))
            return refuse(run, 78);
    }
    return true;
}

/* ---- reading --------------------------------------------------------------------------------- */

static void advance(struct run *run, struct span *span, int64_t to)
{
    uint64_t before = run->done;
    if (to > span->end)
        to = span->end;
    if (to > span->at) {
        run->done += (uint64_t)(to - span->at);
        span->at = to;
    }
    if (before / PROGRESS_RECORDS != run->done / PROGRESS_RECORDS)
        run->reading->on_progress(run->reading->context, run->done, run->total);
}

/* Where replies were deleted: those that are left are younger than what is gone. */
static void take_first(struct run *run, size_t number, struct span *span, int64_t timestamp_ms)
{
    struct audit *audit = run->reading->audit;
    bool is_replies = number != REQUESTS && number != LETTERS;
    if (timestamp_ms < 0)
        timestamp_ms = INT64_MAX; /* it does not say: from any time */
    if (!span->begun && is_replies && span->low > 0 && timestamp_ms > audit->replies_from_ms)
        audit->replies_from_ms = timestamp_ms;
    span->begun = true;
}

static bool take(struct run *run, size_t number, const rd_kafka_message_t *message)
{
    take_record *const takers[] = {audit_take_request, audit_take_reply, audit_take_letter};
    struct topic *topic = &run->topics[number];
    struct span *span = &topic->spans[message->partition];
    if (message->offset < span->end) {
        struct record record;
        if (!kafka_record_make(message, topic->name, &record))
            return no_memory(run);
        take_first(run, number, span, record.timestamp_ms);
        takers[number > LETTERS ? 1 : number](run->reading->audit, &record);
        kafka_record_finish(&record);
    }
    advance(run, span, message->offset + 1);
    return true;
}

static bool take_error(struct run *run, size_t number, const rd_kafka_message_t *message)
{
    const struct topic *topic = &run->topics[number];
    switch (message->err) {
    case RD_KAFKA_RESP_ERR__PARTITION_EOF: /* markers at the end are no messages */
        advance(run, &topic->spans[message->partition], message->offset);
        return true;
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
        error_set(&run->refusal->error,
                  "partition %" PRId32 " of %s: records were deleted before they were read; audit "
                  "again",
                  message->partition, topic->name);
        return refuse(run, 75);
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
        return audit_client_refuse(&run->client, message->err, "read a topic", run->refusal);
    default: /* passing: the stall ends it */
        return true;
    }
}

static bool is_done(const struct topic *topic)
{
    for (int i = 0; i < topic->count; i++) {
        if (topic->spans[i].at < topic->spans[i].end)
            return false;
    }
    return true;
}

static bool give_up(struct run *run, const struct topic *topic)
{
    int i = 0;
    while (topic->spans[i].at >= topic->spans[i].end)
        i++;
    const char *trouble = run->client.trouble;
    error_set(&run->refusal->error,
              "partition %d of %s: offsets %" PRId64 " to %" PRId64 " did not come within %d s: "
              "%.200s",
              i, topic->name, topic->spans[i].at, topic->spans[i].end - 1, AUDIT_STALL_MS / 1000,
              trouble[0] != '\0' ? trouble
                                 : "a transaction must be open there; look with "
                                   "kafka-transactions.sh find-hanging");
    return refuse(run, 69);
}

static bool read_records(struct run *run, size_t number)
{
    struct topic *topic = &run->topics[number];
    int64_t progress_ms = clock_ms();
    bool good = true;
    while (good && !is_done(topic)) {
        uint64_t before = run->done;
        rd_kafka_message_t *message = rd_kafka_consumer_poll(run->client.rk, POLL_MS);
        if (message != NULL) {
            good = message->err == RD_KAFKA_RESP_ERR_NO_ERROR ? take(run, number, message)
                                                              : take_error(run, number, message);
            rd_kafka_message_destroy(message);
        }
        if (run->done != before)
            progress_ms = clock_ms();
        else if (clock_ms() - progress_ms > AUDIT_STALL_MS)
            good = give_up(run, topic);
    }
    return good;
}

/* One topic from end to end. */
static bool read_topic(struct run *run, size_t number)
{
    const struct topic *topic = &run->topics[number];
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(topic->count);
    for (int i = 0; i < topic->count; i++) {
        if (topic->spans[i].at < topic->spans[i].end)
            rd_kafka_topic_partition_list_add(list, topic->name, i)->offset = topic->spans[i].low;
    }
    rd_kafka_resp_err_t code = rd_kafka_assign(run->client.rk, list);
    rd_kafka_topic_partition_list_destroy(list);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
        return audit_client_refuse(&run->client, code, "read a topic", run->refusal);
    if (!read_records(run, number))
        return false;
    (void)rd_kafka_assign(run->client.rk, NULL);
    return true;
}

/* All replies of a partition are deleted: those may have been of a moment ago. */
static void note_empty(struct run *run)
{
    for (size_t i = 1; i < run->client.topics.count; i++) {
        for (int p = 0; i != LETTERS && p < run->topics[i].count; p++) {
            const struct span *span = &run->topics[i].spans[p];
            if (!span->begun && span->low > 0)
                run->reading->audit->replies_from_ms = INT64_MAX;
        }
    }
}

static bool read_all(struct run *run)
{
    if (!read_all_ends(run) || !open_partitions(run))
        return false;
    for (size_t i = 1; i < run->client.topics.count; i++) {
        if (!read_topic(run, i))
            return false;
    }
    note_empty(run);
    return read_committed_after(run) && read_topic(run, REQUESTS);
}

/* ---- life ------------------------------------------------------------------------------------ */

static bool stands_before(const struct kafka_topics *topics, size_t number)
{
    for (size_t i = 0; i < number; i++) {
        if (strcmp(topics->items[i].name, topics->items[number].name) == 0)
            return true;
    }
    return false;
}

static bool open_topics(struct run *run)
{
    const struct kafka_topics *topics = &run->client.topics;
    const struct settings *settings = run->reading->settings;
    struct audit_names names = {settings->kafka.requests_topic, settings->kafka.group};
    run->topics = calloc(topics->count, sizeof *run->topics);
    if (run->topics == NULL ||
        !audit_init(run->reading->audit, &names, (size_t)topics->items[REQUESTS].partitions))
        return no_memory(run);
    for (size_t i = 0; i < topics->count; i++) {
        int count = stands_before(topics, i) ? 0 : topics->items[i].partitions;
        run->topics[i] = (struct topic){topics->items[i].name,
                                        calloc((size_t)count + 1, sizeof(struct span)), count};
        if (run->topics[i].spans == NULL)
            return no_memory(run);
    }
    return true;
}

static void finish(struct run *run)
{
    for (size_t i = 0; run->topics != NULL && i < run->client.topics.count; i++)
        free(run->topics[i].spans);
    free(run->topics);
    audit_client_finish(&run->client);
}

bool audit_read(const struct audit_reading *reading, struct kafka_refusal *ret_refusal)
{
    struct run run = {.reading = reading, .refusal = ret_refusal};
    bool good = audit_client_init(&run.client, reading->settings, NULL, ret_refusal) &&
                open_topics(&run) && read_all(&run);
    finish(&run);
    return good;
}
