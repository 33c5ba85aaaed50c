#include "worker/io/dead_letter_read.h"

#include "worker/io/kafka_record.h"

#include <inttypes.h>
#include <stdlib.h>
#include <time.h>

/* DEAD: its place in kafka_topics. A transaction that wrote one letter leaves a marker behind it.
 */
enum { DEAD = 2, POLL_MS = 100, OFFSETS_A_LETTER = 2 };

/* One reading of the list. */
struct reading {
    struct letter_reader *reader;
    struct letter_list *list;
    size_t room; /* in list->rows */
    rd_kafka_topic_partition_list_t *ends, *replays;
    int64_t *at; /* of each partition: what comes next */
};

static int64_t clock_ms(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool refuse(struct kafka_refusal *refusal, int exit_code)
{
    refusal->exit_code = exit_code;
    return false;
}

static bool no_memory(struct kafka_refusal *refusal)
{
    error_set(&refusal->error, "no memory for the list of dead letters");
    return refuse(refusal, 70);
}

/* Waiting makes no sense any more: false, and why. */
static bool may_wait(const struct letter_reader *reader, int64_t since_ms,
                     struct kafka_refusal *refusal)
{
    if (atomic_load(reader->stop)) {
        error_set(&refusal->error, "the worker is leaving");
        return refuse(refusal, 75);
    }
    if (clock_ms(CLOCK_MONOTONIC) - since_ms < LETTERS_STALL_MS)
        return true;
    const char *trouble = reader->client.trouble;
    error_set(&refusal->error, "%s: its records did not come within %d s: %.200s",
              reader->settings->kafka.dead_letters_topic, LETTERS_STALL_MS / 1000,
              trouble[0] != '\0' ? trouble : "a transaction may be open there; look again later");
    return refuse(refusal, 69);
}

/* ---- life ------------------------------------------------------------------------------------ */

bool letter_reader_init(struct letter_reader *reader, const struct settings *settings,
                        const atomic_bool *stop, struct kafka_refusal *ret_refusal)
{
    reader->settings = settings;
    reader->stop = stop;
    return audit_client_init(&reader->client, settings, stop, ret_refusal);
}

void letter_reader_finish(struct letter_reader *reader)
{
    audit_client_finish(&reader->client);
}

void letter_list_finish(struct letter_list *list)
{
    free(list->rows);
    *list = (struct letter_list){0};
}

struct letter *letter_list_find(const struct letter_list *list, struct audit_origin place)
{
    for (size_t i = 0; i < list->count; i++) {
        struct letter *letter = &list->rows[i];
        if (letter->partition == place.partition && letter->offset == place.offset)
            return letter;
    }
    return NULL;
}

/* ---- the list -------------------------------------------------------------------------------- */

static bool assign(struct letter_reader *reader, const rd_kafka_topic_partition_list_t *list,
                   struct kafka_refusal *refusal)
{
    rd_kafka_resp_err_t code = rd_kafka_assign(reader->client.rk, list);
    return code == RD_KAFKA_RESP_ERR_NO_ERROR ||
           audit_client_refuse(&reader->client, code, "read the dead letters", refusal);
}

/* From where to where: `low` becomes the offsets to begin with. */
static void plan(struct reading *run, rd_kafka_topic_partition_list_t *low)
{
    int64_t share = low->cnt > 0 ? LETTERS_MAX / low->cnt : 0;
    int64_t most = (share > 1 ? share : 1) * OFFSETS_A_LETTER;
    for (int i = low->cnt - 1; i >= 0; i--) {
        rd_kafka_topic_partition_t *from = &low->elems[i];
        int64_t end = run->ends->elems[i].offset;
        if (end - from->offset > most) {
            from->offset = end - most;
            run->list->is_partial = true;
        }
        run->at[i] = from->offset;
        run->room += end > from->offset ? (size_t)(end - from->offset) : 0;
        if (end <= from->offset)
            rd_kafka_topic_partition_list_del_by_idx(low, i);
    }
}

static bool take(struct reading *run, const rd_kafka_message_t *message)
{
    struct letter_list *list = run->list;
    const char *topic = run->reader->settings->kafka.dead_letters_topic;
    struct record record;
    struct audit_origin replayed;
    run->at[message->partition] = message->offset + 1;
    if (message->offset >= run->ends->elems[message->partition].offset || list->count == run->room)
        return true;
    if (!kafka_record_make(message, topic, &record))
        return false;
    letter_read(&record, &list->rows[list->count++]);
    if (letter_replay_of(&record, topic, &replayed))
        rd_kafka_topic_partition_list_add(run->replays, topic, replayed.partition)->offset =
            replayed.offset;
    kafka_record_finish(&record);
    return true;
}

static bool is_done(const struct reading *run)
{
    for (int i = 0; i < run->ends->cnt; i++) {
        if (run->at[i] < run->ends->elems[i].offset)
            return false;
    }
    return true;
}

static bool read_records(struct reading *run, struct kafka_refusal *refusal)
{
    struct letter_reader *reader = run->reader;
    int64_t since_ms = clock_ms(CLOCK_MONOTONIC);
    bool good = true;
    while (good && !is_done(run)) {
        rd_kafka_message_t *message = rd_kafka_consumer_poll(reader->client.rk, POLL_MS);
        if (message == NULL) {
            good = may_wait(reader, since_ms, refusal);
            continue;
        }
        if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
            good = take(run, message) || no_memory(refusal);
            since_ms = clock_ms(CLOCK_MONOTONIC);
        } else if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
            run->at[message->partition] = message->offset; /* markers are no messages */
        } else if (message->err == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED ||
                   message->err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET) {
            good = audit_client_refuse(&reader->client, message->err, "read the dead letters",
                                       refusal);
        }
        rd_kafka_message_destroy(message);
        good = good && may_wait(reader, since_ms, refusal);
    }
    return good;
}

static int newest_first(const void *a, const void *b)
{
    const struct letter *x = a, *y = b;
    if (x->timestamp_ms != y->timestamp_ms)
        return x->timestamp_ms < y->timestamp_ms ? 1 : -1;
    if (x->partition != y->partition)
        return x->partition < y->partition ? -1 : 1;
    return x->offset < y->offset ? 1 : -1;
}

static void put_in_order(struct reading *run)
{
    struct letter_list *list = run->list;
    for (int i = 0; i < run->replays->cnt; i++) {
        const rd_kafka_topic_partition_t *replay = &run->replays->elems[i];
        struct letter *letter =
            letter_list_find(list, (struct audit_origin){replay->partition, replay->offset});
        if (letter != NULL)
            letter->replayed = true;
    }
    qsort(list->rows, list->count, sizeof *list->rows, newest_first);
    if (list->count > LETTERS_MAX) {
        list->count = LETTERS_MAX;
        list->is_partial = true;
    }
    list->read_wall_ms = clock_ms(CLOCK_REALTIME);
}

static bool read_list(struct reading *run, struct kafka_refusal *refusal)
{
    struct audit_client *client = &run->reader->client;
    rd_kafka_topic_partition_list_t *low = audit_client_partitions(&client->topics.items[DEAD]);
    bool good = audit_client_ends(client, low, AUDIT_END_LOW, refusal) &&
                audit_client_ends(client, run->ends, AUDIT_END_STABLE, refusal);
    if (good) {
        plan(run, low);
        run->list->rows = calloc(run->room + 1, sizeof *run->list->rows);
        good = run->list->rows != NULL ? assign(run->reader, low, refusal) : no_memory(refusal);
    }
    rd_kafka_topic_partition_list_destroy(low);
    good = good && read_records(run, refusal);
    (void)rd_kafka_assign(client->rk, NULL);
    if (good)
        put_in_order(run);
    else
        letter_list_finish(run->list);
    return good;
}

bool letter_reader_list(struct letter_reader *reader, struct letter_list *ret,
                        struct kafka_refusal *ret_refusal)
{
    struct reading run = {.reader = reader, .list = ret};
    *ret = (struct letter_list){0};
    run.ends = audit_client_partitions(&reader->client.topics.items[DEAD]);
    run.replays = rd_kafka_topic_partition_list_new(0);
    run.at = calloc((size_t)run.ends->cnt + 1, sizeof *run.at);
    bool good = run.at != NULL ? read_list(&run, ret_refusal) : no_memory(ret_refusal);
    rd_kafka_topic_partition_list_destroy(run.ends);
    rd_kafka_topic_partition_list_destroy(run.replays);
    free(run.at);
    return good;
}

/* ---- one of them ----------------------------------------------------------------------------- */

static bool is_gone(struct kafka_refusal *refusal)
{
    error_set(&refusal->error, "it is not in the topic (any more)");
    return refuse(refusal, 66);
}

static bool fetch(struct letter_reader *reader, struct audit_origin place, struct record *ret,
                  struct kafka_refusal *refusal)
{
    int64_t since_ms = clock_ms(CLOCK_MONOTONIC);
    while (may_wait(reader, since_ms, refusal)) {
        rd_kafka_message_t *message = rd_kafka_consumer_poll(reader->client.rk, POLL_MS);
        if (message == NULL)
            continue;
        rd_kafka_resp_err_t code = message->err;
        bool good = code == RD_KAFKA_RESP_ERR_NO_ERROR && message->offset == place.offset;
        if (good)
            good = kafka_record_make(message, reader->settings->kafka.dead_letters_topic, ret) ||
                   no_memory(refusal);
        else if (code == RD_KAFKA_RESP_ERR_NO_ERROR || code == RD_KAFKA_RESP_ERR__PARTITION_EOF ||
                 code == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET)
            good = is_gone(refusal);
        else if (code == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED)
            audit_client_refuse(&reader->client, code, "read the dead letters", refusal);
        else
            code = RD_KAFKA_RESP_ERR__IN_PROGRESS; /* passing: the stall ends it */
        rd_kafka_message_destroy(message);
        if (code != RD_KAFKA_RESP_ERR__IN_PROGRESS)
            return good;
    }
    return false;
}

bool letter_reader_fetch(struct letter_reader *reader, struct audit_origin place,
                         struct record *ret, struct kafka_refusal *ret_refusal)
{
    const struct kafka_topic *topic = &reader->client.topics.items[DEAD];
    *ret = (struct record){0};
    if (place.partition < 0 || place.partition >= topic->partitions || place.offset < 0)
        return is_gone(ret_refusal);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, topic->name, place.partition)->offset = place.offset;
    bool good = assign(reader, list, ret_refusal) && fetch(reader, place, ret, ret_refusal);
    rd_kafka_topic_partition_list_destroy(list);
    (void)rd_kafka_assign(reader->client.rk, NULL);
    return good;
}
