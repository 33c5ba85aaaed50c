#include "tests/sandbox/body.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum type {
    TYPE_ANY,
    TYPE_TEXT,
    TYPE_GUID,
    TYPE_BOOL,
    TYPE_TIME,
    TYPE_READ_ONLY,
    TYPE_OBJECT,
    TYPE_LIST
};

// One member that an object may have. `inside` belongs to TYPE_OBJECT and to the items of
// TYPE_LIST.
struct member {
    const char *name;
    enum type type;
    const struct member *inside;
};

static const struct member EXPIRATION[] = {{"type", TYPE_TEXT, NULL},
                                           {"endDateTime", TYPE_TIME, NULL},
                                           {"duration", TYPE_TEXT, NULL},
                                           {0}};

static const struct member SCHEDULE[] = {{"startDateTime", TYPE_TIME, NULL},
                                         {"expiration", TYPE_OBJECT, EXPIRATION},
                                         {"recurrence", TYPE_ANY, NULL},
                                         {0}};

static const struct member QUESTION[] = {{"id", TYPE_GUID, NULL}, {0}};

static const struct member ANSWER[] = {{"value", TYPE_TEXT, NULL},
                                       {"displayValue", TYPE_TEXT, NULL},
                                       {"answeredQuestion", TYPE_OBJECT, QUESTION},
                                       {0}};

static const struct member SUBJECT[] = {{"altSecId", TYPE_TEXT, NULL},
                                        {"cleanupScheduledDateTime", TYPE_TIME, NULL},
                                        {"connectedOrganizationId", TYPE_TEXT, NULL},
                                        {"displayName", TYPE_TEXT, NULL},
                                        {"email", TYPE_TEXT, NULL},
                                        {"objectId", TYPE_GUID, NULL},
                                        {"onPremisesSecurityIdentifier", TYPE_TEXT, NULL},
                                        {"principalName", TYPE_TEXT, NULL},
                                        {"subjectLifecycle", TYPE_TEXT, NULL},
                                        {"type", TYPE_TEXT, NULL},
                                        {"connectedOrganization", TYPE_ANY, NULL},
                                        {0}};

static const struct member ASSIGNMENT[] = {{"id", TYPE_GUID, NULL},
                                           {"accessPackageId", TYPE_GUID, NULL},
                                           {"assignmentPolicyId", TYPE_GUID, NULL},
                                           {"targetId", TYPE_GUID, NULL},
                                           {"catalogId", TYPE_GUID, NULL},
                                           {"target", TYPE_OBJECT, SUBJECT},
                                           {"schedule", TYPE_OBJECT, SCHEDULE},
                                           {"assignmentState", TYPE_READ_ONLY, NULL},
                                           {"assignmentStatus", TYPE_READ_ONLY, NULL},
                                           {"expiredDateTime", TYPE_READ_ONLY, NULL},
                                           {"isExtended", TYPE_READ_ONLY, NULL},
                                           {"accessPackageAssignmentPolicy", TYPE_ANY, NULL},
                                           {0}};

static const struct member ASSIGNMENT_REQUEST[] = {
    {"id", TYPE_GUID, NULL}, // read-only but with AdminUpdate: body_check()
    {"requestType", TYPE_TEXT, NULL},
    {"isValidationOnly", TYPE_BOOL, NULL},
    {"justification", TYPE_TEXT, NULL},
    {"expirationDateTime", TYPE_TIME, NULL},
    {"schedule", TYPE_OBJECT, SCHEDULE},
    {"answers", TYPE_LIST, ANSWER},
    {"accessPackageAssignment", TYPE_OBJECT, ASSIGNMENT},
    {"requestState", TYPE_READ_ONLY, NULL},
    {"requestStatus", TYPE_READ_ONLY, NULL},
    {"createdDateTime", TYPE_READ_ONLY, NULL},
    {"completedDate", TYPE_READ_ONLY, NULL},
    {"history", TYPE_READ_ONLY, NULL},
    {"customExtensionCalloutInstances", TYPE_READ_ONLY, NULL},
    {"customExtensionHandlerInstances", TYPE_READ_ONLY, NULL},
    {"verifiedCredentialsData", TYPE_READ_ONLY, NULL},
    {"accessPackage", TYPE_READ_ONLY, NULL},
    {"requestor", TYPE_READ_ONLY, NULL},
    {0}};

static const struct member ATTRIBUTE[] = {{"id", TYPE_TEXT, NULL},
                                          {"attributeName", TYPE_TEXT, NULL},
                                          {"attributeSource", TYPE_ANY, NULL},
                                          {"attributeDestination", TYPE_ANY, NULL},
                                          {"isEditable", TYPE_BOOL, NULL},
                                          {"isPersistedOnAssignmentRemoval", TYPE_BOOL, NULL},
                                          {0}};

static const struct member RESOURCE[] = {{"id", TYPE_GUID, NULL},
                                         {"originId", TYPE_TEXT, NULL},
                                         {"originSystem", TYPE_TEXT, NULL},
                                         {"displayName", TYPE_TEXT, NULL},
                                         {"description", TYPE_TEXT, NULL},
                                         {"url", TYPE_TEXT, NULL},
                                         {"resourceType", TYPE_TEXT, NULL},
                                         {"attributes", TYPE_LIST, ATTRIBUTE},
                                         {"isPendingOnboarding", TYPE_BOOL, NULL},
                                         {"addedBy", TYPE_READ_ONLY, NULL},
                                         {"addedOn", TYPE_READ_ONLY, NULL},
                                         {"accessPackageResourceEnvironment", TYPE_ANY, NULL},
                                         {"accessPackageResourceRoles", TYPE_ANY, NULL},
                                         {"accessPackageResourceScopes", TYPE_ANY, NULL},
                                         {"roles", TYPE_ANY, NULL},
                                         {"scopes", TYPE_ANY, NULL},
                                         {"uploadSessions", TYPE_ANY, NULL},
                                         {"externalOriginResourceConnector", TYPE_ANY, NULL},
                                         {0}};

static const struct member RESOURCE_REQUEST[] = {{"id", TYPE_READ_ONLY, NULL},
                                                 {"requestType", TYPE_TEXT, NULL},
                                                 {"catalogId", TYPE_GUID, NULL},
                                                 {"isValidationOnly", TYPE_BOOL, NULL},
                                                 {"executeImmediately", TYPE_BOOL, NULL},
                                                 {"justification", TYPE_TEXT, NULL},
                                                 {"expirationDateTime", TYPE_TIME, NULL},
                                                 {"accessPackageResource", TYPE_OBJECT, RESOURCE},
                                                 {"requestState", TYPE_READ_ONLY, NULL},
                                                 {"requestStatus", TYPE_READ_ONLY, NULL},
                                                 {"requestor", TYPE_READ_ONLY, NULL},
                                                 {0}};

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
    if ((inside == ANSWER &&
         (type == NULL || strcmp(type, "#microsoft.graph.accessPackageAnswerString") != 0)) ||
        (inside == QUESTION &&
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

static const struct request_type *find_request_type(const struct change *change)
{
    for (size_t i = 0; i < sizeof REQUEST_TYPES / sizeof REQUEST_TYPES[0]; i++) {
        const struct request_type *type = &REQUEST_TYPES[i];
        if (type->kind == change->kind && strcmp(type->name, change->request_type) == 0) {
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
        return invalid(ret_problem, "id", "is missing in accessPackageAssignment");
    }
    bool by_id = (type->needs & NEEDS_EITHER) && change->grant_id[0] != '\0';
    if ((type->needs & NEEDS_EITHER) && !by_id && change->member[0] == '\0') {
        return invalid(ret_problem, "id", "is missing in accessPackageResource");
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

void body_describe(const cJSON *body, enum kind kind, struct change *ret_change)
{
    bool resource = kind == KIND_RESOURCE;
    const cJSON *nested =
        cJSON_GetObjectItemCaseSensitive(body, resource ? "accessPackageResource"
                                                        : "accessPackageAssignment");
    *ret_change = (struct change){.kind = kind};
    ret_change->dry = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(body, "isValidationOnly"));
    ret_change->execute_immediately =
        cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(body, "executeImmediately"));
    ret_change->justification = text_of(body, "justification");
    ret_change->expiration = text_of(body, "expirationDateTime");
    copy_text(ret_change->request_type, sizeof ret_change->request_type,
              text_of(body, "requestType"));
    copy_guid(ret_change->grant_id, text_of(nested, "id"));
    if (resource) {
        copy_guid(ret_change->container, text_of(body, "catalogId"));
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
    const struct member *members = resource ? RESOURCE_REQUEST : ASSIGNMENT_REQUEST;
    const char *nested = resource ? "accessPackageResource" : "accessPackageAssignment";
    if (!check_object(body, members, caller->unknown_members, ret_problem)) {
        return false;
    }
    // A documented example of AdminUpdate sends the id.
    if (!resource && text_of(body, "id") && strcmp(change->request_type, "AdminUpdate") != 0) {
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
