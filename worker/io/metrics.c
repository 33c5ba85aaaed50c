#include "worker/io/metrics.h"

#include <stdio.h>

/* HELP and TYPE, once for each family. */
static void begin(struct buffer *out, const char *name, const char *type, const char *help)
{
    buffer_print(out, "# HELP %s %s.\n# TYPE %s %s\n", name, help, name, type);
}

static void put_value(struct buffer *out, int64_t value)
{
    buffer_put(out, " ", 1);
    buffer_put_integer(out, value);
    buffer_put(out, "\n", 1);
}

static void put_one(struct buffer *out, const char *name, const char *type, const char *help,
                    int64_t value)
{
    begin(out, name, type, help);
    buffer_put_text(out, name);
    put_value(out, value);
}

/* Milliseconds as seconds, and other thousandths, without floating point. */
static void put_seconds(struct buffer *out, int64_t ms)
{
    buffer_print(out, "%lld.%03lld", (long long)(ms / 1000), (long long)(ms % 1000));
}

/* `labels` without braces, ending in a comma if there are any. */
static void put_histogram(struct buffer *out, const char *name, const char *labels,
                          const struct histogram *histogram, const struct histogram_bounds *bounds)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < bounds->count; i++) {
        sum += histogram->buckets[i];
        buffer_print(out, "%s_bucket{%sle=\"%g\"} %llu\n", name, labels,
                     (double)bounds->ms[i] / 1000, (unsigned long long)sum);
    }
    int size = labels[0] != '\0' ? (int)strlen(labels) - 1 : 0;
    const char *open = size > 0 ? "{" : "";
    const char *close = size > 0 ? "}" : "";
    buffer_print(out, "%s_bucket{%sle=\"+Inf\"} %llu\n", name, labels,
                 (unsigned long long)histogram->count);
    buffer_print(out, "%s_sum%s%.*s%s ", name, open, size, labels, close);
    put_seconds(out, histogram->sum_ms);
    buffer_print(out, "\n%s_count%s%.*s%s %llu\n", name, open, size, labels, close,
                 (unsigned long long)histogram->count);
}

/* ---- requests ---------------------------------------------------------------------------- */

static void render_answers(const struct stats *stats, struct buffer *out)
{
    begin(out, "usher_requests_total", "counter",
          "Requests answered, by the outcome of their reply; duplicate: the answer was another's");
    for (enum answer answer = ANSWER_SUBMITTED; answer < ANSWER_COUNT; answer++) {
        for (int duplicate = 0; duplicate < 2; duplicate++)
            buffer_print(out, "usher_requests_total{outcome=\"%s\",duplicate=\"%s\"} %llu\n",
                         answer_name(answer), duplicate ? "true" : "false",
                         (unsigned long long)stats->answers[answer][duplicate]);
    }
    begin(out, "usher_dead_letters_total", "counter", "Records that went to the dead letters");
    static const enum answer dead[] = {ANSWER_REJECTED, ANSWER_FAILED, ANSWER_UNKNOWN};
    for (size_t i = 0; i < sizeof dead / sizeof *dead; i++)
        buffer_print(out, "usher_dead_letters_total{outcome=\"%s\"} %llu\n", answer_name(dead[i]),
                     (unsigned long long)stats->dead_letters[dead[i]]);
}

static void render_stages(const struct metrics_view *view, struct buffer *out)
{
    begin(out, "usher_requests_in_flight", "gauge", "Requests at work, by stage");
    for (enum stage stage = STAGE_ADMIT; stage < STAGE_DONE; stage++)
        buffer_print(out, "usher_requests_in_flight{stage=\"%s\"} %zu\n", stage_name(stage),
                     view->at_stage[stage]);
    begin(out, "usher_stage_results_total", "counter",
          "What stages reported, as the plan names it");
    for (enum stage stage = STAGE_ADMIT; stage < STAGE_DONE; stage++) {
        for (enum outcome outcome = OUTCOME_OK; outcome < OUTCOME_COUNT; outcome++) {
            uint64_t count = view->stats->posts[stage][outcome];
            if (count > 0 || outcome == OUTCOME_OK)
                buffer_print(out, "usher_stage_results_total{stage=\"%s\",result=\"%s\"} %llu\n",
                             stage_name(stage), outcome_name(outcome), (unsigned long long)count);
        }
    }
}

static void render_requests(const struct metrics_view *view, struct buffer *out)
{
    const struct stats *stats = view->stats;
    render_answers(stats, out);
    render_stages(view, out);
    put_one(out, "usher_retries_total", "counter", "Retries that counted against their event",
            (int64_t)stats->own_retries);
    put_one(out, "usher_requests_dropped_total", "counter",
            "Requests given up unanswered because their partition moved on", (int64_t)stats->drops);
    begin(out, "usher_end_to_end_latency_seconds", "histogram",
          "From the timestamp of the record to its committed reply");
    put_histogram(out, "usher_end_to_end_latency_seconds", "", &stats->latency, &latency_bounds);
    begin(out, "usher_last_success_timestamp_seconds", "gauge",
          "When a request last succeeded, 0 if none has");
    buffer_put_text(out, "usher_last_success_timestamp_seconds ");
    put_seconds(out, stats->last_success_wall_ms);
    buffer_put(out, "\n", 1);
}

/* ---- what it talks to -------------------------------------------------------------------- */

static void render_calls(const struct metrics_view *view, struct buffer *out)
{
    static const char name[] = "http_client_request_duration_seconds";
    static const struct call_stats none = {0};
    const struct call_stats *calls = view->calls != NULL ? view->calls : &none;
    if (calls->count > 0)
        begin(out, name, "histogram", "Calls to Graph and to the token endpoint");
    for (size_t i = 0; i < calls->count; i++) {
        char labels[96];
        snprintf(labels, sizeof labels, "operation=\"%s\",http_response_status_code=\"%s\",",
                 calls->rows[i].operation, calls->rows[i].status);
        put_histogram(out, name, labels, &calls->rows[i].times, &call_bounds);
    }
    put_one(out, "http_client_active_requests", "gauge", "Calls under way",
            (int64_t)view->calls_active);
    put_one(out, "usher_calls_waiting", "gauge", "Calls that wait for a free connection",
            (int64_t)view->calls_waiting);
    put_one(out, "usher_throttled_total", "counter", "Answers with status 429",
            (int64_t)call_stats_sum(calls, "429"));
}

static void put_thousandths(struct buffer *out, const char *series, int64_t value)
{
    buffer_print(out, "%s ", series);
    put_seconds(out, value);
    buffer_put(out, "\n", 1);
}

static void render_pacing(const struct metrics_view *view, struct buffer *out)
{
    if (view->rate_all >= 0) {
        begin(out, "usher_write_rate_limit", "gauge",
              "Writes to Graph a second that may be made now, by all replicas and by this one");
        put_thousandths(out, "usher_write_rate_limit{of=\"replicas\"}", view->rate_all);
        put_thousandths(out, "usher_write_rate_limit{of=\"worker\"}", view->rate_own);
    }
    put_one(out, "usher_share_questions_total", "counter",
            "Times Redis was asked for a share of the writes", (int64_t)view->share_questions);
    begin(out, "usher_throttle_until_timestamp_seconds", "gauge",
          "Until when Graph throttles, 0 if it does not");
    put_thousandths(out, "usher_throttle_until_timestamp_seconds{scope=\"write\"}",
                    view->writes_closed_wall_ms);
    put_thousandths(out, "usher_throttle_until_timestamp_seconds{scope=\"read\"}",
                    view->reads_closed_wall_ms);
    put_one(out, "usher_retries_denied_total", "counter", "Times the retry budget put a retry off",
            (int64_t)view->retries_denied);
    put_one(out, "usher_graph_down", "gauge",
            "1 while calls fail in a row and nothing but a probe is sent to Graph",
            view->graph_down);
}

static void render_kafka(const struct metrics_view *view, struct buffer *out)
{
    if (view->lag >= 0)
        put_one(out, "usher_kafka_consumer_lag", "gauge",
                "Records in our partitions that were not taken in yet", view->lag);
    put_one(out, "usher_kafka_assigned_partitions", "gauge", "Partitions assigned to this worker",
            (int64_t)view->assigned);
    begin(out, "usher_kafka_transactions_total", "counter", "Transactions of replies and offsets");
    buffer_print(out, "usher_kafka_transactions_total{result=\"committed\"} %llu\n",
                 (unsigned long long)view->transactions_committed);
    buffer_print(out, "usher_kafka_transactions_total{result=\"aborted\"} %llu\n",
                 (unsigned long long)view->transactions_aborted);
    put_one(out, "usher_kafka_orphaned_total", "counter",
            "Times the group was joined again for partitions that nobody had",
            (int64_t)view->orphaned);
    put_one(out, "usher_kafka_unreachable_total", "counter",
            "Times the brokers of the settings were asked anew, as none had answered for long",
            (int64_t)view->resumed);
}

static void render_follow(const struct metrics_view *view, struct buffer *out)
{
    const struct follow_stats *follow = view->follow;
    if (follow == NULL)
        return;
    put_one(out, "usher_follow_pending", "gauge",
            "Submitted requests that are followed, by all workers together", follow->entries);
    begin(out, "usher_follow_total", "counter", "Statuses sent, by what they say");
    for (enum follow_word word = FOLLOW_WORD_DELIVERED; word < FOLLOW_WORD_COUNT; word++)
        buffer_print(out, "usher_follow_total{state=\"%s\"} %llu\n", follow_word_name(word),
                     (unsigned long long)follow->told[word]);
    put_one(out, "usher_follow_looks_total", "counter", "Times Graph was asked what became of one",
            (int64_t)follow->looks);
    put_one(out, "usher_follow_reprocessed_total", "counter",
            "Requests that Graph was asked to process again", (int64_t)follow->reprocessed);
    put_one(out, "usher_follow_refused_total", "counter",
            "Submitted requests that are not followed, as there were follow.requests",
            (int64_t)view->unfollowed);
}

static void render_rest(const struct metrics_view *view, struct buffer *out)
{
    put_one(out, "usher_redis_up", "gauge", "1 while Redis can be used", view->redis_up);
    put_one(out, "usher_redis_reconnects_total", "counter", "Connections to Redis after the first",
            (int64_t)view->redis_reconnects);
    put_one(out, "usher_redis_memory_losses_total", "counter",
            "Times Redis was found to have lost claims or intents", (int64_t)view->redis_losses);
    if (view->token_expiry_wall_ms > 0)
        put_one(out, "usher_token_expiry_timestamp_seconds", "gauge",
                "When the access token for Graph expires", view->token_expiry_wall_ms / 1000);
    if (view->certificate_expiry_wall_ms > 0)
        put_one(out, "usher_certificate_expiry_timestamp_seconds", "gauge",
                "When the certificate of graph.certificate_file expires",
                view->certificate_expiry_wall_ms / 1000);
    put_one(out, "usher_interlock", "gauge",
            "1 while the interlock stands: a dry run may have been a grant", view->interlock);
    begin(out, "usher_build_info", "gauge", "Versions of usher and its libraries, the value is 1");
    buffer_print(out,
                 "usher_build_info{version=\"%s\",revision=\"%s\",librdkafka=\"%s\",curl=\"%s\","
                 "hiredis=\"%s\",libuv=\"%s\"} 1\n",
                 view->version, view->revision, view->librdkafka, view->curl, view->hiredis,
                 view->libuv);
}

void metrics_render(const struct metrics_view *view, struct buffer *ret)
{
    render_requests(view, ret);
    render_calls(view, ret);
    render_pacing(view, ret);
    render_kafka(view, ret);
    render_follow(view, ret);
    render_rest(view, ret);
}
