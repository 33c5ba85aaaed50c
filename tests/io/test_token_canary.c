/* Canaries: the access token and the secrets for it go to the hosts of the settings, over a
 * connection that has proved to be theirs, and to nobody else; nor into a log or an error. */
#include "tests/io/certificates.h"
#include "tests/io/http_client.h"
#include "tests/io/http_server.h"
#include "tests/io/log_capture.h"

#include <arpa/inet.h>
#include <assert.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
// cmocka needs the headers above first.
#include <cmocka.h>

#define TOKEN  "canary-token-9b1f"
#define SECRET "canary-secret-77c0"

/* Graph and Entra in one, who send their callers somewhere else. */
struct cloud_server {
    struct http_server *server;
    const char *graph_status_line; /* and headers; NULL: 201 */
    const char *entra_status_line; /* NULL: a token */
    pthread_mutex_t lock;
    unsigned tokens_seen, secrets_seen;
};

static bool serve(void *context, const struct http_seen *seen)
{
    struct cloud_server *cloud = context;
    char text[512];
    bool entra = strstr(seen->head, "/oauth2/") != NULL;
    pthread_mutex_lock(&cloud->lock);
    cloud->tokens_seen += strstr(seen->head, "Authorization: Bearer " TOKEN "\r\n") != NULL;
    cloud->secrets_seen += strstr(seen->body, SECRET) != NULL;
    pthread_mutex_unlock(&cloud->lock);
    const char *head = entra ? cloud->entra_status_line : cloud->graph_status_line;
    const char *body = entra ? "{\"access_token\":\"" TOKEN "\",\"expires_in\":3599}" : "{}";
    snprintf(text, sizeof text, "HTTP/1.1 %sContent-Length: %zu\r\n\r\n%s",
             head != NULL ? head : (entra ? "200 OK\r\n" : "201 Created\r\n"), strlen(body), body);
    http_say(seen, text);
    return true;
}

/* Whoever comes here, and whatever they say. */
static bool listen_in(void *context, const struct http_seen *seen)
{
    (void)context;
    http_answer_with(seen, 201, "", "{}");
    return true;
}

static void use(struct client *client, unsigned graph_port, unsigned entra_port)
{
    static char authority[64];
    client_init(client, "http://127.0.0.1", graph_port);
    snprintf(authority, sizeof authority, "http://127.0.0.1:%u", entra_port);
    client->settings.graph.auth = AUTH_CLIENT_SECRET;
    client->settings.graph.authority_host = authority;
    client->settings.graph.tenant_id = "t";
    client->settings.graph.client_id = "c";
    client->settings.graph.client_secret = SECRET;
}

static void call_all_kinds(struct client *client)
{
    static struct call calls[3];
    call_start(&calls[0], client, false);
    call_start(&calls[1], client, true);
    call_get(&calls[2], client, "/requests?a=@b");
    client_wait(client, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_null(strstr(calls[i].error, "canary"));
        assert_null(strstr(calls[i].body, "canary"));
    }
}

static const struct {
    const char *status;
    const char *location; /* %u: the port of the other host */
} redirects[] = {
    {"301 Moved Permanently", "http://127.0.0.1:%u/beta/requests"},
    {"302 Found", "http://127.0.0.1:%u/beta/requests"},
    {"303 See Other", "http://127.0.0.1:%u/beta/requests"},
    {"307 Temporary Redirect", "http://127.0.0.1:%u/beta/requests"},
    {"308 Permanent Redirect", "http://127.0.0.1:%u/beta/requests"},
    {"307 Temporary Redirect", "//127.0.0.1:%u/"},
    {"307 Temporary Redirect", "http://x@127.0.0.1:%u/"},
    {"201 Created", "http://127.0.0.1:%u/"},
    {"400 Bad Request", "http://127.0.0.1:%u/"},
    {"401 Unauthorized", "http://127.0.0.1:%u/"},
};

static void redirects_are_not_followed(void **state)
{
    (void)state;
    struct cloud_server cloud = {.lock = PTHREAD_MUTEX_INITIALIZER};
    struct http_server *other = http_server_start(listen_in, NULL);
    cloud.server = http_server_start(serve, &cloud);
    log_capture_open();
    for (size_t i = 0; i < sizeof redirects / sizeof redirects[0]; i++) {
        for (int entra = 0; entra < 2; entra++) {
            char head[256], location[128];
            struct client client;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
            snprintf(location, sizeof location, redirects[i].location, http_server_port(other));
#pragma GCC diagnostic pop
            snprintf(head, sizeof head, "%s\r\nLocation: %s\r\n", redirects[i].status, location);
            cloud.graph_status_line = entra != 0 ? NULL : head;
            cloud.entra_status_line = entra != 0 && i < 7 ? head : NULL;
            cloud.tokens_seen = cloud.secrets_seen = 0;
            use(&client, http_server_port(cloud.server), http_server_port(cloud.server));
            client_open(&client, true);
            call_all_kinds(&client);
            assert_null(strstr(token_trouble(client.token), "canary"));
            /* The canaries are alive: where they belong, they are seen. */
            assert_true(cloud.secrets_seen > 0);
            assert_int_equal(cloud.tokens_seen > 0, cloud.entra_status_line == NULL);
            client_close(&client);
            if (http_server_connections(other) != 0)
                fail_msg("%s, %s: followed", redirects[i].status, location);
        }
    }
    assert_int_equal(log_capture_count("canary"), 0);
    log_capture_close();
    http_server_stop(cloud.server);
    http_server_stop(other);
}

/* Plain http goes to this machine only, so not through a proxy that the environment names. */
static void no_proxy_for_loopback(void **state)
{
    (void)state;
    static const char *const names[] = {"http_proxy", "all_proxy", "ALL_PROXY"};
    struct cloud_server cloud = {.lock = PTHREAD_MUTEX_INITIALIZER};
    struct http_server *other = http_server_start(listen_in, NULL);
    struct client client;
    char proxy[64];
    cloud.server = http_server_start(serve, &cloud);
    snprintf(proxy, sizeof proxy, "http://127.0.0.1:%u", http_server_port(other));
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        setenv(names[i], proxy, 1);
    use(&client, http_server_port(cloud.server), http_server_port(cloud.server));
    client_open(&client, true);
    call_all_kinds(&client);
    client_close(&client);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        unsetenv(names[i]);
    assert_int_equal(cloud.tokens_seen, 3);
    assert_int_equal(http_server_connections(other), 0);
    http_server_stop(cloud.server);
    http_server_stop(other);
}

/* Speaks TLS with a certificate that nobody signed, and keeps what it hears. */
struct impostor {
    SSL_CTX *context;
    int listener;
    unsigned port;
    pthread_mutex_t lock; /* of what follows */
    unsigned tries;
    char heard[4096];
    size_t size;
    pthread_t thread;
};

/* False: it has heard enough. */
static bool hear(struct impostor *impostor, const char *bytes, size_t size)
{
    pthread_mutex_lock(&impostor->lock);
    size_t room = sizeof impostor->heard - impostor->size;
    size = size < room ? size : room;
    memcpy(impostor->heard + impostor->size, bytes, size);
    impostor->size += size;
    bool more = impostor->size < sizeof impostor->heard &&
                memmem(impostor->heard, impostor->size, "canary", strlen("canary")) == NULL;
    pthread_mutex_unlock(&impostor->lock);
    return more;
}

static void *impersonate(void *context)
{
    struct impostor *impostor = context;
    for (int fd; (fd = accept(impostor->listener, NULL, NULL)) >= 0; close(fd)) {
        SSL *ssl = SSL_new(impostor->context);
        char bytes[1024];
        pthread_mutex_lock(&impostor->lock);
        impostor->tries++;
        pthread_mutex_unlock(&impostor->lock);
        SSL_set_fd(ssl, fd);
        int size = SSL_accept(ssl) == 1 ? 1 : 0;
        while (size > 0) {
            size = SSL_read(ssl, bytes, sizeof bytes);
            if (size > 0 && !hear(impostor, bytes, (size_t)size))
                size = 0;
        }
        SSL_free(ssl);
    }
    return NULL;
}

/* `most`: the newest version of TLS that it knows. */
static void start_impostor(struct impostor *impostor, const char *dir, int most)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof address;
    char path[128];
    *impostor = (struct impostor){.context = SSL_CTX_new(TLS_server_method()),
                                  .lock = PTHREAD_MUTEX_INITIALIZER};
    SSL_CTX_set_security_level(impostor->context, 0); /* else OpenSSL has nothing older than 1.2 */
    SSL_CTX_set_min_proto_version(impostor->context, TLS1_VERSION);
    SSL_CTX_set_max_proto_version(impostor->context, most);
    snprintf(path, sizeof path, "%s/me.pem", dir);
    assert_int_equal(SSL_CTX_use_certificate_file(impostor->context, path, SSL_FILETYPE_PEM), 1);
    snprintf(path, sizeof path, "%s/me.key", dir);
    assert_int_equal(SSL_CTX_use_PrivateKey_file(impostor->context, path, SSL_FILETYPE_PEM), 1);
    impostor->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(impostor->listener, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(impostor->listener, 16), 0);
    getsockname(impostor->listener, (struct sockaddr *)&address, &size);
    impostor->port = ntohs(address.sin_port);
    pthread_create(&impostor->thread, NULL, impersonate, impostor);
}

static void stop_impostor(struct impostor *impostor)
{
    shutdown(impostor->listener, SHUT_RDWR);
    pthread_join(impostor->thread, NULL);
    close(impostor->listener);
    SSL_CTX_free(impostor->context);
}

static void remove_files(const char *dir)
{
    static const char *const names[] = {"ca.pem", "ca.key", "me.pem", "me.key"};
    char path[128];
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        snprintf(path, sizeof path, "%s/%s", dir, names[i]);
        unlink(path);
    }
    rmdir(dir);
}

/* A TLS that knows all versions does speak with it, so that it is really one. */
static void check_impostor(struct impostor *impostor)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr = {htonl(INADDR_LOOPBACK)},
                                  .sin_port = htons((uint16_t)impostor->port)};
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    SSL *ssl = SSL_new(context);
    SSL_set_fd(ssl, fd);
    assert_int_equal(SSL_connect(ssl), 1);
    SSL_free(ssl);
    SSL_CTX_free(context);
    close(fd);
}

struct impostor_case {
    enum auth auth;
    bool trusts;
    int most;  /* the newest TLS of the impostor */
    bool told; /* it hears the canary, so that it can hear */
};

static void check_told(struct impostor *impostor, const char *dir, const struct impostor_case *row)
{
    char ca[64], base[64], authority[64];
    struct client client;
    struct call call;
    snprintf(ca, sizeof ca, "%s/ca.pem", dir);
    snprintf(base, sizeof base, "https://127.0.0.1:%u/beta", impostor->port);
    snprintf(authority, sizeof authority, "https://127.0.0.1:%u", impostor->port);
    use(&client, 1, 1);
    client.settings.graph.base_url = base;
    client.settings.graph.authority_host = authority;
    client.settings.graph.auth = row->auth;
    client.settings.graph.token = TOKEN;
    client.settings.graph.tls_ca_file = row->trusts ? ca : "";
    client_open(&client, true);
    call_make(&call, &client, true);
    assert_int_not_equal(call.reach, HTTP_ANSWERED);
    assert_null(strstr(call.error, "canary"));
    client_close(&client);
    pthread_mutex_lock(&impostor->lock);
    assert_int_equal(impostor->tries, 2); /* ours, and that of check_impostor() */
    bool heard = memmem(impostor->heard, impostor->size, "canary", strlen("canary")) != NULL;
    if (heard != row->told || (!heard && impostor->size > 0))
        fail_msg("auth %d, trusts %d, TLS %x: %zu bytes, a canary %d", (int)row->auth, row->trusts,
                 (unsigned)row->most, impostor->size, heard);
    pthread_mutex_unlock(&impostor->lock);
}

/* Graph or Entra shows a certificate that is not verified, or knows no TLS 1.2: not a byte leaves.
 */
static void unverified_tls_is_told_nothing(void **state)
{
    (void)state;
    static const struct impostor_case rows[] = {
        {AUTH_TOKEN, false, TLS1_3_VERSION, false},
        {AUTH_CLIENT_SECRET, false, TLS1_3_VERSION, false},
        {AUTH_TOKEN, true, TLS1_3_VERSION, true},
        {AUTH_CLIENT_SECRET, true, TLS1_3_VERSION, true},
        {AUTH_TOKEN, true, TLS1_2_VERSION, true},
        {AUTH_TOKEN, true, TLS1_1_VERSION, false},
        {AUTH_CLIENT_SECRET, true, TLS1_1_VERSION, false},
        {AUTH_TOKEN, true, TLS1_VERSION, false},
        {AUTH_CLIENT_SECRET, true, TLS1_VERSION, false},
    };
    char dir[] = "/tmp/usher-canary-XXXXXX";
    assert_non_null(mkdtemp(dir));
    assert_true(certificates_make_authority(dir));
    assert_true(certificates_make(dir, "me", "IP:127.0.0.1"));
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct impostor impostor;
        start_impostor(&impostor, dir, rows[i].most);
        check_impostor(&impostor);
        check_told(&impostor, dir, &rows[i]);
        stop_impostor(&impostor);
    }
    remove_files(dir);
}

/* With the system's own, OpenSSL refuses TLS 1.1 by itself, and it would not show whether we do. */
static void use_lax_openssl(void)
{
    char path[] = "/tmp/usher-openssl-XXXXXX";
    int fd = mkstemp(path);
    assert(fd >= 0);
    FILE *out = fdopen(fd, "w");
    fputs("openssl_conf = all\n[all]\nssl_conf = ssl\n[ssl]\nsystem_default = lax\n"
          "[lax]\nMinProtocol = TLSv1\nCipherString = ALL:@SECLEVEL=0\n",
          out);
    fclose(out);
    setenv("OPENSSL_CONF", path, 1);
    OPENSSL_init_ssl(0, NULL);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(redirects_are_not_followed),
        cmocka_unit_test(no_proxy_for_loopback),
        cmocka_unit_test(unverified_tls_is_told_nothing),
    };
    signal(SIGPIPE, SIG_IGN);
    use_lax_openssl();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
