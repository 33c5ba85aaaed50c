// The two POSTs to Graph.

#include "tests/sandbox/call.h"

#include "tests/sandbox/item.h"
#include "tests/sandbox/limiter.h"
#include "tests/sandbox/rights.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#define ZERO_GUID "00000000-0000-0000-0000-000000000000"

static bool has_type(const struct call *call, const char *type)
{
    const char *value = call_header(call, "Content-Type");
    size_t size = strlen(type);
    return value != NULL && strncasecmp(value, type, size) == 0 &&
           (value[size] == '\0' || value[size] == ';' || value[size] == ' ');
}

void graph_read(struct sandbox *sandbox, struct call *call)
{
    call->json = json_parse(call->body.bytes, call->body.size, &call->why);
    body_describe(call->json, call->route->kind, route_version(call->route), &call->change);
    call->op = call->change.dry ? OP_DRY_RUN : OP_SUBMIT;
    ledger_arrived(&sandbox->ledger, call->op, clock_ms());
}

// Base64 of what the next token has to have, as a claims challenge says it.
static void challenge_claims(struct call *call, const char *claims)
{
    unsigned char text[700]; // of 511 bytes
    EVP_EncodeBlock(text, (const unsigned char *)claims, (int)strlen(claims));
    snprintf(call->answer.challenge, sizeof call->answer.challenge,
             "Bearer realm=\"\", authorization_uri=\"https://login.example.com/authorize\", "
             "error=\"insufficient_claims\", claims=\"%s\"",
             (char *)text);
}

bool graph_authorized(struct sandbox *sandbox, struct call *call)
{
    const struct token_settings *settings = &sandbox->token_settings;
    const char *header = call_header(call, "Authorization");
    const char *why = tokens_refuse(&sandbox->tokens, settings, header);
    if (why != NULL) {
        answer_error(call, 401, "InvalidAuthenticationToken", why);
        copy_text(call->answer.challenge, sizeof call->answer.challenge,
                  "Bearer realm=\"\", error=\"invalid_token\"");
        return false;
    }
    if (tokens_lack_claims(&sandbox->tokens, settings, header)) {
        if (settings->claims_status == 403)
            answer_error(call, 403, "Forbidden", "Conditional Access demands more of the token.");
        else
            answer_error(call, 401, "InvalidAuthenticationToken",
                         "Continuous access evaluation resulted in challenge.");
        challenge_claims(call, settings->claims);
        return false;
    }
    return rights_check(sandbox, call);
}

// What stands or is open, in the words of the service.
static bool check_state(const struct sandbox *sandbox, const struct call *call,
                        struct problem *ret_problem)
{
    bool resource = call->change.kind == KIND_RESOURCE;
    bool blind = call->fault.no_duplicate_rejection ||
                 (call->op == OP_DRY_RUN && !sandbox->settings.dry_run_sees_duplicates);
    enum verdict verdict = state_check(&sandbox->state, &call->change, clock_ms());
    bool duplicate =
        verdict == VERDICT_OPEN || verdict == VERDICT_STANDS || verdict == VERDICT_ABSENT;
    switch (blind && duplicate ? VERDICT_OK : verdict) {
    case VERDICT_OK:
        return true;
    case VERDICT_UNKNOWN:
        return problem_set(ret_problem, 404, "ResourceNotFound", "The %s was not found.",
                           resource ? "catalog" : "access package");
    case VERDICT_OPEN:
        problem_set(ret_problem, 400, "InvalidRequest", "The request is not valid.");
        ret_problem->detail_code = "ExistingOpenRequest";
        return false;
    case VERDICT_STANDS:
        return resource
                   ? problem_set(ret_problem, 400, "ResourceAlreadyOnboarded",
                                 "The resource is already onboarded to ELM.")
                   : problem_set(ret_problem, 409, "InvalidRequestExistingGrant",
                                 "The target already has an assignment of this access package.");
    case VERDICT_ABSENT:
        return resource ? problem_set(ret_problem, 404, "ResourceNotFound",
                                      "The resource was not found in the catalog.")
                        : problem_set(ret_problem, 404, "InvalidRequestNoActiveGrant",
                                      "There is no active assignment.");
    case VERDICT_FULL:
        break;
    }
    return problem_set(ret_problem, 500, "SandboxFull", "DELETE /sandbox/state empties it.");
}

static bool check_call(struct sandbox *sandbox, struct call *call, struct problem *ret_problem)
{
    const char *user = sandbox->token_settings.delegated_user;
    struct body_caller caller = {user[0] != '\0', sandbox->settings.unknown_members};
    if (call->too_large) {
        return problem_set(ret_problem, 413, "RequestEntityTooLarge", "The body is too large.");
    }
    if (!has_type(call, "application/json")) {
        return problem_set(ret_problem, 415, "UnsupportedMediaType",
                           "The Content-Type must be application/json.");
    }
    if (call->json == NULL) {
        return problem_set(ret_problem, 400, "BadRequest",
                           "Unable to read JSON request payload: %s.", call->why);
    }
    if (!body_check(call->json, &caller, &call->change, ret_problem)) {
        return false;
    }
    if (call->change.member[0] == '\0' && call->change.grant_id[0] == '\0') {
        copy_text(call->change.member, sizeof call->change.member, user); // a user, for themselves
    }
    if (call->change.verb != VERB_ADD) {
        state_resolve(&sandbox->state, &call->change);
    }
    return check_state(sandbox, call, ret_problem);
}

// The dry run's answer: what was sent, back again. The zero id finds nothing.
static void echo_dry_run(struct call *call)
{
    cJSON *json = call->json;
    cJSON_DeleteItemFromObjectCaseSensitive(json, "id");
    cJSON_DeleteItemFromObjectCaseSensitive(json, "accessPackageResource"); // never in an answer
    cJSON_AddStringToObject(json, "id", ZERO_GUID);
    cJSON_AddStringToObject(json, "requestState", "Submitted");
    cJSON_AddStringToObject(json, "requestStatus", "Accepted");
    if (call->fault.drop_echo) {
        cJSON_DeleteItemFromObjectCaseSensitive(json, "isValidationOnly");
    }
    answer_print(call, 201, json);
}

static void apply(struct sandbox *sandbox, struct call *call)
{
    bool resource = call->change.kind == KIND_RESOURCE;
    int64_t now_ms = clock_ms();
    int64_t deliver_after_ms =
        resource ? sandbox->settings.resource_deliver_after_ms : sandbox->settings.deliver_after_ms;
    const struct request *request =
        state_apply(&sandbox->state, &call->change, now_ms, deliver_after_ms);
    call->applied = true;
    copy_text(call->graph_id, sizeof call->graph_id, request->id);
    struct item item;
    item_of_request(&sandbox->state, request, now_ms, &item);
    if (!resource) { // the service answers before it knows when
        item.fields[FIELD_STATE] = "Submitted";
        item.fields[FIELD_STATUS] = "Accepted";
        item.fields[FIELD_CREATED] = NULL;
        item.fields[FIELD_COMPLETED] = NULL;
    }
    item.drop_echo = call->fault.drop_echo;
    struct item_view view = {.set = resource ? SET_RESOURCE_REQUESTS : SET_ASSIGNMENT_REQUESTS,
                             .version = call->change.version,
                             .with_context = true};
    text_finish(&call->answer.body);
    item_write(&item, &view, &call->answer.body);
    call->answer.status = 201;
    call->answer.type = "application/json; charset=utf-8";
}

void graph_post(struct sandbox *sandbox, struct call *call)
{
    struct problem problem = {0};
    if (!graph_authorized(sandbox, call) || !limiter_passes(sandbox, call)) {
        return;
    }
    if (!check_call(sandbox, call, &problem)) {
        answer_problem(call, &problem);
        if (call->route->kind == KIND_RESOURCE && problem.status == 400) { // as the real one does
            call->answer.location = "https://igaelm-sandbox.invalid/api/v1/resourceRequests";
        }
    } else if (call->op == OP_DRY_RUN && !call->fault.ignore_dry_run) {
        echo_dry_run(call);
    } else {
        apply(sandbox, call);
    }
}
