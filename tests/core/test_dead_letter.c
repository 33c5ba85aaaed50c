/* Dead letters: the record as it was, Spring's headers in Spring's bytes, and ours. */
#include "tests/core/reply_sample.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static void sample_failed(struct sample *sample)
{
    sample_init(sample, false);
    sample->rq.answer = ANSWER_FAILED;
    fault_set(&sample->rq.fault, STAGE_SUBMIT, "ServiceUnavailable", "Graph was away");
}

static void assert_bytes(const struct message *message, const char *name, const char *bytes,
                         size_t size)
{
    const struct header *header = message_header(message, name);
    if (header == NULL || header->value.size != size ||
        memcmp(header->value.data, bytes, size) != 0)
        fail_msg("header %s has other bytes", name);
}

struct due {
    enum answer answer;
    enum event_worth worth;
    bool duplicate;
    bool is_due;
};

static const struct due dues[] = {
    {ANSWER_SUBMITTED, EVENT_GOOD, false, false},
    {ANSWER_EXISTING, EVENT_GOOD, false, false},
    {ANSWER_VALIDATED, EVENT_GOOD, false, false},
    {ANSWER_REJECTED, EVENT_GOOD, false, false},
    {ANSWER_REJECTED, EVENT_REFUSED, false, false},
    {ANSWER_REJECTED, EVENT_UNREADABLE, false, true},
    {ANSWER_EXPIRED, EVENT_GOOD, false, false},
    {ANSWER_FAILED, EVENT_GOOD, false, true},
    {ANSWER_UNKNOWN, EVENT_GOOD, false, true},
    {ANSWER_FAILED, EVENT_GOOD, true, false},
    {ANSWER_UNKNOWN, EVENT_GOOD, true, false},
};

static void test_due(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof dues / sizeof *dues; i++) {
        struct sample sample;
        sample_init(&sample, false);
        sample.rq.answer = dues[i].answer;
        sample.rq.event.worth = dues[i].worth;
        sample.rq.duplicate = dues[i].duplicate;
        if (dead_letter_is_due(&sample.rq) != dues[i].is_due)
            fail_msg("row %zu: %s", i, answer_name(dues[i].answer));
        sample_finish(&sample);
    }
}

static void test_headers(void **state)
{
    (void)state;
    struct sample sample;
    struct message message;
    sample_failed(&sample);
    sample.rq.attempts = (struct attempts){2, 3, 4};
    sample.rq.record.offset = 0x0102030405060708;
    sample_add_header(&sample, "a", (struct str){"\0\xFF", 2});
    sample_add_header(&sample, "a", str_of(""));
    sample_add_header(&sample, "", (struct str){0});
    assert_true(dead_letter_make(&sample.rq, &sample_settings, NULL, &message));
    assert_string_equal(message.topic, "access-requests-dlt");
    assert_int_equal(message.partition, 3);
    assert_true(message.timestamp_ms == 1795299115000);
    assert_true(str_is(message.key, "person-1"));
    assert_true(str_is(message.value, "{\"a\":1}"));

    assert_int_equal(message.kept_count, 3);
    assert_memory_equal(message.kept, sample.headers, 3 * sizeof *message.kept);
    assert_header(&message, "kafka_dlt-original-topic", "access-requests");
    assert_bytes(&message, "kafka_dlt-original-partition", "\0\0\0\3", 4);
    assert_bytes(&message, "kafka_dlt-original-offset", "\1\2\3\4\5\6\7\10", 8);
    assert_bytes(&message, "kafka_dlt-original-timestamp", "\0\0\1\xA2\0\x2A\x7F\xF8", 8);
    assert_header(&message, "kafka_dlt-original-timestamp-type", "CreateTime");
    assert_header(&message, "kafka_dlt-original-consumer-group", "usher");
    assert_header(&message, "kafka_dlt-exception-fqcn", "usher.ServiceUnavailable");
    assert_header(&message, "kafka_dlt-exception-message", "Graph was away");
    assert_header(&message, "kafka_dlt-exception-stacktrace", NULL);
    assert_header(&message, "usher-outcome", "failed");
    assert_header(&message, "usher-error-stage", "submit");
    assert_header(&message, "usher-error-code", "ServiceUnavailable");
    assert_header(&message, "usher-error-message", "Graph was away");
    assert_header(&message, "usher-attempts", "9");
    assert_header(&message, "usher-truncated", NULL);
    message_finish(&message);
    sample_finish(&sample);
}

static void test_nulls_and_timestamps(void **state)
{
    (void)state;
    struct sample sample;
    struct message message;
    sample_failed(&sample);
    sample.rq.record.key = sample.rq.record.value = (struct str){0};
    sample.rq.record.timestamp_ms = -1;
    assert_true(dead_letter_make(&sample.rq, &sample_settings, NULL, &message));
    assert_null(message.key.data);
    assert_null(message.value.data);
    assert_true(message.timestamp_ms == 0);
    assert_header(&message, "kafka_dlt-original-timestamp-type", "NoTimestampType");
    message_finish(&message);

    sample.rq.record.timestamp_ms = 5;
    sample.rq.record.timestamp_is_brokers = true;
    sample.rq.record.key = str_of("");
    assert_true(dead_letter_make(&sample.rq, &sample_settings, NULL, &message));
    assert_header(&message, "kafka_dlt-original-timestamp-type", "LogAppendTime");
    assert_non_null(message.key.data);
    message_finish(&message);
    sample_finish(&sample);
}

/* Where a replayed record came from first stays; how it ended is told anew, once. */
static void test_replayed(void **state)
{
    (void)state;
    struct sample sample;
    struct message message;
    sample_failed(&sample);
    sample_add_header(&sample, "kafka_dlt-original-topic", str_of("first-topic"));
    sample_add_header(&sample, "kafka_dlt-original-offset", str_of("12345678"));
    sample_add_header(&sample, "kafka_dlt-exception-fqcn", str_of("usher.old"));
    sample_add_header(&sample, "kafka_dlt-exception-stacktrace", str_of("at com.example"));
    sample_add_header(&sample, "usher-outcome", str_of("unknown"));
    sample_add_header(&sample, "usher-error-code", str_of("old"));
    sample_add_header(&sample, "usher-attempts", str_of("1"));
    sample_add_header(&sample, "usher-replay", str_of("1"));
    assert_true(dead_letter_make(&sample.rq, &sample_settings, NULL, &message));
    assert_header(&message, "kafka_dlt-original-topic", "first-topic");
    assert_header(&message, "kafka_dlt-original-offset", "12345678");
    assert_header(&message, "kafka_dlt-original-partition", NULL);
    assert_header(&message, "kafka_dlt-exception-fqcn", "usher.ServiceUnavailable");
    assert_header(&message, "kafka_dlt-exception-stacktrace", NULL);
    assert_header(&message, "usher-outcome", "failed");
    assert_header(&message, "usher-error-code", "ServiceUnavailable");
    assert_header(&message, "usher-attempts", "2");
    assert_header(&message, "usher-replay", "1");
    message_finish(&message);
    sample_finish(&sample);
}

/* After a crash between the record in Redis and the commit the stored answer tells why. */
static void test_from_stored_answer(void **state)
{
    (void)state;
    struct sample first, again;
    struct message message;
    sample_failed(&first);
    sample_init(&again, false);
    again.rq.attempts = (struct attempts){0};
    again.rq.stored = reply_members(&first.rq);
    assert_true(reply_stored_read(again.rq.stored, &again.rq.stored_answer));
    again.rq.answer = again.rq.stored_answer;
    assert_true(dead_letter_is_due(&again.rq));
    assert_true(dead_letter_make(&again.rq, &sample_settings, NULL, &message));
    assert_header(&message, "usher-error-code", "ServiceUnavailable");
    assert_header(&message, "usher-error-message", "Graph was away");
    assert_header(&message, "usher-attempts", "2");
    message_finish(&message);
    sample_finish(&first);
    sample_finish(&again);
}

static void test_large(void **state)
{
    (void)state;
    static const char sha[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    char *large = malloc(RECORD_BYTES_MAX);
    assert_non_null(large);
    for (size_t i = 0; i < RECORD_BYTES_MAX; i++)
        large[i] = (char)i;
    struct sample sample;
    struct message message;
    sample_failed(&sample);
    sample.rq.record.value = (struct str){large, RECORD_BYTES_MAX};
    sample_add_header(&sample, "small", str_of("1"));
    sample_add_header(&sample, "large", (struct str){large, RECORD_BYTES_MAX / 2});
    assert_true(dead_letter_make(&sample.rq, &sample_settings, NULL, &message));
    assert_int_equal(message.value.size, RECORD_BYTES_MAX);
    assert_memory_equal(message.value.data, large, RECORD_BYTES_MAX);
    assert_int_equal(message.kept_count, 2);
    message_finish(&message);

    assert_true(dead_letter_make(&sample.rq, &sample_settings, sha, &message));
    assert_int_equal(message.value.size, 64 << 10);
    assert_memory_equal(message.value.data, large, 64 << 10);
    assert_header(&message, "usher-value-sha256", sha);
    assert_header(&message, "usher-truncated", "true");
    assert_header(&message, "small", "1");
    assert_header(&message, "large", NULL);
    message_finish(&message);
    sample_finish(&sample);
    free(large);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_due),
        cmocka_unit_test(test_headers),
        cmocka_unit_test(test_nulls_and_timestamps),
        cmocka_unit_test(test_replayed),
        cmocka_unit_test(test_from_stored_answer),
        cmocka_unit_test(test_large),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
