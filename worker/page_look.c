/* What became of one event: asked of the requests at work here, and of Redis, while the browser
 * waits. Nothing is written. */
#include "worker/core/claim.h"
#include "worker/page_parts.h"

#include <inttypes.h>
#include <stdio.h>

static const char path[] = "/look-up";

static struct look look_of(struct page_search *search, struct buffer *out)
{
    struct worker *w = search->worker;
    return (struct look){.worker = w,
                         .now_ms = (int64_t)uv_now(&w->loop),
                         .wall_ms = worker_wall_ms(),
                         .out = out,
                         .ask = search->ask};
}

/* ---- the form -------------------------------------------------------------------------------- */

static void put_sources(const struct look *look)
{
    const char *sources[2 * RECENT_MAX];
    size_t count = recent_sources(&look->worker->recent, sources);
    put(look, "<datalist id=\"sources\">");
    for (size_t i = 0; i < count; i++) {
        put(look, "<option value=\"");
        put_escaped(look, sources[i]);
        put(look, "\"></option>");
    }
    put(look, "</datalist>");
}

static void put_field(const struct look *look, const char *name, const char *label,
                      const char *value)
{
    buffer_print(look->out,
                 "<label for=\"%s\">%s</label><input id=\"%s\" name=\"%s\" maxlength=\"%d\" "
                 "autocomplete=\"off\" spellcheck=\"false\" value=\"",
                 name, label, name, name, EVENT_ID_MAX);
    put_escaped(look, value);
    put(look, "\"");
}

static void put_form(const struct look *look, const char *id, const char *source)
{
    put(look,
        "<form class=\"card search\" action=\"look-up\" method=\"get\" role=\"search\"><div>");
    put_field(look, "id", "Event id", id);
    put(look, " required></div><div>");
    put_field(look, "source",
              "Source <span class=\"soft\">without it, the last ones are "
              "tried</span>",
              source);
    put(look, " list=\"sources\"></div><button>Look up</button>");
    put_sources(look);
    put(look, "</form>\n");
}

static void put_problem(const struct look *look, const char *text)
{
    put(look, "<p class=\"banner fair\"><strong>Not known.</strong> ");
    put_escaped(look, text);
    put(look, "</p>\n");
}

/* ---- what is at work here ----------------------------------------------------------------------
 */

static bool is_meant(const struct request *rq, const struct page_search *search)
{
    if (rq->run == RUN_FREE || rq->event.id == NULL || rq->event.source == NULL ||
        strcmp(rq->event.id, search->id) != 0)
        return false;
    return search->any_source || strcmp(rq->event.source, search->sources[0]) == 0;
}

static void put_fact(const struct look *look, const char *name)
{
    buffer_print(look->out, "<div><dt>%s</dt><dd>", name);
}

static void end_fact(const struct look *look)
{
    put(look, "</dd></div>");
}

static void put_at_work(const struct look *look, const struct request *rq)
{
    put(look, "<section class=\"card\"><h2>At work in this worker</h2><dl class=\"facts\">");
    put_fact(look, "Event");
    put_event(look, rq->event.id, rq->event.source);
    end_fact(look);
    put_fact(look, "Asked for");
    put_type(look, rq->event.kind, rq->event.request_type);
    end_fact(look);
    put_fact(look, "Stage");
    put_escaped(look, stage_name(rq->stage));
    end_fact(look);
    if (rq->run == RUN_SLEEPING) {
        put_fact(look, "Next try in");
        put_until(look, look->wall_ms + rq->wake_ms - look->now_ms);
        end_fact(look);
    }
    put_fact(look, "For");
    put_since(look, rq->received_wall_ms);
    end_fact(look);
    put_fact(look, "Last error");
    put_code(look, rq->fault.code, rq->fault.stage);
    end_fact(look);
    put_fact(look, "Calls to Graph");
    buffer_print(look->out, "%u dry run, %u real, %u look-up", rq->attempts.dry_run,
                 rq->attempts.submit, rq->attempts.look);
    end_fact(look);
    put_fact(look, "Record");
    buffer_print(look->out, "partition %" PRId32 ", offset %" PRId64, rq->record.partition,
                 rq->record.offset);
    end_fact(look);
    put(look, "</dl></section>\n");
}

static void put_all_at_work(const struct look *look, struct page_search *search)
{
    const struct pool *pool = &look->worker->pool;
    size_t shown = 0;
    for (size_t i = 0, seen = 0; i < pool->size && seen < pool->used; i++) {
        const struct request *rq = &pool->all[i];
        seen += rq->run != RUN_FREE;
        if (is_meant(rq, search) && shown++ < PAGE_SOURCES_MAX)
            put_at_work(look, rq);
    }
    search->found += shown;
}

/* ---- what Redis has -----------------------------------------------------------------------------
 */

static void put_text(const struct look *look, const char *name, struct str text)
{
    if (text.data == NULL || text.size == 0)
        return;
    put_fact(look, name);
    put(look, "<bdi>");
    html_cut(look->out, text, ORIGIN_SIZE);
    put(look, "</bdi>");
    end_fact(look);
}

static void put_wall(const struct look *look, const char *name, int64_t wall_ms)
{
    if (wall_ms == 0)
        return;
    put_fact(look, name);
    put_moment(look, wall_ms);
    end_fact(look);
}

static void put_entry_state(const struct look *look, const struct redis_entry *entry)
{
    put_fact(look, "State");
    if (str_is(entry->state, "claimed"))
        put(look, "<span class=\"pill fair\">claimed</span> being worked on; no real request was "
                  "sent yet");
    else if (str_is(entry->state, "marked"))
        put(look, "<span class=\"pill fair\">marked</span> the real request may have been sent");
    else if (str_is(entry->state, "done"))
        put(look, "<span class=\"pill good\">done</span> answered");
    else
        html_cut(look->out, entry->state, 60);
    end_fact(look);
}

/* The reply's members as they are stored, without the braces. */
static void put_stored(const struct look *look, struct str stored)
{
    struct buffer json;
    if (stored.data == NULL)
        return;
    buffer_init(&json, stored.size + 2);
    buffer_put_text(&json, "{");
    buffer_put(&json, stored.data, stored.size);
    buffer_put_text(&json, "}");
    put(look, "<h3>The stored reply</h3>");
    if (json.failed || !put_json(look, (struct str){json.data, json.size}))
        put(look, "<p class=\"empty\">It cannot be read.</p>");
    buffer_finish(&json);
}

static void put_entry(const struct look *look, const char *source, const struct redis_entry *entry)
{
    put(look, "<section class=\"card\"><h2>What Redis keeps</h2><dl class=\"facts\">");
    put_text(look, "Source", str_of(source));
    put_entry_state(look, entry);
    put_text(look, "Outcome", entry->outcome);
    put_text(look, "Worker", entry->owner);
    put_text(look, "Record", entry->origin);
    put_wall(look, "Claimed", entry->claimed_wall_ms);
    put_wall(look, "Intent written", entry->intent_wall_ms);
    put_wall(look, "Claim ends", str_is(entry->state, "done") ? 0 : entry->lease_wall_ms);
    put_text(look, "client-request-id", entry->client_request_id);
    if (entry->crashes > 0) {
        put_fact(look, "Workers that ended with it");
        put_count(look, (uint64_t)entry->crashes);
        end_fact(look);
    }
    put(look, "</dl>");
    put_stored(look, entry->stored);
    put(look, "</section>\n");
}

/* ---- a search
 * ------------------------------------------------------------------------------------ */

static void put_result(const struct look *look, struct page_search *search)
{
    page_begin(look, path);
    put_form(look, search->id, search->any_source ? "" : search->sources[0]);
    put_all_at_work(look, search);
    if (search->results.data != NULL)
        buffer_put(look->out, search->results.data, search->results.size);
    if (search->pending > 0)
        put_problem(look, "Redis has not answered in time");
    else if (search->found == 0 && search->source_count == 0)
        put_problem(look, "give the event's source too: this worker has seen none to try yet");
    else if (search->found == 0)
        put_problem(look,
                    "neither this worker nor Redis knows such an event; the source is part of "
                    "its name, and answers are kept for redis.keep");
    page_end(look);
    look->out->failed = look->out->failed || search->results.failed;
}

/* The browser gets what is known. The place stays taken while Redis owes an answer. */
static void end_search(struct page_search *search)
{
    struct admin_ask *ask = search->ask;
    if (ask != NULL) {
        struct look look = look_of(search, &ask->body);
        put_result(&look, search);
        page_check(ask);
        search->ask = NULL;
        admin_ask_end(ask);
    }
    buffer_finish(&search->results);
    buffer_init(&search->results, PAGE_BYTES_MAX / 2);
}

static void on_entry(struct redis_look *redis_look, const struct redis_entry *entry)
{
    struct page_search *search = redis_look->context;
    size_t index = (size_t)(redis_look - search->looks);
    search->pending--;
    if (search->ask == NULL)
        return;
    struct look look = look_of(search, &search->results);
    if (entry->trouble != NULL) {
        search->found++;
        put_problem(&look, entry->trouble);
    } else if (entry->found) {
        search->found++;
        put_entry(&look, search->sources[index], entry);
    }
    if (search->pending == 0)
        end_search(search);
}

static struct page_search *find_place(struct page *page)
{
    for (size_t i = 0; i < PAGE_SEARCHES_MAX; i++) {
        struct page_search *search = &page->searches[i];
        if (search->ask == NULL && search->pending == 0)
            return search;
    }
    return NULL;
}

static void add_source(struct page_search *search, const char *source)
{
    if (search->source_count < PAGE_SOURCES_MAX)
        (void)snprintf(search->sources[search->source_count++], sizeof *search->sources, "%s",
                       source);
}

static void choose_sources(struct page_search *search, const char *source)
{
    const char *seen[2 * RECENT_MAX];
    search->source_count = 0;
    search->any_source = source == NULL || source[0] == '\0';
    if (!search->any_source) {
        add_source(search, source);
        return;
    }
    size_t count = recent_sources(&search->worker->recent, seen);
    for (size_t i = 0; i < count; i++)
        add_source(search, seen[i]);
}

/* Asks for each source. False: Redis cannot be asked at all. */
static bool ask_redis(struct page_search *search)
{
    bool sent = search->source_count == 0;
    for (size_t i = 0; i < search->source_count; i++) {
        search->looks[i] = (struct redis_look){.on_entry = on_entry, .context = search};
        if (!redis_look_at(search->worker->redis, &search->looks[i], search->sources[i],
                           search->id))
            continue;
        sent = true;
        search->pending++;
    }
    return sent;
}

static enum admin_verdict begin_search(const struct look *look, struct admin_ask *ask,
                                       const char *id, const char *source)
{
    struct page_search *search = find_place(look->worker->page);
    if (search == NULL) {
        page_begin(look, path);
        put_form(look, id, source != NULL ? source : "");
        put_problem(look, "other look-ups are under way; ask again in some seconds");
        page_end(look);
        page_check(ask);
        return ADMIN_ANSWERED;
    }
    search->worker = look->worker;
    search->ask = ask;
    search->found = 0;
    search->begun_ms = look->now_ms;
    buffer_init(&search->results, PAGE_BYTES_MAX / 2);
    (void)snprintf(search->id, sizeof search->id, "%s", id);
    choose_sources(search, source);
    if (!ask_redis(search)) {
        struct look results = look_of(search, &search->results);
        search->found++;
        put_problem(&results, redis_is_up(look->worker->redis)
                                  ? "memory is short; ask again"
                                  : redis_trouble(look->worker->redis));
    }
    if (search->pending > 0)
        return ADMIN_LATER;
    struct look whole = look_of(search, &ask->body);
    put_result(&whole, search);
    page_check(ask);
    buffer_finish(&search->results);
    search->ask = NULL;
    return ADMIN_ANSWERED;
}

static bool is_too_long(const char *text)
{
    return text != NULL && strlen(text) > EVENT_ID_MAX;
}

enum admin_verdict page_look_up(const struct look *look, struct admin_ask *ask)
{
    const char *id = admin_ask_query(ask, "id"), *source = admin_ask_query(ask, "source");
    if (id != NULL && id[0] != '\0' && !is_too_long(id) && !is_too_long(source))
        return begin_search(look, ask, id, source);
    page_begin(look, path);
    put_form(look, "", "");
    if (is_too_long(id) || is_too_long(source))
        put_problem(look, "an id and a source have 256 bytes at most");
    else
        put(look, "<p class=\"lead\">What became of one event: its state in Redis, and the reply "
                  "that is stored. Who asks for what stays hidden.</p>\n");
    page_end(look);
    page_check(ask);
    return ADMIN_ANSWERED;
}

void page_searches_turn(struct worker *w, bool all)
{
    int64_t now_ms = (int64_t)uv_now(&w->loop);
    for (size_t i = 0; i < PAGE_SEARCHES_MAX; i++) {
        struct page_search *search = &w->page->searches[i];
        if (search->ask != NULL && (all || now_ms - search->begun_ms >= PAGE_SEARCH_MS))
            end_search(search);
    }
}
