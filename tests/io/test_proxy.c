/* The way through a proxy, to Graph and to the token endpoint: by setting and by environment, with
 * a password and without; and the proxy learns where the way goes and nothing else. */
#include "tests/io/certificates.h"
#include "tests/io/http_client.h"
#include "tests/io/log_capture.h"
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

#define SECRET   "canary-secret-a04e"
#define PASSWORD "proxy-word-71c3"

enum { SKIPPED = 77 };

static char directory[] = "/tmp/usher-proxy-XXXXXX";
static char file[64];                   /* the password's */
static struct script_server graph;      /* and Entra */
static struct script_server open_proxy; /* asks for nothing */
static struct script_server shut_proxy; /* asks for a password */

static void write_password(const char *text)
{
    FILE *out = fopen(file, "w");
    assert_non_null(out);
    fputs(text, out);
    fclose(out);
}

static void init_client(struct client *client)
{
    static char ca[64], authority[64];
    snprintf(ca, sizeof ca, "%s/ca.pem", directory);
    snprintf(authority, sizeof authority, "https://127.0.0.1:%u", graph.port);
    client_init(client, "https://127.0.0.1", graph.port);
    client->settings.graph.tls_ca_file = ca;
    client->settings.graph.auth = AUTH_CLIENT_SECRET;
    client->settings.graph.authority_host = authority;
    client->settings.graph.tenant_id = "t";
    client->settings.graph.client_id = "c";
    client->settings.graph.client_secret = SECRET;
}

/* How often a proxy was asked, and whether it agreed; that it heard nothing else is checked. */
static unsigned asked(struct script_server *proxy, bool agreed)
{
    char line[8192], connect[64];
    unsigned count = 0;
    snprintf(connect, sizeof connect, "\"CONNECT 127.0.0.1:%u HTTP", graph.port);
    script_server_ask(proxy, line, sizeof line);
    assert_non_null(strstr(line, "\"canary\": false, \"bearer\": false"));
    assert_null(strstr(line, "client-request-id"));
    char *refused = strstr(line, "\"refused\"");
    assert_non_null(refused);
    for (char *at = line; (at = strstr(at, connect)) != NULL; at++)
        count += (at < refused) == agreed;
    return count;
}

static void clear_servers(void)
{
    char line[8192];
    script_server_ask(&graph, line, sizeof line);
    script_server_ask(&open_proxy, line, sizeof line);
    script_server_ask(&shut_proxy, line, sizeof line);
}

/* Calls with a token that came to Graph. */
static unsigned bearers(void)
{
    char line[64], *end = NULL;
    script_server_ask(&graph, line, sizeof line);
    (void)strtoul(line, &end, 10);
    return (unsigned)strtoul(end, NULL, 10);
}

struct way {
    const char *proxy; /* %u: the port of the open one */
    const char *https_proxy, *no_proxy;
    unsigned asked; /* the proxy: for the token's connection and Graph's */
};

static void check_way(const struct way *way)
{
    struct client client;
    struct call call;
    char proxy[64], environment[64];
    snprintf(environment, sizeof environment, "http://127.0.0.1:%u", open_proxy.port);
    snprintf(proxy, sizeof proxy, "%s", strcmp(way->proxy, "open") == 0 ? environment : way->proxy);
    if (way->https_proxy != NULL)
        setenv(way->https_proxy, environment, 1);
    if (way->no_proxy != NULL)
        setenv("no_proxy", way->no_proxy, 1);
    clear_servers();
    init_client(&client);
    client.settings.graph.proxy = proxy;
    client_open(&client, true);
    call_make(&call, &client, true);
    if (call.status != 201 || bearers() != 1 || asked(&open_proxy, true) != way->asked)
        fail_msg("proxy %s, %s, no_proxy %s: %d %s", way->proxy,
                 way->https_proxy != NULL ? way->https_proxy : "-",
                 way->no_proxy != NULL ? way->no_proxy : "-", call.status, call.error);
    assert_string_equal(call.request_id, ""); /* of Graph, which gives none here */
    client_close(&client);
    if (way->https_proxy != NULL)
        unsetenv(way->https_proxy);
    unsetenv("no_proxy");
}

static void by_setting_and_by_environment(void **state)
{
    (void)state;
    static const struct way ways[] = {
        {"", NULL, NULL, 0},
        {"open", NULL, NULL, 2},
        {"", "https_proxy", NULL, 2},
        {"", "HTTPS_PROXY", NULL, 2},
        {"", "all_proxy", NULL, 2},
        {"", "https_proxy", "127.0.0.1", 0},
        {"", "http_proxy", NULL, 0}, /* for plain http */
        {"direct", "https_proxy", NULL, 0},
        {"open", NULL, "127.0.0.1", 2}, /* the setting goes before the environment */
    };
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++)
        check_way(&ways[i]);
}

static void open_with_password(struct client *client, char proxy[64], const char *password)
{
    snprintf(proxy, 64, "http://127.0.0.1:%u", shut_proxy.port);
    write_password(password);
    init_client(client);
    client->settings.graph.proxy = proxy;
    client->settings.graph.proxy_username = "usher";
    client->settings.graph.proxy_password_file = file;
    client_open(client, true);
}

static void with_a_password(void **state)
{
    (void)state;
    struct client client;
    struct call call;
    char proxy[64];
    clear_servers();
    log_capture_open();
    open_with_password(&client, proxy, PASSWORD "\n");
    call_make(&call, &client, true);
    assert_int_equal(call.status, 201);
    assert_int_equal(bearers(), 1);
    assert_int_equal(asked(&shut_proxy, true), 2);
    client_close(&client);
    assert_int_equal(log_capture_count(PASSWORD), 0);
    log_capture_close();
}

/* The proxy refuses: nothing was sent, and Graph hears nothing. A new password counts without a
 * restart. */
static void with_a_wrong_password(void **state)
{
    (void)state;
    struct client client;
    struct call call;
    char proxy[64];
    clear_servers();
    log_capture_open();
    open_with_password(&client, proxy, "wrong-" PASSWORD);
    call_make(&call, &client, true);
    assert_int_equal(call.reach, HTTP_NOT_SENT);
    assert_non_null(strstr(call.error, "407"));
    assert_non_null(strstr(call.error, "graph.authority_host"));
    assert_null(strstr(call.error, PASSWORD));
    assert_int_equal(asked(&shut_proxy, true), 0);
    write_password(PASSWORD);
    for (int i = 0; i < 20 && call.status != 201; i++)
        call_make(&call, &client, true);
    assert_int_equal(call.status, 201);
    client_close(&client);
    assert_int_equal(log_capture_count(PASSWORD), 0);
    log_capture_close();
}

/* The 407 is the proxy's, and no answer of Graph's. */
static void refused_on_the_way_to_graph(void **state)
{
    (void)state;
    struct client client;
    struct call call;
    char proxy[64];
    clear_servers();
    snprintf(proxy, sizeof proxy, "http://127.0.0.1:%u", shut_proxy.port);
    init_client(&client);
    client.settings.graph.auth = AUTH_TOKEN;
    client.settings.graph.token = "canary-token-5d1c";
    client.settings.graph.proxy = proxy;
    client_open(&client, true);
    for (int real = 0; real < 2; real++) {
        call_make(&call, &client, real == 1);
        assert_int_equal(call.reach, HTTP_NOT_SENT);
        assert_int_equal(call.status, 0);
        assert_int_equal(call.asked, 0);
        assert_string_equal(call.request_id, "");
        assert_non_null(strstr(call.error, "407"));
        assert_int_equal(asked(&shut_proxy, false), 1);
    }
    assert_int_equal(bearers(), 0);
    client_close(&client);
}

/* A proxy that TLS is spoken with has to show who it is, as Graph has. */
static void over_tls(void **state)
{
    (void)state;
    static const struct {
        const char *host;
        int status;
    } rows[] = {{"127.0.0.1", 201}, {"localhost", 0}}; /* its certificate is for the first */
    struct script_server proxy;
    char certificate[64], key[64], url[64];
    snprintf(certificate, sizeof certificate, "%s/server.pem", directory);
    snprintf(key, sizeof key, "%s/server.key", directory);
    script_server_start(&proxy, "tests/io/proxy_server.py",
                        (const char *const[]){"-", certificate, key, NULL});
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct client client;
        struct call call;
        clear_servers();
        init_client(&client);
        snprintf(url, sizeof url, "https://%s:%u", rows[i].host, proxy.port);
        client.settings.graph.proxy = url;
        client_open(&client, true);
        call_make(&call, &client, true);
        if (call.status != rows[i].status)
            fail_msg("%s: %d %s", url, call.status, call.error);
        client_close(&client);
        assert_int_equal(asked(&proxy, true), rows[i].status == 201 ? 2 : 0);
    }
    script_server_stop(&proxy);
}

static void without_its_file(void **state)
{
    (void)state;
    struct client client;
    struct error error = {0};
    unlink(file);
    init_client(&client);
    client.settings.graph.proxy = "http://127.0.0.1:1";
    client.settings.graph.proxy_username = "usher";
    client.settings.graph.proxy_password_file = file;
    assert_null(http_create(&client.loop, &client.settings, NULL, &error));
    assert_non_null(strstr(error.text, "graph.proxy_password"));
    assert_non_null(strstr(error.text, file));
    uv_run(&client.loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&client.loop), 0);
}

static int start_servers(void **state)
{
    char certificate[64], key[64];
    (void)state;
    if (mkdtemp(directory) == NULL || !certificates_make_authority(directory) ||
        !certificates_make(directory, "server", "IP:127.0.0.1"))
        return 1;
    snprintf(file, sizeof file, "%s/password", directory);
    snprintf(certificate, sizeof certificate, "%s/server.pem", directory);
    snprintf(key, sizeof key, "%s/server.key", directory);
    script_server_start(&graph, "tests/io/http2_server.py",
                        (const char *const[]){certificate, key, "0", NULL});
    script_server_start(&open_proxy, "tests/io/proxy_server.py", (const char *const[]){NULL});
    script_server_start(&shut_proxy, "tests/io/proxy_server.py",
                        (const char *const[]){"usher:" PASSWORD, NULL});
    return 0;
}

static int stop_servers(void **state)
{
    static const char *const names[] = {"ca.pem", "ca.key", "server.pem", "server.key", "password"};
    char path[256];
    (void)state;
    script_server_stop(&graph);
    script_server_stop(&open_proxy);
    script_server_stop(&shut_proxy);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        snprintf(path, sizeof path, "%s/%s", directory, names[i]);
        unlink(path);
    }
    return rmdir(directory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_setting_and_by_environment),
        cmocka_unit_test(with_a_password),
        cmocka_unit_test(with_a_wrong_password),
        cmocka_unit_test(refused_on_the_way_to_graph),
        cmocka_unit_test(over_tls),
        cmocka_unit_test(without_its_file),
    };
    if (!script_server_can_start())
        return SKIPPED;
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, start_servers, stop_servers);
}
