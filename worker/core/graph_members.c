#include "worker/core/graph_members.h"

#include <string.h>

/* A row's first columns: what beta calls it, what v1.0 does, its shape. A beta member without a
 * name in v1.0 is one that v1.0 does not have, or that the facts do not show there. */
#define ROW(beta, v1, what) .names = {beta, v1}, .shape = SHAPE_##what
#define BOTH(name, what)    ROW(name, name, what)
#define BETA(name, what)    ROW(name, NULL, what)
#define ONLY_V1(name, what) ROW(NULL, name, what)
#define ODATA_TYPE                \
    {                             \
        BOTH("@odata.type", TEXT) \
    }

static const struct member expiration_members[] = {
    {BOTH("type", TEXT)},
    {BOTH("endDateTime", TIME)},
    {BOTH("duration", TEXT)},
    {0},
};

static const struct member schedule_members[] = {
    {BOTH("startDateTime", TIME)},
    {BOTH("expiration", OBJECT), .inside = expiration_members},
    {BOTH("recurrence", ANY)},
    {0},
};

static const struct member organization_members[] = {
    {BOTH("id", GUID), .slot = SLOT_ORGANIZATION_NAV_ID},
    {0},
};

static const struct member target_members[] = {
    ODATA_TYPE,
    {BOTH("objectId", GUID), .slot = SLOT_OBJECT_ID},
    {BOTH("email", TEXT), .slot = SLOT_EMAIL},
    {BOTH("displayName", TEXT)},
    {BOTH("principalName", TEXT)},
    {ROW("type", "subjectType", WORD)},
    {BETA("altSecId", TEXT)},
    {BETA("cleanupScheduledDateTime", TIME)},
    {BOTH("onPremisesSecurityIdentifier", TEXT)},
    {BOTH("subjectLifecycle", TEXT)},
    {BETA("connectedOrganizationId", GUID), .slot = SLOT_ORGANIZATION_ID},
    {BOTH("connectedOrganization", OBJECT), .inside = organization_members},
    {0},
};

static const struct member package_members[] = {
    {BOTH("id", GUID), .slot = SLOT_PACKAGE_NAV_ID},
    {0},
};

static const struct member request_package_members[] = {
    {BOTH("id", GUID), .slot = SLOT_REQUEST_PACKAGE_ID},
    {0},
};

static const struct member policy_members[] = {
    {BOTH("id", GUID)},
    {0},
};

/* v1.0's metadata declares none of the three ids, its pages send them all the same; they do not
 * show catalogId. */
static const struct member assignment_members[] = {
    ODATA_TYPE,
    {BOTH("id", GUID), .slot = SLOT_ASSIGNMENT_ID},
    {BOTH("accessPackageId", GUID), .slot = SLOT_PACKAGE_ID},
    {BOTH("assignmentPolicyId", GUID), .slot = SLOT_POLICY_ID},
    {BOTH("targetId", GUID), .slot = SLOT_TARGET_ID},
    {BETA("catalogId", GUID)},
    {BOTH("target", OBJECT), .inside = target_members},
    {BOTH("schedule", OBJECT), .slot = SLOT_ASSIGNMENT_SCHEDULE, .inside = schedule_members},
    {ROW("assignmentState", "state", WORD)},
    {ROW("assignmentStatus", "status", TEXT)},
    {BETA("isExtended", BOOLEAN)},
    {BOTH("expiredDateTime", TIME)},
    {BOTH("accessPackage", OBJECT), .inside = package_members},
    {ROW("accessPackageAssignmentPolicy", "assignmentPolicy", OBJECT), .inside = policy_members},
    {0},
};

/* A question's text is an object on beta and a text on v1.0; Graph needs the id alone. */
static const struct member question_members[] = {
    ODATA_TYPE,
    {BOTH("id", TEXT)},
    {0},
};

static const struct member answer_members[] = {
    ODATA_TYPE,
    {BOTH("value", TEXT)},
    {BOTH("displayValue", TEXT)},
    {BOTH("answeredQuestion", OBJECT), .inside = question_members},
    {0},
};

static const struct member environment_members[] = {
    {BOTH("id", TEXT)},
    {BOTH("originId", TEXT)},
    {BOTH("originSystem", TEXT)},
    {0},
};

static const struct member attribute_members[] = {
    {ROW("attributeName", "name", TEXT)},
    {ROW("attributeSource", "source", ANY)},
    {ROW("attributeDestination", "destination", ANY)},
    {BOTH("isEditable", BOOLEAN)},
    {BOTH("isPersistedOnAssignmentRemoval", BOOLEAN)},
    {0},
};

static const struct member resource_members[] = {
    {BOTH("id", GUID), .slot = SLOT_RESOURCE_ID},
    {BOTH("originId", TEXT), .slot = SLOT_ORIGIN_ID},
    {BOTH("originSystem", TEXT), .slot = SLOT_ORIGIN_SYSTEM},
    {BOTH("displayName", TEXT)},
    {BOTH("description", TEXT)},
    {BETA("url", TEXT)},
    {BETA("resourceType", TEXT)},
    {BOTH("attributes", LIST), .inside = attribute_members},
    {BETA("isPendingOnboarding", BOOLEAN)},
    {BETA("addedBy", TEXT)},
    {BETA("addedOn", TIME)},
    {ONLY_V1("createdDateTime", TIME)},
    {ONLY_V1("modifiedDateTime", TIME)},
    {ROW("accessPackageResourceEnvironment", "environment", OBJECT), .inside = environment_members},
    {BETA("accessPackageResourceEnvironment@odata.bind", TEXT)}, /* an address of beta's */
    {BETA("accessPackageResourceRoles", LIST)},
    {BETA("accessPackageResourceScopes", LIST)},
    {BOTH("roles", LIST)},
    {BOTH("scopes", LIST)},
    {BOTH("uploadSessions", LIST)},
    {BETA("externalOriginResourceConnector", ANY)},
    {0},
};

static const struct member assignment_request_members[] = {
    ODATA_TYPE,
    {BOTH("id", DROPPED)},
    {ROW("requestState", "state", DROPPED)},
    {ROW("requestStatus", "status", DROPPED)},
    {BOTH("createdDateTime", DROPPED)},
    {ROW("completedDate", "completedDateTime", DROPPED)},
    {BETA("isValidationOnly", BOOLEAN), .slot = SLOT_VALIDATION_ONLY},
    {BOTH("requestType", WORD), .slot = SLOT_REQUEST_TYPE},
    {BOTH("justification", TEXT)},
    {BETA("expirationDateTime", TIME)},
    {ROW("accessPackageAssignment", "assignment", OBJECT), .slot = SLOT_ASSIGNMENT,
     .inside = assignment_members},
    {BOTH("schedule", OBJECT), .slot = SLOT_SCHEDULE, .inside = schedule_members},
    {BOTH("answers", LIST), .inside = answer_members},
    {BOTH("accessPackage", OBJECT), .inside = request_package_members},
    {BOTH("requestor", ANY)},
    {BETA("history", ANY)},
    {BOTH("customExtensionCalloutInstances", ANY)},
    {BETA("customExtensionHandlerInstances", ANY)},
    {BETA("verifiedCredentialsData", ANY)},
    {0},
};

static const struct member resource_request_members[] = {
    ODATA_TYPE,
    {BOTH("id", DROPPED)},
    {ROW("requestState", "state", DROPPED)},
    {BETA("requestStatus", DROPPED)},
    {BOTH("createdDateTime", DROPPED)}, /* of v1.0; from beta it was dropped ever since */
    {BETA("completedDate", DROPPED)},
    {BETA("isValidationOnly", BOOLEAN), .slot = SLOT_VALIDATION_ONLY},
    {BOTH("requestType", WORD), .slot = SLOT_REQUEST_TYPE},
    {BETA("justification", TEXT)},
    {BETA("expirationDateTime", TIME)},
    {ROW("catalogId", "catalog", GUID), .slot = SLOT_CATALOG_ID, .wrap = "id"},
    {ROW("accessPackageResource", "resource", OBJECT), .slot = SLOT_RESOURCE,
     .inside = resource_members},
    {BETA("executeImmediately", BOOLEAN)},
    {BETA("requestor", ANY)},
    {0},
};

const struct member *graph_members(enum kind kind)
{
    return kind == KIND_RESOURCE ? resource_request_members : assignment_request_members;
}

bool graph_member_is_last(const struct member *member)
{
    return member->names[GRAPH_BETA] == NULL && member->names[GRAPH_V1] == NULL;
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

const char *graph_member_name_like(const struct member *member, const char *name)
{
    for (enum graph_version version = 0; version < GRAPH_VERSIONS; version++) {
        const char *known = member->names[version];
        bool is_new = version == GRAPH_BETA || known != member->names[GRAPH_BETA];
        if (known != NULL && is_new && equals_but_for_case(name, known))
            return known;
    }
    return NULL;
}

const struct member *graph_member_find(const struct member *members, const char *name)
{
    for (const struct member *member = members; !graph_member_is_last(member); member++) {
        if (graph_member_name_like(member, name) != NULL)
            return member;
    }
    return NULL;
}
