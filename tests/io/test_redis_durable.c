/* What Redis says of itself at the greeting, and intents that wait for its disk. The second half
 * needs a Redis with WAITAOF: Debian 13's, or valkey-server of bookworm-backports. */
#include "tests/io/log_capture.h"
#include "tests/io/redis_world.h"
#include "worker/io/redis_scripts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static const char body[] = "\"requestType\":\"AdminAdd\"";

static struct redis_server server, replica;
static struct redis_world world, other;

static int open_all(void **state)
{
    (void)state;
    if (!redis_server_init(&server))
        return -1;
    replica = (struct redis_server){0};
    redis_world_init(&world, &server, "a");
    redis_world_init(&other, &server, "b");
    world.settings.graph.dry_run = other.settings.graph.dry_run = DRY_RUN_OFF;
    log_capture_open();
    return 0;
}

static int close_all(void **state)
{
    (void)state;
    redis_world_finish(&world);
    redis_world_finish(&other);
    redis_server_finish(&server);
    redis_server_finish(&replica);
    log_capture_close();
    return 0;
}

static bool is_back(void *connects)
{
    return redis_stats(world.redis).connects == *(uint64_t *)connects && redis_is_up(world.redis);
}

static void wait_for_connection(uint64_t number)
{
    redis_world_until(&world, is_back, &number);
}

/* ---- what Redis says of itself ---- */

static void names_a_redis_that_keeps_nothing_once(void **state)
{
    (void)state;
    assert_true(redis_server_start(&server, NULL));
    redis_world_open(&world);
    assert_int_equal(log_capture_count("redis.keeps_nothing"), 1);
    assert_int_equal(log_capture_count("appendonly is off"), 1);
    assert_int_equal(log_capture_count("redis.evicts"), 0);
    redis_server_ask(&server, "CLIENT KILL TYPE normal");
    wait_for_connection(2);
    assert_int_equal(log_capture_count("redis.keeps_nothing"), 1); /* the same server */
    redis_server_kill(&server);
    assert_true(redis_server_start(&server, NULL));
    wait_for_connection(3);
    assert_int_equal(log_capture_count("redis.keeps_nothing"), 2);
}

static void names_a_redis_that_drops_records(void **state)
{
    static const char *const evicting[] = {
        "--appendonly", "yes", "--maxmemory-policy", "volatile-lru", NULL,
    };

    (void)state;
    assert_true(redis_server_start(&server, evicting));
    redis_world_open(&world);
    assert_int_equal(log_capture_count("redis.keeps_nothing"), 0);
    assert_int_equal(log_capture_count("redis.evicts"), 1);
    assert_int_equal(log_capture_count("maxmemory-policy is volatile-lru"), 1);
    assert_int_equal(log_capture_count("redis.durability"), 1);
}

static void works_without_being_told(void **state)
{
    (void)state;
    assert_true(redis_server_start(&server, NULL));
    redis_server_say(&server, "ACL SETUSER usher on >secret ~test:* " REDIS_RIGHTS);
    world.settings.redis.username = "usher";
    world.settings.redis.password = "secret";
    redis_world_open(&world);
    assert_int_equal(log_capture_count("+info"), 1);
    assert_int_equal(log_capture_count("redis.keeps_nothing"), 0); /* nobody knows */
    struct request *rq = redis_world_request(&world, 1, "untold", body);
    assert_int_equal(redis_world_play(&world, rq, STAGE_CLAIM), OUTCOME_OK);
    assert_int_equal(redis_world_play(&world, rq, STAGE_MARK), OUTCOME_OK);
    assert_true(witness_is_known(redis_witness(world.redis)));
    assert_string_equal(redis_witness(world.redis)->server, "");
    redis_world_drop(&world, rq);
}

/* ---- its disk ---- */

/* False: there is no such Redis, and the test is left out. */
static bool start_with_disk(const char *fsync)
{
    const char *const arguments[] = {"--appendonly", "yes", "--appendfsync", fsync, NULL};

    server.program = redis_server_exists("valkey-server") ? "valkey-server" : NULL;
    assert_true(redis_server_start(&server, arguments));
    bool waits = strncmp(redis_server_ask(&server, "WAITAOF 0 0 1"), "ERR", 3) != 0;
    if (!waits)
        print_message("no Redis with WAITAOF here: install valkey-server\n");
    return waits;
}

static struct request *claimed(const char *id)
{
    struct request *rq = redis_world_request(&world, 1, id, body);
    assert_int_equal(redis_world_play(&world, rq, STAGE_CLAIM), OUTCOME_OK);
    return rq;
}

static uint64_t writes(void)
{
    return redis_witness(world.redis)->writes;
}

static void does_not_wait_long_for_a_disk_that_is_always_written(void **state)
{
    (void)state;
    if (!start_with_disk("always"))
        return;
    redis_world_open(&world);
    assert_int_equal(log_capture_count("has it on disk"), 1);
    struct request *rq = claimed("always");
    assert_int_equal(redis_world_play(&world, rq, STAGE_MARK), OUTCOME_OK);
    assert_int_equal(redis_stats(world.redis).unconfirmed, 0);
    redis_server_kill(&server);
    assert_true(start_with_disk("always"));
    wait_for_connection(2);
    assert_int_equal(redis_world_play(&world, rq, STAGE_CLAIM), OUTCOME_INTERRUPTED);
    redis_world_drop(&world, rq);
}

/* Redis does not write to its disk by itself; now it does. */
static void get_to_disk(void)
{
    assert_string_equal(redis_server_ask(&server, "CONFIG SET appendfsync always"), "OK");
    assert_string_equal(redis_server_ask(&server, "SET anything new"), "OK");
}

static void confirms_what_took_long_once_more(void **state)
{
    (void)state;
    if (!start_with_disk("no"))
        return;
    redis_world_open(&world);
    struct request *rq = claimed("long");
    int64_t before_ms = redis_world_now(&world);
    redis_world_start(&world, rq, STAGE_MARK);
    redis_world_turn(&world, REDIS_MARK_FRESH_MS + 100);
    assert_int_equal(rq->run, RUN_STARTED);
    assert_int_equal(writes(), 2);
    get_to_disk();
    assert_int_equal(redis_world_wait(&world, rq), OUTCOME_OK);
    assert_int_equal(writes(), 3);
    assert_true(rq->claim.confirmed_ms > before_ms + REDIS_MARK_FRESH_MS);
    assert_int_equal(redis_stats(world.redis).unconfirmed, 0);
    redis_world_drop(&world, rq);
}

enum { MARKS = 50 };

static void shares_one_wait(void **state)
{
    struct request *requests[MARKS];
    char ids[MARKS][32];

    (void)state;
    if (!start_with_disk("no"))
        return;
    redis_world_open(&world);
    for (int i = 0; i < MARKS; i++) {
        snprintf(ids[i], sizeof ids[i], "share-%d", i);
        requests[i] = claimed(ids[i]);
    }
    for (int i = 0; i < MARKS; i++)
        redis_world_start(&world, requests[i], STAGE_MARK);
    redis_world_turn(&world, 200);
    get_to_disk();
    for (int i = 0; i < MARKS; i++) {
        assert_int_equal(redis_world_wait(&world, requests[i]), OUTCOME_OK);
        redis_world_drop(&world, requests[i]);
    }
    const char *stats = strstr(redis_server_ask(&server, "INFO commandstats"), "waitaof:calls=");
    assert_non_null(stats);
    long waits = strtol(stats + sizeof "waitaof:calls=" - 1, NULL, 10) - 1 - 1; /* ours, greeting */
    print_message("%d marks, %ld waits\n", MARKS, waits);
    assert_in_range(waits, 1, 5);
}

/* While it waits for the disk its lease ends, and another takes the claim. */
static void loses_a_claim_while_it_waits(void **state)
{
    (void)state;
    if (!start_with_disk("no"))
        return;
    world.settings.redis.lease_ms = 100;
    redis_world_open(&world);
    redis_world_open(&other);
    struct request *rq = claimed("slow");
    struct request *theirs = redis_world_request(&other, 1, "slow", body);
    redis_world_start(&world, rq, STAGE_MARK);
    redis_world_turn(&world, REDIS_MARK_FRESH_MS + 100);
    assert_int_equal(redis_world_play(&other, theirs, STAGE_CLAIM), OUTCOME_INTERRUPTED);
    get_to_disk();
    assert_int_equal(redis_world_wait(&world, rq), OUTCOME_LOST);
    redis_world_drop(&world, rq);
    redis_world_drop(&other, theirs);
}

static void paces_what_does_not_get_to_the_disk(void **state)
{
    (void)state;
    if (!start_with_disk("no"))
        return;
    redis_world_open(&world);
    struct request *rq = claimed("nowhere");
    assert_int_equal(redis_world_play(&world, rq, STAGE_MARK), OUTCOME_PACED);
    assert_int_equal(redis_stats(world.redis).unconfirmed, 1);
    assert_false(redis_is_up(world.redis));
    assert_non_null(strstr(redis_trouble(world.redis), "appendfsync"));
    redis_server_ask(&server, "CONFIG SET appendfsync always");
    redis_world_until(&world, redis_world_is_up, &world);
    assert_int_equal(redis_world_play(&world, rq, STAGE_MARK), OUTCOME_OK);
    redis_world_drop(&world, rq);
}

static void sees_that_the_file_was_turned_off(void **state)
{
    (void)state;
    if (!start_with_disk("always"))
        return;
    redis_world_open(&world);
    struct request *rq = claimed("off");
    redis_server_ask(&server, "CONFIG SET appendonly no");
    assert_int_equal(redis_world_play(&world, rq, STAGE_MARK), OUTCOME_PACED);
    wait_for_connection(2);
    assert_int_equal(redis_world_play(&world, rq, STAGE_MARK), OUTCOME_OK);
    assert_int_equal(log_capture_count("redis.keeps_nothing"), 1);
    redis_world_drop(&world, rq);
}

static void waits_for_disk_and_replicas(void **state)
{
    char port[16];

    (void)state;
    if (!start_with_disk("always"))
        return;
    assert_true(redis_server_init(&replica)); /* on a port that the other has not */
    snprintf(port, sizeof port, "%d", server.port);
    const char *const more[] = {"--replicaof", "127.0.0.1", port, NULL};
    world.settings.redis.wait_replicas = 1;
    redis_world_open(&world);
    struct request *rq = claimed("both");
    assert_int_equal(redis_world_play(&world, rq, STAGE_MARK), OUTCOME_PACED); /* no replica yet */
    assert_non_null(strstr(redis_trouble(world.redis), "redis.wait_replicas: 0 of 1"));
    replica.program = server.program;
    assert_true(redis_server_start(&replica, more)); /* its own disk need not have it */
    for (int i = 0; i < 400; i++) {
        if (strstr(redis_server_ask(&server, "INFO replication"), "state=online") != NULL)
            break;
        usleep(25000);
    }
    enum outcome outcome = OUTCOME_PACED;
    for (int i = 0; i < 5 && outcome == OUTCOME_PACED; i++) { /* its first word may take long */
        redis_world_until(&world, redis_world_is_up, &world);
        outcome = redis_world_play(&world, rq, STAGE_MARK);
    }
    assert_int_equal(outcome, OUTCOME_OK);
    redis_world_drop(&world, rq);
}

static void paces_what_waits_when_redis_dies(void **state)
{
    (void)state;
    if (!start_with_disk("no"))
        return;
    redis_world_open(&world);
    struct request *waits = claimed("waits"), *late = claimed("late");
    redis_world_start(&world, waits, STAGE_MARK);
    redis_world_turn(&world, 50);
    redis_world_start(&world, late, STAGE_MARK);
    redis_world_turn(&world, 50);
    redis_server_kill(&server);
    assert_int_equal(redis_world_wait(&world, waits), OUTCOME_PACED);
    assert_int_equal(redis_world_wait(&world, late), OUTCOME_PACED);
    redis_world_drop(&world, waits);
    redis_world_drop(&world, late);
}

static void works_without_the_right_to_wait(void **state)
{
    (void)state;
    if (!start_with_disk("no"))
        return;
    redis_server_say(&server, "ACL SETUSER usher on >secret ~test:* +info " REDIS_RIGHTS);
    world.settings.redis.username = "usher";
    world.settings.redis.password = "secret";
    redis_world_open(&world);
    assert_int_equal(log_capture_count("+waitaof"), 1);
    assert_int_equal(log_capture_count("+info"), 0);
    struct request *rq = claimed("no right");
    assert_int_equal(redis_world_play(&world, rq, STAGE_MARK), OUTCOME_OK);
    redis_world_drop(&world, rq);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_all, close_all)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(names_a_redis_that_keeps_nothing_once),
        TEST(names_a_redis_that_drops_records),
        TEST(works_without_being_told),
        TEST(does_not_wait_long_for_a_disk_that_is_always_written),
        TEST(confirms_what_took_long_once_more),
        TEST(shares_one_wait),
        TEST(loses_a_claim_while_it_waits),
        TEST(paces_what_does_not_get_to_the_disk),
        TEST(sees_that_the_file_was_turned_off),
        TEST(waits_for_disk_and_replicas),
        TEST(paces_what_waits_when_redis_dies),
        TEST(works_without_the_right_to_wait),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
