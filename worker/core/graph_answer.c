#include "worker/core/graph_answer.h"

#include "worker/core/graph_codes.h"
#include "worker/core/graph_error.h"

#include <assert.h>

/* Graph's own error says that nothing was applied, and why. */
static enum outcome read_refusal(const struct request *rq, int status,
                                 const struct graph_error *error)
{
    for (size_t i = 0; i < graph_codes_count; i++)
        if (graph_code_fits(&graph_codes[i], rq, status) &&
            graph_error_says(error, graph_codes[i].code))
            return graph_codes[i].outcome;
    return OUTCOME_INVALID;
}

static enum outcome paced(struct request *rq, int64_t pause_ms)
{
    rq->pause_ms = pause_ms;
    return OUTCOME_PACED;
}

/* A 4xx in Graph's own words is an answer; 408 and UnknownError leave open what happened. */
static bool is_definite_refusal(const struct http_answer *answer, const struct graph_error *error)
{
    return answer->status >= 400 && answer->status < 500 && answer->status != 408 &&
           error->code != NULL && strcmp(error->code, "UnknownError") != 0;
}

static bool is_success(int status)
{
    return status >= 200 && status < 300;
}

enum echo { ECHO_TRUE, ECHO_FALSE, ECHO_MISSING, ECHO_UNREADABLE };

static enum echo read_echo(const struct http_answer *answer, const cJSON *tree)
{
    if (tree == NULL)
        return answer->body.size == 0 && answer->error[0] == '\0' ? ECHO_MISSING : ECHO_UNREADABLE;
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(tree, "isValidationOnly");
    if (item == NULL || cJSON_IsNull(item))
        return ECHO_MISSING;
    return cJSON_IsTrue(item) ? ECHO_TRUE : ECHO_FALSE;
}

static enum outcome dry_run_passed(struct request *rq, const struct http_answer *answer,
                                   enum echo echo, bool lenient)
{
    static const char *const what[] = {
        [ECHO_FALSE] = "says that it was none (isValidationOnly is not true)",
        [ECHO_MISSING] = "does not say that it was one (isValidationOnly is missing)",
        [ECHO_UNREADABLE] = "cannot be read",
    };
    if (echo == ECHO_TRUE || (echo == ECHO_MISSING && lenient)) {
        fault_clear(&rq->fault);
        return rq->event.validation_only ? OUTCOME_VALIDATED : OUTCOME_OK;
    }
    fault_set(
        &rq->fault, STAGE_DRY_RUN, "dryRunNotEchoed",
        "The answer to the dry run %s: it may have been a grant. Look in Graph; then the operator "
        "clears the interlock with usher doctor --clear-interlock.",
        what[echo]);
    rq->fault.http_status = answer->status;
    return OUTCOME_UNSAFE;
}

static enum outcome dry_run_refused(struct request *rq, const struct http_answer *answer,
                                    const struct graph_error *error)
{
    graph_fault_set(&rq->fault, STAGE_DRY_RUN, answer, error);
    if (!graph_was_called(answer))
        return paced(rq, PAUSE_NOT_SENT_MS);
    if (answer->reach == HTTP_LOST)
        return OUTCOME_FAILED;
    if (answer->status == 429 || answer->status == 503)
        return paced(rq, graph_pause_ms(answer));
    if (answer->status == 401)
        return paced(rq, PAUSE_REFUSED_TOKEN_MS);
    enum outcome outcome = OUTCOME_UNKNOWN;
    if (is_definite_refusal(answer, error))
        outcome = read_refusal(rq, answer->status, error);
    /* A dry run has no effect, so it may be repeated. */
    return outcome == OUTCOME_UNKNOWN ? OUTCOME_FAILED : outcome;
}

enum outcome graph_answer_dry_run(struct request *rq, const struct http_answer *answer,
                                  bool lenient)
{
    bool success = answer->reach == HTTP_ANSWERED && is_success(answer->status);
    cJSON *tree = graph_body_parse(answer);
    struct graph_error error = graph_error_read(tree);
    rq->pause_ms = 0;
    graph_keep(rq, answer, success && tree != NULL);
    enum outcome outcome = success ? dry_run_passed(rq, answer, read_echo(answer, tree), lenient)
                                   : dry_run_refused(rq, answer, &error);
    cJSON_Delete(tree);
    return outcome;
}

static enum outcome submit_refused(struct request *rq, const struct http_answer *answer,
                                   const struct graph_error *error)
{
    graph_fault_set(&rq->fault, STAGE_SUBMIT, answer, error);
    if (answer->reach == HTTP_NOT_SENT)
        return paced(rq, PAUSE_NOT_SENT_MS);
    if (answer->reach == HTTP_REFUSED)
        return OUTCOME_STALE;
    if (answer->reach == HTTP_LOST)
        return OUTCOME_UNKNOWN;
    bool busy = answer->status == 503 && error->code != NULL && answer->retry_after_ms >= 0;
    if (answer->status == 429 || busy)
        return paced(rq, graph_pause_ms(answer));
    if (!is_definite_refusal(answer, error))
        return OUTCOME_UNKNOWN;
    if (answer->status == 401)
        return paced(rq, PAUSE_REFUSED_TOKEN_MS);
    return read_refusal(rq, answer->status, error);
}

enum outcome graph_answer_submit(struct request *rq, const struct http_answer *answer)
{
    bool success = graph_was_called(answer) && is_success(answer->status);
    cJSON *tree = graph_body_parse(answer);
    struct graph_error error = graph_error_read(tree);
    enum outcome outcome = OUTCOME_OK;
    rq->pause_ms = 0;
    graph_keep(rq, answer, success && tree != NULL);
    if (success)
        fault_clear(&rq->fault);
    else
        outcome = submit_refused(rq, answer, &error);
    cJSON_Delete(tree);
    return outcome;
}

bool graph_was_called(const struct http_answer *answer)
{
    return answer->reach == HTTP_LOST || answer->reach == HTTP_ANSWERED;
}

bool graph_answer_wants_token(const struct http_answer *answer, bool challenged, bool for_real)
{
    bool refused = answer->status == 401 || (answer->status == 403 && challenged);
    if (answer->reach != HTTP_ANSWERED || !refused)
        return false;
    cJSON *tree = graph_body_parse(answer);
    struct graph_error error = graph_error_read(tree);
    bool definite = is_definite_refusal(answer, &error);
    cJSON_Delete(tree);
    return definite || !for_real;
}
