/* A Redis that is there but will not, or will not all: its errors, the interlock, missing replicas.
 */
#include "tests/io/redis_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

static const char body[] = "\"requestType\":\"AdminAdd\"";

static struct redis_server server, replica;
static struct redis_world world;

static int open_all(void **state)
{
    (void)state;
    if (!redis_server_init(&server) || !redis_server_start(&server, NULL) ||
        !redis_server_init(&replica))
        return -1;
    redis_world_init(&world, &server, "a");
    world.settings.graph.dry_run = DRY_RUN_OFF;
    return 0;
}

static int close_all(void **state)
{
    (void)state;
    redis_world_finish(&world);
    redis_server_finish(&server);
    redis_server_finish(&replica);
    return 0;
}

static void says(const char *words)
{
    const char *trouble = redis_trouble(world.redis);
    if (strstr(trouble, words) == NULL)
        fail_msg("\"%s\" is not in \"%s\"", words, trouble);
    assert_false(redis_is_up(world.redis));
}

/* Redis refuses a command as a whole: down for a while, then tried again, and no event is blamed.
 */
static void is_paced_while(const char *command, const char *words, const char *undo)
{
    print_message("%s\n", command);
    redis_world_open(&world);
    struct request *rq = redis_world_request(&world, 1, "paced", body);
    redis_server_say(&server, command);
    assert_int_equal(redis_world_play(&world, rq, STAGE_CLAIM), OUTCOME_PACED);
    assert_int_equal(rq->pause_ms, REDIS_PAUSE_MS);
    assert_string_equal(rq->fault.code, "");
    says(words);
    assert_int_equal(redis_stats(world.redis).refusals, 1);
    redis_server_say(&server, undo);
    redis_world_until(&world, redis_world_is_up, &world);
    assert_int_equal(redis_world_play(&world, rq, STAGE_CLAIM), OUTCOME_OK);
    redis_world_drop(&world, rq);
}

static void waits_for_a_full_redis(void **state)
{
    (void)state;
    is_paced_while("CONFIG SET maxmemory 1", "more memory", "CONFIG SET maxmemory 0");
}

static void waits_for_missing_rights(void **state)
{
    (void)state;
    is_paced_while("ACL SETUSER default -hset", "may not do all that it must",
                   "ACL SETUSER default +hset");
}

static void waits_for_the_replicas_that_redis_wants(void **state)
{
    (void)state;
    is_paced_while("CONFIG SET min-replicas-to-write 1", "min-replicas-to-write",
                   "CONFIG SET min-replicas-to-write 0");
}

static void leaves_a_redis_that_has_become_a_replica(void **state)
{
    (void)state;
    is_paced_while("REPLICAOF 127.0.0.1 1", "become a replica", "REPLICAOF NO ONE");
    assert_int_equal(redis_stats(world.redis).connects, 2);
}

static void loads_the_scripts_again(void **state)
{
    (void)state;
    redis_world_open(&world);
    struct request *rq = redis_world_request(&world, 1, "scripts", body);
    redis_server_ask(&server, "SCRIPT FLUSH");
    assert_int_equal(redis_world_play(&world, rq, STAGE_CLAIM), OUTCOME_PACED);
    assert_int_equal(redis_world_play(&world, rq, STAGE_CLAIM), OUTCOME_OK);
    assert_true(redis_is_up(world.redis));
    assert_int_equal(redis_stats(world.redis).connects, 1);
    redis_world_drop(&world, rq);
}

/* One key that is spoilt is that event's trouble alone. */
static void blames_an_event_for_its_own_key_only(void **state)
{
    char key[256];

    (void)state;
    redis_world_open(&world);
    struct request *spoilt = redis_world_request(&world, 1, "spoilt", body);
    struct request *other = redis_world_request(&world, 2, "other", body);
    assert_int_equal(redis_world_play(&world, spoilt, STAGE_CLAIM), OUTCOME_OK);
    redis_server_find(&server, "test:event:*", key, sizeof key);
    assert_memory_equal(key, "test:event:", 11);
    assert_string_equal(redis_server_ask(&server, "SET %s x", key), "OK");
    static const enum stage stages[] = {STAGE_CLAIM, STAGE_MARK, STAGE_RECORD};
    for (int i = 0; i < 3; i++) {
        spoilt->claim.fence = 1;
        spoilt->answer = ANSWER_FAILED;
        assert_int_equal(redis_world_play(&world, spoilt, stages[i]), OUTCOME_FAILED);
        assert_string_equal(spoilt->fault.code, "redisRefused");
        assert_int_equal(spoilt->fault.stage, stages[i]);
    }
    assert_true(redis_is_up(world.redis));
    assert_int_equal(redis_world_play(&world, other, STAGE_CLAIM), OUTCOME_OK);
    redis_world_drop(&world, spoilt);
    redis_world_drop(&world, other);
}

static void leaves_alone_what_a_newer_version_wrote(void **state)
{
    char key[256];

    (void)state;
    redis_world_open(&world);
    struct request *rq = redis_world_request(&world, 1, "newer", body);
    assert_int_equal(redis_world_play(&world, rq, STAGE_CLAIM), OUTCOME_OK);
    redis_server_find(&server, "test:event:*", key, sizeof key);
    redis_server_ask(&server, "HSET %s v 2", key);
    assert_int_equal(redis_world_play(&world, rq, STAGE_CLAIM), OUTCOME_FAILED);
    assert_string_equal(rq->fault.code, "claimUnreadable");
    redis_world_drop(&world, rq);
}

/* ---- the interlock ---- */

struct watch {
    int calls;
    bool stands;
};

static void on_interlock(void *context, bool stands)
{
    struct watch *watch = context;
    watch->calls++;
    watch->stands = stands;
}

static bool stands(void *context)
{
    return ((struct watch *)context)->stands;
}

static bool is_clear(void *context)
{
    return !stands(context);
}

static void sees_the_interlock_come_and_go(void **state)
{
    struct watch watch = {0};

    (void)state;
    redis_world_open(&world);
    redis_watch_interlock(world.redis, on_interlock, &watch);
    struct request *rq = redis_world_request(&world, 1, "lock", body);
    assert_int_equal(redis_world_play(&world, rq, STAGE_CLAIM), OUTCOME_OK);
    redis_server_ask(&server, "SET test:interlock {}");
    redis_world_until(&world, stands, &watch);
    redis_server_ask(&server, "DEL test:interlock");
    redis_world_until(&world, is_clear, &watch);
    assert_int_equal(watch.calls, 2);

    redis_server_ask(&server, "SET test:interlock {}");
    assert_int_equal(redis_world_play(&world, rq, STAGE_MARK), OUTCOME_PACED);
    assert_true(watch.stands); /* the script has seen it, sooner than the watch */
    assert_int_equal(rq->pause_ms, 1000);
    assert_int_equal(redis_world_play(&world, rq, STAGE_CLAIM), OUTCOME_PACED);
    assert_int_equal(watch.calls, 3);
    rq->claim.fence = 1;
    rq->answer = ANSWER_UNKNOWN; /* the event that raised it is recorded all the same */
    redis_server_ask(&server, "DEL test:interlock");
    redis_world_until(&world, is_clear, &watch);
    assert_int_equal(redis_world_play(&world, rq, STAGE_CLAIM), OUTCOME_OK);
    redis_server_ask(&server, "SET test:interlock {}");
    assert_int_equal(redis_world_answer(&world, rq, ANSWER_UNKNOWN), OUTCOME_OK);
    redis_world_drop(&world, rq);
}

static void raises_the_interlock_as_soon_as_it_can(void **state)
{
    struct watch watch = {0};

    (void)state;
    redis_server_kill(&server);
    redis_world_create(&world);
    redis_watch_interlock(world.redis, on_interlock, &watch);
    redis_raise_interlock(world.redis, "the \"echo\" was wrong");
    redis_world_turn(&world, 100);
    assert_int_equal(watch.calls, 0);
    assert_true(redis_server_start(&server, NULL));
    redis_world_until(&world, stands, &watch);
    const char *text = redis_server_ask(&server, "GET test:interlock");
    static const char start[] =
        "{\"why\":\"the \\\"echo\\\" was wrong\",\"instance\":\"a\",\"time\":\"20";
    assert_memory_equal(text, start, sizeof start - 1);
    redis_raise_interlock(world.redis, "again");
    redis_world_turn(&world, 100);
    assert_non_null(
        strstr(redis_server_ask(&server, "GET test:interlock"), "echo")); /* the first reason */
    redis_server_ask(&server, "DEL test:interlock");
    redis_world_until(&world, is_clear, &watch);
}

/* ---- redis.wait_replicas ---- */

static void start_replica(void)
{
    char port[16];
    snprintf(port, sizeof port, "%d", server.port);
    const char *const arguments[] = {"--replicaof", "127.0.0.1", port, NULL};
    assert_true(redis_server_start(&replica, arguments));
    for (int i = 0; i < 400; i++) {
        if (strstr(redis_server_ask(&server, "INFO replication"), "state=online") != NULL)
            return;
        usleep(25000);
    }
    fail_msg("the replica does not come online");
}

enum { MARKS = 20 };

static void play_marks(struct request *requests[MARKS], enum outcome expected)
{
    for (int i = 0; i < MARKS; i++)
        redis_world_start(&world, requests[i], STAGE_MARK);
    for (int i = 0; i < MARKS; i++)
        assert_int_equal(redis_world_wait(&world, requests[i]), expected);
}

static void waits_for_its_own_replicas(void **state)
{
    struct request *requests[MARKS];
    char ids[MARKS][32];

    (void)state;
    start_replica();
    world.settings.redis.wait_replicas = 1;
    redis_world_open(&world);
    for (int i = 0; i < MARKS; i++) {
        snprintf(ids[i], sizeof ids[i], "wait-%d", i);
        requests[i] = redis_world_request(&world, i, ids[i], body);
        assert_int_equal(redis_world_play(&world, requests[i], STAGE_CLAIM), OUTCOME_OK);
    }
    play_marks(requests, OUTCOME_OK);
    int64_t confirmed_ms = requests[0]->claim.confirmed_ms;
    redis_server_kill(&replica);
    play_marks(requests, OUTCOME_PACED);
    says("redis.wait_replicas: 0 of 1 replicas had an intent within 1000 ms");
    assert_int_equal(requests[0]->claim.confirmed_ms,
                     confirmed_ms); /* no intent, no confirmation */
    assert_int_equal(redis_stats(world.redis).unconfirmed, MARKS);

    for (int i = 0; i < MARKS; i++) /* some wait for WAIT, some for the script */
        redis_world_start(&world, requests[i], STAGE_MARK);
    redis_world_turn(&world, 100);
    redis_server_kill(&server);
    for (int i = 0; i < MARKS; i++) {
        assert_int_equal(redis_world_wait(&world, requests[i]), OUTCOME_PACED);
        redis_world_drop(&world, requests[i]);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_all, close_all)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(waits_for_a_full_redis),
        TEST(waits_for_missing_rights),
        TEST(waits_for_the_replicas_that_redis_wants),
        TEST(leaves_a_redis_that_has_become_a_replica),
        TEST(loads_the_scripts_again),
        TEST(blames_an_event_for_its_own_key_only),
        TEST(leaves_alone_what_a_newer_version_wrote),
        TEST(sees_the_interlock_come_and_go),
        TEST(raises_the_interlock_as_soon_as_it_can),
        TEST(waits_for_its_own_replicas),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
