#include "worker/core/followed.h"

#include "worker/core/base64.h"
#include "worker/core/graph_error.h"
#include "worker/core/json_read.h"
#include "worker/core/json_writer.h"
#include "worker/core/rfc3339.h"

#include <stdlib.h>
#include <string.h>

/* ---- writing ---- */

static void put_known(struct buffer *json, const char *name, const char *text)
{
    if (text != NULL)
        json_put_text(json, name, str_of(text));
}

static void put_known_time(struct buffer *json, const char *name, int64_t ms)
{
    if (ms != 0)
        json_put_time(json, name, ms);
}

static void write_memory(struct buffer *json, const struct follow_memory *memory)
{
    json_put_time(json, "since", memory->since_ms);
    if (follow_state_name(memory->state)[0] != '\0')
        put_known(json, "state", follow_state_name(memory->state));
    put_known_time(json, "failed", memory->failed_ms);
    put_known_time(json, "reprocess", memory->reprocess_ms);
}

static void write_word(struct buffer *json, const struct followed *followed)
{
    json_put_text(json, "word", str_of(follow_word_name(followed->word)));
    json_put_time(json, "seen", followed->seen_ms);
    put_known(json, "object", followed->object);
    if (followed->code == NULL)
        return;
    put_known(json, "code", followed->code);
    put_known(json, "message", followed->message);
    json_put_integer(json, "httpStatus", followed->http_status);
}

char *followed_write(const struct followed *followed)
{
    struct buffer json;
    buffer_init(&json, FOLLOWED_BYTES_MAX);
    json_begin_object(&json, NULL);
    json_put_integer(&json, "v", FOLLOWED_VERSION);
    json_put_text(&json, "topic", str_of(followed->record.topic));
    json_put_integer(&json, "partition", followed->record.partition);
    json_put_integer(&json, "offset", followed->record.offset);
    json_put_text(&json, "kind", str_of(kind_name(followed->kind)));
    json_put_text(&json, "graphId", str_of(followed->graph_id));
    json_put_text(&json, "id", str_of(followed->request_id));
    json_put_text(&json, "source", str_of(followed->request_source));
    put_known(&json, "tenant", followed->tenant);
    put_known(&json, "subject", followed->subject);
    put_known(&json, "traceparent", followed->traceparent);
    put_known(&json, "tracestate", followed->tracestate);
    put_known(&json, "key", followed->key64);
    put_known(&json, "correlation", followed->correlation64);
    write_memory(&json, &followed->memory);
    if (followed->word != FOLLOW_NO_WORD)
        write_word(&json, followed);
    json_end_object(&json);
    return buffer_take(&json, NULL);
}

/* ---- of a request ---- */

static const char *short_text(const char *text)
{
    return text != NULL && strlen(text) <= FOLLOWED_TEXT_MAX ? text : NULL;
}

static const char *encode(struct str bytes, char ret[])
{
    if (bytes.data == NULL || bytes.size > FOLLOWED_TEXT_MAX)
        return NULL;
    base64_encode((const uint8_t *)bytes.data, bytes.size, ret);
    return ret;
}

/* What may become part of a path. */
static bool is_plain_id(const char *id)
{
    size_t size = strspn(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");
    return size > 0 && id[size] == '\0' && size <= FOLLOWED_ID_MAX && strspn(id, "0-") != size;
}

static const char *text_of(const cJSON *object, const char *name)
{
    return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));
}

/* A POST's own answer may say that it is done. */
static void read_object(struct followed *followed, const cJSON *tree, const char *object)
{
    const char *id = text_of(tree, "id"), *state = text_of(tree, "requestState");
    if (state == NULL)
        state = text_of(tree, "state");
    if (id != NULL && is_plain_id(id))
        followed->graph_id = id;
    if (state != NULL)
        followed->word = follow_final(follow_state_of(state));
    if (followed->word != FOLLOW_NO_WORD)
        followed->object = object;
}

bool followed_is_due(const struct request *rq)
{
    return rq->answer == ANSWER_SUBMITTED && rq->stored == NULL;
}

char *followed_make(const struct request *rq, bool *ret_told)
{
    char key[2 * FOLLOWED_TEXT_MAX], correlation[2 * FOLLOWED_TEXT_MAX];
    const struct header *header = record_header(&rq->record, "kafka_correlationId");
    struct json_fault fault;
    cJSON *tree = rq->graph.object != NULL ? json_read(str_of(rq->graph.object), &fault) : NULL;
    if (tree == NULL && rq->graph.object != NULL)
        return NULL; /* it was read before: there is no memory */
    struct followed followed = {
        .record = rq->record,
        .kind = rq->event.kind,
        .graph_id = "",
        .request_id = rq->event.id,
        .request_source = rq->event.source,
        .tenant = rq->whose.name,
        .subject = short_text(rq->event.ce_subject),
        .traceparent = short_text(rq->event.traceparent),
        .tracestate = short_text(rq->event.tracestate),
        .key64 = encode(rq->record.key, key),
        .correlation64 = header != NULL ? encode(header->value, correlation) : NULL,
        .memory = {.since_ms = rq->finished_wall_ms},
        .seen_ms = rq->finished_wall_ms,
    };
    read_object(&followed, tree, rq->graph.object);
    *ret_told = followed.word != FOLLOW_NO_WORD;
    char *text = followed_write(&followed);
    cJSON_Delete(tree);
    return text;
}

/* ---- reading ---- */

static bool read_time(const cJSON *tree, const char *name, int64_t *ret_ms)
{
    const char *text = text_of(tree, name);
    return text == NULL || rfc3339_parse(str_of(text), ret_ms);
}

static bool read_whole(const cJSON *tree, const char *name, int64_t *ret)
{
    const cJSON *number = cJSON_GetObjectItemCaseSensitive(tree, name);
    if (!cJSON_IsNumber(number) || number->valuedouble < 0 || number->valuedouble > 1e15)
        return false;
    *ret = (int64_t)number->valuedouble;
    return true;
}

static bool read_kind(const char *name, enum kind *ret)
{
    for (enum kind kind = KIND_ASSIGNMENT; name != NULL && kind < KIND_COUNT; kind++) {
        *ret = kind;
        if (strcmp(kind_name(kind), name) == 0)
            return true;
    }
    return false;
}

static bool read_place(const cJSON *tree, struct followed *ret)
{
    enum { TOPIC_MAX = 249 };
    int64_t version = 0, partition = 0;
    ret->record.topic = text_of(tree, "topic");
    if (!read_whole(tree, "v", &version) || version != FOLLOWED_VERSION ||
        !read_whole(tree, "partition", &partition) || partition > INT32_MAX ||
        !read_whole(tree, "offset", &ret->record.offset))
        return false;
    ret->record.partition = (int32_t)partition;
    return ret->record.topic != NULL && strlen(ret->record.topic) <= TOPIC_MAX;
}

static bool read_memory(const cJSON *tree, struct followed *ret)
{
    struct follow_memory *memory = &ret->memory;
    const char *state = text_of(tree, "state");
    *memory = (struct follow_memory){
        .state = state != NULL ? follow_state_of(state) : FOLLOW_UNSEEN,
        .can_reprocess = ret->kind == KIND_ASSIGNMENT,
    };
    return text_of(tree, "since") != NULL && read_time(tree, "since", &memory->since_ms) &&
           read_time(tree, "failed", &memory->failed_ms) &&
           read_time(tree, "reprocess", &memory->reprocess_ms);
}

static bool read_word(const cJSON *tree, struct followed *ret)
{
    const char *word = text_of(tree, "word");
    int64_t status = 0;
    struct json_fault fault;
    if (word == NULL)
        return true;
    ret->word = follow_word_of(word);
    ret->object = text_of(tree, "object");
    if (ret->object != NULL && !json_gate(str_of(ret->object), &fault))
        return false;
    ret->code = text_of(tree, "code");
    ret->message = text_of(tree, "message");
    if (ret->message == NULL)
        ret->message = "";
    (void)read_whole(tree, "httpStatus", &status);
    ret->http_status = (int)(status < 1000 ? status : 0);
    return ret->word != FOLLOW_NO_WORD && text_of(tree, "seen") != NULL &&
           read_time(tree, "seen", &ret->seen_ms);
}

bool followed_read(struct str text, struct followed *ret)
{
    struct json_fault fault;
    *ret = (struct followed){.tree = json_read(text, &fault)};
    ret->graph_id = text_of(ret->tree, "graphId");
    ret->request_id = text_of(ret->tree, "id");
    ret->request_source = text_of(ret->tree, "source");
    ret->tenant = text_of(ret->tree, "tenant");
    ret->subject = text_of(ret->tree, "subject");
    ret->traceparent = text_of(ret->tree, "traceparent");
    ret->tracestate = text_of(ret->tree, "tracestate");
    ret->key64 = text_of(ret->tree, "key");
    ret->correlation64 = text_of(ret->tree, "correlation");
    return ret->tree != NULL && ret->graph_id != NULL &&
           (ret->graph_id[0] == '\0' || is_plain_id(ret->graph_id)) && ret->request_id != NULL &&
           ret->request_source != NULL && read_kind(text_of(ret->tree, "kind"), &ret->kind) &&
           read_place(ret->tree, ret) && read_memory(ret->tree, ret) && read_word(ret->tree, ret);
}

void followed_finish(struct followed *followed)
{
    cJSON_Delete(followed->tree);
    *followed = (struct followed){0};
}
