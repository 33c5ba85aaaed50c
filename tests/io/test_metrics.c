/* The text for Prometheus: its values, its bounds, and promtool's own opinion. */
#include "tests/io/promtool.h"

#include "worker/io/metrics.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static struct stats stats;
static struct call_stats calls;
static const size_t at_stage[STAGE_COUNT] = {[STAGE_SUBMIT] = 7};

static const struct tenant_view only = {
    .name = "",
    .answers = stats.answers,
    .calls = &calls,
    .calls_active = 5,
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
    .stats = &stats,
    .at_stage = at_stage,
    .tenants = &only,
    .tenant_count = 1,
    .assigned = 4,
    .lag = 123,
    .transactions_committed = 9,
    .redis_up = true,
    .redis_losses = 3,
    .version = "0.1.0",
    .revision = "abc",
    .librdkafka = "a",
    .curl = "b",
    .hiredis = "c",
    .libuv = "d",
};

static void fill(void)
{
    stats = (struct stats){.own_retries = 2, .last_success_wall_ms = 1795299115250};
    stats.answers[ANSWER_SUBMITTED][false] = 11;
    stats.answers[ANSWER_FAILED][true] = 3;
    stats.posts[STAGE_SUBMIT][OUTCOME_PACED] = 4;
    histogram_add(&stats.latency, &latency_bounds, 10);
    histogram_add(&stats.latency, &latency_bounds, 11);
    histogram_add(&stats.latency, &latency_bounds, 700000);
    calls = (struct call_stats){0};
    call_stats_add(&calls, "submit", 201, 30);
    call_stats_add(&calls, "submit", 429, 3);
    call_stats_add(&calls, "dry_run", 429, 3);
}

static void assert_has(const struct buffer *out, const char *line)
{
    const char *at = strstr(out->data, line); /* a HELP may begin like it */
    while (at != NULL && ((at != out->data && at[-1] != '\n') || at[strlen(line)] != '\n'))
        at = strstr(at + 1, line);
    if (at == NULL)
        fail_msg("no line \"%s\" in\n%s", line, out->data);
}

#define CALLS      "http_client_request_duration_seconds"
#define SUBMIT_201 "operation=\"submit\",http_response_status_code=\"201\""

static const char *const lines[] = {
    "# TYPE usher_requests_total counter",
    "usher_requests_total{outcome=\"submitted\",duplicate=\"false\"} 11",
    "usher_requests_total{outcome=\"submitted\",duplicate=\"true\"} 0",
    "usher_requests_total{outcome=\"existing\",duplicate=\"false\"} 0",
    "usher_requests_total{outcome=\"failed\",duplicate=\"true\"} 3",
    "usher_requests_in_flight{stage=\"submit\"} 7",
    "usher_requests_in_flight{stage=\"admit\"} 0",
    "usher_stage_results_total{stage=\"submit\",result=\"paced\"} 4",
    "usher_retries_total 2",
    "usher_end_to_end_latency_seconds_bucket{le=\"0.01\"} 1",
    "usher_end_to_end_latency_seconds_bucket{le=\"0.025\"} 2",
    "usher_end_to_end_latency_seconds_bucket{le=\"600\"} 2",
    "usher_end_to_end_latency_seconds_bucket{le=\"+Inf\"} 3",
    "usher_end_to_end_latency_seconds_sum 700.021",
    "usher_end_to_end_latency_seconds_count 3",
    "usher_last_success_timestamp_seconds 1795299115.250",
    "http_client_active_requests 5",
    "usher_throttled_total 2",
    "usher_write_rate_limit{of=\"replicas\"} 19.600",
    "usher_write_rate_limit{of=\"worker\"} 6.533",
    "usher_share_questions_total 8",
    "usher_throttle_until_timestamp_seconds{scope=\"write\"} 1795299115.250",
    "usher_throttle_until_timestamp_seconds{scope=\"read\"} 0.000",
    "usher_retries_denied_total 6",
    "usher_graph_down 1",
    "usher_kafka_consumer_lag 123",
    "usher_kafka_assigned_partitions 4",
    "usher_kafka_transactions_total{result=\"committed\"} 9",
    "usher_kafka_transactions_total{result=\"aborted\"} 0",
    "usher_redis_up 1",
    "usher_redis_reconnects_total 0",
    "usher_redis_memory_losses_total 3",
    "usher_token_expiry_timestamp_seconds 1795299115",
    "usher_certificate_expiry_timestamp_seconds 1797299115",
    "usher_interlock 0",
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
    assert_has(&out, CALLS "_bucket{" SUBMIT_201 ",le=\"0.025\"} 0");
    assert_has(&out, CALLS "_bucket{" SUBMIT_201 ",le=\"0.05\"} 1");
    assert_has(&out, CALLS "_sum{" SUBMIT_201 "} 0.030");
    assert_has(&out, CALLS "_count{operation=\"dry_run\",http_response_status_code=\"429\"} 1");
    assert_has(&out, "usher_build_info{version=\"0.1.0\",revision=\"abc\",librdkafka=\"a\","
                     "curl=\"b\",hiredis=\"c\",libuv=\"d\"} 1");
    buffer_finish(&out);
}

static void test_what_is_not_known_is_left_out(void **state)
{
    (void)state;
    struct buffer out;
    fill();
    struct metrics_view less = view;
    const struct tenant_view poor = {.name = "", .answers = stats.answers, .rate_all = -1};
    less.lag = -1;
    less.tenants = &poor;
    buffer_init(&out, METRICS_BYTES_MAX);
    metrics_render(&less, &out);
    assert_null(strstr(out.data, "usher_kafka_consumer_lag"));
    assert_null(strstr(out.data, "usher_token_expiry"));
    assert_null(strstr(out.data, "usher_certificate_expiry"));
    assert_null(strstr(out.data, "http_client_request_duration"));
    assert_null(strstr(out.data, "usher_write_rate_limit"));
    assert_has(&out, "usher_throttled_total 0");
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
    for (int status = 0; status < 600; status++) {
        call_stats_add(&calls, "dry_run", status, status);
        call_stats_add(&calls, "submit", status, status);
        call_stats_add(&calls, "look", status, status);
        call_stats_add(&calls, "token", status, status);
    }
    for (size_t i = 0; i < calls.count; i++)
        calls.rows[i].times.sum_ms = INT64_MAX / 2;
    for (enum stage stage = 0; stage < STAGE_COUNT; stage++) {
        for (enum outcome outcome = 0; outcome < OUTCOME_COUNT; outcome++)
            stats.posts[stage][outcome] = UINT64_MAX / 4;
    }
    buffer_init(&out, METRICS_BYTES_MAX);
    metrics_render(&view, &out);
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
    stats.answers[ANSWER_REJECTED][false] = 5; /* of nobody */
    static const uint64_t none[ANSWER_COUNT][2] = {{0}};
    for (size_t i = 0; i < TENANTS_MAX; i++) {
        snprintf(names[i], sizeof names[i], "contoso-%zu%s", i,
                 i > 9 ? "-with-a-name-as-long-as" : "");
        many[i] = only;
        many[i].name = names[i];
        many[i].answers = none;
    }
    uint64_t own[ANSWER_COUNT][2];
    memcpy(own, stats.answers, sizeof own);
    own[ANSWER_REJECTED][false] = 0;
    many[1].answers = (const uint64_t(*)[2])own;
    for (int status = 0; status < 600; status++)
        call_stats_add(&calls, "token", status, status);
    all.tenants = many;
    all.tenant_count = TENANTS_MAX;
    buffer_init(&out, METRICS_BYTES_MAX);
    metrics_render(&all, &out);
    assert_false(out.failed);
    assert_has(&out, "usher_requests_total{outcome=\"submitted\",duplicate=\"false\","
                     "tenant=\"contoso-1\"} 11");
    assert_has(&out, "usher_requests_total{outcome=\"rejected\",duplicate=\"false\"} 5");
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
