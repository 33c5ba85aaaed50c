/* Host and port out of lists and addresses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "worker/core/endpoint.h"

static void hosts_and_ports(void **state)
{
    static const struct {
        const char *text, *name; /* NULL: it is none */
    } rows[] = {
        {"broker:9093", "broker:9093"},
        {"broker", "broker:9092"},
        {" broker:1 ", "broker:1"},
        {"SASL_SSL://broker:9093", "broker:9093"},
        {"[::1]:9093", "[::1]:9093"},
        {"[fe80::1]", "[fe80::1]:9092"},
        {"broker:65535", "broker:65535"},
        {"", NULL},
        {":9092", NULL},
        {"broker:", NULL},
        {"broker:0", NULL},
        {"broker:65536", NULL},
        {"broker:99999999999999999999", NULL},
        {"broker:90a", NULL},
        {"broker:-1", NULL},
        {"[::1", NULL},
        {"[]:9092", NULL},
        {"[::1]9092", NULL},
        {"ssl://", NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct endpoint endpoint;
        char name[ENDPOINT_NAME_SIZE];
        bool good = endpoint_read(str_of(rows[i].text), 9092, &endpoint);
        if (good != (rows[i].name != NULL))
            fail_msg("\"%s\": %d", rows[i].text, good);
        if (!good)
            continue;
        endpoint_name(&endpoint, name);
        assert_string_equal(name, rows[i].name);
    }
}

static void a_host_has_a_limit(void **state)
{
    char text[300];
    struct endpoint endpoint;
    (void)state;
    memset(text, 'a', sizeof text);
    assert_true(endpoint_read((struct str){text, sizeof endpoint.host - 1}, 1, &endpoint));
    assert_int_equal(strlen(endpoint.host), sizeof endpoint.host - 1);
    assert_false(endpoint_read((struct str){text, sizeof endpoint.host}, 1, &endpoint));
}

static void addresses(void **state)
{
    static const struct {
        const char *url, *host;
        int port;
    } rows[] = {
        {"https://graph.microsoft.com/beta", "graph.microsoft.com", 443},
        {"http://127.0.0.1:8080/beta", "127.0.0.1", 8080},
        {"http://localhost", "localhost", 80},
        {"https://[::1]:444?x", "::1", 444},
        {"ftp://localhost/", NULL, 0},
        {"https:///beta", NULL, 0},
        {"localhost:80", NULL, 0},
        {"", NULL, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct endpoint endpoint;
        bool good = endpoint_of_url(rows[i].url, &endpoint);
        if (good != (rows[i].host != NULL))
            fail_msg("\"%s\": %d", rows[i].url, good);
        if (!good)
            continue;
        assert_string_equal(endpoint.host, rows[i].host);
        assert_int_equal(endpoint.port, rows[i].port);
    }
}

static void lists(void **state)
{
    struct str list = str_of(",a:1, b ,,c,"), piece;
    (void)state;
    assert_true(endpoint_next(&list, &piece));
    assert_true(str_is(piece, "a:1"));
    assert_true(endpoint_next(&list, &piece));
    assert_true(str_is(piece, "b"));
    assert_true(endpoint_next(&list, &piece));
    assert_true(str_is(piece, "c"));
    assert_false(endpoint_next(&list, &piece));
    list = str_of(" , ");
    assert_false(endpoint_next(&list, &piece));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hosts_and_ports),
        cmocka_unit_test(a_host_has_a_limit),
        cmocka_unit_test(addresses),
        cmocka_unit_test(lists),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
