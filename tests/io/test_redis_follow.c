/* Followed requests in a real Redis: written with their answer, taken with a lease, put back,
 * forgotten; two workers, one that dies, one that is late; the pace; the rights. */
#include "tests/io/redis_followed.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

static struct redis_server server;
static struct redis_world a, b;

static void init(struct redis_world *world, const char *name)
{
    redis_world_init(world, &server, name);
    world->settings.graph.dry_run = DRY_RUN_OFF;
    world->settings.redis.lease_ms = 300;
    world->settings.follow = (struct follow_rules){.enabled = true,
                                                   .for_ms = 3600 * 1000,
                                                   .looks_per_second = 1000,
                                                   .requests = 100};
}

static int open_all(void **state)
{
    (void)state;
    if (!redis_server_init(&server) || !redis_server_start(&server, NULL))
        return -1;
    init(&a, "a");
    init(&b, "b");
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

/* ---- requests ---- */

#define OPEN_ONE  "{\"id\":\"g-1\",\"requestState\":\"Submitted\"}"
#define DELIVERED "{\"id\":\"g-2\",\"requestState\":\"Delivered\"}"

static void due_now(const char *name)
{
    redis_server_ask(&server, "ZADD test:follow:look 1 %s", name);
}

static const char *count(void)
{
    return redis_server_say(&server, "HLEN test:follow:entries");
}

/* ---- with the record ---- */

static void is_written_with_the_answer(void **state)
{
    (void)state;
    struct followed_taken taken;
    redis_world_open(&a);
    followed_submit(&a, 7, OPEN_ONE);
    assert_string_equal(count(), "1");
    followed_take(&a, 16, &taken);
    assert_int_equal(taken.count, 0); /* the first look is due in 5 s */
    assert_int_equal(taken.entries, 1);
    int64_t due_ms = strtoll(redis_server_say(&server, "ZSCORE test:follow:look t/0/7"), NULL, 10);
    assert_in_range(due_ms / 1000 - time(NULL), 4, 6);
    assert_true(strtoll(redis_server_say(&server, "PTTL test:follow:entries"), NULL, 10) > 3600000);
    due_now("t/0/7");
    followed_take(&a, 16, &taken);
    assert_int_equal(taken.count, 1);
    assert_string_equal(taken.items[0].name, "t/0/7");
    assert_true(taken.items[0].readable);
    assert_string_equal(taken.items[0].followed.graph_id, "g-1");
    assert_string_equal(taken.items[0].followed.request_id, "e7");
    followed_forget(&taken);
}

static void what_is_final_at_once_is_told_at_once(void **state)
{
    (void)state;
    struct followed_taken taken;
    redis_world_open(&a);
    followed_submit(&a, 1, OPEN_ONE);
    followed_submit(&a, 2, DELIVERED);
    followed_take(&a, 16, &taken);
    assert_int_equal(taken.count, 1);
    assert_string_equal(taken.items[0].followed.graph_id, "g-2");
    assert_int_equal(taken.items[0].followed.word, FOLLOW_WORD_DELIVERED);
    assert_int_equal(followed_put(&a, &taken, 0, REDIS_FOLLOW_DONE, NULL), 0);
    assert_string_equal(count(), "1");
    followed_forget(&taken);
}

static void only_what_was_submitted_is_followed(void **state)
{
    (void)state;
    redis_world_open(&a);
    for (enum answer answer = ANSWER_SUBMITTED + 1; answer < ANSWER_COUNT; answer++) {
        struct request *rq =
            redis_world_request(&a, (int64_t)answer, answer_name(answer), "\"a\":1");
        assert_int_equal(redis_world_play(&a, rq, STAGE_CLAIM), OUTCOME_OK);
        assert_int_equal(redis_world_answer(&a, rq, answer), OUTCOME_OK);
        redis_world_drop(&a, rq);
    }
    assert_string_equal(count(), "0");
}

static void does_nothing_where_it_is_off(void **state)
{
    (void)state;
    a.settings.follow.enabled = false;
    redis_world_open(&a);
    followed_submit(&a, 1, OPEN_ONE);
    char name[64];
    redis_server_find(&server, "test:follow:*", name, sizeof name);
    assert_string_equal(name, "");
}

/* The answer to the record was lost, so it is recorded again; meanwhile its status was told. */
static void a_second_record_follows_it_no_second_time(void **state)
{
    (void)state;
    struct followed_taken taken;
    redis_world_open(&a);
    struct request *rq = followed_record(&a, 1, DELIVERED);
    followed_take(&a, 16, &taken);
    assert_int_equal(followed_put(&a, &taken, 0, REDIS_FOLLOW_DONE, NULL), 0);
    assert_int_equal(redis_world_answer(&a, rq, ANSWER_SUBMITTED), OUTCOME_OK);
    assert_string_equal(count(), "0");
    redis_world_drop(&a, rq);
    followed_forget(&taken);
}

static void follows_no_more_than_it_may(void **state)
{
    (void)state;
    a.settings.follow.requests = 2;
    redis_world_open(&a);
    for (int64_t offset = 0; offset < 4; offset++)
        followed_submit(&a, offset, OPEN_ONE); /* it is recorded all the same */
    assert_string_equal(count(), "2");
    assert_int_equal(redis_follow_refused(a.redis), 2);
}

/* ---- leases ---- */

static void one_has_it_at_a_time(void **state)
{
    (void)state;
    struct followed_taken mine, theirs;
    redis_world_open(&a);
    redis_world_open(&b);
    followed_submit(&a, 1, OPEN_ONE);
    due_now("t/0/1");
    followed_take(&a, 16, &mine);
    assert_int_equal(mine.count, 1);
    followed_take(&b, 16, &theirs);
    assert_int_equal(theirs.count, 0);
    redis_world_turn(&b, 350); /* a died: its lease ends */
    followed_take(&b, 16, &theirs);
    assert_int_equal(theirs.count, 1);
    /* a was only slow: what it does now changes nothing */
    mine.items[0].followed.memory.reprocess_ms = 1;
    assert_int_equal(followed_put(&a, &mine, 0, 0, &mine.items[0].followed), -1);
    assert_int_equal(followed_put(&a, &mine, 0, REDIS_FOLLOW_DONE, NULL), -1);
    assert_string_equal(count(), "1");
    assert_int_equal(followed_put(&b, &theirs, 0, REDIS_FOLLOW_DONE, NULL), 0);
    assert_string_equal(count(), "0");
    assert_string_equal(redis_server_say(&server, "ZCARD test:follow:look"), "0");
    followed_forget(&mine);
    followed_forget(&theirs);
}

static void what_is_kept_is_found_by_the_next(void **state)
{
    (void)state;
    struct followed_taken mine, theirs;
    redis_world_open(&a);
    redis_world_open(&b);
    followed_submit(&a, 1, OPEN_ONE);
    due_now("t/0/1");
    followed_take(&a, 16, &mine);
    struct followed *followed = &mine.items[0].followed;
    followed->memory.reprocess_ms = 1750000002000;
    int64_t lease_ms = followed_put(&a, &mine, 0, redis_follow_lease_ms(a.redis), followed);
    assert_true(lease_ms > mine.items[0].lease_ms - 300);
    mine.items[0].lease_ms = lease_ms;
    followed->word = FOLLOW_WORD_DENIED;
    followed->seen_ms = 1750000003000;
    followed->object = "{\"id\":\"g-1\"}";
    assert_true(followed_put(&a, &mine, 0, redis_follow_lease_ms(a.redis), followed) > 0);
    followed_take(&b, 16, &theirs);
    assert_int_equal(theirs.count, 0); /* held on */
    redis_world_turn(&b, 350);
    followed_take(&b, 16, &theirs);
    assert_int_equal(theirs.count, 1);
    assert_int_equal(theirs.items[0].followed.memory.reprocess_ms, 1750000002000);
    assert_int_equal(theirs.items[0].followed.word, FOLLOW_WORD_DENIED);
    assert_string_equal(theirs.items[0].followed.object, "{\"id\":\"g-1\"}");
    followed_forget(&mine);
    followed_forget(&theirs);
}

static void comes_back_when_it_is_due(void **state)
{
    (void)state;
    struct followed_taken taken;
    redis_world_open(&a);
    followed_submit(&a, 1, OPEN_ONE);
    due_now("t/0/1");
    followed_take(&a, 16, &taken);
    assert_true(followed_put(&a, &taken, 0, 200, NULL) > 0);
    followed_forget(&taken);
    followed_take(&a, 16, &taken);
    assert_int_equal(taken.count, 0);
    redis_world_turn(&a, 250);
    followed_take(&a, 16, &taken);
    assert_int_equal(taken.count, 1);
    followed_forget(&taken);
}

/* ---- limits ---- */

static void the_longest_overdue_goes_first(void **state)
{
    (void)state;
    struct followed_taken taken;
    redis_world_open(&a);
    for (int64_t offset = 1; offset <= 5; offset++) {
        followed_submit(&a, offset, OPEN_ONE);
        redis_server_ask(&server, "ZADD test:follow:look %d t/0/%d", 100 - (int)offset,
                         (int)offset);
    }
    followed_take(&a, 2, &taken);
    assert_int_equal(taken.count, 2);
    assert_string_equal(taken.items[0].name, "t/0/5");
    assert_string_equal(taken.items[1].name, "t/0/4");
    followed_forget(&taken);
}

/* Two workers, one pace; what needs no look is not held up by it. */
static void all_share_one_pace(void **state)
{
    (void)state;
    struct followed_taken taken;
    size_t looks = 0, told = 0;
    a.settings.follow.looks_per_second = b.settings.follow.looks_per_second = 10;
    redis_world_open(&a);
    redis_world_open(&b);
    for (int64_t offset = 1; offset <= 60; offset++) {
        char name[32];
        followed_submit(&a, offset, offset % 6 == 0 ? DELIVERED : OPEN_ONE);
        snprintf(name, sizeof name, "t/0/%d", (int)offset);
        if (offset % 6 != 0)
            due_now(name);
    }
    for (int i = 0; i < 10; i++) { /* for one second: the second's worth at once, and one more */
        struct redis_world *world = i % 2 == 0 ? &a : &b;
        followed_take(world, 16, &taken);
        for (size_t j = 0; j < taken.count; j++) {
            bool known = taken.items[j].followed.word != FOLLOW_NO_WORD;
            looks += !known;
            told += known;
            (void)followed_put(world, &taken, j, REDIS_FOLLOW_DONE, NULL);
        }
        followed_forget(&taken);
        redis_world_turn(world, 100);
    }
    print_message("%zu looks, %zu told\n", looks, told);
    assert_int_equal(told, 10);
    assert_in_range(looks, 15, 22);
}

static void what_it_cannot_read_is_given_out_too(void **state)
{
    (void)state;
    struct followed_taken taken;
    redis_world_open(&a);
    redis_server_say(&server, "HSET test:follow:entries t/0/1 nonsense");
    due_now("t/0/1");
    due_now("t/0/2"); /* without an entry: it is dropped */
    followed_take(&a, 16, &taken);
    assert_int_equal(taken.count, 1);
    assert_false(taken.items[0].readable);
    assert_true(followed_put(&a, &taken, 0, 1000, NULL) > 0);
    assert_string_equal(redis_server_say(&server, "HGET test:follow:entries t/0/1"), "nonsense");
    assert_string_equal(redis_server_say(&server, "ZCARD test:follow:look"), "1");
    followed_forget(&taken);
}

/* ---- trouble ---- */

static void says_so_when_redis_goes_away(void **state)
{
    (void)state;
    struct followed_taken taken = {.answered = false};
    struct followed_told one = {.answered = false};
    const struct redis_put put = {.name = "t/0/1"};
    redis_world_open(&a);
    kill(server.pid, SIGSTOP);
    assert_true(redis_follow_take(a.redis, 16, followed_on_taken, &taken));
    assert_true(redis_follow_put(a.redis, &put, followed_on_put, &one));
    kill(server.pid, SIGCONT);
    redis_server_kill(&server);
    redis_world_until(&a, followed_is_told, &taken.answered);
    redis_world_until(&a, followed_is_told, &one.answered);
    assert_true(!taken.known || taken.count == 0);
    assert_int_equal(one.lease_ms, -1);
    redis_world_until(&a, redis_world_is_down, &a);
    assert_false(redis_follow_take(a.redis, 16, followed_on_taken, &taken));
    assert_false(redis_follow_put(a.redis, &put, followed_on_put, &one));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_all, close_all)
    const struct CMUnitTest tests[] = {
        TEST(is_written_with_the_answer),
        TEST(what_is_final_at_once_is_told_at_once),
        TEST(only_what_was_submitted_is_followed),
        TEST(does_nothing_where_it_is_off),
        TEST(a_second_record_follows_it_no_second_time),
        TEST(follows_no_more_than_it_may),
        TEST(one_has_it_at_a_time),
        TEST(what_is_kept_is_found_by_the_next),
        TEST(comes_back_when_it_is_due),
        TEST(the_longest_overdue_goes_first),
        TEST(all_share_one_pace),
        TEST(what_it_cannot_read_is_given_out_too),
        TEST(says_so_when_redis_goes_away),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
