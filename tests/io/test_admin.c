/* The admin listener: a client in a thread of its own asks, the loop answers. */
#include "tests/io/metrics_settings.h"
#include "tests/io/promtool.h"

#include "worker/core/json_read.h"
#include "worker/io/admin.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cmocka.h>

static struct stats stats;
static struct call_stats calls;
static struct loop_lag loop;
static size_t at_stage[STAGE_COUNT];
static bool is_live, is_redis_up;

static bool live(void *context)
{
    (void)context;
    return is_live;
}

static size_t checks(void *context, struct admin_check ret[ADMIN_CHECKS_MAX])
{
    (void)context;
    ret[0] = (struct admin_check){"kafka", true, ""};
    ret[1] = (struct admin_check){"redis", is_redis_up, is_redis_up ? "" : "connection refused"};
    ret[2] = (struct admin_check){"graph token", true, ""};
    return 3;
}

static void metrics(void *context, struct metrics_view *ret)
{
    (void)context;
    static const char *const warnings[] = {"graph.dry_run is off"};
    static struct tenant_view only = {.name = "", .settings = &metrics_settings, .calls = &calls};
    only.answers = (const uint64_t(*)[2][REQUEST_TYPE_COUNT])stats.answers;
    *ret = (struct metrics_view){
        .stats = &stats,
        .at_stage = at_stage,
        .tenants = &only,
        .tenant_count = 1,
        .kafka = {.settings = &metrics_settings, .lag = 5},
        .loop = &loop,
    };
    ret->warnings = warnings;
    ret->warning_count = 1;
    ret->version = ret->revision = "0.1.0";
    ret->librdkafka = ret->curl = ret->openssl = ret->hiredis = ret->libuv = "a";
}

static const struct admin_view view = {.live = live, .checks = checks, .metrics = metrics};

static struct world {
    uv_loop_t loop;
    struct admin *admin;
} world;

static int start(void **state)
{
    (void)state;
    struct error error = {0};
    stats = (struct stats){0};
    stats.answers[ANSWER_SUBMITTED][true][REQUEST_TYPE_ADMIN_ADD] = 2;
    at_stage[STAGE_LOOK] = 6;
    call_stats_add(&calls, CALL_SUBMIT_ASSIGNMENT, call_ending(201, CALL_ERROR_NONE), 30);
    is_live = is_redis_up = true;
    uv_loop_init(&world.loop);
    world.admin = admin_create(&world.loop, "127.0.0.1:0", &view, &error);
    if (world.admin == NULL)
        printf("%s\n", error.text);
    return world.admin == NULL;
}

static int stop(void **state)
{
    (void)state;
    admin_destroy(world.admin);
    uv_run(&world.loop, UV_RUN_DEFAULT);
    return uv_loop_close(&world.loop);
}

enum { ANSWER_SIZE = 1 << 20, CLIENT_TIMEOUT_S = 20 };

struct client {
    const char *request;
    char *answer;
    uv_thread_t thread;
    atomic_bool is_done;
};

static int dial(int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    struct timeval limit = {.tv_sec = CLIENT_TIMEOUT_S};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

/* Sends the request and reads until the server closes. */
static void run_client(void *context)
{
    struct client *client = context;
    int fd = dial(admin_port(world.admin));
    size_t size = 0;
    if (fd >= 0 && send(fd, client->request, strlen(client->request), MSG_NOSIGNAL) > 0) {
        ssize_t got;
        while ((got = recv(fd, client->answer + size, ANSWER_SIZE - 1 - size, 0)) > 0)
            size += (size_t)got;
    }
    if (fd >= 0)
        close(fd);
    client->answer[size] = '\0';
    atomic_store(&client->is_done, true);
}

/* The whole answer, head and body; the caller frees it. */
static char *ask_raw(const char *request)
{
    struct client client = {.request = request, .answer = malloc(ANSWER_SIZE)};
    assert_non_null(client.answer);
    assert_int_equal(uv_thread_create(&client.thread, run_client, &client), 0);
    while (!atomic_load(&client.is_done)) {
        uv_run(&world.loop, UV_RUN_NOWAIT);
        usleep(500);
    }
    uv_thread_join(&client.thread);
    return client.answer;
}

static char *ask(const char *method, const char *path)
{
    char request[512];
    snprintf(request, sizeof request, "%s %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
             method, path);
    return ask_raw(request);
}

static unsigned status_of(const char *answer)
{
    static const char start[] = "HTTP/1.1 ";
    if (strncmp(answer, start, sizeof start - 1) != 0)
        return 0;
    return (unsigned)strtoul(answer + sizeof start - 1, NULL, 10);
}

static const char *body_of(const char *answer)
{
    const char *end = strstr(answer, "\r\n\r\n");
    return end != NULL ? end + 4 : "";
}

struct row {
    const char *method, *path;
    bool redis_up, live;
    unsigned status;
    const char *body; /* how it starts */
};

static const struct row rows[] = {
    {"GET", "/livez", true, true, 200, "ok\n"},
    {"GET", "/livez", true, false, 503, "[-]loop failed: it stood still"},
    {"GET", "/livez?verbose", true, true, 200, "[+]loop ok\nlivez check passed\n"},
    {"GET", "/healthz", false, true, 200, "ok\n"},
    {"GET", "/readyz", true, true, 200, "ok\n"},
    {"GET", "/readyz", false, true, 503,
     "[-]redis failed: connection refused\nreadyz check failed\n"},
    {"GET", "/readyz?verbose", true, true, 200,
     "[+]kafka ok\n[+]redis ok\n[+]graph token ok\nreadyz check passed\n"},
    {"GET", "/readyz?verbose=1", false, true, 503,
     "[+]kafka ok\n[-]redis failed: connection refused\n[+]graph token ok\nreadyz check failed\n"},
    {"HEAD", "/livez", true, true, 200, ""},
    {"GET", "/metrics", true, true, 200, "# HELP usher_requests_total"},
    {"GET", "/status", true, true, 200, "{\"version\":\"0.1.0\""},
    {"GET", "/nothing", true, true, 404, "not found"},
    {"GET", "/../livez", true, true, 404, "not found"},
    {"POST", "/livez", true, true, 405, "only GET and HEAD"},
    {"DELETE", "/status", true, true, 405, "only GET and HEAD"},
};

static void test_pages(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct row *row = &rows[i];
        is_redis_up = row->redis_up;
        is_live = row->live;
        char *answer = ask(row->method, row->path);
        const char *body = body_of(answer);
        if (status_of(answer) != row->status || strncmp(body, row->body, strlen(row->body)) != 0 ||
            (row->body[0] == '\0' && body[0] != '\0'))
            fail_msg("row %zu: %s %s: %s", i, row->method, row->path, answer);
        free(answer);
    }
}

static void test_heads(void **state)
{
    (void)state;
    char *answer = ask("GET", "/metrics");
    assert_non_null(strstr(answer, "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"));
    free(answer);
    answer = ask("GET", "/status");
    assert_non_null(strstr(answer, "Content-Type: application/json\r\n"));
    free(answer);
    answer = ask("PUT", "/status");
    assert_non_null(strstr(answer, "Allow: GET, HEAD\r\n"));
    free(answer);
}

static void test_status_is_json(void **state)
{
    (void)state;
    is_redis_up = false;
    char *answer = ask("GET", "/status");
    struct json_fault fault;
    cJSON *tree = json_read(str_of(body_of(answer)), &fault);
    if (tree == NULL)
        fail_msg("%s: %s", fault.message, answer);
    free(answer);
    const cJSON *in_flight = cJSON_GetObjectItemCaseSensitive(tree, "inFlight");
    assert_int_equal(cJSON_GetObjectItemCaseSensitive(in_flight, "look")->valueint, 6);
    const cJSON *outcomes = cJSON_GetObjectItemCaseSensitive(tree, "outcomes");
    assert_int_equal(cJSON_GetObjectItemCaseSensitive(outcomes, "submitted")->valueint, 2);
    assert_int_equal(cJSON_GetObjectItemCaseSensitive(tree, "duplicates")->valueint, 2);
    assert_int_equal(cJSON_GetObjectItemCaseSensitive(tree, "lag")->valueint, 5);
    assert_true(cJSON_IsFalse(cJSON_GetObjectItemCaseSensitive(tree, "ready")));
    const cJSON *warnings = cJSON_GetObjectItemCaseSensitive(tree, "warnings");
    assert_string_equal(cJSON_GetArrayItem(warnings, 0)->valuestring, "graph.dry_run is off");
    cJSON_Delete(tree);
}

static void test_promtool_on_a_scrape(void **state)
{
    (void)state;
    char *answer = ask("GET", "/metrics");
    bool accepted = promtool_accepts(body_of(answer));
    free(answer);
    assert_true(accepted);
}

/* A connection lives on: three requests, three answers. */
static void test_keep_alive(void **state)
{
    (void)state;
    char *answer = ask_raw("GET /livez HTTP/1.1\r\nHost: x\r\n\r\n"
                           "GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n"
                           "GET /nothing HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    const char *second = strstr(answer + 1, "HTTP/1.1 200");
    assert_int_equal(status_of(answer), 200);
    assert_non_null(second);
    assert_non_null(strstr(second, "HTTP/1.1 404"));
    free(answer);
}

static void test_body_is_ignored(void **state)
{
    (void)state;
    char *answer = ask_raw("GET /livez HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n"
                           "Connection: close\r\n\r\nhello");
    assert_int_equal(status_of(answer), 200);
    free(answer);
}

static void test_bad_requests(void **state)
{
    (void)state;
    char *large = malloc(100000);
    assert_non_null(large);
    memset(large, 'x', 99999);
    memcpy(large, "GET /livez HTTP/1.1\r\nA: ", 24);
    large[99999] = '\0';
    const char *const requests[] = {large, "\x16\x03\x01 nonsense\r\n\r\n", "GET\r\n\r\n"};
    for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
        char *answer = ask_raw(requests[i]);
        if (status_of(answer) == 200)
            fail_msg("row %zu: %s", i, answer);
        free(answer);
    }
    free(large);
    char *answer = ask("GET", "/livez");
    assert_int_equal(status_of(answer), 200);
    free(answer);
}

/* Connections that say nothing take all places; when they leave, the next one is served. */
static void test_crowd(void **state)
{
    (void)state;
    int crowd[ADMIN_CONNECTIONS_MAX + 10];
    size_t count = sizeof crowd / sizeof *crowd;
    for (size_t i = 0; i < count; i++) {
        crowd[i] = dial(admin_port(world.admin));
        assert_true(crowd[i] >= 0);
        uv_run(&world.loop, UV_RUN_NOWAIT);
    }
    for (size_t i = 0; i < count; i++)
        close(crowd[i]);
    char *answer = ask("GET", "/livez");
    assert_int_equal(status_of(answer), 200);
    free(answer);
}

/* ---- where it listens -------------------------------------------------------------------- */

static void test_bad_addresses(void **state)
{
    (void)state;
    static const char *const addresses[] = {
        "9464",
        ":9464",
        "localhost",
        "localhost:",
        "localhost:http",
        "::1:9464",
        "[::1]",
        "127.0.0.1:99999999",
        "no.such.host.invalid:1",
        "192.0.2.1:9464",
    };
    for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++) {
        struct error error = {0};
        struct admin *admin = admin_create(&world.loop, addresses[i], &view, &error);
        if (admin != NULL || strncmp(error.text, "admin.listen: ", 14) != 0)
            fail_msg("%s: \"%s\"", addresses[i], error.text);
    }
}

static void test_port_in_use(void **state)
{
    (void)state;
    struct error error = {0};
    char address[64];
    snprintf(address, sizeof address, "127.0.0.1:%d", admin_port(world.admin));
    assert_null(admin_create(&world.loop, address, &view, &error));
    assert_non_null(strstr(error.text, address));
    assert_non_null(strstr(error.text, "in use"));
}

static void test_off(void **state)
{
    (void)state;
    struct error error = {0};
    struct admin *admin = admin_create(&world.loop, "", &view, &error);
    assert_non_null(admin);
    assert_int_equal(admin_port(admin), 0);
    admin_destroy(admin);
    admin_destroy(NULL);
}

static void test_other_addresses(void **state)
{
    (void)state;
    static const char *const addresses[] = {"localhost:0", "0.0.0.0:0", "[::1]:0"};
    for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++) {
        struct error error = {0};
        struct admin *admin = admin_create(&world.loop, addresses[i], &view, &error);
        if (admin == NULL && addresses[i][0] == '[')
            continue; /* a machine without IPv6 */
        if (admin == NULL)
            fail_msg("%s", error.text);
        assert_in_range(admin_port(admin), 1, 65535);
        admin_destroy(admin);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_pages, start, stop),
        cmocka_unit_test_setup_teardown(test_heads, start, stop),
        cmocka_unit_test_setup_teardown(test_status_is_json, start, stop),
        cmocka_unit_test_setup_teardown(test_promtool_on_a_scrape, start, stop),
        cmocka_unit_test_setup_teardown(test_keep_alive, start, stop),
        cmocka_unit_test_setup_teardown(test_body_is_ignored, start, stop),
        cmocka_unit_test_setup_teardown(test_bad_requests, start, stop),
        cmocka_unit_test_setup_teardown(test_crowd, start, stop),
        cmocka_unit_test_setup_teardown(test_bad_addresses, start, stop),
        cmocka_unit_test_setup_teardown(test_port_in_use, start, stop),
        cmocka_unit_test_setup_teardown(test_off, start, stop),
        cmocka_unit_test_setup_teardown(test_other_addresses, start, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
