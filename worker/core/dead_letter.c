#include "worker/core/reply.h"
#include "worker/core/reply_members.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* What tells where a record came from first. On one that was replayed they stay as they are. */
static const char original_topic[] = "kafka_dlt-original-topic";

/* What tells how a pass ended: an earlier pass's are replaced. A name that ends in `-` stands for
 * all that begin so. */
static const char *const replaced[] = {
    "kafka_dlt-exception-", "kafka_dlt-key-exception-", "usher-outcome",
    "usher-error-",         "usher-attempts",
};

enum {
    FQCN_SIZE = sizeof "usher." + FAULT_CODE_MAX,
    CALLS_SIZE = sizeof "4294967295",
    SHA256_SIZE = 64 + 1, /* in hex */
    TEXT_SIZE =
        FQCN_SIZE + FAULT_CODE_MAX + FAULT_MESSAGE_MAX + 4 + 8 + 8 + CALLS_SIZE + SHA256_SIZE,
};

bool dead_letter_is_due(const struct request *rq)
{
    enum answer answer = rq->stored != NULL ? rq->stored_answer : rq->answer;
    bool needs_a_person =
        answer == ANSWER_FAILED || answer == ANSWER_UNKNOWN || rq->event.worth == EVENT_UNREADABLE;
    return needs_a_person && !rq->duplicate;
}

static bool starts_with(struct str text, const char *start)
{
    size_t size = strlen(start);
    return text.size >= size && memcmp(text.data, start, size) == 0;
}

static bool is_replaced(const struct header *header)
{
    for (size_t i = 0; i < sizeof replaced / sizeof *replaced; i++) {
        bool is_prefix = replaced[i][strlen(replaced[i]) - 1] == '-';
        if (is_prefix ? starts_with(header->name, replaced[i]) : str_is(header->name, replaced[i]))
            return true;
    }
    return false;
}

/* The record's headers less those that are replaced, in their order; no more than `most` bytes of
 * them. */
static bool keep_headers(const struct record *record, size_t most, struct message *message)
{
    if (record->header_count == 0)
        return true;
    struct header *kept = calloc(record->header_count, sizeof *kept);
    if (kept == NULL)
        return false;
    for (size_t i = 0; i < record->header_count; i++) {
        const struct header *header = &record->headers[i];
        size_t size = header->name.size + header->value.size;
        if (is_replaced(header) || size > most)
            continue;
        most -= size;
        kept[message->kept_count++] = *header;
    }
    message->kept = message->memory->kept = kept;
    return true;
}

static struct str big_endian(struct arena *arena, int64_t value, size_t size)
{
    char *bytes = arena_take(arena, size);
    for (size_t i = size; i-- > 0; value = (int64_t)((uint64_t)value >> 8))
        bytes[i] = (char)(value & 0xFF);
    return (struct str){bytes, size};
}

static void add_original(struct message *message, struct arena *arena, const struct record *record,
                         const char *group)
{
    if (record_header(record, original_topic) != NULL)
        return;
    const char *timestamp_type = record->timestamp_ms < 0       ? "NoTimestampType"
                                 : record->timestamp_is_brokers ? "LogAppendTime"
                                                                : "CreateTime";
    message_add(message, original_topic, str_of(record->topic));
    message_add(message, "kafka_dlt-original-partition", big_endian(arena, record->partition, 4));
    message_add(message, "kafka_dlt-original-offset", big_endian(arena, record->offset, 8));
    message_add(message, "kafka_dlt-original-timestamp",
                big_endian(arena, record->timestamp_ms, 8));
    message_add(message, "kafka_dlt-original-timestamp-type", str_of(timestamp_type));
    message_add(message, "kafka_dlt-original-consumer-group", str_of(group));
}

static struct str print(struct arena *arena, const char *before, const char *text)
{
    size_t size = strlen(before) + strlen(text) + 1;
    char *copy = arena_take(arena, size);
    snprintf(copy, size, "%s%s", before, text);
    return str_of(copy);
}

static void add_answer(struct message *message, struct arena *arena,
                       const struct reply_facts *facts)
{
    const struct fault *fault = &facts->fault;
    struct str text = print(arena, "", fault->message);
    char calls[CALLS_SIZE];
    snprintf(calls, sizeof calls, "%u", facts->calls);
    message_add(message, "kafka_dlt-exception-fqcn", print(arena, "usher.", fault->code));
    message_add(message, "kafka_dlt-exception-message", text);
    message_add(message, "usher-outcome", str_of(answer_name(facts->answer)));
    message_add(message, "usher-error-stage", str_of(stage_name(fault->stage)));
    message_add(message, "usher-error-code", print(arena, "", fault->code));
    message_add(message, "usher-error-message", text);
    message_add(message, "usher-attempts", print(arena, "", calls));
}

/* One that was cut in an earlier pass keeps the hash of what was whole. */
static void cut(struct message *message, struct arena *arena, const struct record *record,
                const char *sha256)
{
    if (message->value.size > BRIEF_BYTES_MAX)
        message->value.size = BRIEF_BYTES_MAX;
    if (message->key.size > BRIEF_BYTES_MAX)
        message->key = (struct str){0};
    if (record_header(record, "usher-truncated") != NULL)
        return;
    assert(strlen(sha256) < SHA256_SIZE);
    message_add(message, "usher-value-sha256", print(arena, "", sha256));
    message_add(message, "usher-truncated", str_of("true"));
}

bool dead_letter_make(const struct request *rq, const struct reply_settings *settings,
                      const char *truncated_sha256, struct message *ret)
{
    const struct record *record = &rq->record;
    struct reply_facts facts = {0};
    struct arena arena;
    size_t headers_max = truncated_sha256 != NULL ? BRIEF_BYTES_MAX : SIZE_MAX;
    *ret = (struct message){0};
    if (!reply_facts_read(rq, &facts) || !message_init(ret, TEXT_SIZE, &arena))
        return false;
    if (!keep_headers(record, headers_max, ret)) {
        message_finish(ret);
        return false;
    }
    ret->topic = settings->dead_letters_topic;
    ret->partition = record->partition;
    ret->timestamp_ms = record->timestamp_ms > 0 ? record->timestamp_ms : 0;
    ret->key = record->key;
    ret->value = record->value;
    add_original(ret, &arena, record, settings->group);
    add_answer(ret, &arena, &facts);
    if (truncated_sha256 != NULL)
        cut(ret, &arena, record, truncated_sha256);
    return true;
}
