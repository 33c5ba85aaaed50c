/* What a Redis that forgot, and workers that died, leave to the next: the same event in the hands
 * of one process after the other, and of two workers, a and b. */
#include "tests/io/log_capture.h"
#include "tests/io/redis_world.h"
#include "worker/core/claim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static const char body[] = "\"requestType\":\"AdminAdd\"";
static const char writes_keys[] = "test:writes:*";

enum { TOUCHED = 100 }; /* b's partition: offsets below may have been at work before */

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
    log_capture_open();
    return 0;
}

static int close_all(void **state)
{
    (void)state;
    redis_world_finish(&a);
    redis_world_finish(&b);
    redis_server_finish(&server);
    log_capture_close();
    return 0;
}

/* The process ends without a word, and starts again. */
static void die(struct redis_world *world)
{
    redis_destroy(world->redis);
    uv_run(&world->loop, UV_RUN_DEFAULT);
    world->redis = NULL;
}

/* b takes over what a has committed: its witness, and a window. */
static void hand_over(void)
{
    b.partition.inherited = *redis_witness(a.redis);
    b.partition.ledger.touched = TOUCHED;
    assert_true(witness_is_known(&b.partition.inherited));
}

/* The one count of writes: how far it is. */
static long count_of_writes(void)
{
    char key[256];
    redis_server_find(&server, writes_keys, key, sizeof key);
    return strtol(redis_server_ask(&server, "GET %s", key), NULL, 10);
}

static enum outcome claim(struct redis_world *world, int64_t offset, const char *id)
{
    struct request *rq = redis_world_request(world, offset, id, body);
    enum outcome outcome = redis_world_play(world, rq, STAGE_CLAIM);
    redis_world_drop(world, rq);
    return outcome;
}

/* ---- a Redis that forgot ---- */

/* What b meets below and above what a may have had at work. */
static void suspects(const char *id)
{
    char other[64];
    snprintf(other, sizeof other, "%s-later", id);
    assert_int_equal(claim(&b, TOUCHED - 1, id), OUTCOME_FORGOTTEN);
    assert_int_equal(claim(&b, TOUCHED, other), OUTCOME_OK);
}

static void suspects_nothing_while_redis_remembers(void **state)
{
    (void)state;
    redis_world_open(&a);
    redis_world_open(&b);
    assert_int_equal(claim(&a, 1, "one"), OUTCOME_OK);
    hand_over();
    assert_int_equal(claim(&b, TOUCHED - 1, "below"), OUTCOME_OK);
    assert_int_equal(claim(&a, 2, "two"), OUTCOME_OK);
    assert_int_equal(claim(&b, TOUCHED - 2, "below too"), OUTCOME_OK);
    assert_int_equal(redis_stats(a.redis).forgotten + redis_stats(b.redis).forgotten, 0);
    assert_int_equal(log_capture_count("redis.forgot"), 0);
    assert_string_equal(redis_witness(a.redis)->memory, redis_witness(b.redis)->memory);
    assert_string_not_equal(redis_witness(a.redis)->slot, redis_witness(b.redis)->slot);
}

static void sees_that_redis_was_emptied(void **state)
{
    (void)state;
    redis_world_open(&a);
    redis_world_open(&b);
    assert_int_equal(claim(&a, 1, "one"), OUTCOME_OK);
    hand_over();
    redis_server_ask(&server, "FLUSHALL");
    suspects("emptied");
    assert_int_equal(claim(&a, 1, "one"), OUTCOME_OK);
    assert_int_equal(claim(&a, 2, "two"), OUTCOME_OK);
    assert_int_equal(redis_stats(a.redis).forgotten, 1);
    assert_int_equal(redis_stats(b.redis).forgotten, 0); /* it had told nothing before */
    assert_int_equal(log_capture_count("redis.forgot"), 1);
}

/* The last writes are gone. That a goes on writing must not hide it. */
static void sees_that_the_last_writes_are_lost(void **state)
{
    char key[256];

    (void)state;
    redis_world_open(&a);
    redis_world_open(&b);
    for (int i = 0; i < 5; i++)
        assert_int_equal(claim(&a, i, "one"), OUTCOME_OK);
    hand_over();
    redis_server_find(&server, writes_keys, key, sizeof key);
    assert_string_equal(redis_server_ask(&server, "DECR %s", key), "4");
    for (int i = 0; i < 5; i++)
        assert_int_equal(claim(&a, i, "two"), OUTCOME_OK);
    assert_int_equal(count_of_writes(), 9);
    suspects("suffix");
    assert_int_equal(redis_stats(a.redis).forgotten, 1);
    assert_int_equal(log_capture_count("redis.forgot"), 1);
}

/* The same, with a dead: b sees it, and so does whoever comes after the new a. */
static void sees_what_a_dead_worker_had_written(void **state)
{
    char key[256];

    (void)state;
    redis_world_open(&a);
    redis_world_open(&b);
    for (int i = 0; i < 5; i++)
        assert_int_equal(claim(&a, i, "one"), OUTCOME_OK);
    hand_over();
    die(&a);
    redis_server_find(&server, writes_keys, key, sizeof key);
    assert_string_equal(redis_server_ask(&server, "DECR %s", key), "4");
    suspects("dead");
    a.partition = b.partition;
    redis_world_open(&a);
    for (int i = 0; i < 5; i++)
        assert_int_equal(claim(&a, TOUCHED + i, "more"), OUTCOME_OK);
    assert_int_equal(claim(&a, TOUCHED - 3, "still"), OUTCOME_FORGOTTEN);
}

static bool is_back(void *context)
{
    (void)context;
    return redis_stats(a.redis).connects == 2 && redis_is_up(a.redis);
}

static void sees_another_server(void **state)
{
    static const char *const always[] = {"--appendonly", "yes", "--appendfsync", "always", NULL};

    (void)state;
    redis_server_kill(&server);
    assert_true(redis_server_start(&server, always));
    redis_world_open(&a);
    assert_int_equal(claim(&a, 1, "one"), OUTCOME_OK);
    hand_over();
    redis_server_kill(&server);
    assert_true(redis_server_start(&server, always)); /* with all that it had */
    redis_world_open(&b);
    suspects("restarted");
    assert_string_equal(redis_witness(b.redis)->memory, b.partition.inherited.memory);
    assert_int_equal(redis_stats(b.redis).forgotten, 0);
    assert_string_not_equal(redis_witness(b.redis)->server, b.partition.inherited.server);
    redis_world_until(&a, is_back, NULL);
    assert_int_equal(claim(&a, 1, "one"), OUTCOME_OK); /* its own, as it was */
    assert_int_equal(redis_stats(a.redis).forgotten, 0);
}

static void does_not_look_where_redis_knows(void **state)
{
    (void)state;
    redis_world_open(&a);
    redis_world_open(&b);
    struct request *mine = redis_world_request(&a, 1, "known", body);
    assert_int_equal(claim(&a, 1, "one"), OUTCOME_OK);
    hand_over();
    redis_server_ask(&server, "FLUSHALL");
    assert_int_equal(redis_world_play(&a, mine, STAGE_CLAIM), OUTCOME_OK);
    assert_int_equal(claim(&b, 1, "known"), OUTCOME_HELD);
    assert_int_equal(redis_world_play(&a, mine, STAGE_MARK), OUTCOME_OK);
    redis_yield(a.redis, mine);
    redis_world_turn(&a, 50);
    assert_int_equal(claim(&b, 1, "known"), OUTCOME_INTERRUPTED);
    redis_world_drop(&a, mine);
}

struct loss {
    int calls;
    struct witness before;
};

static void on_loss(void *context, const struct witness *before)
{
    struct loss *loss = context;
    loss->calls++;
    loss->before = *before;
}

/* Who commits must go on telling the old word, as long as something is at work. */
static void tells_what_it_knew_before(void **state)
{
    struct loss loss = {0};

    (void)state;
    redis_world_open(&a);
    redis_watch_memory(a.redis, on_loss, &loss);
    assert_int_equal(claim(&a, 1, "one"), OUTCOME_OK);
    assert_int_equal(claim(&a, 2, "two"), OUTCOME_OK);
    struct witness before = *redis_witness(a.redis);
    assert_int_equal(before.writes, 2);
    redis_server_ask(&server, "FLUSHALL");
    assert_int_equal(claim(&a, 3, "three"), OUTCOME_OK);
    assert_int_equal(claim(&a, 4, "four"), OUTCOME_OK);
    assert_int_equal(loss.calls, 1);
    assert_memory_equal(&loss.before, &before, sizeof before);
    assert_int_equal(redis_witness(a.redis)->writes, 2);

    redis_server_kill(&server);
    assert_true(redis_server_start(&server, NULL));
    redis_world_until(&a, is_back, NULL);
    assert_int_equal(claim(&a, 5, "five"), OUTCOME_OK);
    assert_int_equal(loss.calls, 2);
}

/* An idle worker's count has run out with its records: nothing was lost. */
static void forgets_by_itself_without_alarm(void **state)
{
    (void)state;
    a.settings.redis.lease_ms = 50;
    a.settings.redis.keep_ms = 100;
    redis_world_open(&a);
    assert_int_equal(claim(&a, 1, "one"), OUTCOME_OK);
    assert_int_equal(claim(&a, 1, "one"), OUTCOME_OK);
    redis_world_turn(&a, 150);
    assert_string_equal(redis_server_ask(&server, "DBSIZE"), "1"); /* the memory's id */
    assert_int_equal(claim(&a, 1, "one"), OUTCOME_OK);
    assert_int_equal(redis_stats(a.redis).forgotten, 0);
}

/* Of a replay, which was answered once, Redis has something, or it has lost it: by accident, or
 * because redis.keep is over. */
static void looks_up_a_replay_of_which_nothing_is_left(void **state)
{
    static const struct header header = {{"usher-replay", 12}, {"1", 1}};

    (void)state;
    a.settings.redis.lease_ms = 100;
    redis_world_open(&a);
    redis_world_open(&b);
    struct request *first = redis_world_request(&a, 1, "replay", body);
    struct request *second = redis_world_request(&b, 1, "replay", body);
    first->record.headers = second->record.headers = &header;
    first->record.header_count = second->record.header_count = 1;
    assert_int_equal(redis_world_play(&a, first, STAGE_CLAIM), OUTCOME_FORGOTTEN);
    redis_world_turn(&b, 150);
    assert_int_equal(redis_world_play(&b, second, STAGE_CLAIM), OUTCOME_FORGOTTEN); /* a died */
    assert_int_equal(redis_world_answer(&b, second, ANSWER_FAILED), OUTCOME_OK);
    first->record.offset = 2;
    assert_int_equal(redis_world_play(&a, first, STAGE_CLAIM), OUTCOME_OK); /* nothing happened */
    assert_int_equal(redis_stats(a.redis).forgotten + redis_stats(b.redis).forgotten, 0);
    redis_world_drop(&a, first);
    redis_world_drop(&b, second);
}

static void replaces_an_id_that_is_none(void **state)
{
    (void)state;
    redis_server_ask(&server, "SET test:memory junk");
    redis_world_open(&a);
    assert_int_equal(claim(&a, 1, "one"), OUTCOME_OK);
    assert_string_equal(redis_server_ask(&server, "GET test:memory"),
                        redis_witness(a.redis)->memory);
    redis_server_ask(&server, "SET test:memory 0123456789ABCDEF");
    assert_int_equal(claim(&a, 1, "one"), OUTCOME_OK); /* cannot be told on, so it is not known */
    assert_string_not_equal(redis_witness(a.redis)->memory, "0123456789ABCDEF");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_all, close_all)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(suspects_nothing_while_redis_remembers),
        TEST(sees_that_redis_was_emptied),
        TEST(sees_that_the_last_writes_are_lost),
        TEST(sees_what_a_dead_worker_had_written),
        TEST(sees_another_server),
        TEST(does_not_look_where_redis_knows),
        TEST(tells_what_it_knew_before),
        TEST(forgets_by_itself_without_alarm),
        TEST(looks_up_a_replay_of_which_nothing_is_left),
        TEST(replaces_an_id_that_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
