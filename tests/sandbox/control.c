#include "tests/sandbox/control.h"

#include <stdlib.h>
#include <string.h>

#define FIELD(name) offsetof(struct sandbox, name)

static const struct binding SETTINGS[] = {
    {"latency_ms", BIND_INT, FIELD(settings.latency_ms), 0},
    {"deliver_after_ms", BIND_INT, FIELD(settings.deliver_after_ms), 0},
    {"resource_deliver_after_ms", BIND_INT, FIELD(settings.resource_deliver_after_ms), 0},
    {"writes_limit", BIND_INT, FIELD(settings.writes_limit), 0},
    {"writes_window_ms", BIND_INT, FIELD(settings.writes_window_ms), 0},
    {"limit_headers", BIND_BOOL, FIELD(settings.limit_headers), 0},
    {"dry_run_sees_duplicates", BIND_BOOL, FIELD(settings.dry_run_sees_duplicates), 0},
    {"unknown_members", BIND_BOOL, FIELD(settings.unknown_members), 0},
    {"delegated_user", BIND_TEXT, FIELD(token_settings.delegated_user), GUID_SIZE},
    {"roles", BIND_TEXT, FIELD(token_settings.roles), ROLES_SIZE},
    {"managed_package", BIND_TEXT, FIELD(token_settings.managed_package), GUID_SIZE},
    {"managed_catalog", BIND_TEXT, FIELD(token_settings.managed_catalog), GUID_SIZE},
    {"token_lifetime_s", BIND_INT, FIELD(token_settings.lifetime_s), 0},
    {"claims", BIND_TEXT, FIELD(token_settings.claims), 512},
    {"claims_status", BIND_INT, FIELD(token_settings.claims_status), 0},
    {"token_bytes", BIND_INT, FIELD(token_settings.bytes), 0},
    {0}};

struct seed {
    char accessPackageId[GUID_SIZE]; // the body's own names
    char targetId[MEMBER_SIZE];
    char assignmentPolicyId[GUID_SIZE];
    char catalogId[GUID_SIZE];
    char originId[MEMBER_SIZE];
    char originSystem[32];
};

static const struct binding SEED_ASSIGNMENT[] = {
    {"accessPackageId", BIND_TEXT, offsetof(struct seed, accessPackageId), GUID_SIZE},
    {"targetId", BIND_TEXT, offsetof(struct seed, targetId), MEMBER_SIZE},
    {"assignmentPolicyId", BIND_TEXT, offsetof(struct seed, assignmentPolicyId), GUID_SIZE},
    {0}};

static const struct binding SEED_RESOURCE[] = {
    {"catalogId", BIND_TEXT, offsetof(struct seed, catalogId), GUID_SIZE},
    {"originId", BIND_TEXT, offsetof(struct seed, originId), MEMBER_SIZE},
    {"originSystem", BIND_TEXT, offsetof(struct seed, originSystem), 32},
    {0}};

static void say_done(struct call *call)
{
    call->answer.status = 204;
}

static void refuse(struct call *call, const char *why)
{
    answer_error(call, 400, "SandboxControl", why);
}

// The body as JSON, or NULL and the call is answered.
static cJSON *read_json(struct call *call)
{
    const char *why = NULL;
    cJSON *json = json_parse(call->body.bytes, call->body.size, &why);
    if (json == NULL) {
        refuse(call, why);
    }
    return json;
}

void control_health(struct sandbox *sandbox, struct call *call)
{
    (void)sandbox;
    cJSON *json = memory_need(cJSON_CreateObject());
    cJSON_AddStringToObject(json, "status", "ok");
    answer_json(call, 200, json);
}

void control_ledger(struct sandbox *sandbox, struct call *call)
{
    const char *after = call_argument(call, "after");
    bool summary = call_argument(call, "summary") != NULL;
    call->answer.status = 200;
    call->answer.type = summary ? "application/json" : "application/jsonl";
    if (summary) {
        ledger_summary(&sandbox->ledger, &call->answer.body);
    } else {
        ledger_lines(&sandbox->ledger, after == NULL ? 0 : strtoull(after, NULL, 10),
                     &call->answer.body);
    }
}

void control_ledger_clear(struct sandbox *sandbox, struct call *call)
{
    ledger_clear(&sandbox->ledger);
    say_done(call);
}

void control_faults(struct sandbox *sandbox, struct call *call)
{
    answer_json(call, 200, faults_show(&sandbox->faults));
}

void control_faults_add(struct sandbox *sandbox, struct call *call)
{
    char why[WHY_SIZE];
    cJSON *json = read_json(call);
    if (json == NULL) {
        return;
    }
    if (faults_add(&sandbox->faults, json, why)) {
        say_done(call);
    } else {
        refuse(call, why);
    }
    cJSON_Delete(json);
}

void control_faults_clear(struct sandbox *sandbox, struct call *call)
{
    faults_clear(&sandbox->faults);
    say_done(call);
}

void control_settings(struct sandbox *sandbox, struct call *call)
{
    answer_json(call, 200, bind_show(SETTINGS, sandbox));
}

void control_settings_change(struct sandbox *sandbox, struct call *call)
{
    char why[WHY_SIZE];
    cJSON *json = read_json(call);
    if (json == NULL) {
        return;
    }
    if (bind_object(json, SETTINGS, sandbox, why)) {
        control_settings(sandbox, call);
    } else {
        refuse(call, why);
    }
    cJSON_Delete(json);
}

void control_state(struct sandbox *sandbox, struct call *call)
{
    const struct state *state = &sandbox->state;
    cJSON *json = memory_need(cJSON_CreateObject());
    int64_t now_ms = clock_ms();
    int standing[3] = {0};
    int open[3] = {0};
    for (int32_t i = 0; i < state->grant_count; i++) {
        const struct grant *grant = &state->grants[i];
        standing[grant->kind] += grant->added_ms <= now_ms && grant->removed_ms > now_ms;
    }
    for (int32_t i = 0; i < state->request_count; i++) {
        open[state->requests[i].kind] += state->requests[i].due_ms > now_ms;
    }
    cJSON_AddNumberToObject(json, "assignments", standing[KIND_ASSIGNMENT]);
    cJSON_AddNumberToObject(json, "resources", standing[KIND_RESOURCE]);
    cJSON_AddNumberToObject(json, "requests", state->request_count);
    cJSON_AddNumberToObject(json, "openAssignmentRequests", open[KIND_ASSIGNMENT]);
    cJSON_AddNumberToObject(json, "openResourceRequests", open[KIND_RESOURCE]);
    cJSON_AddBoolToObject(json, "packagesClosed", state->packages_closed);
    cJSON_AddBoolToObject(json, "catalogsClosed", state->catalogs_closed);
    answer_json(call, 200, json);
}

// One grant that a test starts with.
static bool seed_grant(struct sandbox *sandbox, const cJSON *item, enum kind kind,
                       char ret_why[WHY_SIZE])
{
    bool resource = kind == KIND_RESOURCE;
    struct seed seed = {.originSystem = "AadGroup"};
    if (!bind_object(item, resource ? SEED_RESOURCE : SEED_ASSIGNMENT, &seed, ret_why)) {
        return false;
    }
    const char *container = resource ? seed.catalogId : seed.accessPackageId;
    const char *member = resource ? seed.originId : seed.targetId;
    if (!guid_valid(container) || member[0] == '\0') {
        copy_text(ret_why, WHY_SIZE,
                  "a package or catalog (GUID) and a target or origin are needed");
        return false;
    }
    struct change change = {.kind = kind, .verb = VERB_ADD};
    guid_lower(container, change.container);
    copy_text(change.member, sizeof change.member, member);
    if (guid_valid(member)) {
        guid_lower(member, change.member);
    }
    copy_text(change.detail, sizeof change.detail,
              resource ? seed.originSystem : seed.assignmentPolicyId);
    state_seed(&sandbox->state, &change, clock_ms());
    return true;
}

// From now on only the listed ids are known; null: all are again.
static bool close_world(const cJSON *list, struct index *index, bool *closed,
                        char ret_why[WHY_SIZE])
{
    const cJSON *item = NULL;
    *closed = !cJSON_IsNull(list);
    cJSON_ArrayForEach(item, list)
    {
        char id[GUID_SIZE];
        if (!cJSON_IsString(item) || !guid_valid(item->valuestring)) {
            copy_text(ret_why, WHY_SIZE, "packages and catalogs are lists of GUIDs, or null");
            return false;
        }
        guid_lower(item->valuestring, id);
        index_put(index, id, 1);
    }
    return true;
}

static bool add_state(struct sandbox *sandbox, const cJSON *list, char ret_why[WHY_SIZE])
{
    struct state *state = &sandbox->state;
    bool resources = strcmp(list->string, "resources") == 0;
    if (strcmp(list->string, "packages") == 0) {
        return close_world(list, &state->packages, &state->packages_closed, ret_why);
    }
    if (strcmp(list->string, "catalogs") == 0) {
        return close_world(list, &state->catalogs, &state->catalogs_closed, ret_why);
    }
    if (!resources && strcmp(list->string, "assignments") != 0) {
        copy_text(ret_why, WHY_SIZE, "there are assignments, resources, packages and catalogs");
        return false;
    }
    const cJSON *item = NULL;
    cJSON_ArrayForEach(item, list)
    {
        if (!seed_grant(sandbox, item, resources ? KIND_RESOURCE : KIND_ASSIGNMENT, ret_why)) {
            return false;
        }
    }
    return true;
}

void control_state_add(struct sandbox *sandbox, struct call *call)
{
    char why[WHY_SIZE];
    cJSON *json = read_json(call);
    const cJSON *list = NULL;
    cJSON_ArrayForEach(list, json)
    {
        if (!cJSON_IsObject(json) || !add_state(sandbox, list, why)) {
            refuse(call, cJSON_IsObject(json) ? why : "an object is needed");
            cJSON_Delete(json);
            return;
        }
    }
    if (json != NULL) {
        control_state(sandbox, call);
    }
    cJSON_Delete(json);
}

void control_lives_add(struct sandbox *sandbox, struct call *call)
{
    char why[WHY_SIZE];
    cJSON *json = read_json(call);
    if (json == NULL) {
        return;
    }
    if (lives_add(&sandbox->state.lives, json, why, sizeof why)) {
        say_done(call);
    } else {
        refuse(call, why);
    }
    cJSON_Delete(json);
}

void control_state_clear(struct sandbox *sandbox, struct call *call)
{
    state_finish(&sandbox->state);
    say_done(call);
}

void control_tokens_revoke(struct sandbox *sandbox, struct call *call)
{
    tokens_revoke(&sandbox->tokens);
    say_done(call);
}
