/* Lists of what is at work: all of it by stage, and what sleeps until its next try. */
#include "worker/page_parts.h"

#include <inttypes.h>

/* The first rows of an order, of which there may be very many. */
struct pick {
    bool (*is_before)(const struct request *a, const struct request *b);
    const struct request *rows[PAGE_ROWS_MAX];
    size_t count, all;
};

static bool is_older(const struct request *a, const struct request *b)
{
    return a->received_wall_ms < b->received_wall_ms;
}

static bool is_sooner(const struct request *a, const struct request *b)
{
    return a->wake_ms < b->wake_ms;
}

static void offer(struct pick *pick, const struct request *rq)
{
    size_t low = 0, high = pick->count;
    pick->all++;
    if (pick->count == PAGE_ROWS_MAX && !pick->is_before(rq, pick->rows[PAGE_ROWS_MAX - 1]))
        return;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (pick->is_before(rq, pick->rows[middle]))
            high = middle;
        else
            low = middle + 1;
    }
    if (pick->count < PAGE_ROWS_MAX)
        pick->count++;
    for (size_t i = pick->count - 1; i > low; i--)
        pick->rows[i] = pick->rows[i - 1];
    pick->rows[low] = rq;
}

static void put_more(const struct look *look, const struct pick *pick)
{
    if (pick->all == pick->count)
        return;
    put(look, "<p class=\"more\">and ");
    put_count(look, pick->all - pick->count);
    put(look, " more</p>\n");
}

/* ---- words ----------------------------------------------------------------------------------- */

static int64_t wall_of(const struct look *look, int64_t loop_ms)
{
    return look->wall_ms + loop_ms - look->now_ms;
}

/* What happens with it at this moment. */
static void put_doing(const struct look *look, const struct request *rq)
{
    switch (rq->run) {
    case RUN_STARTED:
        put_pill(look, "good", rq->stage == STAGE_REPLY ? "in a transaction" : "call under way");
        break;
    case RUN_SLEEPING:
        put_pill(look, "fair", "asleep");
        put(look, " next try in ");
        put_until(look, wall_of(look, rq->wake_ms));
        break;
    case RUN_WAITING:
        put_pill(look, "quiet", "behind another");
        break;
    case RUN_FROZEN:
        put_pill(look, "bad", "interlock");
        break;
    case RUN_FREE:
    case RUN_READY:
    case RUN_POSTED:
        put_pill(look, "quiet", "next");
        break;
    }
}

/* Why it sleeps: what was reported last. */
static const char *why_of(enum outcome outcome)
{
    switch (outcome) {
    case OUTCOME_PACED:
        return "may not go now: the rate, a throttled Graph, or what it needs is away";
    case OUTCOME_HELD:
        return "another worker has its claim";
    case OUTCOME_FAILED:
        return "did not happen";
    case OUTCOME_UNKNOWN:
        return "may have happened: is looked up";
    case OUTCOME_EARLY:
        return "Graph's copy of the directory lags";
    case OUTCOME_ABSENT:
        return "nothing of it is to be seen in Graph yet";
    case OUTCOME_UNDECIDED:
        return "something is there that may or may not be ours";
    case OUTCOME_OPEN:
        return "something is in the way";
    case OUTCOME_STALE:
        return "what it builds on is too old";
    case OUTCOME_LOST:
        return "the claim is no longer ours";
    case OUTCOME_FORGOTTEN:
    case OUTCOME_INTERRUPTED:
        return "an earlier owner may have sent it: is looked up";
    default:
        return outcome_name(outcome);
    }
}

static void put_place(const struct look *look, const struct request *rq)
{
    buffer_print(look->out, "%" PRId32 " <span class=\"soft\">at %" PRId64 "</span>",
                 rq->record.partition, rq->record.offset);
}

static const char *tenant_of_row(const struct request *rq)
{
    return rq->whose.name != NULL ? rq->whose.name : "";
}

static void put_event_of(const struct look *look, const struct request *rq)
{
    put_event(look, rq->event.id, rq->event.source);
    if (tenant_of_row(rq)[0] != '\0') {
        put(look, "<span class=\"source\">tenant ");
        html_cut(look->out, str_of(tenant_of_row(rq)), 60);
        put(look, "</span>");
    }
}

/* ---- in flight ------------------------------------------------------------------------------- */

/* STAGE_COUNT: all. */
static enum stage wanted_stage(const struct look *look)
{
    const char *name = admin_ask_query(look->ask, "stage");
    enum stage stage = STAGE_ADMIT;
    while (name != NULL && stage < STAGE_DONE && strcmp(stage_name(stage), name) != 0)
        stage++;
    return name != NULL && stage < STAGE_DONE ? stage : STAGE_COUNT;
}

static void put_chip(const struct look *look, const char *name, size_t count, bool here)
{
    buffer_print(look->out, "<li><a href=\"in-flight%s%s\"%s>%s <b>", name != NULL ? "?stage=" : "",
                 name != NULL ? name : "", here ? " aria-current=\"true\"" : "",
                 name != NULL ? name : "all");
    put_count(look, count);
    put(look, "</b></a></li>");
}

static void put_chips(const struct look *look, enum stage wanted)
{
    const struct worker *w = look->worker;
    put(look, "<ul class=\"chips\" aria-label=\"By stage\">");
    put_chip(look, NULL, w->pool.used, wanted == STAGE_COUNT);
    for (enum stage stage = STAGE_ADMIT; stage < STAGE_DONE; stage++)
        put_chip(look, stage_name(stage), w->pipeline.at_stage[stage], wanted == stage);
    put(look, "</ul>\n");
}

static void put_in_flight(const struct look *look, const struct pick *pick)
{
    static const char *const heads[] = {"Event",       "Asked for", "Stage", "Now",
                                        "At work for", "Partition", NULL};
    struct table table = table_begin(look, "The oldest first", heads);
    for (size_t i = 0; i < pick->count; i++) {
        const struct request *rq = pick->rows[i];
        table_row(&table);
        table_cell(&table);
        put_event_of(look, rq);
        table_cell(&table);
        put_type(look, rq->event.kind, rq->event.request_type);
        table_cell(&table);
        put_escaped(look, stage_name(rq->stage));
        table_cell(&table);
        put_doing(look, rq);
        table_cell(&table);
        put_since(look, rq->received_wall_ms);
        table_cell(&table);
        put_place(look, rq);
    }
    table_end(&table);
    put_more(look, pick);
}

void page_in_flight(const struct look *look)
{
    struct pick pick = {.is_before = is_older};
    const struct pool *pool = &look->worker->pool;
    enum stage wanted = wanted_stage(look);
    for (size_t i = 0, seen = 0; i < pool->size && seen < pool->used; i++) {
        const struct request *rq = &pool->all[i];
        seen += rq->run != RUN_FREE;
        if (rq->run != RUN_FREE && (wanted == STAGE_COUNT || rq->stage == wanted))
            offer(&pick, rq);
    }
    put_chips(look, wanted);
    put(look, "<section class=\"card\">");
    if (pick.count == 0)
        put(look, "<p class=\"empty\">Nothing is at work here.</p>");
    else
        put_in_flight(look, &pick);
    put(look, "</section>\n");
}

/* ---- retries --------------------------------------------------------------------------------- */

static void put_retries(const struct look *look, const struct pick *pick)
{
    static const char *const heads[] = {"Event",       "Stage",    "Why it sleeps", "Error",
                                        "Own retries", "Next try", "At work for",   NULL};
    struct table table = table_begin(look, "The next one first", heads);
    for (size_t i = 0; i < pick->count; i++) {
        const struct request *rq = pick->rows[i];
        table_row(&table);
        table_cell(&table);
        put_event_of(look, rq);
        table_cell(&table);
        put_escaped(look, stage_name(rq->stage));
        table_cell(&table);
        put_escaped(look, why_of(rq->outcome));
        table_cell(&table);
        put_code(look, rq->fault.code, rq->fault.stage);
        if (rq->fault.http_status > 0)
            buffer_print(look->out, " <span class=\"soft\">HTTP %d</span>", rq->fault.http_status);
        table_cell(&table);
        buffer_print(look->out, "%u <span class=\"soft\">of %d</span>", rq->retries[rq->stage],
                     look->worker->settings->graph.retry_attempts);
        table_cell(&table);
        put_until(look, wall_of(look, rq->wake_ms));
        table_cell(&table);
        put_since(look, rq->received_wall_ms);
    }
    table_end(&table);
    put_more(look, pick);
}

void page_retries(const struct look *look)
{
    struct pick pick = {.is_before = is_sooner};
    const struct sleepers *sleepers = &look->worker->pipeline.sleepers;
    for (size_t i = 0; i < sleepers->count; i++)
        offer(&pick, sleepers->heap[i]);
    put(look,
        "<p class=\"lead\">What sleeps until its next try. Only its own retries count against "
        "an event; a wait for the rate, for a throttled Graph or for what is away does "
        "not.</p>\n<section class=\"card\">");
    if (pick.count == 0)
        put(look, "<p class=\"empty\">Nothing sleeps.</p>");
    else
        put_retries(look, &pick);
    put(look, "</section>\n");
}
