#include "worker/core/graph_members.h"

#include "worker/core/json_read.h"
#include "worker/core/rfc3339.h"

#include <stdio.h>

enum { PATH_SIZE_MAX = 256 }; /* three known names and one of 64 bytes */

static const struct member expiration_members[] = {
    {"type", SHAPE_TEXT, SLOT_NONE, NULL},
    {"endDateTime", SHAPE_TIME, SLOT_NONE, NULL},
    {"duration", SHAPE_TEXT, SLOT_NONE, NULL},
    {0},
};

static const struct member schedule_members[] = {
    {"startDateTime", SHAPE_TIME, SLOT_NONE, NULL},
    {"expiration", SHAPE_OBJECT, SLOT_NONE, expiration_members},
    {"recurrence", SHAPE_ANY, SLOT_NONE, NULL},
    {0},
};

static const struct member organization_members[] = {
    {"id", SHAPE_GUID, SLOT_ORGANIZATION_NAV_ID, NULL},
    {0},
};

static const struct member target_members[] = {
    {"objectId", SHAPE_GUID, SLOT_OBJECT_ID, NULL},
    {"email", SHAPE_TEXT, SLOT_EMAIL, NULL},
    {"displayName", SHAPE_TEXT, SLOT_NONE, NULL},
    {"principalName", SHAPE_TEXT, SLOT_NONE, NULL},
    {"type", SHAPE_TEXT, SLOT_NONE, NULL},
    {"altSecId", SHAPE_TEXT, SLOT_NONE, NULL},
    {"onPremisesSecurityIdentifier", SHAPE_TEXT, SLOT_NONE, NULL},
    {"subjectLifecycle", SHAPE_TEXT, SLOT_NONE, NULL},
    {"connectedOrganizationId", SHAPE_GUID, SLOT_ORGANIZATION_ID, NULL},
    {"connectedOrganization", SHAPE_OBJECT, SLOT_NONE, organization_members},
    {0},
};

static const struct member package_members[] = {
    {"id", SHAPE_GUID, SLOT_PACKAGE_NAV_ID, NULL},
    {0},
};

static const struct member request_package_members[] = {
    {"id", SHAPE_GUID, SLOT_REQUEST_PACKAGE_ID, NULL},
    {0},
};

static const struct member assignment_members[] = {
    {"id", SHAPE_GUID, SLOT_ASSIGNMENT_ID, NULL},
    {"accessPackageId", SHAPE_GUID, SLOT_PACKAGE_ID, NULL},
    {"assignmentPolicyId", SHAPE_GUID, SLOT_POLICY_ID, NULL},
    {"targetId", SHAPE_GUID, SLOT_TARGET_ID, NULL},
    {"catalogId", SHAPE_GUID, SLOT_NONE, NULL},
    {"target", SHAPE_OBJECT, SLOT_NONE, target_members},
    {"schedule", SHAPE_OBJECT, SLOT_ASSIGNMENT_SCHEDULE, schedule_members},
    {"assignmentState", SHAPE_TEXT, SLOT_NONE, NULL},
    {"assignmentStatus", SHAPE_TEXT, SLOT_NONE, NULL},
    {"isExtended", SHAPE_BOOLEAN, SLOT_NONE, NULL},
    {"expiredDateTime", SHAPE_TIME, SLOT_NONE, NULL},
    {"accessPackage", SHAPE_OBJECT, SLOT_NONE, package_members},
    {"accessPackageAssignmentPolicy", SHAPE_ANY, SLOT_NONE, NULL},
    {0},
};

static const struct member environment_members[] = {
    {"id", SHAPE_TEXT, SLOT_NONE, NULL},
    {"originId", SHAPE_TEXT, SLOT_NONE, NULL},
    {"originSystem", SHAPE_TEXT, SLOT_NONE, NULL},
    {0},
};

static const struct member resource_members[] = {
    {"id", SHAPE_GUID, SLOT_RESOURCE_ID, NULL},
    {"originId", SHAPE_TEXT, SLOT_ORIGIN_ID, NULL},
    {"originSystem", SHAPE_TEXT, SLOT_ORIGIN_SYSTEM, NULL},
    {"displayName", SHAPE_TEXT, SLOT_NONE, NULL},
    {"description", SHAPE_TEXT, SLOT_NONE, NULL},
    {"url", SHAPE_TEXT, SLOT_NONE, NULL},
    {"resourceType", SHAPE_TEXT, SLOT_NONE, NULL},
    {"attributes", SHAPE_LIST, SLOT_NONE, NULL},
    {"isPendingOnboarding", SHAPE_BOOLEAN, SLOT_NONE, NULL},
    {"addedBy", SHAPE_TEXT, SLOT_NONE, NULL},
    {"addedOn", SHAPE_TIME, SLOT_NONE, NULL},
    {"accessPackageResourceEnvironment", SHAPE_OBJECT, SLOT_NONE, environment_members},
    {"accessPackageResourceRoles", SHAPE_LIST, SLOT_NONE, NULL},
    {"accessPackageResourceScopes", SHAPE_LIST, SLOT_NONE, NULL},
    {0},
};

static const struct member assignment_request_members[] = {
    {"id", SHAPE_DROPPED, SLOT_NONE, NULL},
    {"requestState", SHAPE_DROPPED, SLOT_NONE, NULL},
    {"requestStatus", SHAPE_DROPPED, SLOT_NONE, NULL},
    {"createdDateTime", SHAPE_DROPPED, SLOT_NONE, NULL},
    {"completedDate", SHAPE_DROPPED, SLOT_NONE, NULL},
    {"isValidationOnly", SHAPE_BOOLEAN, SLOT_VALIDATION_ONLY, NULL},
    {"requestType", SHAPE_TEXT, SLOT_REQUEST_TYPE, NULL},
    {"justification", SHAPE_TEXT, SLOT_NONE, NULL},
    {"expirationDateTime", SHAPE_TIME, SLOT_NONE, NULL},
    {"accessPackageAssignment", SHAPE_OBJECT, SLOT_ASSIGNMENT, assignment_members},
    {"schedule", SHAPE_OBJECT, SLOT_SCHEDULE, schedule_members},
    {"answers", SHAPE_LIST, SLOT_NONE, NULL},
    {"accessPackage", SHAPE_OBJECT, SLOT_NONE, request_package_members},
    {"requestor", SHAPE_ANY, SLOT_NONE, NULL},
    {0},
};

static const struct member resource_request_members[] = {
    {"id", SHAPE_DROPPED, SLOT_NONE, NULL},
    {"requestState", SHAPE_DROPPED, SLOT_NONE, NULL},
    {"requestStatus", SHAPE_DROPPED, SLOT_NONE, NULL},
    {"createdDateTime", SHAPE_DROPPED, SLOT_NONE, NULL},
    {"completedDate", SHAPE_DROPPED, SLOT_NONE, NULL},
    {"isValidationOnly", SHAPE_BOOLEAN, SLOT_VALIDATION_ONLY, NULL},
    {"requestType", SHAPE_TEXT, SLOT_REQUEST_TYPE, NULL},
    {"justification", SHAPE_TEXT, SLOT_NONE, NULL},
    {"expirationDateTime", SHAPE_TIME, SLOT_NONE, NULL},
    {"catalogId", SHAPE_GUID, SLOT_CATALOG_ID, NULL},
    {"accessPackageResource", SHAPE_OBJECT, SLOT_RESOURCE, resource_members},
    {"executeImmediately", SHAPE_BOOLEAN, SLOT_NONE, NULL},
    {"requestor", SHAPE_ANY, SLOT_NONE, NULL},
    {0},
};

const struct member *graph_members(enum kind kind)
{
    return kind == KIND_RESOURCE ? resource_request_members : assignment_request_members;
}

/* What stands at `*at` and is no ASCII: the ASCII letter that Unicode's case mappings join it with
 * (long s, dotless i, I with a dot, the Kelvin sign), or its first byte. */
static char take_other(const char **at)
{
    static const struct {
        const char *bytes;
        char folded;
    } others[] = {{"\xC5\xBF", 's'}, {"\xC4\xB1", 'i'}, {"\xC4\xB0", 'i'}, {"\xE2\x84\xAA", 'k'}};

    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        size_t size = strlen(others[i].bytes);
        if (strncmp(*at, others[i].bytes, size) == 0) {
            *at += size;
            return others[i].folded;
        }
    }
    return *(*at)++;
}

static char take_folded(const char **at)
{
    char byte = **at;
    if ((unsigned char)byte >= 0x80)
        return take_other(at);
    (*at)++;
    return byte >= 'A' && byte <= 'Z' ? (char)(byte - 'A' + 'a') : byte;
}

static bool equals_but_for_case(const char *a, const char *b)
{
    char of_a = '\0';
    char of_b = '\0';
    do {
        of_a = take_folded(&a);
        of_b = take_folded(&b);
    } while (of_a == of_b && of_a != '\0');
    return of_a == of_b;
}

const struct member *graph_member_find(const struct member *members, const char *name)
{
    for (const struct member *member = members; member->name != NULL; member++) {
        if (equals_but_for_case(name, member->name))
            return member;
    }
    return NULL;
}

/* ---- the check: where we are, from the inside out ---------------------------------------------
 */

struct place {
    const struct place *outer; /* NULL: a member of `data` */
    const cJSON *item;
};

static void write_path(const struct place *place, char ret[PATH_SIZE_MAX])
{
    if (place->outer != NULL)
        write_path(place->outer, ret);
    else
        snprintf(ret, PATH_SIZE_MAX, "data");
    size_t used = strlen(ret);
    snprintf(ret + used, PATH_SIZE_MAX - used, ".%.*s", json_name_size(place->item),
             place->item->string);
}

static bool refuse(const struct place *place, struct fault *fault, const char *code,
                   const char *sentence)
{
    char path[PATH_SIZE_MAX];
    write_path(place, path);
    fault_set(fault, STAGE_ADMIT, code, "The member `%s` %s", path, sentence);
    return false;
}

static bool check_text(const struct member *member, const struct place *place, struct fault *fault)
{
    if (!cJSON_IsString(place->item))
        return refuse(place, fault, "wrongType", "must be a string.");
    struct str text = str_of(place->item->valuestring);
    char guid[GUID_SIZE];
    int64_t time_ms = 0;
    if (member->shape == SHAPE_GUID && !guid_read(text, guid))
        return refuse(place, fault, "invalidGuid",
                      "must be a GUID, such as 46184453-e63b-4f20-86c2-c557ed5d5df9, without "
                      "braces.");
    if (member->shape == SHAPE_TIME && !rfc3339_parse(text, &time_ms))
        return refuse(place, fault, "invalidTime",
                      "must be an RFC 3339 time with a zone, such as 2026-03-01T08:30:00Z.");
    return true;
}

static bool check_place(const struct member *member, const struct place *place,
                        struct findings *findings, struct fault *fault);

static bool check_inside(const struct member *member, const struct place *place,
                         struct findings *findings, struct fault *fault)
{
    if (!cJSON_IsObject(place->item))
        return refuse(place, fault, "wrongType", "must be an object.");
    for (const cJSON *item = place->item->child; item != NULL; item = item->next) {
        const struct member *known = graph_member_find(member->inside, item->string);
        struct place inner = {place, item};
        if (known != NULL && !check_place(known, &inner, findings, fault))
            return false;
    }
    return true;
}

static bool check_shape(const struct member *member, const struct place *place,
                        struct findings *findings, struct fault *fault)
{
    switch (member->shape) {
    case SHAPE_ANY:
    case SHAPE_DROPPED:
        return true;
    case SHAPE_TEXT:
    case SHAPE_GUID:
    case SHAPE_TIME:
        return check_text(member, place, fault);
    case SHAPE_BOOLEAN:
        return cJSON_IsBool(place->item) ||
               refuse(place, fault, "wrongType", "must be true or false, without quotes.");
    case SHAPE_LIST:
        return cJSON_IsArray(place->item) || refuse(place, fault, "wrongType", "must be a list.");
    case SHAPE_OBJECT:
        return check_inside(member, place, findings, fault);
    }
    return true;
}

/* The depth is that of the tables above. */
static bool check_place(const struct member *member, const struct place *place,
                        struct findings *findings, struct fault *fault)
{
    const cJSON *item = place->item;
    if (strcmp(item->string, member->name) != 0) {
        char path[PATH_SIZE_MAX];
        write_path(place, path);
        fault_set(fault, STAGE_ADMIT, "memberCase",
                  "The member `%s` equals `%s` but for case; write it like that.", path,
                  member->name);
        return false;
    }
    /* To Graph, null is as good as absent; for a dry run we want it said. */
    if (cJSON_IsNull(item) && member->slot != SLOT_VALIDATION_ONLY)
        return true;
    if (!check_shape(member, place, findings, fault))
        return false;
    if (!cJSON_IsString(item) || item->valuestring[0] != '\0')
        findings->items[member->slot] = item;
    return true;
}

bool graph_member_check(const struct member *member, const cJSON *item, struct findings *findings,
                        struct fault *ret_fault)
{
    struct place place = {NULL, item};
    return check_place(member, &place, findings, ret_fault);
}
