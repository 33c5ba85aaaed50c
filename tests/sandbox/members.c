#include "tests/sandbox/members.h"

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

// ---- v1.0: no isValidationOnly, no dry run ------------------------------------------------------

static const struct member SUBJECT_V1[] = {{"displayName", TYPE_TEXT, NULL},
                                           {"email", TYPE_TEXT, NULL},
                                           {"objectId", TYPE_GUID, NULL},
                                           {"onPremisesSecurityIdentifier", TYPE_TEXT, NULL},
                                           {"principalName", TYPE_TEXT, NULL},
                                           {"subjectLifecycle", TYPE_TEXT, NULL},
                                           {"subjectType", TYPE_TEXT, NULL},
                                           {"connectedOrganization", TYPE_ANY, NULL},
                                           {0}};

// The metadata does not declare the three ids; the pages send them, and it works.
static const struct member ASSIGNMENT_V1[] = {{"id", TYPE_GUID, NULL},
                                              {"accessPackageId", TYPE_GUID, NULL},
                                              {"assignmentPolicyId", TYPE_GUID, NULL},
                                              {"targetId", TYPE_GUID, NULL},
                                              {"target", TYPE_OBJECT, SUBJECT_V1},
                                              {"schedule", TYPE_OBJECT, SCHEDULE},
                                              {"state", TYPE_READ_ONLY, NULL},
                                              {"status", TYPE_READ_ONLY, NULL},
                                              {"expiredDateTime", TYPE_READ_ONLY, NULL},
                                              {"assignmentPolicy", TYPE_ANY, NULL},
                                              {0}};

static const struct member ASSIGNMENT_REQUEST_V1[] = {
    {"id", TYPE_GUID, NULL}, // read-only but with adminUpdate: body_check()
    {"requestType", TYPE_TEXT, NULL},
    {"justification", TYPE_TEXT, NULL},
    {"schedule", TYPE_OBJECT, SCHEDULE},
    {"answers", TYPE_LIST, ANSWER},
    {"assignment", TYPE_OBJECT, ASSIGNMENT_V1},
    {"state", TYPE_READ_ONLY, NULL},
    {"status", TYPE_READ_ONLY, NULL},
    {"createdDateTime", TYPE_READ_ONLY, NULL},
    {"completedDateTime", TYPE_READ_ONLY, NULL},
    {"customExtensionCalloutInstances", TYPE_READ_ONLY, NULL},
    {"accessPackage", TYPE_READ_ONLY, NULL},
    {"requestor", TYPE_READ_ONLY, NULL},
    {0}};

static const struct member ATTRIBUTE_V1[] = {{"id", TYPE_TEXT, NULL},
                                             {"name", TYPE_TEXT, NULL},
                                             {"source", TYPE_ANY, NULL},
                                             {"destination", TYPE_ANY, NULL},
                                             {"isEditable", TYPE_BOOL, NULL},
                                             {"isPersistedOnAssignmentRemoval", TYPE_BOOL, NULL},
                                             {0}};

static const struct member RESOURCE_V1[] = {{"id", TYPE_GUID, NULL},
                                            {"originId", TYPE_TEXT, NULL},
                                            {"originSystem", TYPE_TEXT, NULL},
                                            {"displayName", TYPE_TEXT, NULL},
                                            {"description", TYPE_TEXT, NULL},
                                            {"attributes", TYPE_LIST, ATTRIBUTE_V1},
                                            {"createdDateTime", TYPE_READ_ONLY, NULL},
                                            {"modifiedDateTime", TYPE_READ_ONLY, NULL},
                                            {"environment", TYPE_ANY, NULL},
                                            {"roles", TYPE_ANY, NULL},
                                            {"scopes", TYPE_ANY, NULL},
                                            {"uploadSessions", TYPE_ANY, NULL},
                                            {0}};

static const struct member CATALOG_V1[] = {{"id", TYPE_GUID, NULL}, {0}};

static const struct member RESOURCE_REQUEST_V1[] = {{"id", TYPE_READ_ONLY, NULL},
                                                    {"requestType", TYPE_TEXT, NULL},
                                                    {"catalog", TYPE_OBJECT, CATALOG_V1},
                                                    {"resource", TYPE_OBJECT, RESOURCE_V1},
                                                    {"state", TYPE_READ_ONLY, NULL},
                                                    {"createdDateTime", TYPE_READ_ONLY, NULL},
                                                    {0}};

const struct member *members_of(enum kind kind, enum version version)
{
    if (kind == KIND_RESOURCE) {
        return version == VERSION_V1 ? RESOURCE_REQUEST_V1 : RESOURCE_REQUEST;
    }
    return version == VERSION_V1 ? ASSIGNMENT_REQUEST_V1 : ASSIGNMENT_REQUEST;
}

bool members_are_answer(const struct member *members)
{
    return members == ANSWER;
}

bool members_are_question(const struct member *members)
{
    return members == QUESTION;
}
