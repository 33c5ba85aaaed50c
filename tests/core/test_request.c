#include "worker/core/request.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

/* Nothing that an earlier request left in its place of the pool may show; the sanitizer sees what
 * is not given back. */
static void test_life(void **state)
{
    (void)state;
    struct partition partition = {.id = 3, .epoch = 7};
    struct record record = {.topic = "t", .partition = 3, .offset = 9, .value = {"x", 1}};
    struct request rq;
    memset(&rq, 0xFF, sizeof rq);
    request_init(&rq, &record, &partition, 1234);
    assert_int_equal(rq.stage, STAGE_ADMIT);
    assert_int_equal(rq.run, RUN_FREE);
    assert_int_equal(rq.answer, ANSWER_NONE);
    assert_int_equal(rq.doubt, DOUBT_NONE);
    assert_int_equal(rq.epoch, 7);
    assert_int_equal(rq.record.offset, 9);
    assert_int_equal(rq.received_wall_ms, 1234);
    assert_null(rq.stored);
    assert_null(rq.event.memory);

    rq.graph.object = strdup("{}");
    rq.stored = strdup("\"outcome\":\"failed\"");
    fault_set(&rq.fault, STAGE_SUBMIT, "x", "y");
    rq.fault.details = strdup("[]");
    request_finish(&rq);
    assert_null(rq.graph.object);
    assert_null(rq.stored);
    assert_null(rq.fault.details);
    request_finish(&rq);
}

static void test_expiry(void **state)
{
    (void)state;
    static const struct {
        int64_t expiry_ms, wall_ms;
        bool expired;
    } rows[] = {
        {0, 0, false},      {0, INT64_MAX, false}, {1000, 999, false},
        {1000, 1000, true}, {1000, 1001, true},    {-5, 0, true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct request rq = {.event = {.expiry_ms = rows[i].expiry_ms}};
        if (request_is_expired(&rq, rows[i].wall_ms) != rows[i].expired)
            fail_msg("row %zu", i);
    }
}

/* Only what surely was not sent gives its claim back. */
static void test_what_may_have_been_sent(void **state)
{
    (void)state;
    static const struct {
        enum stage stage;
        enum run run;
        enum outcome outcome;
        enum doubt doubt;
        bool sent;
    } rows[] = {
        {STAGE_DRY_RUN, RUN_STARTED, OUTCOME_OK, DOUBT_NONE, false},
        {STAGE_MARK, RUN_SLEEPING, OUTCOME_PACED, DOUBT_NONE, false},
        {STAGE_MARK, RUN_POSTED, OUTCOME_OK, DOUBT_OPEN, false},
        {STAGE_SUBMIT, RUN_STARTED, OUTCOME_OK, DOUBT_NONE, true},
        {STAGE_SUBMIT, RUN_POSTED, OUTCOME_PACED, DOUBT_NONE, false},
        {STAGE_SUBMIT, RUN_POSTED, OUTCOME_STALE, DOUBT_NONE, false},
        {STAGE_SUBMIT, RUN_POSTED, OUTCOME_OK, DOUBT_NONE, true},
        {STAGE_SUBMIT, RUN_POSTED, OUTCOME_UNKNOWN, DOUBT_NONE, true},
        {STAGE_SUBMIT, RUN_FROZEN, OUTCOME_PACED, DOUBT_NONE, true},
        {STAGE_LOOK, RUN_SLEEPING, OUTCOME_ABSENT, DOUBT_SENT, true},
        {STAGE_LOOK, RUN_SLEEPING, OUTCOME_ABSENT, DOUBT_OPEN, false},
        {STAGE_DRY_RUN, RUN_POSTED, OUTCOME_PACED, DOUBT_SENT, true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct request rq = {.stage = rows[i].stage,
                             .run = rows[i].run,
                             .outcome = rows[i].outcome,
                             .doubt = rows[i].doubt};
        if (request_may_have_been_sent(&rq) != rows[i].sent)
            fail_msg("row %zu", i);
    }
}

/* Only for what an earlier owner may have worked on, and only if that owner knew anything. */
static void test_witness(void **state)
{
    (void)state;
    struct partition partition = {.ledger = {.touched = 100}};
    struct request rq = {.partition = &partition, .record = {.offset = 99}};
    assert_null(request_witness(&rq));
    partition.inherited = (struct witness){"0123456789abcdef", "", "89abcdef", 1};
    assert_ptr_equal(request_witness(&rq), &partition.inherited);
    rq.record.offset = 100;
    assert_null(request_witness(&rq));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_life), cmocka_unit_test(test_witness),
                                       cmocka_unit_test(test_expiry),
                                       cmocka_unit_test(test_what_may_have_been_sent)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
