#include "tests/io/kafka_world.h"
#include "tests/io/log_capture.h"

#include <librdkafka/rdkafka_mock.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { PARTITIONS = 4, LIMIT_MS = 20000 };

static struct kafka_mock mock;
static struct kafka_world one, two;

static int setup(void **state)
{
    (void)state;
    kafka_mock_open(&mock, PARTITIONS);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    kafka_mock_finish(&mock);
    return 0;
}

static bool hold_all(const struct request *rq)
{
    (void)rq;
    return true;
}

static size_t wanted;

static bool has_answered(void *context)
{
    struct kafka_world *world = context;
    return world->answered >= wanted && settle_is_idle(world->settle);
}

static bool has_held(void *context)
{
    struct kafka_world *world = context;
    return world->held_count >= wanted;
}

static bool is_joined(void *context)
{
    struct kafka_world *world = context;
    return source_is_joined(world->source);
}

static void check_committed(int32_t partition, int64_t offset, const char *start)
{
    char *metadata;
    assert_int_equal(kafka_read_committed(mock.brokers, "group", "requests", partition, &metadata),
                     offset);
    if (strncmp(metadata, start, strlen(start)) != 0)
        fail_msg("partition %d: metadata is %s", (int)partition, metadata);
    free(metadata);
}

/* 1,000 records of 4 partitions, all answered, and all of it committed. */
static void test_takes_all(void **state)
{
    (void)state;
    for (int32_t i = 0; i < PARTITIONS; i++)
        kafka_send(mock.brokers, "requests", i, 250);
    kafka_world_init(&one, mock.brokers, "one");
    kafka_world_open(&one, 1024);
    wanted = 1000;
    assert_true(kafka_world_until(&one, has_answered, &one, LIMIT_MS));
    assert_int_equal(source_assigned(one.source), PARTITIONS);
    assert_int_equal(source_stats(one.source).taken, 1000);
    assert_int_equal(settle_stats(one.settle).replies, 1000);
    assert_int_equal(settle_stats(one.settle).dead_letters, 1000);
    assert_int_equal(source_lag(one.source), 0);
    kafka_world_close(&one);
    for (int32_t i = 0; i < PARTITIONS; i++)
        check_committed(i, 250, "u1:250:4096:-::");
}

/* The record as the core sees it. */
static void test_record_is_whole(void **state)
{
    (void)state;
    kafka_send(mock.brokers, "requests", 2, 3);
    kafka_world_init(&one, mock.brokers, "one");
    one.holds = hold_all;
    kafka_world_open(&one, 16);
    wanted = 3;
    assert_true(kafka_world_until(&one, has_held, &one, LIMIT_MS));
    const struct record *record = &one.held[1]->record;
    assert_string_equal(record->topic, "requests");
    assert_int_equal(record->partition, 2);
    assert_int_equal(record->offset, 1);
    assert_true(record->timestamp_ms > 1700000000000);
    assert_true(str_is(record->key, "k1"));
    assert_true(str_is(record->value, "v1"));
    assert_int_equal(record->header_count, 1);
    assert_true(str_is(record_header(record, "h")->value, "1"));
    kafka_world_close(&one);
}

/* Answers out of order; the next owner skips exactly what was answered. */
static void test_restart_skips_what_was_answered(void **state)
{
    (void)state;
    kafka_send(mock.brokers, "requests", 0, 100);
    kafka_world_init(&one, mock.brokers, "one");
    one.holds = hold_all;
    kafka_world_open(&one, 256);
    wanted = 100;
    assert_true(kafka_world_until(&one, has_held, &one, LIMIT_MS));
    size_t released = 0;
    for (size_t i = one.held_count; i > 0; i--) {
        if (one.held[i - 1]->record.offset % 3 == 1) {
            kafka_world_release(&one, i - 1);
            released++;
        }
    }
    wanted = released;
    assert_true(kafka_world_until(&one, has_answered, &one, LIMIT_MS));
    kafka_world_close(&one);
    check_committed(0, 0, "u1:0:4096:-:kiRJkiRJkiRJkiRJAg==:");

    kafka_world_init(&two, mock.brokers, "one");
    kafka_world_open(&two, 256);
    wanted = 100 - released;
    assert_true(kafka_world_until(&two, has_answered, &two, LIMIT_MS));
    assert_int_equal(source_stats(two.source).skipped, released);
    kafka_world_close(&two);
    int counts[OFFSETS_MAX];
    assert_int_equal(kafka_count_replies(mock.brokers, "replies", PARTITIONS, 0, counts), 100);
    for (int i = 0; i < 100; i++)
        assert_int_equal(counts[i], 1);
}

/* Three requests at once, and then a long time with none: nothing is lost, and the group stays. */
static void test_full_pool_loses_nothing(void **state)
{
    (void)state;
    for (int32_t i = 0; i < PARTITIONS; i++)
        kafka_send(mock.brokers, "requests", i, 50);
    kafka_world_init(&one, mock.brokers, "one");
    one.holds = hold_all;
    kafka_world_open(&one, 3);
    wanted = 3;
    assert_true(kafka_world_until(&one, has_held, &one, LIMIT_MS));
    kafka_world_turn(&one, 2500);
    assert_int_equal(one.held_count, 3);
    assert_int_equal(source_stats(one.source).intake, INTAKE_FULL);
    one.holds = NULL;
    while (one.held_count > 0)
        kafka_world_release(&one, 0);
    wanted = 4 * 50;
    assert_true(kafka_world_until(&one, has_answered, &one, LIMIT_MS));
    kafka_world_close(&one);
    for (int32_t i = 0; i < PARTITIONS; i++)
        check_committed(i, 50, "u1:50:");
}

/* One partition's first record takes long: it alone stops at its window. */
static bool hold_the_first(const struct request *rq)
{
    return rq->record.partition == 1 && rq->record.offset == 0;
}

static void test_window_stops_one_partition(void **state)
{
    (void)state;
    for (int32_t i = 0; i < PARTITIONS; i++)
        kafka_send(mock.brokers, "requests", i, 100);
    kafka_world_init(&one, mock.brokers, "one");
    one.settings.kafka.window = 10;
    one.holds = hold_the_first;
    kafka_world_open(&one, 64);
    wanted = 3 * 100 + 9;
    assert_true(kafka_world_until(&one, has_answered, &one, LIMIT_MS));
    kafka_world_turn(&one, 200);
    assert_int_equal(one.answered, wanted);
    assert_int_equal(source_stats(one.source).held, 1);
    kafka_world_release(&one, 0);
    wanted = 400;
    assert_true(kafka_world_until(&one, has_answered, &one, LIMIT_MS));
    assert_int_equal(source_stats(one.source).held, 0);
    kafka_world_close(&one);
    check_committed(1, 100, "u1:100:10:-::");
}

static void test_shut_intake_takes_nothing(void **state)
{
    (void)state;
    kafka_send(mock.brokers, "requests", 0, 10);
    kafka_world_init(&one, mock.brokers, "one");
    one.shut = true;
    kafka_world_open(&one, 64);
    assert_true(kafka_world_until(&one, is_joined, &one, LIMIT_MS));
    kafka_world_turn(&one, 500);
    assert_int_equal(source_stats(one.source).taken, 0);
    assert_int_equal(source_stats(one.source).intake, INTAKE_SHUT);
    one.shut = false;
    wanted = 10;
    assert_true(kafka_world_until(&one, has_answered, &one, LIMIT_MS));
    kafka_world_close(&one);
}

static bool both_have_half(void *context)
{
    (void)context;
    uv_run(&two.loop, UV_RUN_NOWAIT);
    return source_assigned(one.source) == 2 && source_assigned(two.source) == 2;
}

static bool all_are_answered(void *context)
{
    (void)context;
    uv_run(&two.loop, UV_RUN_NOWAIT);
    return one.answered + two.answered >= wanted && settle_is_idle(one.settle) &&
           settle_is_idle(two.settle);
}

/* A second worker comes: two partitions move, what was at work of them is dropped here and answered
 * there. */
static void test_partitions_move(void **state)
{
    (void)state;
    for (int32_t i = 0; i < PARTITIONS; i++)
        kafka_send(mock.brokers, "requests", i, 25);
    kafka_world_init(&one, mock.brokers, "one");
    one.holds = hold_all;
    kafka_world_open(&one, 256);
    wanted = 100;
    assert_true(kafka_world_until(&one, has_held, &one, LIMIT_MS));
    kafka_world_init(&two, mock.brokers, "two");
    kafka_world_open(&two, 256);
    assert_true(kafka_world_until(&one, both_have_half, NULL, LIMIT_MS));
    kafka_world_turn(&one, 50);
    assert_int_equal(one.dropped, 50);
    assert_int_equal(one.held_count, 50);
    assert_true(one.moved >= 1);
    while (one.held_count > 0)
        kafka_world_release(&one, 0);
    assert_true(kafka_world_until(&one, all_are_answered, NULL, LIMIT_MS));
    assert_int_equal(one.answered, 50);
    assert_int_equal(two.answered, 50);
    kafka_world_close(&one);
    kafka_world_close(&two);
    for (int32_t i = 0; i < PARTITIONS; i++)
        check_committed(i, 25, "u1:25:");
}

/* What must not be worked: the offset's text is of a later version, or damaged. */
static void commit_as(const char *group, const char *metadata, int64_t offset)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "bootstrap.servers", mock.brokers, NULL, 0);
    rd_kafka_conf_set(conf, "group.id", group, NULL, 0);
    rd_kafka_t *rk = rd_kafka_new(RD_KAFKA_CONSUMER, conf, NULL, 0);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_t *element = rd_kafka_topic_partition_list_add(list, "requests", 3);
    element->offset = offset;
    element->metadata = strdup(metadata);
    element->metadata_size = strlen(metadata);
    assert_int_equal(rd_kafka_commit(rk, list, 0), RD_KAFKA_RESP_ERR_NO_ERROR);
    rd_kafka_topic_partition_list_destroy(list);
    rd_kafka_destroy(rk);
}

static void test_metadata_it_does_not_know(void **state)
{
    (void)state;
    static const char *const groups[] = {"newer", "damaged"};
    static const char *const texts[] = {"u2:of a later version", "u1:5:4096:-::00000000"};
    for (size_t i = 0; i < 2; i++) {
        print_message("row %zu: %s\n", i, texts[i]);
        kafka_send(mock.brokers, "requests", 3, 10);
        commit_as(groups[i], texts[i], 5);
        kafka_world_init(&one, mock.brokers, "one");
        one.settings.kafka.group = groups[i];
        kafka_world_open(&one, 16);
        wanted = 1;
        assert_false(kafka_world_until(&one, has_answered, &one, LIMIT_MS));
        assert_int_equal(one.exit_code, 78);
        assert_non_null(strstr(one.why, "partition 3 of requests"));
        kafka_world_turn(&one, 100);
        assert_int_equal(source_stats(one.source).taken, 0);
        kafka_world_close(&one);
    }
}

static void test_offset_that_is_not_in_the_log(void **state)
{
    (void)state;
    kafka_send(mock.brokers, "requests", 3, 10);
    commit_as("group", "", 500);
    kafka_world_init(&one, mock.brokers, "one");
    kafka_world_open(&one, 16);
    wanted = 1;
    assert_false(kafka_world_until(&one, has_answered, &one, LIMIT_MS));
    assert_int_equal(one.exit_code, 78);
    assert_non_null(strstr(one.why, "not in the log"));
    kafka_world_close(&one);
}

/* An operator's reset: no metadata, so all from there on is worked on. */
static void test_reset_offset(void **state)
{
    (void)state;
    kafka_send(mock.brokers, "requests", 3, 10);
    commit_as("group", "", 7);
    kafka_world_init(&one, mock.brokers, "one");
    kafka_world_open(&one, 16);
    wanted = 3;
    assert_true(kafka_world_until(&one, has_answered, &one, LIMIT_MS));
    assert_int_equal(source_stats(one.source).taken, 3);
    kafka_world_close(&one);
}

static void test_brokers_out_of_reach(void **state)
{
    (void)state;
    kafka_world_init(&one, "127.0.0.1:9", "one");
    kafka_world_open(&one, 16);
    kafka_world_turn(&one, 1500);
    assert_false(source_is_joined(one.source));
    assert_string_not_equal(source_trouble(one.source), "");
    kafka_world_close(&one);
}

static bool has_no_broker(void *context)
{
    struct kafka_world *world = context;
    return strstr(source_trouble(world->source), "no broker has answered the consumer for") !=
               NULL &&
           source_stats(world->source).resumed > 0;
}

static bool has_no_trouble(void *context)
{
    struct kafka_world *world = context;
    return source_trouble(world->source)[0] == '\0';
}

/* It is said, the brokers of the settings are asked anew, and work goes on. That librdkafka raises
 * "all brokers are down" is what it begins again by: a build of it that does not (see
 * deploy/install-deps) may never come back. */
static void test_brokers_go_and_come(void **state)
{
    (void)state;
    log_capture_open();
    kafka_world_init(&one, mock.brokers, "one");
    kafka_world_open(&one, 16);
    assert_true(kafka_world_until(&one, is_joined, &one, LIMIT_MS));
    assert_string_equal(source_trouble(one.source), "");
    assert_int_equal(rd_kafka_mock_broker_set_down(mock.cluster, 1), 0);
    assert_true(kafka_world_until(&one, has_no_broker, &one, LIMIT_MS));
    assert_int_not_equal(log_capture_count(" brokers are down"), 0);
    assert_int_not_equal(log_capture_count("those of kafka.brokers are asked anew"), 0);
    assert_int_equal(rd_kafka_mock_broker_set_up(mock.cluster, 1), 0);
    assert_true(kafka_world_until(&one, has_no_trouble, &one, LIMIT_MS));
    assert_int_not_equal(log_capture_count("a broker answers the consumer again"), 0);
    kafka_send(mock.brokers, "requests", 1, 10);
    wanted = 10;
    assert_true(kafka_world_until(&one, has_answered, &one, LIMIT_MS));
    kafka_world_close(&one);
    log_capture_close();
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_takes_all),
        TEST(test_record_is_whole),
        TEST(test_restart_skips_what_was_answered),
        TEST(test_full_pool_loses_nothing),
        TEST(test_window_stops_one_partition),
        TEST(test_shut_intake_takes_nothing),
        TEST(test_partitions_move),
        TEST(test_metadata_it_does_not_know),
        TEST(test_offset_that_is_not_in_the_log),
        TEST(test_reset_offset),
        TEST(test_brokers_out_of_reach),
        TEST(test_brokers_go_and_come),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
