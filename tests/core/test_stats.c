#include "worker/core/stats.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void test_answered(void **state)
{
    (void)state;
    struct stats stats = {0};
    struct request rq = {
        .record = {.timestamp_ms = 1000},
        .received_wall_ms = 2000,
        .event = {.worth = EVENT_GOOD, .request_type = REQUEST_TYPE_ADMIN_ADD},
        .answer = ANSWER_FAILED,
    };
    stats_answered(&stats, &rq, 3000);
    assert_int_equal(stats.answers[ANSWER_FAILED][false][REQUEST_TYPE_ADMIN_ADD], 1);
    assert_int_equal(stats.dead_letters[DEAD_GAVE_UP], 1);
    assert_int_equal(stats.latency[ANSWER_FAILED].sum_ms, 2000);
    assert_int_equal(stats.work[ANSWER_FAILED].sum_ms, 1000);
    assert_int_equal(stats.last_success_wall_ms, 0);

    rq.duplicate = true;
    rq.record.timestamp_ms = -1;
    rq.received_wall_ms = 2900;
    stats_answered(&stats, &rq, 3000);
    assert_int_equal(stats.answers[ANSWER_FAILED][true][REQUEST_TYPE_ADMIN_ADD], 1);
    assert_int_equal(stats.dead_letters[DEAD_GAVE_UP], 1);
    assert_int_equal(stats.latency[ANSWER_FAILED].sum_ms, 2100);

    assert_int_equal(stats_answers(stats.answers, ANSWER_FAILED, true), 1);
    assert_int_equal(stats_answers(stats.answers, ANSWER_EXISTING, true), 0);
    rq.answer = ANSWER_EXISTING;
    stats_answered(&stats, &rq, 4000);
    assert_int_equal(stats.last_success_wall_ms, 4000);
}

static void test_moved(void **state)
{
    (void)state;
    struct stats stats = {0};
    struct request rq = {.stage = STAGE_SUBMIT, .outcome = OUTCOME_PACED};
    struct verdict verdict = {.move = MOVE_WAIT};
    stats_moved(&stats, &rq, &verdict);
    verdict = (struct verdict){.move = MOVE_WAIT, .own_retry = true};
    stats_moved(&stats, &rq, &verdict);
    verdict = (struct verdict){.move = MOVE_DROP};
    stats_moved(&stats, &rq, &verdict);
    assert_int_equal(stats.posts[STAGE_SUBMIT][OUTCOME_PACED], 3);
    assert_int_equal(stats.retries[RETRY_CONNECTION], 1);
    assert_int_equal(stats.drops, 1);
}

static void test_retry_reasons(void **state)
{
    (void)state;
    static const struct {
        enum stage stage;
        int status;
        const char *code;
        enum retry_reason reason;
    } rows[] = {
        {STAGE_CLAIM, 0, "", RETRY_REDIS},
        {STAGE_MARK, 503, "", RETRY_REDIS}, /* of an older call */
        {STAGE_RECORD, 0, "", RETRY_REDIS},
        {STAGE_DRY_RUN, 429, "throttled", RETRY_THROTTLED},
        {STAGE_DRY_RUN, 503, "badGateway", RETRY_SERVER_ERROR},
        {STAGE_SUBMIT, 404, "Request_ResourceNotFound", RETRY_REFUSED},
        {STAGE_LOOK, 0, "timeout", RETRY_TIMEOUT},
        {STAGE_LOOK, 0, "connectionLost", RETRY_CONNECTION},
        {STAGE_LOOK, 200, "unreadableAnswer", RETRY_OTHER},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct stats stats = {0};
        struct request rq = {.stage = rows[i].stage, .outcome = OUTCOME_FAILED};
        struct verdict verdict = {.move = MOVE_WAIT, .own_retry = true};
        rq.fault.http_status = rows[i].status;
        snprintf(rq.fault.code, sizeof rq.fault.code, "%s", rows[i].code);
        stats_moved(&stats, &rq, &verdict);
        if (stats.retries[rows[i].reason] != 1)
            fail_msg("row %zu", i);
    }
    for (enum retry_reason reason = 0; reason < RETRY_REASONS; reason++)
        assert_non_null(retry_reason_name(reason));
}

static void test_dead_reasons(void **state)
{
    (void)state;
    static const struct {
        enum answer answer;
        enum event_worth worth;
        enum doubt doubt;
        enum stage stage;
        const char *code;
        enum dead_reason reason;
    } rows[] = {
        {ANSWER_REJECTED, EVENT_UNREADABLE, DOUBT_NONE, STAGE_ADMIT, "notJson", DEAD_UNREADABLE},
        {ANSWER_FAILED, EVENT_GOOD, DOUBT_NONE, STAGE_DRY_RUN, "timeout", DEAD_GAVE_UP},
        {ANSWER_FAILED, EVENT_GOOD, DOUBT_NONE, STAGE_CLAIM, "redisRefused", DEAD_REDIS},
        {ANSWER_UNKNOWN, EVENT_GOOD, DOUBT_SENT, STAGE_CLAIM, "crashLoop", DEAD_CRASH_LOOP},
        {ANSWER_UNKNOWN, EVENT_GOOD, DOUBT_SENT, STAGE_LOOK, "outcomeUnknown", DEAD_IN_DOUBT},
        {ANSWER_UNKNOWN, EVENT_GOOD, DOUBT_DRY_RUN, STAGE_DRY_RUN, "dryRunNotEchoed",
         DEAD_INTERLOCK},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct stats stats = {0};
        struct request rq = {.answer = rows[i].answer, .doubt = rows[i].doubt};
        rq.event.worth = rows[i].worth;
        rq.fault.stage = rows[i].stage;
        snprintf(rq.fault.code, sizeof rq.fault.code, "%s", rows[i].code);
        stats_answered(&stats, &rq, 1);
        if (stats.dead_letters[rows[i].reason] != 1)
            fail_msg("row %zu", i);
    }
    for (enum dead_reason reason = 0; reason < DEAD_REASONS; reason++)
        assert_non_null(dead_reason_name(reason));
}

static void test_dedupe(void **state)
{
    (void)state;
    struct stats stats = {0};
    uint64_t *posts = stats.posts[STAGE_CLAIM];
    posts[OUTCOME_OK] = 1;
    posts[OUTCOME_HELD] = 2;
    posts[OUTCOME_SEEN] = 4;
    posts[OUTCOME_CONFLICT] = 8;
    posts[OUTCOME_FAILED] = 16;
    posts[OUTCOME_PACED] = 32; /* nobody was asked */
    assert_int_equal(stats_dedupe(&stats, DEDUPE_NEW), 1);
    assert_int_equal(stats_dedupe(&stats, DEDUPE_IN_FLIGHT), 2);
    assert_int_equal(stats_dedupe(&stats, DEDUPE_DONE), 12);
    assert_int_equal(stats_dedupe(&stats, DEDUPE_ERROR), 16);
    for (enum dedupe_result result = 0; result < DEDUPE_RESULTS; result++)
        assert_non_null(dedupe_result_name(result));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answered),      cmocka_unit_test(test_moved),
        cmocka_unit_test(test_retry_reasons), cmocka_unit_test(test_dead_reasons),
        cmocka_unit_test(test_dedupe),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
