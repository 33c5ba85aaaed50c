/* Calls to Graph and to the token endpoint. */
#include "worker/io/http_place.h"
#include "worker/io/metrics_text.h"

#include <stdio.h>
#include <string.h>

/* Where the tenants differ, a histogram for each would be too many series: what is not the same for
 * all is left out. */
static void find_words(const struct metrics_view *view, enum call_place place,
                       struct http_place_words *ret)
{
    http_place_words(view->tenants[0].settings, place, ret);
    for (size_t i = 1; i < view->tenant_count; i++) {
        struct http_place_words other;
        http_place_words(view->tenants[i].settings, place, &other);
        if (strcmp(other.address, ret->address) != 0 || strcmp(other.port, ret->port) != 0)
            ret->address[0] = ret->port[0] = '\0';
        if (strcmp(other.template, ret->template) != 0)
            ret->template[0] = '\0';
    }
}

static bool is_expected(const struct metrics_view *view, enum call_place place, size_t ending)
{
    for (size_t i = 0; i < view->tenant_count; i++) {
        if (http_place_expected(view->tenants[i].settings, place) == ending)
            return true;
    }
    return false;
}

static void render_place(const struct metrics_view *view, enum call_place place,
                         const struct histogram times[CALL_ENDINGS], struct buffer *out)
{
    struct http_place_words words;
    find_words(view, place, &words);
    for (size_t ending = 0; ending < CALL_ENDINGS; ending++) {
        if (times[ending].count == 0 && !is_expected(view, place, ending))
            continue;
        struct metrics_labels labels = {.size = 0};
        metrics_label(&labels, "operation", call_operation(place));
        metrics_label(&labels, "http_request_method", words.method);
        metrics_label(&labels, "server_address", words.address);
        metrics_label(&labels, "server_port", words.port);
        metrics_label(&labels, "http_response_status_code", call_ending_status(ending));
        metrics_label(&labels, "error_type", call_ending_error(ending));
        metrics_label(&labels, "url_template", words.template);
        metrics_put_histogram(out, "http_client_request_duration_seconds", &labels, &times[ending],
                              &call_bounds);
    }
}

static void render_times(const struct metrics_view *view, struct buffer *out)
{
    static struct call_stats all; /* large */
    memset(&all, 0, sizeof all);
    for (size_t i = 0; i < view->tenant_count; i++) {
        if (view->tenants[i].calls != NULL)
            call_stats_merge(&all, view->tenants[i].calls);
    }
    metrics_begin(out, "http_client_request_duration_seconds", "histogram",
                  "Calls to Graph and to the token endpoint");
    for (enum call_place place = 0; place < CALL_PLACES; place++)
        render_place(view, place, all.times[place], out);
}

/* And how many, of each tenant that has a name: a row for each operation and status. `place` is one
 * of the operation's. */
static void count_calls(const struct tenant_view *tenant, enum call_place place, struct buffer *out)
{
    const char *operation = call_operation(place);
    size_t expected = http_place_expected(tenant->settings, place);
    for (size_t ending = 0; ending < CALL_ENDINGS; ending++) {
        uint64_t count = call_stats_sum(tenant->calls, operation, ending);
        struct metrics_labels labels = {.size = 0};
        metrics_label(&labels, "operation", operation);
        metrics_label(&labels, "http_response_status_code", call_ending_status(ending));
        metrics_label(&labels, "error_type", call_ending_error(ending));
        metrics_label(&labels, "tenant", tenant->name);
        if (count > 0 || ending == expected)
            metrics_put_row(out, "usher_tenant_calls_total", &labels, (int64_t)count);
    }
}

static void render_counts(const struct metrics_view *view, struct buffer *out)
{
    static const enum call_place places[] = {CALL_DRY_RUN_ASSIGNMENT,   CALL_SUBMIT_ASSIGNMENT,
                                             CALL_LOOK_REQUESTS,        CALL_FOLLOW_ASSIGNMENT,
                                             CALL_REPROCESS_ASSIGNMENT, CALL_TOKEN};
    if (view->tenants[0].name[0] == '\0')
        return;
    metrics_begin(out, "usher_tenant_calls_total", "counter",
                  "Calls to Graph and to the token endpoint, by tenant");
    for (size_t i = 0; i < view->tenant_count; i++) {
        const struct tenant_view *tenant = &view->tenants[i];
        for (size_t k = 0; tenant->calls != NULL && k < sizeof places / sizeof *places; k++)
            count_calls(tenant, places[k], out);
    }
}

/* ---- how many now ------------------------------------------------------------------------- */

static void put_gauge(const struct metrics_view *view, const char *name, const char *help,
                      size_t (*value)(const struct tenant_view *tenant), struct buffer *out)
{
    metrics_begin(out, name, "gauge", help);
    for (size_t i = 0; i < view->tenant_count; i++) {
        struct metrics_labels labels = {.size = 0};
        struct http_place_words words;
        http_place_words(view->tenants[i].settings, CALL_LOOK_REQUESTS, &words);
        metrics_label(&labels, "server_address", words.address);
        metrics_label(&labels, "tenant", view->tenants[i].name);
        metrics_put_row(out, name, &labels, (int64_t)value(&view->tenants[i]));
    }
}

static size_t active(const struct tenant_view *tenant)
{
    return tenant->calls_active;
}

static size_t connections(const struct tenant_view *tenant)
{
    return tenant->connections;
}

/* ---- throttled ---------------------------------------------------------------------------- */

static uint64_t throttled(const struct tenant_view *tenant, const char *operation)
{
    if (tenant->calls == NULL)
        return 0;
    return call_stats_sum(tenant->calls, operation, call_ending(429, CALL_ERROR_NONE)) +
           call_stats_sum(tenant->calls, operation, call_ending(503, CALL_ERROR_NONE));
}

static void put_throttled(const struct tenant_view *tenant, const char *scope, uint64_t count,
                          struct buffer *out)
{
    struct metrics_labels labels = {.size = 0};
    metrics_label(&labels, "scope", scope);
    metrics_label(&labels, "tenant", tenant->name);
    metrics_put_row(out, "usher_throttled_total", &labels, (int64_t)count);
}

static void put_refreshes(const struct tenant_view *tenant, struct buffer *out)
{
    size_t good = call_ending(200, CALL_ERROR_NONE);
    uint64_t counts[2] = {0};
    for (size_t ending = 0; tenant->calls != NULL && ending < CALL_ENDINGS; ending++)
        counts[ending == good] += call_stats_sum(tenant->calls, "token", ending);
    for (size_t i = 0; i < 2; i++) {
        struct metrics_labels labels = {.size = 0};
        metrics_label(&labels, "result", i == 1 ? "success" : "failure");
        metrics_label(&labels, "tenant", tenant->name);
        metrics_put_row(out, "usher_token_refreshes_total", &labels, (int64_t)counts[i]);
    }
}

void metrics_render_calls(const struct metrics_view *view, struct buffer *out)
{
    render_times(view, out);
    render_counts(view, out);
    put_gauge(view, "http_client_active_requests", "Calls to Graph under way", active, out);
    put_gauge(view, "http_client_open_connections", "Connections to Graph", connections, out);
    metrics_begin(out, "usher_throttled_total", "counter",
                  "Answers with status 429 or 503, by what was asked for");
    for (size_t i = 0; i < view->tenant_count; i++) {
        const struct tenant_view *tenant = &view->tenants[i];
        put_throttled(tenant, "write",
                      throttled(tenant, "dry_run") + throttled(tenant, "submit") +
                          throttled(tenant, "reprocess"),
                      out);
        put_throttled(tenant, "read", throttled(tenant, "look") + throttled(tenant, "follow"), out);
        put_throttled(tenant, "token", throttled(tenant, "token"), out);
    }
    metrics_begin(out, "usher_token_refreshes_total", "counter",
                  "Calls to the token endpoint, by whether they brought a token");
    for (size_t i = 0; i < view->tenant_count; i++)
        put_refreshes(&view->tenants[i], out);
}
