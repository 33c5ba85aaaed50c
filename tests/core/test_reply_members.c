/* The stored members: written, read again, and refused where they are none. */
#include "tests/core/reply_sample.h"

#include "worker/core/reply_members.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define TIMES \
    "\"receivedAt\":\"2026-11-21T22:12:00.005Z\",\"finishedAt\":\"2026-11-21T22:12:01.999Z\""

static void test_a_long_message_is_whole_but_in_brief(void **state)
{
    (void)state;
    struct sample sample;
    static char text[GRAPH_MESSAGE_MAX + 1];
    memset(text, 1, GRAPH_MESSAGE_MAX); /* each byte takes six */
    sample_init(&sample, false);
    sample.rq.answer = ANSWER_REJECTED;
    fault_set(&sample.rq.fault, STAGE_SUBMIT, "A", "start");
    sample.rq.fault.whole = strdup(text);
    for (int brief = 0; brief < 2; brief++) {
        struct buffer json;
        buffer_init(&json, REPLY_MEMBERS_MAX);
        reply_members_write(&json, &sample.rq, brief);
        assert_false(json.failed);
        assert_int_equal(json.size > 6 * (size_t)GRAPH_MESSAGE_MAX, brief == 0);
        buffer_finish(&json);
    }
    struct reply_facts facts;
    assert_true(reply_facts_read(&sample.rq, &facts));
    assert_string_equal(facts.fault.message, "start");
    assert_null(facts.fault.whole);
    sample_finish(&sample);
}

static void test_what_is_written_can_be_read(void **state)
{
    (void)state;
    for (enum answer answer = ANSWER_SUBMITTED; answer < ANSWER_COUNT; answer++) {
        struct sample sample;
        sample_init(&sample, false);
        sample.rq.answer = answer;
        sample.rq.claim.fence = 1;
        fault_set(&sample.rq.fault, STAGE_SUBMIT, "Some\"Code", "Why \xE2\x82\xAC.");
        sample.rq.fault.http_status = 500;
        char *members = reply_members(&sample.rq);
        enum answer told = ANSWER_NONE;
        assert_true(reply_stored_read(members, &told));
        assert_int_equal(told, answer);

        struct reply_facts before, after;
        assert_true(reply_facts_read(&sample.rq, &before));
        sample.rq.stored = members;
        assert_true(reply_facts_read(&sample.rq, &after));
        assert_int_equal(after.answer, answer);
        assert_int_equal(after.calls, 2);
        assert_string_equal(after.finished, "2026-11-21T22:12:01.999Z");
        assert_int_equal(after.fault.stage, before.fault.stage);
        assert_string_equal(after.fault.code, before.fault.code);
        assert_string_equal(after.fault.message, before.fault.message);
        assert_int_equal(after.fault.http_status, before.fault.http_status);
        sample_finish(&sample);
    }
}

/* Members of a request that was seen are the stored ones, unchanged. */
static void test_seen(void **state)
{
    (void)state;
    struct sample sample;
    sample_init(&sample, false);
    sample.rq.stored = strdup("\"outcome\":\"existing\"," TIMES);
    char *members = reply_members(&sample.rq);
    assert_string_equal(members, sample.rq.stored);
    free(members);
    sample_finish(&sample);
}

static void test_expiry_says_how_far_it_came(void **state)
{
    (void)state;
    struct sample sample;
    struct reply_facts facts;
    sample_init(&sample, false);
    struct request *rq = &sample.rq;
    rq->answer = ANSWER_EXPIRED;
    rq->attempts = (struct attempts){0};
    assert_true(reply_facts_read(rq, &facts));
    assert_int_equal(facts.fault.stage, STAGE_ADMIT);
    rq->claim.fence = 7;
    assert_true(reply_facts_read(rq, &facts));
    assert_int_equal(facts.fault.stage, STAGE_CLAIM);
    rq->attempts.dry_run = 1;
    assert_true(reply_facts_read(rq, &facts));
    assert_int_equal(facts.fault.stage, STAGE_DRY_RUN);
    rq->dry_run_ms = 1;
    assert_true(reply_facts_read(rq, &facts));
    assert_int_equal(facts.fault.stage, STAGE_MARK);
    sample_finish(&sample);
}

static const char *const bad[] = {
    "",
    "nonsense",
    "\"outcome\":\"submitted\"",
    "\"outcome\":\"none\"," TIMES,
    "\"outcome\":\"granted\"," TIMES,
    "\"outcome\":1," TIMES,
    "\"Outcome\":\"submitted\"," TIMES,
    "\"outcome\":\"submitted\",\"outcome\":\"failed\"," TIMES,
    "\"outcome\":\"submitted\"," TIMES "}",
    "\"outcome\":\"submitted\"," TIMES "},{",
    "\"outcome\":\"submitted\",\"duplicate\":true," TIMES,
    "\"outcome\":\"submitted\",\"origin\":null," TIMES,
    "\"outcome\":\"submitted\",\"requestId\":\"x\"," TIMES,
    "\"outcome\":\"failed\"," TIMES,
    "\"outcome\":\"failed\",\"error\":{\"stage\":\"lunch\",\"code\":\"x\"}," TIMES,
    "\"outcome\":\"failed\",\"error\":{\"stage\":\"look\",\"code\":\"\"}," TIMES,
    "\"outcome\":\"submitted\",\"receivedAt\":\"x\",\"finishedAt\":\"yesterday\"",
    "\"outcome\":\"submitted\",\"graph\":\"\xFF\"," TIMES,
};

static void test_bad_ones_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        enum answer answer = ANSWER_NONE;
        if (reply_stored_read(bad[i], &answer) || answer != ANSWER_NONE)
            fail_msg("row %zu is taken: %s", i, bad[i]);
    }
    enum answer answer = ANSWER_NONE;
    assert_true(reply_stored_read("\"outcome\":\"submitted\"," TIMES, &answer));
    assert_true(reply_stored_read("\"outcome\":\"submitted\",\"later\":[1]," TIMES, &answer));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_written_can_be_read),
        cmocka_unit_test(test_a_long_message_is_whole_but_in_brief),
        cmocka_unit_test(test_seen),
        cmocka_unit_test(test_expiry_says_how_far_it_came),
        cmocka_unit_test(test_bad_ones_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
