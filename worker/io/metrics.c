#include "worker/io/metrics_text.h"

/* ---- requests ---------------------------------------------------------------------------- */

static void render_dead_letters(const struct stats *stats, struct buffer *out)
{
    metrics_begin(out, "usher_dead_letters_total", "counter",
                  "Records that went to the dead letters");
    static const enum answer dead[] = {ANSWER_REJECTED, ANSWER_FAILED, ANSWER_UNKNOWN};
    for (size_t i = 0; i < sizeof dead / sizeof *dead; i++)
        buffer_print(out, "usher_dead_letters_total{outcome=\"%s\"} %llu\n", answer_name(dead[i]),
                     (unsigned long long)stats->dead_letters[dead[i]]);
}

static void render_stages(const struct metrics_view *view, struct buffer *out)
{
    metrics_begin(out, "usher_requests_in_flight", "gauge", "Requests at work, by stage");
    for (enum stage stage = STAGE_ADMIT; stage < STAGE_DONE; stage++)
        buffer_print(out, "usher_requests_in_flight{stage=\"%s\"} %zu\n", stage_name(stage),
                     view->at_stage[stage]);
    metrics_begin(out, "usher_stage_results_total", "counter",
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
    render_dead_letters(stats, out);
    render_stages(view, out);
    metrics_put_one(out, "usher_retries_total", "counter",
                    "Retries that counted against their event", (int64_t)stats->own_retries);
    metrics_put_one(out, "usher_requests_dropped_total", "counter",
                    "Requests given up unanswered because their partition moved on",
                    (int64_t)stats->drops);
    metrics_begin(out, "usher_end_to_end_latency_seconds", "histogram",
                  "From the timestamp of the record to its committed reply");
    metrics_put_histogram(out, "usher_end_to_end_latency_seconds", "", &stats->latency,
                          &latency_bounds);
    metrics_begin(out, "usher_last_success_timestamp_seconds", "gauge",
                  "When a request last succeeded, 0 if none has");
    buffer_put_text(out, "usher_last_success_timestamp_seconds ");
    metrics_put_seconds(out, stats->last_success_wall_ms);
    buffer_put(out, "\n", 1);
}

/* ---- what it talks to -------------------------------------------------------------------- */

static void render_kafka(const struct metrics_view *view, struct buffer *out)
{
    if (view->lag >= 0)
        metrics_put_one(out, "usher_kafka_consumer_lag", "gauge",
                        "Records in our partitions that were not taken in yet", view->lag);
    metrics_put_one(out, "usher_kafka_assigned_partitions", "gauge",
                    "Partitions assigned to this worker", (int64_t)view->assigned);
    metrics_begin(out, "usher_kafka_transactions_total", "counter",
                  "Transactions of replies and offsets");
    buffer_print(out, "usher_kafka_transactions_total{result=\"committed\"} %llu\n",
                 (unsigned long long)view->transactions_committed);
    buffer_print(out, "usher_kafka_transactions_total{result=\"aborted\"} %llu\n",
                 (unsigned long long)view->transactions_aborted);
    metrics_put_one(out, "usher_kafka_orphaned_total", "counter",
                    "Times the group was joined again for partitions that nobody had",
                    (int64_t)view->orphaned);
    metrics_put_one(
        out, "usher_kafka_unreachable_total", "counter",
        "Times the brokers of the settings were asked anew, as none had answered for long",
        (int64_t)view->resumed);
}

static void render_rest(const struct metrics_view *view, struct buffer *out)
{
    metrics_put_one(out, "usher_redis_up", "gauge", "1 while Redis can be used", view->redis_up);
    metrics_put_one(out, "usher_redis_reconnects_total", "counter",
                    "Connections to Redis after the first", (int64_t)view->redis_reconnects);
    metrics_put_one(out, "usher_redis_memory_losses_total", "counter",
                    "Times Redis was found to have lost claims or intents",
                    (int64_t)view->redis_losses);
    metrics_put_one(out, "usher_interlock", "gauge",
                    "1 while the interlock stands: a dry run may have been a grant",
                    view->interlock);
    metrics_begin(out, "usher_build_info", "gauge",
                  "Versions of usher and its libraries, the value is 1");
    buffer_print(out,
                 "usher_build_info{version=\"%s\",revision=\"%s\",librdkafka=\"%s\",curl=\"%s\","
                 "hiredis=\"%s\",libuv=\"%s\"} 1\n",
                 view->version, view->revision, view->librdkafka, view->curl, view->hiredis,
                 view->libuv);
}

void metrics_render(const struct metrics_view *view, struct buffer *ret)
{
    metrics_render_tenants(view, ret);
    render_requests(view, ret);
    render_kafka(view, ret);
    render_rest(view, ret);
}
