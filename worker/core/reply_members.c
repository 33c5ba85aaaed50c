#include "worker/core/reply_members.h"

#include "worker/core/json_read.h"
#include "worker/core/json_writer.h"
#include "worker/core/reply.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

static bool is_success(enum answer answer)
{
    return answer == ANSWER_SUBMITTED || answer == ANSWER_EXISTING || answer == ANSWER_VALIDATED;
}

/* How far a request came whose time ran out. */
static enum stage stage_of_expiry(const struct request *rq)
{
    if (rq->claim.fence == 0)
        return STAGE_ADMIT;
    if (rq->attempts.dry_run == 0)
        return STAGE_CLAIM;
    return rq->dry_run_ms == 0 ? STAGE_DRY_RUN : STAGE_MARK;
}

/* The fault of the answer, `details` and `whole` still owned by the request. What an expired event
 * met on its way is not why it ended. */
static void fault_of(const struct request *rq, struct fault *ret)
{
    static const char *const sentences[ANSWER_COUNT] = {
        [ANSWER_REJECTED] = "the request was refused",
        [ANSWER_EXPIRED] = "expirytime passed before the real request was sent; send a new event",
        [ANSWER_FAILED] = "given up after the retries; the real request did not happen",
        [ANSWER_UNKNOWN] = "the real request may have happened; look in Graph before asking again",
    };
    bool expired = rq->answer == ANSWER_EXPIRED;
    *ret = rq->fault;
    if (rq->fault.code[0] != '\0' && !expired)
        return;
    enum stage stage = expired ? stage_of_expiry(rq) : rq->fault.stage;
    *ret = (struct fault){0};
    fault_set(ret, stage, answer_name(rq->answer), "%s", sentences[rq->answer]);
}

static unsigned count_calls(const struct request *rq)
{
    return rq->attempts.dry_run + rq->attempts.submit + rq->attempts.look;
}

static void write_error(struct buffer *json, const struct request *rq, bool brief)
{
    struct fault fault;
    fault_of(rq, &fault);
    json_begin_object(json, "error");
    json_put_text(json, "stage", str_of(stage_name(fault.stage)));
    json_put_text(json, "code", str_of(fault.code));
    bool whole = fault.whole != NULL && !brief;
    json_put_text(json, "message", str_of(whole ? fault.whole : fault.message));
    if (fault.http_status != 0)
        json_put_integer(json, "httpStatus", fault.http_status);
    if (fault.details != NULL && !brief)
        json_put_raw(json, "details", str_of(fault.details));
    json_end_object(json);
}

static struct str text_or_null(const char *text)
{
    return text[0] != '\0' ? str_of(text) : (struct str){0};
}

static void write_calls(struct buffer *json, const struct request *rq)
{
    json_begin_object(json, "attempts");
    json_put_integer(json, "dryRun", rq->attempts.dry_run);
    json_put_integer(json, "submit", rq->attempts.submit);
    json_put_integer(json, "look", rq->attempts.look);
    json_end_object(json);
    json_put_text(json, "graphRequestId", text_or_null(rq->graph.request_id));
    json_put_text(json, "clientRequestId", text_or_null(rq->graph.client_request_id));
}

static cJSON *read_stored(const char *stored)
{
    struct buffer text;
    buffer_init(&text, REPLY_MEMBERS_MAX + 2);
    buffer_put(&text, "{", 1);
    buffer_put_text(&text, stored);
    buffer_put(&text, "}", 1);
    struct json_fault fault;
    cJSON *tree = text.failed ? NULL : json_read((struct str){text.data, text.size}, &fault);
    buffer_finish(&text);
    return tree;
}

/* The stored members without what makes them long. */
static void write_stored_briefly(struct buffer *json, const char *stored)
{
    cJSON *tree = read_stored(stored);
    cJSON_DeleteItemFromObjectCaseSensitive(tree, "graph");
    cJSON *error = cJSON_GetObjectItemCaseSensitive(tree, "error");
    cJSON_DeleteItemFromObjectCaseSensitive(error, "details");
    char *text = cJSON_PrintUnformatted(tree);
    cJSON_Delete(tree);
    if (text == NULL)
        json->failed = true;
    else
        json_put_members(json, (struct str){text + 1, strlen(text) - 2});
    cJSON_free(text);
}

void reply_members_write(struct buffer *json, const struct request *rq, bool brief)
{
    if (rq->stored != NULL) {
        if (brief)
            write_stored_briefly(json, rq->stored);
        else
            json_put_members(json, str_of(rq->stored));
        return;
    }
    assert(rq->answer != ANSWER_NONE);
    json_put_text(json, "outcome", str_of(answer_name(rq->answer)));
    if (rq->graph.object != NULL && !brief)
        json_put_raw(json, "graph", str_of(rq->graph.object));
    if (!is_success(rq->answer))
        write_error(json, rq, brief);
    if (count_calls(rq) > 0)
        write_calls(json, rq);
    json_put_time(json, "receivedAt", rq->received_wall_ms);
    json_put_time(json, "finishedAt", rq->finished_wall_ms);
}

char *reply_members(const struct request *rq)
{
    struct buffer json;
    buffer_init(&json, REPLY_MEMBERS_MAX);
    reply_members_write(&json, rq, false);
    return buffer_take(&json, NULL);
}

static const char *text_of(const cJSON *object, const char *name)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));
    return text != NULL ? text : "";
}

/* 0 where it is no number. Used for status and attempts, which are small. */
static int number_of(const cJSON *object, const char *name)
{
    const cJSON *number = cJSON_GetObjectItemCaseSensitive(object, name);
    return cJSON_IsNumber(number) && number->valueint > 0 ? number->valueint : 0;
}

static enum stage stage_from_name(const char *name)
{
    enum stage stage = STAGE_ADMIT;
    while (stage < STAGE_COUNT && strcmp(stage_name(stage), name) != 0)
        stage++;
    return stage;
}

/* A member that stands in the reply beside the stored ones must not be among them. */
static bool has_foreign_member(const cJSON *tree)
{
    static const char *const foreign[] = {"requestId", "requestSource", "requestType", "duplicate",
                                          "origin"};
    for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++) {
        if (cJSON_GetObjectItemCaseSensitive(tree, foreign[i]) != NULL)
            return true;
    }
    return false;
}

static bool read_facts(const cJSON *tree, struct reply_facts *ret)
{
    *ret = (struct reply_facts){.answer = answer_from_name(text_of(tree, "outcome"))};
    const char *finished = text_of(tree, "finishedAt");
    if (ret->answer == ANSWER_NONE || strlen(finished) != RFC3339_SIZE - 1 ||
        text_of(tree, "receivedAt")[0] == '\0' || has_foreign_member(tree))
        return false;
    memcpy(ret->finished, finished, RFC3339_SIZE);

    const cJSON *attempts = cJSON_GetObjectItemCaseSensitive(tree, "attempts");
    ret->calls = (unsigned)number_of(attempts, "dryRun") + (unsigned)number_of(attempts, "submit") +
                 (unsigned)number_of(attempts, "look");
    if (is_success(ret->answer))
        return true;
    const cJSON *error = cJSON_GetObjectItemCaseSensitive(tree, "error");
    enum stage stage = stage_from_name(text_of(error, "stage"));
    const char *code = text_of(error, "code");
    if (stage == STAGE_COUNT || code[0] == '\0')
        return false;
    fault_set(&ret->fault, stage, code, "%s", text_of(error, "message"));
    ret->fault.http_status = number_of(error, "httpStatus");
    return true;
}

bool reply_facts_read(const struct request *rq, struct reply_facts *ret)
{
    if (rq->stored != NULL) {
        cJSON *tree = read_stored(rq->stored);
        bool is_read = tree != NULL && read_facts(tree, ret);
        cJSON_Delete(tree);
        return is_read;
    }
    *ret = (struct reply_facts){.answer = rq->answer, .calls = count_calls(rq)};
    if (!is_success(rq->answer))
        fault_of(rq, &ret->fault);
    ret->fault.details = NULL;
    ret->fault.whole = NULL;
    rfc3339_format(rq->finished_wall_ms, ret->finished);
    return true;
}

bool reply_stored_read(const char *stored, enum answer *ret_answer)
{
    cJSON *tree = read_stored(stored);
    struct reply_facts facts;
    bool is_read = tree != NULL && read_facts(tree, &facts);
    cJSON_Delete(tree);
    if (is_read)
        *ret_answer = facts.answer;
    return is_read;
}
