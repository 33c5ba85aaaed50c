/* Replies: golden texts for every outcome in both modes, where they go, and what hostile input does
 * to them. */
#include "tests/core/reply_sample.h"

#include "worker/core/json_read.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define TYPE "microsoft.graph.accessPackageAssignmentRequest"
#define DATA_START                                                               \
    "{\"requestId\":\"onb-1\",\"requestSource\":\"/hr\",\"requestType\":\"" TYPE \
    "\",\"duplicate\":false,\"outcome\":"
#define CALLS                                                                            \
    ",\"attempts\":{\"dryRun\":1,\"submit\":1,\"look\":0},\"graphRequestId\":\"srv-1\"," \
    "\"clientRequestId\":\"cli-1\""
#define TIMES \
    ",\"receivedAt\":\"2026-11-21T22:12:00.005Z\",\"finishedAt\":\"2026-11-21T22:12:01.999Z\""
#define ORIGIN ",\"origin\":{\"topic\":\"access-requests\",\"partition\":3,\"offset\":42}}"
#define GRAPH  ",\"graph\":{\"id\":\"g-1\",\"requestState\":\"Submitted\"}"
#define ENVELOPE                                                                                  \
    "{\"specversion\":\"1.0\",\"id\":\"access-requests/3/42/reply\",\"source\":\"/usher/usher\"," \
    "\"type\":\"usher.accessRequestReply\",\"subject\":\"person-1\","                             \
    "\"time\":\"2026-11-21T22:12:01.999Z\",\"datacontenttype\":\"application/json\","             \
    "\"correlationid\":\"onb-1\",\"causationid\":\"onb-1\",\"data\":"

struct golden {
    enum answer answer;
    enum stage stage; /* of the fault; with `code` */
    const char *code; /* NULL: no fault */
    int http_status;
    bool called; /* Graph was, and answered with an object */
    const char *details;
    const char *data;
};

static const struct golden goldens[] = {
    {ANSWER_SUBMITTED, 0, NULL, 0, true, NULL, DATA_START "\"submitted\"" GRAPH CALLS TIMES ORIGIN},
    /* A fault on the way to a success is not the answer's. */
    {ANSWER_EXISTING, STAGE_SUBMIT, "ExistingOpenRequest", 400, true, NULL,
     DATA_START "\"existing\"" GRAPH CALLS TIMES ORIGIN},
    {ANSWER_VALIDATED, 0, NULL, 0, true, NULL, DATA_START "\"validated\"" GRAPH CALLS TIMES ORIGIN},
    {ANSWER_REJECTED, STAGE_ADMIT, "idMissing", 0, false, NULL,
     DATA_START "\"rejected\",\"error\":{\"stage\":\"admit\",\"code\":\"idMissing\","
                "\"message\":\"Say why.\"}" TIMES ORIGIN},
    {ANSWER_REJECTED, STAGE_DRY_RUN, "InvalidRequest", 400, true, "[{\"code\":\"PolicyNotFound\"}]",
     DATA_START "\"rejected\"" GRAPH
                ",\"error\":{\"stage\":\"dry_run\",\"code\":\"InvalidRequest\","
                "\"message\":\"Say why.\",\"httpStatus\":400,"
                "\"details\":[{\"code\":\"PolicyNotFound\"}]}" CALLS TIMES ORIGIN},
    {ANSWER_EXPIRED, STAGE_DRY_RUN, "TooManyRequests", 429, false, NULL,
     DATA_START
     "\"expired\",\"error\":{\"stage\":\"admit\",\"code\":\"expired\",\"message\":"
     "\"expirytime passed before the real request was sent; send a new event\"}" TIMES ORIGIN},
    {ANSWER_FAILED, STAGE_SUBMIT, "ServiceUnavailable", 503, false, NULL,
     DATA_START "\"failed\",\"error\":{\"stage\":\"submit\",\"code\":\"ServiceUnavailable\","
                "\"message\":\"Say why.\",\"httpStatus\":503}" TIMES ORIGIN},
    {ANSWER_UNKNOWN, STAGE_LOOK, "lookUndecided", 0, true, NULL,
     DATA_START "\"unknown\"" GRAPH ",\"error\":{\"stage\":\"look\",\"code\":\"lookUndecided\","
                "\"message\":\"Say why.\"}" CALLS TIMES ORIGIN},
    /* The plan gave up and nobody said why: the answer is the code. */
    {ANSWER_FAILED, 0, NULL, 0, false, NULL,
     DATA_START "\"failed\",\"error\":{\"stage\":\"admit\",\"code\":\"failed\",\"message\":"
                "\"given up after the retries; the real request did not happen\"}" TIMES ORIGIN},
};

static void sample_from_golden(struct sample *sample, const struct golden *golden, bool binary)
{
    sample_init(sample, binary);
    struct request *rq = &sample->rq;
    rq->answer = golden->answer;
    if (golden->code != NULL)
        fault_set(&rq->fault, golden->stage, golden->code, "Say why.");
    rq->fault.http_status = golden->http_status;
    rq->fault.details = golden->details != NULL ? strdup(golden->details) : NULL;
    if (!golden->called) {
        free(rq->graph.object);
        rq->graph = (struct graph_trace){0};
        rq->attempts = (struct attempts){0};
    }
}

static void make(const struct sample *sample, struct message *ret)
{
    struct reply_warning warning;
    assert_true(reply_make(&sample->rq, &sample_settings, false, ret, &warning));
    assert_string_equal(warning.text, "");
}

static void assert_value(const struct message *message, const char *expected, size_t row)
{
    if (!str_is(message->value, expected))
        fail_msg("row %zu:\n  is     %.*s\n  not    %s", row, (int)message->value.size,
                 message->value.data, expected);
}

static void test_golden_structured(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof goldens / sizeof *goldens; i++) {
        struct sample sample;
        struct message message;
        char expected[4096];
        sample_from_golden(&sample, &goldens[i], false);
        make(&sample, &message);
        snprintf(expected, sizeof expected, "%s%s}", ENVELOPE, goldens[i].data);
        assert_value(&message, expected, i);
        assert_header(&message, "content-type", "application/cloudevents+json");
        assert_header(&message, "usher-outcome", answer_name(goldens[i].answer));
        assert_header(&message, "ce_id", NULL);
        assert_string_equal(message.topic, "access-replies");
        assert_int_equal(message.partition, -1);
        assert_true(str_is(message.key, "person-1"));
        message_finish(&message);
        sample_finish(&sample);
    }
}

static void test_golden_binary(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof goldens / sizeof *goldens; i++) {
        struct sample sample;
        struct message message;
        sample_from_golden(&sample, &goldens[i], true);
        make(&sample, &message);
        assert_value(&message, goldens[i].data, i);
        assert_header(&message, "content-type", "application/json");
        assert_header(&message, "ce_specversion", "1.0");
        assert_header(&message, "ce_id", "access-requests/3/42/reply");
        assert_header(&message, "ce_source", "/usher/usher");
        assert_header(&message, "ce_type", "usher.accessRequestReply");
        assert_header(&message, "ce_subject", "person-1");
        assert_header(&message, "ce_time", "2026-11-21T22:12:01.999Z");
        assert_header(&message, "usher-outcome", answer_name(goldens[i].answer));
        message_finish(&message);
        sample_finish(&sample);
    }
}

/* What is no event is answered in structured mode, with null for what could not be read. */
static void test_no_event(void **state)
{
    (void)state;
    struct sample sample;
    struct message message;
    sample_from_golden(&sample, &goldens[3], true);
    sample.rq.event = (struct event){.worth = EVENT_UNREADABLE, .mode = EVENT_BINARY};
    sample.rq.record.key = (struct str){0};
    make(&sample, &message);
    assert_header(&message, "content-type", "application/cloudevents+json");
    assert_non_null(strstr(message.value.data,
                           "\"data\":{\"requestId\":null,\"requestSource\":null,"
                           "\"requestType\":null,\"duplicate\":false,"));
    assert_null(strstr(message.value.data, "\"subject\""));
    assert_null(message.key.data);
    message_finish(&message);
    sample_finish(&sample);
}

static void test_duplicate(void **state)
{
    (void)state;
    struct sample first, second;
    struct message message;
    sample_from_golden(&first, &goldens[4], false);
    sample_init(&second, false);
    second.rq.stored = reply_members(&first.rq);
    assert_true(reply_stored_read(second.rq.stored, &second.rq.stored_answer));
    second.rq.answer = second.rq.stored_answer;
    second.rq.duplicate = true;
    second.rq.record.offset = 99;
    second.rq.finished_wall_ms = 1795299999999;
    make(&second, &message);
    const char *text = message.value.data;
    assert_non_null(strstr(text, "\"id\":\"access-requests/3/99/reply\""));
    assert_non_null(
        strstr(text, "\"duplicate\":true,\"outcome\":\"rejected\"" GRAPH ",\"error\":"));
    assert_non_null(strstr(text, CALLS TIMES));
    assert_non_null(strstr(text, "\"time\":\"2026-11-21T22:12:01.999Z\""));
    assert_non_null(strstr(text, "\"offset\":99}"));
    assert_header(&message, "usher-outcome", "rejected");
    message_finish(&message);
    sample_finish(&first);
    sample_finish(&second);
}

/* A record that is answered again after a crash gets the same bytes. */
static void test_answered_again(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof goldens / sizeof *goldens; i++) {
        struct sample first, again;
        struct message one, two;
        sample_from_golden(&first, &goldens[i], false);
        make(&first, &one);
        sample_init(&again, false);
        again.rq.stored = reply_members(&first.rq);
        assert_true(reply_stored_read(again.rq.stored, &again.rq.stored_answer));
        again.rq.answer = again.rq.stored_answer;
        again.rq.received_wall_ms = again.rq.finished_wall_ms = 1795299999999;
        make(&again, &two);
        assert_value(&two, one.value.data, i);
        message_finish(&one);
        message_finish(&two);
        sample_finish(&first);
        sample_finish(&again);
    }
}

struct route {
    struct str topic, partition; /* headers; name NULL below: not there */
    bool has_topic, has_partition;
    int32_t ret_partition;
    const char *ret_topic;
    const char *warning; /* how it starts; "": none */
};

#define BYTES(text)           \
    {                         \
        text, sizeof text - 1 \
    }

static const struct route routes[] = {
    {BYTES("hr-replies"), {0}, true, false, -1, "hr-replies", ""},
    {BYTES("hr-replies"), BYTES("\0\0\0\7"), true, true, 7, "hr-replies", ""},
    {BYTES("hr-replies"), BYTES("\0\1\0\0"), true, true, 65536, "hr-replies", ""},
    {BYTES("hr-replies"), BYTES("7"), true, true, -1, "hr-replies", "kafka_replyPartition is ign"},
    {BYTES("hr-replies"), BYTES("\xFF\xFF\xFF\xFF"), true, true, -1, "hr-replies",
     "kafka_replyPartition is ign"},
    {BYTES("hr-replies"), {0}, true, true, -1, "hr-replies", "kafka_replyPartition is ignored"},
    {BYTES("access-replies"), BYTES("\0\0\0\2"), true, true, 2, "access-replies", ""},
    {BYTES("payroll"), BYTES("\0\0\0\7"), true, true, -1, "access-replies",
     "kafka_replyTopic \"payroll\" is not in kafka.reply_topics_allowed"},
    {BYTES("hr-replies\0x"), {0}, true, false, -1, "access-replies", "kafka_replyTopic \"hr"},
    {{0}, {0}, true, false, -1, "access-replies", "kafka_replyTopic \"\" is not"},
    {{0}, BYTES("\0\0\0\7"), false, true, -1, "access-replies", "kafka_replyPartition without"},
};

static void test_routes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++) {
        const struct route *route = &routes[i];
        struct sample sample;
        struct message message;
        struct reply_warning warning;
        sample_init(&sample, false);
        sample_add_header(&sample, "kafka_replyTopic", str_of("an earlier one"));
        if (route->has_topic)
            sample_add_header(&sample, "kafka_replyTopic", route->topic);
        else
            sample.headers[0].name = str_of("other");
        if (route->has_partition)
            sample_add_header(&sample, "kafka_replyPartition", route->partition);
        assert_true(reply_make(&sample.rq, &sample_settings, false, &message, &warning));
        bool is_right = strcmp(message.topic, route->ret_topic) == 0 &&
                        message.partition == route->ret_partition &&
                        (route->warning[0] == '\0') == (warning.text[0] == '\0') &&
                        strncmp(warning.text, route->warning, strlen(route->warning)) == 0;
        if (!is_right)
            fail_msg("row %zu: %s/%d \"%s\"", i, message.topic, message.partition, warning.text);
        message_finish(&message);
        sample_finish(&sample);
    }
}

static void test_correlation_and_trace(void **state)
{
    (void)state;
    static const char id[16] = "\0\1\2\3\xFF\xFE\0\0abcdefg\0";
    struct sample sample;
    struct message message;
    sample_init(&sample, false);
    sample_add_header(&sample, "kafka_correlationId", str_of("first"));
    sample_add_header(&sample, "kafka_correlationId", (struct str){id, sizeof id});
    sample.rq.event.traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    sample.rq.event.tracestate = "a=1";
    make(&sample, &message);
    const struct header *header = message_header(&message, "kafka_correlationId");
    assert_non_null(header);
    assert_int_equal(header->value.size, sizeof id);
    assert_memory_equal(header->value.data, id, sizeof id);
    assert_header(&message, "traceparent", sample.rq.event.traceparent);
    assert_header(&message, "tracestate", "a=1");
    message_finish(&message);
    sample_add_header(&sample, "kafka_correlationId", (struct str){0});
    make(&sample, &message);
    header = message_header(&message, "kafka_correlationId");
    assert_non_null(header);
    assert_null(header->value.data);
    message_finish(&message);
    sample_finish(&sample);
}

/* Whatever stands in the event, the reply is JSON in valid UTF-8. */
static void test_hostile_texts(void **state)
{
    (void)state;
    static const char *const texts[] = {"\"}],", "\xFF\xC0\x80", "\x01\x1F\x7F",
                                        "a\\",   "\xED\xA0\x80", "\xF0\x9F\x98\x80"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct sample sample;
        struct message message;
        struct json_fault fault;
        sample_init(&sample, false);
        sample.rq.event.id = sample.rq.event.source = sample.rq.event.type = texts[i];
        sample.rq.event.ce_subject = texts[i];
        sample.rq.answer = ANSWER_REJECTED;
        fault_set(&sample.rq.fault, STAGE_ADMIT, "idMissing", "%s", texts[i]);
        make(&sample, &message);
        cJSON *tree = json_read(message.value, &fault);
        if (tree == NULL)
            fail_msg("row %zu: %s: %s", i, fault.message, message.value.data);
        cJSON_Delete(tree);
        message_finish(&message);
        sample_finish(&sample);
    }
}

static void test_source_is_a_uri(void **state)
{
    (void)state;
    struct reply_settings settings = sample_settings;
    struct reply_warning warning;
    struct sample sample;
    struct message message;
    settings.group = "my group/\xC3\xA4%";
    sample_init(&sample, true);
    assert_true(reply_make(&sample.rq, &settings, false, &message, &warning));
    assert_header(&message, "ce_source", "/usher/my%20group%2F%C3%A4%25");
    message_finish(&message);
    sample_finish(&sample);
}

static char *text_of_size(size_t size, char letter)
{
    char *text = malloc(size + 1);
    assert_non_null(text);
    memset(text, letter, size);
    text[size] = '\0';
    return text;
}

/* The brief reply is small whatever the event is, so that no event can block its partition. */
static void test_brief(void **state)
{
    (void)state;
    enum { LONG = 300000 };
    char *text = text_of_size(LONG, 'x');
    for (int from_store = 0; from_store < 2; from_store++) {
        struct sample sample;
        struct message message;
        struct reply_warning warning;
        sample_from_golden(&sample, &goldens[4], false);
        if (from_store) {
            sample.rq.stored = reply_members(&sample.rq);
            sample.rq.stored_answer = ANSWER_REJECTED;
        }
        sample.rq.event.type = sample.rq.event.ce_subject = text;
        sample.rq.record.key = (struct str){text, LONG};
        sample_add_header(&sample, "kafka_correlationId", (struct str){text, LONG});
        make(&sample, &message);
        assert_true(message.value.size > LONG * 2);
        assert_true(message.key.size == LONG);
        message_finish(&message);
        assert_true(reply_make(&sample.rq, &sample_settings, true, &message, &warning));
        assert_true(message.value.size < 4096);
        assert_null(message.key.data);
        assert_header(&message, "kafka_correlationId", NULL);
        assert_null(strstr(message.value.data, "\"graph\""));
        assert_null(strstr(message.value.data, "\"details\""));
        assert_non_null(strstr(message.value.data, "\"code\":\"InvalidRequest\""));
        assert_non_null(strstr(message.value.data, CALLS TIMES ORIGIN));
        message_finish(&message);
        sample_finish(&sample);
    }
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden_structured),
        cmocka_unit_test(test_golden_binary),
        cmocka_unit_test(test_no_event),
        cmocka_unit_test(test_duplicate),
        cmocka_unit_test(test_answered_again),
        cmocka_unit_test(test_routes),
        cmocka_unit_test(test_correlation_and_trace),
        cmocka_unit_test(test_hostile_texts),
        cmocka_unit_test(test_source_is_a_uri),
        cmocka_unit_test(test_brief),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
