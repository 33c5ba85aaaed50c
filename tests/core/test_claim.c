#include "worker/core/claim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static const char stored[] =
    "\"outcome\":\"submitted\",\"receivedAt\":\"2026-01-01T00:00:00.000Z\","
    "\"finishedAt\":\"2026-01-01T00:00:01.000Z\"";

enum { NOW_MS = 5000, WALL_MS = 1000000 };

struct row {
    const char *word;
    int64_t held_ms;
    int64_t expiry_ms;
    const char *stored;
    const char *origin;
    enum outcome outcome;
    uint64_t fence;
    int64_t pause_ms;
    bool duplicate;
    const char *code;
};

static const struct row rows[] = {
    {"new", 0, 0, "", "", OUTCOME_OK, 7, 0, false, ""},
    {"taken", 0, 0, "", "", OUTCOME_OK, 7, 0, false, ""},
    {"new", 0, WALL_MS + 1, "", "", OUTCOME_OK, 7, 0, false, ""},
    {"new", 0, WALL_MS, "", "", OUTCOME_EXPIRED, 7, 0, false, ""},
    {"taken", 0, WALL_MS - 1, "", "", OUTCOME_EXPIRED, 7, 0, false, ""},
    {"interrupted", 0, WALL_MS - 1, "", "", OUTCOME_INTERRUPTED, 7, 0, false, ""},
    {"held", 400, 0, "", "", OUTCOME_HELD, 0, 400, false, ""},
    {"held", 1, 0, "", "", OUTCOME_HELD, 0, CLAIM_HELD_PAUSE_MIN_MS, false, ""},
    {"held", 120000, 0, "", "", OUTCOME_HELD, 0, CLAIM_HELD_PAUSE_MAX_MS, false, ""},
    {"held", 400, WALL_MS - 1, "", "", OUTCOME_HELD, 0, 400, false, ""},
    {"seen", 0, 0, stored, "t/3/41", OUTCOME_SEEN, 0, 0, true, ""},
    {"seen", 0, 0, stored, "t/3/42", OUTCOME_SEEN, 0, 0, false, ""},
    {"seen", 0, WALL_MS - 1, stored, "t/3/42", OUTCOME_SEEN, 0, 0, false, ""},
    {"seen", 0, 0, "\"outcome\":\"granted\"", "t/3/42", OUTCOME_FAILED, 0, 0, false,
     "storedUnreadable"},
    {"seen", 0, 0, "{", "t/3/42", OUTCOME_FAILED, 0, 0, false, "storedUnreadable"},
    {"seen", 0, 0, "", "", OUTCOME_FAILED, 0, 0, false, "storedUnreadable"},
    {"conflict", 0, 0, "", "", OUTCOME_CONFLICT, 0, 0, false, "idConflict"},
    {"interlock", 0, 0, "", "", OUTCOME_PACED, 0, CLAIM_INTERLOCK_PAUSE_MS, false, ""},
    {"version", 0, 0, "", "", OUTCOME_FAILED, 0, 0, false, "claimUnreadable"},
    {"", 0, 0, "", "", OUTCOME_FAILED, 0, 0, false, "claimUnreadable"},
    {"newer", 0, 0, "", "", OUTCOME_FAILED, 0, 0, false, "claimUnreadable"},
};

static void check_row(const struct row *row)
{
    const struct claim_answer answer = {
        .word = str_of(row->word),
        .fence = 7,
        .held_ms = row->held_ms,
        .intent_wall_ms = 900,
        .now_wall_ms = 1000,
        .client_request_id = str_of("0b7a6c1e-0000-4000-8000-000000000001"),
        .stored = str_of(row->stored),
        .origin = str_of(row->origin),
    };
    struct request rq = {
        .stage = STAGE_CLAIM,
        .record = {.topic = "t", .partition = 3, .offset = 42},
        .event = {.expiry_ms = row->expiry_ms},
        .claim = {.fence = 1},
    };

    print_message("claim: %s, held %d ms, expiry %d, origin \"%s\"\n", row->word, (int)row->held_ms,
                  (int)row->expiry_ms, row->origin);
    assert_int_equal(claim_read(&rq, &answer, NOW_MS, WALL_MS), row->outcome);
    assert_int_equal(rq.claim.fence, row->fence);
    assert_int_equal(rq.claim.confirmed_ms, row->fence != 0 ? NOW_MS : 0);
    assert_int_equal(rq.pause_ms, row->pause_ms);
    assert_int_equal(rq.duplicate, row->duplicate);
    assert_string_equal(rq.fault.code, row->code);
    bool interrupted = row->outcome == OUTCOME_INTERRUPTED;
    assert_int_equal(rq.claim.intent_wall_ms, interrupted ? 900 : 0);
    assert_string_equal(rq.claim.client_request_id,
                        interrupted ? "0b7a6c1e-0000-4000-8000-000000000001" : "");
    bool seen = row->outcome == OUTCOME_SEEN;
    assert_int_equal(rq.stored_answer, seen ? ANSWER_SUBMITTED : ANSWER_NONE);
    if (seen)
        assert_string_equal(rq.stored, stored);
    else
        assert_null(rq.stored);
    request_finish(&rq);
}

static void reads_every_word(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        check_row(&rows[i]);
}

enum { RECORD_MS = 3600 * 1000 };

/* Redis has forgotten, or three workers ended on it; or both. */
static void tells_what_was_forgotten_or_crashes(void **state)
{
    static const struct {
        const char *word;
        unsigned crashes;
        bool forgot;
        enum outcome outcome;
        int64_t intent_ms;
        bool validation_only;
    } table[] = {
        {"new", 0, true, OUTCOME_FORGOTTEN, RECORD_MS, false},
        {"taken", 1, true, OUTCOME_FORGOTTEN, RECORD_MS, false},
        {"new", 0, true, OUTCOME_EXPIRED, 0, true},
        {"taken", 3, true, OUTCOME_INVALID, 0, true},
        {"taken", 2, false, OUTCOME_EXPIRED, 0, false},
        {"taken", 3, false, OUTCOME_INVALID, 0, false},
        {"taken", 4, false, OUTCOME_INVALID, 0, false},
        {"taken", 3, true, OUTCOME_UNKNOWN, 0, false},
        {"interrupted", 2, false, OUTCOME_INTERRUPTED, 900, false},
        {"interrupted", 3, false, OUTCOME_UNKNOWN, 900, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct request rq = {
            .stage = STAGE_CLAIM,
            .record = {.topic = "t", .timestamp_ms = RECORD_MS},
            .event = {.expiry_ms = WALL_MS - 1, .validation_only = table[i].validation_only},
        };
        struct claim_answer answer = {.word = str_of(table[i].word),
                                      .fence = 7,
                                      .intent_wall_ms = 900,
                                      .client_request_id = str_of(""),
                                      .crashes = table[i].crashes,
                                      .forgot = table[i].forgot};
        print_message("row %zu\n", i);
        assert_int_equal(claim_read(&rq, &answer, NOW_MS, WALL_MS), table[i].outcome);
        assert_int_equal(rq.claim.fence, 7);
        assert_int_equal(rq.claim.intent_wall_ms, table[i].intent_ms);
        assert_string_equal(rq.fault.code, table[i].crashes >= 3 ? "crashLoop" : "");
        request_finish(&rq);
    }
}

/* What was sent for an event that is replayed was sent before the replay was written. */
static void looks_from_the_first_record_of_a_replay(void **state)
{
    static const char earlier[] = "\0\0\0\0\0\0\0\x07", later[] = "\x7F\0\0\0\0\0\0\0",
                      before_1970[] = "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFE";
    static const struct {
        const char *mark; /* of a replay, or another */
        struct str time;
        int64_t intent_ms;
    } table[] = {
        {"usher-replay", {earlier, 8}, 7},
        {"usher-replay", {later, 8}, RECORD_MS},
        {"usher-replay", {before_1970, 8}, RECORD_MS},
        {"usher-replay", {earlier, 7}, RECORD_MS},
        {"usher-replay", {NULL, 0}, RECORD_MS},
        {"other", {earlier, 8}, RECORD_MS},
    };
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        const struct header headers[] = {
            {str_of(table[i].mark), {0}},
            {str_of("kafka_dlt-original-timestamp"), table[i].time},
        };
        struct request rq = {
            .stage = STAGE_CLAIM,
            .record = {.topic = "t",
                       .timestamp_ms = RECORD_MS,
                       .headers = headers,
                       .header_count = 2},
        };
        struct claim_answer answer = {.word = str_of("new"), .fence = 7, .forgot = true};
        print_message("row %zu\n", i);
        assert_int_equal(claim_read(&rq, &answer, NOW_MS, WALL_MS), OUTCOME_FORGOTTEN);
        assert_int_equal(rq.claim.intent_wall_ms, table[i].intent_ms);
        request_finish(&rq);
    }
}

static void takes_no_bytes_behind_a_nul(void **state)
{
    char text[] = "\"outcome\":\"submitted\"\0,\"x\":1";
    struct claim_answer answer = {.word = str_of("seen"), .stored = {text, sizeof text - 1}};
    struct request rq = {.record = {.topic = "t"}};

    (void)state;
    assert_int_equal(claim_read(&rq, &answer, NOW_MS, WALL_MS), OUTCOME_FAILED);
    request_finish(&rq);
}

static void ignores_a_client_request_id_that_is_too_long(void **state)
{
    struct claim_answer answer = {
        .word = str_of("interrupted"),
        .fence = 7,
        .client_request_id = str_of("0b7a6c1e-0000-4000-8000-000000000001-and-more"),
    };
    struct request rq = {.record = {.topic = "t"}};

    (void)state;
    assert_int_equal(claim_read(&rq, &answer, NOW_MS, WALL_MS), OUTCOME_INTERRUPTED);
    assert_string_equal(rq.claim.client_request_id, "");
    request_finish(&rq);
}

static void tells_identities_apart(void **state)
{
    static const char *const pairs[][2] = {
        {"/a", "bc"}, {"/ab", "c"}, {"/a", "b"}, {"/a", "1:bc"}, {"/a2:", "bc"}, {"/", "a2:bc"},
    };
    enum { COUNT = sizeof pairs / sizeof *pairs };
    char texts[COUNT][CLAIM_IDENTITY_SIZE];

    (void)state;
    for (int i = 0; i < COUNT; i++) {
        struct event event = {.source = pairs[i][0], .id = pairs[i][1]};
        size_t size = claim_identity(&event, texts[i], sizeof texts[i]);
        assert_int_equal(size, strlen(texts[i]));
        for (int j = 0; j < i; j++)
            assert_string_not_equal(texts[i], texts[j]);
    }
}

static void holds_the_longest_identity_and_origin(void **state)
{
    char id[EVENT_ID_MAX + 1], topic[250], text[CLAIM_IDENTITY_SIZE], origin[ORIGIN_SIZE];
    struct event event = {.source = id, .id = id};
    struct record record = {.topic = topic, .partition = INT32_MIN, .offset = INT64_MIN};

    (void)state;
    memset(id, 'i', sizeof id);
    id[EVENT_ID_MAX] = '\0';
    memset(topic, 't', sizeof topic);
    topic[249] = '\0';
    assert_int_equal(claim_identity(&event, text, sizeof text), 2 * (EVENT_ID_MAX + 4));
    claim_origin(&record, origin);
    assert_int_equal(strlen(origin), 249 + 1 + 11 + 1 + 20);
}

static void sees_the_header_of_a_replay(void **state)
{
    const struct header headers[] = {{str_of("usher-replay"), {0}}, {str_of("other"), {0}}};
    struct record record = {.headers = headers, .header_count = 2};

    (void)state;
    assert_true(claim_is_replay(&record));
    record.headers = headers + 1;
    record.header_count = 1;
    assert_false(claim_is_replay(&record));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_every_word),
        cmocka_unit_test(tells_what_was_forgotten_or_crashes),
        cmocka_unit_test(looks_from_the_first_record_of_a_replay),
        cmocka_unit_test(takes_no_bytes_behind_a_nul),
        cmocka_unit_test(ignores_a_client_request_id_that_is_too_long),
        cmocka_unit_test(tells_identities_apart),
        cmocka_unit_test(holds_the_longest_identity_and_origin),
        cmocka_unit_test(sees_the_header_of_a_replay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
