/* librdkafka's statistics: what is read of them, and that nothing else of them can do harm. */
#include "worker/io/kafka_stats.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define RTT(count, p99) "\"rtt\": { \"min\":1, \"avg\":2, \"p99\":" p99 ", \"cnt\":" count " }"
#define BROKER(name, id, state, rtt)                                                          \
    "\"" name "\": { \"name\":\"" name "\", \"nodeid\":" id ", \"source\":\"learned\", "      \
    "\"state\":\"" state "\", \"stateage\":98361, \"toppars\":{ \"t-0\": { \"topic\":\"t\", " \
    "\"partition\":0} }, " rtt " }"
#define AROUND(brokers)                                                                    \
    "{ \"name\": \"usher#consumer-1\", \"ts\":9223372036854775807, \"brokers\":{ " brokers \
    "} , \"topics\":{ \"t\": { \"partitions\":{ \"-1\": { \"consumer_lag\":-1 } } } } }"
#define TWO                                                                                    \
    BROKER("a:9092/1", "1", "UP", RTT("7", "1534"))                                            \
    ", " BROKER("b:9092/2", "2", "CONNECT",                                                    \
                RTT("0", "0")) ", " BROKER("a:9092/bootstrap", "-1", "INIT",                   \
                                           RTT("0", "0")) ", " BROKER("GroupCoordinator", "1", \
                                                                      "UP", RTT("9", "2000")) "\n"

static void test_brokers(void **state)
{
    (void)state;
    struct kafka_stats stats = {.count = 0};
    kafka_stats_read(&stats, str_of(AROUND(TWO)));
    assert_int_equal(stats.count, 2);
    assert_int_equal(stats.brokers[0].id, 1);
    assert_true(stats.brokers[0].up);
    assert_int_equal(stats.brokers[0].rtt_us, 2000); /* the coordinator is the same broker */
    assert_int_equal(stats.brokers[1].id, 2);
    assert_false(stats.brokers[1].up);
    assert_int_equal(stats.brokers[1].rtt_us, -1);

    /* A broker that was asked nothing since keeps what was measured; one that is gone goes. */
    kafka_stats_read(&stats, str_of(AROUND(BROKER("a", "1", "DOWN", RTT("0", "0")))));
    assert_int_equal(stats.count, 1);
    assert_false(stats.brokers[0].up);
    assert_int_equal(stats.brokers[0].rtt_us, 2000);

    kafka_stats_read(&stats, str_of(AROUND("")));
    assert_int_equal(stats.count, 0);
}

/* A name that nobody escapes cannot become more than a number that is wrong. */
static void test_hostile(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "",
        "{",
        "[]",
        "{}",
        "{\"brokers\"",
        "{\"brokers\":",
        "{\"brokers\":}",
        "{\"brokers\":1}",
        "{\"brokers\":{\"a\":{}",
        "{\"brokers\":{\"a\" 1}}",
        "{\"brokers\":{,}}",
        "{\"brokers\":{\"a\":]}}",
        "{\"brokers\":{\"a\\",
        AROUND(BROKER("a\"}}:9/1", "5", "UP", RTT("1", "2"))),
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct kafka_stats stats = {{{7, true, 1}}, 1};
        kafka_stats_read(&stats, str_of(rows[i]));
        if (stats.count != 1 || stats.brokers[0].id != 7)
            fail_msg("row %zu", i);
    }
    struct kafka_stats stats = {.count = 0};
    kafka_stats_read(&stats, str_of(AROUND(BROKER("a", "99999999999", "UP", RTT("1", "2")))));
    assert_int_equal(stats.count, 0);
    kafka_stats_read(&stats,
                     str_of(AROUND(BROKER("a", "1", "UP", RTT("1", "99999999999999999999")))));
    assert_int_equal(stats.brokers[0].rtt_us, -1);
}

/* Cut anywhere, and with any byte changed: a sanitizer sees a read past the end. */
static void test_broken(void **state)
{
    (void)state;
    static const char whole[] = AROUND(TWO);
    static const char bytes[] = "\"{}[],:\\ 0-\0";
    for (size_t size = 0; size < sizeof whole; size++) {
        struct kafka_stats stats = {.count = 0};
        char *copy = malloc(size + 1);
        assert_non_null(copy);
        memcpy(copy, whole, size);
        char *exact = realloc(copy, size > 0 ? size : 1);
        assert_non_null(exact);
        kafka_stats_read(&stats, (struct str){exact, size});
        for (size_t i = 0; size > 0 && i < sizeof bytes; i++) {
            exact[size / 2] = bytes[i];
            kafka_stats_read(&stats, (struct str){exact, size});
            assert_in_range(stats.count, 0, KAFKA_BROKERS_MAX);
        }
        free(exact);
    }
}

static void test_many(void **state)
{
    (void)state;
    static char text[100 << 10];
    size_t size = (size_t)snprintf(text, sizeof text, "{\"brokers\":{");
    for (int i = 0; i < 2 * KAFKA_BROKERS_MAX; i++)
        size +=
            (size_t)snprintf(text + size, sizeof text - size,
                             "%s\"b%d\":{\"nodeid\":%d,\"state\":\"UP\"}", i > 0 ? "," : "", i, i);
    snprintf(text + size, sizeof text - size, "}}");
    struct kafka_stats stats = {.count = 0};
    kafka_stats_read(&stats, str_of(text));
    assert_int_equal(stats.count, KAFKA_BROKERS_MAX);
}

static void test_places(void **state)
{
    (void)state;
    struct kafka_place places[3] = {{0}};
    size_t count = 0;
    for (int32_t i = 0; i < 5; i++)
        count = kafka_place_add(places, count, 3,
                                (struct kafka_place){.partition = i, .lag = 10 + i, .fetched = 1});
    assert_int_equal(count, 3);
    assert_int_equal(places[1].partition, 1);
    assert_int_equal(places[1].lag, 11);
    assert_int_equal(places[2].partition, -1);
    assert_int_equal(places[2].lag, 12 + 13 + 14);
    assert_int_equal(places[2].fetched, 3);
    (void)kafka_place_add(places, count, 3,
                          (struct kafka_place){.partition = 5, .lag = -1, .fetched = 0});
    (void)kafka_place_add(places, count, 3,
                          (struct kafka_place){.partition = 6, .lag = 7, .fetched = 0});
    assert_int_equal(places[2].lag, -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_brokers), cmocka_unit_test(test_hostile),
        cmocka_unit_test(test_broken),  cmocka_unit_test(test_many),
        cmocka_unit_test(test_places),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
