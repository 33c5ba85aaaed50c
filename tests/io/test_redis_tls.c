/* TLS to Redis: only to the host that is meant, and never a password to another. */
#include "tests/io/certificates.h"
#include "tests/io/redis_world.h"
#include "worker/io/redis_dial.h"
#include "worker/io/redis_tls.h"

#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static struct redis_server server;
static struct redis_world world;
static char ca[128], certificate[128], key[128], other_ca_dir[] = "/tmp/usher-ca-XXXXXX";

/* A server with a certificate for these hosts. */
static void start(const char *alt_names, const char *wants_client_certificate)
{
    assert_true(certificates_make(server.dir, "server", alt_names));
    const char *const arguments[] = {
        "--tls-port",
        "PORT",
        "--tls-cert-file",
        certificate,
        "--tls-key-file",
        key,
        "--tls-ca-cert-file",
        ca,
        "--tls-auth-clients",
        wants_client_certificate,
        NULL,
    };
    assert_true(redis_server_start(&server, arguments));
}

static int open_all(void **state)
{
    (void)state;
    if (!redis_server_init(&server) || !certificates_make_authority(server.dir))
        return -1;
    snprintf(ca, sizeof ca, "%s/ca.pem", server.dir);
    snprintf(certificate, sizeof certificate, "%s/server.pem", server.dir);
    snprintf(key, sizeof key, "%s/server.key", server.dir);
    redis_world_init(&world, &server, "a");
    world.settings.redis.tls_ca_file = ca;
    world.settings.redis.password = "never-to-a-stranger";
    return 0;
}

static int close_all(void **state)
{
    (void)state;
    redis_world_finish(&world);
    redis_server_finish(&server);
    return 0;
}

static void use_host(const char *host)
{
    snprintf(world.url, sizeof world.url, "rediss://%s:%d", host, server.port);
}

static bool says_why(void *text)
{
    return strstr(redis_trouble(world.redis), text) != NULL;
}

/* The server saw no command of ours: not one connection got as far as AUTH. */
static void is_refused_before_auth(const char *why)
{
    redis_world_create(&world);
    redis_world_until(&world, says_why, (void *)(uintptr_t)why);
    assert_memory_equal(redis_trouble(world.redis), "redis.", 6);
    assert_false(redis_is_up(world.redis));
    assert_null(strstr(redis_server_ask(&server, "INFO commandstats"), "cmdstat_auth"));
}

static void set_password(void)
{
    redis_server_ask(&server, "CONFIG SET requirepass %s", world.settings.redis.password);
}

static void trusts_the_right_name(void **state)
{
    (void)state;
    start("DNS:localhost", "no");
    set_password();
    use_host("localhost");
    redis_world_open(&world);
    struct request *rq = redis_world_request(&world, 1, "tls", "\"a\":1");
    assert_int_equal(redis_world_play(&world, rq, STAGE_CLAIM), OUTCOME_OK);
    redis_world_drop(&world, rq);
}

static void trusts_the_right_address(void **state)
{
    (void)state;
    start("IP:127.0.0.1", "no");
    set_password();
    use_host("127.0.0.1");
    redis_world_open(&world);
}

static void refuses_another_name(void **state)
{
    (void)state;
    start("DNS:redis.example,IP:127.0.0.1", "no");
    use_host("localhost");
    is_refused_before_auth("is refused: localhost is not among its names (hostname mismatch)");
}

static void refuses_another_address(void **state)
{
    (void)state;
    start("DNS:localhost,IP:127.0.0.2", "no");
    use_host("127.0.0.1");
    is_refused_before_auth("is refused: 127.0.0.1 is not among its names (IP address mismatch)");
}

static void refuses_half_a_wildcard(void **state)
{
    (void)state;
    start("DNS:local*", "no");
    use_host("localhost");
    is_refused_before_auth("is refused: localhost is not among its names (hostname mismatch)");
}

static void refuses_an_unknown_authority(void **state)
{
    char other[128];

    (void)state;
    start("DNS:localhost", "no");
    snprintf(other, sizeof other, "%s/ca.pem", other_ca_dir);
    world.settings.redis.tls_ca_file = other;
    use_host("localhost");
    is_refused_before_auth("redis.tls_ca_file: the certificate of localhost");
}

static void refuses_the_system_s_authorities_if_it_is_none_of_them(void **state)
{
    (void)state;
    start("DNS:localhost", "no");
    world.settings.redis.tls_ca_file = "";
    use_host("localhost");
    is_refused_before_auth("no authority of the system's store has signed it");
}

/* A handshake that ends in the call that begins it, as it may where the server is quick. */
static void explain_at_once(struct error *ret)
{
    struct redis_peer peer = {.loop = &world.loop, .settings = &world.settings};
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    const struct addrinfo address = {.ai_addr = (struct sockaddr *)&to, .ai_addrlen = sizeof to};
    SSL *ssl = NULL;

    assert_true(redis_url_read(world.url, &peer.url, ret));
    redisAsyncContext *context = redis_dial(&peer, &address, ret);
    assert_non_null(context);
    struct pollfd connected = {.fd = context->c.fd, .events = POLLOUT};
    assert_int_equal(poll(&connected, 1, 10000), 1);
    assert_int_equal(fcntl(context->c.fd, F_SETFL, 0), 0); /* it blocks from here on */
    context->c.flags |= REDIS_BLOCK;
    assert_false(redis_dial_start_tls(&peer, context, &ssl, ret));
    assert_null(ssl);
    redisAsyncFree(context);
}

static void says_the_same_at_every_moment(void **state)
{
    static const char *const names[] = {"DNS:localhost", "DNS:elsewhere"};
    char authorities[2][128];
    struct error error;

    (void)state;
    snprintf(authorities[0], sizeof authorities[0], "%s/ca.pem", other_ca_dir);
    snprintf(authorities[1], sizeof authorities[1], "%s", ca);
    for (int i = 0; i < 2; i++) {
        start(names[i], "no");
        use_host("localhost");
        world.settings.redis.tls_ca_file = authorities[i];
        is_refused_before_auth(i == 0 ? "redis.tls_ca_file: the certificate of localhost"
                                      : "redis.url: the certificate of localhost");
        explain_at_once(&error);
        print_message("%s\n", error.text);
        const char *trouble = redis_trouble(world.redis);
        assert_memory_equal(trouble, error.text, strlen(error.text));
        assert_string_equal(trouble + strlen(error.text), "; retrying");
        redis_destroy(world.redis);
        world.redis = NULL;
        uv_run(&world.loop, UV_RUN_DEFAULT);
        redis_server_kill(&server);
    }
}

static void shows_its_own_certificate(void **state)
{
    char own[128], own_key[128];

    (void)state;
    start("DNS:localhost", "yes");
    set_password();
    use_host("localhost");
    assert_true(certificates_make(server.dir, "client", "DNS:client"));
    snprintf(own, sizeof own, "%s/client.pem", server.dir);
    snprintf(own_key, sizeof own_key, "%s/client.key", server.dir);
    world.settings.redis.tls_cert_file = own;
    world.settings.redis.tls_key_file = own_key;
    redis_world_open(&world);
}

static void is_not_let_in_without_its_own_certificate(void **state)
{
    (void)state;
    start("DNS:localhost", "yes");
    use_host("localhost");
    is_refused_before_auth("localhost");
}

static void speaks_no_tls_to_a_plain_port(void **state)
{
    (void)state;
    assert_true(redis_server_start(&server, NULL));
    use_host("localhost");
    is_refused_before_auth("does that port speak TLS?");
}

static void speaks_nothing_older_than_1_2(void **state)
{
    struct error error = {0};

    (void)state;
    SSL *ssl = redis_tls_create(&world.settings, "localhost", &error);
    assert_non_null(ssl);
    assert_true(SSL_get_min_proto_version(ssl) >= TLS1_2_VERSION ||
                SSL_CTX_get_min_proto_version(SSL_get_SSL_CTX(ssl)) >= TLS1_2_VERSION);
    SSL_free(ssl);
}

static void names_files_that_cannot_be_read(void **state)
{
    struct error error = {0};
    struct settings *settings = &world.settings;

    (void)state;
    use_host("localhost");
    settings->redis.tls_ca_file = "/nonexistent/ca.pem";
    assert_null(redis_create(&world.loop, settings, &world.pipeline, &error));
    assert_non_null(strstr(error.text, "redis.tls_ca_file: /nonexistent/ca.pem"));
    settings->redis.tls_ca_file = ca;
    settings->redis.tls_cert_file = "/nonexistent/client.pem";
    assert_null(redis_create(&world.loop, settings, &world.pipeline, &error));
    assert_non_null(strstr(error.text, "set both or none"));
    settings->redis.tls_key_file = "/nonexistent/client.key";
    assert_null(redis_create(&world.loop, settings, &world.pipeline, &error));
    assert_non_null(strstr(error.text, "redis.tls_cert_file: /nonexistent/client.pem"));
    assert_true(certificates_make(server.dir, "server", "DNS:x"));
    settings->redis.tls_cert_file = certificate;
    settings->redis.tls_key_file = "/nonexistent/client.key";
    assert_null(redis_create(&world.loop, settings, &world.pipeline, &error));
    assert_non_null(strstr(error.text, "redis.tls_key_file: /nonexistent/client.key"));
}

static int make_other_authority(void **state)
{
    (void)state;
    return mkdtemp(other_ca_dir) != NULL && certificates_make_authority(other_ca_dir) ? 0 : -1;
}

static int remove_other_authority(void **state)
{
    struct redis_server folder = {0};

    (void)state;
    snprintf(folder.dir, sizeof folder.dir, "%s", other_ca_dir);
    redis_server_finish(&folder);
    return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_all, close_all)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(trusts_the_right_name),
        TEST(trusts_the_right_address),
        TEST(refuses_another_name),
        TEST(refuses_another_address),
        TEST(refuses_half_a_wildcard),
        TEST(refuses_an_unknown_authority),
        TEST(refuses_the_system_s_authorities_if_it_is_none_of_them),
        TEST(says_the_same_at_every_moment),
        TEST(shows_its_own_certificate),
        TEST(is_not_let_in_without_its_own_certificate),
        TEST(speaks_no_tls_to_a_plain_port),
        TEST(speaks_nothing_older_than_1_2),
        TEST(names_files_that_cannot_be_read),
    };
    return cmocka_run_group_tests(tests, make_other_authority, remove_other_authority);
}
