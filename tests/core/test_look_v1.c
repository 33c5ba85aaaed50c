/* What test_look.c asks of rows in beta's shape, of rows in v1.0's; and other paths. */
#include "worker/core/look.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
// cmocka needs the headers above first.
#include <cmocka.h>

#define TARGET   "11111111-1111-1111-1111-111111111111"
#define PACKAGE  "22222222-2222-2222-2222-222222222222"
#define CATALOG  "44444444-4444-4444-4444-444444444444"
#define OTHER    "99999999-9999-9999-9999-999999999999"
#define OLD_PATH "/identityGovernance/entitlementManagement/accessPackageAssignmentRequests"
#define NEW_PATH "/identityGovernance/entitlementManagement/assignmentRequests"
#define INTENT   INT64_C(1772366400000) /* 12:00:00 */
#define BEFORE   "2026-03-01T11:59:00Z"
#define AFTER    "2026-03-01T12:00:01Z"

#define LIST(rows) "{\"value\":[" rows "]}"
#define REQUEST(type, state, created, target)                                     \
    "{\"id\":\"r\",\"requestType\":\"" type "\",\"state\":\"" state               \
    "\",\"createdDateTime\":\"" created "\",\"accessPackage\":{\"id\":\"" PACKAGE \
    "\"},\"assignment\":{\"id\":\"x\",\"target\":{\"objectId\":\"" target "\"}}}"
#define RESOURCE(created) \
    "{\"id\":\"x\",\"originId\":\"" TARGET "\",\"createdDateTime\":\"" created "\"}"
#define STANDING(state)                                                          \
    "{\"id\":\"x\",\"state\":\"" state "\",\"accessPackage\":{\"id\":\"" PACKAGE \
    "\"},\"target\":{\"objectId\":\"" TARGET "\"}}"

static const struct row {
    const char *name;
    enum kind kind;
    enum doubt doubt;
    const char *first, *second; /* NULL: there is one GET only */
    enum outcome expected;
} rows[] = {
    {"ours", KIND_ASSIGNMENT, DOUBT_SENT, LIST(""),
     LIST(REQUEST("adminAdd", "submitted", AFTER, TARGET)), OUTCOME_OK},
    {"ours, delivered", KIND_ASSIGNMENT, DOUBT_SENT, LIST(STANDING("delivered")),
     LIST(REQUEST("adminAdd", "delivered", AFTER, TARGET)), OUTCOME_OK},
    {"another person's", KIND_ASSIGNMENT, DOUBT_SENT, LIST(""),
     LIST(REQUEST("adminAdd", "submitted", AFTER, OTHER)), OUTCOME_ABSENT},
    {"an older one", KIND_ASSIGNMENT, DOUBT_SENT, LIST(""),
     LIST(REQUEST("adminAdd", "delivered", BEFORE, TARGET)), OUTCOME_ABSENT},
    {"open: the same", KIND_ASSIGNMENT, DOUBT_OPEN,
     LIST(REQUEST("adminAdd", "pendingApproval", BEFORE, TARGET)), NULL, OUTCOME_EXISTS},
    {"open: over meanwhile", KIND_ASSIGNMENT, DOUBT_OPEN,
     LIST(REQUEST("adminAdd", "partiallyDelivered", BEFORE, TARGET)), NULL, OUTCOME_ABSENT},
    {"open: a removal", KIND_ASSIGNMENT, DOUBT_OPEN,
     LIST(REQUEST("adminRemove", "submitted", BEFORE, TARGET)), NULL, OUTCOME_UNDECIDED},
    {"a resource since the intent", KIND_RESOURCE, DOUBT_SENT, LIST(RESOURCE(AFTER)), NULL,
     OUTCOME_EXISTS},
    {"a resource from before", KIND_RESOURCE, DOUBT_SENT, LIST(RESOURCE(BEFORE)), NULL,
     OUTCOME_ABSENT},
};

static void make(struct request *rq, enum kind kind, enum doubt doubt)
{
    *rq = (struct request){
        .doubt = doubt,
        .claim = {.intent_wall_ms = INTENT},
        .event = {.kind = kind,
                  .request_type = REQUEST_TYPE_ADMIN_ADD,
                  .subject = {.target_email = "", .origin_id = "", .origin_system = ""}}};
    if (kind == KIND_RESOURCE) {
        rq->event.subject.origin_id = TARGET;
        memcpy(rq->event.subject.catalog_id, CATALOG, GUID_SIZE);
    } else {
        memcpy(rq->event.subject.target_id, TARGET, GUID_SIZE);
        memcpy(rq->event.subject.package_id, PACKAGE, GUID_SIZE);
    }
}

static enum outcome answer(struct request *rq, unsigned step, const char *path, const char *body)
{
    struct http_answer answer = {.reach = HTTP_ANSWERED,
                                 .status = 200,
                                 .body = str_of(body),
                                 .error = ""};
    return look_read(rq, path, step, &answer);
}

static void test_rows_of_v1(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct request rq;
        make(&rq, rows[i].kind, rows[i].doubt);
        enum outcome outcome = answer(&rq, 0, OLD_PATH, rows[i].first);
        if (rows[i].second != NULL) {
            assert_int_equal(outcome, OUTCOME_COUNT);
            outcome = answer(&rq, 1, OLD_PATH, rows[i].second);
        }
        if (outcome != rows[i].expected)
            fail_msg("%s: %s", rows[i].name, outcome_name(outcome));
        request_finish(&rq);
    }
}

/* graph.beta_assignment_path is where requests are looked for, and where a list goes on. */
static void test_the_path_is_a_setting(void **state)
{
    (void)state;
    static const struct {
        const char *link;
        bool goes_on;
    } links[] = {
        {"https://h/beta" NEW_PATH "?$skiptoken=1", true},
        {"https://h/beta" OLD_PATH "?$skiptoken=1", false},
        {"https://h/beta" NEW_PATH "s?$skiptoken=1", false},
        {"https://h/beta" NEW_PATH, false},
    };
    for (size_t i = 0; i < sizeof links / sizeof links[0]; i++) {
        char path[LOOK_PATH_MAX], body[512];
        struct request rq;
        make(&rq, KIND_ASSIGNMENT, DOUBT_OPEN);
        assert_true(look_path(&rq, NEW_PATH, 0, path));
        assert_memory_equal(path, NEW_PATH "?$expand=", strlen(NEW_PATH "?$expand="));
        snprintf(body, sizeof body, "{\"value\":[],\"@odata.nextLink\":\"%s\"}", links[i].link);
        enum outcome outcome = answer(&rq, 0, NEW_PATH, body);
        assert_int_equal(outcome, links[i].goes_on ? OUTCOME_COUNT : OUTCOME_UNDECIDED);
        assert_int_equal(look_path(&rq, NEW_PATH, 1, path), links[i].goes_on);
        assert_true(!links[i].goes_on || strcmp(path, NEW_PATH "?$skiptoken=1") == 0);
        request_finish(&rq);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows_of_v1),
        cmocka_unit_test(test_the_path_is_a_setting),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
