#include "tests/io/http_client.h"
#include "tests/io/http_server.h"
#include "worker/core/width.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
// cmocka needs the headers above first.
#include <cmocka.h>

/* What a server does to each request, one row each. */
enum deed {
    ANSWERS,
    STALLS,
    CLOSES,
    RESETS,
    STATUS_ONLY,
    CUT_201,
    CUT_400,
    BAD_CHUNK,
    GARBAGE,
    HUGE_201,
    HUGE_400,
};

static void say_huge(const struct http_seen *seen, int status)
{
    char *body = test_malloc(HTTP_BODY_MAX + 2);
    memset(body, 'x', HTTP_BODY_MAX + 1);
    body[HTTP_BODY_MAX + 1] = '\0';
    http_answer_with(seen, status, "", body);
    test_free(body);
}

static bool do_deed(void *context, const struct http_seen *seen)
{
    switch (*(enum deed *)context) {
    case ANSWERS:
        http_answer_with(seen, 201, "", "{\"id\":\"1\"}");
        return true;
    case STALLS:
        http_sleep(seen, 5000);
        return false;
    case CLOSES:
        return false;
    case RESETS:
        http_reset(seen);
        return false;
    case STATUS_ONLY:
        http_say(seen, "HTTP/1.1 201 Created\r\nContent-");
        return false;
    case CUT_201:
        http_say(seen, "HTTP/1.1 201 x\r\nContent-Length: 100\r\n\r\n{\"id\":");
        return false;
    case CUT_400:
        http_say(seen, "HTTP/1.1 400 x\r\nContent-Length: 100\r\n\r\n{\"error\":");
        return false;
    case BAD_CHUNK:
        http_say(seen,
                 "HTTP/1.1 400 x\r\nTransfer-Encoding: chunked\r\n\r\n7\r\n{\"a\":1}\r\nzz\r\n");
        return false;
    case GARBAGE:
        http_say(seen, "220 smtp.example ESMTP\r\n\r\n");
        return false;
    case HUGE_201:
        say_huge(seen, 201);
        return true;
    case HUGE_400:
        say_huge(seen, 400);
        return true;
    }
    return false;
}

static void test_how_far_a_call_came(void **state)
{
    (void)state;
    static const struct {
        enum deed deed;
        enum http_reach reach;
        int status;
        bool timed_out, has_body;
    } rows[] = {
        {ANSWERS, HTTP_ANSWERED, 201, false, true},  {STALLS, HTTP_LOST, 0, true, false},
        {CLOSES, HTTP_LOST, 0, false, false},        {RESETS, HTTP_LOST, 0, false, false},
        {STATUS_ONLY, HTTP_LOST, 201, false, false}, {CUT_201, HTTP_LOST, 201, false, false},
        {CUT_400, HTTP_LOST, 400, false, false},     {BAD_CHUNK, HTTP_LOST, 400, false, false},
        {GARBAGE, HTTP_LOST, 0, false, false},       {HUGE_201, HTTP_ANSWERED, 201, false, false},
        {HUGE_400, HTTP_LOST, 400, false, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        for (int real = 0; real < 2; real++) {
            enum deed deed = rows[i].deed;
            struct http_server *server = http_server_start(do_deed, &deed);
            struct client client;
            struct call call;
            client_init(&client, "http://127.0.0.1", http_server_port(server));
            client.settings.graph.timeout_ms = 300;
            client_open(&client, false);
            call_make(&call, &client, real == 1);
            if (call.reach != rows[i].reach || call.status != rows[i].status ||
                call.timed_out != rows[i].timed_out || (call.body[0] != '\0') != rows[i].has_body ||
                (call.error[0] == '\0') != rows[i].has_body)
                fail_msg("deed %d, real %d: reach %d, status %d, body \"%s\", error \"%s\"",
                         (int)deed, real, (int)call.reach, call.status, call.body, call.error);
            client_close(&client);
            assert_int_equal(call.answered, 1);
            assert_int_equal(call.asked, real);
            assert_int_equal(http_server_requests(server), 1);
            http_server_stop(server);
        }
}

static void test_not_sent(void **state)
{
    (void)state;
    enum deed deed = ANSWERS;
    struct http_server *server = http_server_start(do_deed, &deed);
    struct client client;
    struct call call;
    client_init(&client, "http://127.0.0.1", http_server_port(server));
    client_open(&client, false);
    http_server_stop(server); /* nobody listens there now */
    call_make(&call, &client, true);
    assert_int_equal(call.reach, HTTP_NOT_SENT);
    assert_int_equal(call.asked, 0);
    assert_int_not_equal(call.error[0], '\0');
    client_close(&client);

    /* TLS that the other side does not speak: the bearer is not sent. */
    server = http_server_start(do_deed, &deed);
    client_init(&client, "https://127.0.0.1", http_server_port(server));
    client_open(&client, false);
    client.settings.graph.timeout_ms = 1000;
    call_make(&call, &client, true);
    assert_int_equal(call.reach, HTTP_NOT_SENT);
    assert_int_equal(http_server_requests(server), 0);
    client_close(&client);
    http_server_stop(server);
}

static void test_refused_at_the_last_moment(void **state)
{
    (void)state;
    enum deed deed = ANSWERS;
    struct http_server *server = http_server_start(do_deed, &deed);
    struct client client;
    struct call call;
    client_init(&client, "http://127.0.0.1", http_server_port(server));
    client_open(&client, false);
    for (int i = 0; i < 3; i++) { /* on a new and on a kept connection */
        unsigned answers = client.answers + 1, requests = http_server_requests(server);
        call_start(&call, &client, true);
        call.may_send = false;
        client_wait(&client, answers);
        assert_int_equal(call.reach, HTTP_REFUSED);
        assert_int_equal(call.asked, 1);
        assert_int_equal(http_server_requests(server), requests);
        call_make(&call, &client, true);
        assert_int_equal(call.reach, HTTP_ANSWERED);
    }
    client_close(&client);
    http_server_stop(server);
}

struct heard {
    pthread_mutex_t lock;
    char head[4096], body[256];
};

#define DIAGNOSTIC "{\"ServerInfo\":{\"DataCenter\":\"West Europe\",\"RoleInstance\":\"AM1\"}}"

static bool hear(void *context, const struct http_seen *seen)
{
    struct heard *heard = context;
    pthread_mutex_lock(&heard->lock);
    snprintf(heard->head, sizeof heard->head, "%s", seen->head);
    snprintf(heard->body, sizeof heard->body, "%s", seen->body);
    pthread_mutex_unlock(&heard->lock);
    http_answer_with(seen, 429,
                     "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nRetry-After: 2.5\r\n"
                     "x-ms-ags-diagnostic: " DIAGNOSTIC "\r\n"
                     "Retry-After: Sun, 06 Nov 1994 08:49:44 GMT\r\n"
                     "x-ms-throttle-limit-percentage: 1.25\r\n"
                     "x-ms-throttle-scope: Tenant_Application/Write/a/b\r\n",
                     "{}");
    return true;
}

static void test_what_is_sent_and_read(void **state)
{
    (void)state;
    struct heard heard = {.lock = PTHREAD_MUTEX_INITIALIZER};
    struct http_server *server = http_server_start(hear, &heard);
    struct client client;
    struct call call, again, third;
    char line[128];
    client_init(&client, "http://127.0.0.1", http_server_port(server));
    client.settings.graph.token = "secret-token";
    client_open(&client, true);
    call_make(&call, &client, true);
    assert_non_null(strstr(heard.head, "POST /beta/requests HTTP/1.1\r\n"));
    assert_non_null(strstr(heard.head, "\r\nAuthorization: Bearer secret-token\r\n"));
    assert_non_null(strstr(heard.head, "\r\nContent-Type: application/json\r\n"));
    assert_non_null(strstr(heard.head, "\r\ntraceparent: 00-1-2-01\r\ntracestate: k=v\r\n"));
    assert_non_null(strstr(heard.head, "\r\nUser-Agent: usher/"));
    assert_null(strstr(heard.head, "Expect"));
    snprintf(line, sizeof line, "\r\nclient-request-id: %s\r\n", call.rq.graph.client_request_id);
    assert_non_null(strstr(heard.head, line));
    assert_string_equal(heard.body, "{\"a\":1}");
    assert_int_equal(call.status, 429);
    assert_string_equal(call.request_id, "r-0");
    assert_string_equal(call.diagnostic, DIAGNOSTIC);
    assert_int_equal(call.retry_after_ms, 7000); /* the longer one, by the server's clock */
    assert_int_equal(call.used_permille, 1250);
    assert_int_equal(call.scope, GATE_WRITES);
    call_get(&again, &client, "/list?$filter=a%20eq%20'b'");
    client_wait(&client, 2);
    assert_non_null(strstr(heard.head, "GET /beta/list?$filter=a%20eq%20'b' HTTP/1.1\r\n"));
    assert_null(strstr(heard.head, "Content-"));
    assert_null(strstr(heard.head, "trace"));
    assert_string_equal(heard.body, "");
    call_post_to_v1(&third, &client); /* its root is beside beta's */
    client_wait(&client, 3);
    assert_non_null(strstr(heard.head, "POST /v1.0/requests HTTP/1.1\r\n"));
    assert_string_equal(heard.body, "{\"a\":1}");
    assert_string_not_equal(call.rq.graph.client_request_id, again.rq.graph.client_request_id);
    client_close(&client);
    http_server_stop(server);
}

static bool redirect(void *context, const struct http_seen *seen)
{
    /* Graph sends a Location with refusals too: to a host of its own, of no concern to anybody. */
    static const int statuses[] = {301, 302, 303, 307, 308, 400, 404};
    char headers[128];
    snprintf(headers, sizeof headers, "Location: http://127.0.0.1:%u/stolen\r\n",
             *(unsigned *)context);
    http_answer_with(seen, statuses[seen->in_all % 7], headers, "");
    return true;
}

static void test_redirects_are_not_followed(void **state)
{
    (void)state;
    enum deed deed = ANSWERS;
    struct http_server *thief = http_server_start(do_deed, &deed);
    unsigned thief_port = http_server_port(thief);
    struct http_server *server = http_server_start(redirect, &thief_port);
    struct client client;
    struct call call;
    client_init(&client, "http://127.0.0.1", http_server_port(server));
    client.settings.graph.token = "secret-token";
    client_open(&client, true);
    for (int i = 0; i < 14; i++) {
        call_make(&call, &client, i % 2 == 0);
        assert_int_equal(call.reach, HTTP_ANSWERED);
        assert_true(call.status / 100 == 3 || call.status / 100 == 4);
    }
    assert_int_equal(http_server_connections(thief), 0);
    client_close(&client);
    http_server_stop(server);
    http_server_stop(thief);
}

static bool busy_first(void *context, const struct http_seen *seen)
{
    (void)context;
    http_answer_with(seen, seen->in_all == 1 ? 503 : 201, "", "{}");
    return true;
}

static void test_new_connection_after_503(void **state)
{
    (void)state;
    struct http_server *server = http_server_start(busy_first, NULL);
    struct client client;
    struct call call;
    client_init(&client, "http://127.0.0.1", http_server_port(server));
    client_open(&client, false);
    static const unsigned connections[] = {1, 1, 2, 2};
    for (size_t i = 0; i < 4; i++) {
        call_make(&call, &client, false);
        assert_int_equal(http_server_connections(server), connections[i]);
    }
    client_close(&client);
    http_server_stop(server);
}

struct crowd {
    pthread_mutex_t lock;
    unsigned now, most;
    int ms;
};

static bool be_slow(void *context, const struct http_seen *seen)
{
    struct crowd *crowd = context;
    pthread_mutex_lock(&crowd->lock);
    crowd->now++;
    crowd->most = crowd->now > crowd->most ? crowd->now : crowd->most;
    pthread_mutex_unlock(&crowd->lock);
    http_sleep(seen, crowd->ms);
    pthread_mutex_lock(&crowd->lock);
    crowd->now--;
    pthread_mutex_unlock(&crowd->lock);
    http_answer_with(seen, 201, "", "{}");
    return true;
}

enum { CROWD = 400 };

static void check_crowd(int ms, int in_flight, unsigned least, unsigned most)
{
    static struct call calls[CROWD];
    struct crowd crowd = {.lock = PTHREAD_MUTEX_INITIALIZER, .ms = ms};
    struct http_server *server = http_server_start(be_slow, &crowd);
    struct client client;
    client_init(&client, "http://127.0.0.1", http_server_port(server));
    client.settings.graph.in_flight = in_flight;
    client.settings.graph.timeout_ms = 20000;
    client_open(&client, false);
    assert_true(http_has_room(client.http));
    for (size_t i = 0; i < CROWD; i++)
        call_start(&calls[i], &client, i % 2 == 0);
    assert_false(http_has_room(client.http));
    assert_int_equal(http_load(client.http).active + http_load(client.http).waiting, CROWD);
    client_wait(&client, CROWD);
    for (size_t i = 0; i < CROWD; i++)
        assert_true(calls[i].answered == 1 && calls[i].status == 201);
    if (crowd.most < least || crowd.most > most)
        fail_msg("%d ms, in_flight %d: %u at once", ms, in_flight, crowd.most);
    assert_true(http_has_room(client.http));
    assert_int_equal(call_stats_sum(http_stats(client.http), NULL,
                                    call_ending(201, CALL_ERROR_NONE)),
                     CROWD);
    client_close(&client);
    http_server_stop(server);
}

static void test_how_many_run_at_once(void **state)
{
    (void)state;
    check_crowd(0, 64, 1, WIDTH_START); /* fast: more connections would gain nothing */
    check_crowd(50, 64, 40, 64);        /* slow: up to the limit, and not over it */
    check_crowd(10, 8, 8, 8);
}

static void test_destroy_answers_all(void **state)
{
    (void)state;
    static struct call calls[100];
    enum deed deed = STALLS;
    struct http_server *server = http_server_start(do_deed, &deed);
    struct client client;
    client_init(&client, "http://127.0.0.1", http_server_port(server));
    client_open(&client, false);
    for (size_t i = 0; i < 100; i++)
        call_start(&calls[i], &client, true);
    while (http_server_requests(server) < WIDTH_START)
        uv_run(&client.loop, UV_RUN_NOWAIT);
    client_close(&client);
    for (size_t i = 0; i < 100; i++) {
        assert_int_equal(calls[i].answered, 1);
        assert_int_equal(calls[i].reach, i < WIDTH_START ? HTTP_LOST : HTTP_NOT_SENT);
    }
    http_server_stop(server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_how_far_a_call_came),
        cmocka_unit_test(test_not_sent),
        cmocka_unit_test(test_refused_at_the_last_moment),
        cmocka_unit_test(test_what_is_sent_and_read),
        cmocka_unit_test(test_redirects_are_not_followed),
        cmocka_unit_test(test_new_connection_after_503),
        cmocka_unit_test(test_how_many_run_at_once),
        cmocka_unit_test(test_destroy_answers_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
