/* The pipeline with scripted stages: who is started when, and what becomes of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "worker/core/pipeline.h"

#include <stdio.h>
#include <string.h>

enum { ROOM = 8 };

/* What happened, in words: "admit0 claim0 …", where the digit is the record's offset; "=0" left
 * answered, "!0" dropped. */
static char log_text[4096];
static struct pool pool;
static struct pipeline pipeline;
static struct partition partition;
static const char *about;                /* whom all events are about; NULL: each another */
static enum outcome script[STAGE_COUNT]; /* what each stage says; OUTCOME_COUNT: the test posts */

static void note(const char *what, const struct request *rq)
{
    size_t used = strlen(log_text);
    snprintf(log_text + used, sizeof log_text - used, "%s%s%d", used > 0 ? " " : "", what,
             (int)rq->record.offset);
}

/* A good event of its own id, about person `about`. */
static void read_event(struct request *rq)
{
    static char ids[ROOM][8];
    char *id = ids[rq->record.offset % ROOM];
    snprintf(id, sizeof ids[0], "%d", (int)rq->record.offset);
    rq->event = (struct event){.worth = EVENT_GOOD, .id = id, .source = "/test"};
    rq->event.subject = (struct subject){.target_email = "", .origin_id = "", .origin_system = ""};
    snprintf(rq->event.subject.target_id, GUID_SIZE, "%s", about != NULL ? about : id);
}

static void on_start(void *context, struct request *rq, int64_t now_ms)
{
    (void)context;
    (void)now_ms;
    note(stage_name(rq->stage), rq);
    if (rq->stage == STAGE_ADMIT)
        read_event(rq);
    if (script[rq->stage] != OUTCOME_COUNT)
        pipeline_post(&pipeline, rq, script[rq->stage]);
}

static void on_leave(void *context, struct request *rq)
{
    (void)context;
    note(rq->stage == STAGE_DONE ? "=" : "!", rq);
}

static int set_up(void **state)
{
    (void)state;
    struct stage_ops stages = {.leave = on_leave};
    for (enum stage stage = STAGE_ADMIT; stage < STAGE_DONE; stage++) {
        stages.start[stage] = on_start;
        script[stage] = OUTCOME_OK;
    }
    struct plan_limits limits = {.retry_attempts = 3,
                                 .retry_for_ms = 60000,
                                 .eventual_ms = 300,
                                 .settle_ms = 300};
    log_text[0] = '\0';
    about = NULL;
    partition = (struct partition){.epoch = 1};
    return pool_init(&pool, ROOM, 1 << 20) && pipeline_init(&pipeline, &limits, &stages, &pool, 1)
               ? 0
               : -1;
}

static int tear_down(void **state)
{
    (void)state;
    pipeline_drop_all(&pipeline);
    pipeline_finish(&pipeline);
    pool_finish(&pool);
    return 0;
}

static struct request *take(int64_t offset, const char *key)
{
    struct record record = {.offset = offset, .key = str_of(key)};
    struct request *rq = pool_take(&pool, &record, &partition, 0);
    pipeline_take(&pipeline, rq);
    return rq;
}

static void a_request_goes_its_way(void **state)
{
    (void)state;
    take(0, NULL);
    pipeline_turn(&pipeline, 1);
    assert_string_equal(log_text, "admit0 claim0 dry_run0 mark0 submit0 record0 reply0 =0");
    assert_int_equal(pool.used, 0);
    assert_true(pipeline_is_idle(&pipeline));
}

static void what_is_invalid_is_answered_at_once(void **state)
{
    (void)state;
    script[STAGE_ADMIT] = OUTCOME_INVALID;
    script[STAGE_REPLY] = OUTCOME_COUNT;
    struct request *rq = take(0, NULL);
    pipeline_turn(&pipeline, 1);
    assert_string_equal(log_text, "admit0 reply0");
    assert_int_equal(rq->answer, ANSWER_REJECTED);
    assert_int_equal(pipeline.at_stage[STAGE_REPLY], 1);
}

static void one_key_goes_in_order_until_its_reply_is_handed_over(void **state)
{
    (void)state;
    script[STAGE_SUBMIT] = OUTCOME_COUNT;
    script[STAGE_REPLY] = OUTCOME_COUNT;
    struct request *first = take(0, "k");
    take(1, "k");
    take(2, "other");
    pipeline_turn(&pipeline, 1);
    assert_string_equal(log_text, "admit0 claim0 dry_run0 mark0 submit0 admit1 admit2 claim2 "
                                  "dry_run2 mark2 submit2");
    log_text[0] = '\0';
    pipeline_post(&pipeline, first, OUTCOME_OK);
    pipeline_turn(&pipeline, 2);
    assert_string_equal(log_text, "record0 reply0 claim1 dry_run1 mark1 submit1");
}

static void a_retry_holds_back_its_own_key_only(void **state)
{
    (void)state;
    script[STAGE_DRY_RUN] = OUTCOME_COUNT;
    struct request *first = take(0, "k");
    take(1, "k");
    pipeline_turn(&pipeline, 1);
    pipeline_post(&pipeline, first, OUTCOME_FAILED);
    pipeline_turn(&pipeline, 2);
    log_text[0] = '\0';
    script[STAGE_DRY_RUN] = OUTCOME_OK;
    take(2, "other");
    pipeline_turn(&pipeline, 2);
    assert_string_equal(log_text, "admit2 claim2 dry_run2 mark2 submit2 record2 reply2 =2");
    log_text[0] = '\0';
    pipeline_turn(&pipeline, first->wake_ms);
    assert_string_equal(log_text, "dry_run0 mark0 submit0 record0 reply0 =0 "
                                  "claim1 dry_run1 mark1 submit1 record1 reply1 =1");
}

/* Full jitter: those that failed together come back anywhere in the first half second. */
static void retries_are_spread(void **state)
{
    (void)state;
    int found[4] = {0};
    script[STAGE_DRY_RUN] = OUTCOME_FAILED;
    for (int i = 0; i < 1000; i++) {
        struct request *rq = take(0, NULL);
        pipeline_turn(&pipeline, 0);
        assert_in_range(rq->wake_ms, 0, 500);
        found[rq->wake_ms * 4 / 501]++;
        pipeline_drop_all(&pipeline);
    }
    for (int i = 0; i < 4; i++)
        assert_in_range(found[i], 190, 310);
}

static void one_person_goes_in_order_whatever_the_key(void **state)
{
    (void)state;
    script[STAGE_CLAIM] = OUTCOME_COUNT;
    about = "46184453";
    take(0, "a");
    take(1, NULL);
    pipeline_turn(&pipeline, 1);
    assert_string_equal(log_text, "admit0 claim0 admit1");
}

static void a_retry_sleeps_and_gives_up_at_last(void **state)
{
    (void)state;
    script[STAGE_DRY_RUN] = OUTCOME_FAILED;
    script[STAGE_REPLY] = OUTCOME_COUNT;
    struct request *rq = take(0, NULL);
    int64_t now_ms = 0;
    unsigned turns = 0;
    for (; rq->stage != STAGE_REPLY && turns < 10; turns++) {
        pipeline_turn(&pipeline, now_ms);
        if (rq->stage != STAGE_REPLY) {
            assert_int_equal(rq->run, RUN_SLEEPING);
            assert_true(pipeline_wake_ms(&pipeline) >= now_ms);
            now_ms = pipeline_wake_ms(&pipeline);
        }
    }
    assert_string_equal(log_text, "admit0 claim0 dry_run0 dry_run0 dry_run0 record0 reply0");
    assert_int_equal(rq->answer, ANSWER_FAILED);
    assert_true(pipeline_wake_ms(&pipeline) == INT64_MAX);
}

static void what_may_have_happened_is_looked_up_until_it_is_settled(void **state)
{
    (void)state;
    script[STAGE_SUBMIT] = OUTCOME_UNKNOWN;
    script[STAGE_LOOK] = OUTCOME_ABSENT;
    script[STAGE_REPLY] = OUTCOME_COUNT;
    struct request *rq = take(0, NULL);
    unsigned submits = 0;
    for (int64_t now_ms = 0; now_ms < 5000 && rq->stage != STAGE_REPLY; now_ms++) {
        pipeline_turn(&pipeline, now_ms);
        if (rq->stage == STAGE_LOOK && rq->absences == 0)
            assert_true(now_ms <= 300);
    }
    for (const char *at = log_text; (at = strstr(at, "submit")) != NULL; at++)
        submits++;
    assert_int_equal(submits, 2); /* believed absent once, and only once */
    assert_int_equal(rq->answer, ANSWER_UNKNOWN);
}

static void a_moved_partition_is_dropped_but_an_answer_is_recorded(void **state)
{
    (void)state;
    script[STAGE_SUBMIT] = OUTCOME_COUNT;
    script[STAGE_REPLY] = OUTCOME_LOST;
    struct request *submitting = take(0, "k");
    take(1, "k");
    pipeline_turn(&pipeline, 1);
    log_text[0] = '\0';
    partition.epoch = 2;
    pipeline_drop_moved(&pipeline);
    assert_string_equal(log_text, "!1");
    pipeline_post(&pipeline, submitting, OUTCOME_OK);
    pipeline_turn(&pipeline, 2);
    assert_string_equal(log_text, "!1 record0 reply0 !0");
    assert_int_equal(pool.used, 0);
}

static void a_moved_request_in_doubt_is_left_to_the_next_owner(void **state)
{
    (void)state;
    script[STAGE_SUBMIT] = OUTCOME_COUNT;
    struct request *rq = take(0, NULL);
    pipeline_turn(&pipeline, 1);
    partition.epoch = 2;
    pipeline_drop_moved(&pipeline);
    assert_int_equal(rq->run, RUN_STARTED);
    pipeline_post(&pipeline, rq, OUTCOME_UNKNOWN);
    pipeline_turn(&pipeline, 2);
    assert_int_equal(pool.used, 0);
}

static void a_drain_ends_what_is_started_and_drops_the_rest(void **state)
{
    (void)state;
    script[STAGE_SUBMIT] = OUTCOME_COUNT;
    struct request *started = take(0, "k");
    take(1, "k");
    script[STAGE_CLAIM] = OUTCOME_OK;
    pipeline_turn(&pipeline, 1);
    script[STAGE_CLAIM] = OUTCOME_PACED;
    take(2, "sleeps");
    pipeline_turn(&pipeline, 1);
    log_text[0] = '\0';
    pipeline_drain(&pipeline);
    assert_string_equal(log_text, "!1 !2");
    assert_false(pipeline_is_idle(&pipeline));
    pipeline_post(&pipeline, started, OUTCOME_OK);
    pipeline_turn(&pipeline, 2);
    assert_string_equal(log_text, "!1 !2 record0 reply0 =0");
    assert_true(pipeline_is_idle(&pipeline));
}

static void a_drain_lets_no_refusal_overtake_its_key(void **state)
{
    (void)state;
    script[STAGE_CLAIM] = OUTCOME_PACED;
    take(0, "k");
    pipeline_turn(&pipeline, 1);
    script[STAGE_ADMIT] = OUTCOME_INVALID;
    take(1, "k");
    pipeline_turn(&pipeline, 1);
    log_text[0] = '\0';
    pipeline_drain(&pipeline);
    pipeline_turn(&pipeline, 2);
    assert_string_equal(log_text, "!1 !0");
    assert_true(pipeline_is_idle(&pipeline));
}

static void what_is_left_leaves_the_pool_whole(void **state)
{
    (void)state;
    script[STAGE_CLAIM] = OUTCOME_COUNT;
    for (int64_t offset = 0; offset < ROOM; offset++)
        take(offset, offset % 2 == 0 ? "k" : NULL);
    pipeline_turn(&pipeline, 1);
    pipeline_drop_all(&pipeline);
    for (int64_t offset = 0; offset < ROOM; offset++)
        take(offset, NULL);
    assert_int_equal(pool.used, ROOM);
    assert_int_equal(pipeline.ready.count, ROOM);
}

static void the_interlock_stops_all_but_the_one_that_raised_it(void **state)
{
    (void)state;
    script[STAGE_DRY_RUN] = OUTCOME_COUNT;
    struct request *unsafe = take(0, NULL);
    struct request *other = take(1, NULL);
    pipeline_turn(&pipeline, 1);
    log_text[0] = '\0';
    pipeline_post(&pipeline, other, OUTCOME_OK);
    pipeline_post(&pipeline, unsafe, OUTCOME_UNSAFE);
    pipeline_turn(&pipeline, 2);
    take(2, NULL);
    pipeline_turn(&pipeline, 3);
    assert_int_equal(pipeline.mode, PIPELINE_INTERLOCKED);
    assert_string_equal(log_text, "mark1 record0 reply0 =0");
    script[STAGE_SUBMIT] = OUTCOME_OK;
    assert_true(pipeline_is_idle(&pipeline));
    pipeline_interlock(&pipeline, false);
    script[STAGE_DRY_RUN] = OUTCOME_OK;
    pipeline_turn(&pipeline, 4);
    assert_int_equal(pool.used, 0);
}

static void an_answer_that_comes_late_does_not_raise_it_again(void **state)
{
    (void)state;
    script[STAGE_DRY_RUN] = OUTCOME_UNSAFE;
    script[STAGE_RECORD] = OUTCOME_COUNT;
    struct request *unsafe = take(0, NULL);
    pipeline_turn(&pipeline, 1);
    assert_int_equal(pipeline.mode, PIPELINE_INTERLOCKED);
    pipeline_interlock(&pipeline, true);
    pipeline_interlock(&pipeline, false);
    pipeline_post(&pipeline, unsafe, OUTCOME_OK);
    pipeline_turn(&pipeline, 2);
    assert_int_equal(pipeline.mode, PIPELINE_RUNS);
    assert_int_equal(pool.used, 0);
}

static void a_drain_under_the_interlock_waits_for_nobody(void **state)
{
    (void)state;
    script[STAGE_DRY_RUN] = OUTCOME_COUNT;
    struct request *unsafe = take(0, NULL);
    take(1, "k");
    take(2, "k"); /* waits behind 1 */
    script[STAGE_REPLY] = OUTCOME_COUNT;
    pipeline_turn(&pipeline, 1);
    script[STAGE_CLAIM] = OUTCOME_PACED;
    take(3, NULL); /* sleeps */
    pipeline_turn(&pipeline, 2);
    pipeline_post(&pipeline, unsafe, OUTCOME_UNSAFE);
    pipeline_turn(&pipeline, 3);
    log_text[0] = '\0';
    pipeline_drain(&pipeline);
    assert_string_equal(log_text, "!2 !3");
    assert_false(pipeline_is_idle(&pipeline)); /* 0 is being answered, 1 is at its dry run */
    pipeline_post(&pipeline, unsafe, OUTCOME_OK);
    pipeline_turn(&pipeline, 4);
    assert_string_equal(log_text, "!2 !3 =0");
}

static void a_reply_that_no_broker_takes_stops_the_worker(void **state)
{
    (void)state;
    script[STAGE_REPLY] = OUTCOME_FAILED;
    take(0, NULL);
    pipeline_turn(&pipeline, 1);
    assert_int_equal(pipeline.mode, PIPELINE_STOPPED);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_request_goes_its_way),
        TEST(what_is_invalid_is_answered_at_once),
        TEST(one_key_goes_in_order_until_its_reply_is_handed_over),
        TEST(a_retry_holds_back_its_own_key_only),
        TEST(retries_are_spread),
        TEST(one_person_goes_in_order_whatever_the_key),
        TEST(a_retry_sleeps_and_gives_up_at_last),
        TEST(what_may_have_happened_is_looked_up_until_it_is_settled),
        TEST(a_moved_partition_is_dropped_but_an_answer_is_recorded),
        TEST(a_moved_request_in_doubt_is_left_to_the_next_owner),
        TEST(a_drain_ends_what_is_started_and_drops_the_rest),
        TEST(a_drain_lets_no_refusal_overtake_its_key),
        TEST(what_is_left_leaves_the_pool_whole),
        TEST(the_interlock_stops_all_but_the_one_that_raised_it),
        TEST(an_answer_that_comes_late_does_not_raise_it_again),
        TEST(a_drain_under_the_interlock_waits_for_nobody),
        TEST(a_reply_that_no_broker_takes_stops_the_worker),
    };
    return cmocka_run_group_tests_name("pipeline", tests, NULL, NULL);
}
