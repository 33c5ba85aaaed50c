#include "tests/io/http_client.h"
#include "tests/io/http_server.h"

#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
// cmocka needs the headers above first.
#include <cmocka.h>

#define REFUSAL "{\"error\":{\"code\":\"InvalidAuthenticationToken\",\"message\":\"no\"}}"

/* Entra and Graph in one: tokens are called t1, t2 …, and Graph takes what `good` says. */
struct server {
    pthread_mutex_t lock;
    struct http_server *server;
    unsigned fetches, calls, refused_calls;
    int status;         /* of the token endpoint; 0: a token */
    const char *answer; /* of the token endpoint, where `status` */
    int life_s;
    int latency_ms;     /* of the token endpoint */
    unsigned good_from; /* Graph refuses t<n> below this */
    char form[1024], path[256];
};

static bool give_token(struct server *cloud, const struct http_seen *seen)
{
    char text[256];
    http_sleep(seen, cloud->latency_ms);
    pthread_mutex_lock(&cloud->lock);
    unsigned number = ++cloud->fetches;
    snprintf(cloud->form, sizeof cloud->form, "%s", seen->body);
    snprintf(cloud->path, sizeof cloud->path, "%.*s", (int)strcspn(seen->head, "\r"), seen->head);
    int status = cloud->status;
    const char *answer = cloud->answer;
    snprintf(text, sizeof text,
             "{\"token_type\":\"Bearer\",\"expires_in\":%d,\"access_token\":\"t%u\"}",
             cloud->life_s, number);
    pthread_mutex_unlock(&cloud->lock);
    http_answer_with(seen, status != 0 ? status : 200, "", status != 0 ? answer : text);
    return true;
}

static bool serve(void *context, const struct http_seen *seen)
{
    struct server *cloud = context;
    char bearer[64];
    if (strstr(seen->head, "/oauth2/") != NULL)
        return give_token(cloud, seen);
    http_header_of(seen, "Authorization", bearer, sizeof bearer);
    unsigned number =
        strncmp(bearer, "Bearer t", 8) == 0 ? (unsigned)strtoul(bearer + 8, NULL, 10) : 0;
    pthread_mutex_lock(&cloud->lock);
    bool good = number >= cloud->good_from && number > 0;
    cloud->calls++;
    cloud->refused_calls += !good;
    pthread_mutex_unlock(&cloud->lock);
    http_answer_with(seen, good ? 201 : 401, "", good ? "{}" : REFUSAL);
    return true;
}

static void open_cloud(struct server *cloud, struct client *client)
{
    static char authority[64];
    *cloud = (struct server){.lock = PTHREAD_MUTEX_INITIALIZER, .life_s = 3599};
    cloud->server = http_server_start(serve, cloud);
    client_init(client, "http://127.0.0.1", http_server_port(cloud->server));
    snprintf(authority, sizeof authority, "http://127.0.0.1:%u", http_server_port(cloud->server));
    client->settings.graph.auth = AUTH_CLIENT_SECRET;
    client->settings.graph.authority_host = authority;
    client->settings.graph.tenant_id = "ten/ant";
    client->settings.graph.client_id = "id";
    client->settings.graph.client_secret = "s&c=r t\303\266";
}

static void close_cloud(struct server *cloud, struct client *client)
{
    client_close(client);
    http_server_stop(cloud->server);
}

static void turn_for(struct client *client, int ms)
{
    uint64_t end_ms = uv_hrtime() / 1000000 + (uint64_t)ms;
    while (uv_hrtime() / 1000000 < end_ms) {
        uv_run(&client->loop, UV_RUN_NOWAIT);
        usleep(1000);
    }
}

static void test_one_fetch_for_all(void **state)
{
    (void)state;
    static struct call calls[50];
    struct server cloud;
    struct client client;
    char scope[256];
    open_cloud(&cloud, &client);
    cloud.latency_ms = 100;
    client_open(&client, true);
    assert_false(token_is_ready(client.token));
    assert_string_not_equal(token_trouble(client.token), "");
    for (size_t i = 0; i < 50; i++)
        call_start(&calls[i], &client, true);
    assert_int_equal(http_load(client.http).waiting, 50);
    client_wait(&client, 50);
    for (size_t i = 0; i < 50; i++)
        assert_int_equal(calls[i].status, 201);
    assert_int_equal(cloud.fetches, 1);
    assert_true(token_is_ready(client.token));
    assert_string_equal(token_trouble(client.token), "");
    assert_true(token_expires_at(client.token) > 0);
    assert_string_equal(cloud.path, "POST /ten%2Fant/oauth2/v2.0/token HTTP/1.1");
    snprintf(scope, sizeof scope,
             "grant_type=client_credentials&client_id=id&scope=http%%3A%%2F%%2F127.0.0.1%%3A%u%%2F"
             ".default&client_secret=s%%26c%%3Dr%%20t%%C3%%B6",
             http_server_port(cloud.server));
    assert_string_equal(cloud.form, scope);
    assert_int_equal(call_stats_sum(http_stats(client.http), NULL,
                                    call_ending(200, CALL_ERROR_NONE)),
                     1);
    close_cloud(&cloud, &client);
}

static void test_renewed_early(void **state)
{
    (void)state;
    struct server cloud;
    struct client client;
    struct call call;
    open_cloud(&cloud, &client);
    cloud.life_s = 1; /* so at half of it */
    client_open(&client, true);
    call_make(&call, &client, false);
    turn_for(&client, 750);
    assert_int_equal(cloud.fetches, 2);
    /* While Entra is away the token at hand is used until it ends. */
    pthread_mutex_lock(&cloud.lock);
    cloud.status = 500;
    cloud.answer = "oh";
    pthread_mutex_unlock(&cloud.lock);
    turn_for(&client, 400);
    call_make(&call, &client, false);
    assert_int_equal(call.status, 201);
    assert_true(token_is_ready(client.token));
    turn_for(&client, 600);
    assert_false(token_is_ready(client.token));
    call_make(&call, &client, true);
    assert_int_equal(call.reach, HTTP_NOT_SENT);
    assert_non_null(strstr(call.error, "status 500"));
    assert_false(token_is_refused(client.token));
    close_cloud(&cloud, &client);
}

static void test_401_means_one_new_token(void **state)
{
    (void)state;
    static struct call calls[20];
    struct server cloud;
    struct client client;
    open_cloud(&cloud, &client);
    cloud.good_from = 2;
    client_open(&client, true);
    for (size_t i = 0; i < 20; i++)
        call_start(&calls[i], &client, i % 2 == 0);
    client_wait(&client, 20);
    for (size_t i = 0; i < 20; i++) {
        assert_int_equal(calls[i].answered, 1);
        assert_int_equal(calls[i].status, 201);
        assert_int_equal(calls[i].asked,
                         i % 2 == 0 ? 2 : 0); /* asked again before it was sent again */
    }
    assert_int_equal(cloud.fetches, 2);
    assert_int_equal(cloud.refused_calls, 20);
    assert_true(token_is_ready(client.token));
    close_cloud(&cloud, &client);
}

static void test_401_for_ever(void **state)
{
    (void)state;
    struct server cloud;
    struct client client;
    struct call call;
    open_cloud(&cloud, &client);
    cloud.good_from = 1000;
    client_open(&client, true);
    for (int i = 0; i < 10; i++) {
        call_make(&call, &client, i % 2 == 0);
        assert_int_equal(call.reach, HTTP_ANSWERED);
        assert_int_equal(call.status, 401);
        assert_string_equal(call.body, REFUSAL);
    }
    assert_int_equal(cloud.fetches, 2); /* not one for each */
    assert_false(token_is_ready(client.token));
    assert_true(token_is_refused(client.token));
    assert_non_null(strstr(token_trouble(client.token), "401"));
    pthread_mutex_lock(&cloud.lock);
    cloud.good_from = 1;
    pthread_mutex_unlock(&cloud.lock);
    call_make(&call, &client, true);
    assert_int_equal(call.status, 201);
    assert_true(token_is_ready(client.token));
    assert_string_equal(token_trouble(client.token), "");
    close_cloud(&cloud, &client);
}

static void test_wrong_secret(void **state)
{
    (void)state;
    struct server cloud;
    struct client client;
    struct call call;
    open_cloud(&cloud, &client);
    cloud.status = 401;
    cloud.answer = "{\"error\":\"invalid_client\",\"error_description\":\"AADSTS7000215: Invalid "
                   "client secret provided.\",\"error_codes\":[7000215]}";
    client_open(&client, true);
    call_make(&call, &client, true);
    assert_int_equal(call.reach, HTTP_NOT_SENT);
    assert_non_null(strstr(call.error, "graph.client_secret: Entra refuses it"));
    assert_non_null(strstr(call.error, "AADSTS7000215"));
    assert_null(strstr(call.error, "s&c"));
    assert_true(token_is_refused(client.token));
    assert_int_equal(cloud.calls, 0);
    /* The secret is put right: the next try has it, without a restart. */
    pthread_mutex_lock(&cloud.lock);
    cloud.status = 0;
    pthread_mutex_unlock(&cloud.lock);
    call_make(&call, &client, true);
    assert_int_equal(call.status, 201);
    assert_false(token_is_refused(client.token));
    assert_string_equal(token_trouble(client.token), "");
    close_cloud(&cloud, &client);
}

static void test_endpoint_away(void **state)
{
    (void)state;
    struct server cloud;
    struct client client;
    struct call call;
    open_cloud(&cloud, &client);
    client.settings.graph.authority_host = "http://127.0.0.1:1";
    client_open(&client, true);
    call_make(&call, &client, true);
    assert_int_equal(call.reach, HTTP_NOT_SENT);
    assert_non_null(strstr(call.error, "graph.authority_host"));
    assert_false(token_is_refused(client.token));
    close_cloud(&cloud, &client);
    /* Taken down in the middle of a fetch. */
    open_cloud(&cloud, &client);
    cloud.latency_ms = 1000;
    client_open(&client, true);
    call_start(&call, &client, true);
    turn_for(&client, 50);
    close_cloud(&cloud, &client);
    assert_int_equal(call.reach, HTTP_NOT_SENT);
    assert_int_equal(call.answered, 1);
}

static void write_file(const char *path, const char *text, int64_t time_s)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    struct timespec times[2] = {{.tv_sec = time_s}, {.tv_sec = time_s}};
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static void test_token_file(void **state)
{
    (void)state;
    char path[] = "/tmp/usher-token-XXXXXX";
    struct server cloud;
    struct client client;
    struct call call;
    close(mkstemp(path));
    write_file(path, "t1\n", 1000000);
    open_cloud(&cloud, &client);
    client.settings.graph.auth = AUTH_TOKEN;
    client.settings.graph.token_file = path;
    client_open(&client, true);
    assert_true(token_is_ready(client.token));
    call_make(&call, &client, true);
    assert_int_equal(call.status, 201);
    /* A 401 reads it again at once; the same text is no other token. */
    cloud.good_from = 2;
    call_make(&call, &client, true);
    assert_int_equal(call.status, 401);
    assert_true(token_is_refused(client.token));
    write_file(path, "t2\n", 1000000);
    call_make(&call, &client, true);
    assert_int_equal(call.status, 201);
    /* Else it is read again when its time changes; a bad one leaves the good one in use. */
    turn_for(&client, 1100);
    write_file(path, "t 3\n", 1000001);
    assert_true(token_is_ready(client.token));
    assert_non_null(strstr(token_trouble(client.token), "graph.token_file"));
    turn_for(&client, 1100);
    write_file(path, "t4", 1000002);
    cloud.good_from = 4;
    call_make(&call, &client, true);
    assert_int_equal(call.status, 201);
    assert_int_equal(call.asked, 1);
    assert_string_equal(token_trouble(client.token), "");
    assert_int_equal(cloud.fetches, 0);
    close_cloud(&cloud, &client);
    unlink(path);
}

static void test_bad_settings(void **state)
{
    (void)state;
    static const struct {
        const char *token, *file, *expected;
    } rows[] = {
        {"", "", "graph.token"},
        {"two words", "", "graph.token"},
        {"line\nfeed", "", "graph.token"},
        {"", "/nonexistent/token", "graph.token_file"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct client client;
        struct error error = {0};
        client_init(&client, "http://127.0.0.1", 1);
        client.settings.graph.token = rows[i].token;
        client.settings.graph.token_file = rows[i].file;
        assert_null(token_create(&client.loop, &client.settings, &error));
        if (strstr(error.text, rows[i].expected) == NULL)
            fail_msg("row %zu: %s", i, error.text);
        uv_run(&client.loop, UV_RUN_DEFAULT);
        assert_int_equal(uv_loop_close(&client.loop), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_fetch_for_all),
        cmocka_unit_test(test_renewed_early),
        cmocka_unit_test(test_401_means_one_new_token),
        cmocka_unit_test(test_401_for_ever),
        cmocka_unit_test(test_wrong_secret),
        cmocka_unit_test(test_endpoint_away),
        cmocka_unit_test(test_token_file),
        cmocka_unit_test(test_bad_settings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
