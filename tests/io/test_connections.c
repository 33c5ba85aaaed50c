/* Connections to Graph: which version of HTTP, shared by how many calls, how old they may grow,
 * over which address; and that looking a name up never stops the loop. */
#include "tests/io/certificates.h"
#include "tests/io/http_client.h"
#include "tests/io/http_server.h"
#include "tests/io/script_server.h"
#include "worker/io/http_options.h"

#include <dlfcn.h>
#include <netdb.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
// cmocka needs the headers above first.
#include <cmocka.h>

enum { SKIPPED = 77, SLOW_NAME_MS = 2000, STOOD_STILL_MS = 500 };

static char directory[] = "/tmp/usher-connections-XXXXXX";

/* libcurl's look-ups come by here: one name takes long, as with a name server that is away. */
// NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name): the library's begin with _
int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                struct addrinfo **ret)
{
    int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
    *(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
    if (node != NULL && strcmp(node, "slow.test") == 0) {
        usleep(SLOW_NAME_MS * 1000);
        return real("127.0.0.1", service, hints, ret);
    }
    if (node != NULL && strcmp(node, "both.test") == 0) { /* ::1 first, then 127.0.0.1 */
        struct addrinfo *ipv4 = NULL;
        int failed = real("::1", service, hints, ret);
        failed |= real("127.0.0.1", service, hints, &ipv4);
        if (failed == 0)
            (*ret)->ai_next = ipv4;
        return failed;
    }
    return real(node, service, hints, ret);
}

static bool answer(void *context, const struct http_seen *seen)
{
    (void)context;
    http_answer_with(seen, 201, "", "{\"id\":\"1\"}");
    return true;
}

/* ---- how long the loop stands still ---- */

struct ticker {
    uv_timer_t timer;
    uint64_t last_ms, longest_ms;
};

static void on_tick(uv_timer_t *timer)
{
    struct ticker *ticker = timer->data;
    uint64_t now_ms = uv_hrtime() / 1000000, gap_ms = now_ms - ticker->last_ms;
    ticker->longest_ms = gap_ms > ticker->longest_ms ? gap_ms : ticker->longest_ms;
    ticker->last_ms = now_ms;
}

static void ticker_start(struct ticker *ticker, uv_loop_t *loop)
{
    *ticker = (struct ticker){.last_ms = uv_hrtime() / 1000000};
    uv_timer_init(loop, &ticker->timer);
    ticker->timer.data = ticker;
    uv_timer_start(&ticker->timer, on_tick, 20, 20);
}

/* Returns the longest time that the loop stood still. */
static uint64_t ticker_stop(struct ticker *ticker)
{
    on_tick(&ticker->timer);
    uv_close((uv_handle_t *)&ticker->timer, NULL);
    return ticker->longest_ms;
}

/* ---- names and addresses ---- */

static void a_slow_name_server_stops_nothing(void **state)
{
    (void)state;
    static const struct {
        int64_t timeout_ms;
        enum http_reach reach;
    } rows[] = {
        {20000, HTTP_ANSWERED}, /* it is waited for */
        {300, HTTP_NOT_SENT},   /* the call is over before the name is known */
    };
    struct http_server *server = http_server_start(answer, NULL);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct client client;
        struct call call;
        struct ticker ticker;
        client_init(&client, "http://slow.test", http_server_port(server));
        client.settings.graph.timeout_ms = rows[i].timeout_ms;
        client_open(&client, false);
        ticker_start(&ticker, &client.loop);
        call_make(&call, &client, true);
        uint64_t longest_ms = ticker_stop(&ticker);
        uint64_t began_ms = uv_hrtime() / 1000000;
        client_close(&client);
        uint64_t closing_ms = uv_hrtime() / 1000000 - began_ms;
        if (call.reach != rows[i].reach || longest_ms > STOOD_STILL_MS ||
            closing_ms > STOOD_STILL_MS)
            fail_msg("row %zu: reach %d, the loop stood still for %llu ms, closing took %llu ms", i,
                     (int)call.reach, (unsigned long long)longest_ms,
                     (unsigned long long)closing_ms);
    }
    http_server_stop(server);
    usleep(SLOW_NAME_MS * 1000); /* the resolver's thread of the last one ends */
}

static void ipv6_and_ipv4(void **state)
{
    (void)state;
    static const struct {
        enum http_family family;
        const char *base;
    } rows[] = {{HTTP_IPV4, "http://127.0.0.1"},
                {HTTP_IPV6, "http://[::1]"},
                {HTTP_IPV4, "http://both.test"}, /* nobody listens at the first address */
                {HTTP_IPV6, "http://both.test"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct http_server *server = http_server_start_at(rows[i].family, answer, NULL);
        struct client client;
        struct call call;
        client_init(&client, rows[i].base, http_server_port(server));
        client_open(&client, false);
        call_make(&call, &client, true);
        if (call.reach != HTTP_ANSWERED)
            fail_msg("row %zu, %s: %s", i, rows[i].base, call.error);
        client_close(&client);
        http_server_stop(server);
    }
}

/* ---- age ---- */

static void an_old_connection_is_not_used_again(void **state)
{
    (void)state;
    struct http_server *server = http_server_start(answer, NULL);
    struct client client;
    struct call call;
    client_init(&client, "http://127.0.0.1", http_server_port(server));
    client.settings.graph.connection_age_ms = 1000;
    client_open(&client, false);
    for (int i = 0; i < 3; i++)
        call_make(&call, &client, false);
    assert_int_equal(http_server_connections(server), 1); /* kept */
    usleep(2100 * 1000);                                  /* curl counts in seconds */
    call_make(&call, &client, true);
    assert_int_equal(call.reach, HTTP_ANSWERED);
    assert_int_equal(http_server_connections(server), 2);
    client_close(&client);
    http_server_stop(server);
}

/* ---- versions ---- */

static void start_server(struct script_server *server, const char *ms, const char *how)
{
    char certificate[256], key[256];
    snprintf(certificate, sizeof certificate, "%s/server.pem", directory);
    snprintf(key, sizeof key, "%s/server.key", directory);
    script_server_start(server, "tests/io/http2_server.py",
                        (const char *const[]){certificate, key, ms, how, NULL});
}

static unsigned connections(struct script_server *server)
{
    char line[64];
    script_server_ask(server, line, sizeof line);
    return (unsigned)strtoul(line, NULL, 10);
}

static void init_client(struct client *client, const struct script_server *server)
{
    static char ca[256];
    snprintf(ca, sizeof ca, "%s/ca.pem", directory);
    client_init(client, "https://127.0.0.1", server->port);
    client->settings.graph.tls_ca_file = ca;
    client->settings.graph.timeout_ms = 20000;
}

enum { CROWD = 100 };

static void http2_shares_a_connection(void **state)
{
    (void)state;
    static const struct {
        enum http_version version;
        const char *protocol;
        unsigned least, most; /* connections for a crowd */
    } rows[] = {{HTTP_VERSION_AUTO, "h2", 1, 1},
                {HTTP_VERSION_2, "h2", 1, 1},
                {HTTP_VERSION_1_1, "http/1.1", 8, CROWD}};
    static struct call calls[CROWD];
    struct script_server server;
    start_server(&server, "50", NULL);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct client client;
        init_client(&client, &server);
        client.settings.graph.http = rows[i].version;
        client_open(&client, false);
        for (size_t j = 0; j < CROWD; j++)
            call_start(&calls[j], &client, true);
        client_wait(&client, CROWD);
        unsigned found = connections(&server);
        for (size_t j = 0; j < CROWD; j++)
            if (calls[j].status != 201 || strstr(calls[j].body, rows[i].protocol) == NULL)
                fail_msg("row %zu, call %zu: %d %s %s", i, j, calls[j].status, calls[j].body,
                         calls[j].error);
        if (found < rows[i].least || found > rows[i].most)
            fail_msg("row %zu: %u connections", i, found);
        client_close(&client);
    }
    script_server_stop(&server);
}

static unsigned connection_of(const struct call *call)
{
    const char *at = strstr(call->body, "\"connection\": ");
    return at != NULL ? (unsigned)strtoul(at + strlen("\"connection\": "), NULL, 10) : 0;
}

/* Never idle, so that curl alone would go on with it for ever. */
static void a_shared_connection_grows_no_older(void **state)
{
    (void)state;
    enum { CALLS = 30, EVERY_MS = 100, TAKES_MS = 250, AGE_MS = 1000 };
    static struct call calls[CALLS];
    struct script_server server;
    struct client client;
    start_server(&server, "250", NULL);
    init_client(&client, &server);
    client.settings.graph.connection_age_ms = AGE_MS;
    client_open(&client, false);
    call_make(&calls[0], &client, false); /* the answer says that it is HTTP/2 */
    for (unsigned i = 1; i < CALLS; i++) {
        call_start(&calls[i], &client, true);
        for (uint64_t end_ms = uv_hrtime() / 1000000 + EVERY_MS; uv_hrtime() / 1000000 < end_ms;
             usleep(1000))
            uv_run(&client.loop, UV_RUN_NOWAIT);
        assert_true(http_load(client.http).active > 0);
    }
    client_wait(&client, CALLS);
    unsigned last = 0, on_last = 0;
    for (unsigned i = 0; i < CALLS; i++) {
        assert_int_equal(calls[i].status, 201);
        assert_true(connection_of(&calls[i]) >= last); /* never back to an old one */
        on_last = connection_of(&calls[i]) == last ? on_last + 1 : 1;
        last = connection_of(&calls[i]);
        if (on_last > (AGE_MS + TAKES_MS) / EVERY_MS + 3)
            fail_msg("%u calls, 100 ms apart, on connection %u", on_last, last);
    }
    assert_true(last >= 3 && last <= 4); /* in about 3.2 s */
    assert_int_equal(connections(&server), last);
    client_close(&client);
    script_server_stop(&server);
}

/* A front that has no room says it to all that share its connection: they leave it, once. */
static void a_shared_connection_is_left_after_503(void **state)
{
    (void)state;
    static struct call calls[CROWD];
    struct script_server server;
    struct client client;
    start_server(&server, "50", "busy");
    init_client(&client, &server);
    client_open(&client, false);
    for (unsigned round = 1; round <= 3; round++) {
        for (unsigned i = 0; i < CROWD; i++)
            call_start(&calls[i], &client, true);
        client_wait(&client, round * CROWD);
        unsigned busy = 0;
        for (unsigned i = 0; i < CROWD; i++) {
            bool on_first = connection_of(&calls[i]) == 1;
            if (calls[i].status != (on_first ? 503 : 201))
                fail_msg("round %u, call %u: %d %s %s", round, i, calls[i].status, calls[i].body,
                         calls[i].error);
            busy += on_first ? 1 : 0;
        }
        if (round == 1 ? busy == 0 : busy > 0)
            fail_msg("round %u: %u calls on the first connection", round, busy);
    }
    assert_int_equal(connections(&server), 2);
    client_close(&client);
    script_server_stop(&server);
}

static void what_a_libcurl_can_do(void **state)
{
    (void)state;
    enum { ALL = CURL_VERSION_ASYNCHDNS | CURL_VERSION_SSL | CURL_VERSION_HTTP2 };
    const long one = CURL_HTTP_VERSION_1_1, two = CURL_HTTP_VERSION_2TLS;
    static const char *const version = "7.99.1";
    const struct {
        unsigned number;
        int features;
        enum http_version wanted;
        bool tls;
        const char *lacks; /* a word of the error; NULL: it is fit */
        long asks_for;
    } rows[] = {
        {0x080e01, ALL, HTTP_VERSION_AUTO, true, NULL, two},
        {0x080e01, ALL, HTTP_VERSION_AUTO, false, NULL, one},
        {0x080000, ALL, HTTP_VERSION_AUTO, true, NULL, two},
        {0x075801, ALL, HTTP_VERSION_AUTO, true, NULL, one},
        {0x075801, ALL, HTTP_VERSION_2, true, NULL, two},
        {0x075801, ALL, HTTP_VERSION_2, false, NULL, one},
        {0x080e01, ALL, HTTP_VERSION_1_1, true, NULL, one},
        {0x080e01, ALL & ~CURL_VERSION_HTTP2, HTTP_VERSION_AUTO, true, NULL, one},
        {0x080e01, ALL & ~CURL_VERSION_HTTP2, HTTP_VERSION_2, true, "graph.http", one},
        {0x080e01, ALL & ~CURL_VERSION_ASYNCHDNS, HTTP_VERSION_AUTO, true, "name server", two},
        {0x080e01, ALL & ~CURL_VERSION_SSL, HTTP_VERSION_AUTO, true, "without TLS", two},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        curl_version_info_data library = {.version = version,
                                          .version_num = rows[i].number,
                                          .features = rows[i].features};
        struct error error = {0};
        bool fit = http_library_is_fit(&library, rows[i].wanted, &error);
        if (fit != (rows[i].lacks == NULL) ||
            (!fit &&
             (strstr(error.text, rows[i].lacks) == NULL || strstr(error.text, version) == NULL)) ||
            http_version_of(&library, rows[i].wanted, rows[i].tls) != rows[i].asks_for)
            fail_msg("row %zu: fit %d, \"%s\"", i, fit, error.text);
    }
    /* The one that runs here. */
    assert_true(http_library_is_fit(curl_version_info(CURLVERSION_NOW), HTTP_VERSION_2, NULL));
}

static int make_certificates(void **state)
{
    (void)state;
    return mkdtemp(directory) == NULL || !certificates_make_authority(directory) ||
           !certificates_make(directory, "server", "IP:127.0.0.1");
}

static int remove_certificates(void **state)
{
    static const char *const names[] = {"ca.pem", "ca.key", "server.pem", "server.key"};
    char path[256];
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        snprintf(path, sizeof path, "%s/%s", directory, names[i]);
        unlink(path);
    }
    return rmdir(directory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_libcurl_can_do),
        cmocka_unit_test(ipv6_and_ipv4),
        cmocka_unit_test(an_old_connection_is_not_used_again),
        cmocka_unit_test(http2_shares_a_connection),
        cmocka_unit_test(a_shared_connection_grows_no_older),
        cmocka_unit_test(a_shared_connection_is_left_after_503),
        cmocka_unit_test(a_slow_name_server_stops_nothing),
    };
    if (!script_server_can_start())
        return SKIPPED;
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, make_certificates, remove_certificates);
}
