#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "config/reserved.h"
#include "config/rules.h"

typedef bool rule(char *text, struct error *error);

/* `tidied` NULL: refused, and the error has `says` in it. */
static const struct row {
    rule *rule;
    const char *text, *tidied, *says;
} rows[] = {
    {rule_web_url, "https://graph.microsoft.com/beta", "https://graph.microsoft.com/beta", NULL},
    {rule_web_url, "https://graph.microsoft.com/beta///", "https://graph.microsoft.com/beta", NULL},
    {rule_web_url, "https://h:8443", "https://h:8443", NULL},
    {rule_web_url, "https://[2001:db8::1]:8443/beta", "https://[2001:db8::1]:8443/beta", NULL},
    {rule_web_url, "http://localhost:8080/beta", "http://localhost:8080/beta", NULL},
    {rule_web_url, "http://127.0.0.1/", "http://127.0.0.1", NULL},
    {rule_web_url, "http://127.255.255.254:1", "http://127.255.255.254:1", NULL},
    {rule_web_url, "http://[::1]:80", "http://[::1]:80", NULL},
    {rule_web_url, "http://graph.microsoft.com", NULL, "https:// only"},
    {rule_web_url, "http://127.0.0.1.example.com", NULL, "https:// only"},
    {rule_web_url, "http://localhost.example.com", NULL, "https:// only"},
    {rule_web_url, "http://128.0.0.1", NULL, "https:// only"},
    {rule_web_url, "http://[::2]", NULL, "https:// only"},
    {rule_web_url, "http://[::ffff:127.0.0.1]", NULL, "https:// only"},
    {rule_web_url, "http://127.1", NULL, "https:// only"},
    {rule_web_url, "http://localhost@example.com/", NULL, "without a user"},
    {rule_web_url, "http://127.0.0.1:80@example.com/", NULL, "without a user"},
    {rule_web_url, "http://localhost\\@example.com/", NULL, "without a user"},
    {rule_web_url, "http://localhost#@example.com/", NULL, "without a user"},
    {rule_web_url, "http://localhost%2eexample.com/", NULL, "without a user"},
    {rule_web_url, "https://h/beta?x=1", NULL, "path that does not belong"},
    {rule_web_url, "https://h/a b", NULL, "path that does not belong"},
    {rule_web_url, "https://", NULL, "names no host"},
    {rule_web_url, "https:///beta", NULL, "names no host"},
    {rule_web_url, "https://h:0", NULL, "port 0"},
    {rule_web_url, "https://h:65536", NULL, "port"},
    {rule_web_url, "https://h:", NULL, "port"},
    {rule_web_url, "https://[::1", NULL, "IPv6"},
    {rule_web_url, "graph.microsoft.com", NULL, "must start with https://"},
    {rule_web_url, "", NULL, "must start with https://"},
    {rule_web_url, "http://169.254.169.254/x", NULL, "https:// only"},
    {rule_identity_url, "http://169.254.169.254/x/", "http://169.254.169.254/x", NULL},
    {rule_identity_url, "http://localhost:42356/msi/token", "http://localhost:42356/msi/token",
     NULL},
    {rule_identity_url, "http://169.253.0.1", NULL, "https:// only"},
    {rule_identity_url, "http://169.254.1.1.example.com", NULL, "https:// only"},
    {rule_web_url, "https://h/beta/.", NULL, "where it leads to"},
    {rule_web_url, "https://h/beta/../v1.0", NULL, "where it leads to"},
    {rule_web_url, "https://h/..", NULL, "where it leads to"},
    {rule_web_url, "https://h/..a/.b", "https://h/..a/.b", NULL},
    {rule_path, "/a", "/a", NULL},
    {rule_path, "/identityGovernance/entitlementManagement/assignmentRequests",
     "/identityGovernance/entitlementManagement/assignmentRequests", NULL},
    {rule_path, "", NULL, "start with a slash"},
    {rule_path, "/", NULL, "start with a slash"},
    {rule_path, "a", NULL, "start with a slash"},
    {rule_path, "https://h/a", NULL, "start with a slash"},
    {rule_path, "/a/", NULL, "end in a slash"},
    {rule_path, "/a//b", NULL, "empty"},
    {rule_path, "//h/a", NULL, "empty"},
    {rule_path, "/../v1.0/a", NULL, ". or .."},
    {rule_path, "/a/.", NULL, ". or .."},
    {rule_path, "/a/./b", NULL, ". or .."},
    {rule_path, "/v1.0/a", NULL, "v1.0 in it"},
    {rule_path, "/a/V1.0", NULL, "v1.0 in it"},
    {rule_path, "/v1.0a", "/v1.0a", NULL},
    {rule_path, "/a?b", NULL, "without a query"},
    {rule_path, "/a%2e", NULL, "letters"},
    {rule_path, "/a b", NULL, "letters"},
    {rule_path, "/a\nb", NULL, "letters"},
    {rule_path, "/@h", NULL, "letters"},
    {rule_proxy, "", "", NULL},
    {rule_proxy, "direct", "direct", NULL},
    {rule_proxy, "http://proxy.example:3128", "http://proxy.example:3128", NULL},
    {rule_proxy, "https://[2001:db8::1]:3128/", "https://[2001:db8::1]:3128", NULL},
    {rule_proxy, "proxy.example:3128", NULL, "must be http://host:port"},
    {rule_proxy, "socks5://proxy.example:1080", NULL, "must be http://host:port"},
    {rule_proxy, "http://user:word@proxy.example:3128", NULL, "graph.proxy_password_file"},
    {rule_proxy, "http://proxy.example", NULL, "names no port"},
    {rule_proxy, "http://proxy.example:0", NULL, "names no port"},
    {rule_proxy, "http://proxy.example:70000", NULL, "not a number"},
    {rule_proxy, "http://:3128", NULL, "names no host"},
    {rule_proxy, "http://proxy.example:3128/x", NULL, "no path"},
    {rule_scope, "", "", NULL},
    {rule_scope, "https://graph.microsoft.com/.default", "https://graph.microsoft.com/.default",
     NULL},
    {rule_scope, "https://graph.microsoft.com/User.Read", NULL, "no scope"},
    {rule_scope, "/.default", NULL, "no scope"},
    {rule_scope, "https://a/.default https://b/.default", NULL, "no scope"},

    {rule_redis_url, "redis://localhost:6379/0", "redis://localhost:6379/0", NULL},
    {rule_redis_url, "rediss://redis.example.com/", "rediss://redis.example.com/", NULL},
    {rule_redis_url, "redis://[::1]:7000/15", "redis://[::1]:7000/15", NULL},
    {rule_redis_url, "unix:///run/redis/redis.sock", "unix:///run/redis/redis.sock", NULL},
    {rule_redis_url, "unix://run/redis.sock", NULL, "must start with"},
    {rule_redis_url, "http://localhost", NULL, "must start with"},
    {rule_redis_url, "redis://:hunter2@localhost", NULL, "redis.password_file"},
    {rule_redis_url, "redis://localhost/x", NULL, "number of a database"},
    {rule_redis_url, "redis://localhost?db=1", NULL, "number of a database"},
    {rule_redis_url, "redis://", NULL, "names no host"},
    {rule_redis_url, "redis://h:0", NULL, "port 0"},
    {rule_redis_url,
     "unix:///123456789/123456789/123456789/123456789/123456789/123456789/123456789/123456789/"
     "123456789/123456789/1234567",
     NULL, "too long for a socket"},

    {rule_brokers, "a:9092,b:9092", "a:9092,b:9092", NULL},
    {rule_brokers, "SASL_SSL://a:9092", "SASL_SSL://a:9092", NULL},
    {rule_brokers, "", NULL, "no broker at all"},
    {rule_brokers, "a:1,", NULL, "beside a comma"},
    {rule_brokers, "a:1,,b:1", NULL, "beside a comma"},
    {rule_brokers, "a:1, b:1", NULL, "blank"},

    {rule_topic, "access-requests.v1_2", "access-requests.v1_2", NULL},
    {rule_topic, "", NULL, "must not be empty"},
    {rule_topic, "..", NULL, "no name for a topic"},
    {rule_topic, "a/b", NULL, "no name for a topic"},
    {rule_name, "team:usher", "team:usher", NULL},
    {rule_name, "", NULL, "must not be empty"},
    {rule_name, "{a}", NULL, "letters, digits"},
    {rule_instance_id, "", "", NULL},
    {rule_instance_id, "usher-0", "usher-0", NULL},
    {rule_instance_id, "usher 0", NULL, "letters, digits"},
    {rule_identifier, "", "", NULL},
    {rule_identifier, "contoso.onmicrosoft.com", "contoso.onmicrosoft.com", NULL},
    {rule_identifier, "../x", NULL, "neither a GUID"},

    {rule_listen, "", "", NULL},
    {rule_listen, "127.0.0.1:9464", "127.0.0.1:9464", NULL},
    {rule_listen, "[::]:0", "[::]:0", NULL},
    {rule_listen, "9464", NULL, "not host:port"},
    {rule_listen, ":9464", NULL, "names no host"},
    {rule_listen, "127.0.0.1", NULL, "not host:port"},
    {rule_listen, "127.0.0.1:9464/metrics", NULL, "not host:port"},
    {rule_listen, "127.0.0.1:99999", NULL, "port"},
};

static void a_text_is_tidied_or_refused_with_a_reason(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[512];
        struct error error = {0};
        print_message("row %zu: %s\n", i, rows[i].text);
        (void)snprintf(text, sizeof text, "%s", rows[i].text);
        bool is_good = rows[i].rule(text, &error);
        assert_int_equal(is_good, rows[i].tidied != NULL);
        if (is_good) {
            assert_string_equal(text, rows[i].tidied);
            continue;
        }
        if (strstr(error.text, rows[i].says) == NULL) {
            fail_msg("it says: %s", error.text);
        }
        assert_null(strstr(error.text, "hunter2"));
    }
}

static void a_name_longer_than_kafkas_is_refused(void **state)
{
    char text[300];
    struct error error;

    (void)state;
    memset(text, 'a', sizeof text);
    text[249] = '\0';
    assert_true(rule_topic(text, &error));
    text[249] = 'a';
    text[250] = '\0';
    assert_false(rule_topic(text, &error));
    text[200] = '\0';
    assert_true(rule_name(text, &error));
    assert_true(rule_instance_id(text, &error));
    text[200] = 'a';
    text[201] = '\0';
    assert_false(rule_name(text, &error));
    assert_false(rule_instance_id(text, &error));
}

static void this_machine_is_known_by_its_address(void **state)
{
    (void)state;
    assert_true(url_is_loopback("http://localhost:1/beta"));
    assert_true(url_is_loopback("https://127.0.0.2"));
    assert_true(url_is_loopback("http://[::1]:1"));
    assert_false(url_is_loopback("https://graph.microsoft.com/beta"));
    assert_false(url_is_loopback("https://127.0.0.1.example.com"));
}

static void a_property_with_a_secret_is_known_by_its_words(void **state)
{
    static const char *const secrets[] = {"sasl.password",
                                          "ssl.key.password",
                                          "ssl.keystore.password",
                                          "ssl.key.pem",
                                          "sasl.oauthbearer.client.secret",
                                          "sasl.oauthbearer.config",
                                          "sasl.oauthbearer.assertion.private.key.pem",
                                          "sasl.oauthbearer.assertion.private.key.passphrase"};
    static const char *const others[] = {"sasl.username",
                                         "ssl.key.location",
                                         "ssl.ca.location",
                                         "sasl.oauthbearer.token.endpoint.url",
                                         "socket.keepalive.enable",
                                         "session.timeout.ms"};

    (void)state;
    for (size_t i = 0; i < sizeof secrets / sizeof secrets[0]; i++) {
        print_message("%s\n", secrets[i]);
        assert_true(property_is_secret(secrets[i]));
    }
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        print_message("%s\n", others[i]);
        assert_false(property_is_secret(others[i]));
    }
}

static void reserved_properties_are_sorted_and_have_a_reason(void **state)
{
    (void)state;
    for (size_t i = 0; i < reserved_properties_count; i++) {
        assert_ptr_equal(property_reserved(reserved_properties[i].name),
                         reserved_properties[i].reason);
        assert_true(strlen(reserved_properties[i].reason) > 10);
        assert_true(i == 0 ||
                    strcmp(reserved_properties[i - 1].name, reserved_properties[i].name) < 0);
    }
    assert_null(property_reserved("session.timeout.ms"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_is_tidied_or_refused_with_a_reason),
        cmocka_unit_test(a_name_longer_than_kafkas_is_refused),
        cmocka_unit_test(this_machine_is_known_by_its_address),
        cmocka_unit_test(a_property_with_a_secret_is_known_by_its_words),
        cmocka_unit_test(reserved_properties_are_sorted_and_have_a_reason),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
