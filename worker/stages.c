/* The live stage table: which call carries out which stage. Each start leads to one post: at once,
 * or from the shell's callback. */
#include "worker/io/failpoint.h"
#include "worker/io/log.h"
#include "worker/pacing.h"
#include "worker/traces.h"
#include "worker/worker.h"

#include "worker/core/graph_post.h"
#include "worker/core/look.h"

#include <assert.h>
#include <stdlib.h>

enum {
    /* Guarantee I8: no real request on a claim that Redis confirmed longer ago than this. */
    CLAIM_AGE_MAX_MS = 2000,
    /* How soon a real request that finds all calls taken asks again: about a tenth of one call to
       Graph. */
    BUSY_PAUSE_MS = 20,
};

static void post(struct worker *w, struct request *rq, enum outcome outcome)
{
    pipeline_post(&w->pipeline, rq, outcome);
}

static void pace(struct worker *w, struct request *rq, int64_t pause_ms)
{
    rq->pause_ms = pause_ms;
    post(w, rq, OUTCOME_PACED);
}

static void start_admit(void *context, struct request *rq, int64_t now_ms)
{
    (void)now_ms;
    struct worker *w = context;
    event_read(&rq->record, &rq->event);
    tenant_choose(w, rq);
    traces_begin(w, rq);
    const struct settings *s = tenant_of(w, rq)->settings;
    struct policy_view view = {s->graph.auth == AUTH_TOKEN, rq->received_wall_ms};
    (void)graph_post_prepare(&rq->event, s->graph.submit_version);
    policy_apply(&s->policy, &view, &rq->event);
    if (rq->event.worth == EVENT_GOOD) {
        post(w, rq, OUTCOME_OK);
        return;
    }
    rq->fault = rq->event.fault;
    rq->event.fault = (struct fault){0};
    post(w, rq, OUTCOME_INVALID);
}

static void start_claim(void *context, struct request *rq, int64_t now_ms)
{
    struct worker *w = context;
    redis_claim(w->redis, rq, now_ms);
}

static const char *path_of_post(const struct settings *s, enum kind kind,
                                enum graph_version version)
{
    const char *const paths[KIND_COUNT][GRAPH_VERSIONS] = {
        [KIND_ASSIGNMENT] = {s->graph.beta_assignment_path, s->graph.v1_assignment_path},
        [KIND_RESOURCE] = {s->graph.beta_resource_path, s->graph.v1_resource_path},
    };
    return paths[kind][version];
}

static void send_post(struct worker *w, struct request *rq, bool for_real, struct http_call *call)
{
    const struct settings *s = tenant_of(w, rq)->settings;
    struct graph_post post = {for_real, graph_post_version(for_real, s->graph.submit_version)};
    size_t size = graph_post_size(&rq->event);
    char *body = malloc(size);
    assert(body != NULL);
    call->method = HTTP_POST;
    call->version = post.version;
    call->path = path_of_post(s, rq->event.kind, post.version);
    call->body = (struct str){body, graph_post_write(&rq->event, post, body, size)};
    call->for_real = for_real;
    call->context = w;
    traces_call(w, rq, call);
    assert(rq->writes > 0);
    rq->writes--;
    pacing_called(tenant_of(w, rq), rq);
    http_start(tenant_of(w, rq)->http, rq, call);
    free(body);
}

static void on_dry_run(void *context, struct request *rq, const struct http_answer *answer)
{
    struct worker *w = context;
    bool lenient = tenant_of(w, rq)->settings->graph.dry_run_echo == DRY_RUN_ECHO_LENIENT;
    enum outcome outcome = graph_answer_dry_run(rq, answer, lenient);
    traces_called(w, rq, answer);
    rq->attempts.dry_run += graph_was_called(answer);
    outcome = pacing_heed(tenant_of(w, rq), rq, answer, outcome);
    bool passed = outcome == OUTCOME_OK || outcome == OUTCOME_VALIDATED;
    gate_dry_run_end(&tenant_of(w, rq)->gate, passed                      ? GATE_ECHO_GOOD
                                              : outcome == OUTCOME_UNSAFE ? GATE_ECHO_DENIED
                                                                          : GATE_ECHO_NONE);
    if (outcome != OUTCOME_OK)
        pacing_give_back(tenant_of(w, rq), rq);
    if (passed) {
        rq->dry_run_ms = (int64_t)uv_now(&w->loop);
        rq->graph_wall_ms = answer->date_wall_ms;
    }
    if (outcome == OUTCOME_UNSAFE) {
        log_request(LOG_ERROR, "interlock.raised", rq, "%s", rq->fault.message);
        redis_raise_interlock(w->redis, rq->fault.message);
    }
    post(w, rq, outcome);
}

static void start_dry_run(void *context, struct request *rq, int64_t now_ms)
{
    struct worker *w = context;
    if (request_is_expired(rq, worker_wall_ms())) {
        fault_set(&rq->fault, STAGE_DRY_RUN, "expired",
                  "expirytime passed before the dry run; send the event again with a later one");
        post(w, rq, OUTCOME_EXPIRED);
        return;
    }
    if (tenant_of(w, rq)->settings->graph.dry_run == DRY_RUN_OFF && !rq->event.validation_only) {
        post(w, rq, OUTCOME_OK);
        return;
    }
    int64_t pause_ms = pacing_take(tenant_of(w, rq), rq, rq->event.validation_only ? 1 : 2, now_ms);
    if (pause_ms > 0) {
        pace(w, rq, pause_ms);
        return;
    }
    if (!gate_dry_run_begin(&tenant_of(w, rq)->gate)) {
        pace(w, rq, GATE_CANARY_MS);
        return;
    }
    send_post(w, rq, false, &(struct http_call){.on_answer = on_dry_run});
}

/* Pacing is asked here and not at `submit`, so that little time passes between the intent and the
 * real request. */
static void start_mark(void *context, struct request *rq, int64_t now_ms)
{
    struct worker *w = context;
    struct tenant *t = tenant_of(w, rq);
    int64_t pause_ms = pacing_take(t, rq, 1, now_ms);
    if (pause_ms == 0 && t->submits >= (size_t)t->settings->graph.in_flight)
        pause_ms = BUSY_PAUSE_MS;
    if (pause_ms > 0)
        pace(w, rq, pause_ms);
    else
        redis_mark(w->redis, rq, now_ms);
}

/* Asked right before the first byte of a real request may leave (guarantees I4, I5, I8). */
static bool may_send(void *context, struct request *rq)
{
    struct worker *w = context;
    if (failpoint(FAILPOINT_SUBMIT_START))
        return false;
    uv_update_time(&w->loop);
    int64_t now_ms = (int64_t)uv_now(&w->loop);
    bool dry_run_is_fresh = tenant_of(w, rq)->settings->graph.dry_run == DRY_RUN_OFF ||
                            now_ms - rq->dry_run_ms <= DRY_RUN_AGE_MAX_MS;
    return partition_is_ours(rq->partition, rq->epoch) && dry_run_is_fresh &&
           now_ms - rq->claim.confirmed_ms <= CLAIM_AGE_MAX_MS;
}

static void on_submit(void *context, struct request *rq, const struct http_answer *answer)
{
    struct worker *w = context;
    enum outcome outcome = graph_answer_submit(rq, answer);
    tenant_of(w, rq)->submits--;
    traces_called(w, rq, answer);
    rq->attempts.submit += graph_was_called(answer);
    post(w, rq, pacing_heed(tenant_of(w, rq), rq, answer, outcome));
}

static void start_submit(void *context, struct request *rq, int64_t now_ms)
{
    struct worker *w = context;
    int64_t pause_ms =
        pacing_hold(tenant_of(w, rq), rq, GATE_WRITES, now_ms); /* since the intent */
    if (pause_ms > 0) {
        pace(w, rq, pause_ms);
        return;
    }
    tenant_of(w, rq)->submits++;
    send_post(w, rq, true, &(struct http_call){.may_send = may_send, .on_answer = on_submit});
}

static void on_look(void *context, struct request *rq, const struct http_answer *answer);

/* A look that has begun goes on unless Graph throttles: its last step was answered, so Graph is
 * there, and to pause would be to ask all of it again. */
static void look_step(struct worker *w, struct request *rq, int64_t now_ms)
{
    char path[LOOK_PATH_MAX];
    int64_t pause_ms = rq->look_step == 0
                           ? pacing_hold(tenant_of(w, rq), rq, GATE_READS, now_ms)
                           : gate_closed_ms(&tenant_of(w, rq)->gate, GATE_READS, now_ms);
    if (pause_ms > 0) {
        pace(w, rq, pause_ms);
        return;
    }
    if (!look_path(rq, tenant_of(w, rq)->settings->graph.beta_assignment_path, rq->look_step,
                   path)) {
        post(w, rq, OUTCOME_UNDECIDED);
        return;
    }
    pacing_called(tenant_of(w, rq), rq);
    struct http_call call = {.method = HTTP_GET, .path = path, .on_answer = on_look, .context = w};
    traces_call(w, rq, &call);
    http_start(tenant_of(w, rq)->http, rq, &call);
}

static void on_look(void *context, struct request *rq, const struct http_answer *answer)
{
    struct worker *w = context;
    enum outcome outcome = look_read(rq, tenant_of(w, rq)->settings->graph.beta_assignment_path,
                                     rq->look_step, answer);
    traces_called(w, rq, answer);
    rq->attempts.look += graph_was_called(answer);
    outcome = pacing_heed(tenant_of(w, rq), rq, answer, outcome);
    if (outcome != OUTCOME_COUNT) {
        post(w, rq, outcome);
        return;
    }
    rq->look_step++;
    look_step(w, rq, (int64_t)uv_now(&w->loop));
}

static void start_look(void *context, struct request *rq, int64_t now_ms)
{
    rq->look_step = 0;
    look_step(context, rq, now_ms);
}

static void start_record(void *context, struct request *rq, int64_t now_ms)
{
    struct worker *w = context;
    if (rq->finished_wall_ms == 0)
        rq->finished_wall_ms = worker_wall_ms();
    redis_record(w->redis, rq, now_ms);
}

static void start_reply(void *context, struct request *rq, int64_t now_ms)
{
    struct worker *w = context;
    if (rq->finished_wall_ms == 0)
        rq->finished_wall_ms = worker_wall_ms();
    traces_reply(w, rq);
    settle_add(w->settle, rq, now_ms);
}

/* Unanswered: the next owner need not wait for the lease, except while the real request is under
 * way. */
static void give_claim_back(struct worker *w, struct request *rq)
{
    bool under_way = rq->stage == STAGE_SUBMIT && rq->run == RUN_STARTED;
    if (!request_may_have_been_sent(rq))
        redis_release(w->redis, rq);
    else if (!under_way)
        redis_yield(w->redis, rq);
}

static void leave(void *context, struct request *rq)
{
    struct worker *w = context;
    traces_leave(w, rq);
    if (rq->stage == STAGE_DONE) {
        stats_answered(&w->stats, rq, worker_wall_ms());
        recent_note(&w->recent, rq, worker_wall_ms());
        tenant_answered(w, rq);
        log_answered(rq);
    } else if (rq->answer == ANSWER_NONE) {
        give_claim_back(w, rq);
    }
    source_give_back(w->source, &rq->record);
}

static void trace(void *context, const struct request *rq, const struct verdict *verdict)
{
    struct worker *w = context;
    stats_moved(&w->stats, rq, verdict);
    log_moved(rq, verdict);
}

void stages_fill(struct stage_ops *ret, struct worker *worker)
{
    *ret = (struct stage_ops){
        .start = {[STAGE_ADMIT] = start_admit,
                  [STAGE_CLAIM] = start_claim,
                  [STAGE_DRY_RUN] = start_dry_run,
                  [STAGE_MARK] = start_mark,
                  [STAGE_SUBMIT] = start_submit,
                  [STAGE_LOOK] = start_look,
                  [STAGE_RECORD] = start_record,
                  [STAGE_REPLY] = start_reply},
        .leave = leave,
        .trace = trace,
        .context = worker,
    };
}
