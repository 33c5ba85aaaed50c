/* What each tenant has of its own: answers, calls, pacing, credentials. */
#include "worker/io/metrics_text.h"

#include "config/tenants.h"

#include <stdio.h>

enum { LABEL_SIZE = sizeof "tenant=\"\"," + TENANT_NAME_MAX };

/* Ends in a comma; "" for the only one. A name has no character to escape (config/tenants.h). */
static const char *label_of(const struct tenant_view *tenant, char ret[LABEL_SIZE])
{
    ret[0] = '\0';
    if (tenant->name[0] != '\0')
        snprintf(ret, LABEL_SIZE, "tenant=\"%s\",", tenant->name);
    return ret;
}

/* `name{labels,tenant="…"}`; `labels` "" or as they stand between the braces. */
static void put_series(struct buffer *out, const char *name, const char *labels,
                       const struct tenant_view *tenant)
{
    char label[LABEL_SIZE];
    int size = (int)strlen(label_of(tenant, label));
    const char *comma = size > 0 && labels[0] != '\0' ? "," : "";
    bool bare = size == 0 && labels[0] == '\0';
    buffer_print(out, "%s%s%s%s%.*s%s ", name, bare ? "" : "{", labels, comma,
                 size > 0 ? size - 1 : 0, label, bare ? "" : "}");
}

struct family {
    const char *name, *type, *help;
    int64_t (*value)(const struct tenant_view *tenant); /* -1: it has none */
};

static void put_family(const struct metrics_view *view, const struct family *family,
                       struct buffer *out)
{
    bool begun = false;
    for (size_t i = 0; i < view->tenant_count; i++) {
        int64_t value = family->value(&view->tenants[i]);
        if (value < 0)
            continue;
        if (!begun)
            metrics_begin(out, family->name, family->type, family->help);
        begun = true;
        put_series(out, family->name, "", &view->tenants[i]);
        buffer_print(out, "%lld\n", (long long)value);
    }
}

/* ---- answers ----------------------------------------------------------------------------- */

static void put_answers(const struct tenant_view *tenant, const uint64_t (*answers)[2],
                        struct buffer *out)
{
    for (enum answer answer = ANSWER_SUBMITTED; answer < ANSWER_COUNT; answer++) {
        for (int duplicate = 0; duplicate < 2; duplicate++) {
            char labels[64];
            snprintf(labels, sizeof labels, "outcome=\"%s\",duplicate=\"%s\"", answer_name(answer),
                     duplicate ? "true" : "false");
            put_series(out, "usher_requests_total", labels, tenant);
            buffer_print(out, "%llu\n", (unsigned long long)answers[answer][duplicate]);
        }
    }
}

/* With many tenants, what was refused before anybody knew whose it was has rows without a name. */
static void render_answers(const struct metrics_view *view, struct buffer *out)
{
    uint64_t rest[ANSWER_COUNT][2];
    const struct tenant_view none = {.name = ""};
    metrics_begin(out, "usher_requests_total", "counter",
                  "Requests answered, by the outcome of their reply; duplicate: the answer was "
                  "another's");
    memcpy(rest, view->stats->answers, sizeof rest);
    for (size_t i = 0; i < view->tenant_count; i++) {
        const struct tenant_view *tenant = &view->tenants[i];
        put_answers(tenant, tenant->answers, out);
        for (size_t k = 0; k < ANSWER_COUNT * 2; k++)
            rest[k / 2][k % 2] -= tenant->answers[k / 2][k % 2];
    }
    if (view->tenants[0].name[0] != '\0')
        put_answers(&none, (const uint64_t(*)[2])rest, out);
}

/* ---- calls ------------------------------------------------------------------------------- */

/* How long calls took, of all tenants together: a histogram for each would be a series too many. */
static void render_times(const struct metrics_view *view, struct buffer *out)
{
    static const char name[] = "http_client_request_duration_seconds";
    struct call_stats all = {.count = 0};
    for (size_t i = 0; i < view->tenant_count; i++) {
        if (view->tenants[i].calls != NULL)
            call_stats_merge(&all, view->tenants[i].calls);
    }
    if (all.count > 0)
        metrics_begin(out, name, "histogram", "Calls to Graph and to the token endpoint");
    for (size_t i = 0; i < all.count; i++) {
        char labels[96];
        snprintf(labels, sizeof labels, "operation=\"%s\",http_response_status_code=\"%s\",",
                 all.rows[i].operation, all.rows[i].status);
        metrics_put_histogram(out, name, labels, &all.rows[i].times, &call_bounds);
    }
}

/* And how many, of each tenant that has a name. */
static void render_counts(const struct metrics_view *view, struct buffer *out)
{
    static const char name[] = "usher_tenant_calls_total";
    if (view->tenants[0].name[0] == '\0')
        return;
    metrics_begin(out, name, "counter", "Calls to Graph and to the token endpoint, by tenant");
    for (size_t i = 0; i < view->tenant_count; i++) {
        const struct call_stats *calls = view->tenants[i].calls;
        for (size_t k = 0; calls != NULL && k < calls->count; k++) {
            char labels[96];
            snprintf(labels, sizeof labels, "operation=\"%s\",http_response_status_code=\"%s\"",
                     calls->rows[k].operation, calls->rows[k].status);
            put_series(out, name, labels, &view->tenants[i]);
            buffer_print(out, "%llu\n", (unsigned long long)calls->rows[k].times.count);
        }
    }
}

static int64_t active(const struct tenant_view *tenant)
{
    return (int64_t)tenant->calls_active;
}

static int64_t waiting(const struct tenant_view *tenant)
{
    return (int64_t)tenant->calls_waiting;
}

static int64_t throttled(const struct tenant_view *tenant)
{
    return tenant->calls != NULL ? (int64_t)call_stats_sum(tenant->calls, "429") : 0;
}

/* ---- pacing ------------------------------------------------------------------------------ */

static void put_thousandths(struct buffer *out, const struct tenant_view *tenant, const char *name,
                            const char *labels, int64_t value)
{
    put_series(out, name, labels, tenant);
    metrics_put_seconds(out, value);
    buffer_put(out, "\n", 1);
}

static void render_rates(const struct metrics_view *view, struct buffer *out)
{
    static const char rate[] = "usher_write_rate_limit";
    static const char until[] = "usher_throttle_until_timestamp_seconds";
    bool begun = false;
    for (size_t i = 0; i < view->tenant_count; i++) {
        const struct tenant_view *tenant = &view->tenants[i];
        if (tenant->rate_all < 0)
            continue;
        if (!begun)
            metrics_begin(out, rate, "gauge",
                          "Writes to Graph a second that may be made now, by all replicas and by "
                          "this one");
        begun = true;
        put_thousandths(out, tenant, rate, "of=\"replicas\"", tenant->rate_all);
        put_thousandths(out, tenant, rate, "of=\"worker\"", tenant->rate_own);
    }
    metrics_begin(out, until, "gauge", "Until when Graph throttles, 0 if it does not");
    for (size_t i = 0; i < view->tenant_count; i++) {
        const struct tenant_view *tenant = &view->tenants[i];
        put_thousandths(out, tenant, until, "scope=\"write\"", tenant->writes_closed_wall_ms);
        put_thousandths(out, tenant, until, "scope=\"read\"", tenant->reads_closed_wall_ms);
    }
}

static int64_t questions(const struct tenant_view *tenant)
{
    return (int64_t)tenant->share_questions;
}

static int64_t denied(const struct tenant_view *tenant)
{
    return (int64_t)tenant->retries_denied;
}

static int64_t down(const struct tenant_view *tenant)
{
    return tenant->graph_down;
}

/* ---- credentials ------------------------------------------------------------------------- */

static int64_t token_end(const struct tenant_view *tenant)
{
    return tenant->token_expiry_wall_ms > 0 ? tenant->token_expiry_wall_ms / 1000 : -1;
}

static int64_t certificate_end(const struct tenant_view *tenant)
{
    return tenant->certificate_expiry_wall_ms > 0 ? tenant->certificate_expiry_wall_ms / 1000 : -1;
}

void metrics_render_tenants(const struct metrics_view *view, struct buffer *out)
{
    static const struct family families[] = {
        {"http_client_active_requests", "gauge", "Calls under way", active},
        {"usher_calls_waiting", "gauge", "Calls that wait for a free connection", waiting},
        {"usher_throttled_total", "counter", "Answers with status 429", throttled},
        {"usher_share_questions_total", "counter",
         "Times Redis was asked for a share of the writes", questions},
        {"usher_retries_denied_total", "counter", "Times the retry budget put a retry off", denied},
        {"usher_graph_down", "gauge",
         "1 while calls fail in a row and nothing but a probe is sent to Graph", down},
        {"usher_token_expiry_timestamp_seconds", "gauge", "When the access token for Graph expires",
         token_end},
        {"usher_certificate_expiry_timestamp_seconds", "gauge",
         "When the certificate of graph.certificate_file expires", certificate_end},
    };
    render_answers(view, out);
    render_times(view, out);
    render_counts(view, out);
    render_rates(view, out);
    for (size_t i = 0; i < sizeof families / sizeof *families; i++)
        put_family(view, &families[i], out);
}
