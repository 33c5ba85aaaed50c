/* What the audit reads out of replies and dead letters: what the worker really writes, and what
 * others might. */
#include "worker/core/audit_origin.h"

#include "tests/core/records.h"
#include "tests/core/reply_sample.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static const struct audit_names usher = {"access-requests", "usher"};

/* A message as a reader of Kafka gets it. */
struct received {
    struct header headers[32];
    struct record record;
};

static void receive(const struct message *message, struct received *ret)
{
    *ret = (struct received){.record = {.topic = message->topic, .value = message->value}};
    for (size_t i = 0; i < message->kept_count; i++)
        ret->headers[ret->record.header_count++] = message->kept[i];
    for (size_t i = 0; i < message->header_count; i++)
        ret->headers[ret->record.header_count++] = message->headers[i];
    ret->record.headers = ret->headers;
}

struct written {
    enum answer answer;
    bool duplicate;
    bool told; /* as a duplicate */
};

static const struct written written[] = {
    {ANSWER_SUBMITTED, false, false}, {ANSWER_REJECTED, false, false},
    {ANSWER_FAILED, false, false},    {ANSWER_UNKNOWN, false, false},
    {ANSWER_UNKNOWN, true, true},     {ANSWER_SUBMITTED, true, false},
};

static const char *const groups[] = {"usher", "g", "über/alles 100%", ""};

static void check_written(const struct written *row, bool binary, const char *group)
{
    struct sample sample;
    struct message message;
    struct reply_warning warning;
    struct received received;
    struct audit_reply reply;
    struct reply_settings settings = sample_settings;
    settings.group = group;
    sample_init(&sample, binary);
    sample.rq.answer = row->answer;
    sample.rq.duplicate = row->duplicate;
    if (row->answer == ANSWER_FAILED || row->answer == ANSWER_UNKNOWN)
        fault_set(&sample.rq.fault, STAGE_SUBMIT, "ServiceUnavailable", "Graph was away");
    assert_true(reply_make(&sample.rq, &settings, false, &message, &warning));
    receive(&message, &received);
    struct audit_names names = {"access-requests", group};
    bool read = audit_reply_read(&received.record, &names, &reply);
    if (!read || reply.origin.partition != 3 || reply.origin.offset != 42 ||
        reply.answer != row->answer || reply.duplicate != row->told)
        fail_msg("%s, group %s: %.*s", answer_name(row->answer), group, (int)message.value.size,
                 message.value.data);
    const struct audit_names others[] = {{"access-request", group},
                                         {"access-requests-2", group},
                                         {"access-requests", "ushe"},
                                         {"access-requests", "usher2"}};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        assert_false(audit_reply_read(&received.record, &others[i], &reply));
    message_finish(&message);
    sample_finish(&sample);
}

static void test_what_the_worker_writes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof written / sizeof *written; i++) {
        for (size_t group = 0; group < sizeof groups / sizeof *groups; group++) {
            check_written(&written[i], false, groups[group]);
            check_written(&written[i], true, groups[group]);
        }
    }
}

struct row {
    const char *id, *source;
    bool good;
    int32_t partition;
    int64_t offset;
};

static const struct row rows[] = {
    {"access-requests/0/0/reply", "/usher/usher", true, 0, 0},
    {"access-requests/2147483647/9223372036854775807/reply", "/usher/usher", true, INT32_MAX,
     INT64_MAX},
    {"access-requests/1/2/reply", "/usher/%75sher", true, 1, 2},
    {"access-requests/2147483648/0/reply", "/usher/usher", false, 0, 0},
    {"access-requests/0/9223372036854775808/reply", "/usher/usher", false, 0, 0},
    {"access-requests/01/0/reply", "/usher/usher", false, 0, 0},
    {"access-requests/-1/0/reply", "/usher/usher", false, 0, 0},
    {"access-requests//0/reply", "/usher/usher", false, 0, 0},
    {"access-requests/1/2", "/usher/usher", false, 0, 0},
    {"access-requests/1/2/replay", "/usher/usher", false, 0, 0},
    {"access-requests/1/2/reply/", "/usher/usher", false, 0, 0},
    {"access-requests", "/usher/usher", false, 0, 0},
    {"", "/usher/usher", false, 0, 0},
    {NULL, "/usher/usher", false, 0, 0},
    {"access-requests/1/2/reply", NULL, false, 0, 0},
    {"access-requests/1/2/reply", "", false, 0, 0},
    {"access-requests/1/2/reply", "/usher/", false, 0, 0},
    {"access-requests/1/2/reply", "usher", false, 0, 0},
    {"access-requests/1/2/reply", "/usher/ushe%7", false, 0, 0},
    {"access-requests/1/2/reply", "/usher/ushe%7z", false, 0, 0},
};

static void check_row(const struct row *row, bool binary)
{
    struct test_record made;
    struct audit_reply reply;
    char text[256];
    const char *id = row->id != NULL ? row->id : "", *source = row->source;
    (void)snprintf(text, sizeof text, "{\"data\":{},\"id\":\"%s\"%s%s%s}", id,
                   source != NULL ? ",\"source\":\"" : "", source != NULL ? source : "",
                   source != NULL ? "\"" : "");
    if (binary)
        record_of(&made, str_of("{}"), BINARY({"ce_id", row->id}, {"ce_source", source}));
    else
        record_of(&made, str_of(text), NULL);
    bool good = audit_reply_read(&made.record, &usher, &reply);
    if (good != row->good ||
        (good && (reply.origin.partition != row->partition || reply.origin.offset != row->offset)))
        fail_msg("%s %s, %s", row->id, source, binary ? "binary" : "structured");
    assert_false(reply.duplicate);
    assert_int_equal(reply.answer, ANSWER_NONE);
}

static void test_ids_and_sources(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        check_row(&rows[i], false);
        check_row(&rows[i], true);
    }
}

static void test_no_replies(void **state)
{
    (void)state;
    static const struct str values[] = {
        {0}, {"", 0}, {"{", 1}, {"[1]", 3}, {"\xFF\xFE", 2}, {"{\"id\":1,\"source\":[]}", 20}};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        struct test_record made;
        struct audit_reply reply;
        record_of(&made, values[i], BINARY({"usher-outcome", "failed"}));
        if (audit_reply_read(&made.record, &usher, &reply))
            fail_msg("row %zu", i);
    }
}

static void test_dead_letter_of_the_worker(void **state)
{
    (void)state;
    struct sample sample;
    struct message message;
    struct received received;
    struct audit_origin origin;
    sample_init(&sample, false);
    sample.rq.answer = ANSWER_FAILED;
    sample.rq.record.offset = 0x0102030405060708;
    fault_set(&sample.rq.fault, STAGE_SUBMIT, "ServiceUnavailable", "Graph was away");
    assert_true(dead_letter_make(&sample.rq, &sample_settings, NULL, &message));
    receive(&message, &received);
    assert_int_equal(audit_letter_read(&received.record, &usher, &origin), AUDIT_LETTER_OURS);
    assert_int_equal(origin.partition, 3);
    assert_true(origin.offset == 0x0102030405060708);
    assert_int_equal(audit_letter_read(&sample.rq.record, &usher, &origin), AUDIT_LETTER_NONE);
    message_finish(&message);
    sample_finish(&sample);
}

struct letter {
    const char *topic, *group;
    struct str partition, offset;
    enum audit_letter sort;
};

static const struct letter letters[] = {
    {"access-requests", "usher", {"\0\0\0\1", 4}, {"\0\0\0\0\0\0\0\2", 8}, AUDIT_LETTER_OURS},
    {NULL, "usher", {"\0\0\0\1", 4}, {"\0\0\0\0\0\0\0\2", 8}, AUDIT_LETTER_NONE},
    {"others", "usher", {"\0\0\0\1", 4}, {"\0\0\0\0\0\0\0\2", 8}, AUDIT_LETTER_FOREIGN},
    {"access-requests", "others", {"\0\0\0\1", 4}, {"\0\0\0\0\0\0\0\2", 8}, AUDIT_LETTER_FOREIGN},
    {"access-requests", "usher", {"1", 1}, {"\0\0\0\0\0\0\0\2", 8}, AUDIT_LETTER_FOREIGN},
    {"access-requests", "usher", {"\0\0\0\1", 4}, {"\0\0\0\2", 4}, AUDIT_LETTER_FOREIGN},
    {"access-requests", "usher", {"\x80\0\0\1", 4}, {"\0\0\0\0\0\0\0\2", 8}, AUDIT_LETTER_FOREIGN},
    {"access-requests", "usher", {"\0\0\0\1", 4}, {"\xFF\0\0\0\0\0\0\2", 8}, AUDIT_LETTER_FOREIGN},
    {"access-requests", "usher", {0}, {0}, AUDIT_LETTER_FOREIGN},
};

static void test_letters(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof letters / sizeof *letters; i++) {
        const struct letter *row = &letters[i];
        struct header headers[] = {
            {str_of("kafka_dlt-original-partition"), row->partition},
            {str_of("kafka_dlt-original-offset"), row->offset},
            {str_of("kafka_dlt-original-consumer-group"), str_of(row->group)},
            {str_of("kafka_dlt-original-topic"), str_of(row->topic)},
        };
        struct record record = {.headers = headers, .header_count = row->topic != NULL ? 4 : 3};
        struct audit_origin origin;
        enum audit_letter sort = audit_letter_read(&record, &usher, &origin);
        if (sort != row->sort || (sort == AUDIT_LETTER_OURS && origin.offset != 2))
            fail_msg("row %zu: %d", i, sort);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_the_worker_writes),
        cmocka_unit_test(test_ids_and_sources),
        cmocka_unit_test(test_no_replies),
        cmocka_unit_test(test_dead_letter_of_the_worker),
        cmocka_unit_test(test_letters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
