/* What Graph answers to a dry run and to a real request: the class table. Input: a line of what is
 * asked, a line of how far the call came, the body:
 *
 *     AdminAdd assignment lenient          (requestType, kind, "lenient" or not, "only", "settled")
 *     answered 201 retry=-1 error=         (reach, status, Retry-After in ms, what went wrong)
 *     {"id": ...}
 */
#include "tests/fuzz/checks.h"
#include "tests/fuzz/input.h"

#include "worker/core/graph_answer.h"
#include "worker/core/json_read.h"
#include "worker/core/plan.h"
#include "worker/core/retry_after.h"

#include <assert.h>
#include <stdlib.h>

struct call {
    struct http_answer answer;
    struct request rq;
    bool lenient;
};

static bool has_word(const char *line, const char *word)
{
    return strstr(line, word) != NULL;
}

static enum request_type type_of(const char *line)
{
    for (enum request_type type = REQUEST_TYPE_COUNT; --type > REQUEST_TYPE_NONE;)
        if (has_word(line, request_type_name(type)))
            return type;
    return REQUEST_TYPE_ADMIN_ADD;
}

static void read_call(struct input *input, struct call *ret)
{
    static const char *const reaches[] = {[HTTP_NOT_SENT] = "unsent",
                                          [HTTP_REFUSED] = "refused",
                                          [HTTP_LOST] = "lost",
                                          [HTTP_ANSWERED] = "answered"};
    static struct partition partition;
    const struct record record = {.topic = "access-requests", .offset = 7};
    const char *asked = input_text(input), *came = input_text(input);
    *ret = (struct call){.lenient = has_word(asked, "lenient")};
    request_init(&ret->rq, &record, &partition, 1772438400000);
    ret->rq.event = (struct event){
        .worth = EVENT_GOOD,
        .kind = has_word(asked, "resource") ? KIND_RESOURCE : KIND_ASSIGNMENT,
        .request_type = type_of(asked),
        .validation_only = has_word(asked, "only"),
        .id = "e1",
        .source = "/s",
        .subject = {.target_email = "", .origin_id = "", .origin_system = ""},
    };
    ret->rq.event.type = kind_type(ret->rq.event.kind);
    ret->rq.absences = has_word(asked, "settled") ? 1 : 0;
    struct http_answer *answer = &ret->answer;
    answer->reach = HTTP_ANSWERED;
    for (enum http_reach reach = HTTP_NOT_SENT; reach < HTTP_ANSWERED; reach++)
        if (strncmp(came, reaches[reach], strlen(reaches[reach])) == 0)
            answer->reach = reach;
    const char *retry = strstr(came, "retry="), *error = strstr(came, "error=");
    came += strcspn(came, " ");
    answer->status = (int)(input_number(str_of(came)) % 1000);
    answer->retry_after_ms = -1; /* what retry_after_read() says */
    if (retry != NULL)
        answer->retry_after_ms = input_number(str_of(retry + 6)) % RETRY_AFTER_MOST_MS;
    if (answer->retry_after_ms < -1)
        answer->retry_after_ms = -1;
    answer->error = error != NULL ? error + 6 : "";
    answer->timed_out = has_word(answer->error, "time");
    answer->body = input_rest(input);
    if (answer->reach < HTTP_LOST)
        answer->status = 0;
    if (answer->reach != HTTP_ANSWERED || answer->error[0] != '\0')
        answer->body = (struct str){0};
}

/* The body as an object, read with cJSON and the gate, for the oracle alone. */
static cJSON *body_of(const struct http_answer *answer)
{
    struct json_fault fault;
    cJSON *tree = answer->body.size > 0 ? json_read(answer->body, &fault) : NULL;
    if (tree != NULL && !cJSON_IsObject(tree)) {
        cJSON_Delete(tree);
        tree = NULL;
    }
    return tree;
}

static bool is_2xx(const struct http_answer *answer)
{
    return answer->status / 100 == 2;
}

/* Graph's own error body, by its documented shape: error.code a short word. */
static bool is_graphs_error(const cJSON *tree)
{
    const char *code = check_text(cJSON_GetObjectItemCaseSensitive(tree, "error"), "code");
    size_t size = code != NULL ? strlen(code) : 0;
    for (size_t i = 0; i < size; i++)
        if (code[i] <= ' ' || code[i] > '~')
            return false;
    return size > 0 && size < FAULT_CODE_MAX;
}

/* What holds for both: the cell is not empty, the reason is there, the pause is no madness. */
static void check_outcome(const struct request *rq, enum stage stage, enum outcome outcome)
{
    static const struct plan_limits limits = {10, 900000, 300000, 300000};
    struct plan plan;
    plan_init(&plan, &limits);
    assert(outcome < OUTCOME_COUNT && plan_allows(&plan, stage, outcome));
    bool good = outcome == OUTCOME_OK || (outcome == OUTCOME_VALIDATED && stage == STAGE_DRY_RUN);
    assert(good == (rq->fault.code[0] == '\0'));
    if (!good) {
        check_fault(&rq->fault, true);
        assert(rq->fault.stage == stage);
    }
    assert((rq->pause_ms != 0) <= (outcome == OUTCOME_PACED));
    if (rq->graph.object != NULL)
        cJSON_Delete(check_json(str_of(rq->graph.object)));
}

static void check_dry_run(struct call *call, const cJSON *tree)
{
    struct request *rq = &call->rq;
    const struct http_answer *answer = &call->answer;
    enum outcome outcome = graph_answer_dry_run(rq, answer, call->lenient);
    check_outcome(rq, STAGE_DRY_RUN, outcome);
    const cJSON *echo = cJSON_GetObjectItemCaseSensitive(tree, "isValidationOnly");
    bool passed = outcome == OUTCOME_OK || outcome == OUTCOME_VALIDATED;
    assert(!passed || (answer->reach == HTTP_ANSWERED && is_2xx(answer)));
    assert(!passed || (outcome == OUTCOME_VALIDATED) == rq->event.validation_only);
    if (answer->reach == HTTP_ANSWERED && is_2xx(answer)) {
        bool missing = echo == NULL || cJSON_IsNull(echo);
        bool readable = tree != NULL || (answer->body.size == 0 && answer->error[0] == '\0');
        bool echoed = cJSON_IsTrue(echo) || (missing && call->lenient && readable);
        assert(passed == echoed && (passed || outcome == OUTCOME_UNSAFE));
    } else {
        assert(outcome != OUTCOME_UNSAFE && outcome != OUTCOME_UNKNOWN);
        assert(outcome != OUTCOME_EXISTS || is_graphs_error(tree));
        assert(outcome != OUTCOME_INVALID || is_graphs_error(tree));
    }
    rq->answer = passed                      ? ANSWER_VALIDATED
                 : outcome == OUTCOME_UNSAFE ? ANSWER_UNKNOWN
                                             : ANSWER_REJECTED;
    rq->attempts.dry_run = 1;
    check_reply(rq);
}

/* Never "did not happen" of what may have happened (guarantees: the class table). */
static void check_submit(struct call *call, const cJSON *tree)
{
    struct request *rq = &call->rq;
    const struct http_answer *answer = &call->answer;
    enum outcome outcome = graph_answer_submit(rq, answer);
    check_outcome(rq, STAGE_SUBMIT, outcome);
    assert(outcome != OUTCOME_FAILED && outcome != OUTCOME_UNSAFE);
    bool called = answer->reach == HTTP_LOST || answer->reach == HTTP_ANSWERED;
    assert(called == graph_was_called(answer));
    assert((outcome == OUTCOME_OK) == (called && is_2xx(answer)));
    assert((outcome == OUTCOME_STALE) == (answer->reach == HTTP_REFUSED));
    bool whole = answer->reach == HTTP_ANSWERED;
    bool refusal =
        whole && answer->status / 100 == 4 && answer->status != 408 && is_graphs_error(tree);
    bool busy =
        whole && (answer->status == 429 ||
                  (answer->status == 503 && is_graphs_error(tree) && answer->retry_after_ms >= 0));
    bool may_have_happened = called && !is_2xx(answer) && !refusal && !busy;
    assert(!may_have_happened || outcome == OUTCOME_UNKNOWN);
    assert(outcome != OUTCOME_UNKNOWN || called);
    assert(answer->reach != HTTP_NOT_SENT || outcome == OUTCOME_PACED);
    assert(!graph_answer_wants_token(answer, false, true) || (refusal && answer->status == 401));
    assert(!graph_answer_wants_token(answer, true, true) || refusal);
    rq->answer = outcome == OUTCOME_OK       ? ANSWER_SUBMITTED
                 : outcome == OUTCOME_EXISTS ? ANSWER_EXISTING
                                             : ANSWER_UNKNOWN;
    rq->attempts.submit = 1;
    check_reply(rq);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input;
    struct call call;
    input_init(&input, data, size);
    read_call(&input, &call);
    cJSON *tree = body_of(&call.answer);
    check_dry_run(&call, tree);
    check_submit(&call, tree); /* on top of what the dry run has left */
    cJSON_Delete(tree);
    request_finish(&call.rq);
    input_finish(&input);
    return 0;
}
