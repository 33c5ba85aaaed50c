#include "tests/core/records.h"
#include "worker/core/fault_codes.h"
#include "worker/core/graph_body.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#define ASSIGNMENT(inner) "\"accessPackageAssignment\":{" inner "}"
#define RESOURCE(inner)   "\"accessPackageResource\":{" inner "}"
#define TARGET            "\"targetId\":\"" GUID_A "\""
#define POLICY            "\"assignmentPolicyId\":\"" GUID_B "\""
#define PACKAGE           "\"accessPackageId\":\"" GUID_C "\""
#define CATALOG           "\"catalogId\":\"" GUID_A "\""
#define ORIGIN            "\"originId\":\"" GUID_B "\",\"originSystem\":\"AadGroup\""
#define ID                "\"id\":\"" GUID_A "\""
#define ADD(more) \
    "{\"requestType\":\"AdminAdd\"," ASSIGNMENT(TARGET "," POLICY "," PACKAGE) more "}"
#define OF_TYPE(type, members) "{\"requestType\":\"" type "\"," members "}"
#define MORE_NUMBERS           ",\"n\":[1.0,-0,1e2,0.10000000000000000555]"
#define MORE_TEXTS             ",\"t\":\"\\u00e9\\/ \\\"  \\\\\",\"@odata.type\":\"#x\""
#define ADD_RESOURCE(more)     OF_TYPE("AdminAdd", CATALOG "," RESOURCE(ORIGIN) more)

/* `data` of an assignment request (A) or a resource request (R), the code it ends with, and
 * what the sentence must name. */
static const struct {
    enum kind kind;
    const char *data, *code, *named;
} cases[] = {
#define A KIND_ASSIGNMENT
#define R KIND_RESOURCE
    /* all that a client may send (graph 1.4, 1.5) */
    {A, ADD(""), NULL, NULL},
    {A, OF_TYPE("AdminAdd", ASSIGNMENT("\"target\":{\"email\":\"a@b.c\"}," POLICY "," PACKAGE)),
     NULL, NULL},
    {A,
     OF_TYPE("AdminAdd",
             ASSIGNMENT("\"target\":{\"objectId\":\"" GUID_A "\"}," POLICY "," PACKAGE)),
     NULL, NULL},
    {A, OF_TYPE("AdminRemove", ASSIGNMENT(ID)), NULL, NULL},
    {A, OF_TYPE("AdminUpdate", ASSIGNMENT(ID)), NULL, NULL},
    {A, OF_TYPE("UserAdd", ASSIGNMENT(PACKAGE)), NULL, NULL},
    {A, OF_TYPE("UserAdd", ASSIGNMENT(PACKAGE "," TARGET "," POLICY)), NULL, NULL},
    {A, OF_TYPE("UserExtend", ASSIGNMENT(PACKAGE)), NULL, NULL},
    {A, OF_TYPE("UserUpdate", ASSIGNMENT(PACKAGE)), NULL, NULL},
    {A, OF_TYPE("UserRemove", ASSIGNMENT(ID)), NULL, NULL},
    {R, ADD_RESOURCE(""), NULL, NULL},
    {R, OF_TYPE("AdminUpdate", CATALOG "," RESOURCE(ORIGIN)), NULL, NULL},
    {R, OF_TYPE("AdminRemove", CATALOG "," RESOURCE(ID)), NULL, NULL},
    {R, OF_TYPE("AdminRemove", CATALOG "," RESOURCE(ORIGIN)), NULL, NULL},
    {R,
     OF_TYPE("AdminAdd", CATALOG "," RESOURCE("\"originId\":\"https://a.sharepoint.com/sites/x\","
                                              "\"originSystem\":\"SharePointOnline\"")),
     NULL, NULL},
    /* missing members, each named */
    {A, "{}", "missingMember", "data.requestType"},
    {A, "{\"requestType\":null}", "missingMember", "data.requestType"},
    {A, "{\"requestType\":\"\"}", "missingMember", "data.requestType"},
    {A, "{\"requestType\":\"AdminAdd\"}", "missingMember", "data.accessPackageAssignment`"},
    {A, "{\"requestType\":\"AdminAdd\",\"assignment\":{}}", "requestType", "`adminAdd`, as v1.0"},
    {A, OF_TYPE("AdminAdd", ASSIGNMENT(TARGET "," POLICY)), "missingMember",
     "data.accessPackageAssignment.accessPackageId"},
    {A, OF_TYPE("AdminAdd", ASSIGNMENT(TARGET "," PACKAGE)), "missingMember",
     "data.accessPackageAssignment.assignmentPolicyId"},
    {A, OF_TYPE("AdminAdd", ASSIGNMENT(PACKAGE "," POLICY)), "missingMember",
     "data.accessPackageAssignment.targetId"},
    {A, OF_TYPE("AdminAdd", ASSIGNMENT(PACKAGE "," POLICY ",\"target\":{}")), "missingMember",
     "target.objectId"},
    {A, OF_TYPE("AdminAdd", ASSIGNMENT(PACKAGE "," POLICY ",\"target\":{\"email\":\"\"}")),
     "missingMember", "target.email"},
    {A, OF_TYPE("AdminAdd", ASSIGNMENT(PACKAGE "," POLICY ",\"targetId\":null")), "missingMember",
     "targetId"},
    {A, OF_TYPE("AdminRemove", ASSIGNMENT(TARGET "," PACKAGE)), "missingMember",
     "data.accessPackageAssignment.id"},
    {A, OF_TYPE("AdminUpdate", ASSIGNMENT("")), "missingMember", "data.accessPackageAssignment.id"},
    {A, OF_TYPE("UserAdd", ASSIGNMENT(TARGET)), "missingMember",
     "data.accessPackageAssignment.accessPackageId"},
    {A, OF_TYPE("UserExtend", ASSIGNMENT("")), "missingMember",
     "data.accessPackageAssignment.accessPackageId"},
    {A, OF_TYPE("UserUpdate", ASSIGNMENT("")), "missingMember",
     "data.accessPackageAssignment.accessPackageId"},
    {A, OF_TYPE("UserRemove", ASSIGNMENT("")), "missingMember", "data.accessPackageAssignment.id"},
    {R, OF_TYPE("AdminAdd", RESOURCE(ORIGIN)), "missingMember", "data.catalogId"},
    {R, OF_TYPE("AdminAdd", RESOURCE(ORIGIN) ",\"catalog\":{}"), "mixedVersions",
     "`data.accessPackageResource` is one of Graph's beta, and `data.catalog`"},
    {R, OF_TYPE("AdminAdd", CATALOG), "missingMember", "data.accessPackageResource`"},
    {R, OF_TYPE("AdminAdd", CATALOG ",\"resource\":{}"), "mixedVersions", "data.resource"},
    {R, OF_TYPE("AdminAdd", CATALOG "," RESOURCE("\"originSystem\":\"AadGroup\"")), "missingMember",
     "data.accessPackageResource.originId"},
    {R, OF_TYPE("AdminAdd", CATALOG "," RESOURCE("\"originId\":\"" GUID_A "\"")), "missingMember",
     "data.accessPackageResource.originSystem"},
    {R, OF_TYPE("AdminUpdate", CATALOG "," RESOURCE(ID)), "missingMember",
     "data.accessPackageResource.originId"},
    {R, OF_TYPE("AdminRemove", CATALOG "," RESOURCE("\"originId\":\"" GUID_A "\"")),
     "missingMember", "data.accessPackageResource.id"},
    {R, OF_TYPE("AdminRemove", RESOURCE(ID)), "missingMember", "data.catalogId"},
    /* requestType */
    {A, OF_TYPE("adminAdd", ASSIGNMENT("")), "requestType", "`AdminAdd`"},
    {A, OF_TYPE("USERREMOVE", ASSIGNMENT("")), "requestType", "`UserRemove`"},
    {A, OF_TYPE("SystemAdd", ASSIGNMENT("")), "requestType", "Graph itself"},
    {A, OF_TYPE("systemRemove", ASSIGNMENT("")), "requestType", "Graph itself"},
    {A, OF_TYPE("onBehalfAdd", ASSIGNMENT("")), "requestType", "Graph itself"},
    {A, OF_TYPE("approverRemove", ASSIGNMENT("")), "requestType", "Graph itself"},
    {A, OF_TYPE("Grant", ASSIGNMENT("")), "requestType", "UserExtend"},
    {A, OF_TYPE("none", ASSIGNMENT("")), "requestType", "UserExtend"},
    {A, OF_TYPE("AdminAdd ", ASSIGNMENT("")), "requestType", "AdminAdd"},
    {R, OF_TYPE("UserAdd", CATALOG), "requestType", "AdminUpdate"},
    {A, OF_TYPE("AdminAdd", "\"requesttype\":\"AdminRemove\""), "memberCase", "data.requesttype"},
    /* mistyped members, required or not */
    {A, "{\"requestType\":1}", "wrongType", "data.requestType"},
    {A, OF_TYPE("AdminAdd", "\"accessPackageAssignment\":[]"), "wrongType",
     "data.accessPackageAssignment"},
    {A, OF_TYPE("AdminAdd", "\"accessPackageAssignment\":\"x\""), "wrongType",
     "data.accessPackageAssignment"},
    {A, OF_TYPE("AdminAdd", ASSIGNMENT("\"targetId\":5")), "wrongType",
     "data.accessPackageAssignment.targetId"},
    {A, OF_TYPE("AdminAdd", ASSIGNMENT("\"target\":\"" GUID_A "\"")), "wrongType",
     "data.accessPackageAssignment.target"},
    {A, OF_TYPE("AdminAdd", ASSIGNMENT("\"target\":{\"email\":true}")), "wrongType",
     "data.accessPackageAssignment.target.email"},
    {A, ADD(",\"justification\":{}"), "wrongType", "data.justification"},
    {A, ADD(",\"answers\":{}"), "wrongType", "data.answers"},
    {A, ADD(",\"schedule\":7"), "wrongType", "data.schedule"},
    {A, ADD(",\"isValidationOnly\":\"true\""), "wrongType", "data.isValidationOnly"},
    {A, ADD(",\"isValidationOnly\":1"), "wrongType", "data.isValidationOnly"},
    {A, ADD(",\"isValidationOnly\":null"), "wrongType", "data.isValidationOnly"},
    {R, ADD_RESOURCE(",\"executeImmediately\":\"yes\""), "wrongType", "data.executeImmediately"},
    {R, OF_TYPE("AdminAdd", CATALOG "," RESOURCE(ORIGIN ",\"attributes\":{}")), "wrongType",
     "data.accessPackageResource.attributes"},
    /* null is as good as absent */
    {A, ADD(",\"justification\":null,\"schedule\":null,\"expirationDateTime\":null"), NULL, NULL},
    /* GUIDs */
    {A, OF_TYPE("AdminAdd", ASSIGNMENT("\"targetId\":\"{" GUID_A "}\"")), "invalidGuid",
     "data.accessPackageAssignment.targetId"},
    {A, OF_TYPE("AdminAdd", ASSIGNMENT("\"targetId\":\"\"")), "invalidGuid",
     "data.accessPackageAssignment.targetId"},
    {A, OF_TYPE("AdminAdd", ASSIGNMENT("\"targetId\":\"ada@contoso.com\"")), "invalidGuid",
     "data.accessPackageAssignment.targetId"},
    {A, OF_TYPE("AdminAdd", ASSIGNMENT("\"accessPackageId\":\"x\"")), "invalidGuid",
     "data.accessPackageAssignment.accessPackageId"},
    {A, OF_TYPE("AdminAdd", ASSIGNMENT("\"assignmentPolicyId\":\"x\"")), "invalidGuid",
     "data.accessPackageAssignment.assignmentPolicyId"},
    {A, OF_TYPE("AdminAdd", ASSIGNMENT("\"target\":{\"objectId\":\"x\"}")), "invalidGuid",
     "data.accessPackageAssignment.target.objectId"},
    {A, OF_TYPE("AdminRemove", ASSIGNMENT("\"id\":\"1/../2\"")), "invalidGuid",
     "data.accessPackageAssignment.id"},
    {R, OF_TYPE("AdminAdd", "\"catalogId\":\"x\""), "invalidGuid", "data.catalogId"},
    {R, OF_TYPE("AdminRemove", CATALOG "," RESOURCE("\"id\":\"x\"")), "invalidGuid",
     "data.accessPackageResource.id"},
    {R,
     OF_TYPE("AdminAdd", CATALOG "," RESOURCE("\"originId\":\"x\",\"originSystem\":\"AadGroup\"")),
     "invalidGuid", "data.accessPackageResource.originId"},
    {R,
     OF_TYPE("AdminAdd",
             CATALOG "," RESOURCE("\"originId\":\"x\",\"originSystem\":\"AadApplication\"")),
     "invalidGuid", "data.accessPackageResource.originId"},
    {A,
     OF_TYPE("AdminAdd",
             ASSIGNMENT("\"targetId\":\"" GUID_A_IN_CAPITALS "\",\"target\":{\"objectId\":\"" GUID_A
                        "\"}," POLICY "," PACKAGE)),
     NULL, NULL},
    {A,
     OF_TYPE("AdminAdd",
             ASSIGNMENT(TARGET ",\"target\":{\"objectId\":\"" GUID_B "\"}," POLICY "," PACKAGE)),
     "contradiction", "target.objectId"},
    {A,
     OF_TYPE("AdminAdd",
             ASSIGNMENT(TARGET "," POLICY "," PACKAGE ",\"target\":{\"connectedOrganizationId\":"
                               "\"" GUID_A "\",\"connectedOrganization\":{\"id\":\"" GUID_B
                               "\"}}")),
     "contradiction", "connectedOrganization.id"},
    {A,
     OF_TYPE("AdminAdd", ASSIGNMENT(TARGET "," POLICY "," PACKAGE
                                           ",\"accessPackage\":{\"id\":\"" GUID_A "\"}")),
     "contradiction", "accessPackage.id"},
    {A, ADD(",\"accessPackage\":{\"id\":\"" GUID_A "\"}"), "contradiction",
     "data.accessPackage.id"},
    {A, ADD(",\"accessPackage\":{\"id\":\"" GUID_C "\",\"displayName\":7}"), NULL, NULL},
    {A, ADD(",\"accessPackage\":{\"id\":\"{" GUID_C "}\"}"), "invalidGuid",
     "data.accessPackage.id"},
    {A, ADD(",\"accessPackage\":\"" GUID_C "\""), "wrongType", "data.accessPackage"},
    {A, OF_TYPE("AdminRemove", ASSIGNMENT(ID ",\"accessPackage\":{\"id\":\"" GUID_A "\"}")), NULL,
     NULL},
    {A,
     OF_TYPE("AdminAdd", ASSIGNMENT(TARGET "," POLICY "," PACKAGE
                                           ",\"target\":{\"connectedOrganizationId\":\"x\"}")),
     "invalidGuid", "target.connectedOrganizationId"},
    /* times */
    {A, ADD(",\"expirationDateTime\":\"2026-12-31T22:59:59.1234567Z\""), NULL, NULL},
    {A, ADD(",\"expirationDateTime\":\"2026-12-31T22:59:59\""), "invalidTime",
     "data.expirationDateTime"},
    {A, ADD(",\"expirationDateTime\":\"2026-12-31\""), "invalidTime", "data.expirationDateTime"},
    {A, ADD(",\"expirationDateTime\":1798757999"), "wrongType", "data.expirationDateTime"},
    {R, ADD_RESOURCE(",\"expirationDateTime\":\"tomorrow\""), "invalidTime",
     "data.expirationDateTime"},
    {A, ADD(",\"schedule\":{\"startDateTime\":\"2026-01-01T00:00:00\"}"), "invalidTime",
     "data.schedule.startDateTime"},
    {A, ADD(",\"schedule\":{\"expiration\":{\"endDateTime\":\"x\"}}"), "invalidTime",
     "data.schedule.expiration.endDateTime"},
    /* names that differ by case only */
    {A, ADD(",\"IsValidationOnly\":true"), "memberCase", "data.IsValidationOnly"},
    {A, ADD(",\"isvalidationonly\":true"), "memberCase", "`isValidationOnly`"},
    {A, ADD(",\"isValidationOnly\":true,\"ISVALIDATIONONLY\":false"), "memberCase",
     "data.ISVALIDATIONONLY"},
    {A, ADD(",\"\\u0049sValidationOnly\":true"), "memberCase", "data.IsValidationOnly"},
    {A, ADD(",\"i\\u017fValidationOnly\":true"), "memberCase", "`isValidationOnly`"},
    {R, ADD_RESOURCE(",\"isValidationonly\":true"), "memberCase", "data.isValidationonly"},
    {A, ADD(",\"Justification\":\"x\""), "memberCase", "data.Justification"},
    {A, ADD(",\"ID\":\"x\""), "memberCase", "data.ID"},
    {A, ADD(",\"AccessPackageAssignment\":{}"), "memberCase", "data.AccessPackageAssignment"},
    {A, OF_TYPE("AdminAdd", ASSIGNMENT(TARGET ",\"TargetId\":\"" GUID_B "\"")), "memberCase",
     "data.accessPackageAssignment.TargetId"},
    {A, OF_TYPE("AdminAdd", ASSIGNMENT("\"target\":{\"ObjectId\":\"" GUID_B "\"}")), "memberCase",
     "data.accessPackageAssignment.target.ObjectId"},
    {A, ADD(",\"schedule\":{\"Expiration\":{}}"), "memberCase", "data.schedule.Expiration"},
    {R, OF_TYPE("AdminAdd", CATALOG "," RESOURCE("\"OriginId\":\"x\"")), "memberCase",
     "data.accessPackageResource.OriginId"},
    {R, ADD_RESOURCE(",\"ExecuteImmediately\":true"), "memberCase", "data.ExecuteImmediately"},
#undef A
#undef R
};

/* Reads a binary event whose value is `data`. */
static void read_data(enum kind kind, const char *data, struct event *ret)
{
    struct text_header headers[] = {{"ce_specversion", "1.0"},
                                    {"ce_id", "e1"},
                                    {"ce_source", "/s"},
                                    {"ce_type", kind_type(kind)},
                                    {NULL, NULL}};
    struct test_record record;
    record_of(&record, str_of(data), headers);
    event_read(&record.record, ret);
}

static void judges_every_case(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct event event;
        read_data(cases[i].kind, cases[i].data, &event);
        enum event_worth worth = cases[i].code != NULL ? EVENT_REFUSED : EVENT_GOOD;
        const char *expected = cases[i].code != NULL ? cases[i].code : "";
        if (event.worth != worth || strcmp(event.fault.code, expected) != 0)
            fail_msg("%s\n`%s`: %s", cases[i].data, event.fault.code, event.fault.message);
        if (cases[i].named != NULL && strstr(event.fault.message, cases[i].named) == NULL)
            fail_msg("%s\n%s does not say %s", cases[i].data, event.fault.message, cases[i].named);
        assert_true(cases[i].code == NULL || fault_code_find(event.fault.code) != NULL);
        event_finish(&event);
    }
}

/* What `data` says, and the members that are sent on. */
static const struct {
    const char *name;
    enum kind kind;
    const char *data, *members;
} splices[] = {
    {"nothing to change", KIND_ASSIGNMENT, ADD(""),
     "\"requestType\":\"AdminAdd\"," ASSIGNMENT(TARGET "," POLICY "," PACKAGE)},
    {"read-only members and isValidationOnly", KIND_ASSIGNMENT,
     "{\"id\":{\"a\":[1]},\"isValidationOnly\":true,\"requestType\":\"AdminRemove\","
     "\"requestState\":null,"
     "\"requestStatus\":5," ASSIGNMENT(ID) ",\"createdDateTime\":\"x\",\"completedDate\":\"y\"}",
     "\"requestType\":\"AdminRemove\"," ASSIGNMENT(ID)},
    {"white space", KIND_ASSIGNMENT,
     " {\n \"requestType\" : \"AdminRemove\" ,\t" ASSIGNMENT(" " ID
                                                             " ") " , \"x y\" : [ 1 , { } ] }\r\n",
     "\"requestType\":\"AdminRemove\"," ASSIGNMENT(ID) ",\"x y\":[1,{}]"},
    {"numbers, escapes and unknown members", KIND_ASSIGNMENT,
     OF_TYPE("AdminRemove", ASSIGNMENT(ID ",\"new\":1.50E+01") MORE_NUMBERS MORE_TEXTS),
     "\"requestType\":\"AdminRemove\"," ASSIGNMENT(ID ",\"new\":1.50E+01") MORE_NUMBERS MORE_TEXTS},
    {"seven fraction digits", KIND_ASSIGNMENT,
     ADD(",\"expirationDateTime\":\"2026-12-31T22:59:59.1234567+01:00\""),
     "\"requestType\":\"AdminAdd\"," ASSIGNMENT(
         TARGET "," POLICY
                "," PACKAGE) ",\"expirationDateTime\":\"2026-12-31T22:59:59.1234567+01:00\""},
    {"executeImmediately", KIND_RESOURCE, ADD_RESOURCE(",\"executeImmediately\":true"),
     "\"requestType\":\"AdminAdd\"," CATALOG "," RESOURCE(ORIGIN) ",\"executeImmediately\":true"},
    {"a GUID in capitals", KIND_ASSIGNMENT,
     OF_TYPE("AdminRemove", ASSIGNMENT("\"id\":\"" GUID_A_IN_CAPITALS "\"")),
     "\"requestType\":\"AdminRemove\"," ASSIGNMENT("\"id\":\"" GUID_A_IN_CAPITALS "\"")},
    {"names written with escapes", KIND_ASSIGNMENT,
     "{\"\\u0069sValidationOnly\":false,\"\\u0069d\":1,"
     "\"request\\u0054ype\":\"Admin\\u0052emove\"," ASSIGNMENT(ID) "}",
     "\"request\\u0054ype\":\"Admin\\u0052emove\"," ASSIGNMENT(ID)},
    {"isValidationOnly further inside is not ours", KIND_ASSIGNMENT,
     OF_TYPE("AdminRemove", ASSIGNMENT(ID ",\"isValidationOnly\":1")),
     "\"requestType\":\"AdminRemove\"," ASSIGNMENT(ID ",\"isValidationOnly\":1")},
};

static void check_bodies(const char *name, const struct event *event, const char *members)
{
    size_t size = graph_body_size(&event->body);
    char *body = malloc(size);
    size_t dry_size = graph_body_write(&event->body, true, body, size);
    size_t start = strlen("{\"isValidationOnly\":true,");
    if (dry_size != start + strlen(members) + 1 ||
        memcmp(body, "{\"isValidationOnly\":true,", start) != 0 ||
        memcmp(body + start, members, strlen(members)) != 0 || body[dry_size - 1] != '}')
        fail_msg("%s: %.*s", name, (int)dry_size, body);
    size_t real_size = graph_body_write(&event->body, false, body, size);
    start = strlen("{\"isValidationOnly\":false,");
    if (real_size != dry_size + 1 || memcmp(body, "{\"isValidationOnly\":false,", start) != 0 ||
        memcmp(body + start, members, strlen(members)) != 0 || body[real_size - 1] != '}')
        fail_msg("%s: %.*s", name, (int)real_size, body);
    free(body);
}

/* Dry run and real request are the event's own bytes, and differ in the value of isValidationOnly
 * alone. */
static void splices_bytes_untouched(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof splices / sizeof splices[0]; i++) {
        struct event event;
        read_data(splices[i].kind, splices[i].data, &event);
        if (event.worth != EVENT_GOOD)
            fail_msg("%s: %s", splices[i].name, event.fault.message);
        bool asked = strstr(splices[i].data, "\"isValidationOnly\":true") != NULL;
        assert_int_equal(event.validation_only, asked);
        check_bodies(splices[i].name, &event, splices[i].members);
        event_finish(&event);
    }
}

static void writes_an_empty_body(void **state)
{
    (void)state;
    struct body body = {0};
    char written[64];
    size_t size = graph_body_write(&body, true, written, sizeof written);
    assert_true(str_is((struct str){written, size}, "{\"isValidationOnly\":true}"));
    size = graph_body_write(&body, false, written, sizeof written);
    assert_true(str_is((struct str){written, size}, "{\"isValidationOnly\":false}"));
    assert_true(size <= graph_body_size(&body));
}

static void says_whom_and_what_it_is_about(void **state)
{
    (void)state;
    struct event event;
    read_data(KIND_ASSIGNMENT,
              OF_TYPE("AdminAdd", ASSIGNMENT("\"id\":\"" GUID_B "\",\"target\":{\"objectId\":"
                                             "\"" GUID_A_IN_CAPITALS "\",\"email\":\"a@b\"}," POLICY
                                             "," PACKAGE)),
              &event);
    assert_int_equal(event.request_type, REQUEST_TYPE_ADMIN_ADD);
    assert_string_equal(event.subject.target_id, GUID_A);
    assert_string_equal(event.subject.target_email, "a@b");
    assert_string_equal(event.subject.policy_id, GUID_B);
    assert_string_equal(event.subject.package_id, GUID_C);
    assert_string_equal(event.subject.assignment_id, GUID_B);
    assert_string_equal(event.subject.catalog_id, "");
    assert_string_equal(event.subject.origin_id, "");
    event_finish(&event);

    read_data(KIND_RESOURCE,
              OF_TYPE("AdminRemove", CATALOG "," RESOURCE("\"id\":\"" GUID_B "\"," ORIGIN)),
              &event);
    assert_int_equal(event.request_type, REQUEST_TYPE_ADMIN_REMOVE);
    assert_string_equal(event.subject.catalog_id, GUID_A);
    assert_string_equal(event.subject.resource_id, GUID_B);
    assert_string_equal(event.subject.origin_id, GUID_B);
    assert_string_equal(event.subject.origin_system, "AadGroup");
    assert_string_equal(event.subject.target_id, "");
    assert_string_equal(event.subject.target_email, "");
    event_finish(&event);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(judges_every_case),
        cmocka_unit_test(splices_bytes_untouched),
        cmocka_unit_test(writes_an_empty_body),
        cmocka_unit_test(says_whom_and_what_it_is_about),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
