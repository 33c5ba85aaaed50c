/* Guarantees, trap 1: libcurl sends a POST again by itself when a kept connection dies before the
 * first byte of the answer. The server (guard_server.py) carries the real request out and then
 * breaks the connection; it must find it exactly once in its ledger, and without the guard more
 * often. */
#include "tests/io/certificates.h"
#include "tests/io/http_client.h"
#include "tests/io/script_server.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
// cmocka needs the headers above first.
#include <cmocka.h>

enum { ROUNDS = 100, SKIPPED = 77 };

static char directory[] = "/tmp/usher-guard-XXXXXX";

static void start_server(struct script_server *server, const char *protocol)
{
    char certificate[256], key[256];
    snprintf(certificate, sizeof certificate, "%s/server.pem", directory);
    snprintf(key, sizeof key, "%s/server.key", directory);
    script_server_start(server, "tests/io/guard_server.py",
                        (const char *const[]){protocol, certificate, key, NULL});
}

/* How often the last real request was carried out. */
static unsigned ask_ledger(struct script_server *server)
{
    char line[4096] = "";
    script_server_ask(server, line, sizeof line);
    const char *at = strstr(line, "\"real\": ");
    return at != NULL ? (unsigned)strtoul(at + 8, NULL, 10) : 0;
}

static void open_client(struct client *client, const char *base, unsigned port)
{
    static char ca[256];
    snprintf(ca, sizeof ca, "%s/ca.pem", directory);
    client_init(client, base, port);
    client->settings.graph.tls_ca_file = ca;
    client_open(client, false);
}

static void post(struct call *call, struct client *client, const char *body, bool for_real)
{
    unsigned answers = client->answers + 1;
    call_post(call, client, body, for_real);
    client_wait(client, answers);
}

/* Rounds of a dry run, which is answered, and a real request on the same connection. Returns in how
 * many the ledger has the real request once; `ret_more`: more often. */
static unsigned play(const char *protocol, const char *base, bool guarded, unsigned *ret_more)
{
    struct script_server server;
    struct client client;
    struct call call;
    unsigned once = 0;
    start_server(&server, protocol);
    open_client(&client, base, server.port);
    *ret_more = 0;
    for (int i = 0; i < ROUNDS; i++) {
        do /* the connection may still be the one that was broken */
            post(&call, &client, "dry", false);
        while (call.reach != HTTP_ANSWERED);
        assert_int_equal(call.status, 201);
        ask_ledger(&server);
        post(&call, &client, "real", guarded);
        if (guarded) {
            assert_int_equal(call.reach, HTTP_LOST);
            assert_int_equal(call.asked, 1);
        }
        unsigned times = ask_ledger(&server);
        once += times == 1;
        *ret_more += times > 1;
    }
    client_close(&client);
    script_server_stop(&server);
    return once;
}

static void test_guard(void **state)
{
    (void)state;
    unsigned more1 = 0, more2 = 0;
    unsigned once1 = play("http1", "http://127.0.0.1", true, &more1);
    unsigned once2 = play("http2", "https://127.0.0.1", true, &more2);
    printf("FIGURE guard: http/1.1 %u/%d, http/2 %u/%d\n", once1, ROUNDS, once2, ROUNDS);
    assert_int_equal(more1 + more2, 0);
    assert_int_equal(once1, ROUNDS);
    assert_int_equal(once2, ROUNDS);
}

/* The same server, and the guard off: what this test is against is real. */
static void test_without_guard(void **state)
{
    (void)state;
    unsigned more1 = 0, more2 = 0;
    play("http1", "http://127.0.0.1", false, &more1);
    play("http2", "https://127.0.0.1", false, &more2);
    printf("FIGURE guard switched off: carried out twice, http/1.1 %u/%d, http/2 %u/%d\n", more1,
           ROUNDS, more2, ROUNDS);
    assert_true(more1 > ROUNDS / 2);
    assert_true(more2 > ROUNDS / 2);
}

/* A certificate of another authority, or for another name: nothing is sent. */
static void test_tls_is_verified(void **state)
{
    (void)state;
    struct script_server server;
    struct client client;
    struct call call;
    start_server(&server, "http2");
    open_client(&client, "https://localhost", server.port); /* the certificate is for 127.0.0.1 */
    post(&call, &client, "real", true);
    assert_int_equal(call.reach, HTTP_NOT_SENT);
    client_close(&client);
    client_init(&client, "https://127.0.0.1", server.port); /* the system's authorities */
    client_open(&client, false);
    post(&call, &client, "real", true);
    assert_int_equal(call.reach, HTTP_NOT_SENT);
    assert_int_equal(call.asked, 0);
    client_close(&client);
    assert_int_equal(ask_ledger(&server), 0);
    script_server_stop(&server);
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
        cmocka_unit_test(test_guard),
        cmocka_unit_test(test_without_guard),
        cmocka_unit_test(test_tls_is_verified),
    };
    if (!script_server_can_start())
        return SKIPPED;
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, make_certificates, remove_certificates);
}
