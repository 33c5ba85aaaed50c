#include "worker/pacing.h"

#include "worker/core/graph_error.h"
#include "worker/io/log.h"

/* The cheapest thing that only a Graph that works can answer, with the rights that we have anyway.
 */
#define PROBE_PATH \
    "/identityGovernance/entitlementManagement/accessPackageCatalogs?$top=1&$select=id"

void pacing_init(struct worker *w)
{
    int writes_per_second = w->settings->graph.writes_per_second;
    gate_init(&w->gate, writes_per_second);
    pace_init(&w->pace, writes_per_second);
    w->circuit = (struct circuit){0};
    budget_init(&w->budget, w->settings->graph.retry_budget);
    w->probe = (struct request){.stage = STAGE_LOOK};
}

bool pacing_may_take(const struct worker *w, int64_t now_ms)
{
    return gate_closed_ms(&w->gate, GATE_WRITES, now_ms) == 0 && circuit_ask(&w->circuit) == 0;
}

/* What is sent for real again was not applied, or not sent: that is no retry. */
static bool is_retry(const struct request *rq)
{
    return (rq->stage == STAGE_DRY_RUN || rq->stage == STAGE_LOOK) && rq->retries[rq->stage] > 0;
}

int64_t pacing_hold(struct worker *w, const struct request *rq, enum gate_scope scope,
                    int64_t now_ms)
{
    int64_t pause_ms = gate_closed_ms(&w->gate, scope, now_ms);
    if (pause_ms == 0)
        pause_ms = circuit_ask(&w->circuit);
    if (pause_ms == 0 && is_retry(rq) && !budget_allows(&w->budget, now_ms))
        pause_ms = BUDGET_ASK_AGAIN_MS;
    return pause_ms;
}

int64_t pacing_take(struct worker *w, struct request *rq, unsigned writes, int64_t now_ms)
{
    int64_t pause_ms = pacing_hold(w, rq, GATE_WRITES, now_ms);
    if (pause_ms > 0 || rq->writes > 0)
        return pause_ms;
    pause_ms = gate_ask(&w->gate, writes, &rq->turn_us, now_ms);
    if (pause_ms == 0) {
        rq->writes = writes;
        pace_passed(&w->pace, writes);
    }
    return pause_ms;
}

void pacing_give_back(struct worker *w, struct request *rq)
{
    gate_give_back(&w->gate, rq->writes);
    rq->writes = 0;
}

void pacing_called(struct worker *w, const struct request *rq)
{
    budget_call(&w->budget, is_retry(rq), (int64_t)uv_now(&w->loop));
}

/* ---- throttled ---- */

static const char *scope_name(enum gate_scope scope)
{
    if (scope == GATE_ALL)
        return "reads and writes";
    return scope == GATE_WRITES ? "writes" : "reads";
}

/* Nothing goes until its time is over, not even what has passed the gate and still waits for a
 * connection. */
static void heed_throttle(struct worker *w, const struct http_answer *answer, int64_t pause_ms)
{
    int64_t now_ms = (int64_t)uv_now(&w->loop);
    enum gate_scope scope = answer->status == 429 && answer->scope != 0 ? answer->scope : GATE_ALL;
    bool is_news = gate_closed_ms(&w->gate, scope, now_ms) == 0;
    if (answer->status == 429 && (scope & GATE_WRITES) != 0)
        (void)pace_throttled(&w->pace, now_ms, pause_ms);
    if (pause_ms == 0)
        return;
    gate_throttle(&w->gate, scope, now_ms, pause_ms);
    if (is_news)
        log_write(LOG_WARN, "graph.throttled",
                  "Graph answered %d: no %s for %lld ms; then at most %lld.%03lld writes a second "
                  "by all replicas",
                  answer->status, scope_name(scope), (long long)pause_ms,
                  (long long)(w->pace.belief / 1000), (long long)(w->pace.belief % 1000));
    http_send_back(w->http, "Graph throttles");
}

static bool is_throttled(const struct http_answer *answer)
{
    return answer->reach == HTTP_ANSWERED && (answer->status == 429 || answer->status == 503);
}

/* ---- down ---- */

static bool is_there(const struct http_answer *answer)
{
    return graph_was_called(answer) && answer->status > 0 && answer->status < 500 &&
           answer->status != 408;
}

static void log_up(const struct worker *w)
{
    int64_t down_ms = (int64_t)uv_now(&w->loop) - w->circuit.opened_ms;
    log_write(LOG_WARN, "graph.up", "Graph answers again after %lld ms; work goes on",
              (long long)down_ms);
}

static void heed_circuit(struct worker *w, const struct http_answer *answer)
{
    if (answer->untried || answer->reach == HTTP_REFUSED)
        return;
    if (is_there(answer)) {
        if (circuit_worked(&w->circuit))
            log_up(w);
    } else if (circuit_failed(&w->circuit, (int64_t)uv_now(&w->loop))) {
        log_write(LOG_ERROR, "graph.down",
                  "%d calls in a row failed, the last one with status %d (%s); nothing is taken in "
                  "and nothing is sent but a probe until Graph answers it",
                  CIRCUIT_FAILURES, answer->status, answer->error);
    }
}

static void on_probe(void *context, struct request *rq, const struct http_answer *answer)
{
    struct worker *w = context;
    (void)rq;
    if (is_throttled(answer))
        heed_throttle(w, answer, graph_pause_ms(answer));
    if (circuit_probed(&w->circuit, is_there(answer), (int64_t)uv_now(&w->loop)))
        log_up(w);
}

int64_t pacing_turn(struct worker *w, int64_t now_ms)
{
    int64_t closed_ms = gate_closed_ms(&w->gate, GATE_READS, now_ms);
    int64_t wake_ms = circuit_wake_ms(&w->circuit);
    if (closed_ms > 0 && wake_ms != INT64_MAX && wake_ms < now_ms + closed_ms)
        return now_ms + closed_ms;
    if (circuit_probe_begin(&w->circuit, now_ms))
        http_start(w->http, &w->probe,
                   &(struct http_call){.method = HTTP_GET,
                                       .path = PROBE_PATH,
                                       .fresh = true,
                                       .on_answer = on_probe,
                                       .context = w});
    return circuit_wake_ms(&w->circuit);
}

/* ---- every answer ---- */

enum outcome pacing_heed(struct worker *w, struct request *rq, const struct http_answer *answer,
                         enum outcome outcome)
{
    int64_t now_ms = (int64_t)uv_now(&w->loop);
    if (answer->reach == HTTP_ANSWERED && rq->stage != STAGE_LOOK) {
        pace_answered(&w->pace, answer->used_permille, now_ms);
        if (w->pace.granted > 0)
            gate_grant(&w->gate, pace_rate(&w->pace, now_ms), w->pace.granted_until_ms, now_ms);
    }
    heed_circuit(w, answer);
    if (is_throttled(answer) && outcome == OUTCOME_PACED)
        heed_throttle(w, answer, rq->pause_ms);
    if (outcome != OUTCOME_FAILED || !circuit_is_down(&w->circuit) || is_there(answer))
        return outcome;
    rq->pause_ms = circuit_ask(&w->circuit);
    return OUTCOME_PACED;
}
