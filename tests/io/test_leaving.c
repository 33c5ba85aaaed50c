/* A worker that ends while the group's offer lies unheard. librdkafka puts a revocation behind it,
 * takes the first answer for both, and one more would never come back: without care this test does
 * not end (always, where librdkafka takes its time between the two, to write what it does). */
#include "tests/io/kafka_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

enum {
    PARTITIONS = 4,
    WORD_MS = 2000, /* till then the group has said it */
};

static struct pair slow[] = {{.name = (char[]){"debug"}, .value = (char[]){"cgrp"}}};

static void test_offer(void **state)
{
    (void)state;
    struct kafka_mock mock;
    static struct kafka_world one;
    kafka_mock_open(&mock, PARTITIONS);
    kafka_world_init(&one, mock.brokers, "a");
    one.settings.kafka.librdkafka = (struct pairs){slow, 1};
    kafka_world_open(&one, 16);
    usleep(WORD_MS * 1000);
    kafka_world_close(&one);
    kafka_mock_finish(&mock);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_offer)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
