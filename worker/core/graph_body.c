#include "worker/core/graph_body.h"

#include "worker/core/graph_shape.h"
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

#define BOTH_OF_ASSIGNMENT(rest)                                    \
    {                                                               \
        "data.accessPackageAssignment" rest, "data.assignment" rest \
    }
#define BOTH_OF_RESOURCE(rest)                                  \
    {                                                           \
        "data.accessPackageResource" rest, "data.resource" rest \
    }

/* How a sentence names what is missing, by the version that the event is written for. */
static const char *const paths[SLOT_COUNT][GRAPH_VERSIONS] = {
    [SLOT_ASSIGNMENT] = BOTH_OF_ASSIGNMENT(""),
    [SLOT_ASSIGNMENT_ID] = BOTH_OF_ASSIGNMENT(".id"),
    [SLOT_PACKAGE_ID] = BOTH_OF_ASSIGNMENT(".accessPackageId"),
    [SLOT_POLICY_ID] = BOTH_OF_ASSIGNMENT(".assignmentPolicyId"),
    [SLOT_TARGET_ID] = BOTH_OF_ASSIGNMENT(".targetId` (or `target.objectId`, or `target.email"),
    [SLOT_ORGANIZATION_ID] = {"data.accessPackageAssignment.target.connectedOrganizationId",
                              "data.assignment.target"},
    [SLOT_RESOURCE] = BOTH_OF_RESOURCE(""),
    [SLOT_RESOURCE_ID] = BOTH_OF_RESOURCE(".id` (or `originId` and `originSystem"),
    [SLOT_ORIGIN_ID] = BOTH_OF_RESOURCE(".originId"),
    [SLOT_ORIGIN_SYSTEM] = BOTH_OF_RESOURCE(".originSystem"),
    [SLOT_CATALOG_ID] = {"data.catalogId", "data.catalog.id"},
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

static const char *name_of_type(const struct event *event)
{
    return event->version == GRAPH_V1 ? request_type_v1_name(event->request_type)
                                      : request_type_name(event->request_type);
}

static bool refuse_missing(struct event *event, enum slot slot)
{
    fault_set(&event->fault, STAGE_ADMIT, "missingMember",
              "The member `%s` is missing; %s needs it.", paths[slot][event->version],
              name_of_type(event));
    return false;
}

static bool check_needs(struct event *event, const struct rule *rule,
                        const struct findings *findings)
{
    for (size_t i = 0; i < NEEDS_MAX && rule->needs[i] != SLOT_NONE; i++) {
        if (!is_there(findings, rule->needs[i]))
            return refuse_missing(event, rule->needs[i]);
    }
    return true;
}

/* ---- requestType ----------------------------------------------------------------------------- */

static bool is_called(enum request_type type, const char *text, enum graph_version version)
{
    const char *name = version == GRAPH_V1 ? request_type_v1_name(type) : request_type_name(type);
    return name != NULL && strcmp(name, text) == 0;
}

static const struct rule *find_rule(enum kind kind, const char *text, enum graph_version version)
{
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        if (rules[i].kind == kind && is_called(rules[i].request_type, text, version))
            return &rules[i];
    }
    return NULL;
}

/* A word of this kind in another case: that of the other version, or of none. */
static bool refuse_spelling(struct event *event, enum request_type type,
                            const struct findings *findings)
{
    const char *mark = findings->marks[event->version];
    event->request_type = type;
    const char *name = name_of_type(event);
    event->request_type = REQUEST_TYPE_NONE;
    if (name == NULL) {
        fault_set(&event->fault, STAGE_ADMIT, "requestType",
                  "The member `data.requestType` is %s, which v1.0 of Graph does not have; `%s` is "
                  "v1.0's, so write all of `data` as beta has it.",
                  request_type_name(type), mark);
        return false;
    }
    if (mark[0] == '\0')
        fault_set(&event->fault, STAGE_ADMIT, "requestType",
                  "The member `data.requestType` must be written `%s`.", name);
    else
        fault_set(
            &event->fault, STAGE_ADMIT, "requestType",
            "The member `data.requestType` must be written `%s`, as %s has it: `%s` is one of "
            "%s, too.",
            name, graph_version_name(event->version), mark, graph_version_name(event->version));
    return false;
}

static bool refuse_request_type(struct event *event, const char *text,
                                const struct findings *findings)
{
    static const char *const of_service[] = {"SystemAdd", "SystemUpdate", "SystemRemove",
                                             "OnBehalfAdd", "ApproverRemove"};
    static const char *const asked[KIND_COUNT][GRAPH_VERSIONS] = {
        [KIND_ASSIGNMENT] = {"must be AdminAdd, AdminUpdate, AdminRemove, UserAdd, UserExtend, "
                             "UserUpdate or UserRemove.",
                             "must be adminAdd, adminUpdate, adminRemove, userAdd, userUpdate or "
                             "userRemove."},
        [KIND_RESOURCE] = {"must be AdminAdd, AdminUpdate or AdminRemove.",
                           "must be adminAdd, adminUpdate or adminRemove."},
    };
    for (size_t i = 0; i < sizeof of_service / sizeof of_service[0]; i++) {
        if (strcasecmp(text, of_service[i]) == 0)
            return refuse(event, "requestType", "data.requestType",
                          "is one that only Graph itself makes; send Admin… or User….");
    }
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        if (rules[i].kind == event->kind &&
            strcasecmp(text, request_type_name(rules[i].request_type)) == 0)
            return refuse_spelling(event, rules[i].request_type, findings);
    }
    return refuse(event, "requestType", "data.requestType", asked[event->kind][event->version]);
}

/* The names say for which version the event is written; where all of them are of both, its
 * requestType does. */
static const struct rule *read_request_type(struct event *event, const struct findings *findings)
{
    const cJSON *item = findings->items[SLOT_REQUEST_TYPE];
    bool is_marked = findings->marks[GRAPH_BETA][0] != '\0' || findings->marks[GRAPH_V1][0] != '\0';
    event->version = findings->marks[GRAPH_V1][0] != '\0' ? GRAPH_V1 : GRAPH_BETA;
    if (item == NULL) {
        refuse(event, "missingMember", "data.requestType",
               event->version == GRAPH_V1 ? "is missing; send adminAdd, say."
                                          : "is missing; send AdminAdd, say.");
        return NULL;
    }
    const struct rule *rule = find_rule(event->kind, item->valuestring, event->version);
    if (rule == NULL && !is_marked) {
        rule = find_rule(event->kind, item->valuestring, GRAPH_V1);
        event->version = rule != NULL ? GRAPH_V1 : GRAPH_BETA;
    }
    if (rule == NULL)
        refuse_request_type(event, item->valuestring, findings);
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
    enum slot slot, first;
    size_t offset;  /* of the first one's id in struct subject */
    bool stands_in; /* it counts where the first one is missing */
    const char *sentence;
} twins[] = {
    {SLOT_OBJECT_ID, SLOT_ASSIGNMENT, offsetof(struct subject, target_id), true,
     "has a `targetId` and a `target.objectId` that name two persons; send one of them."},
    {SLOT_ORGANIZATION_NAV_ID, SLOT_ORGANIZATION_ID, offsetof(struct subject, organization_id),
     true, "and `connectedOrganization.id` name two organisations; send one of them."},
    {SLOT_PACKAGE_NAV_ID, SLOT_PACKAGE_ID, offsetof(struct subject, package_id), false,
     "and `accessPackage.id` name two access packages; send one of them."},
    {SLOT_REQUEST_PACKAGE_ID, SLOT_PACKAGE_ID, offsetof(struct subject, package_id), false,
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
            return refuse(event, "contradiction", paths[twins[i].first][event->version],
                          twins[i].sentence);
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
        return refuse(event, "invalidGuid", paths[SLOT_ORIGIN_ID][event->version],
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
    char *members = arena_take(arena, data.size);
    if (!read_members(event, data, tree, &findings, members))
        return false;
    event->validation_only = cJSON_IsTrue(findings.items[SLOT_VALIDATION_ONLY]);
    const struct rule *rule = read_request_type(event, &findings);
    event->terms[0] = term_read(findings.items[SLOT_SCHEDULE]);
    event->terms[1] = term_read(findings.items[SLOT_ASSIGNMENT_SCHEDULE]);
    if (rule == NULL || !check_needs(event, rule, &findings) ||
        !read_subject(event, &findings, arena))
        return false;
    if (event->version == GRAPH_BETA)
        return true;
    struct str compact = {members, json_compact(data, members)};
    return graph_shape_keep(event, compact, tree, GRAPH_BETA);
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
