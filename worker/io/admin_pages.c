#include "worker/io/admin_pages.h"

#include "worker/core/json_writer.h"

static unsigned write_livez(const struct admin_view *view, bool verbose, struct buffer *ret)
{
    bool live = view->live(view->context);
    if (!live)
        buffer_put_text(ret, "[-]loop failed: it stood still a moment ago\n");
    else if (verbose)
        buffer_put_text(ret, "[+]loop ok\n");
    if (verbose || !live)
        buffer_print(ret, "livez check %s\n", live ? "passed" : "failed");
    else
        buffer_put_text(ret, "ok\n");
    return live ? 200 : 503;
}

/* In the words of kube-apiserver, which people who run clusters know. */
static unsigned write_readyz(const struct admin_view *view, bool verbose, struct buffer *ret)
{
    struct admin_check checks[ADMIN_CHECKS_MAX];
    size_t count = view->checks(view->context, checks);
    bool ready = true;
    for (size_t i = 0; i < count; i++) {
        ready = ready && checks[i].ok;
        if (!checks[i].ok)
            buffer_print(ret, "[-]%s failed: %s\n", checks[i].name, checks[i].why);
        else if (verbose)
            buffer_print(ret, "[+]%s ok%s%s\n", checks[i].name,
                         checks[i].why[0] != '\0' ? ": " : "", checks[i].why);
    }
    if (verbose || !ready)
        buffer_print(ret, "readyz check %s\n", ready ? "passed" : "failed");
    else
        buffer_put_text(ret, "ok\n");
    return ready ? 200 : 503;
}

static unsigned write_metrics(const struct admin_view *view, bool verbose, struct buffer *ret)
{
    (void)verbose;
    struct metrics_view metrics = {0};
    view->metrics(view->context, &metrics);
    metrics_render(&metrics, ret);
    metrics_render_process(ret);
    return 200;
}

static void put_checks(const struct admin_view *view, struct buffer *json)
{
    struct admin_check checks[ADMIN_CHECKS_MAX];
    size_t count = view->checks(view->context, checks);
    bool ready = true;
    json_begin_array(json, "checks");
    for (size_t i = 0; i < count; i++) {
        ready = ready && checks[i].ok;
        json_begin_object(json, NULL);
        json_put_text(json, "name", str_of(checks[i].name));
        json_put_bool(json, "ok", checks[i].ok);
        if (!checks[i].ok)
            json_put_text(json, "why", str_of(checks[i].why));
        json_end_object(json);
    }
    json_end_array(json);
    json_put_bool(json, "ready", ready);
}

static void put_requests(const struct metrics_view *metrics, struct buffer *json)
{
    json_begin_object(json, "inFlight");
    for (enum stage stage = STAGE_ADMIT; stage < STAGE_DONE; stage++)
        json_put_integer(json, stage_name(stage), (int64_t)metrics->at_stage[stage]);
    json_end_object(json);
    uint64_t duplicates = 0;
    json_begin_object(json, "outcomes");
    for (enum answer answer = ANSWER_SUBMITTED; answer < ANSWER_COUNT; answer++) {
        uint64_t again = stats_answers(metrics->stats->answers, answer, true);
        duplicates += again;
        json_put_integer(json, answer_name(answer),
                         (int64_t)(stats_answers(metrics->stats->answers, answer, false) + again));
    }
    json_end_object(json);
    json_put_integer(json, "duplicates", (int64_t)duplicates);
}

static unsigned write_status(const struct admin_view *view, bool verbose, struct buffer *ret)
{
    (void)verbose;
    struct metrics_view metrics = {0};
    view->metrics(view->context, &metrics);
    json_begin_object(ret, NULL);
    json_put_text(ret, "version", str_of(metrics.version));
    json_put_text(ret, "revision", str_of(metrics.revision));
    put_checks(view, ret);
    put_requests(&metrics, ret);
    json_put_integer(ret, "assignedPartitions", (int64_t)metrics.kafka.assigned);
    if (metrics.kafka.lag >= 0)
        json_put_integer(ret, "lag", metrics.kafka.lag);
    json_put_bool(ret, "interlock", metrics.interlock);
    json_put_bool(ret, "paused", metrics.paused);
    json_put_integer(ret, "redisMemoryLosses", (int64_t)metrics.redis_losses);
    json_begin_array(ret, "warnings");
    for (size_t i = 0; i < metrics.warning_count; i++)
        json_put_text(ret, NULL, str_of(metrics.warnings[i]));
    json_end_array(ret);
    json_end_object(ret);
    buffer_put(ret, "\n", 1);
    return 200;
}

const struct admin_page *admin_page_find(const char *path)
{
    static const char text[] = "text/plain; charset=utf-8";
    static const struct admin_page pages[] = {
        {"/livez", text, write_livez},
        {"/healthz", text,
         write_livez}, /* its old name: who restarts by it must not look further */
        {"/readyz", text, write_readyz},
        {"/metrics", "text/plain; version=0.0.4; charset=utf-8", write_metrics},
        {"/status", "application/json", write_status},
    };
    for (size_t i = 0; i < sizeof pages / sizeof *pages; i++) {
        if (strcmp(pages[i].path, path) == 0)
            return &pages[i];
    }
    return NULL;
}
