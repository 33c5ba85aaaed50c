#include "worker/core/graph_body.h"

#include "worker/core/graph_members.h"
#include "worker/core/json_read.h"

#include <assert.h>
#include <stddef.h>
#include <strings.h>

enum { NEEDS_MAX = 4 };

/* What a request of that type must bring along (facts: graph 1.4, 1.5). */
struct rule {
    enum kind kind;
    enum request_type request_type;
    enum slot needs[NEEDS_MAX]; /* in the order in which they are named; unused: SLOT_NONE */
};

static const struct rule rules[] = {
    {KIND_ASSIGNMENT,
     REQUEST_TYPE_ADMIN_ADD,
     {SLOT_ASSIGNMENT, SLOT_PACKAGE_ID, SLOT_POLICY_ID, SLOT_TARGET_ID}},
    {KIND_ASSIGNMENT, REQUEST_TYPE_ADMIN_UPDATE, {SLOT_ASSIGNMENT, SLOT_ASSIGNMENT_ID}},
    {KIND_ASSIGNMENT, REQUEST_TYPE_ADMIN_REMOVE, {SLOT_ASSIGNMENT, SLOT_ASSIGNMENT_ID}},
    {KIND_ASSIGNMENT, REQUEST_TYPE_USER_ADD, {SLOT_ASSIGNMENT, SLOT_PACKAGE_ID}},
    {KIND_ASSIGNMENT, REQUEST_TYPE_USER_EXTEND, {SLOT_ASSIGNMENT, SLOT_PACKAGE_ID}},
    {KIND_ASSIGNMENT, REQUEST_TYPE_USER_UPDATE, {SLOT_ASSIGNMENT, SLOT_PACKAGE_ID}},
    {KIND_ASSIGNMENT, REQUEST_TYPE_USER_REMOVE, {SLOT_ASSIGNMENT, SLOT_ASSIGNMENT_ID}},
    {KIND_RESOURCE,
     REQUEST_TYPE_ADMIN_ADD,
     {SLOT_CATALOG_ID, SLOT_RESOURCE, SLOT_ORIGIN_ID, SLOT_ORIGIN_SYSTEM}},
    {KIND_RESOURCE,
     REQUEST_TYPE_ADMIN_UPDATE,
     {SLOT_CATALOG_ID, SLOT_RESOURCE, SLOT_ORIGIN_ID, SLOT_ORIGIN_SYSTEM}},
    {KIND_RESOURCE, REQUEST_TYPE_ADMIN_REMOVE, {SLOT_CATALOG_ID, SLOT_RESOURCE, SLOT_RESOURCE_ID}},
};

/* How a sentence names what is missing, and what v1.0 of Graph calls it. */
static const struct {
    const char *path, *v1_name;
} names[SLOT_COUNT] = {
    [SLOT_ASSIGNMENT] = {"data.accessPackageAssignment", "assignment"},
    [SLOT_ASSIGNMENT_ID] = {"data.accessPackageAssignment.id", NULL},
    [SLOT_PACKAGE_ID] = {"data.accessPackageAssignment.accessPackageId", NULL},
    [SLOT_POLICY_ID] = {"data.accessPackageAssignment.assignmentPolicyId", NULL},
    [SLOT_TARGET_ID] = {"data.accessPackageAssignment.targetId` (or `target.objectId`, or "
                        "`target.email",
                        NULL},
    [SLOT_RESOURCE] = {"data.accessPackageResource", "resource"},
    [SLOT_RESOURCE_ID] = {"data.accessPackageResource.id` (or `originId` and `originSystem", NULL},
    [SLOT_ORIGIN_ID] = {"data.accessPackageResource.originId", NULL},
    [SLOT_ORIGIN_SYSTEM] = {"data.accessPackageResource.originSystem", NULL},
    [SLOT_CATALOG_ID] = {"data.catalogId", "catalog"},
};

static bool is_there(const struct findings *findings, enum slot slot)
{
    const cJSON *const *items = findings->items;
    if (items[slot] != NULL)
        return true;
    if (slot == SLOT_TARGET_ID)
        return items[SLOT_OBJECT_ID] != NULL || items[SLOT_EMAIL] != NULL;
    if (slot == SLOT_RESOURCE_ID)
        return items[SLOT_ORIGIN_ID] != NULL && items[SLOT_ORIGIN_SYSTEM] != NULL;
    return false;
}

static bool refuse(struct event *event, const char *code, const char *path, const char *sentence)
{
    fault_set(&event->fault, STAGE_ADMIT, code, "The member `%s` %s", path, sentence);
    return false;
}

static bool refuse_missing(struct event *event, const cJSON *tree, enum slot slot)
{
    const char *v1_name = names[slot].v1_name;
    bool is_v1 = v1_name != NULL && cJSON_GetObjectItemCaseSensitive(tree, v1_name) != NULL;
    fault_set(&event->fault, STAGE_ADMIT, "missingMember",
              "The member `%s` is missing; %s needs it.%s%s%s", names[slot].path,
              request_type_name(event->request_type), is_v1 ? " `" : "", is_v1 ? v1_name : "",
              is_v1 ? "` is what Graph v1.0 calls it, and beta is what we talk to." : "");
    return false;
}

static bool check_needs(struct event *event, const cJSON *tree, const struct rule *rule,
                        const struct findings *findings)
{
    for (size_t i = 0; i < NEEDS_MAX && rule->needs[i] != SLOT_NONE; i++) {
        if (!is_there(findings, rule->needs[i]))
            return refuse_missing(event, tree, rule->needs[i]);
    }
    return true;
}

/* ---- requestType ----------------------------------------------------------------------------- */

static const struct rule *find_rule(enum kind kind, const char *request_type)
{
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        if (rules[i].kind == kind &&
            strcmp(request_type_name(rules[i].request_type), request_type) == 0)
            return &rules[i];
    }
    return NULL;
}

static bool refuse_request_type(struct event *event, const char *request_type)
{
    static const char *const of_service[] = {"SystemAdd", "SystemUpdate", "SystemRemove",
                                             "OnBehalfAdd", "ApproverRemove"};
    for (size_t i = 0; i < sizeof of_service / sizeof of_service[0]; i++) {
        if (strcasecmp(request_type, of_service[i]) == 0)
            return refuse(event, "requestType", "data.requestType",
                          "is one that only Graph itself makes; send Admin… or User….");
    }
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        const char *name = request_type_name(rules[i].request_type);
        if (rules[i].kind == event->kind && strcasecmp(request_type, name) == 0) {
            fault_set(&event->fault, STAGE_ADMIT, "requestType",
                      "The member `data.requestType` must be written `%s`.", name);
            return false;
        }
    }
    return refuse(event, "requestType", "data.requestType",
                  event->kind == KIND_RESOURCE
                      ? "must be AdminAdd, AdminUpdate or AdminRemove."
                      : "must be AdminAdd, AdminUpdate, AdminRemove, UserAdd, UserExtend, "
                        "UserUpdate or UserRemove.");
}

static const struct rule *read_request_type(struct event *event, const struct findings *findings)
{
    const cJSON *item = findings->items[SLOT_REQUEST_TYPE];
    if (item == NULL) {
        refuse(event, "missingMember", "data.requestType", "is missing; send AdminAdd, say.");
        return NULL;
    }
    const struct rule *rule = find_rule(event->kind, item->valuestring);
    if (rule == NULL)
        refuse_request_type(event, item->valuestring);
    else
        event->request_type = rule->request_type;
    return rule;
}

/* ---- whom and what it is about -----------------------------------------------------------------
 */

static void read_guid(const struct findings *findings, enum slot slot, char ret[GUID_SIZE])
{
    if (findings->items[slot] != NULL)
        guid_read(str_of(findings->items[slot]->valuestring), ret);
}

static const char *copy_text(const struct findings *findings, enum slot slot, struct arena *arena)
{
    const cJSON *item = findings->items[slot];
    return item != NULL ? arena_copy(arena, str_of(item->valuestring)) : "";
}

static bool is_group_or_application(const char *origin_system)
{
    return strcmp(origin_system, "AadGroup") == 0 || strcmp(origin_system, "AadApplication") == 0;
}

/* A second place of a body that may name what another names: two names are refused, since nobody
 * knows which of them Graph would go by. */
static const struct twin {
    enum slot slot;
    size_t offset;  /* of the first one's id in struct subject */
    bool stands_in; /* it counts where the first one is missing */
    const char *path, *sentence;
} twins[] = {
    {SLOT_OBJECT_ID, offsetof(struct subject, target_id), true,
     "data.accessPackageAssignment.targetId",
     "and `target.objectId` name two persons; send one of them."},
    {SLOT_ORGANIZATION_NAV_ID, offsetof(struct subject, organization_id), true,
     "data.accessPackageAssignment.target.connectedOrganizationId",
     "and `connectedOrganization.id` name two organisations; send one of them."},
    {SLOT_PACKAGE_NAV_ID, offsetof(struct subject, package_id), false,
     "data.accessPackageAssignment.accessPackageId",
     "and `accessPackage.id` name two access packages; send one of them."},
    {SLOT_REQUEST_PACKAGE_ID, offsetof(struct subject, package_id), false,
     "data.accessPackageAssignment.accessPackageId",
     "and `data.accessPackage.id` name two access packages; send one of them."},
};

static bool read_twins(struct event *event, const struct findings *findings)
{
    for (size_t i = 0; i < sizeof twins / sizeof twins[0]; i++) {
        char *id = (char *)&event->subject + twins[i].offset;
        char other[GUID_SIZE] = "";
        read_guid(findings, twins[i].slot, other);
        if (id[0] == '\0' && twins[i].stands_in)
            memcpy(id, other, GUID_SIZE);
        if (id[0] != '\0' && other[0] != '\0' && strcmp(id, other) != 0)
            return refuse(event, "contradiction", twins[i].path, twins[i].sentence);
    }
    return true;
}

static bool read_subject(struct event *event, const struct findings *findings, struct arena *arena)
{
    struct subject *subject = &event->subject;
    char ignored[GUID_SIZE];
    read_guid(findings, SLOT_TARGET_ID, subject->target_id);
    read_guid(findings, SLOT_ORGANIZATION_ID, subject->organization_id);
    read_guid(findings, SLOT_PACKAGE_ID, subject->package_id);
    read_guid(findings, SLOT_POLICY_ID, subject->policy_id);
    read_guid(findings, SLOT_ASSIGNMENT_ID, subject->assignment_id);
    read_guid(findings, SLOT_CATALOG_ID, subject->catalog_id);
    read_guid(findings, SLOT_RESOURCE_ID, subject->resource_id);
    subject->target_email = copy_text(findings, SLOT_EMAIL, arena);
    subject->origin_id = copy_text(findings, SLOT_ORIGIN_ID, arena);
    subject->origin_system = copy_text(findings, SLOT_ORIGIN_SYSTEM, arena);
    if (!read_twins(event, findings))
        return false;
    if (subject->origin_id[0] != '\0' && is_group_or_application(subject->origin_system) &&
        !guid_read(str_of(subject->origin_id), ignored))
        return refuse(event, "invalidGuid", names[SLOT_ORIGIN_ID].path,
                      "must be a GUID where `originSystem` is AadGroup or AadApplication.");
    return true;
}

/* ---- the body ----------------------------------------------------------------------------------
 */

size_t graph_body_arena_size(struct str data)
{
    return 2 * data.size + 3; /* the members, and the three texts of the subject with their NULs */
}

static bool is_sent_on(const struct member *known)
{
    return known == NULL || (known->shape != SHAPE_DROPPED && known->slot != SLOT_VALIDATION_ONLY);
}

/* One walk over the bytes and the tree side by side: checks each member and copies what is sent on.
 */
static bool read_members(struct event *event, struct str data, const cJSON *tree,
                         struct findings *findings, char *ret_members)
{
    const struct member *members = graph_members(event->kind);
    struct json_walk walk = json_walk_object(data);
    struct str bytes;
    struct str value;
    size_t size = 0;
    for (const cJSON *item = tree->child; item != NULL; item = item->next) {
        bool is_walking = json_walk_next(&walk, &bytes, &value);
        assert(is_walking);
        const struct member *known = graph_member_find(members, item->string);
        if (known != NULL && !graph_member_check(known, item, findings, &event->fault))
            return false;
        if (!is_sent_on(known))
            continue;
        if (size > 0)
            ret_members[size++] = ',';
        size += json_compact(bytes, ret_members + size);
    }
    event->body = (struct body){ret_members, size};
    return true;
}

bool graph_body_read(struct event *event, struct str data, const cJSON *tree, struct arena *arena)
{
    assert(event->kind != KIND_NONE && arena->left >= graph_body_arena_size(data));
    struct findings findings = {0};
    if (!read_members(event, data, tree, &findings, arena_take(arena, data.size)))
        return false;
    event->validation_only = cJSON_IsTrue(findings.items[SLOT_VALIDATION_ONLY]);
    const struct rule *rule = read_request_type(event, &findings);
    event->terms[0] = term_read(findings.items[SLOT_SCHEDULE]);
    event->terms[1] = term_read(findings.items[SLOT_ASSIGNMENT_SCHEDULE]);
    return rule != NULL && check_needs(event, tree, rule, &findings) &&
           read_subject(event, &findings, arena);
}

static const char *start_of_body(bool validation_only)
{
    return validation_only ? "{\"isValidationOnly\":true" : "{\"isValidationOnly\":false";
}

size_t graph_body_size(const struct body *body)
{
    return strlen(start_of_body(false)) + body->size + strlen(",}");
}

size_t graph_body_write(const struct body *body, bool validation_only, char *ret, size_t size)
{
    assert(size >= graph_body_size(body));
    const char *start = start_of_body(validation_only);
    size_t written = strlen(start);
    memcpy(ret, start, written);
    if (body->size > 0) {
        ret[written++] = ',';
        memcpy(ret + written, body->members, body->size);
        written += body->size;
    }
    ret[written++] = '}';
    return written;
}
