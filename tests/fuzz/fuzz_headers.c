/* The record headers that steer the reply: trace context, correlation id, reply topic and
 * partition. Input: a record (input.h). */
#include "tests/fuzz/checks.h"
#include "tests/fuzz/input.h"

#include "worker/core/claim.h"
#include "worker/core/letter.h"
#include "worker/core/utf8.h"

#include <assert.h>
#include <stdlib.h>

static const struct header *last_header(const struct record *record, const char *name)
{
    for (size_t i = record->header_count; i-- > 0;)
        if (str_is(record->headers[i].name, name))
            return &record->headers[i];
    return NULL;
}

static const struct header *own_header(const struct message *message, const char *name)
{
    for (size_t i = 0; i < message->header_count; i++)
        if (str_is(message->headers[i].name, name))
            return &message->headers[i];
    return NULL;
}

static bool is_zero(const char *digits, size_t size)
{
    return strspn(digits, "0") >= size;
}

/* W3C Trace Context in the words of its grammar: four fields of 2, 32, 16 and 2 digits. */
static void check_traceparent(const char *text)
{
    static const size_t sizes[] = {2, 32, 16, 2};
    const char *at = text;
    for (size_t i = 0; i < 4; i++) {
        assert(strspn(at, "0123456789abcdef") == sizes[i]);
        assert((i != 1 && i != 2) || !is_zero(at, sizes[i]));
        at += sizes[i];
        assert(*at == '-' || i == 3);
        at += i < 3 ? 1 : 0;
    }
    assert(strncmp(text, "ff", 2) != 0);
    assert(*at == '\0' || (*at == '-' && strncmp(text, "00", 2) != 0));
    for (at = text; *at != '\0'; at++)
        assert(*at > ' ' && *at <= '~');
}

/* At most 32 members and 512 bytes, each key=value of printable ASCII, no key twice. */
static void check_tracestate(const char *text)
{
    const char *keys[32];
    size_t sizes[32];
    size_t count = 0;
    assert(text[0] != '\0' && strlen(text) <= 512);
    while (*text != '\0') {
        text += strspn(text, " \t,");
        if (*text == '\0')
            break;
        size_t size = strcspn(text, "=,");
        assert(text[size] == '=' && size > 0 && count < 32);
        for (size_t i = 0; i < count; i++)
            assert(sizes[i] != size || memcmp(keys[i], text, size) != 0);
        keys[count] = text;
        sizes[count++] = size;
        size_t value = strcspn(text + size + 1, ",");
        assert(memchr(text + size + 1, '=', value) == NULL);
        for (size_t i = 0; i < size + 1 + value; i++)
            assert((text[i] >= ' ' && text[i] <= '~') || text[i] == '\t');
        text += size + 1 + value;
    }
    assert(count > 0);
}

static void check_trace(const struct request *rq, const struct message *reply)
{
    const struct header *parent = own_header(reply, "traceparent");
    const struct header *state = own_header(reply, "tracestate");
    assert((parent != NULL) == (rq->event.traceparent != NULL));
    assert((state != NULL) == (rq->event.tracestate != NULL) && (state == NULL || parent != NULL));
    if (parent != NULL)
        check_traceparent(rq->event.traceparent);
    if (state != NULL)
        check_tracestate(rq->event.tracestate);
    const struct header *first = last_header(&rq->record, "traceparent");
    if (parent != NULL && first != NULL && first->value.data != NULL)
        assert(str_equal(parent->value, first->value)); /* the record header goes first */
}

static void check_address(const struct request *rq, const struct message *reply,
                          const struct reply_warning *warning)
{
    const struct header *topic = last_header(&rq->record, "kafka_replyTopic");
    const struct header *partition = last_header(&rq->record, "kafka_replyPartition");
    bool allowed = topic != NULL &&
                   (str_is(topic->value, "hr-replies") || str_is(topic->value, "access-replies"));
    assert(strcmp(reply->topic, allowed && str_is(topic->value, "hr-replies")
                                    ? "hr-replies"
                                    : "access-replies") == 0);
    assert(reply->partition >= -1 && (allowed || reply->partition == -1));
    if (allowed && partition != NULL && partition->value.size == 4 &&
        (signed char)partition->value.data[0] >= 0) {
        const unsigned char *bytes = (const unsigned char *)partition->value.data;
        assert(reply->partition ==
               bytes[0] * 16777216 + bytes[1] * 65536 + bytes[2] * 256 + bytes[3]);
    } else {
        assert(reply->partition == -1);
    }
    bool honoured = (topic == NULL || allowed) && (partition == NULL || reply->partition >= 0);
    assert((warning->text[0] == '\0') == honoured);
}

static void check_correlation(const struct request *rq, const struct message *reply)
{
    const struct header *ours = own_header(reply, "kafka_correlationId");
    const struct header *theirs = last_header(&rq->record, "kafka_correlationId");
    assert((ours != NULL) == (theirs != NULL));
    assert(ours == NULL || check_same_header(ours, theirs));
}

/* The same record, were it a dead letter: one that is shown to people. */
static void check_letter(const struct record *record)
{
    struct letter letter;
    struct audit_origin place;
    letter_read(record, &letter);
    const char *const texts[] = {letter.id,   letter.source,  letter.outcome, letter.stage,
                                 letter.code, letter.message, letter.topic};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert(utf8_is_valid(str_of(texts[i]), NULL));
    assert(strlen(letter.message) < LETTER_MESSAGE_SIZE && strlen(letter.code) < LETTER_CODE_SIZE);
    assert(letter.came_back == (last_header(record, "usher-replay") != NULL));
    assert((letter_refusal(&letter) != NULL) == (last_header(record, "usher-truncated") != NULL));
    assert(!letter_replay_of(record, "dlt", &place) ||
           (letter.came_back && place.partition >= 0 && place.offset >= 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input;
    struct header headers[INPUT_HEADERS_MAX];
    struct partition partition = {0};
    struct request rq;
    struct message reply;
    struct reply_warning warning;
    input_init(&input, data, size);
    struct record record = input_record(&input, headers);
    check_letter(&record);
    request_init(&rq, &record, &partition, 1772438400000);
    event_read(&record, &rq.event);
    bool good = rq.event.worth == EVENT_GOOD;
    rq.fault = rq.event.fault;
    rq.event.fault = (struct fault){0};
    rq.answer = good ? ANSWER_VALIDATED : ANSWER_REJECTED;
    assert(claim_is_replay(&record) == (last_header(&record, "usher-replay") != NULL));
    assert(good || rq.fault.code[0] != '\0');
    bool made = reply_make(&rq, &check_settings, false, &reply, &warning);
    assert(made && reply.header_count <= MESSAGE_HEADERS_MAX);
    check_trace(&rq, &reply);
    check_address(&rq, &reply, &warning);
    check_correlation(&rq, &reply);
    message_finish(&reply);
    check_reply(&rq);
    request_finish(&rq);
    input_finish(&input);
    return 0;
}
