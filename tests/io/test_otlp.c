/* Spans on their way to a collector: batches, patience, and what happens when there is none. */
#include "tests/io/http_server.h"
#include "tests/io/log_capture.h"
#include "worker/io/otlp.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
// cmocka needs the headers above first.
#include <cmocka.h>

enum { POSTS_MAX = 16, SHORT_MS = 20, LONG_MS = 60000 };

/* What the collector has heard, and what it says to the first POST and to the others. */
struct collector {
    pthread_mutex_t lock;
    struct http_server *server;
    char *heads[POSTS_MAX], *bodies[POSTS_MAX];
    uint64_t at_ms[POSTS_MAX];
    unsigned count;
    int first_status, status;
    const char *headers, *answer;
};

static struct collector heard;

static bool collect(void *context, const struct http_seen *seen)
{
    struct collector *c = context;
    pthread_mutex_lock(&c->lock);
    unsigned number = c->count;
    if (number < POSTS_MAX) {
        c->heads[number] = strdup(seen->head);
        c->bodies[number] = strndup(seen->body, seen->body_size);
        c->at_ms[number] = uv_hrtime() / 1000000;
        c->count++;
    }
    pthread_mutex_unlock(&c->lock);
    if (number == 0 && c->first_status != 200)
        http_answer_with(seen, c->first_status, c->headers, "no");
    else
        http_answer_with(seen, c->status, "Content-Type: application/json\r\n", c->answer);
    return true;
}

struct bench {
    uv_loop_t loop;
    struct settings settings;
    struct otlp *otlp;
    char endpoint[64];
};

static void bench_init(struct bench *bench)
{
    *bench = (struct bench){.endpoint = ""};
    heard = (struct collector){.lock = PTHREAD_MUTEX_INITIALIZER,
                               .first_status = 200,
                               .status = 200,
                               .headers = ""};
    heard.answer = "{}";
    heard.server = http_server_start(collect, &heard);
    (void)snprintf(bench->endpoint, sizeof bench->endpoint, "http://127.0.0.1:%u/v1/traces",
                   http_server_port(heard.server));
    bench->settings.kafka.instance_id = "w1";
    /* What must not come along. */
    bench->settings.graph.proxy = "http://127.0.0.1:9";
    bench->settings.graph.token = "graph-token";
    bench->settings.traces = (struct traces_settings){.endpoint = bench->endpoint,
                                                      .headers = "",
                                                      .headers_file = "",
                                                      .tls_ca_file = "",
                                                      .ratio = "1",
                                                      .service_name = "usher",
                                                      .resource = "",
                                                      .timeout_ms = 2000,
                                                      .interval_ms = SHORT_MS,
                                                      .batch = 3,
                                                      .queue = 7};
    uv_loop_init(&bench->loop);
    log_capture_open();
}

static void bench_open(struct bench *bench)
{
    struct error error = {0};
    bench->otlp = otlp_create(&bench->loop, &bench->settings, &error);
    if (bench->otlp == NULL)
        fail_msg("%s", error.text);
}

static void bench_close(struct bench *bench)
{
    otlp_destroy(bench->otlp);
    uv_run(&bench->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&bench->loop), 0);
    if (heard.server != NULL)
        http_server_stop(heard.server);
    for (unsigned i = 0; i < heard.count; i++) {
        free(heard.heads[i]);
        free(heard.bodies[i]);
    }
    log_capture_close();
}

static void add(struct bench *bench, unsigned count)
{
    struct span span = {.kind = SPAN_CLIENT, .name = "GET /x", .start_ns = 1, .end_ns = 2};
    span.context.trace_id[0] = span.context.span_id[0] = 1;
    for (unsigned i = 0; i < count; i++)
        otlp_add(bench->otlp, &span);
}

static void on_tick(uv_timer_t *timer)
{
    (void)timer; /* the loop wakes */
}

/* Turns the loop until nothing is left, at most so long. */
static void wait_idle(struct bench *bench, uint64_t ms)
{
    uv_timer_t tick;
    uint64_t end_ms = uv_hrtime() / 1000000 + ms;
    uv_timer_init(&bench->loop, &tick);
    uv_timer_start(&tick, on_tick, 10, 10);
    while (!otlp_is_idle(bench->otlp) && uv_hrtime() / 1000000 < end_ms)
        uv_run(&bench->loop, UV_RUN_ONCE);
    uv_close((uv_handle_t *)&tick, NULL);
    uv_run(&bench->loop, UV_RUN_NOWAIT);
}

static void assert_stats(const struct bench *bench, struct otlp_stats wanted)
{
    const struct otlp_stats *stats = otlp_stats(bench->otlp);
    assert_int_equal(stats->exported, wanted.exported);
    assert_int_equal(stats->failed, wanted.failed);
    assert_int_equal(stats->dropped, wanted.dropped);
    assert_int_equal(stats->queued, wanted.queued);
}

static unsigned spans_in(const char *body)
{
    unsigned count = 0;
    for (const char *at = body; (at = strstr(at, "\"spanId\"")) != NULL; at++)
        count++;
    return count;
}

static void sends_what_came_together(void **state)
{
    (void)state;
    struct bench bench;
    bench_init(&bench);
    bench.settings.traces.headers = "x-key=se%20cret,Authorization=Bearer%20collectors";
    setenv("http_proxy", "http://127.0.0.1:9", 1); /* nor through the environment's */
    bench_open(&bench);
    add(&bench, 2);
    wait_idle(&bench, 5000);
    unsetenv("http_proxy");
    assert_stats(&bench, (struct otlp_stats){.exported = 2});
    assert_int_equal(heard.count, 1);
    assert_int_equal(spans_in(heard.bodies[0]), 2);
    assert_int_equal(strncmp(heard.bodies[0], "{\"resourceSpans\":[", 18), 0);
    assert_non_null(
        strstr(heard.bodies[0], "\"service.instance.id\",\"value\":{\"stringValue\":\"w1\""));
    assert_int_equal(strncmp(heard.heads[0], "POST /v1/traces HTTP/1.1\r\n", 26), 0);
    assert_non_null(strstr(heard.heads[0], "\r\nContent-Type: application/json\r\n"));
    assert_non_null(strstr(heard.heads[0], "\r\nx-key: se cret\r\n"));
    assert_non_null(strstr(heard.heads[0], "\r\nAuthorization: Bearer collectors\r\n"));
    assert_null(strstr(heard.heads[0], "graph-token"));
    assert_int_equal(log_capture_count("traces."), 0);
    bench_close(&bench);
}

static void a_full_batch_goes_at_once(void **state)
{
    (void)state;
    struct bench bench;
    bench_init(&bench);
    bench.settings.traces.interval_ms = LONG_MS;
    bench_open(&bench);
    add(&bench, 3);
    wait_idle(&bench, 5000);
    assert_stats(&bench, (struct otlp_stats){.exported = 3});
    add(&bench, 1);
    wait_idle(&bench, 200);
    assert_stats(&bench, (struct otlp_stats){.exported = 3, .queued = 1});
    otlp_flush(bench.otlp);
    add(&bench, 1); /* the first is under way */
    wait_idle(&bench, 5000);
    assert_stats(&bench, (struct otlp_stats){.exported = 5});
    assert_int_equal(heard.count, 3);
    bench_close(&bench);
}

static void waits_as_long_as_it_is_asked_to(void **state)
{
    (void)state;
    struct bench bench;
    bench_init(&bench);
    heard.first_status = 429;
    heard.headers = "Retry-After: 1.5\r\n";
    bench_open(&bench);
    add(&bench, 3);
    wait_idle(&bench, 300);
    add(&bench, 1);
    assert_stats(&bench, (struct otlp_stats){.queued = 4});
    wait_idle(&bench, 5000);
    assert_stats(&bench, (struct otlp_stats){.exported = 4});
    assert_int_equal(heard.count, 3);
    assert_true(heard.at_ms[1] - heard.at_ms[0] >= 1450);
    assert_string_equal(heard.bodies[0], heard.bodies[1]);
    assert_int_equal(log_capture_count("traces.failed"), 1);
    assert_int_equal(log_capture_count("traces.restored"), 1);
    bench_close(&bench);
}

static void gives_up_what_is_refused(void **state)
{
    (void)state;
    struct bench bench;
    bench_init(&bench);
    bench.settings.traces.headers = "x-key=canary-of-the-collector";
    heard.first_status = heard.status = 401;
    bench_open(&bench);
    for (unsigned i = 0; i < 3; i++) {
        add(&bench, 1);
        wait_idle(&bench, 5000);
    }
    assert_stats(&bench, (struct otlp_stats){.failed = 3});
    assert_int_equal(log_capture_count("the collector answered 401"),
                     1); /* once, not three times */
    assert_int_equal(log_capture_count("canary-of-the-collector"), 0);
    bench_close(&bench);
}

static void drops_what_there_is_no_room_for(void **state)
{
    (void)state;
    struct bench bench;
    bench_init(&bench);
    http_server_stop(heard.server); /* nobody listens there now */
    heard.server = NULL;
    bench_open(&bench);
    add(&bench, 10);
    assert_stats(&bench, (struct otlp_stats){.dropped = 3, .queued = 7});
    wait_idle(&bench, 1500); /* two tries */
    add(&bench, 2);
    assert_stats(&bench, (struct otlp_stats){.dropped = 5, .queued = 7});
    assert_int_equal(log_capture_count("traces.dropped"), 1);
    assert_int_equal(log_capture_count("traces.failed"), 1);
    otlp_destroy(bench.otlp);
    bench.otlp = NULL;
    assert_int_equal(log_capture_count("7 spans have not been sent"), 1);
    bench_close(&bench);
}

/* The queue is bounded in bytes as well: of the largest spans fewer are kept. */
static void holds_no_more_bytes_than_it_may(void **state)
{
    (void)state;
    struct bench bench;
    char text[SPAN_TEXT_MAX];
    struct span span = {.kind = SPAN_CLIENT, .name = "GET /x", .start_ns = 1, .end_ns = 2};
    memset(text, '"', sizeof text);
    span.context.trace_id[0] = span.context.span_id[0] = 1;
    for (size_t i = 0; i < SPAN_ATTRIBUTES_MAX; i++)
        span_put_text(&span, "text", (struct str){text, sizeof text});
    bench_init(&bench);
    bench.settings.traces.interval_ms = LONG_MS;
    bench_open(&bench);
    otlp_add(bench.otlp, &span); /* 25 KiB of 28 */
    otlp_add(bench.otlp, &span);
    otlp_add(bench.otlp, &span);
    assert_stats(&bench, (struct otlp_stats){.dropped = 1, .queued = 2});
    otlp_flush(bench.otlp);
    wait_idle(&bench, 5000);
    assert_stats(&bench, (struct otlp_stats){.exported = 2, .dropped = 1});
    add(&bench, 1); /* there is room again */
    wait_idle(&bench, 5000);
    assert_stats(&bench, (struct otlp_stats){.exported = 3, .dropped = 1});
    bench_close(&bench);
}

static void counts_what_the_collector_left_out(void **state)
{
    (void)state;
    struct bench bench;
    bench_init(&bench);
    heard.answer = "{\"partialSuccess\":{\"rejectedSpans\":\"2\",\"errorMessage\":\"too old\"}}";
    bench_open(&bench);
    add(&bench, 3);
    wait_idle(&bench, 5000);
    assert_stats(&bench, (struct otlp_stats){.exported = 1, .failed = 2});
    assert_int_equal(heard.count, 1); /* never again */
    heard.answer = "{\"partialSuccess\":{\"rejectedSpans\":\"999\"}}";
    add(&bench, 3);
    wait_idle(&bench, 5000);
    assert_stats(&bench, (struct otlp_stats){.exported = 1, .failed = 5});
    bench_close(&bench);
}

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void reads_the_headers_again(void **state)
{
    (void)state;
    struct bench bench;
    struct error error = {0};
    char path[] = "/tmp/usher-otlp-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    bench_init(&bench);
    bench.settings.traces.headers_file = path;
    assert_null(otlp_create(&bench.loop, &bench.settings, &error)); /* it is empty */
    assert_non_null(strstr(error.text, "traces.headers: file /tmp/usher-otlp-"));
    write_file(path, "x-key=canary one\nx=2\n");
    assert_null(otlp_create(&bench.loop, &bench.settings, &error));
    write_file(path, "canary\n");
    assert_null(otlp_create(&bench.loop, &bench.settings, &error));
    assert_null(strstr(error.text, "canary"));
    write_file(path, "x-key=one\n");
    bench_open(&bench);
    static const char *const texts[] = {"x-key=one\n", "x-key=two\n", "canary\n"};
    for (size_t i = 0; i < 3; i++) {
        write_file(path, texts[i]);
        add(&bench, 1);
        wait_idle(&bench, 5000);
    }
    unlink(path);
    assert_int_equal(heard.count, 3);
    assert_non_null(strstr(heard.heads[0], "\r\nx-key: one\r\n"));
    assert_non_null(strstr(heard.heads[1], "\r\nx-key: two\r\n"));
    assert_non_null(strstr(heard.heads[2], "\r\nx-key: two\r\n")); /* what it had */
    assert_int_equal(log_capture_count("is not NAME=VALUE"), 1);
    assert_int_equal(log_capture_count("canary"), 0);
    bench_close(&bench);
}

static void ends_in_the_middle_of_a_post(void **state)
{
    (void)state;
    struct bench bench;
    bench_init(&bench);
    bench_open(&bench);
    add(&bench, 3);
    uv_run(&bench.loop, UV_RUN_NOWAIT);
    assert_false(otlp_is_idle(bench.otlp));
    bench_close(&bench); /* the sanitizers look for what is left */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sends_what_came_together),
        cmocka_unit_test(a_full_batch_goes_at_once),
        cmocka_unit_test(waits_as_long_as_it_is_asked_to),
        cmocka_unit_test(gives_up_what_is_refused),
        cmocka_unit_test(drops_what_there_is_no_room_for),
        cmocka_unit_test(holds_no_more_bytes_than_it_may),
        cmocka_unit_test(counts_what_the_collector_left_out),
        cmocka_unit_test(reads_the_headers_again),
        cmocka_unit_test(ends_in_the_middle_of_a_post),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
