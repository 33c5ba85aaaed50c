#include "tests/io/kafka_world.h"

#include "worker/io/log.h"

#include <librdkafka/rdkafka_mock.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum {
    CALL_MS = 20000,
    /* A call that follows another at once may not wake the mock cluster, which then sleeps for the
       rest of a second. */
    BETWEEN_CALLS_US = 2000,
};

static rd_kafka_conf_t *conf_with(const char *const (*pairs)[2])
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    char reason[256];
    for (size_t i = 0; pairs[i][0] != NULL; i++) {
        if (rd_kafka_conf_set(conf, pairs[i][0], pairs[i][1], reason, sizeof reason) !=
            RD_KAFKA_CONF_OK)
            fail_msg("%s", reason);
    }
    return conf;
}

static rd_kafka_t *client(rd_kafka_type_t type, rd_kafka_conf_t *conf)
{
    char reason[256] = "";
    rd_kafka_t *rk = rd_kafka_new(type, conf, reason, sizeof reason);
    if (rk == NULL)
        fail_msg("%s", reason);
    return rk;
}

void kafka_mock_open(struct kafka_mock *mock, int partitions)
{
    const char *const pairs[][2] = {{"log_level", "4"}, {NULL, NULL}};
    mock->host = client(RD_KAFKA_PRODUCER, conf_with(pairs));
    mock->cluster = rd_kafka_mock_cluster_new(mock->host, 1);
    assert_non_null(mock->cluster);
    mock->brokers = rd_kafka_mock_cluster_bootstraps(mock->cluster);
    usleep(BETWEEN_CALLS_US);
    rd_kafka_mock_group_initial_rebalance_delay_ms(mock->cluster, 0);
    const char *const topics[] = {"requests", "replies", "dead"};
    for (size_t i = 0; i < 3; i++) {
        usleep(BETWEEN_CALLS_US);
        assert_int_equal(rd_kafka_mock_topic_create(mock->cluster, topics[i], partitions, 1), 0);
    }
}

void kafka_mock_finish(struct kafka_mock *mock)
{
    rd_kafka_mock_cluster_destroy(mock->cluster);
    rd_kafka_destroy(mock->host);
}

/* ---- the worker --------------------------------------------------------------------------------
 */

static void on_admit(void *context, struct request *rq, int64_t now_ms)
{
    (void)now_ms;
    struct kafka_world *world = context;
    event_read(&rq->record, &rq->event);
    rq->fault = rq->event.fault;
    pipeline_post(&world->pipeline, rq, OUTCOME_INVALID);
}

static void on_reply(void *context, struct request *rq, int64_t now_ms)
{
    struct kafka_world *world = context;
    if (world->holds == NULL || !world->holds(rq)) {
        settle_add(world->settle, rq, now_ms);
        return;
    }
    assert_true(world->held_count < HELD_MAX);
    world->held[world->held_count++] = rq;
}

static void on_leave(void *context, struct request *rq)
{
    struct kafka_world *world = context;
    if (rq->stage == STAGE_DONE)
        world->answered++;
    else
        world->dropped++;
    for (size_t i = 0; i < world->held_count; i++) {
        if (world->held[i] == rq)
            world->held[i] = world->held[--world->held_count];
    }
    source_give_back(world->source, &rq->record);
}

void kafka_world_release(struct kafka_world *world, size_t i)
{
    struct request *rq = world->held[i];
    world->held[i] = world->held[--world->held_count];
    settle_add(world->settle, rq, (int64_t)uv_now(&world->loop));
}

static bool may_take(void *context)
{
    struct kafka_world *world = context;
    return !world->shut;
}

static void on_moved(void *context)
{
    struct kafka_world *world = context;
    world->moved++;
    for (size_t i = 0; i < world->held_count; i++) {
        struct request *rq = world->held[i];
        if (!partition_is_ours(rq->partition, rq->epoch)) {
            world->held[i--] = world->held[--world->held_count];
            pipeline_post(&world->pipeline, rq, OUTCOME_LOST);
        }
    }
    pipeline_drop_moved(&world->pipeline);
}

static void on_fatal(void *context, int exit_code, const char *why)
{
    struct kafka_world *world = context;
    world->exit_code = exit_code;
    (void)snprintf(world->why, sizeof world->why, "%s", why);
}

static void on_idle(uv_idle_t *idle)
{
    (void)idle;
}

static void on_timer(uv_timer_t *timer)
{
    (void)timer;
}

static void on_turn(uv_prepare_t *prepare)
{
    struct kafka_world *world = prepare->data;
    int64_t now_ms = (int64_t)uv_now(&world->loop);
    pipeline_turn(&world->pipeline, now_ms);
    bool more = source_turn(world->source, 1700000000000);
    pipeline_turn(&world->pipeline, now_ms);
    int64_t due_ms = settle_turn(world->settle, now_ms);
    if (due_ms != INT64_MAX)
        (void)uv_timer_start(&world->timer, on_timer,
                             due_ms > now_ms ? (uint64_t)(due_ms - now_ms) : 0, 0);
    if (more)
        (void)uv_idle_start(&world->idle, on_idle);
    else
        (void)uv_idle_stop(&world->idle);
}

/* The mock's group waits for a static member that left until its session ends. */
static struct pair quick_group[] = {
    {.name = (char[]){"session.timeout.ms"}, .value = (char[]){"3000"}},
    {.name = (char[]){"heartbeat.interval.ms"}, .value = (char[]){"200"}},
};

void kafka_world_init(struct kafka_world *world, const char *brokers, const char *instance_id)
{
    *world = (struct kafka_world){0};
    if (getenv("USHER_TEST_LOG") != NULL)
        log_open(LOG_DEBUG, LOG_TEXT, stderr);
    world->settings.kafka.brokers = brokers;
    world->settings.kafka.group = "group";
    world->settings.kafka.requests_topic = "requests";
    world->settings.kafka.replies_topic = "replies";
    world->settings.kafka.dead_letters_topic = "dead";
    world->settings.kafka.delivery = DELIVERY_AT_LEAST_ONCE;
    world->settings.kafka.commit_interval_ms = 20;
    world->settings.kafka.window = 4096;
    world->settings.kafka.instance_id = instance_id;
    world->settings.kafka.librdkafka = (struct pairs){quick_group, 2};
}

void kafka_world_open(struct kafka_world *world, size_t requests)
{
    const struct plan_limits limits = {.retry_attempts = 1, .retry_for_ms = 1};
    const struct stage_ops stages = {
        .start = {[STAGE_ADMIT] = on_admit, [STAGE_REPLY] = on_reply},
        .leave = on_leave,
        .context = world,
    };
    const struct source_events source_events = {may_take, on_moved, on_fatal, world};
    const struct settle_events settle_events = {on_fatal, world};
    struct error error = {""};
    assert_true(pool_init(&world->pool, requests, 64 << 20));
    assert_true(pipeline_init(&world->pipeline, &limits, &stages, &world->pool, 1));
    assert_int_equal(uv_loop_init(&world->loop), 0);
    uv_prepare_init(&world->loop, &world->prepare);
    uv_idle_init(&world->loop, &world->idle);
    uv_timer_init(&world->loop, &world->timer);
    world->prepare.data = world;
    uv_prepare_start(&world->prepare, on_turn);
    world->source =
        source_create(&world->loop, &world->settings, &world->pipeline, &source_events, &error);
    if (world->source == NULL)
        fail_msg("%s", error.text);
    world->settle = settle_create(&world->loop, &world->settings, &world->pipeline, world->source,
                                  &settle_events);
    assert_non_null(world->settle);
}

void kafka_world_close(struct kafka_world *world)
{
    settle_destroy(world->settle);
    world->held_count = 0;
    pipeline_drop_all(&world->pipeline);
    source_destroy(world->source);
    pipeline_finish(&world->pipeline);
    pool_finish(&world->pool);
    uv_prepare_stop(&world->prepare);
    uv_close((uv_handle_t *)&world->prepare, NULL);
    uv_close((uv_handle_t *)&world->idle, NULL);
    uv_close((uv_handle_t *)&world->timer, NULL);
    uv_run(&world->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&world->loop), 0);
}

bool kafka_world_until(struct kafka_world *world, bool (*done)(void *context), void *context,
                       int limit_ms)
{
    uint64_t until_ms = uv_hrtime() / 1000000 + (uint64_t)limit_ms;
    while (!done(context)) {
        if (world->exit_code != 0 || uv_hrtime() / 1000000 > until_ms)
            return false;
        uv_run(&world->loop, UV_RUN_ONCE);
    }
    return true;
}

static bool never(void *context)
{
    (void)context;
    return false;
}

void kafka_world_turn(struct kafka_world *world, int for_ms)
{
    (void)kafka_world_until(world, never, NULL, for_ms);
}

/* ---- the world outside -------------------------------------------------------------------------
 */

void kafka_send(const char *brokers, const char *topic, int32_t partition, int count)
{
    const char *const pairs[][2] = {{"bootstrap.servers", brokers},
                                    {"linger.ms", "1"},
                                    {NULL, NULL}};
    rd_kafka_t *rk = client(RD_KAFKA_PRODUCER, conf_with(pairs));
    for (int i = 0; i < count; i++) {
        char key[32], value[32];
        int key_length = snprintf(key, sizeof key, "k%d", i);
        int value_length = snprintf(value, sizeof value, "v%d", i);
        rd_kafka_resp_err_t code =
            rd_kafka_producev(rk, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(partition),
                              RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                              RD_KAFKA_V_KEY(key, (size_t)key_length),
                              RD_KAFKA_V_VALUE(value, (size_t)value_length),
                              RD_KAFKA_V_HEADER("h", &value[1], value_length - 1), RD_KAFKA_V_END);
        assert_int_equal(code, RD_KAFKA_RESP_ERR_NO_ERROR);
    }
    assert_int_equal(rd_kafka_flush(rk, CALL_MS), RD_KAFKA_RESP_ERR_NO_ERROR);
    rd_kafka_destroy(rk);
}

int64_t kafka_read_committed(const char *brokers, const char *group, const char *topic,
                             int32_t partition, char **ret_metadata)
{
    const char *const pairs[][2] = {{"bootstrap.servers", brokers},
                                    {"group.id", group},
                                    {NULL, NULL}};
    rd_kafka_t *rk = client(RD_KAFKA_CONSUMER, conf_with(pairs));
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_t *element = rd_kafka_topic_partition_list_add(list, topic, partition);
    assert_int_equal(rd_kafka_committed(rk, list, CALL_MS), RD_KAFKA_RESP_ERR_NO_ERROR);
    int64_t offset = element->offset;
    *ret_metadata = calloc(element->metadata_size + 1, 1);
    assert_non_null(*ret_metadata);
    if (element->metadata_size > 0)
        memcpy(*ret_metadata, element->metadata, element->metadata_size);
    rd_kafka_topic_partition_list_destroy(list);
    rd_kafka_destroy(rk);
    return offset;
}

static void count_reply(const rd_kafka_message_t *message, int32_t of, int counts[OFFSETS_MAX])
{
    char text[4096], id[64];
    (void)snprintf(text, sizeof text, "%.*s", (int)message->len, (const char *)message->payload);
    (void)snprintf(id, sizeof id, "\"id\":\"requests/%d/", (int)of);
    const char *found = strstr(text, id);
    if (found == NULL)
        return;
    long offset = strtol(found + strlen(id), NULL, 10);
    assert_in_range(offset, 0, OFFSETS_MAX - 1);
    counts[offset]++;
}

int kafka_count_replies(const char *brokers, const char *topic, int partitions, int32_t of,
                        int counts[OFFSETS_MAX])
{
    const char *const pairs[][2] = {{"bootstrap.servers", brokers},
                                    {"group.id", "counter"},
                                    {"enable.partition.eof", "true"},
                                    {"enable.auto.commit", "false"},
                                    {"isolation.level", "read_committed"},
                                    {"fetch.wait.max.ms", "10"},
                                    {NULL, NULL}};
    rd_kafka_t *rk = client(RD_KAFKA_CONSUMER, conf_with(pairs));
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(partitions);
    for (int i = 0; i < partitions; i++)
        rd_kafka_topic_partition_list_add(list, topic, i)->offset = RD_KAFKA_OFFSET_BEGINNING;
    rd_kafka_assign(rk, list);
    rd_kafka_topic_partition_list_destroy(list);
    memset(counts, 0, OFFSETS_MAX * sizeof *counts);
    int ends = 0, records = 0;
    while (ends < partitions) {
        rd_kafka_message_t *message = rd_kafka_consumer_poll(rk, CALL_MS);
        if (message == NULL) {
            fail_msg("no end of topic %s in sight", topic);
            return records; /* for the analyzer; fail_msg() does not come back */
        }
        if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
            ends++;
        } else if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
            count_reply(message, of, counts);
            records++;
        }
        rd_kafka_message_destroy(message);
    }
    rd_kafka_consumer_close(rk);
    rd_kafka_destroy(rk);
    return records;
}
