/* What a claim says of those who had it before, and the intent of when it was: the same event in
 * the hands of one process after the other, of two workers, and of two versions. */
#include "tests/io/redis_world.h"
#include "worker/core/claim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static const char body[] = "\"requestType\":\"AdminAdd\"";
static const char event_keys[] = "test:event:*";

static struct redis_server server;
static struct redis_world a, b;

static int open_all(void **state)
{
    (void)state;
    if (!redis_server_init(&server) || !redis_server_start(&server, NULL))
        return -1;
    redis_world_init(&a, &server, "a");
    redis_world_init(&b, &server, "b");
    a.settings.graph.dry_run = b.settings.graph.dry_run = DRY_RUN_OFF;
    return 0;
}

static int close_all(void **state)
{
    (void)state;
    redis_world_finish(&a);
    redis_world_finish(&b);
    redis_server_finish(&server);
    return 0;
}

/* The process ends without a word, and starts again. */
static void die(struct redis_world *world)
{
    redis_destroy(world->redis);
    uv_run(&world->loop, UV_RUN_DEFAULT);
    world->redis = NULL;
}

static void die_and_start(struct redis_world *world)
{
    die(world);
    redis_world_open(world);
}

static const char *field(const char *name)
{
    char key[256];
    redis_server_find(&server, event_keys, key, sizeof key);
    return redis_server_ask(&server, "HGET %s %s", key, name);
}

static enum outcome claim(struct redis_world *world, int64_t offset, const char *id)
{
    struct request *rq = redis_world_request(world, offset, id, body);
    enum outcome outcome = redis_world_play(world, rq, STAGE_CLAIM);
    redis_world_drop(world, rq);
    return outcome;
}

/* ---- crashes ---- */

static void counts_the_processes_that_died_before_the_intent(void **state)
{
    (void)state;
    redis_world_open(&a);
    assert_int_equal(claim(&a, 1, "poison"), OUTCOME_OK);
    assert_int_equal(claim(&a, 1, "poison"), OUTCOME_OK); /* the same process */
    assert_string_equal(field("crash"), "0");
    for (int i = 1; i < CLAIM_CRASHES_MAX; i++) {
        die_and_start(&a);
        assert_int_equal(claim(&a, 1, "poison"), OUTCOME_OK);
        assert_int_equal(strtol(field("crash"), NULL, 10), i);
    }
    die_and_start(&a);
    struct request *rq = redis_world_request(&a, 1, "poison", body);
    assert_int_equal(redis_world_play(&a, rq, STAGE_CLAIM), OUTCOME_INVALID);
    assert_string_equal(rq->fault.code, "crashLoop");
    assert_int_equal(redis_world_answer(&a, rq, ANSWER_FAILED), OUTCOME_OK);
    redis_world_drop(&a, rq);
    assert_int_equal(claim(&a, 1, "poison"), OUTCOME_SEEN);
    assert_int_equal(claim(&a, 2, "poison"), OUTCOME_INVALID); /* sent again: the count stays */
    rq = redis_world_request(&a, 2, "poison", body);
    assert_int_equal(redis_world_play(&a, rq, STAGE_CLAIM), OUTCOME_INVALID);
    assert_int_equal(redis_world_answer(&a, rq, ANSWER_FAILED), OUTCOME_OK);
    redis_world_drop(&a, rq);
    static const struct header replay = {{"usher-replay", 12}, {"1", 1}};
    rq = redis_world_request(&a, 3, "poison", body);
    rq->record.headers = &replay; /* a person has looked at it */
    rq->record.header_count = 1;
    assert_int_equal(redis_world_play(&a, rq, STAGE_CLAIM), OUTCOME_OK);
    redis_world_drop(&a, rq);
    assert_string_equal(field("crash"), "0");
}

static void counts_the_processes_that_died_after_the_intent(void **state)
{
    (void)state;
    redis_world_open(&a);
    struct request *rq = redis_world_request(&a, 1, "poison", body);
    assert_int_equal(redis_world_play(&a, rq, STAGE_CLAIM), OUTCOME_OK);
    assert_int_equal(redis_world_play(&a, rq, STAGE_MARK), OUTCOME_OK);
    for (int i = 1; i < CLAIM_CRASHES_MAX; i++) {
        die_and_start(&a);
        assert_int_equal(redis_world_play(&a, rq, STAGE_CLAIM), OUTCOME_INTERRUPTED);
    }
    die_and_start(&a);
    assert_int_equal(redis_world_play(&a, rq, STAGE_CLAIM), OUTCOME_UNKNOWN);
    assert_string_equal(rq->fault.code, "crashLoop");
    redis_world_drop(&a, rq);
}

static void counts_the_death_of_another(void **state)
{
    (void)state;
    a.settings.redis.lease_ms = 100;
    redis_world_open(&a);
    redis_world_open(&b);
    assert_int_equal(claim(&a, 1, "other"), OUTCOME_OK);
    die(&a);
    assert_int_equal(claim(&b, 1, "other"), OUTCOME_HELD);
    assert_string_equal(field("crash"), "0");
    redis_world_turn(&b, 150);
    assert_int_equal(claim(&b, 1, "other"), OUTCOME_OK);
    assert_string_equal(field("crash"), "1");
}

/* ---- leaving in good order ---- */

static void leaves_an_intent_to_the_next(void **state)
{
    (void)state;
    redis_world_open(&a);
    redis_world_open(&b);
    struct request *mine = redis_world_request(&a, 1, "yield", body);
    struct request *theirs = redis_world_request(&b, 1, "yield", body);
    assert_int_equal(redis_world_play(&a, mine, STAGE_CLAIM), OUTCOME_OK);
    assert_int_equal(redis_world_play(&a, mine, STAGE_MARK), OUTCOME_OK);
    assert_int_equal(redis_world_play(&b, theirs, STAGE_CLAIM), OUTCOME_HELD);
    redis_yield(a.redis, mine);
    redis_world_turn(&a, 50);
    assert_int_equal(redis_world_play(&b, theirs, STAGE_CLAIM), OUTCOME_INTERRUPTED);
    assert_int_equal(theirs->claim.intent_wall_ms, mine->claim.intent_wall_ms);
    assert_string_equal(theirs->claim.client_request_id, mine->claim.client_request_id);
    assert_string_equal(field("crash"), "0");
    redis_yield(a.redis, mine); /* it is b's now */
    redis_world_turn(&a, 50);
    assert_int_equal(redis_world_play(&a, mine, STAGE_CLAIM), OUTCOME_HELD);
    redis_world_drop(&a, mine);
    redis_world_drop(&b, theirs);
}

/* ---- the intent's time ---- */

static void takes_graph_s_time_for_the_first_intent(void **state)
{
    (void)state;
    redis_world_open(&a);
    struct request *rq = redis_world_request(&a, 1, "time", body);
    assert_int_equal(redis_world_play(&a, rq, STAGE_CLAIM), OUTCOME_OK);
    rq->dry_run_ms = redis_world_now(&a) - 5000;
    rq->graph_wall_ms = 1600000000000;
    int64_t before_ms = redis_world_now(&a);
    assert_int_equal(redis_world_play(&a, rq, STAGE_MARK), OUTCOME_OK);
    int64_t took_ms = redis_world_now(&a) - before_ms;
    assert_in_range(rq->claim.intent_wall_ms, 1600000005000, 1600000005000 + took_ms);
    int64_t first_ms = rq->claim.intent_wall_ms;
    rq->graph_wall_ms = 1700000000000;
    assert_int_equal(redis_world_play(&a, rq, STAGE_MARK), OUTCOME_OK);
    assert_int_equal(rq->claim.intent_wall_ms, first_ms);
    redis_world_drop(&a, rq);
}

/* ---- the next version ---- */

static void keeps_the_fields_of_a_next_version(void **state)
{
    char key[256];

    (void)state;
    redis_world_open(&a);
    struct request *rq = redis_world_request(&a, 1, "next", body);
    assert_int_equal(redis_world_play(&a, rq, STAGE_CLAIM), OUTCOME_OK);
    redis_server_find(&server, event_keys, key, sizeof key);
    redis_server_ask(&server, "HSET %s colour blue run of-the-next-version", key);
    assert_int_equal(redis_world_play(&a, rq, STAGE_CLAIM), OUTCOME_OK);
    assert_int_equal(redis_world_play(&a, rq, STAGE_MARK), OUTCOME_OK);
    assert_string_equal(field("colour"), "blue");
    assert_int_equal(redis_world_answer(&a, rq, ANSWER_SUBMITTED), OUTCOME_OK);
    assert_string_equal(field("colour"), "blue");
    assert_int_equal(redis_world_play(&a, rq, STAGE_CLAIM), OUTCOME_SEEN);
    redis_world_drop(&a, rq);
}

/* Another, of a next version, has taken the event over in a way that we do not know. */
static void leaves_alone_what_needs_a_next_version(void **state)
{
    char key[256];

    (void)state;
    redis_world_open(&a);
    struct request *rq = redis_world_request(&a, 1, "next", body);
    assert_int_equal(redis_world_play(&a, rq, STAGE_CLAIM), OUTCOME_OK);
    assert_int_equal(redis_world_play(&a, rq, STAGE_MARK), OUTCOME_OK);
    redis_server_find(&server, event_keys, key, sizeof key);
    redis_server_ask(&server, "HSET %s v 2 own b fen 9999999999999999", key);
    assert_int_equal(redis_world_answer(&a, rq, ANSWER_SUBMITTED), OUTCOME_LOST);
    assert_string_equal(field("v"), "2");
    assert_string_equal(field("st"), "marked");
    assert_int_equal(redis_world_play(&a, rq, STAGE_CLAIM), OUTCOME_FAILED);
    assert_string_equal(rq->fault.code, "claimUnreadable");
    assert_non_null(strstr(rq->fault.message, "\"version\""));
    redis_world_drop(&a, rq);
}

/* The same id and the same body for another tenant ask for another thing. */
static void tells_tenants_apart(void **state)
{
    (void)state;
    redis_world_open(&a);
    redis_world_open(&b);
    struct request *first = redis_world_request(&a, 1, "whose", body);
    struct request *other = redis_world_request(&b, 2, "whose", body);
    struct request *again = redis_world_request(&b, 3, "whose", body);
    first->whose.name = again->whose.name = "contoso";
    other->whose.name = "fabrikam";

    assert_int_equal(redis_world_play(&a, first, STAGE_CLAIM), OUTCOME_OK);
    assert_int_equal(redis_world_play(&a, first, STAGE_MARK), OUTCOME_OK);
    assert_int_equal(redis_world_answer(&a, first, ANSWER_SUBMITTED), OUTCOME_OK);
    assert_int_equal(redis_world_play(&b, other, STAGE_CLAIM), OUTCOME_CONFLICT);
    assert_int_equal(redis_world_play(&b, again, STAGE_CLAIM), OUTCOME_SEEN);
    redis_world_drop(&a, first);
    redis_world_drop(&b, other);
    redis_world_drop(&b, again);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_all, close_all)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(counts_the_processes_that_died_before_the_intent),
        TEST(counts_the_processes_that_died_after_the_intent),
        TEST(counts_the_death_of_another),
        TEST(leaves_an_intent_to_the_next),
        TEST(takes_graph_s_time_for_the_first_intent),
        TEST(keeps_the_fields_of_a_next_version),
        TEST(leaves_alone_what_needs_a_next_version),
        TEST(tells_tenants_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
