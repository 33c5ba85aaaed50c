/* A dead letter as a row of a list: what the worker really writes, and what others might. */
#include "worker/core/letter.h"

#include "tests/core/records.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static const char topic[] = "access-requests-dlt";

enum { MANY_HEADERS = 16 };

static struct header headers[MANY_HEADERS];
static struct record record;

static void begin(const char *value)
{
    record = (struct record){.topic = topic,
                             .partition = 3,
                             .offset = 17,
                             .timestamp_ms = 5,
                             .key = str_of("key"),
                             .value = str_of(value),
                             .headers = headers};
}

static void add(const char *name, struct str value)
{
    assert_true(record.header_count < MANY_HEADERS);
    headers[record.header_count++] = (struct header){str_of(name), value};
}

static void test_ours(void **state)
{
    (void)state;
    struct letter letter;
    begin(GOOD);
    add("kafka_dlt-original-topic", str_of("access-requests"));
    add("kafka_dlt-original-partition", BYTES("\0\0\0\2"));
    add("kafka_dlt-original-offset", BYTES("\0\0\0\0\0\1\0\2"));
    add("usher-outcome", str_of("unknown"));
    add("usher-error-stage", str_of("look"));
    add("usher-error-code", str_of("timeout"));
    add("usher-error-message", str_of("Graph did not answer"));
    add("usher-attempts", str_of("12"));
    letter_read(&record, &letter);
    assert_int_equal(letter.partition, 3);
    assert_int_equal(letter.offset, 17);
    assert_int_equal(letter.timestamp_ms, 5);
    assert_string_equal(letter.id, "e1");
    assert_string_equal(letter.source, "/s");
    assert_string_equal(letter.outcome, "unknown");
    assert_string_equal(letter.stage, "look");
    assert_string_equal(letter.code, "timeout");
    assert_string_equal(letter.message, "Graph did not answer");
    assert_int_equal(letter.attempts, 12);
    assert_string_equal(letter.topic, "access-requests");
    assert_int_equal(letter.from_partition, 2);
    assert_int_equal(letter.from_offset, 65538);
    assert_int_equal(letter.bytes, 3 + strlen(GOOD));
    assert_false(letter.truncated || letter.came_back || letter.replayed);
    assert_null(letter_refusal(&letter));
}

static void test_nothing(void **state)
{
    (void)state;
    struct letter letter;
    begin("no event");
    record.value = record.key = (struct str){0};
    letter_read(&record, &letter);
    assert_string_equal(letter.id, "");
    assert_string_equal(letter.outcome, "");
    assert_string_equal(letter.topic, "");
    assert_int_equal(letter.from_partition, -1);
    assert_int_equal(letter.from_offset, -1);
    assert_int_equal(letter.attempts, 0);
    assert_int_equal(letter.bytes, 0);
}

static void test_hostile(void **state)
{
    (void)state;
    static char text[LETTER_MESSAGE_SIZE + 8];
    struct letter letter;
    begin("{}");
    memset(text, 'x', sizeof text);
    memcpy(text + LETTER_MESSAGE_SIZE - 2, "\xC3\xBC", 2); /* it would be cut in two */
    add("usher-error-message", (struct str){text, sizeof text});
    add("usher-outcome", BYTES("a\xFF\xC3"));
    add("usher-error-code", (struct str){0});
    add("usher-attempts", str_of("4294967296"));
    add("kafka_dlt-original-partition", BYTES("\xFF\xFF\xFF\xFE"));
    add("kafka_dlt-original-offset", BYTES("\0\1"));
    letter_read(&record, &letter);
    assert_int_equal(strlen(letter.message), LETTER_MESSAGE_SIZE - 2);
    assert_string_equal(letter.outcome, "a??");
    assert_string_equal(letter.code, "");
    assert_int_equal(letter.attempts, 0);
    assert_int_equal(letter.from_partition, -2);
    assert_int_equal(letter.from_offset, -1);
    static const char *const numbers[] = {"", "-1", "1x", " 1", "99999999999"};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        begin("{}");
        add("usher-attempts", str_of(numbers[i]));
        letter_read(&record, &letter);
        assert_int_equal(letter.attempts, 0);
    }
}

static void test_truncated(void **state)
{
    (void)state;
    struct letter letter;
    begin(GOOD);
    add("usher-truncated", str_of("true"));
    letter_read(&record, &letter);
    assert_true(letter.truncated);
    assert_non_null(strstr(letter_refusal(&letter), "only its start is kept"));
}

static void test_replays(void **state)
{
    (void)state;
    static const char *const others[] = {"1",
                                         "",
                                         "access-requests-dlt",
                                         "access-requests-dlt/1",
                                         "access-requests-dlt/1/2/reply",
                                         "access-requests/1/2",
                                         "access-requests-dlt/4294967296/2"};
    struct audit_origin place = {0};
    struct letter letter;
    begin(GOOD);
    assert_false(letter_replay_of(&record, topic, &place));
    add("usher-replay", str_of("access-requests-dlt/3/9007199254740993"));
    assert_true(letter_replay_of(&record, topic, &place));
    assert_int_equal(place.partition, 3);
    assert_int_equal(place.offset, 9007199254740993);
    letter_read(&record, &letter);
    assert_true(letter.came_back && !letter.replayed);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        begin(GOOD);
        add("usher-replay", str_of(others[i]));
        assert_false(letter_replay_of(&record, topic, &place));
    }
}

static void test_filter(void **state)
{
    (void)state;
    static const struct letter letter = {.outcome = "failed", .code = "UnknownError"};
    static const struct {
        struct letter_filter filter;
        bool matches;
    } filters[] = {{{"", ""}, true},
                   {{"failed", ""}, true},
                   {{"fail", ""}, false},
                   {{"unknown", ""}, false},
                   {{"", "UnknownError"}, true},
                   {{"", "unknownError"}, false},
                   {{"failed", "UnknownError"}, true},
                   {{"failed", "other"}, false}};
    for (size_t i = 0; i < sizeof filters / sizeof *filters; i++)
        assert_int_equal(letter_matches(&letter, &filters[i].filter), filters[i].matches);
    struct letter_filter typed = letter_filter_of("a word that is longer than any", "code");
    assert_string_equal(typed.outcome, "a word that is longer t");
    assert_string_equal(typed.code, "code");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ours),    cmocka_unit_test(test_nothing),
        cmocka_unit_test(test_hostile), cmocka_unit_test(test_truncated),
        cmocka_unit_test(test_replays), cmocka_unit_test(test_filter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
