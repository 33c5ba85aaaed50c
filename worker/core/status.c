#include "worker/core/status.h"

#include "worker/core/base64.h"
#include "worker/core/claim.h"
#include "worker/core/json_writer.h"
#include "worker/core/reply.h"
#include "worker/core/rfc3339.h"

#include <assert.h>
#include <stdio.h>

#define ID_END "/reply/status"

enum { STATUS_BYTES_MAX = FOLLOWED_BYTES_MAX };

static void write_error(struct buffer *json, const struct followed *followed)
{
    if (followed->code == NULL)
        return;
    json_begin_object(json, "error");
    json_put_text(json, "code", str_of(followed->code));
    json_put_text(json, "message", str_of(followed->message));
    if (followed->http_status != 0)
        json_put_integer(json, "httpStatus", followed->http_status);
    json_end_object(json);
}

static void write_data(struct buffer *json, const struct followed *followed)
{
    json_begin_object(json, "data");
    json_put_text(json, "requestId", str_of(followed->request_id));
    json_put_text(json, "requestSource", str_of(followed->request_source));
    json_put_text(json, "requestType", str_of(kind_type(followed->kind)));
    json_put_text(json, "status", str_of(follow_word_name(followed->word)));
    if (followed->graph_id[0] != '\0')
        json_put_text(json, "graphId", str_of(followed->graph_id));
    if (followed->object != NULL)
        json_put_raw(json, "graph", str_of(followed->object));
    write_error(json, followed);
    json_put_bool(json, "reprocessed", followed->memory.reprocess_ms != 0);
    json_put_time(json, "submittedAt", followed->memory.since_ms);
    json_put_time(json, "seenAt", followed->seen_ms);
    json_begin_object(json, "origin");
    json_put_text(json, "topic", str_of(followed->record.topic));
    json_put_integer(json, "partition", followed->record.partition);
    json_put_integer(json, "offset", followed->record.offset);
    json_end_object(json);
    json_end_object(json);
}

static void write_event(struct buffer *json, const struct followed *followed, struct str id,
                        struct str source)
{
    json_begin_object(json, NULL);
    json_put_text(json, "specversion", str_of("1.0"));
    json_put_text(json, "id", id);
    json_put_text(json, "source", source);
    json_put_text(json, "type", str_of(STATUS_TYPE));
    if (followed->subject != NULL)
        json_put_text(json, "subject", str_of(followed->subject));
    json_put_time(json, "time", followed->seen_ms);
    json_put_text(json, "datacontenttype", str_of("application/json"));
    write_data(json, followed);
    json_end_object(json);
}

/* NULL where there is none, or what Redis has is none. */
static struct str decode(struct arena *arena, const char *text)
{
    size_t size = 0;
    if (text == NULL || strlen(text) > base64_length(FOLLOWED_TEXT_MAX))
        return (struct str){0};
    char *bytes = arena_take(arena, FOLLOWED_TEXT_MAX);
    if (!base64_decode(text, strlen(text), (uint8_t *)bytes, FOLLOWED_TEXT_MAX, &size))
        return (struct str){0};
    return (struct str){bytes, size};
}

static void add_headers(struct message *message, const struct followed *followed,
                        struct str correlation)
{
    message_add(message, "content-type", str_of("application/cloudevents+json"));
    if (correlation.data != NULL)
        message_add(message, "kafka_correlationId", correlation);
    if (followed->traceparent != NULL)
        message_add(message, "traceparent", str_of(followed->traceparent));
    if (followed->traceparent != NULL && followed->tracestate != NULL)
        message_add(message, "tracestate", str_of(followed->tracestate));
    message_add(message, "usher-status", str_of(follow_word_name(followed->word)));
}

static struct str make_id(struct arena *arena, const struct record *record)
{
    char *id = arena_take(arena, ORIGIN_SIZE + sizeof ID_END);
    claim_origin(record, id);
    size_t size = strlen(id);
    memcpy(id + size, ID_END, sizeof ID_END);
    return (struct str){id, size + sizeof ID_END - 1};
}

bool status_make(const struct followed *followed, const char *group, const char *topic,
                 struct message *ret)
{
    struct arena arena;
    struct buffer json;
    size_t size =
        ORIGIN_SIZE + sizeof ID_END + REPLY_SOURCE_SIZE(group) + (size_t)2 * FOLLOWED_TEXT_MAX;
    assert(followed->word != FOLLOW_NO_WORD);
    if (!message_init(ret, size, &arena))
        return false;
    ret->topic = topic;
    ret->key = decode(&arena, followed->key64);
    struct str id = make_id(&arena, &followed->record);
    struct str source = reply_source(&arena, group);
    add_headers(ret, followed, decode(&arena, followed->correlation64));
    buffer_init(&json, STATUS_BYTES_MAX);
    write_event(&json, followed, id, source);
    ret->memory->value = buffer_take(&json, &ret->value.size);
    ret->value.data = ret->memory->value;
    if (ret->value.data == NULL)
        message_finish(ret);
    return ret->value.data != NULL;
}
