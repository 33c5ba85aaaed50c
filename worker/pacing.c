#include "worker/pacing.h"

#include "worker/core/graph_error.h"
#include "worker/io/log.h"
#include "worker/worker.h"

/* The cheapest thing that only a Graph that works can answer, with the rights that we have anyway.
 */
#define PROBE_PATH \
    "/identityGovernance/entitlementManagement/accessPackageCatalogs?$top=1&$select=id"

/* A tenant's event that has no token waits for so long; the fetch backs off by itself. */
enum {
    TOKEN_PAUSE_MS = 1000,
    TELL_AGAIN_MS = 30000, /* how often the log says so: an operator who looks finds it */
};

void pacing_open(struct tenant *t)
{
    int writes_per_second = t->settings->graph.writes_per_second;
    gate_init(&t->gate, writes_per_second);
    pace_init(&t->pace, writes_per_second);
    budget_init(&t->budget, t->settings->graph.retry_budget);
    t->probe = (struct request){.stage = STAGE_LOOK};
}

void pacing_change(struct tenant *t, int64_t now_ms)
{
    int writes_per_second = t->settings->graph.writes_per_second;
    t->budget.percent = t->settings->graph.retry_budget;
    pace_change(&t->pace, writes_per_second, now_ms);
    gate_change(&t->gate, writes_per_second, now_ms);
    if (t->pace.most > 0)
        gate_grant(&t->gate, pace_rate(&t->pace, now_ms), t->pace.granted_until_ms, now_ms);
}

/* What is sent for real again was not applied, or not sent: that is no retry. */
static bool is_retry(const struct request *rq)
{
    return (rq->stage == STAGE_DRY_RUN || rq->stage == STAGE_LOOK) && rq->retries[rq->stage] > 0;
}

/* An event that needs a token where none can be had sleeps, and none of its times run. Graph's own
 * refusal pauses the intake where there is one tenant; a worker with many goes on for the others.
 */
static bool lacks_token(struct tenant *t, int64_t now_ms)
{
    bool named = t->name[0] != '\0';
    if (!token_is_away(t->token) && (!named || token_is_ready(t->token)))
        return false;
    if (token_trouble(t->token)[0] != '\0' && now_ms >= t->tell_ms) {
        t->tell_ms = now_ms + TELL_AGAIN_MS;
        log_write(LOG_WARN, "token.awaited", "events wait: %s", tenant_token_trouble(t));
    }
    return true;
}

int64_t pacing_hold(struct tenant *t, const struct request *rq, enum gate_scope scope,
                    int64_t now_ms)
{
    int64_t pause_ms = gate_closed_ms(&t->gate, scope, now_ms);
    if (pause_ms == 0)
        pause_ms = circuit_ask(&t->circuit);
    if (pause_ms == 0 && lacks_token(t, now_ms))
        pause_ms = TOKEN_PAUSE_MS;
    if (pause_ms == 0 && is_retry(rq) && !budget_allows(&t->budget, now_ms))
        pause_ms = BUDGET_ASK_AGAIN_MS;
    return pause_ms;
}

int64_t pacing_take(struct tenant *t, struct request *rq, unsigned writes, int64_t now_ms)
{
    int64_t pause_ms = pacing_hold(t, rq, GATE_WRITES, now_ms);
    if (pause_ms > 0 || rq->writes > 0)
        return pause_ms;
    pause_ms = gate_ask(&t->gate, writes, &rq->turn_us, now_ms);
    if (pause_ms == 0) {
        rq->writes = writes;
        pace_passed(&t->pace, writes);
    }
    return pause_ms;
}

void pacing_give_back(struct tenant *t, struct request *rq)
{
    gate_give_back(&t->gate, rq->writes);
    rq->writes = 0;
}

void pacing_called(struct tenant *t, const struct request *rq)
{
    budget_call(&t->budget, is_retry(rq), (int64_t)uv_now(&t->worker->loop));
}

/* Between a tenant's name and what is said of it. */
static const char *colon(const struct tenant *t)
{
    return t->name[0] != '\0' ? ": " : "";
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
static void heed_throttle(struct tenant *t, const struct request *rq,
                          const struct http_answer *answer, int64_t pause_ms)
{
    int64_t now_ms = (int64_t)uv_now(&t->worker->loop);
    enum gate_scope scope = answer->status == 429 && answer->scope != 0 ? answer->scope : GATE_ALL;
    bool is_news = gate_closed_ms(&t->gate, scope, now_ms) == 0;
    if (answer->status == 429 && (scope & GATE_WRITES) != 0)
        (void)pace_throttled(&t->pace, now_ms, pause_ms);
    if (pause_ms == 0)
        return;
    gate_throttle(&t->gate, scope, now_ms, pause_ms);
    if (is_news)
        log_request(LOG_WARN, "graph.throttled", rq,
                    "%s%sGraph answered %d: no %s for %lld ms; then at most %lld.%03lld writes a "
                    "second by all replicas",
                    t->name, colon(t), answer->status, scope_name(scope), (long long)pause_ms,
                    (long long)(t->pace.belief / 1000), (long long)(t->pace.belief % 1000));
    http_send_back(t->http, "Graph throttles");
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

static void log_up(const struct tenant *t, const struct request *rq)
{
    int64_t down_ms = (int64_t)uv_now(&t->worker->loop) - t->circuit.opened_ms;
    log_request(LOG_WARN, "graph.up", rq, "%s%sGraph answers again after %lld ms; work goes on",
                t->name, colon(t), (long long)down_ms);
}

static void heed_circuit(struct tenant *t, const struct request *rq,
                         const struct http_answer *answer)
{
    bool broken_off = t->worker->phase == WORKER_LEAVES;
    if (answer->untried || answer->reach == HTTP_REFUSED || broken_off)
        return;
    if (is_there(answer)) {
        if (circuit_worked(&t->circuit))
            log_up(t, rq);
    } else if (circuit_failed(&t->circuit, (int64_t)uv_now(&t->worker->loop))) {
        log_request(LOG_ERROR, "graph.down", rq,
                    "%s%s%d calls in a row failed, the last one with status %d (%s); nothing is "
                    "taken in and nothing is sent but a probe until Graph answers it",
                    t->name, colon(t), CIRCUIT_FAILURES, answer->status, answer->error);
        http_send_back(t->http, "Graph is down"); /* what has passed and waits for a connection */
    }
}

/* Of the way, not of what was said: Graph's sentences repeat names. */
static void log_called(const char *event, const struct request *rq,
                       const struct http_answer *answer)
{
    static const char *const reaches[] = {[HTTP_NOT_SENT] = "not sent",
                                          [HTTP_REFUSED] = "not sent, its claim is too old",
                                          [HTTP_LOST] = "no whole answer",
                                          [HTTP_ANSWERED] = "answered"};
    log_request(LOG_DEBUG, event, rq, "%s, status %d%s%s", reaches[answer->reach], answer->status,
                answer->error[0] != '\0' ? ": " : "", answer->error);
}

static void on_probe(void *context, struct request *rq, const struct http_answer *answer)
{
    struct tenant *t = context;
    log_called("graph.probed", rq, answer);
    if (is_throttled(answer))
        heed_throttle(t, rq, answer, graph_pause_ms(answer));
    if (circuit_probed(&t->circuit, is_there(answer), (int64_t)uv_now(&t->worker->loop)))
        log_up(t, rq);
}

int64_t pacing_turn(struct tenant *t, int64_t now_ms)
{
    int64_t closed_ms = gate_closed_ms(&t->gate, GATE_READS, now_ms);
    int64_t wake_ms = circuit_wake_ms(&t->circuit);
    if (closed_ms > 0 && wake_ms != INT64_MAX && wake_ms < now_ms + closed_ms)
        return now_ms + closed_ms;
    if (circuit_probe_begin(&t->circuit, now_ms))
        http_start(t->http, &t->probe,
                   &(struct http_call){.method = HTTP_GET,
                                       .path = PROBE_PATH,
                                       .fresh = true,
                                       .on_answer = on_probe,
                                       .context = t});
    return circuit_wake_ms(&t->circuit);
}

/* ---- every answer ---- */

enum outcome pacing_heed(struct tenant *t, struct request *rq, const struct http_answer *answer,
                         enum outcome outcome)
{
    int64_t now_ms = (int64_t)uv_now(&t->worker->loop);
    if (!graph_was_called(answer))
        budget_not_sent(&t->budget, is_retry(rq), now_ms);
    if (answer->reach == HTTP_ANSWERED && rq->stage != STAGE_LOOK) {
        pace_answered(&t->pace, answer->used_permille, now_ms);
        if (t->pace.granted > 0)
            gate_grant(&t->gate, pace_rate(&t->pace, now_ms), t->pace.granted_until_ms, now_ms);
    }
    log_called("graph.called", rq, answer);
    heed_circuit(t, rq, answer);
    if (is_throttled(answer) && outcome == OUTCOME_PACED)
        heed_throttle(t, rq, answer, rq->pause_ms);
    if (outcome != OUTCOME_FAILED || !circuit_is_down(&t->circuit) || is_there(answer))
        return outcome;
    rq->pause_ms = circuit_ask(&t->circuit);
    return OUTCOME_PACED;
}
