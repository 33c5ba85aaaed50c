/* The scripts' every road, against a real Redis: two workers, a and b, and the events between them.
 */
#include "tests/io/redis_world.h"
#include "worker/core/claim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static const char body[] = "\"requestType\":\"AdminAdd\"";
static const char other_body[] = "\"requestType\":\"AdminRemove\"";

static struct redis_server server;
static struct redis_world a, b;

static int open_all(void **state)
{
    (void)state;
    redis_server_ask(&server, "FLUSHALL");
    redis_world_init(&a, &server, "a");
    redis_world_init(&b, &server, "b");
    return 0;
}

static int close_all(void **state)
{
    (void)state;
    redis_world_finish(&a);
    redis_world_finish(&b);
    return 0;
}

static void open_both(int64_t lease_ms)
{
    a.settings.redis.lease_ms = lease_ms;
    b.settings.redis.lease_ms = lease_ms;
    redis_world_open(&a);
    redis_world_open(&b);
}

/* What a second record meets after a first one was answered. */
struct road {
    enum answer first;
    bool same_record, same_body, replay;
    enum outcome second;
};

static const struct road roads[] = {
    {ANSWER_SUBMITTED, false, true, false, OUTCOME_SEEN},
    {ANSWER_EXISTING, false, true, false, OUTCOME_SEEN},
    {ANSWER_VALIDATED, false, true, false, OUTCOME_SEEN},
    {ANSWER_REJECTED, false, true, false, OUTCOME_SEEN},
    {ANSWER_EXPIRED, false, true, false, OUTCOME_OK},
    {ANSWER_FAILED, false, true, false, OUTCOME_OK},
    {ANSWER_UNKNOWN, false, true, false, OUTCOME_SEEN},
    {ANSWER_SUBMITTED, false, false, false, OUTCOME_CONFLICT},
    {ANSWER_EXISTING, false, false, false, OUTCOME_CONFLICT},
    {ANSWER_UNKNOWN, false, false, false, OUTCOME_CONFLICT},
    {ANSWER_UNKNOWN, false, false, true, OUTCOME_CONFLICT},
    {ANSWER_VALIDATED, false, false, false, OUTCOME_OK},
    {ANSWER_REJECTED, false, false, false, OUTCOME_OK},
    {ANSWER_EXPIRED, false, false, false, OUTCOME_OK},
    {ANSWER_FAILED, false, false, false, OUTCOME_OK},
    {ANSWER_UNKNOWN, false, true, true, OUTCOME_INTERRUPTED},
    {ANSWER_SUBMITTED, false, true, true, OUTCOME_SEEN},
    /* The same record, redelivered after a crash, always gets its own answer. */
    {ANSWER_SUBMITTED, true, true, false, OUTCOME_SEEN},
    {ANSWER_FAILED, true, true, false, OUTCOME_SEEN},
    {ANSWER_EXPIRED, true, true, false, OUTCOME_SEEN},
    {ANSWER_UNKNOWN, true, true, true, OUTCOME_SEEN},
};

static void walk(const struct road *road, int number)
{
    static const struct header replay = {{"usher-replay", 12}, {"1", 1}};
    char id[32];
    snprintf(id, sizeof id, "road-%d", number);
    print_message("road: %s, same record %d, same body %d, replay %d\n", answer_name(road->first),
                  road->same_record, road->same_body, road->replay);

    struct request *first = redis_world_request(&a, 10, id, body);
    assert_int_equal(redis_world_play(&a, first, STAGE_CLAIM), OUTCOME_OK);
    assert_int_equal(redis_world_answer(&a, first, road->first), OUTCOME_OK);

    struct request *second = redis_world_request(&b, road->same_record ? 10 : 11, id,
                                                 road->same_body ? body : other_body);
    if (road->replay) {
        second->record.headers = &replay;
        second->record.header_count = 1;
    }
    assert_int_equal(redis_world_play(&b, second, STAGE_CLAIM), road->second);
    if (road->second == OUTCOME_SEEN) {
        assert_int_equal(second->stored_answer, road->first);
        assert_int_equal(second->duplicate, !road->same_record);
    }
    if (road->second == OUTCOME_OK || road->second == OUTCOME_INTERRUPTED)
        assert_true(second->claim.fence > first->claim.fence);
    redis_world_drop(&a, first);
    redis_world_drop(&b, second);
}

static void walks_every_road_after_an_answer(void **state)
{
    (void)state;
    open_both(60000);
    for (int i = 0; i < (int)(sizeof roads / sizeof *roads); i++)
        walk(&roads[i], i);
}

static void goes_the_main_way(void **state)
{
    (void)state;
    redis_world_open(&a);
    a.settings.graph.dry_run = DRY_RUN_REQUIRED;
    struct request *rq = redis_world_request(&a, 1, "main", body);
    assert_int_equal(redis_world_play(&a, rq, STAGE_CLAIM), OUTCOME_OK);
    rq->dry_run_ms = redis_world_now(&a);

    int64_t before_ms = redis_world_now(&a);
    redis_world_start(&a, rq, STAGE_MARK);
    int64_t after_ms = redis_world_now(&a);
    usleep(50000); /* so that an answer's time would be another than the sending's */
    assert_int_equal(redis_world_wait(&a, rq), OUTCOME_OK);
    assert_in_range(rq->claim.confirmed_ms, before_ms, after_ms);
    assert_int_equal(strlen(rq->claim.client_request_id), GUID_SIZE - 1);
    int64_t intent_ms = rq->claim.intent_wall_ms;
    assert_true(intent_ms > 0);

    char first_id[GUID_SIZE];
    memcpy(first_id, rq->claim.client_request_id, sizeof first_id);
    usleep(5000);
    assert_int_equal(redis_world_play(&a, rq, STAGE_MARK), OUTCOME_OK);
    assert_int_equal(rq->claim.intent_wall_ms, intent_ms); /* the first intent's */
    assert_string_not_equal(rq->claim.client_request_id, first_id);

    assert_int_equal(redis_world_answer(&a, rq, ANSWER_SUBMITTED), OUTCOME_OK);
    redis_world_drop(&a, rq);
}

static void refuses_an_intent_in_time(void **state)
{
    (void)state;
    redis_world_open(&a);
    struct request *rq = redis_world_request(&a, 1, "time", body);
    assert_int_equal(redis_world_play(&a, rq, STAGE_CLAIM), OUTCOME_OK);

    assert_int_equal(redis_world_play(&a, rq, STAGE_MARK), OUTCOME_STALE); /* no dry run at all */
    rq->dry_run_ms = redis_world_now(&a) - DRY_RUN_AGE_MAX_MS - 1;
    assert_int_equal(redis_world_play(&a, rq, STAGE_MARK), OUTCOME_STALE);
    a.settings.graph.dry_run = DRY_RUN_OFF;
    assert_int_equal(redis_world_play(&a, rq, STAGE_MARK), OUTCOME_OK);
    rq->event.expiry_ms = 1;
    assert_int_equal(redis_world_play(&a, rq, STAGE_MARK), OUTCOME_EXPIRED);
    redis_world_drop(&a, rq);
}

static void keeps_others_off_while_the_lease_lasts(void **state)
{
    (void)state;
    open_both(60000);
    a.settings.graph.dry_run = b.settings.graph.dry_run = DRY_RUN_OFF;
    struct request *mine = redis_world_request(&a, 1, "held", body);
    struct request *theirs = redis_world_request(&b, 2, "held", body);
    struct request *changed = redis_world_request(&b, 3, "held", other_body);

    assert_int_equal(redis_world_play(&a, mine, STAGE_CLAIM), OUTCOME_OK);
    assert_int_equal(redis_world_play(&b, theirs, STAGE_CLAIM), OUTCOME_HELD);
    assert_int_equal(theirs->pause_ms, CLAIM_HELD_PAUSE_MAX_MS);
    assert_int_equal(redis_world_play(&a, mine, STAGE_MARK), OUTCOME_OK);
    assert_int_equal(redis_world_play(&b, theirs, STAGE_CLAIM), OUTCOME_HELD);
    assert_int_equal(redis_world_play(&b, changed, STAGE_CLAIM), OUTCOME_HELD);
    redis_world_drop(&a, mine);
    redis_world_drop(&b, theirs);
    redis_world_drop(&b, changed);
}

static void hands_over_when_the_lease_is_over(void **state)
{
    (void)state;
    open_both(300);
    a.settings.graph.dry_run = b.settings.graph.dry_run = DRY_RUN_OFF;
    struct request *old = redis_world_request(&a, 1, "over", body);
    struct request *new = redis_world_request(&b, 1, "over", body);

    assert_int_equal(redis_world_play(&a, old, STAGE_CLAIM), OUTCOME_OK);
    redis_world_turn(&a, 350);
    assert_int_equal(redis_world_play(&b, new, STAGE_CLAIM), OUTCOME_OK);
    assert_true(new->claim.fence > old->claim.fence);
    /* The old owner wakes up: its fence is worth nothing any more. */
    assert_int_equal(redis_world_play(&a, old, STAGE_MARK), OUTCOME_LOST);
    assert_int_equal(redis_world_answer(&a, old, ANSWER_FAILED), OUTCOME_LOST);
    assert_int_equal(redis_world_play(&b, new, STAGE_MARK), OUTCOME_OK);
    redis_world_drop(&a, old);
    redis_world_drop(&b, new);
}

static void tells_of_an_intent_that_was_broken_off(void **state)
{
    (void)state;
    open_both(300);
    a.settings.graph.dry_run = b.settings.graph.dry_run = DRY_RUN_OFF;
    struct request *old = redis_world_request(&a, 1, "broken", body);
    struct request *new = redis_world_request(&b, 1, "broken", body);
    struct request *changed = redis_world_request(&b, 2, "broken", other_body);

    assert_int_equal(redis_world_play(&a, old, STAGE_CLAIM), OUTCOME_OK);
    assert_int_equal(redis_world_play(&a, old, STAGE_MARK), OUTCOME_OK);
    redis_world_turn(&a, 350);
    assert_int_equal(redis_world_play(&b, changed, STAGE_CLAIM), OUTCOME_CONFLICT);
    assert_int_equal(redis_world_play(&b, new, STAGE_CLAIM), OUTCOME_INTERRUPTED);
    assert_int_equal(new->claim.intent_wall_ms, old->claim.intent_wall_ms);
    assert_string_equal(new->claim.client_request_id, old->claim.client_request_id);
    assert_true(new->claim.fence > old->claim.fence);
    /* The old owner got its answer after all: what it knows of that very request is true, whoever
     * holds the claim. */
    assert_int_equal(redis_world_answer(&a, old, ANSWER_SUBMITTED), OUTCOME_OK);
    assert_int_equal(redis_world_play(&b, new, STAGE_CLAIM), OUTCOME_SEEN);
    redis_world_drop(&a, old);
    redis_world_drop(&b, new);
    redis_world_drop(&b, changed);
}

static void comes_back_to_its_own_claim_at_once(void **state)
{
    (void)state;
    redis_world_open(&a);
    a.settings.graph.dry_run = DRY_RUN_OFF;
    struct request *before = redis_world_request(&a, 1, "own", body);
    struct request *after = redis_world_request(&a, 1, "own", body);

    assert_int_equal(redis_world_play(&a, before, STAGE_CLAIM), OUTCOME_OK);
    assert_int_equal(redis_world_play(&a, after, STAGE_CLAIM), OUTCOME_OK);
    assert_true(after->claim.fence > before->claim.fence);
    assert_int_equal(redis_world_play(&a, before, STAGE_MARK), OUTCOME_LOST);
    assert_int_equal(redis_world_play(&a, after, STAGE_MARK), OUTCOME_OK);
    assert_int_equal(redis_world_play(&a, before, STAGE_CLAIM), OUTCOME_INTERRUPTED);
    redis_world_drop(&a, before);
    redis_world_drop(&a, after);
}

static void gives_a_claim_back_while_it_is_its_own(void **state)
{
    (void)state;
    open_both(60000);
    a.settings.graph.dry_run = b.settings.graph.dry_run = DRY_RUN_OFF;
    struct request *rq = redis_world_request(&a, 1, "back", body);
    struct request *theirs = redis_world_request(&b, 1, "back", body);

    assert_int_equal(redis_world_play(&a, rq, STAGE_CLAIM), OUTCOME_OK);
    redis_release(a.redis, rq);
    redis_world_turn(&a, 50);
    uint64_t fence = rq->claim.fence;
    assert_int_equal(redis_world_play(&b, theirs, STAGE_CLAIM), OUTCOME_OK);
    assert_true(theirs->claim.fence > fence);
    redis_release(a.redis, rq); /* not its own any more */
    redis_world_turn(&a, 50);
    assert_int_equal(redis_world_play(&b, theirs, STAGE_MARK), OUTCOME_OK);
    assert_int_equal(redis_world_play(&a, rq, STAGE_CLAIM), OUTCOME_HELD);
    redis_release(b.redis, theirs); /* marked, and known not to be sent */
    redis_world_turn(&b, 50);
    assert_int_equal(redis_world_play(&a, rq, STAGE_CLAIM), OUTCOME_OK);
    redis_world_drop(&a, rq);
    redis_world_drop(&b, theirs);
}

static void gives_claims_back_when_it_leaves(void **state)
{
    (void)state;
    open_both(60000);
    struct request *rq = redis_world_request(&a, 1, "leave", body);
    struct request *theirs = redis_world_request(&b, 1, "leave", body);

    assert_int_equal(redis_world_play(&a, rq, STAGE_CLAIM), OUTCOME_OK);
    struct request *open = redis_world_request(&a, 2, "open", body);
    redis_world_start(&a, open, STAGE_CLAIM);
    redis_abandon(a.redis);
    redis_release(a.redis, rq);
    redis_destroy(a.redis);
    a.redis = NULL;
    assert_int_equal(open->run, RUN_STARTED); /* not touched */
    open->run = RUN_FREE;
    redis_world_drop(&a, open);
    redis_world_drop(&a, rq);
    redis_world_turn(&b, 50);
    assert_int_equal(redis_world_play(&b, theirs, STAGE_CLAIM), OUTCOME_OK);
    redis_world_drop(&b, theirs);
}

static void survives_a_redis_that_forgot(void **state)
{
    (void)state;
    open_both(60000);
    a.settings.graph.dry_run = b.settings.graph.dry_run = DRY_RUN_OFF;
    struct request *rq = redis_world_request(&a, 1, "forgot", body);
    struct request *theirs = redis_world_request(&b, 2, "forgot", body);

    assert_int_equal(redis_world_play(&a, rq, STAGE_CLAIM), OUTCOME_OK);
    redis_server_ask(&server, "FLUSHALL");
    assert_int_equal(redis_world_play(&b, theirs, STAGE_CLAIM), OUTCOME_OK);
    assert_int_not_equal(theirs->claim.fence, rq->claim.fence); /* and so the old owner is fenced */
    assert_int_equal(redis_world_play(&a, rq, STAGE_MARK), OUTCOME_LOST);
    redis_server_ask(&server, "FLUSHALL");
    assert_int_equal(redis_world_answer(&a, rq, ANSWER_SUBMITTED), OUTCOME_OK); /* written anew */
    assert_int_equal(redis_world_play(&b, theirs, STAGE_CLAIM), OUTCOME_SEEN);
    assert_true(theirs->duplicate);
    redis_world_drop(&a, rq);
    redis_world_drop(&b, theirs);
}

/* Another may have had the claim meanwhile, and sent the real request. */
static void denies_nothing_that_redis_forgot(void **state)
{
    (void)state;
    static const struct {
        enum answer answer;
        enum outcome outcome;
    } rows[] = {
        {ANSWER_SUBMITTED, OUTCOME_OK},   {ANSWER_EXISTING, OUTCOME_OK},
        {ANSWER_UNKNOWN, OUTCOME_OK},     {ANSWER_FAILED, OUTCOME_LOST},
        {ANSWER_REJECTED, OUTCOME_LOST},  {ANSWER_EXPIRED, OUTCOME_LOST},
        {ANSWER_VALIDATED, OUTCOME_LOST},
    };
    redis_world_open(&a);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct request *rq = redis_world_request(&a, 1, "denies", body);
        assert_int_equal(redis_world_play(&a, rq, STAGE_CLAIM), OUTCOME_OK);
        redis_server_ask(&server, "FLUSHALL");
        if (redis_world_answer(&a, rq, rows[i].answer) != rows[i].outcome)
            fail_msg("%s", answer_name(rows[i].answer));
        redis_world_drop(&a, rq);
        redis_server_ask(&server, "FLUSHALL");
    }
}

static void records_twice_what_was_lost_on_the_way_back(void **state)
{
    (void)state;
    redis_world_open(&a);
    struct request *rq = redis_world_request(&a, 1, "twice", body);
    assert_int_equal(redis_world_play(&a, rq, STAGE_CLAIM), OUTCOME_OK);
    assert_int_equal(redis_world_answer(&a, rq, ANSWER_EXISTING), OUTCOME_OK);
    assert_int_equal(redis_world_answer(&a, rq, ANSWER_EXISTING), OUTCOME_OK);
    redis_world_drop(&a, rq);
}

static void remembers_for_as_long_as_it_is_told(void **state)
{
    (void)state;
    a.settings.redis.keep_ms = 100;
    a.settings.graph.dry_run = DRY_RUN_OFF;
    redis_world_open(&a);
    struct request *rq = redis_world_request(&a, 1, "keep", body);
    assert_int_equal(redis_world_play(&a, rq, STAGE_CLAIM), OUTCOME_OK);
    assert_int_equal(redis_world_play(&a, rq, STAGE_MARK), OUTCOME_OK);
    redis_world_turn(&a, 150);
    assert_string_equal(redis_server_ask(&server, "DBSIZE"),
                        "3"); /* memory, count of writes; and an intent outlives its lease */
    assert_int_equal(redis_world_answer(&a, rq, ANSWER_SUBMITTED), OUTCOME_OK);
    redis_world_turn(&a, 150);
    assert_int_equal(redis_world_play(&a, rq, STAGE_CLAIM), OUTCOME_OK);
    redis_world_drop(&a, rq);
}

static int start_server(void **state)
{
    (void)state;
    return redis_server_init(&server) && redis_server_start(&server, NULL) ? 0 : -1;
}

static int stop_server(void **state)
{
    (void)state;
    redis_server_finish(&server);
    return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_all, close_all)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(goes_the_main_way),
        TEST(walks_every_road_after_an_answer),
        TEST(refuses_an_intent_in_time),
        TEST(keeps_others_off_while_the_lease_lasts),
        TEST(hands_over_when_the_lease_is_over),
        TEST(tells_of_an_intent_that_was_broken_off),
        TEST(comes_back_to_its_own_claim_at_once),
        TEST(gives_a_claim_back_while_it_is_its_own),
        TEST(gives_claims_back_when_it_leaves),
        TEST(survives_a_redis_that_forgot),
        TEST(denies_nothing_that_redis_forgot),
        TEST(records_twice_what_was_lost_on_the_way_back),
        TEST(remembers_for_as_long_as_it_is_told),
    };
    return cmocka_run_group_tests(tests, start_server, stop_server);
}
