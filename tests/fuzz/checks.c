#include "tests/fuzz/checks.h"

#include "worker/core/fault_codes.h"
#include "worker/core/json_read.h"
#include "worker/core/utf8.h"

#include <assert.h>
#include <stdlib.h>

enum { NUMBER_GROWS_MOST = 6 }; /* "5e-9," is 5 bytes, and printed again up to 25 */

static char *allowed_topics[] = {(char[]){"hr-replies"}};

const struct reply_settings check_settings = {
    .group = "usher",
    .replies_topic = "access-replies",
    .dead_letters_topic = "access-requests-dlt",
    .allowed_topics = allowed_topics,
    .allowed_count = 1,
};

cJSON *check_json(struct str json)
{
    struct json_fault fault;
    cJSON *tree = json_read(json, &fault);
    assert(tree != NULL && fault.code == NULL);
    return tree;
}

const char *check_text(const cJSON *object, const char *name)
{
    return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));
}

bool check_same_header(const struct header *a, const struct header *b)
{
    return str_equal(a->name, b->name) && str_equal(a->value, b->value) &&
           (a->value.data == NULL) == (b->value.data == NULL);
}

void check_fault(const struct fault *fault, bool graphs)
{
    assert(fault->stage < STAGE_COUNT && fault->code[0] != '\0' && fault->message[0] != '\0');
    assert(graphs || fault_code_find(fault->code) != NULL);
    assert(utf8_is_valid(str_of(fault->code), NULL));
    assert(utf8_is_valid(str_of(fault->message), NULL));
    assert(graphs || utf8_is_printable(str_of(fault->message)));
    if (fault->details != NULL)
        cJSON_Delete(check_json(str_of(fault->details)));
}

static const struct header *find_own(const struct message *message, const char *name)
{
    const struct header *found = NULL;
    for (size_t i = 0; i < message->header_count; i++) {
        if (str_is(message->headers[i].name, name)) {
            assert(found == NULL);
            found = &message->headers[i];
        }
    }
    return found;
}

static bool is_text_or_null(const cJSON *object, const char *name, const char *expected)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
    if (expected == NULL)
        return cJSON_IsNull(item);
    return cJSON_IsString(item) && strcmp(item->valuestring, expected) == 0;
}

/* `data` of the reply: what contract 3 says of it. */
static void check_data(const struct request *rq, const cJSON *data, bool brief)
{
    const cJSON *duplicate = cJSON_GetObjectItemCaseSensitive(data, "duplicate");
    enum answer answer = rq->stored != NULL ? rq->stored_answer : rq->answer;
    assert(is_text_or_null(data, "requestId", rq->event.id));
    assert(is_text_or_null(data, "requestSource", rq->event.source));
    assert(brief || is_text_or_null(data, "requestType", rq->event.type));
    assert(is_text_or_null(data, "outcome", answer_name(answer)));
    assert(cJSON_IsBool(duplicate) && cJSON_IsTrue(duplicate) == rq->duplicate);
    assert(check_text(data, "receivedAt") != NULL && check_text(data, "finishedAt") != NULL);
    const cJSON *origin = cJSON_GetObjectItemCaseSensitive(data, "origin");
    assert(is_text_or_null(origin, "topic", rq->record.topic));
    const cJSON *error = cJSON_GetObjectItemCaseSensitive(data, "error");
    bool success =
        answer == ANSWER_SUBMITTED || answer == ANSWER_EXISTING || answer == ANSWER_VALIDATED;
    assert(rq->stored != NULL || success == (error == NULL));
    assert(success || (check_text(error, "stage") != NULL && check_text(error, "code") != NULL));
    assert(!brief || cJSON_GetObjectItemCaseSensitive(data, "graph") == NULL);
}

/* What was stored is read and written again for a brief reply: a fraction beyond 2^53 comes back as
 * the whole number that its double is, which we take from nobody. No worker stores one. */
static cJSON *check_value(const struct request *rq, struct str json, bool brief)
{
    struct json_fault fault;
    if (!brief || rq->stored == NULL)
        return check_json(json);
    cJSON *tree = json_read(json, &fault);
    if (tree == NULL && strcmp(fault.code, "unsafeInteger") == 0)
        tree = cJSON_ParseWithLength(json.data, json.size);
    assert(tree != NULL);
    return tree;
}

static void check_message(const struct request *rq, const struct message *message, bool brief)
{
    bool binary = rq->event.mode == EVENT_BINARY && rq->event.worth != EVENT_UNREADABLE;
    cJSON *tree = check_value(rq, message->value, brief);
    const cJSON *data = binary ? tree : cJSON_GetObjectItemCaseSensitive(tree, "data");
    check_data(rq, data, brief);
    assert(str_equal(message->key, rq->record.key) || brief);
    assert((find_own(message, "ce_id") != NULL) == binary);
    if (!binary) {
        assert(is_text_or_null(tree, "specversion", "1.0"));
        assert(is_text_or_null(tree, "type", REPLY_TYPE));
        assert(check_text(tree, "id") != NULL && check_text(tree, "source") != NULL);
    }
    assert(find_own(message, "usher-outcome") != NULL && find_own(message, "content-type") != NULL);
    cJSON_Delete(tree);
}

static void make_reply(const struct request *rq, bool brief, struct message *ret)
{
    struct reply_warning warning;
    bool made = reply_make(rq, &check_settings, brief, ret, &warning);
    assert(made && memchr(warning.text, '\0', sizeof warning.text) != NULL);
    check_message(rq, ret, brief);
}

/* What Redis would keep of it, read back by a later claim of the same event. */
static void check_stored(const struct request *rq, const struct message *reply)
{
    struct request again = *rq;
    struct message message;
    again.stored = reply_members(rq);
    assert(again.stored != NULL);
    bool readable = reply_stored_read(again.stored, &again.stored_answer);
    assert(readable && (rq->stored != NULL || again.stored_answer == rq->answer));
    make_reply(&again, false, &message);
    assert(str_equal(message.value, reply->value));
    message_finish(&message);
    free(again.stored);
}

static bool is_replaced(struct str name)
{
    static const char *const names[] = {"usher-outcome", "usher-attempts"};
    static const char *const starts[] = {"kafka_dlt-exception-", "kafka_dlt-key-exception-",
                                         "usher-error-"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (str_is(name, names[i]))
            return true;
    for (size_t i = 0; i < sizeof starts / sizeof starts[0]; i++) {
        size_t size = strlen(starts[i]);
        if (name.size >= size && memcmp(name.data, starts[i], size) == 0)
            return true;
    }
    return false;
}

/* Key, value, and every header of the record that is not replaced, in their order. */
static void check_dead_letter(const struct request *rq)
{
    struct message message;
    bool made = dead_letter_make(rq, &check_settings, NULL, &message);
    size_t kept = 0;
    assert(made && str_equal(message.value, rq->record.value));
    assert((message.value.data == NULL) == (rq->record.value.data == NULL));
    assert(str_equal(message.key, rq->record.key) && message.partition == rq->record.partition);
    for (size_t i = 0; i < rq->record.header_count; i++) {
        if (is_replaced(rq->record.headers[i].name))
            continue;
        assert(kept < message.kept_count);
        assert(check_same_header(&message.kept[kept], &rq->record.headers[i]));
        kept++;
    }
    assert(kept == message.kept_count && message.header_count <= MESSAGE_HEADERS_MAX);
    assert(find_own(&message, "usher-error-code") != NULL);
    message_finish(&message);
}

void check_reply(const struct request *rq)
{
    struct message reply, brief;
    make_reply(rq, false, &reply);
    make_reply(rq, true, &brief);
    /* What is stored is read and written again: "1e300" comes back as 1.0000000000000001e+300. */
    size_t most = rq->stored == NULL ? reply.value.size : NUMBER_GROWS_MOST * reply.value.size;
    assert(brief.value.size <= most && brief.header_count <= reply.header_count);
    check_stored(rq, &reply);
    message_finish(&brief);
    message_finish(&reply);
    check_dead_letter(rq);
}
