/* What test_graph_body.c asks of events for beta, of those that are written for v1.0. */
#include "tests/core/records.h"
#include "worker/core/fault_codes.h"
#include "worker/core/graph_body.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

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
#define V1_ASSIGNMENT(inner)   "\"assignment\":{" inner "}"
#define V1_RESOURCE(inner)     "\"resource\":{" inner "}"
#define V1_CATALOG             "\"catalog\":{\"id\":\"" GUID_A "\"}"
#define V1_ADD(more) \
    "{\"requestType\":\"adminAdd\"," V1_ASSIGNMENT(TARGET "," POLICY "," PACKAGE) more "}"
#define V1_ADD_RESOURCE(more) OF_TYPE("adminAdd", V1_CATALOG "," V1_RESOURCE(ORIGIN) more)

static const struct {
    enum kind kind;
    const char *data, *code, *named;
} cases[] = {
#define A KIND_ASSIGNMENT
#define R KIND_RESOURCE
    {A, V1_ADD(""), NULL, NULL},
    {A, OF_TYPE("adminAdd", V1_ASSIGNMENT("\"target\":{\"email\":\"a@b.c\"}," POLICY "," PACKAGE)),
     NULL, NULL},
    {A, OF_TYPE("adminRemove", V1_ASSIGNMENT(ID)), NULL, NULL},
    {A, OF_TYPE("adminUpdate", V1_ASSIGNMENT(ID)), NULL, NULL},
    {A, OF_TYPE("userAdd", V1_ASSIGNMENT(PACKAGE)), NULL, NULL},
    {A, OF_TYPE("userUpdate", V1_ASSIGNMENT(PACKAGE)), NULL, NULL},
    {A, OF_TYPE("userRemove", V1_ASSIGNMENT(ID)), NULL, NULL},
    {R, V1_ADD_RESOURCE(""), NULL, NULL},
    {R, OF_TYPE("adminUpdate", V1_CATALOG "," V1_RESOURCE(ORIGIN)), NULL, NULL},
    {R, OF_TYPE("adminRemove", V1_CATALOG "," V1_RESOURCE(ID)), NULL, NULL},
    {A, V1_ADD(",\"isValidationOnly\":true"), NULL, NULL},
    {A, V1_ADD(",\"state\":\"submitted\",\"status\":5,\"completedDateTime\":1"), NULL, NULL},
    {A, "{\"requestType\":\"adminAdd\"}", "missingMember", "`data.assignment`"},
    {A, "{\"assignment\":{}}", "missingMember", "send adminAdd"},
    {A, OF_TYPE("adminAdd", V1_ASSIGNMENT(TARGET "," POLICY)), "missingMember",
     "data.assignment.accessPackageId` is missing; adminAdd"},
    {A, OF_TYPE("adminRemove", V1_ASSIGNMENT("")), "missingMember", "data.assignment.id"},
    {R, OF_TYPE("adminAdd", V1_RESOURCE(ORIGIN)), "missingMember", "data.catalog.id"},
    {R, OF_TYPE("adminAdd", "\"catalog\":{}," V1_RESOURCE(ORIGIN)), "missingMember",
     "data.catalog.id"},
    {R, OF_TYPE("adminAdd", V1_CATALOG), "missingMember", "data.resource`"},
    {R, OF_TYPE("adminAdd", "\"catalog\":\"" GUID_A "\""), "wrongType", "data.catalog`"},
    {R, OF_TYPE("adminAdd", "\"catalog\":{\"id\":\"x\"}"), "invalidGuid", "data.catalog.id"},
    {R, OF_TYPE("adminAdd", "\"catalog\":{\"Id\":\"x\"}"), "memberCase", "data.catalog.Id"},
    {R,
     OF_TYPE("adminAdd",
             "\"catalog\":{\"id\":\"" GUID_A "\",\"displayName\":\"x\"}," V1_RESOURCE(ORIGIN)),
     "notTranslated", "data.catalog.displayName"},
    {A, V1_ADD(",\"Assignment\":1"), "memberCase", "data.Assignment"},
    {A, OF_TYPE("userExtend", V1_ASSIGNMENT(PACKAGE)), "requestType", "does not have"},
    {A, OF_TYPE("AdminAdd", V1_ASSIGNMENT("")), "requestType",
     "`adminAdd`, as v1.0 has it: `data.assignment` is"},
    {A, OF_TYPE("adminAdd", ASSIGNMENT("")), "requestType",
     "`AdminAdd`, as beta has it: `data.accessPackageAssignment`"},
    {A, OF_TYPE("grant", V1_ASSIGNMENT("")), "requestType", "userUpdate or userRemove"},
    {R, OF_TYPE("grant", V1_CATALOG), "requestType", "adminUpdate or adminRemove"},
    {A, V1_ADD(",\"color\":1"), "notTranslated", "data.color"},
    {A, V1_ADD(",\"accessPackageAssignment\":{}"), "mixedVersions", "`data.assignment`"},
    {A, ADD(",\"assignment\":null"), "mixedVersions", "`data.assignment`"},
    {A, ADD(",\"state\":\"submitted\""), "mixedVersions", "`data.state`"},
    {A, V1_ADD(",\"expirationDateTime\":null"), "mixedVersions", "`data.expirationDateTime`"},
    {A, OF_TYPE("adminAdd", V1_ASSIGNMENT("\"target\":{\"type\":\"User\"}")), "mixedVersions",
     "`data.assignment.target.type`"},
    {R,
     OF_TYPE("adminAdd",
             V1_CATALOG "," V1_RESOURCE("\"attributes\":[{},{\"attributeName\":\"x\"}]")),
     "mixedVersions", "`data.resource.attributes[].attributeName`"},
    {A,
     OF_TYPE("adminAdd",
             V1_ASSIGNMENT(TARGET ",\"target\":{\"objectId\":\"" GUID_B "\"}," POLICY "," PACKAGE)),
     "contradiction", "data.assignment"},
    {A, ADD(",\"answers\":[{\"value\":5}]"), "wrongType", "data.answers[].value"},
    {A, ADD(",\"answers\":[5]"), "wrongType", "data.answers[]`"},
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
        assert_true(worth != EVENT_GOOD || event.version == GRAPH_V1);
        event_finish(&event);
    }
}

/* What is kept is beta's. */
static const struct {
    const char *name;
    enum kind kind;
    const char *data, *members;
} translations[] = {
    {"written for v1.0", KIND_ASSIGNMENT,
     " { \"id\" : 1, \"requestType\" : \"admin\\u0041dd\", \"assignment\" : { " TARGET " , " POLICY
     ", " PACKAGE " , \"state\" : \"delivered\" }, \"justification\" : \"a \\u00e9\" }",
     "\"requestType\":\"AdminAdd\"," ASSIGNMENT(
         TARGET "," POLICY "," PACKAGE
                ",\"assignmentState\":\"Delivered\"") ",\"justification\":\"a \\u00e9\""},
    {"a resource written for v1.0", KIND_RESOURCE,
     V1_ADD_RESOURCE(",\"state\":\"x\",\"isValidationOnly\":true"),
     "\"requestType\":\"AdminAdd\"," CATALOG "," RESOURCE(ORIGIN)},
};

static void keeps_what_beta_calls_it(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof translations / sizeof translations[0]; i++) {
        struct event event;
        read_data(translations[i].kind, translations[i].data, &event);
        struct str members = {event.body.members, event.body.size};
        if (event.worth != EVENT_GOOD || !str_is(members, translations[i].members))
            fail_msg("%s: %.*s %s", translations[i].name, (int)members.size, members.data,
                     event.fault.message);
        bool asked = strstr(translations[i].data, "\"isValidationOnly\":true") != NULL;
        assert_int_equal(event.validation_only, asked);
        event_finish(&event);
    }
}

/* Policy and look-up see the same, whichever way it is written. */
static void says_whom_and_what_it_is_about(void **state)
{
    (void)state;
    struct event event;
    read_data(KIND_ASSIGNMENT, V1_ADD(""), &event);
    assert_string_equal(event.subject.target_id, GUID_A);
    assert_string_equal(event.subject.policy_id, GUID_B);
    assert_string_equal(event.subject.package_id, GUID_C);
    assert_int_equal(event.request_type, REQUEST_TYPE_ADMIN_ADD);
    event_finish(&event);
    read_data(KIND_RESOURCE, V1_ADD_RESOURCE(""), &event);
    assert_string_equal(event.subject.catalog_id, GUID_A);
    assert_string_equal(event.subject.origin_id, GUID_B);
    assert_string_equal(event.subject.origin_system, "AadGroup");
    event_finish(&event);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(judges_every_case),
        cmocka_unit_test(keeps_what_beta_calls_it),
        cmocka_unit_test(says_whom_and_what_it_is_about),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
