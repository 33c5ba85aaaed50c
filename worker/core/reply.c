#include "worker/core/reply.h"

#include "worker/core/claim.h"
#include "worker/core/json_writer.h"
#include "worker/core/reply_members.h"
#include "worker/core/utf8.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

/* A reply is smaller: its members (reply.h), and the texts of an event, 1 MiB at most. */
enum { REPLY_BYTES_MAX = 2 << 20 };

/* A reply while it is made. */
struct draft {
    const struct request *rq;
    const struct reply_settings *settings;
    bool brief;
    struct str id, source, time;
    /* data NULL if there is none. The latter two are CloudEvents' extension for correlation: what
     * the request belongs to, which may be no more than itself, and the request. */
    struct str subject, correlation, causation;
    struct message *message;
};

static struct str text_or_absent(const char *text)
{
    return text != NULL && text[0] != '\0' ? str_of(text) : (struct str){0};
}

/* ---- the value --------------------------------------------------------------------------- */

static void write_origin(struct buffer *json, const struct record *record)
{
    json_begin_object(json, "origin");
    json_put_text(json, "topic", str_of(record->topic));
    json_put_integer(json, "partition", record->partition);
    json_put_integer(json, "offset", record->offset);
    json_end_object(json);
}

static void write_data(struct buffer *json, const char *name, const struct draft *draft)
{
    const struct event *event = &draft->rq->event;
    struct str type = str_of(event->type);
    if (draft->brief && type.size > BRIEF_TEXT_MAX)
        type.size = (size_t)utf8_cut(type, BRIEF_TEXT_MAX);
    json_begin_object(json, name);
    json_put_text(json, "requestId", str_of(event->id));
    json_put_text(json, "requestSource", str_of(event->source));
    json_put_text(json, "requestType", type);
    json_put_bool(json, "duplicate", draft->rq->duplicate);
    reply_members_write(json, draft->rq, draft->brief);
    write_origin(json, &draft->rq->record);
    json_end_object(json);
}

static void write_structured(struct buffer *json, const struct draft *draft)
{
    json_begin_object(json, NULL);
    json_put_text(json, "specversion", str_of("1.0"));
    json_put_text(json, "id", draft->id);
    json_put_text(json, "source", draft->source);
    json_put_text(json, "type", str_of(REPLY_TYPE));
    if (draft->subject.data != NULL)
        json_put_text(json, "subject", draft->subject);
    json_put_text(json, "time", draft->time);
    json_put_text(json, "datacontenttype", str_of("application/json"));
    if (draft->correlation.data != NULL)
        json_put_text(json, "correlationid", draft->correlation);
    if (draft->causation.data != NULL)
        json_put_text(json, "causationid", draft->causation);
    write_data(json, "data", draft);
    json_end_object(json);
}

/* ---- the headers ------------------------------------------------------------------------- */

static void add_binary_headers(const struct draft *draft)
{
    struct message *message = draft->message;
    message_add(message, "content-type", str_of("application/json"));
    message_add(message, "ce_specversion", str_of("1.0"));
    message_add(message, "ce_id", draft->id);
    message_add(message, "ce_source", draft->source);
    message_add(message, "ce_type", str_of(REPLY_TYPE));
    if (draft->subject.data != NULL)
        message_add(message, "ce_subject", draft->subject);
    message_add(message, "ce_time", draft->time);
    if (draft->correlation.data != NULL)
        message_add(message, "ce_correlationid", draft->correlation);
    if (draft->causation.data != NULL)
        message_add(message, "ce_causationid", draft->causation);
}

static void add_common_headers(const struct draft *draft)
{
    const struct request *rq = draft->rq;
    const struct header *correlation = record_header(&rq->record, "kafka_correlationId");
    if (correlation != NULL && !(draft->brief && correlation->value.size > BRIEF_BYTES_MAX))
        message_add(draft->message, "kafka_correlationId", correlation->value);
    if (rq->event.traceparent != NULL) {
        message_add(draft->message, "traceparent", str_of(rq->event.traceparent));
        if (rq->event.tracestate != NULL)
            message_add(draft->message, "tracestate", str_of(rq->event.tracestate));
    }
    enum answer answer = rq->stored != NULL ? rq->stored_answer : rq->answer;
    message_add(draft->message, "usher-outcome", str_of(answer_name(answer)));
}

/* ---- where to ---------------------------------------------------------------------------- */

/* The requester's topic, from the settings, so that it lives long enough; NULL: not one that is
 * allowed. */
static const char *allowed_topic(const struct reply_settings *settings, struct str name)
{
    for (size_t i = 0; i < settings->allowed_count; i++) {
        if (str_is(name, settings->allowed_topics[i]))
            return settings->allowed_topics[i];
    }
    return str_is(name, settings->replies_topic) ? settings->replies_topic : NULL;
}

const char *reply_topic(const struct request *rq, const struct reply_settings *settings)
{
    const struct header *topic = record_header(&rq->record, "kafka_replyTopic");
    const char *allowed = topic != NULL ? allowed_topic(settings, topic->value) : NULL;
    return allowed != NULL ? allowed : settings->replies_topic;
}

/* A big-endian int32 that is no partition: -1. */
static int32_t partition_of(struct str value)
{
    if (value.data == NULL || value.size != 4)
        return -1;
    const unsigned char *bytes = (const unsigned char *)value.data;
    uint32_t number =
        (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
    return number <= INT32_MAX ? (int32_t)number : -1;
}

static void address(const struct draft *draft, struct reply_warning *warning)
{
    const struct reply_settings *settings = draft->settings;
    const struct header *topic = record_header(&draft->rq->record, "kafka_replyTopic");
    const struct header *partition = record_header(&draft->rq->record, "kafka_replyPartition");
    const char *allowed = topic != NULL ? allowed_topic(settings, topic->value) : NULL;

    draft->message->topic = reply_topic(draft->rq, settings);
    if (topic != NULL && allowed == NULL) {
        struct str name = topic->value.data != NULL ? topic->value : str_of("");
        snprintf(
            warning->text, sizeof warning->text,
            "kafka_replyTopic \"%.*s\" is not in kafka.reply_topics_allowed; the reply goes to "
            "the default topic",
            utf8_cut(name, 100), name.data);
        return;
    }
    if (partition == NULL)
        return;
    if (topic == NULL)
        snprintf(warning->text, sizeof warning->text,
                 "kafka_replyPartition without kafka_replyTopic is ignored");
    else if ((draft->message->partition = partition_of(partition->value)) < 0)
        snprintf(
            warning->text, sizeof warning->text,
            "kafka_replyPartition is ignored: it must be 4 bytes, big-endian, and not negative");
}

/* ---- all of it --------------------------------------------------------------------------- */

static bool is_plain_in_uri(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9') ||
           (byte != '\0' && strchr("-._~!$&'()*+,;=:@", byte) != NULL);
}

/* `/usher/<group>`, percent-encoded: a CloudEvents source is a URI reference. */
struct str reply_source(struct arena *arena, const char *group)
{
    static const char hex[] = "0123456789ABCDEF";
    static const char start[] = "/usher/";
    char *source = arena_take(arena, sizeof start - 1 + 3 * strlen(group));
    size_t size = sizeof start - 1;
    memcpy(source, start, size);
    for (; *group != '\0'; group++) {
        unsigned char byte = (unsigned char)*group;
        if (is_plain_in_uri(*group)) {
            source[size++] = *group;
            continue;
        }
        source[size++] = '%';
        source[size++] = hex[byte >> 4];
        source[size++] = hex[byte & 15];
    }
    return (struct str){source, size};
}

static struct str make_id(struct arena *arena, const struct record *record)
{
    enum { SIZE = ORIGIN_SIZE + sizeof "/reply" };
    char *id = arena_take(arena, SIZE);
    claim_origin(record, id);
    size_t size = strlen(id);
    memcpy(id + size, "/reply", sizeof "/reply");
    return (struct str){id, size + sizeof "/reply" - 1};
}

/* The time is that of the answer, so that a reply which is sent again is the same to the last byte.
 */
static struct str make_time(struct arena *arena, const struct request *rq)
{
    char *time = arena_take(arena, RFC3339_SIZE);
    if (rq->stored == NULL) {
        rfc3339_format(rq->finished_wall_ms, time);
        return str_of(time);
    }
    struct reply_facts facts;
    bool is_read = reply_facts_read(rq, &facts);
    assert(is_read); /* claim_read() has read it; without memory we end, and begin again */
    memcpy(time, facts.finished, RFC3339_SIZE);
    return str_of(time);
}

static bool make(struct draft *draft, struct reply_warning *warning)
{
    const struct request *rq = draft->rq;
    struct message *message = draft->message;
    struct arena arena;
    size_t group_size = strlen(draft->settings->group);
    if (!message_init(message, ORIGIN_SIZE + 3 * group_size + RFC3339_SIZE + 32, &arena))
        return false;
    draft->id = make_id(&arena, &rq->record);
    draft->source = reply_source(&arena, draft->settings->group);
    draft->time = make_time(&arena, rq);
    draft->subject = text_or_absent(rq->event.ce_subject);
    draft->causation = text_or_absent(rq->event.id);
    draft->correlation = text_or_absent(rq->event.correlation_id);
    if (draft->correlation.data == NULL)
        draft->correlation = draft->causation;
    if (draft->brief && draft->subject.size > BRIEF_TEXT_MAX)
        draft->subject = (struct str){0};
    if (!draft->brief || rq->record.key.size <= BRIEF_BYTES_MAX)
        message->key = rq->record.key;
    address(draft, warning);

    struct buffer json;
    buffer_init(&json, REPLY_BYTES_MAX);
    if (rq->event.mode == EVENT_BINARY && rq->event.worth != EVENT_UNREADABLE) {
        add_binary_headers(draft);
        write_data(&json, NULL, draft);
    } else {
        message_add(message, "content-type", str_of("application/cloudevents+json"));
        write_structured(&json, draft);
    }
    add_common_headers(draft);
    message->memory->value = buffer_take(&json, &message->value.size);
    message->value.data = message->memory->value;
    if (message->value.data == NULL)
        message_finish(message);
    return message->value.data != NULL;
}

bool reply_make(const struct request *rq, const struct reply_settings *settings, bool brief,
                struct message *ret, struct reply_warning *ret_warning)
{
    *ret_warning = (struct reply_warning){0};
    struct draft draft = {.rq = rq, .settings = settings, .brief = brief, .message = ret};
    return make(&draft, ret_warning);
}
