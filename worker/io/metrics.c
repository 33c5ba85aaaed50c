#include "worker/io/metrics_text.h"

/* ---- requests ---------------------------------------------------------------------------- */

static struct metrics_labels one_label(const char *name, const char *value)
{
    struct metrics_labels labels = {.size = 0};
    metrics_label(&labels, name, value);
    return labels;
}

static void render_reasons(const struct stats *stats, struct buffer *out)
{
    static const char dead[] = "usher_dead_letters_total", retries[] = "usher_retries_total";
    static const char lookups[] = "usher_dedupe_lookups_total";
    metrics_begin(out, dead, "counter", "Records that went to the dead letters");
    for (enum dead_reason reason = 0; reason < DEAD_REASONS; reason++) {
        struct metrics_labels labels = one_label("reason", dead_reason_name(reason));
        metrics_put_row(out, dead, &labels, (int64_t)stats->dead_letters[reason]);
    }
    metrics_begin(out, retries, "counter", "Retries that counted against their event");
    for (enum retry_reason reason = 0; reason < RETRY_REASONS; reason++) {
        struct metrics_labels labels = one_label("reason", retry_reason_name(reason));
        metrics_put_row(out, retries, &labels, (int64_t)stats->retries[reason]);
    }
    metrics_begin(out, lookups, "counter", "Claims, by what Redis knew of the event");
    for (enum dedupe_result result = 0; result < DEDUPE_RESULTS; result++) {
        struct metrics_labels labels = one_label("result", dedupe_result_name(result));
        metrics_put_row(out, lookups, &labels, (int64_t)stats_dedupe(stats, result));
    }
}

static void render_stages(const struct metrics_view *view, struct buffer *out)
{
    static const char at[] = "usher_requests_in_flight", results[] = "usher_stage_results_total";
    struct plan plan;
    plan_init(&plan, &(struct plan_limits){.retry_attempts = 1}); /* for its cells only */
    metrics_begin(out, at, "gauge", "Requests at work, by stage");
    for (enum stage stage = STAGE_ADMIT; stage < STAGE_DONE; stage++) {
        struct metrics_labels labels = one_label("stage", stage_name(stage));
        metrics_put_row(out, at, &labels, (int64_t)view->at_stage[stage]);
    }
    metrics_begin(out, results, "counter", "What stages reported, as the plan names it");
    for (enum stage stage = STAGE_ADMIT; stage < STAGE_DONE; stage++) {
        for (enum outcome outcome = OUTCOME_OK; outcome < OUTCOME_COUNT; outcome++) {
            struct metrics_labels labels = one_label("stage", stage_name(stage));
            metrics_label(&labels, "result", outcome_name(outcome));
            if (plan_allows(&plan, stage, outcome))
                metrics_put_row(out, results, &labels, (int64_t)view->stats->posts[stage][outcome]);
        }
    }
}

static void render_latency(const struct stats *stats, struct buffer *out)
{
    static const char name[] = "usher_end_to_end_latency_seconds";
    metrics_begin(out, name, "histogram",
                  "From the timestamp of the record to its committed reply");
    for (enum answer answer = ANSWER_SUBMITTED; answer < ANSWER_COUNT; answer++) {
        struct metrics_labels labels = one_label("outcome", answer_name(answer));
        metrics_put_histogram(out, name, &labels, &stats->latency[answer], &latency_bounds);
    }
}

static void put_time(struct buffer *out, const char *name, const char *help, int64_t wall_ms)
{
    metrics_begin(out, name, "gauge", help);
    metrics_put_seconds_row(out, name, NULL, wall_ms);
}

static void render_requests(const struct metrics_view *view, struct buffer *out)
{
    const struct stats *stats = view->stats;
    render_reasons(stats, out);
    render_stages(view, out);
    put_time(out, "usher_oldest_in_flight_timestamp_seconds",
             "When the oldest request at work was taken in, 0 if there is none",
             view->oldest_wall_ms);
    metrics_put_one(out, "usher_requests_dropped_total", "counter",
                    "Requests given up unanswered because their partition moved on",
                    (int64_t)stats->drops);
    render_latency(stats, out);
    put_time(out, "usher_last_success_timestamp_seconds",
             "When a request last succeeded, 0 if none has", stats->last_success_wall_ms);
}

/* ---- what it talks to -------------------------------------------------------------------- */

static void render_follow(const struct metrics_view *view, struct buffer *out)
{
    const struct follow_stats *follow = view->follow;
    if (follow == NULL)
        return;
    metrics_put_one(out, "usher_follow_pending", "gauge",
                    "Submitted requests that are followed, by all workers together",
                    follow->entries);
    metrics_begin(out, "usher_follow_total", "counter", "Statuses sent, by what they say");
    for (enum follow_word word = FOLLOW_WORD_DELIVERED; word < FOLLOW_WORD_COUNT; word++)
        buffer_print(out, "usher_follow_total{state=\"%s\"} %llu\n", follow_word_name(word),
                     (unsigned long long)follow->told[word]);
    metrics_put_one(out, "usher_follow_looks_total", "counter",
                    "Times Graph was asked what became of one", (int64_t)follow->looks);
    metrics_put_one(out, "usher_follow_reprocessed_total", "counter",
                    "Requests that Graph was asked to process again", (int64_t)follow->reprocessed);
    metrics_put_one(out, "usher_follow_refused_total", "counter",
                    "Submitted requests that are not followed, as there were follow.requests",
                    (int64_t)view->unfollowed);
}

static void render_rest(const struct metrics_view *view, struct buffer *out)
{
    metrics_put_one(out, "usher_redis_up", "gauge", "1 while Redis can be used", view->redis_up);
    metrics_put_one(out, "usher_redis_reconnects_total", "counter",
                    "Connections to Redis after the first", (int64_t)view->redis_reconnects);
    metrics_put_one(out, "usher_redis_memory_losses_total", "counter",
                    "Times Redis was found to have lost claims or intents",
                    (int64_t)view->redis_losses);
    metrics_put_one(out, "usher_paused", "gauge",
                    "1 while an operator has paused the intake of this worker", view->paused);
    metrics_put_one(out, "usher_interlock", "gauge",
                    "1 while the interlock stands: a dry run may have been a grant",
                    view->interlock);
    metrics_put_one(out, "usher_config_last_reload_successful", "gauge",
                    "1 if the settings were last read without an error", view->config_good);
    put_time(out, "usher_config_last_reload_success_timestamp_seconds",
             "When the settings were last read without an error", view->config_wall_ms);
    metrics_begin(out, "usher_event_loop_lag_seconds", "histogram",
                  "How late the timers of the worker's loop are");
    metrics_put_histogram(out, "usher_event_loop_lag_seconds", NULL, &view->loop->late,
                          &lag_bounds);
    metrics_begin(out, "usher_build_info", "gauge",
                  "Versions of usher and its libraries, the value is 1");
    buffer_print(out,
                 "usher_build_info{version=\"%s\",revision=\"%s\",librdkafka=\"%s\",curl=\"%s\","
                 "openssl=\"%s\",hiredis=\"%s\",libuv=\"%s\"} 1\n",
                 view->version, view->revision, view->librdkafka, view->curl, view->openssl,
                 view->hiredis, view->libuv);
}

void metrics_render(const struct metrics_view *view, struct buffer *ret)
{
    metrics_render_tenants(view, ret);
    metrics_render_calls(view, ret);
    render_requests(view, ret);
    metrics_render_kafka(view, ret);
    render_follow(view, ret);
    render_rest(view, ret);
}
