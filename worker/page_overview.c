/* The first page: is all well, how much is done, and what stands in the way. */
#include "worker/page_parts.h"

#include <inttypes.h>

enum { MINUTE_SLOTS = 6, RECENT_SHOWN = 6 };

static void put_banner(const struct look *look, const char *mood, const char *name,
                       const char *text)
{
    buffer_print(look->out, "<p class=\"banner %s\"><strong>%s</strong> ", mood, name);
    put_escaped(look, text);
    put(look, "</p>\n");
}

static void put_banners(const struct look *look, const struct metrics_view *metrics)
{
    struct admin_check checks[ADMIN_CHECKS_MAX];
    const struct admin_view *view = &look->worker->page->view;
    size_t count = view->checks(view->context, checks);
    put(look, "<div role=\"status\">");
    if (metrics->interlock)
        put_banner(look, "bad", "The interlock stands.",
                   "Nothing is taken in and nothing is posted. Look in Graph what the dry run did, "
                   "then: usher doctor --clear-interlock");
    for (size_t i = 0; i < count; i++) {
        if (!checks[i].ok && strcmp(checks[i].name, "interlock") != 0)
            put_banner(look, "bad", checks[i].name, checks[i].why);
    }
    for (size_t i = 0; i < metrics->warning_count; i++)
        put_banner(look, "fair", "Warning", metrics->warnings[i]);
    if (!metrics->config_good)
        put_banner(look, "fair", "Warning",
                   "the settings were read anew and are wrong; the old ones count, and the log "
                   "says why");
    put(look, "</div>\n");
}

/* ---- tiles --------------------------------------------------------------------------------- */

static void begin_tile(const struct look *look, const char *name)
{
    buffer_print(look->out, "<div class=\"tile\"><dt>%s</dt><dd>", name);
}

static void end_tile(const struct look *look, const char *below)
{
    buffer_print(look->out, "<span class=\"below\">%s</span></dd></div>\n", below);
}

static uint64_t answered(const struct look *look, size_t slots)
{
    uint64_t sum = 0;
    for (enum answer i = ANSWER_SUBMITTED; i < ANSWER_COUNT; i++)
        sum += history_sum(&look->worker->page->history, i, slots, look->now_ms);
    return sum;
}

static void put_work_tiles(const struct look *look, const struct metrics_view *metrics)
{
    const struct worker *w = look->worker;
    begin_tile(look, "Answered");
    put_count(look, answered(look, MINUTE_SLOTS));
    put_sparkline(look, CHART_ANSWERS);
    end_tile(look, "in the last minute");

    begin_tile(look, "In flight");
    put_count(look, w->pool.used);
    buffer_print(look->out, " <small>of ");
    put_count(look, w->pool.size);
    put(look, "</small>");
    put_sparkline(look, CHART_IN_FLIGHT);
    end_tile(look, "records at work");

    begin_tile(look, "Lag");
    if (metrics->kafka.lag >= 0)
        put_count(look, (uint64_t)metrics->kafka.lag);
    else
        put(look, "?");
    put_sparkline(look, CHART_LAG);
    end_tile(look, "records that wait in Kafka");
}

static void put_care_tiles(const struct look *look, const struct metrics_view *metrics)
{
    const struct worker *w = look->worker;
    uint64_t dead = 0;
    for (size_t i = 0; i < DEAD_REASONS; i++)
        dead += w->stats.dead_letters[i];
    begin_tile(look, "Oldest");
    put_since(look, metrics->oldest_wall_ms);
    end_tile(look, "at work for so long");
    begin_tile(look, "Asleep");
    put_count(look, w->pipeline.sleepers.count);
    end_tile(look, "wait for their next try");
    begin_tile(look, "Dead letters");
    put_count(look, dead);
    end_tile(look, "since start; a person is needed");
}

/* ---- Graph --------------------------------------------------------------------------------- */

static void put_graph_state(const struct look *look, const struct tenant_view *tenant)
{
    int64_t writes_ms = tenant->writes_closed_wall_ms, reads_ms = tenant->reads_closed_wall_ms;
    if (tenant->graph_down)
        put_pill(look, "bad", "away");
    else if (writes_ms == 0 && reads_ms == 0)
        put_pill(look, "good", "takes calls");
    if (writes_ms != 0 || reads_ms != 0)
        put_pill(look, "fair", "throttled");
    if (writes_ms != 0) {
        put(look, " writes again in ");
        put_until(look, writes_ms);
    }
    if (reads_ms != 0) {
        put(look, writes_ms != 0 ? ", reads in " : " reads again in ");
        put_until(look, reads_ms);
    }
}

static void put_rate(const struct look *look, const struct tenant_view *tenant)
{
    if (tenant->rate_all < 0) {
        put(look, "no limit");
        return;
    }
    buffer_print(look->out, "%.1f <span class=\"soft\">of %.1f</span>",
                 (double)tenant->rate_own / 1000, (double)tenant->rate_all / 1000);
}

/* What ends soon stands out. */
static void put_end(const struct look *look, int64_t wall_ms, int64_t soon_ms)
{
    bool soon = wall_ms != 0 && wall_ms - look->wall_ms < soon_ms;
    put(look, soon ? "<strong class=\"soon\">" : "<span>");
    put_until(look, wall_ms);
    put(look, soon ? "</strong>" : "</span>");
}

static void put_graph(const struct look *look, const struct metrics_view *metrics)
{
    static const char *const heads[] = {"Tenant",           "State",    "Calls",
                                        "Waiting",          "Writes/s", "Token ends",
                                        "Certificate ends", NULL};
    put(look, "<section class=\"card\"><h2>Microsoft Graph</h2>");
    struct table table = table_begin(look, "Each tenant's calls, pace and credentials", heads);
    for (size_t i = 0; i < metrics->tenant_count; i++) {
        const struct tenant_view *tenant = &metrics->tenants[i];
        table_row(&table);
        table_cell(&table);
        put_escaped(look,
                    tenant->name[0] != '\0' ? tenant->name : tenant->settings->graph.tenant_id);
        table_cell(&table);
        put_graph_state(look, tenant);
        table_cell(&table);
        put_count(look, tenant->calls_active);
        buffer_print(look->out, " <span class=\"soft\">of %zu</span>", tenant->calls_width);
        table_cell(&table);
        put_count(look, tenant->calls_waiting);
        table_cell(&table);
        put_rate(look, tenant);
        table_cell(&table);
        put_end(look, tenant->token_expiry_wall_ms, 60 * 1000);
        table_cell(&table);
        put_end(look, tenant->certificate_expiry_wall_ms, (int64_t)14 * 24 * 3600 * 1000);
    }
    table_end(&table);
    put(look, "</section>\n");
}

/* ---- checks, and what was answered last ------------------------------------------------------ */

static void put_checks(const struct look *look)
{
    struct admin_check checks[ADMIN_CHECKS_MAX];
    const struct admin_view *view = &look->worker->page->view;
    size_t count = view->checks(view->context, checks);
    put(look, "<section class=\"card\"><h2>Checks</h2><ul class=\"checks\">");
    for (size_t i = 0; i < count; i++) {
        put(look, "<li>");
        put_pill(look, checks[i].ok ? "good" : "bad", checks[i].ok ? "ok" : "failed");
        put(look, " ");
        put_escaped(look, checks[i].name);
        if (checks[i].ok && checks[i].why[0] != '\0') {
            put(look, ": ");
            put_escaped(look, checks[i].why);
        }
        put(look, "</li>");
    }
    put(look, "</ul></section>\n");
}

static void put_recent(const struct look *look, const struct recent_ring *ring, const char *title,
                       const char *none)
{
    static const char *const heads[] = {"Event", "Asked for", "Answer", "Error",
                                        "When",  "Took",      NULL};
    buffer_print(look->out, "<section class=\"card\"><h2>%s</h2>", title);
    if (ring->count == 0) {
        buffer_print(look->out, "<p class=\"empty\">%s</p></section>\n", none);
        return;
    }
    struct table table = table_begin(look, title, heads);
    const struct recent_answer *one;
    for (size_t age = 0; age < RECENT_SHOWN && (one = recent_at(ring, age)) != NULL; age++) {
        table_row(&table);
        table_cell(&table);
        put_event(look, one->id, one->source);
        table_cell(&table);
        put_type(look, one->kind, one->type);
        table_cell(&table);
        buffer_print(look->out, "<span class=\"key o-%s\"></span>%s%s", answer_name(one->answer),
                     answer_name(one->answer), one->duplicate ? " (again)" : "");
        table_cell(&table);
        put_code(look, one->code, one->stage);
        table_cell(&table);
        put_since(look, one->finished_wall_ms);
        put(look, " ago");
        table_cell(&table);
        put_span(look, one->took_ms);
    }
    table_end(&table);
    put(look, "</section>\n");
}

void page_overview(const struct look *look)
{
    struct metrics_view metrics = {0};
    const struct page *page = look->worker->page;
    page->view.metrics(page->view.context, &metrics);
    put_banners(look, &metrics);
    put(look, "<dl class=\"tiles\">");
    put_work_tiles(look, &metrics);
    put_care_tiles(look, &metrics);
    put(look, "</dl>\n");
    put_answers_chart(look);
    put_graph(look, &metrics);
    put_recent(look, &look->worker->recent.problems, "Latest problems",
               "No event was rejected, expired, failed or left unknown since start.");
    put_recent(look, &look->worker->recent.successes, "Latest successes",
               "No event was submitted, existing or validated yet.");
    put_checks(look);
}
