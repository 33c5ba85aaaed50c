/* Each kind of graph.auth against the sandbox, whose token endpoint is as strict as Entra's. */
#include "tests/io/certificates.h"
#include "tests/io/http_client.h"
#include "tests/io/sandbox_process.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
// cmocka needs the headers above first.
#include <cmocka.h>

#define REQUESTS "/identityGovernance/entitlementManagement/accessPackageAssignmentRequests"
#define CLAIMS   "{\\\"access_token\\\":{\\\"nbf\\\":{\\\"value\\\":\\\"%d\\\"}}}"

static const char base[] = "http://127.0.0.1";
static char dir[] = "/tmp/usher-credentials-XXXXXX";
static struct sandbox_process sandbox;
static char certificate[64], key[64], registered[64], federated[64];

static void copy(const char *from, const char *mode, const char *to)
{
    char bytes[16384];
    FILE *in = fopen(from, "r"), *out = fopen(to, mode);
    assert_non_null(in);
    assert_non_null(out);
    size_t size = fread(bytes, 1, sizeof bytes, in);
    assert_int_equal(fwrite(bytes, 1, size, out), size);
    fclose(in);
    fclose(out);
}

static void write_line(const char *path, const char *line)
{
    FILE *out = fopen(path, "w");
    assert_non_null(out);
    fprintf(out, "%s\n", line);
    fclose(out);
}

/* Files of DIR: certificate.pem and .key are the worker's, registered.pem is what Entra knows. */
static int open_world(void **state)
{
    (void)state;
    static const struct certificate_kind kind = {.from_days = -1, .to_days = 60};
    assert_non_null(mkdtemp(dir));
    snprintf(certificate, sizeof certificate, "%s/first.pem", dir);
    snprintf(key, sizeof key, "%s/first.key", dir);
    snprintf(registered, sizeof registered, "%s/registered", dir);
    snprintf(federated, sizeof federated, "%s/federated", dir);
    assert_true(certificates_make_own(dir, "first", &kind));
    assert_true(certificates_make_own(dir, "second", &kind));
    copy(certificate, "w", registered);
    const char *const options[] = {"--tenant",
                                   "ten",
                                   "--client-id",
                                   "app",
                                   "--client-certificate-file",
                                   registered,
                                   "--federated-token-file",
                                   federated,
                                   "--identity-header",
                                   "header-secret",
                                   NULL};
    return sandbox_start(&sandbox, options) ? 0 : 1;
}

static int close_world(void **state)
{
    (void)state;
    static const char *const names[] = {"first.pem",  "first.key", "second.pem", "second.key",
                                        "registered", "federated", "both"};
    char path[64];
    sandbox_stop(&sandbox);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        snprintf(path, sizeof path, "%s/%s", dir, names[i]);
        unlink(path);
    }
    return rmdir(dir);
}

static void init(struct client *client, enum auth auth)
{
    static char authority[64];
    client_init(client, base, sandbox.port);
    snprintf(authority, sizeof authority, "%s:%u", base, sandbox.port);
    client->settings.graph.auth = auth;
    client->settings.graph.authority_host = authority;
    client->settings.graph.tenant_id = "ten";
    client->settings.graph.client_id = "app";
}

static void look(struct call *call, struct client *client)
{
    unsigned answers = client->answers + 1;
    call_get(call, client, REQUESTS);
    client_wait(client, answers);
}

static void forget_tokens(void)
{
    assert_int_equal(sandbox_control(&sandbox, "DELETE", "/sandbox/tokens", NULL), 204);
}

static void a_certificate_apart_and_in_one_file(void **state)
{
    (void)state;
    static char both[64];
    snprintf(both, sizeof both, "%s/both", dir);
    copy(key, "w", both); /* the key first, a chain in front of the certificate */
    char other[64];
    snprintf(other, sizeof other, "%s/second.pem", dir);
    copy(other, "a", both);
    copy(certificate, "a", both);
    for (int i = 0; i < 2; i++) {
        struct client client;
        struct call call;
        init(&client, AUTH_CERTIFICATE);
        client.settings.graph.certificate_file = i == 0 ? certificate : both;
        client.settings.graph.private_key_file = i == 0 ? key : "";
        client_open(&client, true);
        look(&call, &client);
        if (call.status != 200)
            fail_msg("%d: %d %s %s", i, call.status, call.error, call.body);
        assert_true(token_certificate_expires_at(client.token) > 0);
        assert_string_equal(token_warning(client.token), "");
        client_close(&client);
    }
}

/* The old certificate is taken away at Entra, and the files are replaced: no restart. */
static void a_certificate_that_is_replaced(void **state)
{
    (void)state;
    struct client client;
    struct call call;
    char path[64];
    init(&client, AUTH_CERTIFICATE);
    client.settings.graph.certificate_file = certificate;
    client.settings.graph.private_key_file = key;
    client_open(&client, true);
    look(&call, &client);
    assert_int_equal(call.status, 200);
    snprintf(path, sizeof path, "%s/second.pem", dir);
    copy(path, "w", registered);
    forget_tokens();
    look(&call, &client);
    assert_int_equal(call.reach, HTTP_NOT_SENT);
    assert_non_null(strstr(call.error, "graph.certificate_file: "));
    assert_non_null(strstr(call.error, "AADSTS700027"));
    assert_true(token_is_refused(client.token));
    copy(path, "w", certificate);
    snprintf(path, sizeof path, "%s/second.key", dir);
    copy(path, "w", key);
    look(&call, &client);
    if (call.status != 200)
        fail_msg("%d %s", call.status, call.error);
    assert_string_equal(token_trouble(client.token), "");
    client_close(&client);
}

static void a_federated_token_that_rotates(void **state)
{
    (void)state;
    struct client client;
    struct call call;
    init(&client, AUTH_WORKLOAD_IDENTITY);
    client.settings.graph.federated_token_file = federated;
    write_line(federated, "one.two.three");
    client_open(&client, true);
    look(&call, &client);
    assert_int_equal(call.status, 200);
    write_line(federated, "four.five.six"); /* the sandbox takes only the new one as well */
    forget_tokens();
    look(&call, &client);
    assert_int_equal(call.status, 200);
    client_close(&client);
    write_line(federated, "two words");
    init(&client, AUTH_WORKLOAD_IDENTITY);
    client.settings.graph.federated_token_file = federated;
    client_open(&client, true);
    look(&call, &client);
    assert_int_equal(call.reach, HTTP_NOT_SENT);
    assert_non_null(strstr(call.error, "graph.federated_token_file"));
    assert_null(strstr(call.error, "two words"));
    client_close(&client);
}

static void managed_identities(void **state)
{
    (void)state;
    static const struct {
        const char *path, *header, *client_id, *text;
    } rows[] = {
        {"/metadata/identity/oauth2/token", "", "", NULL},
        {"/metadata/identity/oauth2/token", "", "app", NULL},
        {"/msi/token", "header-secret", "", NULL},
        {"/msi/token", "header-secret", "app", NULL},
        {"/msi/token", "wrong-secret", "", "graph.identity_endpoint"},
        {"/metadata/identity/oauth2/token", "", "else", "graph.client_id"},
        {"/nowhere", "", "", "status 404"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct client client;
        struct call call;
        char endpoint[128];
        init(&client, AUTH_MANAGED_IDENTITY);
        snprintf(endpoint, sizeof endpoint, "%s:%u%s", base, sandbox.port, rows[i].path);
        client.settings.graph.identity_endpoint = endpoint;
        client.settings.graph.identity_header = rows[i].header;
        client.settings.graph.client_id = rows[i].client_id;
        client_open(&client, true);
        look(&call, &client);
        if (rows[i].text == NULL
                ? call.status != 200
                : strstr(call.error, rows[i].text) == NULL || strstr(call.error, "-secret") != NULL)
            fail_msg("row %zu: %d %s", i, call.status, call.error);
        int64_t left_ms = token_expires_at(client.token) - (int64_t)time(NULL) * 1000;
        if (rows[i].text == NULL && (left_ms < 3590000 || left_ms > 3600000))
            fail_msg("row %zu: %lld ms left", i, (long long)left_ms);
        client_close(&client);
    }
}

static void set_claims(int value, int status)
{
    char body[256] = "{\"claims\":\"\"}";
    if (value > 0)
        snprintf(body, sizeof body, "{\"claims\":\"" CLAIMS "\",\"claims_status\":%d}", value,
                 status);
    assert_int_equal(sandbox_control(&sandbox, "POST", "/sandbox/settings", body), 200);
}

/* Once: a second challenge right after it is the answer, not the start of a storm of fetches. */
static void answer_once(int status)
{
    static struct call calls[10];
    struct client client;
    struct call call;
    write_line(federated, "one.two.three");
    init(&client, AUTH_WORKLOAD_IDENTITY);
    client.settings.graph.federated_token_file = federated;
    client_open(&client, true);
    look(&call, &client);
    assert_int_equal(call.status, 200);
    set_claims(1, status);
    for (size_t i = 0; i < 10; i++)
        call_get(&calls[i], &client, REQUESTS);
    client_wait(&client, 11);
    for (size_t i = 0; i < 10; i++)
        assert_int_equal(calls[i].status, 200);
    set_claims(2, status);
    for (size_t i = 0; i < 3; i++) {
        look(&call, &client);
        assert_int_equal(call.status, status);
    }
    assert_int_equal(token_is_refused(client.token), status == 401);
    client_close(&client);
    set_claims(0, status);
}

static void a_claims_challenge_is_answered_once(void **state)
{
    (void)state;
    answer_once(401);
    answer_once(403); /* Conditional Access */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_certificate_apart_and_in_one_file),
        cmocka_unit_test(a_certificate_that_is_replaced),
        cmocka_unit_test(a_federated_token_that_rotates),
        cmocka_unit_test(managed_identities),
        cmocka_unit_test(a_claims_challenge_is_answered_once),
    };
    return cmocka_run_group_tests(tests, open_world, close_world);
}
