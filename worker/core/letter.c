#include "worker/core/letter.h"

#include "worker/core/utf8.h"

#include <stdio.h>

static struct str value_of(const struct record *record, const char *name)
{
    const struct header *header = record_header(record, name);
    return header != NULL ? header->value : (struct str){0};
}

/* Cut at a character; what is no UTF-8 becomes a question mark. */
static void copy(struct str text, char *ret, size_t size)
{
    size_t used = 0;
    for (size_t at = 0; text.data != NULL && at < text.size;) {
        size_t length = utf8_length(text.data + at, text.size - at);
        const char *from = length > 0 ? text.data + at : "?";
        size_t take = length > 0 ? length : 1;
        if (used + take >= size)
            break;
        memcpy(ret + used, from, take);
        used += take;
        at += take;
    }
    ret[used] = '\0';
}

static void copy_header(const struct record *record, const char *name, char *ret, size_t size)
{
    copy(value_of(record, name), ret, size);
}

static unsigned attempts_of(struct str text)
{
    unsigned number = 0;
    for (size_t i = 0; text.data != NULL && i < text.size; i++) {
        unsigned digit = (unsigned)text.data[i] - '0';
        if (digit > 9 || number > (UINT32_MAX - digit) / 10)
            return 0;
        number = number * 10 + digit;
    }
    return number;
}

static void read_event(const struct record *record, struct letter *ret)
{
    struct event event;
    event_read(record, &event);
    copy(str_of(event.id), ret->id, sizeof ret->id);
    copy(str_of(event.source), ret->source, sizeof ret->source);
    event_finish(&event);
}

void letter_read(const struct record *record, struct letter *ret)
{
    *ret = (struct letter){
        .partition = record->partition,
        .offset = record->offset,
        .timestamp_ms = record->timestamp_ms,
        .bytes = record->key.size + record->value.size,
        .attempts = attempts_of(value_of(record, "usher-attempts")),
        .truncated = record_header(record, "usher-truncated") != NULL,
        .came_back = record_header(record, "usher-replay") != NULL,
        .from_partition =
            (int32_t)record_header_number(record, "kafka_dlt-original-partition", sizeof(int32_t)),
        .from_offset = record_header_number(record, "kafka_dlt-original-offset", sizeof(int64_t)),
    };
    copy_header(record, "usher-outcome", ret->outcome, sizeof ret->outcome);
    copy_header(record, "usher-error-stage", ret->stage, sizeof ret->stage);
    copy_header(record, "usher-error-code", ret->code, sizeof ret->code);
    copy_header(record, "usher-error-message", ret->message, sizeof ret->message);
    copy_header(record, "kafka_dlt-original-topic", ret->topic, sizeof ret->topic);
    read_event(record, ret);
}

bool letter_replay_of(const struct record *record, const char *topic, struct audit_origin *ret)
{
    return audit_origin_read(value_of(record, "usher-replay"), topic, "", ret);
}

struct letter_filter letter_filter_of(const char *outcome, const char *code)
{
    struct letter_filter filter;
    (void)snprintf(filter.outcome, sizeof filter.outcome, "%s", outcome);
    (void)snprintf(filter.code, sizeof filter.code, "%s", code);
    return filter;
}

bool letter_matches(const struct letter *letter, const struct letter_filter *filter)
{
    return (filter->outcome[0] == '\0' || strcmp(filter->outcome, letter->outcome) == 0) &&
           (filter->code[0] == '\0' || strcmp(filter->code, letter->code) == 0);
}

const char *letter_refusal(const struct letter *letter)
{
    if (letter->truncated)
        return "only its start is kept, because it was too large for the topic of dead letters; "
               "send the event again from where it came from";
    return NULL;
}
