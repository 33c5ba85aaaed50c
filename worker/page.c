#include "worker/page.h"

#include "worker/cli/version.h"
#include "worker/io/kafka_conf.h"
#include "worker/page_assets.h"
#include "worker/page_parts.h"

#include <inttypes.h>

enum { TICK_MS = 1000, RELOAD_S = 10 /* without the script */ };

/* The menu, in its order; the first path is that of `/`. */
static const struct page_row {
    const char *path, *title;
    void (*write)(const struct look *look); /* NULL: page_look_up() */
} rows[] = {
    {"", "Overview", page_overview},
    {"in-flight", "In flight", page_in_flight},
    {"retries", "Retries", page_retries},
    {"dead-letters", "Dead letters", page_letters},
    {"look-up", "Look-up", NULL},
    {"partitions", "Partitions", page_partitions},
    {"settings", "Settings", page_settings},
};

/* ---- what stands around each page ---------------------------------------------------------- */

static const char *name_of(const struct worker *w)
{
    static char name[KAFKA_INSTANCE_ID_SIZE];
    kafka_instance_id(w->settings, name);
    return name;
}

static void put_head(const struct look *look, const struct page_row *row)
{
    put(look, "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
              "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
              "<meta name=\"color-scheme\" content=\"light dark\">"
              "<meta name=\"robots\" content=\"noindex\"><title>");
    buffer_print(look->out, "%s \xC2\xB7 ", row->title);
    put_escaped(look, name_of(look->worker));
    buffer_print(look->out,
                 " \xC2\xB7 usher</title><link rel=\"stylesheet\" href=\"page.css?v=%s\">"
                 "<link rel=\"icon\" href=\"icon.svg\" type=\"image/svg+xml\">"
                 "<script src=\"page.js?v=%s\" defer></script>",
                 page_assets_version, page_assets_version);
    if (row->write != NULL && row->write != page_settings)
        buffer_print(look->out, "<noscript><meta http-equiv=\"refresh\" content=\"%d\"></noscript>",
                     RELOAD_S);
    put(look, "</head>\n<body><a class=\"skip\" href=\"#main\">Skip to the content</a>\n");
}

static void put_state(const struct look *look)
{
    struct admin_check checks[ADMIN_CHECKS_MAX];
    const struct worker *w = look->worker;
    size_t count = w->page->view.checks(w->page->view.context, checks), bad = 0;
    for (size_t i = 0; i < count; i++)
        bad += !checks[i].ok;
    if (w->phase >= WORKER_DRAINS)
        put_pill(look, "fair", "draining");
    else if (w->pipeline.mode == PIPELINE_INTERLOCKED)
        put_pill(look, "bad", "interlock");
    else if (w->phase == WORKER_STARTS)
        put_pill(look, "fair", "starting");
    else if (w->phase == WORKER_PAUSED)
        put_pill(look, "fair", "paused");
    else
        put_pill(look, bad > 0 ? "bad" : "good", bad > 0 ? "not ready" : "ready");
}

static void put_badge(const struct look *look, const struct page_row *row)
{
    const struct worker *w = look->worker;
    size_t count = row->write == page_retries     ? w->pipeline.sleepers.count
                   : row->write == page_in_flight ? w->pool.used
                                                  : 0;
    if (row->write != page_retries && row->write != page_in_flight)
        return;
    buffer_print(look->out, " <span class=\"badge\" id=\"badge-%s\" data-live>", row->path);
    put_count(look, count);
    put(look, "</span>");
}

static void put_menu(const struct look *look, const struct page_row *here)
{
    put(look, "<nav aria-label=\"Pages\"><ul>");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct page_row *row = &rows[i];
        buffer_print(look->out, "<li><a href=\"./%s\"%s>%s", row->path,
                     row == here ? " aria-current=\"page\"" : "", row->title);
        put_badge(look, row);
        put(look, "</a></li>");
    }
    put(look, "</ul></nav>");
}

static void put_top(const struct look *look, const struct page_row *row)
{
    put_head(look, row);
    put(look, "<header><div class=\"bar\"><a class=\"brand\" href=\"./\">usher</a>"
              "<span class=\"where\"><bdi>");
    html_cut(look->out, str_of(name_of(look->worker)), 60);
    put(look, "</bdi> <span class=\"soft\">of group</span> <bdi>");
    html_cut(look->out, str_of(look->worker->settings->kafka.group), 60);
    put(look, "</bdi></span><span id=\"state\" class=\"state\" data-live>");
    put_state(look);
    put(look, "</span></div>");
    put_menu(look, row);
    buffer_print(look->out,
                 "</header>\n<main id=\"main\" data-live data-now=\"%" PRId64 "\"%s>"
                 "<h1>%s</h1>\n",
                 look->wall_ms, row->write == page_settings ? "" : " data-refresh=\"5\"",
                 row->title);
}

static void put_bottom(const struct look *look)
{
    put(look, "</main>\n<footer><span>usher " USHER_VERSION " <span class=\"soft\">");
    put_escaped(look, cli_revision());
    put(look, "</span></span><span>up ");
    put_since(look, look->worker->page->opened_wall_ms);
    put(look,
        "</span><span id=\"refresh\"></span><span class=\"links\"><a href=\"status\">JSON</a> "
        "<a href=\"metrics\">metrics</a> <a href=\"readyz?verbose\">readyz</a></span>"
        "</footer></body></html>\n");
}

static const struct page_row *row_of(const char *path)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (path[0] == '/' && strcmp(rows[i].path, path + 1) == 0)
            return &rows[i];
    }
    return NULL;
}

void page_begin(const struct look *look, const char *path)
{
    put_top(look, row_of(path));
}

void page_end(const struct look *look)
{
    put_bottom(look);
}

/* ---- routes -------------------------------------------------------------------------------- */

static bool answer_asset(struct admin_ask *ask)
{
    for (size_t i = 0; i < page_assets_count; i++) {
        const struct page_asset *asset = &page_assets[i];
        if (strcmp(asset->path, ask->path) != 0)
            continue;
        ask->status = 200;
        ask->content_type = asset->content_type;
        ask->cache = "max-age=86400"; /* its address has the version */
        buffer_put(&ask->body, asset->bytes, asset->size);
        return true;
    }
    return false;
}

/* One that does not fit is not cut: half a table would say that there is no more. */
void page_check(struct admin_ask *ask)
{
    if (!ask->body.failed)
        return;
    ask->status = 500;
    ask->content_type = "text/plain; charset=utf-8";
    buffer_clear(&ask->body);
    buffer_put_text(&ask->body, "this page is too large, or memory is short; /status and /metrics "
                                "have the numbers\n");
}

static enum admin_verdict answer(void *context, struct admin_ask *ask)
{
    struct worker *w = context;
    const struct page_row *row = row_of(ask->path);
    if (row == NULL)
        return answer_asset(ask) ? ADMIN_ANSWERED : ADMIN_NOT_FOUND;
    struct look look = {.worker = w,
                        .now_ms = (int64_t)uv_now(&w->loop),
                        .wall_ms = worker_wall_ms(),
                        .out = &ask->body,
                        .ask = ask};
    ask->status = 200;
    ask->content_type = "text/html; charset=utf-8";
    ask->body.max = PAGE_BYTES_MAX;
    if (row->write == NULL)
        return page_look_up(&look, ask);
    put_top(&look, row);
    row->write(&look);
    put_bottom(&look);
    page_check(ask);
    return ADMIN_ANSWERED;
}

/* ---- life ---------------------------------------------------------------------------------- */

static void note(struct worker *w)
{
    struct history_now now = {.lag = source_lag(w->source), .in_flight = w->pool.used};
    for (enum answer i = ANSWER_NONE; i < ANSWER_COUNT; i++)
        now.answers[i] =
            stats_answers(w->stats.answers, i, false) + stats_answers(w->stats.answers, i, true);
    history_note(&w->page->history, &now, (int64_t)uv_now(&w->loop));
}

static void on_tick(uv_timer_t *timer)
{
    struct worker *w = timer->data;
    note(w);
    page_searches_turn(w, false);
}

void page_open(struct worker *w, struct admin_view *view)
{
    static struct page only; /* large, and one in a process */
    struct page *page = w->page = &only;
    *page = (struct page){.opened_wall_ms = worker_wall_ms()};
    page->view = *view;
    page->site = (struct admin_site){answer, w};
    view->site = &page->site;
    uv_timer_init(&w->loop, &page->timer);
    page->timer.data = w;
    uv_timer_start(&page->timer, on_tick, 0, TICK_MS);
}

void page_close(struct worker *w)
{
    if (w->page == NULL)
        return;
    uv_timer_stop(&w->page->timer);
    page_searches_turn(w, true);
}
