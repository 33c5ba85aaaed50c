#include "worker/core/look.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define TARGET        "11111111-1111-1111-1111-111111111111"
#define PACKAGE       "22222222-2222-2222-2222-222222222222"
#define ASSIGNMENT    "33333333-3333-3333-3333-333333333333"
#define CATALOG       "44444444-4444-4444-4444-444444444444"
#define OTHER         "99999999-9999-9999-9999-999999999999"
#define BASE          "/identityGovernance/entitlementManagement/"
#define REQUESTS_PATH BASE "accessPackageAssignmentRequests"
#define EXPAND        "?$expand=accessPackage,accessPackageAssignment($expand=target)&$filter="
#define REQUESTS      REQUESTS_PATH EXPAND "accessPackage/id%20eq%20'" PACKAGE "'"
#define ASSIGNMENTS   BASE "accessPackageAssignments?$expand=target,accessPackage&$filter="
#define BY_TARGET \
    ASSIGNMENTS "accessPackage/id%20eq%20'" PACKAGE "'%20and%20target/objectId%20eq%20'" TARGET "'"
#define BY_ID       ASSIGNMENTS "id%20eq%20'" ASSIGNMENT "'"
#define LIST(items) "{\"value\":[" items "]}"
#define NONE        LIST("")
#define MORE        "{\"value\":[],\"@odata.nextLink\":\"https://x.example/next\"}"
#define STANDING                                                                            \
    "{\"id\":\"" ASSIGNMENT "\",\"accessPackageId\":\"" PACKAGE "\",\"targetId\":\"" TARGET \
    "\",\"assignmentState\":\"Delivered\"}"
#define EXPIRED                                                                             \
    "{\"id\":\"" ASSIGNMENT "\",\"accessPackageId\":\"" PACKAGE "\",\"targetId\":\"" TARGET \
    "\",\"assignmentState\":\"expired\"}"
#define REQUEST(type, state, created, target)                                 \
    "{\"id\":\"r\",\"requestType\":\"" type "\",\"requestState\":\"" state    \
    "\",\"createdDateTime\":" created ",\"accessPackage\":{\"id\":\"" PACKAGE \
    "\"},\"accessPackageAssignment\":{\"id\":\"" ASSIGNMENT                   \
    "\",\"target\":{\"objectId\":\"" target "\",\"email\":\"A@x.example\"}}}"
#define SECOND           REQUESTS_PATH "?$skiptoken=100"
#define NEXT(rows, link) "{\"value\":[" rows "],\"@odata.nextLink\":\"" link "\"}"
#define PAGED(rows)      NEXT(rows, "https://elsewhere.example/beta" SECOND)
/* The intent is at 12:00:00. */
#define BEFORE  "\"2026-03-01T11:59:54.999Z\""
#define LONG    "\"2026-03-01T11:49:59.999Z\""
#define SKEWED  "\"2026-03-01T11:59:55Z\""
#define JUST    "\"2026-03-01T11:59:59.999Z\""
#define AT      "\"2026-03-01T12:00:00Z\""
#define AFTER   "\"2026-03-01T12:00:01.1234567Z\""
#define NO_TIME "null"
#define INTENT  INT64_C(1772366400000)

enum { ADD = REQUEST_TYPE_ADMIN_ADD, REMOVE = REQUEST_TYPE_ADMIN_REMOVE };

static const struct row {
    const char *name;
    enum doubt doubt;
    int type;
    const char *paths[3]; /* what must be asked; NULL: nothing more */
    const char *answers[3];
    enum outcome expected;
} assignments[] = {
    // clang-format off
    {"sent add: ours", DOUBT_SENT, ADD, {BY_TARGET, REQUESTS},
     {NONE, LIST(REQUEST("AdminAdd", "Submitted", AFTER, TARGET))}, OUTCOME_OK},
    {"sent add: ours, delivered", DOUBT_SENT, ADD, {BY_TARGET, REQUESTS},
     {LIST(STANDING), LIST(REQUEST("adminAdd", "Delivered", AFTER, TARGET))}, OUTCOME_OK},
    {"sent add: ours, denied meanwhile", DOUBT_SENT, ADD, {BY_TARGET, REQUESTS},
     {NONE, LIST(REQUEST("AdminAdd", "Denied", AT, TARGET))}, OUTCOME_OK},
    {"sent add: just before the intent", DOUBT_SENT, ADD, {BY_TARGET, REQUESTS},
     {NONE, LIST(REQUEST("AdminAdd", "Delivered", JUST, TARGET))}, OUTCOME_UNDECIDED},
    {"sent add: as early as the skew", DOUBT_SENT, ADD, {BY_TARGET, REQUESTS},
     {NONE, LIST(REQUEST("AdminAdd", "Delivered", SKEWED, TARGET))}, OUTCOME_UNDECIDED},
    {"sent add: just before, and it stands", DOUBT_SENT, ADD, {BY_TARGET, REQUESTS},
     {LIST(STANDING), LIST(REQUEST("AdminAdd", "Delivered", JUST, TARGET))}, OUTCOME_UNDECIDED},
    {"sent add: just before, then ours", DOUBT_SENT, ADD, {BY_TARGET, REQUESTS},
     {NONE, LIST(REQUEST("AdminAdd", "Delivered", JUST, TARGET) ","
                 REQUEST("AdminAdd", "Submitted", AT, TARGET))}, OUTCOME_OK},
    {"sent add: an older one", DOUBT_SENT, ADD, {BY_TARGET, REQUESTS},
     {NONE, LIST(REQUEST("AdminAdd", "Delivered", BEFORE, TARGET))}, OUTCOME_ABSENT},
    {"sent add: an older one, and it stands", DOUBT_SENT, ADD, {BY_TARGET, REQUESTS},
     {LIST(STANDING), LIST(REQUEST("AdminAdd", "Delivered", BEFORE, TARGET))}, OUTCOME_ABSENT},
    {"sent add: it stands", DOUBT_SENT, ADD, {BY_TARGET, REQUESTS}, {LIST(STANDING), NONE},
     OUTCOME_ABSENT},
    {"sent add: of unknown time", DOUBT_SENT, ADD, {BY_TARGET, REQUESTS},
     {NONE, LIST(REQUEST("AdminAdd", "Submitted", NO_TIME, TARGET))}, OUTCOME_UNDECIDED},
    {"sent add: of unknown time, then ours", DOUBT_SENT, ADD, {BY_TARGET, REQUESTS},
     {NONE, LIST(REQUEST("AdminAdd", "Submitted", NO_TIME, TARGET) ","
                 REQUEST("AdminAdd", "Submitted", AFTER, TARGET))}, OUTCOME_OK},
    {"sent add: another person's", DOUBT_SENT, ADD, {BY_TARGET, REQUESTS},
     {NONE, LIST(REQUEST("AdminAdd", "Submitted", AFTER, OTHER))}, OUTCOME_ABSENT},
    {"sent add: another type", DOUBT_SENT, ADD, {BY_TARGET, REQUESTS},
     {NONE, LIST(REQUEST("AdminRemove", "Submitted", AFTER, TARGET))}, OUTCOME_ABSENT},
    {"sent add: nothing", DOUBT_SENT, ADD, {BY_TARGET, REQUESTS}, {NONE, NONE}, OUTCOME_ABSENT},
    {"sent add: expired", DOUBT_SENT, ADD, {BY_TARGET, REQUESTS}, {LIST(EXPIRED), NONE},
     OUTCOME_ABSENT},
    {"sent add: the filter was ignored", DOUBT_SENT, ADD, {BY_TARGET, REQUESTS},
     {LIST("{\"id\":\"x\",\"targetId\":\"" OTHER "\",\"assignmentState\":\"Delivered\"}"), NONE},
     OUTCOME_ABSENT},
    {"sent add: perhaps, then ours", DOUBT_SENT, ADD, {BY_TARGET, REQUESTS, SECOND},
     {NONE, PAGED(REQUEST("AdminAdd", "Delivered", JUST, TARGET)),
      LIST(REQUEST("AdminAdd", "Submitted", AFTER, TARGET))}, OUTCOME_OK},
    {"sent add: perhaps, then nothing", DOUBT_SENT, ADD, {BY_TARGET, REQUESTS, SECOND},
     {NONE, PAGED(REQUEST("AdminAdd", "Delivered", JUST, TARGET)), NONE}, OUTCOME_UNDECIDED},
    {"forgotten add: ours", DOUBT_FORGOTTEN, ADD, {BY_TARGET, REQUESTS},
     {NONE, LIST(REQUEST("AdminAdd", "Submitted", AFTER, TARGET))}, OUTCOME_OK},
    {"forgotten add: within the skew", DOUBT_FORGOTTEN, ADD, {BY_TARGET, REQUESTS},
     {NONE, LIST(REQUEST("AdminAdd", "Delivered", SKEWED, TARGET))}, OUTCOME_UNDECIDED},
    {"forgotten add: an older one", DOUBT_FORGOTTEN, ADD, {BY_TARGET, REQUESTS},
     {NONE, LIST(REQUEST("AdminAdd", "Delivered", LONG, TARGET))}, OUTCOME_ABSENT},
    {"sent add: a page that cannot be asked for", DOUBT_SENT, ADD, {BY_TARGET, REQUESTS},
     {NONE, NEXT("", "https://elsewhere.example/secret")}, OUTCOME_UNDECIDED},
    {"sent add: a page with a line feed", DOUBT_SENT, ADD, {BY_TARGET, REQUESTS},
     {NONE, NEXT("", REQUESTS_PATH "?a\\r\\nb")}, OUTCOME_UNDECIDED},

    {"open add: the same", DOUBT_OPEN, ADD, {REQUESTS},
     {LIST(REQUEST("AdminAdd", "Delivering", BEFORE, TARGET))}, OUTCOME_EXISTS},
    {"open add: a removal", DOUBT_OPEN, ADD, {REQUESTS},
     {LIST(REQUEST("AdminRemove", "Submitted", AFTER, TARGET))}, OUTCOME_UNDECIDED},
    {"open add: over meanwhile", DOUBT_OPEN, ADD, {REQUESTS},
     {LIST(REQUEST("AdminAdd", "Delivered", AFTER, TARGET))}, OUTCOME_ABSENT},
    {"open add: another person's", DOUBT_OPEN, ADD, {REQUESTS},
     {LIST(REQUEST("AdminAdd", "Submitted", AFTER, OTHER))}, OUTCOME_ABSENT},

    {"sent removal: ours", DOUBT_SENT, REMOVE, {BY_ID, REQUESTS},
     {LIST(STANDING), LIST(REQUEST("AdminRemove", "Submitted", AFTER, TARGET))}, OUTCOME_OK},
    {"sent removal: just before the intent", DOUBT_SENT, REMOVE, {BY_ID, REQUESTS},
     {LIST(STANDING), LIST(REQUEST("AdminRemove", "Submitted", JUST, TARGET))},
     OUTCOME_UNDECIDED},
    {"sent removal: gone", DOUBT_SENT, REMOVE, {BY_ID}, {NONE}, OUTCOME_ABSENT},
    {"sent removal: perhaps on the next page", DOUBT_SENT, REMOVE, {BY_ID}, {MORE},
     OUTCOME_UNDECIDED},
    {"sent removal: expired", DOUBT_SENT, REMOVE, {BY_ID, REQUESTS}, {LIST(EXPIRED), NONE},
     OUTCOME_ABSENT},
    {"sent removal: expired, and ours", DOUBT_SENT, REMOVE, {BY_ID, REQUESTS},
     {LIST(EXPIRED), LIST(REQUEST("AdminRemove", "Delivered", AFTER, TARGET))}, OUTCOME_OK},
    {"open removal: gone, or not there yet", DOUBT_OPEN, REMOVE, {BY_ID}, {NONE}, OUTCOME_ABSENT},
    {"open removal: perhaps on the next page", DOUBT_OPEN, REMOVE, {BY_ID}, {MORE},
     OUTCOME_UNDECIDED},
    {"sent removal: not happened", DOUBT_SENT, REMOVE, {BY_ID, REQUESTS}, {LIST(STANDING), NONE},
     OUTCOME_ABSENT},
    {"open removal: the same", DOUBT_OPEN, REMOVE, {BY_ID, REQUESTS},
     {LIST(STANDING), LIST(REQUEST("AdminRemove", "Submitted", BEFORE, TARGET))}, OUTCOME_EXISTS},
    {"open removal: the add still", DOUBT_OPEN, REMOVE, {BY_ID, REQUESTS},
     {LIST(STANDING), LIST(REQUEST("AdminAdd", "Submitted", BEFORE, TARGET))}, OUTCOME_UNDECIDED},

    {"sent update: ours", DOUBT_SENT, REQUEST_TYPE_ADMIN_UPDATE, {BY_ID, REQUESTS},
     {LIST(STANDING), LIST(REQUEST("AdminUpdate", "Submitted", AFTER, TARGET))}, OUTCOME_OK},
    {"sent update: another just before", DOUBT_SENT, REQUEST_TYPE_ADMIN_UPDATE, {BY_ID, REQUESTS},
     {LIST(STANDING), LIST(REQUEST("AdminUpdate", "Submitted", JUST, TARGET))},
     OUTCOME_UNDECIDED},
    {"sent update: not happened", DOUBT_SENT, REQUEST_TYPE_ADMIN_UPDATE, {BY_ID, REQUESTS},
     {LIST(STANDING), NONE}, OUTCOME_ABSENT},
    {"sent update: no assignment", DOUBT_SENT, REQUEST_TYPE_ADMIN_UPDATE, {BY_ID}, {NONE},
     OUTCOME_UNDECIDED},
    {"open update: another update", DOUBT_OPEN, REQUEST_TYPE_ADMIN_UPDATE, {BY_ID, REQUESTS},
     {LIST(STANDING), LIST(REQUEST("AdminUpdate", "Submitted", AFTER, TARGET))},
     OUTCOME_UNDECIDED},
    // clang-format on
};

static void set(struct request *rq, enum doubt doubt, int type)
{
    *rq = (struct request){.doubt = doubt, .claim.intent_wall_ms = INTENT};
    rq->event.kind = KIND_ASSIGNMENT;
    rq->event.request_type = (enum request_type)type;
    struct subject *subject = &rq->event.subject;
    subject->target_email = subject->origin_id = subject->origin_system = "";
    if (type == ADD || type == REQUEST_TYPE_USER_ADD) {
        memcpy(subject->target_id, TARGET, GUID_SIZE);
        memcpy(subject->package_id, PACKAGE, GUID_SIZE);
    } else {
        memcpy(subject->assignment_id, ASSIGNMENT, GUID_SIZE);
    }
}

static enum outcome read_answer(struct request *rq, unsigned step, int status, const char *body)
{
    struct http_answer answer = {.reach = HTTP_ANSWERED,
                                 .status = status,
                                 .body = str_of(body),
                                 .error = "",
                                 .retry_after_ms = -1};
    return look_read(rq, REQUESTS_PATH, step, &answer);
}

static void check(const struct row *row, struct request *rq)
{
    char path[LOOK_PATH_MAX];
    enum outcome outcome = OUTCOME_COUNT;
    unsigned step = 0;
    for (; step < 3 && row->paths[step] != NULL; step++) {
        if (outcome != OUTCOME_COUNT)
            fail_msg("%s: ends with %s before step %u", row->name, outcome_name(outcome), step);
        if (!look_path(rq, REQUESTS_PATH, step, path) || strcmp(path, row->paths[step]) != 0)
            fail_msg("%s: step %u asks %s\nnot %s", row->name, step, path, row->paths[step]);
        outcome = read_answer(rq, step, 200, row->answers[step]);
    }
    if (outcome != row->expected)
        fail_msg("%s: %s, expected %s", row->name, outcome_name(outcome),
                 outcome_name(row->expected));
    /* A success has no fault, what is left open has one; and only a success shows an object. */
    bool success = outcome == OUTCOME_OK || outcome == OUTCOME_EXISTS;
    if (success != (rq->fault.code[0] == '\0') || (!success && rq->graph.object != NULL))
        fail_msg("%s: fault %s, object %s", row->name, rq->fault.code, rq->graph.object);
    if (outcome == OUTCOME_OK && strstr(rq->graph.object, "requestType") == NULL)
        fail_msg("%s: object %s", row->name, rq->graph.object);
    request_finish(rq);
}

static void test_assignments(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof assignments / sizeof assignments[0]; i++) {
        struct request rq;
        set(&rq, assignments[i].doubt, assignments[i].type);
        check(&assignments[i], &rq);
    }
}

#define RESOURCES BASE "accessPackageCatalogs/" CATALOG "/accessPackageResources?$filter="
#define SITE      "https://x.example/s/o'hara \303\266"
#define BY_SITE   RESOURCES "originId%20eq%20'https%3A%2F%2Fx.example%2Fs%2Fo%27%27hara%20%C3%B6'"
#define ADDED(when)                                                                     \
    LIST("{\"id\":\"" OTHER "\"},{\"id\":\"" ASSIGNMENT "\",\"originId\":\"" SITE "\"," \
         "\"addedOn\":" when "}")
#define RESOURCE ADDED(NO_TIME)

static void set_resource(struct request *rq)
{
    rq->event.kind = KIND_RESOURCE;
    rq->event.subject = (struct subject){.target_email = "", .origin_id = SITE};
    memcpy(rq->event.subject.catalog_id, CATALOG, GUID_SIZE);
}

static void test_resources(void **state)
{
    (void)state;
    static const struct row rows[] = {
        // clang-format off
        {"sent add: there since", DOUBT_SENT, ADD, {BY_SITE}, {ADDED(AT)}, OUTCOME_EXISTS},
        {"sent add: there before", DOUBT_SENT, ADD, {BY_SITE}, {ADDED(JUST)}, OUTCOME_ABSENT},
        {"sent add: there", DOUBT_SENT, ADD, {BY_SITE}, {RESOURCE}, OUTCOME_ABSENT},
        {"sent add: not there", DOUBT_SENT, ADD, {BY_SITE}, {NONE}, OUTCOME_ABSENT},
        {"open add: there", DOUBT_OPEN, ADD, {BY_SITE}, {RESOURCE}, OUTCOME_EXISTS},
        {"open add: in another catalog", DOUBT_OPEN, ADD, {BY_SITE}, {NONE}, OUTCOME_ABSENT},
        {"sent add: a page only", DOUBT_SENT, ADD, {BY_SITE},
         {MORE}, OUTCOME_UNDECIDED},
        {"sent removal: gone", DOUBT_SENT, REMOVE, {BY_SITE}, {NONE}, OUTCOME_ABSENT},
        {"open removal: gone", DOUBT_OPEN, REMOVE, {BY_SITE}, {NONE}, OUTCOME_ABSENT},
        {"sent removal: there", DOUBT_SENT, REMOVE, {BY_SITE}, {RESOURCE}, OUTCOME_ABSENT},
        // clang-format on
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct request rq;
        set(&rq, rows[i].doubt, rows[i].type);
        set_resource(&rq);
        check(&rows[i], &rq);
    }
    struct request rq;
    char path[LOOK_PATH_MAX];
    set(&rq, DOUBT_SENT, REMOVE);
    rq.event.kind = KIND_RESOURCE;
    memcpy(rq.event.subject.catalog_id, CATALOG, GUID_SIZE);
    memcpy(rq.event.subject.resource_id, ASSIGNMENT, GUID_SIZE);
    assert_true(look_path(&rq, REQUESTS_PATH, 0, path));
    assert_string_equal(path, RESOURCES "id%20eq%20'" ASSIGNMENT "'");
    assert_int_equal(read_answer(&rq, 0, 200, RESOURCE), OUTCOME_ABSENT);
    request_finish(&rq);
}

/* Once "absent" has been believed, what stands is no leftover; what is gone is never enough. */
static void test_after_settle(void **state)
{
    (void)state;
    static const struct row rows[] = {
        // clang-format off
        {"add", DOUBT_SENT, ADD, {BY_TARGET, REQUESTS}, {LIST(STANDING), NONE}, OUTCOME_EXISTS},
        {"add: gone", DOUBT_SENT, ADD, {BY_TARGET, REQUESTS}, {NONE, NONE}, OUTCOME_ABSENT},
        {"removal: gone", DOUBT_SENT, REMOVE, {BY_ID}, {NONE}, OUTCOME_ABSENT},
        {"resource", DOUBT_SENT, ADD, {BY_SITE}, {RESOURCE}, OUTCOME_EXISTS},
        {"resource, removal: gone", DOUBT_SENT, REMOVE, {BY_SITE}, {NONE}, OUTCOME_ABSENT},
        // clang-format on
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct request rq;
        set(&rq, rows[i].doubt, rows[i].type);
        if (strcmp(rows[i].paths[0], BY_SITE) == 0)
            set_resource(&rq);
        rq.absences = 1;
        check(&rows[i], &rq);
    }
}

static void test_cannot_be_looked_up(void **state)
{
    (void)state;
    struct request rq;
    char path[LOOK_PATH_MAX], *site = test_calloc(1, LOOK_PATH_MAX);
    set(&rq, DOUBT_NONE, ADD);
    assert_false(look_path(&rq, REQUESTS_PATH, 0, path));
    set(&rq, DOUBT_DRY_RUN, ADD);
    assert_false(look_path(&rq, REQUESTS_PATH, 0, path));
    set(&rq, DOUBT_SENT, REQUEST_TYPE_USER_ADD); /* for the caller, whom we do not know */
    memset(rq.event.subject.target_id, 0, GUID_SIZE);
    assert_false(look_path(&rq, REQUESTS_PATH, 0, path));
    set(&rq, DOUBT_SENT, REQUEST_TYPE_ADMIN_UPDATE);
    rq.event.kind = KIND_RESOURCE;
    memcpy(rq.event.subject.catalog_id, CATALOG, GUID_SIZE);
    rq.event.subject.origin_id = SITE;
    assert_false(look_path(&rq, REQUESTS_PATH, 0, path));
    rq.event.request_type = REQUEST_TYPE_ADMIN_ADD;
    assert_true(look_path(&rq, REQUESTS_PATH, 0, path));
    memset(site, 'x', LOOK_PATH_MAX - 1); /* longer than any address may be */
    rq.event.subject.origin_id = site;
    assert_false(look_path(&rq, REQUESTS_PATH, 0, path));
    test_free(site);
}

static void test_person_by_email(void **state)
{
    (void)state;
    struct request rq;
    char path[LOOK_PATH_MAX];
    set(&rq, DOUBT_SENT, ADD);
    memset(rq.event.subject.target_id, 0, GUID_SIZE);
    rq.event.subject.target_email = "a@X.example";
    assert_true(look_path(&rq, REQUESTS_PATH, 0, path));
    assert_string_equal(path, REQUESTS);
    assert_int_equal(read_answer(&rq, 0, 200, LIST(REQUEST("AdminAdd", "Submitted", AFTER, OTHER))),
                     OUTCOME_OK);
    request_finish(&rq);
}

static void test_trouble(void **state)
{
    (void)state;
    static const struct {
        long status;
        const char *body;
        enum outcome expected;
    } rows[] = {
        {429, "", OUTCOME_PACED},
        {503, "", OUTCOME_PACED},
        {401, "", OUTCOME_PACED},
        {403, "{\"error\":{\"code\":\"Forbidden\"}}", OUTCOME_FAILED},
        {404, "{\"error\":{\"code\":\"ResourceNotFound\"}}", OUTCOME_FAILED},
        {500, "", OUTCOME_FAILED},
        {302, NONE, OUTCOME_FAILED},
        {200, "", OUTCOME_FAILED},
        {200, "{\"value\":[", OUTCOME_FAILED},
        {200, "{}", OUTCOME_FAILED},
        {200, "{\"value\":{}}", OUTCOME_FAILED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct request rq;
        set(&rq, DOUBT_SENT, REMOVE);
        fault_set(&rq.fault, STAGE_SUBMIT, "timeout", "as it was");
        enum outcome outcome = read_answer(&rq, 0, (int)rows[i].status, rows[i].body);
        if (outcome != rows[i].expected)
            fail_msg("%ld %s: %s", rows[i].status, rows[i].body, outcome_name(outcome));
        /* What is nobody's fault leaves the submit's fault where it is. */
        assert_int_equal(rq.fault.stage, outcome == OUTCOME_PACED ? STAGE_SUBMIT : STAGE_LOOK);
        assert_true((rq.pause_ms > 0) == (outcome == OUTCOME_PACED));
        request_finish(&rq);
    }
    struct request rq;
    set(&rq, DOUBT_SENT, ADD);
    struct http_answer lost = {.reach = HTTP_LOST, .error = "gone", .retry_after_ms = -1};
    assert_int_equal(look_read(&rq, REQUESTS_PATH, 0, &lost), OUTCOME_FAILED);
    struct http_answer unsent = {.reach = HTTP_NOT_SENT, .error = "gone", .retry_after_ms = -1};
    assert_int_equal(look_read(&rq, REQUESTS_PATH, 0, &unsent), OUTCOME_PACED);
    request_finish(&rq);
}

static void test_every_list_ends(void **state)
{
    (void)state;
    struct request rq;
    char path[LOOK_PATH_MAX];
    unsigned step = 0;
    enum outcome outcome = OUTCOME_COUNT;
    set(&rq, DOUBT_OPEN, ADD);
    for (; outcome == OUTCOME_COUNT && look_path(&rq, REQUESTS_PATH, step, path); step++)
        outcome = read_answer(&rq, step, 200,
                              "{\"value\":[],\"@odata.nextLink\":\"" BASE
                              "accessPackageAssignmentRequests?again\"}");
    assert_int_equal(outcome, OUTCOME_UNDECIDED);
    assert_int_equal(step, LOOK_STEPS_MAX);
    request_finish(&rq);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_assignments),     cmocka_unit_test(test_resources),
        cmocka_unit_test(test_after_settle),    cmocka_unit_test(test_cannot_be_looked_up),
        cmocka_unit_test(test_person_by_email), cmocka_unit_test(test_trouble),
        cmocka_unit_test(test_every_list_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
