#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "tests/config/harness.h"

/* Just enough that `auth: token` is complete. */
#define TOKEN "graph:\n  auth: token\n  token_file: /t\n"
#define LOCAL "  base_url: http://127.0.0.1:1/beta\n"

#define IS_V1                                                                                 \
    "usher.yaml:4:13: graph.base_url: is v1.0, which has no dry run; leave it at /beta, and " \
    "set graph.submit_version: v1.0 for the real requests\n"

static const struct row {
    const char *name, *yaml, *problems;
} rows[] = {
    {"complete", TOKEN, ""},
    {"a client secret needs three", "kafka:\n  group: a\n",
     "usher.yaml:1:1: graph.tenant_id: is needed for auth: client-secret; set it in the file, "
     "or as "
     "USHER_GRAPH_TENANT_ID or AZURE_TENANT_ID\n"
     "usher.yaml:1:1: graph.client_id: is needed for auth: client-secret; set it in the file, "
     "or as "
     "USHER_GRAPH_CLIENT_ID or AZURE_CLIENT_ID\n"
     "usher.yaml:1:1: graph.client_secret: is needed for auth: client-secret (or "
     "client_secret_file); set it in the file, or as USHER_GRAPH_CLIENT_SECRET or "
     "AZURE_CLIENT_SECRET\n"},
    {"a token is needed", "graph:\n  auth: token\n",
     "usher.yaml:2:9: graph.token: is needed for auth: token (or token_file); set it in the "
     "file, or "
     "as USHER_GRAPH_TOKEN\n"},
    {"a refused auth needs nothing", "graph:\n  auth: tokem\n",
     "usher.yaml:2:9: graph.auth: \"tokem\" is unknown; did you mean token? (client-secret, "
     "certificate, workload-identity, managed-identity, token)\n"},
    {"a certificate needs three", "graph:\n  auth: certificate\n  tenant_id: t\n",
     "usher.yaml:2:9: graph.client_id: is needed for auth: certificate; set it in the file, or as "
     "USHER_GRAPH_CLIENT_ID or AZURE_CLIENT_ID\n"
     "usher.yaml:2:9: graph.certificate_file: is needed for auth: certificate; set it in the file, "
     "or as USHER_GRAPH_CERTIFICATE_FILE\n"},
    {"a federated token is needed",
     "graph:\n  auth: workload-identity\n  tenant_id: t\n  client_id: c\n",
     "usher.yaml:2:9: graph.federated_token_file: is needed for auth: workload-identity; set it in "
     "the file, or as USHER_GRAPH_FEDERATED_TOKEN_FILE or AZURE_FEDERATED_TOKEN_FILE\n"},
    {"a managed identity needs nothing", "graph:\n  auth: managed-identity\n", ""},
    {"a host of another cloud",
     TOKEN "  cloud: china\n  authority_host: https://login.microsoftonline.us\n",
     "warning: usher.yaml:5:19: graph.authority_host: is https://login.microsoftonline.us, which "
     "is not of the same cloud as graph.base_url\n"},
    {"a host of one's own", TOKEN "  cloud: china\n  authority_host: https://sts.example.com\n",
     ""},
    {"actions without a token", TOKEN "admin:\n  actions_listen: 127.0.0.1:9465\n",
     "usher.yaml:5:19: admin.actions_listen: needs admin.token_file, or whoever reaches it could "
     "replay and pause; make one with openssl rand -hex 32\n"},
    {"actions beside the metrics",
     TOKEN "admin:\n  actions_listen: 127.0.0.1:9464\n  token_file: /t\n",
     "usher.yaml:5:19: admin.actions_listen: is the same address as admin.listen; actions need a "
     "port of their own\n"},
    {"a token that is short",
     TOKEN "admin:\n  actions_listen: \"[::1]:0\"\n  token: short-and-not-quoted\n",
     "usher.yaml:6:10: admin.token: is shorter than 24 characters, so it could be guessed; make "
     "one with openssl rand -hex 32\n"},
    {"actions with a token",
     TOKEN "admin:\n  actions_listen: localhost:1\n  token: 0123456789abcdef01234567\n", ""},
    {"a name for no proxy", TOKEN "  proxy_username: u\n",
     "usher.yaml:4:19: graph.proxy_username: is for graph.proxy, which names no proxy\n"},
    {"a password for no proxy", TOKEN "  proxy: direct\n  proxy_password_file: /p\n",
     "usher.yaml:5:24: graph.proxy_password_file: is for graph.proxy, which names no proxy\n"},
    {"a password without a name", TOKEN "  proxy: http://p.example:80\n  proxy_password_file: /p\n",
     "usher.yaml:5:24: graph.proxy_password_file: needs graph.proxy_username\n"},
    {"a proxy that asks",
     TOKEN "  proxy: http://p.example:80\n  proxy_username: u\n  proxy_password_file: /p\n", ""},
    {"a secret twice", TOKEN "  token: t\n",
     "usher.yaml:3:15: graph.token_file: graph.token is set as well; one of the two\n"},

    {"topics apart", TOKEN "kafka:\n  requests_topic: a\n  replies_topic: a\n",
     "usher.yaml:6:18: kafka.replies_topic: is the same topic as kafka.requests_topic; each has "
     "its "
     "own\n"},
    {"the default topics too", TOKEN "kafka:\n  dead_letters_topic: access-replies\n",
     "usher.yaml:5:23: kafka.dead_letters_topic: is the same topic as kafka.replies_topic; each "
     "has "
     "its own\n"},
    {"statuses apart", TOKEN "kafka:\n  status_topic: access-requests\n",
     "usher.yaml:5:17: kafka.status_topic: is the same topic as kafka.requests_topic; each has its "
     "own\n"},
    {"no replies as requests", TOKEN "kafka:\n  reply_topics_allowed: [b, access-requests]\n",
     "usher.yaml:5:25: kafka.reply_topics_allowed: has the topic of the requests in it; replies "
     "would be read as requests\n"},

    {"TLS files without TLS", TOKEN "redis:\n  tls_ca_file: /ca\n",
     "usher.yaml:5:16: redis.tls_ca_file: is for TLS only; redis.url must be rediss:// then\n"},
    {"a certificate without its key", TOKEN "redis:\n  url: rediss://r\n  tls_cert_file: /c\n",
     "usher.yaml:6:18: redis.tls_cert_file: needs redis.tls_key_file as well\n"},
    {"a key without its certificate", TOKEN "redis:\n  url: rediss://r\n  tls_key_file: /k\n",
     "usher.yaml:6:17: redis.tls_key_file: needs redis.tls_cert_file as well\n"},

    {"a lease as long as a call", TOKEN "redis:\n  lease: 32s\n",
     "usher.yaml:5:10: redis.lease: must be longer than 32s (graph.timeout and 2 s): a claim must "
     "outlive a call\n"},
    {"a lease one longer", TOKEN "redis:\n  lease: 33s\n", ""},
    {"a refused timeout says nothing of the lease", TOKEN "  timeout: 1\nredis:\n  lease: 1s\n",
     "usher.yaml:4:12: graph.timeout: 1 has no unit; write 1s or 1ms (units: ms, s, m, h, d)\n"},
    {"a memory shorter than a lease", TOKEN "redis:\n  keep: 1m\n",
     "usher.yaml:5:9: redis.keep: must not be shorter than redis.lease\n"},

    {"v1.0 has no dry run", TOKEN "  base_url: https://graph.microsoft.com/v1.0/\n", IS_V1},
    {"whatever its case", TOKEN "  base_url: https://graph.microsoft.com/V1.0\n", IS_V1},
    {"wherever it stands",
     TOKEN "  base_url: https://graph.microsoft.com/v1.0/identityGovernance\n", IS_V1},
    {"whatever else is set",
     TOKEN "  base_url: https://graph.microsoft.com/v1.0\n  dry_run: off\n"
           "  submit_version: v1.0\n",
     IS_V1 "warning: usher.yaml:5:12: graph.dry_run: is off: real requests are sent without a dry "
           "run before them\n"},
    {"v1.0 beside beta", TOKEN "  submit_version: v1.0\n", ""},
    {"v1.0 beside nothing",
     TOKEN "  base_url: https://gateway.example/graph\n  submit_version: v1.0\n",
     "usher.yaml:4:13: graph.base_url: must end in /beta with graph.submit_version: v1.0, whose "
     "root is beside it: /v1.0 in place of /beta\n"},
    {"a host that is called beta", TOKEN "  base_url: https://beta\n  submit_version: v1.0\n",
     "usher.yaml:4:13: graph.base_url: must end in /beta with graph.submit_version: v1.0, whose "
     "root is beside it: /v1.0 in place of /beta\n"},
    {"beta beside nothing", TOKEN "  base_url: https://gateway.example/graph\n", ""},
    {"a path into v1.0",
     TOKEN
     "  base_url: https://graph.microsoft.com\n  beta_assignment_path: /v1.0/assignmentRequests\n",
     "usher.yaml:5:25: graph.beta_assignment_path: must not have v1.0 in it: it "
     "begins below the version's root\n"},

    /* Warnings: the settings stand. */
    {"no dry run", TOKEN "  dry_run: off\n",
     "warning: usher.yaml:4:12: graph.dry_run: is off: real requests are sent without a dry run "
     "before them\n"},
    {"a lenient echo", TOKEN "  dry_run_echo: lenient\n",
     "warning: usher.yaml:4:17: graph.dry_run_echo: is lenient: a Graph that ignores "
     "isValidationOnly "
     "would grant at the dry run\n"},
    {"at least once", TOKEN "kafka:\n  delivery: at-least-once\n",
     "warning: usher.yaml:5:13: kafka.delivery: is at-least-once: a crash may repeat replies\n"},
    {"no limit", TOKEN "  writes_per_second: 0\n  settle: 1s\n",
     "warning: usher.yaml:4:22: graph.writes_per_second: is 0: Graph throttles above 20 a second\n"
     "warning: usher.yaml:5:11: graph.settle: is under 1m: a look-up may miss a grant that "
     "happened, "
     "and a second is sent\n"},
    {"no limit to a stand-in", TOKEN LOCAL "  writes_per_second: 0\n  settle: 1s\n", ""},
    {"a short drain", TOKEN "drain: 10s\n",
     "warning: usher.yaml:4:8: drain: is shorter than graph.timeout (30s): a call may be cut "
     "off at "
     "SIGTERM\n"},
};

static void what_two_settings_say_together_is_checked(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct loaded loaded;
        bool is_good = rows[i].problems[0] == '\0' ||
                       strncmp(rows[i].problems, "warning: ", strlen("warning: ")) == 0;
        print_message("%s\n", rows[i].name);
        harness_load(&loaded, rows[i].yaml, NULL, NULL, NULL);
        assert_string_equal(loaded.problems, rows[i].problems);
        assert_int_equal(loaded.result, is_good ? LOAD_OK : LOAD_INVALID);
        harness_unload(&loaded);
    }
}

/* Where there is no file, nothing has a line. */
static void what_is_missing_without_a_file_is_named(void **state)
{
    static const struct texts environment = {
        {"USHER_GRAPH_AUTH=token", "USHER_DRAIN=1s", "USHER_KAFKA_DELIVERY=at-least-once"}};
    struct loaded loaded;

    (void)state;
    harness_load(&loaded, NULL, &environment, NULL, NULL);
    assert_string_equal(
        loaded.problems,
        "graph.token: is needed for auth: token (or token_file); set it in the file, or as "
        "USHER_GRAPH_TOKEN\n"
        "warning: environment USHER_KAFKA_DELIVERY: is at-least-once: a crash may repeat replies\n"
        "warning: environment USHER_DRAIN: is shorter than graph.timeout (30s): a call may be "
        "cut off "
        "at SIGTERM\n");
    harness_unload(&loaded);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_two_settings_say_together_is_checked),
        cmocka_unit_test(what_is_missing_without_a_file_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
