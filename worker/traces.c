#include "worker/traces.h"

#include "worker/core/reply.h"
#include "worker/io/http_place.h"
#include "worker/worker.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

enum {
    FLUSH_MS = 2000,  /* at the end; spans are worth no more of the drain */
    IDS_AT_ONCE = 10, /* random bytes for so many are fetched in one system call */
    NS_PER_MS = 1000000,
};

struct traces {
    const struct settings *settings;
    struct otlp *otlp;
    double ratio;
};

static int64_t wall_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* A new one in the trace of `parent`, or, where it is NULL, in a new trace. */
static void make_context(const struct span_context *parent, struct span_context *ret)
{
    enum { SIZE = TRACE_ID_SIZE + SPAN_ID_SIZE };
    static uint8_t random[IDS_AT_ONCE][SIZE];
    static size_t left;
    if (left == 0) {
        ssize_t size = getrandom(random, sizeof random, 0);
        assert(size == (ssize_t)sizeof random); /* never short up to 256 bytes */
        (void)size;
        left = IDS_AT_ONCE;
    }
    span_context_make(parent, random[--left], ret);
}

/* ---- opening and closing ---- */

bool traces_open(struct worker *w, struct error *error)
{
    const struct settings *s = w->settings;
    if (s->traces.endpoint[0] == '\0')
        return true;
    struct traces *traces = calloc(1, sizeof *traces);
    if (traces == NULL)
        return error_set(error, "traces.endpoint: no memory");
    *traces = (struct traces){.settings = s, .ratio = strtod(s->traces.ratio, NULL)};
    traces->otlp = otlp_create(&w->loop, s, error);
    if (traces->otlp == NULL) {
        free(traces);
        return false;
    }
    w->traces = traces;
    return true;
}

static void on_flush_end(uv_timer_t *timer)
{
    (void)timer; /* only so that the loop wakes */
}

void traces_close(struct worker *w, bool at_once)
{
    struct traces *traces = w->traces;
    if (traces == NULL)
        return;
    uint64_t end_ms = uv_hrtime() / NS_PER_MS + FLUSH_MS;
    otlp_flush(traces->otlp);
    uv_update_time(&w->loop);
    uv_timer_start(&w->deadline, on_flush_end, FLUSH_MS, 0);
    while (!at_once && !otlp_is_idle(traces->otlp) && uv_hrtime() / NS_PER_MS < end_ms)
        uv_run(&w->loop, UV_RUN_ONCE);
    uv_timer_stop(&w->deadline);
    otlp_destroy(traces->otlp);
    free(traces);
    w->traces = NULL;
}

const struct otlp_stats *traces_stats(const struct worker *w)
{
    return w->traces != NULL ? otlp_stats(w->traces->otlp) : NULL;
}

/* ---- what a request carries on ---- */

static void carry(struct request *rq, const struct span_context *context)
{
    span_context_write(context, rq->trace.own_text);
    rq->event.traceparent = rq->trace.own_text;
}

static void begin_recorded(const struct traces *traces, struct request *rq)
{
    const struct settings *s = traces->settings;
    struct request_trace *trace = &rq->trace;
    bool came = rq->event.traceparent != NULL;
    if (came)
        span_context_read(rq->event.traceparent, &trace->came);
    trace->has_link = came;
    trace->has_parent = came && s->traces.join == TRACES_JOIN_PARENT;
    const struct span_context *parent = trace->has_parent ? &trace->came : NULL;
    make_context(parent, &trace->own);
    if (parent != NULL)
        trace->own.flags = parent->flags & SPAN_FLAGS_CARRIED & ~SPAN_FLAG_SAMPLED;
    else
        rq->event.tracestate = NULL; /* it is another trace's */
    if (sampler_takes(s->traces.sampler, traces->ratio, parent, &trace->own))
        trace->own.flags |= SPAN_FLAG_SAMPLED;
    trace->start_ns = wall_ns();
    trace->is_on = true;
    carry(rq, &trace->own);
}

void traces_begin(struct worker *w, struct request *rq)
{
    rq->trace = (struct request_trace){.is_on = false};
    if (w->traces != NULL) {
        begin_recorded(w->traces, rq);
    } else if (rq->event.trace_is_broken) {
        make_context(NULL, &rq->trace.own);
        carry(rq, &rq->trace.own);
    }
}

/* A span below `process`, and what names it to others. */
static const char *begin_below(const struct request *rq, struct span_context *ret,
                               char ret_text[TRACEPARENT_SIZE])
{
    make_context(&rq->trace.own, ret);
    ret->flags = rq->trace.own.flags;
    span_context_write(ret, ret_text);
    return ret_text;
}

/* ---- spans ---- */

static bool is_sampled(const struct request *rq)
{
    return rq->trace.is_on && (rq->trace.own.flags & SPAN_FLAG_SAMPLED) != 0;
}

/* Any of the spans below `process`. */
static struct span make_below(const struct request *rq, const struct span_context *context,
                              enum span_kind kind, int64_t start_ns)
{
    return (struct span){.context = *context,
                         .parent = &rq->trace.own,
                         .tracestate = rq->event.tracestate,
                         .kind = kind,
                         .start_ns = start_ns,
                         .end_ns = wall_ns()};
}

void traces_call(struct worker *w, struct request *rq, struct http_call *call)
{
    call->traceparent = rq->event.traceparent;
    call->tracestate = rq->event.tracestate;
    if (!rq->trace.is_on)
        return;
    enum stage stage = call->for_real ? STAGE_SUBMIT : STAGE_DRY_RUN;
    rq->trace.place =
        http_place(tenant_of(w, rq)->settings,
                   stage_name(call->method == HTTP_GET ? STAGE_LOOK : stage), call->path);
    rq->trace.call_ns = wall_ns();
    call->traceparent = begin_below(rq, &rq->trace.call, rq->trace.call_text);
}

static unsigned attempts_before(const struct request *rq)
{
    const unsigned attempts[STAGE_COUNT] = {
        [STAGE_DRY_RUN] = rq->attempts.dry_run, [STAGE_SUBMIT] = rq->attempts.submit};
    return attempts[rq->stage];
}

static void put_server(struct span *span, const struct http_place_words *words)
{
    span_put_text(span, "server.address", str_of(words->address));
    span_put_number(span, "server.port", strtol(words->port, NULL, 10));
    span_put_text(span, "url.template", str_of(words->template));
}

static void put_call(struct span *span, const struct request *rq, const struct http_answer *answer)
{
    if (answer->status > 0)
        span_put_number(span, "http.response.status_code", answer->status);
    if (attempts_before(rq) > 0)
        span_put_number(span, "http.request.resend_count", attempts_before(rq));
    span_put_text(span, "azure.service.request.id", str_of(answer->request_id));
    span_put_text(span, "usher.client_request_id", str_of(rq->graph.client_request_id));
    span_put_text(span, "usher.stage", str_of(stage_name(rq->stage)));
    span_put_text(span, "error.type", str_of(span->error));
}

void traces_called(struct worker *w, struct request *rq, const struct http_answer *answer)
{
    struct request_trace *trace = &rq->trace;
    bool was_begun = answer->reach != HTTP_REFUSED && !answer->untried;
    if (!is_sampled(rq) || !was_begun)
        return;
    const struct settings *s = tenant_of(w, rq)->settings;
    struct http_place_words words;
    char name[sizeof words.template + 16], url[sizeof words + 16];
    http_place_words(s, trace->place, &words);
    struct span span = make_below(rq, &trace->call, SPAN_CLIENT, trace->call_ns);
    if (answer->took_us > 0) /* without the time that it waited for room */
        span.start_ns = span.end_ns - answer->took_us * 1000;
    const char *error = call_ending_error(http_place_ending(answer));
    span.error = error[0] != '\0' ? error : NULL;
    (void)snprintf(name, sizeof name, "%s %s", words.method, words.template);
    span.name = name;
    /* Without the query and the ids in it: a look-up's names the person. */
    (void)snprintf(url, sizeof url, "%s://%s:%s%s",
                   strncmp(s->graph.base_url, "https:", 6) == 0 ? "https" : "http", words.address,
                   words.port, words.template);
    span_put_text(&span, "http.request.method", str_of(words.method));
    span_put_text(&span, "url.full", str_of(url));
    put_server(&span, &words);
    put_call(&span, rq, answer);
    otlp_add(w->traces->otlp, &span);
}

void traces_reply(struct worker *w, struct request *rq)
{
    (void)w;
    if (!rq->trace.is_on || rq->trace.sent_ns != 0)
        return;
    rq->trace.sent_ns = wall_ns();
    rq->event.traceparent = begin_below(rq, &rq->trace.sent, rq->trace.sent_text);
}

static void put_messaging(struct span *span, const char *operation, const char *type,
                          const char *topic)
{
    span_put_text(span, "messaging.system", str_of("kafka"));
    span_put_text(span, "messaging.operation.name", str_of(operation));
    span_put_text(span, "messaging.operation.type", str_of(type));
    span_put_text(span, "messaging.destination.name", str_of(topic));
}

/* Spring's correlation id is a GUID in 16 raw bytes; others are text. */
static void put_conversation(struct span *span, const struct record *record, char guid[GUID_SIZE])
{
    const struct header *header = record_header(record, "kafka_correlationId");
    struct str text = header != NULL ? header->value : (struct str){0};
    if (text.data != NULL && text.size == 16) {
        guid_write((const uint8_t *)text.data, guid);
        text = str_of(guid);
    }
    span_put_text(span, "messaging.message.conversation_id", text);
}

static void add_sent(const struct traces *traces, const struct request *rq, const char *error)
{
    const struct settings *s = traces->settings;
    struct reply_settings reply = {.replies_topic = s->kafka.replies_topic,
                                   .allowed_topics = s->kafka.reply_topics_allowed.items,
                                   .allowed_count = s->kafka.reply_topics_allowed.count};
    const char *topic = reply_topic(rq, &reply);
    char name[300], guid[GUID_SIZE]; /* a topic's name has 249 bytes at most */
    struct span span = make_below(rq, &rq->trace.sent, SPAN_PRODUCER, rq->trace.sent_ns);
    (void)snprintf(name, sizeof name, "send %s", topic);
    span.name = name;
    span.error = error;
    put_messaging(&span, "send", "send", topic);
    put_conversation(&span, &rq->record, guid);
    span_put_text(&span, "error.type", str_of(error));
    otlp_add(traces->otlp, &span);
}

static void put_record(struct span *span, const struct record *record, char partition[16])
{
    (void)snprintf(partition, 16, "%d", (int)record->partition);
    span_put_text(span, "messaging.destination.partition.id", str_of(partition));
    span_put_number(span, "messaging.kafka.offset", record->offset);
    if (record->value.data == NULL)
        span_put_true(span, "messaging.kafka.message.tombstone");
}

static void put_event(struct span *span, const struct request *rq)
{
    span_put_text(span, "messaging.message.id", str_of(rq->event.id));
    span_put_text(span, "cloudevents.event_id", str_of(rq->event.id));
    span_put_text(span, "cloudevents.event_source", str_of(rq->event.source));
    span_put_text(span, "cloudevents.event_type", str_of(rq->event.type));
    span_put_text(span, "usher.tenant", str_of(rq->whose.name));
}

/* An answer that needs a person is an error; a refusal is the answer that it should be. */
static const char *error_of(const struct request *rq)
{
    if (rq->stage != STAGE_DONE)
        return "redelivered";
    if (!dead_letter_is_due(rq))
        return NULL;
    return rq->fault.code[0] != '\0' ? rq->fault.code : answer_name(rq->answer);
}

void traces_leave(struct worker *w, struct request *rq)
{
    struct request_trace *trace = &rq->trace;
    if (!is_sampled(rq))
        return;
    char name[300], partition[16], guid[GUID_SIZE];
    bool is_done = rq->stage == STAGE_DONE;
    if (trace->sent_ns != 0)
        add_sent(w->traces, rq, is_done ? NULL : "redelivered");
    struct span span = {.context = trace->own,
                        .parent = trace->has_parent ? &trace->came : NULL,
                        .parent_is_remote = true,
                        .link = trace->has_link ? &trace->came : NULL,
                        .tracestate = rq->event.tracestate,
                        .kind = SPAN_CONSUMER,
                        .name = name,
                        .start_ns = trace->start_ns,
                        .end_ns = wall_ns(),
                        .error = error_of(rq)};
    (void)snprintf(name, sizeof name, "process %s", rq->record.topic);
    put_messaging(&span, "process", "process", rq->record.topic);
    put_record(&span, &rq->record, partition);
    span_put_text(&span, "messaging.consumer.group.name", str_of(w->settings->kafka.group));
    put_conversation(&span, &rq->record, guid);
    put_event(&span, rq);
    span_put_text(&span, "usher.outcome", str_of(is_done ? answer_name(rq->answer) : NULL));
    if (is_done && rq->duplicate)
        span_put_true(&span, "usher.duplicate");
    span_put_text(&span, "error.type", str_of(span.error));
    otlp_add(w->traces->otlp, &span);
}
