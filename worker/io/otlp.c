#include "worker/io/otlp.h"

#include "worker/core/retry_after.h"
#include "worker/io/http_loop.h"
#include "worker/io/kafka_conf.h"
#include "worker/io/log.h"
#include "worker/io/otlp_headers.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    TRIES_MAX = 5, /* of a batch: about 15 s, then the next one has its chance */
    PAUSE_MIN_MS = 1000,
    ANSWER_MAX = 4096, /* bytes of an answer that are kept; a partial success has some 100 */
    CONNECTION_AGE_MS = 10 * 60 * 1000, /* names move */
};

enum otlp_state {
    OTLP_WAITS,  /* for company, or for a first span */
    OTLP_SENDS,  /* the first batch is under way */
    OTLP_PAUSES, /* the first batch was not taken; the timer sends it again */
};

/* Spans that go in one POST. */
struct batch {
    struct batch *next;
    struct buffer json;
    size_t spans;
    size_t bytes; /* of json, when the last span was added */
};

struct otlp {
    const struct settings *settings;
    struct settings http_settings; /* what http_loop.h reads, with nothing of Graph's in it */
    struct otlp_source source;
    char instance[KAFKA_INSTANCE_ID_SIZE];
    struct http_loop *loop;
    struct http_transfer transfer;
    struct otlp_headers headers;
    uv_timer_t *timer; /* freed by its close callback */
    struct batch *first, *last;
    enum otlp_state state;
    unsigned tries; /* of the first batch */
    bool flushes;
    bool is_bad;      /* the last POST failed: the log has said so */
    bool has_dropped; /* likewise, since a batch was taken last */
    char answer[ANSWER_MAX];
    size_t answer_size;
    size_t bytes; /* of all batches */
    struct otlp_stats stats;
};

/* ---- batches ---- */

static struct batch *batch_create(const struct otlp *otlp)
{
    struct batch *batch = calloc(1, sizeof *batch);
    if (batch == NULL)
        return NULL;
    buffer_init(&batch->json,
                OTLP_HEAD_BYTES_MAX + (size_t)otlp->settings->traces.batch * OTLP_SPAN_BYTES_MAX);
    otlp_json_begin(&batch->json, &otlp->source);
    return batch;
}

static void batch_destroy(struct batch *batch)
{
    buffer_finish(&batch->json);
    free(batch);
}

/* The first batch has ended. */
static void remove_first(struct otlp *otlp, uint64_t *counter)
{
    struct batch *batch = otlp->first;
    *counter += batch->spans;
    otlp->stats.queued -= batch->spans;
    otlp->bytes -= batch->bytes;
    otlp->first = batch->next;
    if (otlp->first == NULL)
        otlp->last = NULL;
    otlp->tries = 0;
    batch_destroy(batch);
}

static bool is_full(const struct otlp *otlp, const struct batch *batch)
{
    return batch->spans >= (size_t)otlp->settings->traces.batch;
}

/* The one that takes the next span; NULL: no memory. */
static struct batch *open_batch(struct otlp *otlp)
{
    bool is_closed = otlp->last == NULL || is_full(otlp, otlp->last) ||
                     (otlp->last == otlp->first && otlp->state != OTLP_WAITS);
    if (!is_closed)
        return otlp->last;
    struct batch *batch = batch_create(otlp);
    if (batch == NULL)
        return NULL;
    if (otlp->last != NULL)
        otlp->last->next = batch;
    else
        otlp->first = batch;
    otlp->last = batch;
    return batch;
}

static void drop_one(struct otlp *otlp)
{
    otlp->stats.dropped++;
    if (otlp->has_dropped)
        return;
    otlp->has_dropped = true;
    log_write(LOG_WARN, "traces.dropped",
              "traces.queue: %d spans wait for the collector already; what comes is dropped until "
              "it takes some (usher_trace_spans_total counts them)",
              otlp->settings->traces.queue);
}

/* ---- sending ---- */

static void on_timer(uv_timer_t *timer);

static void wait_ms(struct otlp *otlp, int64_t ms)
{
    uv_timer_start(otlp->timer, on_timer, (uint64_t)ms, 0);
}

static void end_bad(struct otlp *otlp, const char *why)
{
    if (!otlp->is_bad)
        log_write(LOG_WARN, "traces.failed",
                  "traces.endpoint: %s; events go on, and spans are dropped once traces.queue is "
                  "full",
                  why);
    otlp->is_bad = true;
}

static void go_on(struct otlp *otlp);

/* Starts the POST of the first batch, which takes no more spans from then on. */
static void send_first(struct otlp *otlp)
{
    struct batch *batch = otlp->first;
    struct error error = {0};
    CURL *easy = otlp->transfer.easy;
    uv_timer_stop(otlp->timer);
    if (otlp->tries == 0)
        otlp_json_end(&batch->json);
    if (batch->json.failed) { /* no memory for it */
        remove_first(otlp, &otlp->stats.dropped);
        go_on(otlp);
        return;
    }
    otlp->state = OTLP_SENDS;
    otlp->tries++;
    otlp->answer_size = 0;
    if (!otlp_headers_read(&otlp->headers, otlp->settings, &error))
        end_bad(otlp, error.text); /* those that it had are sent */
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, otlp->headers.list);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, (long)batch->json.size);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, batch->json.data);
    http_transfer_start(otlp->loop, &otlp->transfer);
}

/* What to do with the batches that there are. */
static void go_on(struct otlp *otlp)
{
    otlp->state = OTLP_WAITS;
    if (otlp->first == NULL)
        return;
    if (otlp->flushes || is_full(otlp, otlp->first) || otlp->first->next != NULL)
        send_first(otlp);
    else if (!uv_is_active((uv_handle_t *)otlp->timer))
        wait_ms(otlp, otlp->settings->traces.interval_ms);
}

static void on_timer(uv_timer_t *timer)
{
    struct otlp *otlp = timer->data;
    if (otlp->first != NULL)
        send_first(otlp);
}

static size_t on_body(char *bytes, size_t unit, size_t count, void *context)
{
    struct otlp *otlp = context;
    size_t size = unit * count, room = sizeof otlp->answer - otlp->answer_size;
    size_t kept = size < room ? size : room;
    memcpy(otlp->answer + otlp->answer_size, bytes, kept);
    otlp->answer_size += kept;
    return size; /* the rest is nobody's business */
}

/* -1: it does not say. */
static int64_t read_retry_after_ms(CURL *easy)
{
    struct curl_header *header = NULL;
    if (curl_easy_header(easy, "Retry-After", 0, CURLH_HEADER, -1, &header) != CURLHE_OK)
        return -1;
    return retry_after_read(str_of(header->value), (int64_t)time(NULL) * 1000);
}

static void take_success(struct otlp *otlp)
{
    uint64_t rejected = otlp_rejected((struct str){otlp->answer, otlp->answer_size});
    if (rejected > otlp->first->spans)
        rejected = otlp->first->spans;
    if (rejected > 0)
        end_bad(otlp, "the collector takes a part of the spans only");
    else if (otlp->is_bad)
        log_write(LOG_INFO, "traces.restored", "the collector takes spans again");
    otlp->is_bad = rejected > 0;
    otlp->has_dropped = false;
    remove_first(otlp, &otlp->stats.exported);
    otlp->stats.exported -= rejected;
    otlp->stats.failed += rejected;
}

static int64_t pause_ms(const struct otlp *otlp, int64_t asked_ms)
{
    return asked_ms >= 0 ? asked_ms : (int64_t)PAUSE_MIN_MS << (otlp->tries - 1);
}

static void on_done(struct http_transfer *transfer, CURLcode result)
{
    struct otlp *otlp = (struct otlp *)((char *)transfer - offsetof(struct otlp, transfer));
    long status = 0;
    struct error why;
    curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
    bool answered = result == CURLE_OK;
    bool may_retry = !answered || status == 429 || status == 502 || status == 503 || status == 504;
    if (answered && status >= 200 && status < 300) {
        take_success(otlp);
        go_on(otlp);
        return;
    }
    if (answered)
        error_set(&why, "the collector answered %ld", status);
    else
        error_set(&why, "no answer from the collector: %s",
                  transfer->error[0] != '\0' ? transfer->error : curl_easy_strerror(result));
    end_bad(otlp, why.text);
    if (may_retry && otlp->tries < TRIES_MAX) {
        otlp->state = OTLP_PAUSES;
        wait_ms(otlp, pause_ms(otlp, answered ? read_retry_after_ms(transfer->easy) : -1));
        return;
    }
    remove_first(otlp, &otlp->stats.failed);
    go_on(otlp);
}

/* ---- life ---- */

/* A handle of its own, with nothing of what is set for Graph. */
static bool open_transfer(struct otlp *otlp, uv_loop_t *loop, struct error *error)
{
    const struct traces_settings *traces = &otlp->settings->traces;
    otlp->http_settings.graph.base_url = traces->endpoint;
    otlp->http_settings.graph.proxy = "direct";
    otlp->http_settings.graph.proxy_username = "";
    otlp->http_settings.graph.proxy_password_file = "";
    otlp->http_settings.graph.tls_ca_file = traces->tls_ca_file;
    otlp->http_settings.graph.http = HTTP_VERSION_1_1;
    otlp->http_settings.graph.connection_age_ms = CONNECTION_AGE_MS;
    otlp->loop = http_loop_create(loop, &otlp->http_settings, 1, error);
    if (otlp->loop == NULL)
        return false;
    if (!http_transfer_init(&otlp->transfer, otlp->loop, traces->endpoint))
        return error_set(error, "traces.endpoint: no memory");
    CURL *easy = otlp->transfer.easy;
    otlp->transfer.on_done = on_done;
    curl_easy_setopt(easy, CURLOPT_URL, traces->endpoint);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)traces->timeout_ms);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, otlp);
    return otlp_headers_read(&otlp->headers, otlp->settings, error);
}

static bool open_timer(struct otlp *otlp, uv_loop_t *loop)
{
    otlp->timer = calloc(1, sizeof *otlp->timer);
    if (otlp->timer == NULL)
        return false;
    uv_timer_init(loop, otlp->timer);
    otlp->timer->data = otlp;
    return true;
}

struct otlp *otlp_create(uv_loop_t *loop, const struct settings *settings, struct error *error)
{
    struct otlp *otlp = calloc(1, sizeof *otlp);
    if (otlp == NULL || !open_timer(otlp, loop)) {
        free(otlp);
        error_set(error, "traces.endpoint: no memory");
        return NULL;
    }
    otlp->settings = settings;
    kafka_instance_id(settings, otlp->instance);
    otlp->source = (struct otlp_source){.service = settings->traces.service_name,
                                        .version = USHER_VERSION,
                                        .instance = otlp->instance,
                                        .resource = settings->traces.resource};
    if (open_transfer(otlp, loop, error))
        return otlp;
    otlp_destroy(otlp);
    return NULL;
}

static void free_timer(uv_handle_t *timer)
{
    free(timer);
}

void otlp_destroy(struct otlp *otlp)
{
    if (otlp == NULL)
        return;
    if (otlp->state == OTLP_SENDS)
        http_transfer_cancel(&otlp->transfer);
    if (otlp->stats.queued > 0)
        log_write(LOG_WARN, "traces.lost", "%zu spans have not been sent; the worker ends",
                  otlp->stats.queued);
    while (otlp->first != NULL)
        remove_first(otlp, &otlp->stats.dropped);
    if (otlp->transfer.easy != NULL)
        http_transfer_finish(&otlp->transfer);
    http_loop_destroy(otlp->loop);
    otlp_headers_finish(&otlp->headers);
    uv_close((uv_handle_t *)otlp->timer, free_timer);
    free(otlp);
}

void otlp_add(struct otlp *otlp, const struct span *span)
{
    size_t most = (size_t)otlp->settings->traces.queue;
    bool has_room = otlp->stats.queued < most && otlp->bytes < most * OTLP_SPAN_BYTES;
    struct batch *batch = has_room ? open_batch(otlp) : NULL;
    if (batch == NULL) {
        drop_one(otlp);
        return;
    }
    otlp_json_span(&batch->json, span);
    otlp->bytes += batch->json.size - batch->bytes;
    batch->bytes = batch->json.size;
    batch->spans++;
    otlp->stats.queued++;
    if (otlp->state == OTLP_WAITS)
        go_on(otlp);
}

void otlp_flush(struct otlp *otlp)
{
    otlp->flushes = true;
    if (otlp->state == OTLP_WAITS)
        go_on(otlp);
}

bool otlp_is_idle(const struct otlp *otlp)
{
    return otlp->first == NULL;
}

const struct otlp_stats *otlp_stats(const struct otlp *otlp)
{
    return &otlp->stats;
}
