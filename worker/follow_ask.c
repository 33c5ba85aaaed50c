#include "worker/follow_place.h"

#include "worker/core/graph_error.h"
#include "worker/io/log.h"
#include "worker/pacing.h"

/* Where a tenant's Graph or token is away its entries keep off for so long, or they would take the
 * looks of all others. */
enum { AWAY_MS = 60 * 1000 };

/* The one question before each call: do we work, is Graph there, and does it take calls of this
 * scope? 0: yes, else when to ask again. A reprocess is rare: it is counted among the writes, and
 * does not stand in their queue. */
static int64_t hold_ms(struct place *place, enum gate_scope scope)
{
    const struct worker *w = place->follow->worker;
    struct tenant *tenant = place->tenant;
    int64_t now_ms = (int64_t)uv_now(&w->loop), pause_ms = AWAY_MS;
    if (!worker_is_at_work(w) || w->pipeline.mode != PIPELINE_RUNS)
        return PLACE_AGAIN_MS;
    if (token_is_ready(tenant->token))
        pause_ms = pacing_hold(tenant, &place->rq, scope, now_ms);
    return pause_ms > CIRCUIT_DOUBT_MS && pause_ms < AWAY_MS ? AWAY_MS : pause_ms;
}

static const char *requests_path(const struct place *place)
{
    const struct settings *s = place->tenant->settings;
    return place->followed.kind == KIND_ASSIGNMENT ? s->graph.beta_assignment_path
                                                   : s->graph.beta_resource_path;
}

static void on_reprocess(void *context, struct request *rq, const struct http_answer *answer)
{
    struct place *place = context;
    bool undone = follow_reprocess_is_undone(answer);
    rq->pause_ms = undone ? graph_pause_ms(answer) : 0;
    (void)pacing_heed(place->tenant, rq, answer, undone ? OUTCOME_PACED : OUTCOME_OK);
    bool taken = answer->reach == HTTP_ANSWERED && answer->status >= 200 && answer->status < 300;
    place->follow->stats.reprocessed += taken;
    log_request(taken ? LOG_INFO : LOG_WARN, "follow.reprocess", rq,
                "Graph was asked to process it again: status %d", answer->status);
    if (undone)
        place->followed.memory.reprocess_ms = 0;
    place_put_back(place, FOLLOW_FIRST_MS, undone);
}

static void on_reprocess_kept(void *context, int64_t lease_ms)
{
    struct place *place = context;
    char path[FOLLOW_PATH_MAX];
    place->lease_ms = lease_ms;
    if (lease_ms <= 0) {
        place_leave(place);
        return;
    }
    place->state = PLACE_REPROCESSES;
    pace_passed(&place->tenant->pace, 1);
    pacing_called(place->tenant, &place->rq);
    follow_reprocess_path(&place->followed, requests_path(place), path);
    http_start(place->tenant->http, &place->rq,
               &(struct http_call){.method = HTTP_POST,
                                   .path = path,
                                   .operation = "reprocess",
                                   .for_real = true, /* curl must not send it twice */
                                   .on_answer = on_reprocess,
                                   .context = place});
}

/* What cannot be sent now is not kept either: the next look comes to it again. */
static void reprocess(struct place *place)
{
    int64_t pause_ms = hold_ms(place, GATE_WRITES);
    if (pause_ms > 0)
        place_put_back(place, pause_ms, false);
    else
        place_keep(place, PLACE_KEEPS_ASKED, on_reprocess_kept);
}

/* `look` NULL: there is nothing to look at. */
static void go_on(struct place *place, const struct follow_look *look)
{
    struct follow_step step = follow_look_heed(&place->follow->worker->settings->follow,
                                               &place->followed, look, place_now_ms(place));
    if (step.act == FOLLOW_TELL)
        place_keep_word(place);
    else if (step.act == FOLLOW_REPROCESS)
        reprocess(place);
    else
        place_put_back(place, step.wait_ms, true);
}

static void on_look(void *context, struct request *rq, const struct http_answer *answer)
{
    struct place *place = context;
    struct follow_look *look = &place->look;
    follow_look_read(&place->followed, answer, look);
    rq->pause_ms = look->pause_ms;
    look->outcome = pacing_heed(place->tenant, rq, answer, look->outcome);
    if (look->outcome == OUTCOME_FAILED)
        log_request(LOG_DEBUG, "follow.unseen", rq, "%s: %s", look->fault.code,
                    look->fault.message);
    if (look->outcome == OUTCOME_PACED)
        place_put_back(place, rq->pause_ms, false);
    else
        go_on(place, look);
}

/* The settings do not name its tenant (any more); another worker's may. */
static void see_no_tenant(struct place *place)
{
    struct follow_look *look = &place->look;
    *look = (struct follow_look){.outcome = OUTCOME_FAILED};
    fault_set(&look->fault, STAGE_LOOK, "unknownTenant",
              "Its tenant is none of this worker's any more, so it cannot be looked at.");
    log_request(LOG_WARN, "follow.unseen", &place->rq, "%s", look->fault.message);
    go_on(place, look);
}

void place_look(struct place *place)
{
    char path[FOLLOW_PATH_MAX];
    if (place->followed.graph_id[0] == '\0') {
        go_on(place, NULL);
        return;
    }
    if (place->tenant == NULL) {
        see_no_tenant(place);
        return;
    }
    int64_t pause_ms = hold_ms(place, GATE_READS);
    if (pause_ms > 0) {
        place_put_back(place, pause_ms, false);
        return;
    }
    place->state = PLACE_LOOKS;
    place->follow->stats.looks++;
    pacing_called(place->tenant, &place->rq);
    follow_look_path(&place->followed, requests_path(place), path);
    http_start(place->tenant->http, &place->rq,
               &(struct http_call){.method = HTTP_GET,
                                   .path = path,
                                   .operation = "follow",
                                   .traceparent = place->followed.traceparent,
                                   .tracestate = place->followed.tracestate,
                                   .on_answer = on_look,
                                   .context = place});
}
