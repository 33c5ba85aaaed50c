/* What each tenant has of its own: answers, pacing, credentials. */
#include "worker/io/metrics_text.h"

#include <stdio.h>
#include <string.h>

/* One label, and the tenant's where it has a name; `name` NULL: that alone. */
static struct metrics_labels labels_of(const struct tenant_view *tenant, const char *name,
                                       const char *value)
{
    struct metrics_labels labels = {.size = 0};
    if (name != NULL)
        metrics_label(&labels, name, value);
    metrics_label(&labels, "tenant", tenant->name);
    return labels;
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
        struct metrics_labels labels = labels_of(&view->tenants[i], NULL, NULL);
        if (value < 0)
            continue;
        if (!begun)
            metrics_begin(out, family->name, family->type, family->help);
        begun = true;
        metrics_put_row(out, family->name, &labels, value);
    }
}

/* ---- answers ----------------------------------------------------------------------------- */

static void put_answer(const char *tenant, enum answer answer,
                       const uint64_t counts[2][REQUEST_TYPE_COUNT], struct buffer *out)
{
    for (int duplicate = 0; duplicate < 2; duplicate++) {
        for (enum request_type type = 0; type < REQUEST_TYPE_COUNT; type++) {
            struct metrics_labels labels = {.size = 0};
            metrics_label(&labels, "outcome", answer_name(answer));
            metrics_label(&labels, "duplicate", duplicate ? "true" : "false");
            metrics_label(&labels, "request_type", request_type_name(type));
            metrics_label(&labels, "tenant", tenant);
            metrics_put_row(out, "usher_requests_total", &labels, (int64_t)counts[duplicate][type]);
        }
    }
}

/* With many tenants, what was refused before anybody knew whose it was has rows without a name. */
static void render_answers(const struct metrics_view *view, struct buffer *out)
{
    answer_counts rest;
    memcpy(rest, view->stats->answers, sizeof rest);
    metrics_begin(out, "usher_requests_total", "counter",
                  "Requests answered, by the outcome of their reply; duplicate: the answer was "
                  "another's");
    for (size_t i = 0; i < view->tenant_count; i++) {
        const struct tenant_view *tenant = &view->tenants[i];
        const uint64_t *all = &tenant->answers[0][0][0];
        for (enum answer answer = ANSWER_SUBMITTED; answer < ANSWER_COUNT; answer++)
            put_answer(tenant->name, answer, tenant->answers[answer], out);
        for (size_t k = 0; k < sizeof rest / sizeof rest[0][0][0]; k++)
            (&rest[0][0][0])[k] -= all[k];
    }
    if (view->tenants[0].name[0] == '\0')
        return;
    for (enum answer answer = ANSWER_SUBMITTED; answer < ANSWER_COUNT; answer++)
        put_answer("", answer, (const uint64_t(*)[REQUEST_TYPE_COUNT])rest[answer], out);
}

/* ---- pacing ------------------------------------------------------------------------------ */

static void put_thousandths(struct buffer *out, const struct tenant_view *tenant,
                            const char *const names[3], int64_t value)
{
    struct metrics_labels labels = labels_of(tenant, names[1], names[2]);
    metrics_put_seconds_row(out, names[0], &labels, value);
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
        put_thousandths(out, tenant, (const char *[]){rate, "of", "replicas"}, tenant->rate_all);
        put_thousandths(out, tenant, (const char *[]){rate, "of", "worker"}, tenant->rate_own);
    }
    metrics_begin(out, until, "gauge", "Until when Graph throttles, 0 if it does not");
    for (size_t i = 0; i < view->tenant_count; i++) {
        const struct tenant_view *tenant = &view->tenants[i];
        put_thousandths(out, tenant, (const char *[]){until, "scope", "write"},
                        tenant->writes_closed_wall_ms);
        put_thousandths(out, tenant, (const char *[]){until, "scope", "read"},
                        tenant->reads_closed_wall_ms);
    }
}

static int64_t waiting(const struct tenant_view *tenant)
{
    return (int64_t)tenant->calls_waiting;
}

static int64_t width(const struct tenant_view *tenant)
{
    return (int64_t)tenant->calls_width;
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
        {"usher_calls_waiting", "gauge", "Calls that wait for a free connection", waiting},
        {"usher_concurrency_limit", "gauge", "Calls to Graph that may be under way at once now",
         width},
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
    render_rates(view, out);
    for (size_t i = 0; i < sizeof families / sizeof *families; i++)
        put_family(view, &families[i], out);
}
