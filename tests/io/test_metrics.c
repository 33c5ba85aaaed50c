/* The text for Prometheus: its values, its bounds, and promtool's own opinion. */
#include "tests/io/metrics_settings.h"
#include "tests/io/promtool.h"

#include "worker/io/metrics.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static struct stats stats;
static struct call_stats calls;
static struct loop_lag loop;
static struct kafka_stats kafka;
static const struct kafka_place places[] = {{.partition = 0, .lag = 123, .fetched = 4},
                                            {.partition = 7, .lag = -1},
                                            {.partition = -1, .lag = 5, .fetched = 6}};
static const size_t at_stage[STAGE_COUNT] = {[STAGE_SUBMIT] = 7};

static const struct follow_stats follow = {
    .told = {[FOLLOW_WORD_DELIVERED] = 21, [FOLLOW_WORD_STILL_PENDING] = 22},
    .looks = 23,
    .reprocessed = 24,
    .entries = 25,
};

static const struct tenant_view only = {
    .name = "",
    .settings = &metrics_settings,
    .answers = (const uint64_t (*)[2][REQUEST_TYPE_COUNT])stats.answers,
    .calls = &calls,
    .calls_active = 5,
    .calls_width = 256,
    .connections = 3,
    .rate_all = 19600,
    .rate_own = 6533,
    .writes_closed_wall_ms = 1795299115250,
    .share_questions = 8,
    .retries_denied = 6,
    .graph_down = true,
    .token_expiry_wall_ms = 1795299115000,
    .certificate_expiry_wall_ms = 1797299115999,
};
static const struct metrics_view view = {
    .follow = &follow,
    .unfollowed = 26,
    .stats = &stats,
    .at_stage = at_stage,
    .tenants = &only,
    .tenant_count = 1,
    .oldest_wall_ms = 1795299110500,
    .kafka = {.settings = &metrics_settings,
              .assigned = 4,
              .lag = 123,
              .places = places,
              .place_count = 3,
              .source = {.taken = 90,
                         .skipped = 9,
                         .errors = 1,
                         .rebalances = 2,
                         .held = 1,
                         .kafka = &kafka},
              .settle = {.committed = 9,
                         .replies = 80,
                         .elsewhere = 7,
                         .dead_letters = 6,
                         .unsent = 5,
                         .messages = 3},
              .statuses = 43},
    .loop = &loop,
    .config_good = true,
    .config_wall_ms = 1795299100000,
    .redis_up = true,
    .redis_losses = 3,
    .version = "0.1.0",
    .revision = "abc",
    .librdkafka = "a",
    .curl = "b",
    .openssl = "o",
    .hiredis = "c",
    .libuv = "d",
};

static size_t ended(int status)
{
    return call_ending(status, CALL_ERROR_NONE);
}

static void fill(void)
{
    stats = (struct stats){.last_success_wall_ms = 1795299115250};
    stats.retries[RETRY_TIMEOUT] = 2;
    stats.dead_letters[DEAD_INTERLOCK] = 1;
    stats.answers[ANSWER_SUBMITTED][false][REQUEST_TYPE_ADMIN_ADD] = 11;
    stats.answers[ANSWER_FAILED][true][REQUEST_TYPE_USER_REMOVE] = 3;
    stats.posts[STAGE_SUBMIT][OUTCOME_PACED] = 4;
    stats.posts[STAGE_CLAIM][OUTCOME_SEEN] = 6;
    histogram_add(&stats.latency[ANSWER_SUBMITTED], &latency_bounds, 10);
    histogram_add(&stats.latency[ANSWER_SUBMITTED], &latency_bounds, 11);
    histogram_add(&stats.latency[ANSWER_SUBMITTED], &latency_bounds, 700000);
    histogram_add(&stats.work[ANSWER_EXISTING], &process_bounds, 20);
    histogram_add(&stats.work[ANSWER_SUBMITTED], &process_bounds, 40000);
    histogram_add(&loop.late, &lag_bounds, 3);
    kafka = (struct kafka_stats){{{1, true, 1500}, {2, false, -1}}, 2};
    memset(&calls, 0, sizeof calls);
    call_stats_add(&calls, CALL_SUBMIT_ASSIGNMENT, ended(201), 30);
    call_stats_add(&calls, CALL_SUBMIT_ASSIGNMENT, ended(429), 3);
    call_stats_add(&calls, CALL_DRY_RUN_RESOURCE, ended(503), 3);
    call_stats_add(&calls, CALL_LOOK_REQUESTS, call_ending(0, CALL_ERROR_TIMEOUT), 30000);
    call_stats_add(&calls, CALL_TOKEN, ended(200), 3);
    call_stats_add(&calls, CALL_TOKEN, ended(401), 3);
}

static void assert_has(const struct buffer *out, const char *line)
{
    const char *at = strstr(out->data, line); /* a HELP may begin like it */
    while (at != NULL && ((at != out->data && at[-1] != '\n') || at[strlen(line)] != '\n'))
        at = strstr(at + 1, line);
    if (at == NULL)
        fail_msg("no line \"%s\" in\n%s", line, out->data);
}

#define CALLS "http_client_request_duration_seconds"
#define SUBMIT                                                                            \
    "operation=\"submit\",http_request_method=\"POST\",server_address=\"graph.example\"," \
    "server_port=\"443\","
#define V1_REQUESTS "/v1.0/identityGovernance/entitlementManagement/assignmentRequests"
#define SUBMIT_201  SUBMIT "http_response_status_code=\"201\",url_template=\"" V1_REQUESTS "\""
#define SUBMIT_429 \
    SUBMIT "http_response_status_code=\"429\",error_type=\"429\",url_template=\"" V1_REQUESTS "\""
#define TOKEN_200                                                                \
    "operation=\"token\",http_request_method=\"POST\",server_address=\"[::1]\"," \
    "server_port=\"8443\",http_response_status_code=\"200\","                    \
    "url_template=\"/{tenant}/oauth2/v2.0/token\""
#define BUILD_INFO                                                                     \
    "usher_build_info{version=\"0.1.0\",revision=\"abc\",librdkafka=\"a\",curl=\"b\"," \
    "openssl=\"o\",hiredis=\"c\",libuv=\"d\"}"
#define KAFKA(operation) "messaging_system=\"kafka\",messaging_operation_name=\"" operation "\","
#define REQUESTS                                      \
    "messaging_destination_name=\"access-requests\"," \
    "messaging_consumer_group_name=\"us\\\"her\""

static const char *const lines[] = {
    "# TYPE usher_requests_total counter",
    "usher_requests_total{outcome=\"submitted\",duplicate=\"false\",request_type=\"AdminAdd\"} 11",
    "usher_requests_total{outcome=\"submitted\",duplicate=\"true\",request_type=\"AdminAdd\"} 0",
    "usher_requests_total{outcome=\"existing\",duplicate=\"false\",request_type=\"none\"} 0",
    "usher_requests_total{outcome=\"failed\",duplicate=\"true\",request_type=\"UserRemove\"} 3",
    "usher_requests_in_flight{stage=\"submit\"} 7",
    "usher_requests_in_flight{stage=\"admit\"} 0",
    "usher_oldest_in_flight_timestamp_seconds 1795299110.500",
    "usher_stage_results_total{stage=\"submit\",result=\"paced\"} 4",
    "usher_stage_results_total{stage=\"look\",result=\"absent\"} 0",
    "usher_retries_total{reason=\"timeout\"} 2",
    "usher_retries_total{reason=\"redis\"} 0",
    "usher_dead_letters_total{reason=\"interlock\"} 1",
    "usher_dead_letters_total{reason=\"unreadable\"} 0",
    "usher_dedupe_lookups_total{result=\"new\"} 0",
    "usher_dedupe_lookups_total{result=\"done\"} 6",
    "usher_end_to_end_latency_seconds_bucket{outcome=\"submitted\",le=\"0.01\"} 1",
    "usher_end_to_end_latency_seconds_bucket{outcome=\"submitted\",le=\"600\"} 2",
    "usher_end_to_end_latency_seconds_bucket{outcome=\"submitted\",le=\"+Inf\"} 3",
    "usher_end_to_end_latency_seconds_sum{outcome=\"submitted\"} 700.021",
    "usher_end_to_end_latency_seconds_count{outcome=\"unknown\"} 0",
    "usher_last_success_timestamp_seconds 1795299115.250",
    "http_client_active_requests{server_address=\"graph.example\"} 5",
    "http_client_open_connections{server_address=\"graph.example\"} 3",
    "usher_concurrency_limit 256",
    "usher_throttled_total{scope=\"write\"} 2",
    "usher_throttled_total{scope=\"read\"} 0",
    "usher_throttled_total{scope=\"token\"} 0",
    "usher_write_rate_limit{of=\"replicas\"} 19.600",
    "usher_write_rate_limit{of=\"worker\"} 6.533",
    "usher_share_questions_total 8",
    "usher_throttle_until_timestamp_seconds{scope=\"write\"} 1795299115.250",
    "usher_throttle_until_timestamp_seconds{scope=\"read\"} 0.000",
    "usher_retries_denied_total 6",
    "usher_graph_down 1",
    "usher_kafka_consumer_lag{topic=\"access-requests\",partition=\"0\"} 123",
    "usher_kafka_consumer_lag{topic=\"access-requests\",partition=\"_OTHER\"} 5",
    "usher_kafka_fetch_queue_messages{topic=\"access-requests\",partition=\"7\"} 0",
    "usher_kafka_assigned_partitions 4",
    "usher_kafka_paused_partitions 1",
    "usher_kafka_rebalances_total 2",
    "usher_kafka_producer_queue_messages 3",
    "usher_kafka_broker_rtt_seconds{broker=\"1\"} 0.001500",
    "usher_kafka_broker_state{broker=\"1\"} 1",
    "usher_kafka_broker_state{broker=\"2\"} 0",
    "usher_kafka_transactions_total{result=\"committed\"} 9",
    "usher_kafka_transactions_total{result=\"aborted\"} 0",
    "messaging_client_consumed_messages_total{" KAFKA("poll") REQUESTS "} 99",
    "messaging_client_consumed_messages_total{" KAFKA("poll") REQUESTS ",error_type=\"_OTHER\"} 1",
    "messaging_client_sent_messages_total{" KAFKA(
        "send") "messaging_destination_name=\"access-replies\"} 73",
    "messaging_client_sent_messages_total{" KAFKA(
        "send") "messaging_destination_name=\"access-requests-dlt\"} 6",
    "messaging_client_sent_messages_total{" KAFKA("send") "error_type=\"_OTHER\"} 5",
    "messaging_process_duration_seconds_bucket{" KAFKA("process") REQUESTS ",le=\"60\"} 2",
    "messaging_process_duration_seconds_count{" KAFKA("process") REQUESTS
    ",error_type=\"rejected\"} 0",
    "usher_redis_up 1",
    "usher_redis_reconnects_total 0",
    "usher_redis_memory_losses_total 3",
    "usher_token_refreshes_total{result=\"success\"} 1",
    "usher_token_refreshes_total{result=\"failure\"} 1",
    "usher_token_expiry_timestamp_seconds 1795299115",
    "usher_certificate_expiry_timestamp_seconds 1797299115",
    "usher_event_loop_lag_seconds_bucket{le=\"0.005\"} 1",
    "usher_config_last_reload_successful 1",
    "usher_config_last_reload_success_timestamp_seconds 1795299100.000",
    "usher_interlock 0",
    "usher_follow_pending 25",
    "usher_follow_total{state=\"delivered\"} 21",
    "usher_follow_total{state=\"denied\"} 0",
    "usher_follow_total{state=\"stillPending\"} 22",
    "usher_follow_looks_total 23",
    "usher_follow_reprocessed_total 24",
    "usher_follow_refused_total 26",
    CALLS "_bucket{" SUBMIT_201 ",le=\"0.025\"} 0",
    CALLS "_bucket{" SUBMIT_201 ",le=\"0.05\"} 1",
    CALLS "_sum{" SUBMIT_201 "} 0.030",
    CALLS "_count{" SUBMIT_429 "} 1",
    CALLS "_count{" TOKEN_200 "} 1",
    (BUILD_INFO " 1"),
};

static void test_values(void **state)
{
    (void)state;
    struct buffer out;
    fill();
    buffer_init(&out, METRICS_BYTES_MAX);
    metrics_render(&view, &out);
    assert_false(out.failed);
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        assert_has(&out, lines[i]);
    buffer_finish(&out);
}

static void test_what_is_not_known_is_left_out(void **state)
{
    (void)state;
    struct buffer out;
    fill();
    struct metrics_view less = view;
    const struct tenant_view poor = {.name = "",
                                     .settings = &metrics_settings,
                                     .answers = only.answers,
                                     .rate_all = -1};
    less.kafka.place_count = 0;
    less.kafka.source.kafka = NULL;
    less.tenants = &poor;
    less.follow = NULL;
    buffer_init(&out, METRICS_BYTES_MAX);
    metrics_render(&less, &out);
    assert_null(strstr(out.data, "usher_kafka_consumer_lag{"));
    assert_null(strstr(out.data, "usher_kafka_broker"));
    assert_null(strstr(out.data, "usher_token_expiry"));
    assert_null(strstr(out.data, "usher_follow"));
    assert_null(strstr(out.data, "usher_certificate_expiry"));
    assert_null(strstr(out.data, "usher_write_rate_limit"));
    assert_has(&out, "usher_throttled_total{scope=\"write\"} 0");
    assert_has(&out, CALLS "_count{" SUBMIT_201 "} 0"); /* what is known to come is there */
    buffer_finish(&out);
}

static void test_process(void **state)
{
    (void)state;
    static const char *const names[] = {
        "process_cpu_seconds_total",
        "process_start_time_seconds",
        "process_open_fds",
        "process_max_fds",
        "process_virtual_memory_bytes",
        "process_virtual_memory_max_bytes",
        "process_resident_memory_bytes",
        "process_heap_bytes",
        "process_threads",
    };
    struct buffer out;
    buffer_init(&out, METRICS_BYTES_MAX);
    metrics_render_process(&out);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char before[96];
        snprintf(before, sizeof before, "\n%s ", names[i]);
        const char *at = strstr(out.data, before);
        char *end = NULL;
        double value = at != NULL ? strtod(at + strlen(before), &end) : -2;
        if (end == NULL || value < -1 || *end != '\n')
            fail_msg("%s is %f", names[i], value);
    }
    assert_has(&out, "process_threads 1");
    buffer_finish(&out);
}

/* The most that can ever be counted fits, and promtool likes it. */
static void test_promtool_on_the_largest(void **state)
{
    (void)state;
    struct buffer out;
    fill();
    struct metrics_view most = view;
    static struct kafka_place all[KAFKA_PLACES_MAX];
    for (int32_t i = 0; i < KAFKA_PLACES_MAX; i++)
        all[i] = (struct kafka_place){.partition = INT32_MAX - i,
                                      .lag = INT64_MAX / 2,
                                      .fetched = SIZE_MAX / 2};
    most.kafka.places = all;
    most.kafka.place_count = KAFKA_PLACES_MAX;
    for (kafka.count = 0; kafka.count < KAFKA_BROKERS_MAX; kafka.count++)
        kafka.brokers[kafka.count] =
            (struct kafka_broker){INT32_MAX - (int32_t)kafka.count, true, INT64_MAX};
    for (enum call_place place = 0; place < CALL_PLACES; place++) {
        for (size_t ending = 0; ending < CALL_ENDINGS; ending++)
            calls.times[place][ending] =
                (struct histogram){.count = UINT64_MAX / 4, .sum_ms = INT64_MAX / 2};
    }
    for (enum stage stage = 0; stage < STAGE_COUNT; stage++) {
        for (enum outcome outcome = 0; outcome < OUTCOME_COUNT; outcome++)
            stats.posts[stage][outcome] = UINT64_MAX / 4;
    }
    buffer_init(&out, METRICS_BYTES_MAX);
    metrics_render(&most, &out);
    metrics_render_process(&out);
    assert_false(out.failed);
    printf("FIGURE metrics: at most %zu KiB of %d\n", out.size >> 10, METRICS_BYTES_MAX >> 10);
    bool accepted = promtool_accepts(out.data);
    buffer_finish(&out);
    assert_true(accepted);
}

/* As many as there may be, each with all that can be counted. */
static void test_tenants(void **state)
{
    (void)state;
    static struct tenant_view many[TENANTS_MAX];
    static char names[TENANTS_MAX][TENANT_NAME_MAX + 1];
    struct metrics_view all = view;
    struct buffer out;
    fill();
    stats.answers[ANSWER_REJECTED][false][REQUEST_TYPE_NONE] = 5; /* of nobody */
    static const answer_counts none = {{{0}}};
    for (size_t i = 0; i < TENANTS_MAX; i++) {
        snprintf(names[i], sizeof names[i], "contoso-%zu%s", i,
                 i > 9 ? "-with-a-name-as-long-as" : "");
        many[i] = only;
        many[i].name = names[i];
        many[i].answers = none;
    }
    answer_counts own;
    memcpy(own, stats.answers, sizeof own);
    own[ANSWER_REJECTED][false][REQUEST_TYPE_NONE] = 0;
    many[1].answers = (const uint64_t(*)[2][REQUEST_TYPE_COUNT])own;
    for (int status = 0; status < 600; status++)
        call_stats_add(&calls, CALL_LOOK_RESOURCES, ended(status), status);
    struct settings elsewhere = metrics_settings;
    elsewhere.graph.authority_host = "https://login.example";
    many[5].settings = &elsewhere;
    all.tenants = many;
    all.tenant_count = TENANTS_MAX;
    buffer_init(&out, METRICS_BYTES_MAX);
    metrics_render(&all, &out);
    assert_false(out.failed);
    assert_has(&out, "usher_requests_total{outcome=\"submitted\",duplicate=\"false\","
                     "request_type=\"AdminAdd\",tenant=\"contoso-1\"} 11");
    assert_has(&out, "usher_requests_total{outcome=\"rejected\",duplicate=\"false\","
                     "request_type=\"none\"} 5");
    assert_has(&out, "usher_token_refreshes_total{result=\"failure\",tenant=\"contoso-9\"} 1");
    /* Not all tenants have the same token endpoint. */
    assert_has(&out, CALLS "_count{operation=\"token\",http_request_method=\"POST\","
                           "http_response_status_code=\"200\","
                           "url_template=\"/{tenant}/oauth2/v2.0/token\"} 64");
    assert_has(&out, "usher_graph_down{tenant=\"contoso-0\"} 1");
    assert_has(&out, "usher_tenant_calls_total{operation=\"submit\",http_response_status_code="
                     "\"201\",tenant=\"contoso-3\"} 1");
    assert_has(&out, CALLS "_sum{" SUBMIT_201 "} 1.920"); /* 64 of 30 ms */
    bool accepted = promtool_accepts(out.data);
    buffer_finish(&out);
    assert_true(accepted);
}

static void test_promtool_knows_bad_ones(void **state)
{
    (void)state;
    assert_false(promtool_accepts("# TYPE bad counter\nbad 1\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),  cmocka_unit_test(test_what_is_not_known_is_left_out),
        cmocka_unit_test(test_process), cmocka_unit_test(test_promtool_on_the_largest),
        cmocka_unit_test(test_tenants), cmocka_unit_test(test_promtool_knows_bad_ones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
