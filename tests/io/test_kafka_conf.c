#include "worker/io/kafka_conf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void test_properties(void **state)
{
    (void)state;
    static const struct {
        const char *name, *value, *error;
    } rows[] = {
        {"session.timeout.ms", "30000", NULL},
        {"security.protocol", "sasl_ssl", NULL},
        {"compression.type", "lz4", NULL},
        {"sesion.timeout.ms", "30000", "has no property \"sesion.timeout.ms\""},
        {"session.timeout.ms", "soon", "\"session.timeout.ms\" cannot be set"},
        {"security.protocol", "none", "\"security.protocol\" cannot be set"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct error error = {""};
        print_message("row %zu: %s=%s\n", i, rows[i].name, rows[i].value);
        assert_int_equal(kafka_property_check(rows[i].name, rows[i].value, &error),
                         rows[i].error == NULL);
        if (rows[i].error != NULL)
            assert_non_null(strstr(error.text, rows[i].error));
    }
}

static void check_property(rd_kafka_conf_t *conf, const char *name, const char *expected)
{
    char value[256];
    size_t size = sizeof value;
    assert_int_equal(rd_kafka_conf_get(conf, name, value, &size), RD_KAFKA_CONF_OK);
    print_message("%s=%s\n", name, value);
    assert_string_equal(value, expected);
}

/* The operator's properties go to the client they are for, above our defaults. */
static void test_pass_through(void **state)
{
    (void)state;
    struct pair pairs[] = {
        {.name = (char[]){"session.timeout.ms"}, .value = (char[]){"20000"}},
        {.name = (char[]){"linger.ms"}, .value = (char[]){"3"}},
        {.name = (char[]){"socket.timeout.ms"}, .value = (char[]){"4000"}},
    };
    struct settings settings = {
        .kafka = {.brokers = "localhost:1", .group = "group", .instance_id = "one"}};
    settings.kafka.delivery = DELIVERY_EXACTLY_ONCE;
    settings.kafka.librdkafka = (struct pairs){pairs, 3};
    struct error error = {""};
    rd_kafka_conf_t *consumer = kafka_conf_consumer(&settings, &error);
    rd_kafka_conf_t *producer = kafka_conf_producer(&settings, &error);
    assert_non_null(consumer);
    assert_non_null(producer);
    check_property(consumer, "session.timeout.ms", "20000");
    check_property(consumer, "linger.ms", "5");
    check_property(consumer, "socket.timeout.ms", "4000");
    check_property(consumer, "group.instance.id", "one");
    check_property(producer, "session.timeout.ms", "45000");
    check_property(producer, "linger.ms", "3");
    check_property(producer, "socket.timeout.ms", "4000");
    check_property(producer, "transactional.id", "group-one");
    rd_kafka_conf_destroy(consumer);
    rd_kafka_conf_destroy(producer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_properties),
        cmocka_unit_test(test_pass_through),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
