/* How the connection comes about, is refused, is lost and comes back. */
#include "tests/io/redis_world.h"
#include "worker/io/redis_url.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static const char body[] = "\"requestType\":\"AdminAdd\"";
static const char password[] = "pw-7f1c-never-shown";

static struct redis_server server;
static struct redis_world world;

static int open_all(void **state)
{
    (void)state;
    if (!redis_server_init(&server))
        return -1;
    redis_world_init(&world, &server, "a");
    return 0;
}

static int close_all(void **state)
{
    (void)state;
    redis_world_finish(&world);
    redis_server_finish(&server);
    return 0;
}

static bool says_why(void *text)
{
    return strstr(redis_trouble(world.redis), text) != NULL;
}

static void wait_for_trouble(const char *text)
{
    redis_world_until(&world, says_why, (void *)(uintptr_t)text);
    assert_false(redis_is_up(world.redis));
    assert_null(strstr(redis_trouble(world.redis), password));
}

static void claim_works(const char *id)
{
    struct request *rq = redis_world_request(&world, 1, id, body);
    assert_int_equal(redis_world_play(&world, rq, STAGE_CLAIM), OUTCOME_OK);
    redis_world_drop(&world, rq);
}

struct url_row {
    const char *text;
    const char *name; /* NULL: refused */
    enum redis_transport transport;
    int database;
};

static const struct url_row urls[] = {
    {"redis://localhost", "localhost:6379", REDIS_TCP, 0},
    {"redis://localhost/", "localhost:6379", REDIS_TCP, 0},
    {"redis://localhost:7000/12", "localhost:7000", REDIS_TCP, 12},
    {"redis://localhost/3", "localhost:6379", REDIS_TCP, 3},
    {"rediss://r.example:6380", "r.example:6380", REDIS_TLS, 0},
    {"redis://[::1]:6380/1", "[::1]:6380", REDIS_TCP, 1},
    {"redis://[::1]", "[::1]:6379", REDIS_TCP, 0},
    {"unix:///run/redis.sock", "/run/redis.sock", REDIS_UNIX, 0},
    {"unix://run/redis.sock", NULL, REDIS_UNIX, 0},
    {"redis://", NULL, REDIS_TCP, 0},
    {"redis://:6379", NULL, REDIS_TCP, 0},
    {"redis://[::1", NULL, REDIS_TCP, 0},
    {"redis://h:0", NULL, REDIS_TCP, 0},
    {"redis://h:65536", NULL, REDIS_TCP, 0},
    {"redis://h:99999999999999", NULL, REDIS_TCP, 0},
    {"redis://h:", NULL, REDIS_TCP, 0},
    {"redis://h:6379x", NULL, REDIS_TCP, 0},
    {"redis://h/x", NULL, REDIS_TCP, 0},
    {"redis://h/1/2", NULL, REDIS_TCP, 0},
    {"redis://user:pw-7f1c-never-shown@h", NULL, REDIS_TCP, 0},
    {"http://h", NULL, REDIS_TCP, 0},
    {"", NULL, REDIS_TCP, 0},
};

static void reads_addresses(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        struct redis_url url;
        struct error error = {0};
        print_message("url: %s\n", urls[i].text);
        bool read = redis_url_read(urls[i].text, &url, &error);
        assert_int_equal(read, urls[i].name != NULL);
        assert_null(strstr(error.text, password));
        if (!read) {
            assert_non_null(strstr(error.text, "redis.url"));
            continue;
        }
        assert_string_equal(url.name, urls[i].name);
        assert_int_equal(url.transport, urls[i].transport);
        assert_int_equal(url.database, urls[i].database);
    }
}

static void connects_by_name_into_a_database(void **state)
{
    (void)state;
    assert_true(redis_server_start(&server, NULL));
    snprintf(world.url, sizeof world.url, "redis://localhost:%d/5",
             server.port); /* ::1 refuses first */
    redis_world_open(&world);
    claim_works("name");
    assert_string_equal(redis_server_ask(&server, "DBSIZE"), "0");
    assert_non_null(strstr(redis_server_ask(&server, "CLIENT LIST TYPE normal"), "name=usher "));
    assert_string_equal(redis_trouble(world.redis), "");
}

static void connects_over_a_socket(void **state)
{
    (void)state;
    assert_true(redis_server_start(&server, NULL));
    snprintf(world.url, sizeof world.url, "unix://%s", server.path);
    redis_world_open(&world);
    claim_works("socket");
}

static void names_a_host_that_does_not_exist(void **state)
{
    (void)state;
    snprintf(world.url, sizeof world.url, "redis://nowhere.invalid:6379");
    redis_world_create(&world);
    wait_for_trouble("redis.url: cannot find the host nowhere.invalid");
}

static void waits_for_a_redis_that_is_not_there_yet(void **state)
{
    (void)state;
    redis_world_create(&world);
    wait_for_trouble("Connection refused");
    struct request *rq = redis_world_request(&world, 1, "early", body);
    assert_int_equal(redis_world_play(&world, rq, STAGE_CLAIM), OUTCOME_PACED);
    assert_int_equal(rq->pause_ms, REDIS_PAUSE_MS);
    assert_true(redis_server_start(&server, NULL));
    redis_world_until(&world, redis_world_is_up, &world);
    assert_int_equal(redis_world_play(&world, rq, STAGE_CLAIM), OUTCOME_OK);
    redis_world_drop(&world, rq);
}

static void logs_in_as_a_user_of_the_acl(void **state)
{
    (void)state;
    assert_true(redis_server_start(&server, NULL));
    redis_server_ask(&server, "ACL SETUSER usher on >%s ~test:* +@all -@dangerous", password);
    redis_server_ask(&server, "ACL SETUSER default off");
    world.settings.redis.username = "usher";
    world.settings.redis.password = password;
    redis_world_open(&world);
    claim_works("acl");
    assert_false(redis_is_refused(world.redis));
}

static void reads_the_password_again_when_it_has_changed(void **state)
{
    char file[128];
    const char *const arguments[] = {"--requirepass", password, NULL};

    (void)state;
    snprintf(file, sizeof file, "%s/password", server.dir);
    FILE *out = fopen(file, "w");
    assert_non_null(out);
    fprintf(out, "%s-of-yesterday\n", password);
    fclose(out);
    assert_true(redis_server_start(&server, arguments));
    world.settings.redis.password_file = file;
    redis_world_create(&world);
    wait_for_trouble("redis.password: Redis refused it");
    assert_true(redis_is_refused(world.redis));
    out = fopen(file, "w");
    fprintf(out, "%s\n", password);
    fclose(out);
    redis_world_until(&world, redis_world_is_up, &world);
    assert_false(redis_is_refused(world.redis));
}

static void names_a_missing_password_and_a_missing_file(void **state)
{
    struct error error = {0};
    const char *const arguments[] = {"--requirepass", password, NULL};

    (void)state;
    assert_true(redis_server_start(&server, arguments));
    world.settings.redis.password_file = "/nonexistent/password";
    assert_null(redis_create(&world.loop, &world.settings, &world.pipeline, &error));
    assert_non_null(strstr(error.text, "/nonexistent/password"));
    world.settings.redis.password_file = "";
    redis_world_create(&world);
    wait_for_trouble("NOAUTH");
    assert_true(redis_is_refused(world.redis));
}

/* Redis repeats the arguments of a command that it does not know. */
static void never_shows_a_password_that_redis_repeats(void **state)
{
    const char *const arguments[] = {"--rename-command", "AUTH", "", NULL};

    (void)state;
    assert_true(redis_server_start(&server, arguments));
    world.settings.redis.password = password;
    redis_world_create(&world);
    wait_for_trouble("redis.password");
}

enum { PENDING = 100 };

/* Redis stops in the middle; each start is posted once (pipeline_post() itself would end the test
 * at a second). */
static void loses_nothing_when_redis_dies(void **state)
{
    struct request *requests[PENDING];
    char ids[PENDING][32];

    (void)state;
    world.settings.graph.dry_run = DRY_RUN_OFF;
    world.settings.redis.wait_replicas = 0;
    assert_true(redis_server_start(&server, NULL));
    redis_world_open(&world);
    for (int i = 0; i < PENDING; i++) {
        snprintf(ids[i], sizeof ids[i], "die-%d", i);
        requests[i] = redis_world_request(&world, i, ids[i], body);
        assert_int_equal(redis_world_play(&world, requests[i], STAGE_CLAIM), OUTCOME_OK);
    }
    static const enum stage stages[] = {STAGE_CLAIM, STAGE_MARK, STAGE_RECORD};
    kill(server.pid, SIGSTOP);
    for (int i = 0; i < PENDING; i++) {
        requests[i]->answer = ANSWER_FAILED;
        redis_world_start(&world, requests[i], stages[i % 3]);
    }
    redis_release(world.redis, requests[0]);
    redis_world_turn(&world, 50);
    redis_server_kill(&server);
    for (int i = 0; i < PENDING; i++) {
        assert_int_equal(redis_world_wait(&world, requests[i]), OUTCOME_PACED);
        assert_int_equal(requests[i]->pause_ms, REDIS_PAUSE_MS);
        assert_string_equal(requests[i]->fault.code, "");
    }
    redis_world_until(&world, redis_world_is_down, &world);
    assert_true(redis_server_start(&server, NULL));
    redis_world_until(&world, redis_world_is_up, &world);
    assert_int_equal(redis_stats(world.redis).connects, 2);
    for (int i = 0; i < PENDING; i++) {
        assert_int_equal(redis_world_play(&world, requests[i], STAGE_CLAIM), OUTCOME_OK);
        redis_world_drop(&world, requests[i]);
    }
}

static void gives_up_a_redis_that_does_not_answer(void **state)
{
    (void)state;
    assert_true(redis_server_start(&server, NULL));
    redis_world_open(&world);
    struct request *rq = redis_world_request(&world, 1, "frozen", body);
    kill(server.pid, SIGSTOP);
    assert_int_equal(redis_world_play(&world, rq, STAGE_CLAIM), OUTCOME_PACED);
    assert_non_null(strstr(redis_trouble(world.redis), "has not answered for 5 s"));
    kill(server.pid, SIGCONT);
    redis_world_until(&world, redis_world_is_up, &world);
    assert_int_equal(redis_world_play(&world, rq, STAGE_CLAIM), OUTCOME_OK); /* it is its own */
    redis_world_drop(&world, rq);
}

static void posts_what_is_open_when_it_is_destroyed(void **state)
{
    (void)state;
    assert_true(redis_server_start(&server, NULL));
    redis_world_open(&world);
    struct request *rq = redis_world_request(&world, 1, "end", body);
    kill(server.pid, SIGSTOP);
    redis_world_start(&world, rq, STAGE_CLAIM);
    redis_destroy(world.redis);
    world.redis = NULL;
    assert_int_equal(rq->run, RUN_POSTED);
    assert_int_equal(rq->outcome, OUTCOME_PACED);
    redis_world_drop(&world, rq);
}

static void ends_at_any_moment_of_connecting(void **state)
{
    (void)state;
    assert_true(redis_server_start(&server, NULL));
    snprintf(world.url, sizeof world.url, "redis://localhost:%d", server.port);
    for (int turns = 0; turns < 12; turns++) {
        redis_world_create(&world);
        for (int i = 0; i < turns; i++)
            uv_run(&world.loop, UV_RUN_ONCE);
        redis_destroy(world.redis);
        world.redis = NULL;
        uv_run(&world.loop, UV_RUN_DEFAULT);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_all, close_all)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_addresses),
        TEST(connects_by_name_into_a_database),
        TEST(connects_over_a_socket),
        TEST(names_a_host_that_does_not_exist),
        TEST(waits_for_a_redis_that_is_not_there_yet),
        TEST(logs_in_as_a_user_of_the_acl),
        TEST(reads_the_password_again_when_it_has_changed),
        TEST(names_a_missing_password_and_a_missing_file),
        TEST(never_shows_a_password_that_redis_repeats),
        TEST(loses_nothing_when_redis_dies),
        TEST(gives_up_a_redis_that_does_not_answer),
        TEST(posts_what_is_open_when_it_is_destroyed),
        TEST(ends_at_any_moment_of_connecting),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
