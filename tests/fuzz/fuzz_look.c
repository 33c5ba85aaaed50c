/* The look-up: a doubtful request, and Graph's answers to the GETs that look for it, page by page.
 * Input: two lines of what is looked for, then the answers, each begun by a line `--- STATUS`:
 *
 *     sent AdminAdd assignment             (doubt, requestType, kind, "absences", "noclock")
 *     target package policy                (which ids the event has: target package policy
 *                                           assignment catalog resource email origin)
 *     --- 200
 *     {"value": [...], "@odata.nextLink": "..."}
 */
#include "tests/fuzz/checks.h"
#include "tests/fuzz/input.h"

#include "worker/core/graph_body.h"
#include "worker/core/json_read.h"
#include "worker/core/look.h"
#include "worker/core/plan.h"
#include "worker/core/rfc3339.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#define REQUESTS_PATH "/identityGovernance/entitlementManagement/accessPackageAssignmentRequests"

static const int64_t intent_wall_ms = INT64_C(1772438400000); /* 2026-03-02T08:00:00Z */

static bool has_word(const char *line, const char *word)
{
    return strstr(line, word) != NULL;
}

static void name_if(const char *line, const char *word, char ret[GUID_SIZE], const char *guid)
{
    if (has_word(line, word))
        memcpy(ret, guid, GUID_SIZE);
}

static enum request_type type_of(const char *line)
{
    for (enum request_type type = REQUEST_TYPE_COUNT; --type > REQUEST_TYPE_NONE;)
        if (has_word(line, request_type_name(type)))
            return type;
    return REQUEST_TYPE_ADMIN_ADD;
}

static void read_request(struct input *input, struct request *ret)
{
    static struct partition partition;
    static const char members[] = "\"requestType\":\"AdminAdd\",\"justification\":\"New hire\"";
    const struct record record = {.topic = "access-requests", .offset = 7};
    const char *asked = input_text(input), *ids = input_text(input);
    request_init(ret, &record, &partition, intent_wall_ms);
    struct event *event = &ret->event;
    *event = (struct event){
        .worth = EVENT_GOOD,
        .kind = has_word(asked, "resource") ? KIND_RESOURCE : KIND_ASSIGNMENT,
        .request_type = type_of(asked),
        .id = "e1",
        .source = "/s",
        .body = {members, sizeof members - 1},
        .subject = {.target_email = has_word(ids, "email") ? "ann@example.com" : "",
                    .origin_id =
                        has_word(ids, "origin") ? "d3b2c0aa-0000-4000-8000-00000000000a" : "",
                    .origin_system = "AadGroup"},
    };
    event->type = kind_type(event->kind);
    struct subject *subject = &event->subject;
    name_if(ids, "target", subject->target_id, "46184453-e63b-4f20-86c2-c557ed5d5df9");
    name_if(ids, "package", subject->package_id, "a914b616-e04e-476b-aa37-91038f0b165b");
    name_if(ids, "policy", subject->policy_id, "2264bf65-76ba-417b-a27d-54d291f0cbc8");
    name_if(ids, "assignment", subject->assignment_id, "11111111-2222-4333-8444-555555555555");
    name_if(ids, "catalog", subject->catalog_id, "beedadfe-01d5-4025-910b-84abb9369997");
    name_if(ids, "resource", subject->resource_id, "99999999-8888-4777-8666-555555555555");
    ret->doubt = has_word(asked, "open")        ? DOUBT_OPEN
                 : has_word(asked, "forgotten") ? DOUBT_FORGOTTEN
                                                : DOUBT_SENT;
    ret->absences = has_word(asked, "absences") ? 1 : 0;
    ret->claim.intent_wall_ms = has_word(asked, "noclock") ? 0 : intent_wall_ms;
}

/* Takes the next answer: its line, then what stands before the next one's. */
static bool next_answer(struct input *input, struct http_answer *ret)
{
    static const char mark[] = "\n---";
    struct str line = input_line(input);
    if (line.data == NULL)
        return false;
    *ret = (struct http_answer){.reach = HTTP_ANSWERED, .error = "", .retry_after_ms = -1};
    ret->status =
        line.size > 4 ? (int)(input_number((struct str){line.data + 4, line.size - 4}) % 1000) : 0;
    if (ret->status <= 0) {
        ret->reach = ret->status == 0 ? HTTP_LOST : HTTP_NOT_SENT;
        ret->status = 0;
    }
    struct str rest = input->rest;
    const char *end =
        rest.data != NULL ? memmem(rest.data, rest.size, mark, sizeof mark - 1) : NULL;
    if (end == NULL) {
        ret->body = input_rest(input);
        return true;
    }
    struct input one = {.rest = {rest.data, (size_t)(end - rest.data)}};
    ret->body = input_rest(&one);
    input->pieces[input->count++] = one.pieces[0];
    input->rest = (struct str){end + 1, rest.size - (size_t)(end - rest.data) - 1};
    return true;
}

/* What may stand in a request line: our own prefix, no space, no control character, no byte beyond
 * ASCII. */
static void check_path(const char *path)
{
    static const char prefix[] = "/identityGovernance/entitlementManagement/";
    assert(strlen(path) < LOOK_PATH_MAX && strncmp(path, prefix, sizeof prefix - 1) == 0);
    for (; *path != '\0'; path++)
        assert(*path > ' ' && *path <= '~');
}

static bool is_same_text(const cJSON *object, const char *name, const char *expected)
{
    const char *text = check_text(object, name);
    return text != NULL && strcasecmp(text, expected) == 0;
}

/* "submitted" needs a row that is ours: the type, a time not before the intent, and the person or
 * the assignment. */
static void check_ours(const struct request *rq)
{
    const struct subject *subject = &rq->event.subject;
    cJSON *tree = check_json(str_of(rq->graph.object));
    const cJSON *assignment = cJSON_GetObjectItemCaseSensitive(tree, "accessPackageAssignment");
    if (assignment == NULL) /* as v1.0 calls it */
        assignment = cJSON_GetObjectItemCaseSensitive(tree, "assignment");
    const cJSON *target = cJSON_GetObjectItemCaseSensitive(assignment, "target");
    int64_t created_ms = 0;
    assert(rq->doubt != DOUBT_OPEN && rq->event.kind == KIND_ASSIGNMENT);
    assert(is_same_text(tree, "requestType", request_type_name(rq->event.request_type)));
    assert(rfc3339_parse(str_of(check_text(tree, "createdDateTime")), &created_ms));
    assert(rq->claim.intent_wall_ms != 0 && created_ms >= rq->claim.intent_wall_ms);
    if (subject->assignment_id[0] != '\0')
        assert(is_same_text(assignment, "id", subject->assignment_id));
    else
        assert(is_same_text(assignment, "targetId", subject->target_id) ||
               is_same_text(target, "objectId", subject->target_id) ||
               is_same_text(target, "email", subject->target_email));
    const char *reason = check_text(tree, "justification");
    assert(reason == NULL || strcmp(reason, "New hire") == 0);
    cJSON_Delete(tree);
}

static void check_outcome(const struct request *rq, enum outcome outcome,
                          const struct http_answer *answer)
{
    static const struct plan_limits limits = {10, 900000, 300000, 300000};
    struct plan plan;
    plan_init(&plan, &limits);
    assert(plan_allows(&plan, STAGE_LOOK, outcome));
    bool found = outcome == OUTCOME_OK || outcome == OUTCOME_EXISTS;
    bool whole = answer->reach == HTTP_ANSWERED && answer->status / 100 == 2;
    assert(whole || outcome == OUTCOME_PACED || outcome == OUTCOME_FAILED);
    assert(!whole || outcome != OUTCOME_PACED);
    assert(found == (rq->graph.object != NULL));
    assert(found ? rq->fault.code[0] == '\0' : outcome == OUTCOME_PACED || rq->fault.code[0] != 0);
    assert((outcome == OUTCOME_PACED) == (rq->pause_ms > 0));
    if (rq->fault.code[0] != '\0')
        check_fault(&rq->fault, true);
    if (outcome == OUTCOME_OK)
        check_ours(rq);
    else if (found)
        cJSON_Delete(check_json(str_of(rq->graph.object)));
}

/* One look-up from its first GET to an outcome, or to the end of the input. */
static void look(struct input *input, struct request *rq)
{
    for (unsigned step = 0;; step++) {
        char path[LOOK_PATH_MAX];
        struct http_answer answer;
        if (!look_path(rq, REQUESTS_PATH, step, path)) {
            assert(step == 0); /* the steps end with an outcome */
            return;
        }
        assert(step < LOOK_STEPS_MAX);
        check_path(path);
        if (input->count + 4 >= INPUT_PIECES_MAX || !next_answer(input, &answer))
            return;
        enum outcome outcome = look_read(rq, REQUESTS_PATH, step, &answer);
        if (outcome == OUTCOME_COUNT) {
            assert(answer.reach == HTTP_ANSWERED && answer.status / 100 == 2);
            continue;
        }
        check_outcome(rq, outcome, &answer);
        rq->answer = outcome == OUTCOME_OK       ? ANSWER_SUBMITTED
                     : outcome == OUTCOME_EXISTS ? ANSWER_EXISTING
                                                 : ANSWER_UNKNOWN;
        rq->attempts.look = step + 1;
        check_reply(rq);
        return;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input;
    struct request rq;
    input_init(&input, data, size);
    read_request(&input, &rq);
    look(&input, &rq);
    rq.event.body = (struct body){0};
    request_finish(&rq);
    input_finish(&input);
    return 0;
}
