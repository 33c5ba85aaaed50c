/* What the worker's user of Redis' ACL must be allowed to do, and what comes of a right that is
 * missing: Redis is refused, and no event is blamed. */
#include "tests/io/redis_world.h"
#include "worker/io/redis_answer.h"
#include "worker/io/redis_scripts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#define KEYS "~test:event:* ~test:interlock ~test:memory ~test:writes:* ~test:pace"

static const char body[] = "\"requestType\":\"AdminAdd\"";

static struct redis_server server;
static struct redis_world world;

static int open_all(void **state)
{
    (void)state;
    if (!redis_server_init(&server) || !redis_server_start(&server, NULL))
        return -1;
    redis_world_init(&world, &server, "a");
    world.settings.graph.dry_run = DRY_RUN_OFF;
    world.settings.redis.username = "usher";
    world.settings.redis.password = "secret";
    return 0;
}

static int close_all(void **state)
{
    (void)state;
    redis_world_finish(&world);
    redis_server_finish(&server);
    return 0;
}

/* The user is made anew, with these rules alone. */
static void grant(const char *rules)
{
    char command[256];
    int size = snprintf(command, sizeof command, "ACL SETUSER usher reset on >secret %s", rules);
    assert_in_range(size, 1, sizeof command - 1);
    assert_string_equal(redis_server_say(&server, command), "OK");
}

static bool is_refused(void *context)
{
    (void)context;
    return redis_is_refused(world.redis);
}

static void wait_for_refusal(void)
{
    redis_world_until(&world, is_refused, NULL);
    assert_false(redis_is_up(world.redis));
    const char *trouble = redis_trouble(world.redis);
    if (strncmp(trouble, "redis.username: ", 16) != 0 || strstr(trouble, "key_prefix") == NULL ||
        strstr(trouble, REDIS_RIGHTS) == NULL)
        fail_msg("the trouble is \"%s\"", trouble);
}

static void claim_is(enum outcome expected)
{
    struct request *rq = redis_world_request(&world, 1, "rights", body);
    assert_int_equal(redis_world_play(&world, rq, STAGE_CLAIM), expected);
    assert_string_equal(rq->fault.code, "");
    redis_world_drop(&world, rq);
}

/* ---- the words ---- */

struct words_row {
    const char *words; /* as a Redis says them */
    enum redis_meaning meaning;
    bool forbidden;
};

static const struct words_row rows[] = {
    /* 6.0, 6.2: a script's error is wrapped */
    {"ERR Error running script (call to f_2067d915): @user_script:1: @user_script: 1: The user "
     "executing the script can't run this command or subcommand",
     REDIS_NOT_NOW, true},
    {"ERR Error running script (call to f_2067d915): @user_script:1: @user_script: 1: The user "
     "executing the script can't access at least one of the keys mentioned in the command "
     "arguments",
     REDIS_NOT_NOW, true},
    {"NOPERM this user has no permissions to run the 'evalsha' command or its subcommand",
     REDIS_NOT_NOW, true},
    /* 6, 7.0 */
    {"NOPERM this user has no permissions to access one of the keys used as arguments",
     REDIS_NOT_NOW, true},
    /* 7.0 */
    {"NOPERM this user has no permissions to run the 'script|load' command", REDIS_NOT_NOW, true},
    {"ERR The user executing the script can't run this command or subcommand script: e52a49, on "
     "@user_script:1.",
     REDIS_NOT_NOW, true},
    {"ERR The user executing the script can't access at least one of the keys mentioned in the "
     "command arguments script: bd465a, on @user_script:1.",
     REDIS_NOT_NOW, true},
    /* 7.2 and newer */
    {"NOPERM User usher has no permissions to run the 'hset' command script: e52a49, on "
     "@user_script:1.",
     REDIS_NOT_NOW, true},
    {"NOPERM No permissions to access a key script: bd465a, on @user_script:1.", REDIS_NOT_NOW,
     true},
    /* a new connection to a Redis that has been given a password since */
    {"NOAUTH Authentication required.", REDIS_NOT_NOW, true},
    /* others */
    {"OOM command not allowed when used memory > 'maxmemory'.", REDIS_NOT_NOW, false},
    {"READONLY You can't write against a read only replica.", REDIS_REPLICA, false},
    {"NOSCRIPT No matching script. Please use EVAL.", REDIS_FORGOT, false},
    {"WRONGTYPE Operation against a key holding the wrong kind of value", REDIS_UNFIT_KEY, false},
    {"ERR user_script:3: attempt to compare nil with number", REDIS_UNFIT_KEY, false},
};

static void knows_every_version_s_words(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char words[512];
        snprintf(words, sizeof words, "%s", rows[i].words);
        redisReply reply = {.type = REDIS_REPLY_ERROR, .str = words, .len = strlen(words)};
        print_message("%s\n", words);
        assert_int_equal(redis_answer_meaning(&reply, 1), rows[i].meaning);
        assert_int_equal(redis_answer_is_forbidden(&reply), rows[i].forbidden);
    }
}

/* ---- the list of rights ---- */

/* What the probe does not do, it would not miss. */
static void probes_each_command_of_the_scripts(void **state)
{
    static const char call[] = "redis.call('";
    int seen = 0;

    (void)state;
    for (int i = 0; i < REDIS_SCRIPT_COUNT; i++) {
        const char *at = redis_script_text((enum redis_script)i);
        while ((at = strstr(at, call)) != NULL) {
            char whole[64];
            int size = (int)(sizeof call - 1 + strcspn(at + sizeof call - 1, "'") + 1);
            snprintf(whole, sizeof whole, "%.*s", size, at);
            print_message("%s\n", whole);
            assert_non_null(strstr(redis_script_text(REDIS_PROBE), whole));
            at += size;
            seen++;
        }
    }
    assert_in_range(seen, 20, 100);
}

static void the_settings_page_lists_the_same(void **state)
{
    char page[65536] = "";

    (void)state;
    FILE *file = fopen("config/README.md", "r");
    assert_non_null(file);
    size_t size = fread(page, 1, sizeof page - 1, file);
    fclose(file);
    assert_in_range(size, 1, sizeof page - 2);
    assert_non_null(strstr(page, "~usher:* " REDIS_RIGHTS "\n"));
}

static bool interlock_stands(void *context)
{
    return *(bool *)context;
}

static void on_interlock(void *context, bool stands)
{
    *(bool *)context = stands;
}

static void does_all_its_work_with_these_rights_alone(void **state)
{
    bool stands = false;

    (void)state;
    grant(KEYS " " REDIS_RIGHTS);
    redis_world_open(&world);
    assert_string_equal(redis_server_ask(&server, "DBSIZE"), "0");
    redis_watch_interlock(world.redis, on_interlock, &stands);
    struct request *rq = redis_world_request(&world, 1, "all", body);
    assert_int_equal(redis_world_play(&world, rq, STAGE_CLAIM), OUTCOME_OK);
    redis_release(world.redis, rq);
    assert_int_equal(redis_world_play(&world, rq, STAGE_CLAIM), OUTCOME_OK);
    assert_int_equal(redis_world_play(&world, rq, STAGE_MARK), OUTCOME_OK);
    assert_int_equal(redis_world_answer(&world, rq, ANSWER_UNKNOWN), OUTCOME_OK);
    redis_world_drop(&world, rq);
    redis_raise_interlock(world.redis, "why");
    redis_world_until(&world, interlock_stands, &stands);
    assert_true(redis_is_up(world.redis));
    assert_int_equal(redis_stats(world.redis).refusals, 0);
    assert_int_equal(redis_stats(world.redis).connects, 1);
}

/* Each right alone is taken from the list: it is missed at once, and nothing is left behind. */
static void misses_each_right_at_the_start(void **state)
{
    char list[] = REDIS_RIGHTS, rules[256];
    int count = 0;

    (void)state;
    for (char *rest, *right = strtok_r(list, " ", &rest); right != NULL;
         right = strtok_r(NULL, " ", &rest)) {
        snprintf(rules, sizeof rules, KEYS " " REDIS_RIGHTS " -%s", right + 1);
        print_message("%s\n", right);
        grant(rules);
        redis_world_create(&world);
        wait_for_refusal();
        redis_destroy(world.redis);
        world.redis = NULL;
        uv_run(&world.loop, UV_RUN_DEFAULT);
        count++;
    }
    assert_int_equal(count, 11);
    usleep(1100 * 1000); /* the longest that a probe's key may live */
    assert_string_equal(redis_server_ask(&server, "EXISTS test:event:probe"), "0");
}

static void misses_the_right_to_wait_for_replicas(void **state)
{
    (void)state;
    world.settings.redis.wait_replicas = 1;
    grant(KEYS " " REDIS_RIGHTS);
    redis_world_create(&world);
    wait_for_refusal();
    assert_non_null(strstr(redis_trouble(world.redis), "'wait'"));
    grant(KEYS " +wait " REDIS_RIGHTS);
    redis_world_until(&world, redis_world_is_up, &world);
    assert_false(redis_is_refused(world.redis));
}

/* ---- the keys ---- */

static void misses_the_right_to_its_keys(void **state)
{
    static const char *const keys[] = {
        "",
        "~other:*",
        "~test:event:* ~test:memory ~test:writes:* ~test:pace",
        "~test:interlock ~test:memory ~test:writes:* ~test:pace",
        "~test:event:* ~test:interlock ~test:writes:* ~test:pace",
        "~test:event:* ~test:interlock ~test:memory ~test:pace",
        "~test:event:* ~test:interlock ~test:memory ~test:writes:*",
    };
    char rules[256];

    (void)state;
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        print_message("%s\n", keys[i]);
        snprintf(rules, sizeof rules, "%s +@all", keys[i]);
        grant(rules);
        redis_world_create(&world);
        wait_for_refusal();
        claim_is(OUTCOME_PACED);
        redis_server_ask(&server, "FLUSHALL");
        grant("~test:* " REDIS_RIGHTS); /* no restart is needed */
        redis_world_until(&world, redis_world_is_up, &world);
        assert_false(redis_is_refused(world.redis));
        assert_string_equal(redis_trouble(world.redis), "");
        claim_is(OUTCOME_OK);
        redis_destroy(world.redis);
        world.redis = NULL;
        uv_run(&world.loop, UV_RUN_DEFAULT);
    }
}

/* ---- at run time ---- */

/* Refused until the right is back, and never up in between. */
static void stays_refused(const char *rules)
{
    grant(rules);
    wait_for_refusal();
    uint64_t connects = redis_stats(world.redis).connects;
    redis_world_turn(&world, REDIS_REFUSAL_MS + 500);
    assert_int_equal(redis_stats(world.redis).connects, connects);
    wait_for_refusal();
    grant(KEYS " " REDIS_RIGHTS);
    redis_world_until(&world, redis_world_is_up, &world);
    claim_is(OUTCOME_OK);
}

static void an_event_meets_a_right_that_was_taken_away(void **state)
{
    (void)state;
    grant(KEYS " " REDIS_RIGHTS);
    redis_world_open(&world);
    claim_is(OUTCOME_OK);
    grant(KEYS " " REDIS_RIGHTS " -hmget");
    claim_is(OUTCOME_PACED);
    assert_false(redis_is_up(world.redis));
    assert_int_equal(redis_stats(world.redis).refusals, 1);
    stays_refused(KEYS " " REDIS_RIGHTS " -hmget");
}

static void an_idle_worker_sees_that_its_keys_were_taken_away(void **state)
{
    (void)state;
    grant(KEYS " " REDIS_RIGHTS);
    redis_world_open(&world);
    stays_refused("~other:* " REDIS_RIGHTS);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_all, close_all)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_every_version_s_words),
        cmocka_unit_test(probes_each_command_of_the_scripts),
        cmocka_unit_test(the_settings_page_lists_the_same),
        TEST(does_all_its_work_with_these_rights_alone),
        TEST(misses_each_right_at_the_start),
        TEST(misses_the_right_to_wait_for_replicas),
        TEST(misses_the_right_to_its_keys),
        TEST(an_event_meets_a_right_that_was_taken_away),
        TEST(an_idle_worker_sees_that_its_keys_were_taken_away),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
