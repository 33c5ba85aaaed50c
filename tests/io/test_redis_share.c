/* How the replicas share graph.writes_per_second: the script on the key <prefix>:pace, against a
 * real Redis. */
#include "tests/io/redis_world.h"
#include "worker/core/retry_after.h"
#include "worker/io/redis_share.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

enum { REPLICAS = 3, RATE = 19600 };

static struct redis_server server;

/* A replica, and what it was told last. */
struct replica {
    struct redis_world world;
    struct redis_share share;
    struct redis_told told;
    bool has_answer, is_good;
};
static struct replica replicas[REPLICAS];

static void on_told(void *context, const struct redis_told *told)
{
    struct replica *replica = context;
    replica->has_answer = true;
    replica->is_good = told != NULL;
    replica->told = told != NULL ? *told : (struct redis_told){0};
}

static int open_all(void **state)
{
    (void)state;
    return redis_server_init(&server) && redis_server_start(&server, NULL) ? 0 : -1;
}

static int close_all(void **state)
{
    (void)state;
    redis_server_finish(&server);
    return 0;
}

static int begin(void **state)
{
    static const char *const names[REPLICAS] = {"a", "b", "c"};
    (void)state;
    redis_server_ask(&server, "FLUSHALL");
    for (int i = 0; i < REPLICAS; i++) {
        replicas[i].told = (struct redis_told){0};
        redis_world_init(&replicas[i].world, &server, names[i]);
        redis_world_open(&replicas[i].world);
        replicas[i].share =
            (struct redis_share){.name = "", .on_told = on_told, .context = &replicas[i]};
    }
    return 0;
}

static int end(void **state)
{
    (void)state;
    for (int i = 0; i < REPLICAS; i++)
        redis_world_finish(&replicas[i].world);
    return 0;
}

static bool has_answer(void *context)
{
    return ((struct replica *)context)->has_answer;
}

static const struct redis_told *ask_closed(int i, int64_t belief, int64_t demand,
                                           const int64_t closed_ms[2])
{
    struct replica *replica = &replicas[i];
    const struct redis_wish wish = {{belief, demand}, closed_ms[0], closed_ms[1]};
    replica->has_answer = false;
    assert_true(redis_may_ask_share(replica->world.redis, &replica->share));
    redis_ask_share(replica->world.redis, &replica->share, &wish, redis_world_now(&replica->world));
    assert_false(
        redis_may_ask_share(replica->world.redis, &replica->share)); /* one question at a time */
    redis_world_until(&replica->world, has_answer, replica);
    return &replica->told;
}

static const struct redis_told *ask(int i, int64_t belief, int64_t demand)
{
    static const int64_t open[2] = {0, 0};
    return ask_closed(i, belief, demand, open);
}

/* All that was granted and still holds. */
static void never_more_than(int64_t rate)
{
    int64_t sum = 0;
    for (int i = 0; i < REPLICAS; i++)
        sum += replicas[i].told.granted;
    if (sum > rate)
        fail_msg("%lld are granted of %lld", (long long)sum, (long long)rate);
}

static void one_gets_all(void **state)
{
    (void)state;
    const struct redis_told *told = ask(0, RATE, 2000);
    assert_int_equal(told->granted, RATE); /* more than it needs, where nobody needs it */
    assert_int_equal(told->shared, RATE);
    assert_int_equal(told->replicas, 1);
    assert_int_equal(ask(0, RATE, 1000000)->granted, RATE);
}

static void those_who_need_as_much_get_as_much(void **state)
{
    (void)state;
    ask(0, RATE, 500000);
    assert_int_equal(ask(1, RATE, 400000)->granted, 0); /* the first one has all still */
    assert_int_equal(ask(2, RATE, 300000)->granted, 0);
    for (int round = 0; round < 3; round++)
        for (int i = 0; i < REPLICAS; i++) {
            ask(i, RATE, 300000 + round);
            never_more_than(RATE);
        }
    for (int i = 0; i < REPLICAS; i++)
        assert_in_range(replicas[i].told.granted, RATE / 3 - 1, RATE / 3);
}

static void what_one_does_not_need_others_get(void **state)
{
    static const int64_t needs[REPLICAS] = {1000, 4000, 90000};
    (void)state;
    for (int round = 0; round < 3; round++)
        for (int i = 0; i < REPLICAS; i++) {
            ask(i, RATE, needs[i]);
            never_more_than(RATE);
        }
    assert_int_equal(replicas[0].told.granted, 1000);
    assert_int_equal(replicas[1].told.granted, 4000);
    assert_int_equal(replicas[2].told.granted, RATE - 5000);
}

static void the_least_belief_counts_for_all(void **state)
{
    (void)state;
    for (int round = 0; round < 3; round++) {
        ask(0, RATE, 500000);
        ask(1, 5000, 500000);
        ask(2, RATE, 500000);
    }
    never_more_than(5000);
    for (int i = 0; i < REPLICAS; i++) {
        assert_int_equal(replicas[i].told.shared, 5000);
        assert_in_range(replicas[i].told.granted, 1660, 1667);
    }
}

static void a_throttle_is_told_to_all(void **state)
{
    static const int64_t closed_ms[2] = {60000, 3000};
    (void)state;
    ask(0, RATE, 500000);
    ask_closed(1, RATE, 500000, closed_ms);
    ask(1, RATE, 500000);                 /* nothing shortens it */
    usleep((PACE_GRANT_MS + 200) * 1000); /* who heard of it has gone */
    ask(0, RATE, 500000);
    assert_in_range(replicas[0].told.writes_closed_ms, 50000, 60000);
    assert_in_range(replicas[0].told.reads_closed_ms, 0, 500);
}

/* A replica that dies gives its share back when its grant has run out, and not before. */
static void the_dead_hold_nothing_for_long(void **state)
{
    (void)state;
    for (int round = 0; round < 2; round++)
        for (int i = 0; i < REPLICAS; i++)
            ask(i, RATE, 500000);
    int64_t third = replicas[2].told.granted, waited_ms = 0;
    assert_in_range(third, RATE / 3 - 1, RATE / 3);
    for (; waited_ms < 10000 && ask(0, RATE, 500000)->granted <= RATE / 3; waited_ms += 100) {
        ask(1, RATE, 500000);
        usleep(100 * 1000);
    }
    ask(1, RATE, 500000);
    ask(0, RATE, 500000);
    assert_in_range(waited_ms, PACE_GRANT_MS - 1500, PACE_GRANT_MS);
    assert_int_equal(replicas[0].told.granted + replicas[1].told.granted, RATE);
}

/* The key ends by itself, and what stands in it may be anybody's. */
static void any_key_will_do(void **state)
{
    static const char *const values[] = {
        "",
        ";",
        "x",
        "1 2",
        "1 2;",
        "99999999999999999999 1;",
        "0 0;zz 1 2 3 4;",
        "0 0;ab 1 2 3;",
        "0 0;ab 1 2 3 4;",
        "0 0;ab -1 2 3 9999999999999;",
    };
    (void)state;
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        assert_string_equal(redis_server_ask(&server, "SET test:pace %s", values[i]), "OK");
        if (ask(0, RATE, 5000)->granted != RATE)
            fail_msg("\"%s\": %lld", values[i], (long long)replicas[0].told.granted);
        assert_in_range(replicas[0].told.writes_closed_ms, 0, RETRY_AFTER_MOST_MS);
    }
    redis_server_ask(&server, "DEL test:pace");
    ask(0, RATE, 5000);
    usleep((PACE_GRANT_MS + 200) * 1000);
    assert_string_equal(redis_server_ask(&server, "EXISTS test:pace"), "0");
}

static void without_redis_there_is_no_answer(void **state)
{
    (void)state;
    struct replica *replica = &replicas[0];
    const struct redis_wish wish = {{RATE, 5000}, 0, 0};
    replica->has_answer = false;
    redis_ask_share(replica->world.redis, &replica->share, &wish, redis_world_now(&replica->world));
    redis_server_ask(&server, "CLIENT KILL TYPE normal SKIPME yes");
    redis_world_until(&replica->world, has_answer, replica);
    redis_world_until(&replica->world, redis_world_is_up, &replica->world);
    assert_true(redis_may_ask_share(replica->world.redis, &replica->share));
    assert_true(ask(0, RATE, 5000)->granted > 0);
}

/* What one tenant may write is none of another's. */
static void tenants_share_nothing(void **state)
{
    (void)state;
    replicas[0].share.name = "contoso";
    replicas[1].share.name = "fabrikam";
    assert_int_equal(ask(0, RATE, 90000)->granted, RATE);
    assert_int_equal(ask(1, RATE / 2, 90000)->granted, RATE / 2);
    assert_int_equal(ask(0, RATE, 90000)->shared, RATE);
    assert_string_equal(redis_server_ask(&server, "EXISTS test:pace"), "0");
    assert_string_equal(redis_server_ask(&server, "EXISTS test:pace:contoso"), "1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(tenants_share_nothing, begin, end),
        cmocka_unit_test_setup_teardown(one_gets_all, begin, end),
        cmocka_unit_test_setup_teardown(those_who_need_as_much_get_as_much, begin, end),
        cmocka_unit_test_setup_teardown(what_one_does_not_need_others_get, begin, end),
        cmocka_unit_test_setup_teardown(the_least_belief_counts_for_all, begin, end),
        cmocka_unit_test_setup_teardown(a_throttle_is_told_to_all, begin, end),
        cmocka_unit_test_setup_teardown(the_dead_hold_nothing_for_long, begin, end),
        cmocka_unit_test_setup_teardown(any_key_will_do, begin, end),
        cmocka_unit_test_setup_teardown(without_redis_there_is_no_answer, begin, end),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
