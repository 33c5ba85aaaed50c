#include "tests/sandbox/body.h"

#include "tests/sandbox/members.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum {
    NEEDS_PLACE = 1,
    NEEDS_POLICY = 2,
    NEEDS_MEMBER = 4,
    NEEDS_ID = 8,
    NEEDS_EITHER = 16,
    NEEDS_USER = 32
};

// What each requestType means and must bring along.
static const struct request_type {
    enum kind kind;
    const char *name;
    enum verb verb;
    int needs;
} REQUEST_TYPES[] = {
    {KIND_ASSIGNMENT, "AdminAdd", VERB_ADD, NEEDS_PLACE | NEEDS_POLICY | NEEDS_MEMBER},
    {KIND_ASSIGNMENT, "AdminUpdate", VERB_UPDATE, NEEDS_ID},
    {KIND_ASSIGNMENT, "AdminRemove", VERB_REMOVE, NEEDS_ID},
    {KIND_ASSIGNMENT, "UserAdd", VERB_ADD, NEEDS_USER | NEEDS_PLACE},
    {KIND_ASSIGNMENT, "UserExtend", VERB_UPDATE, NEEDS_USER | NEEDS_PLACE},
    {KIND_ASSIGNMENT, "UserUpdate", VERB_UPDATE, NEEDS_USER | NEEDS_PLACE},
    {KIND_ASSIGNMENT, "UserRemove", VERB_REMOVE, NEEDS_USER | NEEDS_ID},
    {KIND_RESOURCE, "AdminAdd", VERB_ADD, NEEDS_PLACE | NEEDS_MEMBER},
    {KIND_RESOURCE, "AdminUpdate", VERB_UPDATE, NEEDS_PLACE | NEEDS_MEMBER},
    {KIND_RESOURCE, "AdminRemove", VERB_REMOVE, NEEDS_PLACE | NEEDS_EITHER},
};

bool problem_set(struct problem *ret_problem, int status, const char *code, const char *format, ...)
{
    *ret_problem = (struct problem){.status = status, .code = code};
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(ret_problem->message, sizeof ret_problem->message, format, arguments);
    va_end(arguments);
    return false;
}

static bool invalid(struct problem *ret_problem, const char *name, const char *why)
{
    return problem_set(ret_problem, 400, "InvalidModel", "The model is invalid. '%.80s' %s.", name,
                       why);
}

static const char *text_of(const cJSON *object, const char *name)
{
    return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));
}

static bool check_object(const cJSON *object, const struct member *members, bool unknown_members,
                         struct problem *ret_problem);

// An answer's item must say what it is; a question too.
static bool check_typed(const cJSON *item, const struct member *inside, struct problem *ret_problem)
{
    const char *type = text_of(item, "@odata.type");
    if ((members_are_answer(inside) &&
         (type == NULL || strcmp(type, "#microsoft.graph.accessPackageAnswerString") != 0)) ||
        (members_are_question(inside) &&
         (type == NULL || strstr(type, "#microsoft.graph.accessPackage") != type))) {
        return invalid(ret_problem, "answers", "needs items with their @odata.type");
    }
    return true;
}

static bool check_value(const cJSON *item, const struct member *member, bool unknown_members,
                        struct problem *ret_problem)
{
    int64_t ignored_ms;
    const char *text = cJSON_GetStringValue(item);
    if (member->type == TYPE_READ_ONLY) {
        return invalid(ret_problem, item->string, "is read-only");
    }
    if (member->type == TYPE_BOOL) {
        return cJSON_IsBool(item) || invalid(ret_problem, item->string, "must be true or false");
    }
    if (cJSON_IsNull(item) || member->type == TYPE_ANY) {
        return true;
    }
    if (member->type == TYPE_OBJECT) {
        return check_object(item, member->inside, unknown_members, ret_problem) &&
               check_typed(item, member->inside, ret_problem);
    }
    if (member->type == TYPE_LIST) {
        const cJSON *entry = NULL;
        cJSON_ArrayForEach(entry, item)
        {
            if (!check_object(entry, member->inside, unknown_members, ret_problem) ||
                !check_typed(entry, member->inside, ret_problem)) {
                return false;
            }
        }
        return cJSON_IsArray(item) || invalid(ret_problem, item->string, "must be a list");
    }
    if (text == NULL) {
        return invalid(ret_problem, item->string, "must be a text");
    }
    if (member->type == TYPE_GUID && !guid_valid(text)) {
        return invalid(ret_problem, item->string, "must be a GUID");
    }
    return member->type != TYPE_TIME || clock_parse(text, &ignored_ms) ||
           invalid(ret_problem, item->string, "must be a date and time");
}

static bool check_object(const cJSON *object, const struct member *members, bool unknown_members,
                         struct problem *ret_problem)
{
    if (!cJSON_IsObject(object)) {
        return invalid(ret_problem, object->string ? object->string : "body", "must be an object");
    }
    const cJSON *item = NULL;
    cJSON_ArrayForEach(item, object)
    {
        const struct member *member = members;
        while (member->name != NULL && strcmp(member->name, item->string) != 0) {
            member++;
        }
        if (member->name == NULL && strchr(item->string, '@') == NULL && !unknown_members) {
            return invalid(ret_problem, item->string, "is no member of this type");
        }
        if (member->name != NULL && !check_value(item, member, unknown_members, ret_problem)) {
            return false;
        }
    }
    return true;
}

// Beta has AdminAdd, v1.0 adminAdd, and no userExtend.
static bool is_called(const struct request_type *type, const struct change *change)
{
    char name[sizeof change->request_type];
    copy_text(name, sizeof name, type->name);
    if (change->version == VERSION_V1) {
        name[0] = (char)tolower((unsigned char)name[0]);
    }
    return strcmp(name, change->request_type) == 0 &&
           (change->version == VERSION_BETA || strcmp(name, "userExtend") != 0);
}

// What the version calls the object inside.
static const char *nested_name(enum kind kind, enum version version)
{
    if (version == VERSION_V1) {
        return kind == KIND_RESOURCE ? "resource" : "assignment";
    }
    return kind == KIND_RESOURCE ? "accessPackageResource" : "accessPackageAssignment";
}

static const struct request_type *find_request_type(const struct change *change)
{
    for (size_t i = 0; i < sizeof REQUEST_TYPES / sizeof REQUEST_TYPES[0]; i++) {
        const struct request_type *type = &REQUEST_TYPES[i];
        if (type->kind == change->kind && is_called(type, change)) {
            return type;
        }
    }
    return NULL;
}

static bool check_origin(const struct change *change, struct problem *ret_problem)
{
    if (strlen(change->member) == MEMBER_SIZE - 1) {
        return invalid(ret_problem, "originId", "is too long");
    }
    bool directory =
        strcmp(change->detail, "AadGroup") == 0 || strcmp(change->detail, "AadApplication") == 0;
    if (!directory && strcmp(change->detail, "SharePointOnline") != 0) {
        return problem_set(ret_problem, 400, "ArgumentException",
                           "Requested value '%s' was not found.", change->detail);
    }
    if (directory && !guid_valid(change->member)) {
        return invalid(ret_problem, "originId", "must be a GUID for this originSystem");
    }
    return directory || strncmp(change->member, "https://", 8) == 0 ||
           invalid(ret_problem, "originId", "must be the https address of a site");
}

static bool check_needs(const struct request_type *type, const struct change *change,
                        struct problem *ret_problem)
{
    bool resource = type->kind == KIND_RESOURCE;
    if ((type->needs & NEEDS_PLACE) && change->container[0] == '\0') {
        return invalid(ret_problem, resource ? "catalogId" : "accessPackageId", "is missing");
    }
    if ((type->needs & NEEDS_POLICY) && change->detail[0] == '\0') {
        return invalid(ret_problem, "assignmentPolicyId", "is missing");
    }
    if ((type->needs & NEEDS_MEMBER) && change->member[0] == '\0') {
        return invalid(ret_problem, resource ? "originId" : "targetId", "is missing");
    }
    if ((type->needs & NEEDS_ID) && change->grant_id[0] == '\0') {
        return invalid(ret_problem, "id", "is missing in the assignment");
    }
    bool by_id = (type->needs & NEEDS_EITHER) && change->grant_id[0] != '\0';
    if ((type->needs & NEEDS_EITHER) && !by_id && change->member[0] == '\0') {
        return invalid(ret_problem, "id", "is missing in the resource");
    }
    return !resource || by_id || check_origin(change, ret_problem);
}

static void copy_guid(char ret_guid[GUID_SIZE], const char *text)
{
    if (text != NULL && guid_valid(text)) {
        guid_lower(text, ret_guid);
    }
}

static void describe_assignment(const cJSON *nested, struct change *ret_change)
{
    const cJSON *target = cJSON_GetObjectItemCaseSensitive(nested, "target");
    const char *member = text_of(nested, "targetId");
    member = member ? member : text_of(target, "objectId");
    member = member ? member : text_of(target, "email");
    copy_guid(ret_change->container, text_of(nested, "accessPackageId"));
    copy_text(ret_change->member, sizeof ret_change->member, member);
    copy_text(ret_change->detail, sizeof ret_change->detail, text_of(nested, "assignmentPolicyId"));
}

void body_describe(const cJSON *body, enum kind kind, enum version version,
                   struct change *ret_change)
{
    bool resource = kind == KIND_RESOURCE;
    const cJSON *nested = cJSON_GetObjectItemCaseSensitive(body, nested_name(kind, version));
    const cJSON *catalog = cJSON_GetObjectItemCaseSensitive(body, "catalog");
    *ret_change = (struct change){.kind = kind, .version = version};
    ret_change->dry = version == VERSION_BETA &&
                      cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(body, "isValidationOnly"));
    ret_change->execute_immediately =
        cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(body, "executeImmediately"));
    ret_change->justification = text_of(body, "justification");
    ret_change->expiration = text_of(body, "expirationDateTime");
    copy_text(ret_change->request_type, sizeof ret_change->request_type,
              text_of(body, "requestType"));
    copy_guid(ret_change->grant_id, text_of(nested, "id"));
    if (resource) {
        copy_guid(ret_change->container,
                  version == VERSION_V1 ? text_of(catalog, "id") : text_of(body, "catalogId"));
        copy_text(ret_change->member, sizeof ret_change->member, text_of(nested, "originId"));
        copy_text(ret_change->detail, sizeof ret_change->detail, text_of(nested, "originSystem"));
    } else {
        describe_assignment(nested, ret_change);
    }
    if (guid_valid(ret_change->member)) {
        copy_guid(ret_change->member, ret_change->member);
    }
}

bool body_check(const cJSON *body, const struct body_caller *caller, struct change *change,
                struct problem *ret_problem)
{
    bool resource = change->kind == KIND_RESOURCE;
    const struct member *members = members_of(change->kind, change->version);
    const char *nested = nested_name(change->kind, change->version);
    if (!check_object(body, members, caller->unknown_members, ret_problem)) {
        return false;
    }
    // A documented example of AdminUpdate sends the id.
    if (!resource && text_of(body, "id") && strcasecmp(change->request_type, "AdminUpdate") != 0) {
        return invalid(ret_problem, "id", "is read-only");
    }
    const struct request_type *type = find_request_type(change);
    if (type == NULL) {
        return invalid(ret_problem, "requestType", "is missing or not supported");
    }
    if (!cJSON_IsObject(cJSON_GetObjectItemCaseSensitive(body, nested))) {
        return invalid(ret_problem, nested, "is missing");
    }
    if ((type->needs & NEEDS_USER) && !caller->delegated) {
        return problem_set(
            ret_problem, 403, "Forbidden",
            "%s is for the user's own delegated token; this token is the application's.",
            type->name);
    }
    change->verb = type->verb;
    return check_needs(type, change, ret_problem);
}
