#include "tests/io/kafka_world.h"

#include <librdkafka/rdkafka_mock.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The mock brokers know the protocol of transactions but keep no offsets of them; that the two
 * stand together is proved against a real broker (test_exactly_once.c, tests/e2e). */

enum { PARTITIONS = 2, LIMIT_MS = 30000, PRODUCE = 0, TXN_OFFSET_COMMIT = 28, END_TXN = 26 };

static struct kafka_mock mock;
static struct kafka_world one;
static size_t wanted;

static int setup(void **state)
{
    (void)state;
    kafka_mock_open(&mock, PARTITIONS);
    kafka_world_init(&one, mock.brokers, "one");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    kafka_world_close(&one);
    kafka_mock_finish(&mock);
    return 0;
}

static bool has_answered(void *context)
{
    struct kafka_world *world = context;
    return world->answered >= wanted && settle_is_idle(world->settle);
}

static bool is_ready(void *context)
{
    struct kafka_world *world = context;
    return settle_is_ready(world->settle) && source_is_joined(world->source);
}

static void answer(size_t count)
{
    wanted = count;
    if (!kafka_world_until(&one, has_answered, &one, LIMIT_MS))
        fail_msg("%zu of %zu answered; %d %s", one.answered, count, one.exit_code, one.why);
    assert_int_equal(one.answered, count);
}

static int count_replies(const char *topic, int32_t of, int each, int until)
{
    int counts[OFFSETS_MAX];
    int records = kafka_count_replies(mock.brokers, topic, PARTITIONS, of, counts);
    for (int i = 0; i < until; i++)
        assert_int_equal(counts[i], each);
    return records;
}

/* ---- both deliveries ---------------------------------------------------------------------------
 */

static void test_batches(enum delivery delivery)
{
    kafka_send(mock.brokers, "requests", 0, 600);
    kafka_send(mock.brokers, "requests", 1, 600);
    one.settings.kafka.delivery = delivery;
    kafka_world_open(&one, 1024);
    answer(1200);
    struct settle_stats stats = settle_stats(one.settle);
    assert_int_equal(stats.replies, 1200);
    assert_int_equal(stats.dead_letters, 1200);
    assert_in_range(stats.committed, 1200 / 512 + 1, 20);
    assert_int_equal(stats.aborted + stats.recycled + stats.lost, 0);
    assert_int_equal(count_replies("replies", 0, 1, 600), 1200);
    count_replies("replies", 1, 1, 600);
    assert_int_equal(count_replies("dead", 0, 0, 0), 1200);
}

static void test_at_least_once(void **state)
{
    (void)state;
    test_batches(DELIVERY_AT_LEAST_ONCE);
}

static void test_transactions(void **state)
{
    (void)state;
    test_batches(DELIVERY_EXACTLY_ONCE);
}

/* Replies wait for each other for commit_interval, and no longer. */
static void test_commit_interval(void **state)
{
    (void)state;
    one.settings.kafka.commit_interval_ms = 300;
    kafka_world_open(&one, 64);
    assert_true(kafka_world_until(&one, is_ready, &one, LIMIT_MS));
    kafka_send(mock.brokers, "requests", 0, 5);
    kafka_send(mock.brokers, "requests", 1, 5);
    kafka_world_turn(&one, 200);
    assert_int_equal(one.answered, 0);
    kafka_world_turn(&one, 1000);
    assert_int_equal(one.answered, 10);
    assert_in_range(settle_stats(one.settle).committed, 1, 2);
}

/* ---- what goes wrong ---------------------------------------------------------------------------
 */

static void open_and_wait(enum delivery delivery)
{
    one.settings.kafka.delivery = delivery;
    kafka_world_open(&one, 64);
    assert_true(kafka_world_until(&one, is_ready, &one, LIMIT_MS));
}

static bool has_collected(void *context)
{
    struct kafka_world *world = context;
    return settle_stats(world->settle).waiting == wanted;
}

/* Answers that still wait for their transaction when their partition moves: the next owner answers
 * them, although the brokers would take them with the metadata of now (guarantees, trap 2). */
static void test_partition_moves_before_its_commit(void **state)
{
    (void)state;
    struct kafka_world two;
    kafka_send(mock.brokers, "requests", 0, 20);
    kafka_send(mock.brokers, "requests", 1, 20);
    one.settings.kafka.commit_interval_ms = 10000; /* time enough to move */
    open_and_wait(DELIVERY_EXACTLY_ONCE);
    wanted = 40;
    assert_true(kafka_world_until(&one, has_collected, &one, LIMIT_MS));
    kafka_world_init(&two, mock.brokers, "two");
    two.settings.kafka.delivery = DELIVERY_EXACTLY_ONCE;
    kafka_world_open(&two, 64);
    while (settle_stats(one.settle).lost < 20 || one.answered < 20 || two.answered < 20) {
        uv_run(&two.loop, UV_RUN_NOWAIT);
        kafka_world_turn(&one, 20);
        assert_true(one.answered <= 20 && two.answered <= 20);
    }
    kafka_world_close(&two);
    assert_int_equal(count_replies("replies", 0, 1, 20), 40);
    count_replies("replies", 1, 1, 20);
}

/* The group has changed while the transaction ran: aborted, and built anew with fresh metadata. */
static void test_stale_generation(void **state)
{
    (void)state;
    open_and_wait(DELIVERY_EXACTLY_ONCE);
    rd_kafka_mock_push_request_errors(mock.cluster, TXN_OFFSET_COMMIT, 1,
                                      RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION);
    kafka_send(mock.brokers, "requests", 0, 10);
    answer(10);
    assert_int_equal(settle_stats(one.settle).aborted, 1);
    assert_int_equal(settle_stats(one.settle).recycled, 0);
}

/* The broker ended our transaction and fenced its producer: it is replaced; the id is still ours.
 */
static void test_fence_by_time_out(void **state)
{
    (void)state;
    open_and_wait(DELIVERY_EXACTLY_ONCE);
    rd_kafka_mock_push_request_errors(mock.cluster, TXN_OFFSET_COMMIT, 1,
                                      RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH);
    kafka_send(mock.brokers, "requests", 0, 10);
    answer(10);
    assert_int_equal(settle_stats(one.settle).recycled, 1);
    assert_int_equal(one.exit_code, 0);
}

/* Again and again: there is another worker. */
static void test_fence_by_another(void **state)
{
    (void)state;
    open_and_wait(DELIVERY_EXACTLY_ONCE);
    rd_kafka_mock_push_request_errors(mock.cluster, TXN_OFFSET_COMMIT, 3,
                                      RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH,
                                      RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH,
                                      RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH);
    kafka_send(mock.brokers, "requests", 0, 1);
    wanted = 1;
    assert_false(kafka_world_until(&one, has_answered, &one, LIMIT_MS));
    assert_int_equal(one.exit_code, 75);
    assert_non_null(strstr(one.why, "kafka.instance_id \"one\""));
}

/* The records come while the intake is shut, so that the error meets the replies. */
static void answer_with_error(int32_t partition, int count, rd_kafka_resp_err_t code)
{
    one.shut = true;
    kafka_send(mock.brokers, "requests", partition, count);
    rd_kafka_mock_push_request_errors(mock.cluster, PRODUCE, 1, code);
    one.shut = false;
    answer(one.answered + (size_t)count);
}

/* A batch is too large: each goes alone. One reply is: it goes in brief. */
static void test_too_large(enum delivery delivery)
{
    one.settings.kafka.commit_interval_ms = 200;
    open_and_wait(delivery);
    answer_with_error(0, 4, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
    assert_int_equal(settle_stats(one.settle).aborted, 1);
    answer_with_error(1, 1, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
    assert_int_equal(settle_stats(one.settle).aborted, 2);
    assert_int_equal(one.exit_code, 0);
    int counts[OFFSETS_MAX];
    (void)kafka_count_replies(mock.brokers, "replies", PARTITIONS, 0, counts);
    for (int i = 0; i < 4; i++)
        assert_true(counts[i] >= 1);
}

static void test_too_large_at_least_once(void **state)
{
    (void)state;
    test_too_large(DELIVERY_AT_LEAST_ONCE);
}

static void test_too_large_transaction(void **state)
{
    (void)state;
    test_too_large(DELIVERY_EXACTLY_ONCE);
}

static void test_missing_topic(void **state)
{
    (void)state;
    rd_kafka_mock_topic_set_error(mock.cluster, "dead", RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
    kafka_world_open(&one, 16);
    assert_false(kafka_world_until(&one, is_ready, &one, LIMIT_MS));
    assert_int_equal(one.exit_code, 78);
    assert_non_null(strstr(one.why, "kafka.dead_letters_topic: there is no topic \"dead\""));
}

static void test_topic_refused(void **state)
{
    (void)state;
    rd_kafka_mock_topic_set_error(mock.cluster, "replies",
                                  RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
    kafka_world_open(&one, 16);
    assert_false(kafka_world_until(&one, is_ready, &one, LIMIT_MS));
    assert_int_equal(one.exit_code, 77);
    assert_non_null(strstr(one.why, "kafka.replies_topic"));
}

/* The broker goes away with a transaction open, and comes back. */
static void test_broker_away(void **state)
{
    (void)state;
    open_and_wait(DELIVERY_EXACTLY_ONCE);
    kafka_send(mock.brokers, "requests", 0, 20);
    answer(20);
    kafka_send(mock.brokers, "requests", 0, 20);
    rd_kafka_mock_broker_set_rtt(mock.cluster, 1, 2000);
    kafka_world_turn(&one, 500);
    rd_kafka_mock_broker_set_down(mock.cluster, 1);
    kafka_world_turn(&one, 1000);
    assert_int_equal(one.answered, 20);
    rd_kafka_mock_broker_set_rtt(mock.cluster, 1, 0);
    rd_kafka_mock_broker_set_up(mock.cluster, 1);
    wanted = 40;
    assert_true(kafka_world_until(&one, has_answered, &one, 60000));
    assert_true(settle_stats(one.settle).recycled >= 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_at_least_once),         TEST(test_transactions),
        TEST(test_commit_interval),       TEST(test_partition_moves_before_its_commit),
        TEST(test_stale_generation),      TEST(test_fence_by_time_out),
        TEST(test_fence_by_another),      TEST(test_too_large_at_least_once),
        TEST(test_too_large_transaction), TEST(test_missing_topic),
        TEST(test_topic_refused),         TEST(test_broker_away),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
