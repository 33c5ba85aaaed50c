/* Every row of what is known of Graph's errors (facts: graph 3), as it comes: what a dry run, a
 * real request and a look-up make of it, and the code that the reply has. Then the README's list of
 * codes against the program's. */
#include "worker/core/graph_answer.h"
#include "worker/core/graph_codes.h"
#include "worker/core/look.h"
#include "worker/core/plan.h"
#include "worker/core/utf8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
// cmocka needs the headers above first.
#include <cmocka.h>

#define REQUESTS_PATH "/identityGovernance/entitlementManagement/accessPackageAssignmentRequests"

#define ERROR(code) "{\"error\":{\"code\":\"" code "\",\"message\":\"why\"" INNER "}}"
#define DETAILED(code, detail)                                                               \
    "{\"error\":{\"code\":\"" code "\",\"message\":\"why\",\"details\":[{\"code\":\"" detail \
    "\",\"message\":\"w\"}]" INNER "}}"
/* Its code is not one to go by. */
#define INNER    ",\"innerError\":{\"date\":\"2026-01-01\",\"code\":\"ExistingOpenRequest\"}"
#define ADD      REQUEST_TYPE_ADMIN_ADD
#define UPDATE   REQUEST_TYPE_ADMIN_UPDATE
#define REMOVE   REQUEST_TYPE_ADMIN_REMOVE
#define USER_ADD REQUEST_TYPE_USER_ADD

static const struct fact {
    int status;
    const char *body;
    enum kind kind;
    enum request_type type;
    enum outcome dry_run, submit, look;
    const char *code;       /* of the reply, where the two POSTs end with it */
    int64_t retry_after_ms; /* 0: none */
} facts[] = {
#define A            KIND_ASSIGNMENT
#define R            KIND_RESOURCE
#define D            OUTCOME_FAILED /* what a look-up says of all but 401, 429 and 503 */
#define ALL(outcome) OUTCOME_##outcome, OUTCOME_##outcome
    {409, ERROR("InvalidRequestExistingGrant"), A, ADD, ALL(EXISTS), D,
     "InvalidRequestExistingGrant", 0},
    {409, ERROR("InvalidRequestExistingGrant"), A, USER_ADD, ALL(EXISTS), D,
     "InvalidRequestExistingGrant", 0},
    {409, ERROR("InvalidRequestExistingGrant"), A, UPDATE, ALL(INVALID), D,
     "InvalidRequestExistingGrant", 0},
    {409, ERROR("InvalidRequestExistingGrant"), A, REMOVE, ALL(INVALID), D,
     "InvalidRequestExistingGrant", 0},
    {400, DETAILED("InvalidRequest", "ExistingOpenRequest"), A, ADD, ALL(OPEN), D, "InvalidRequest",
     0},
    {400, DETAILED("InvalidRequest", "ExistingOpenRequest"), A, REMOVE, ALL(OPEN), D,
     "InvalidRequest", 0},
    {400, ERROR("ExistingOpenRequest"), A, UPDATE, ALL(OPEN), D, "ExistingOpenRequest", 0},
    {400, DETAILED("InvalidRequest", "Other"), A, ADD, ALL(INVALID), D, "InvalidRequest", 0},
    {404, ERROR("InvalidRequestNoActiveGrant"), A, REMOVE, ALL(EXISTS), D,
     "InvalidRequestNoActiveGrant", 0},
    {404, ERROR("InvalidRequestNoActiveGrant"), A, ADD, ALL(INVALID), D,
     "InvalidRequestNoActiveGrant", 0},
    {400, ERROR("ResourceAlreadyOnboarded"), R, ADD, ALL(OPEN), D, "ResourceAlreadyOnboarded", 0},
    {400, ERROR("ResourceAlreadyOnboarded"), R, REMOVE, ALL(INVALID), D, "ResourceAlreadyOnboarded",
     0},
    {400, ERROR("ResourceNotFoundInOriginSystem"), R, ADD, ALL(EARLY), D,
     "ResourceNotFoundInOriginSystem", 0},
    {400, ERROR("CallerNotResourceOwner"), R, ADD, ALL(INVALID), D, "CallerNotResourceOwner", 0},
    {400, ERROR("ArgumentException"), R, ADD, ALL(INVALID), D, "ArgumentException", 0},
    {400, ERROR("InvalidModel"), A, ADD, ALL(INVALID), D, "InvalidModel", 0},
    {400, ERROR("InvalidFilter"), A, ADD, ALL(INVALID), D, "InvalidFilter", 0},
    {404, ERROR("ResourceNotFound"), A, ADD, ALL(EARLY), D, "ResourceNotFound", 0},
    {404, ERROR("ResourceNotFound"), R, REMOVE, ALL(EARLY), D, "ResourceNotFound", 0},
    {404, ERROR("RoleNotFound"), A, ADD, ALL(INVALID), D, "RoleNotFound", 0},
    {400, ERROR("Request_ResourceNotFound"), R, ADD, ALL(EARLY), D, "Request_ResourceNotFound", 0},
    {404, ERROR("Request_ResourceNotFound"), R, ADD, ALL(EARLY), D, "Request_ResourceNotFound", 0},
    {403, ERROR("Forbidden"), A, ADD, ALL(INVALID), D, "Forbidden", 0},
    {403, ERROR("Authorization_RequestDenied"), A, ADD, ALL(INVALID), D,
     "Authorization_RequestDenied", 0},
    {403, ERROR("Unauthorized"), A, ADD, ALL(INVALID), D, "Unauthorized", 0},
    {403, ERROR("SomethingElse"), A, ADD, ALL(INVALID), D, "SomethingElse", 0},
    {401, ERROR("InvalidAuthenticationToken"), A, ADD, ALL(PACED), OUTCOME_PACED,
     "InvalidAuthenticationToken", 0},
    {401, ERROR("unauthenticated"), A, ADD, ALL(PACED), OUTCOME_PACED, "unauthenticated", 0},
    {400, "{\"error\":{\"code\":\"UnknownError\",\"message\":\"\"}}", R, ADD, OUTCOME_FAILED,
     OUTCOME_UNKNOWN, D, "UnknownError", 0},
    {500, "{\"error\":{\"code\":\"UnknownError\",\"message\":\"\"}}", R, ADD, OUTCOME_FAILED,
     OUTCOME_UNKNOWN, D, "UnknownError", 0},
    {429, ERROR("TooManyRequests"), A, ADD, ALL(PACED), OUTCOME_PACED, "TooManyRequests", 2128},
    {429, "", A, ADD, ALL(PACED), OUTCOME_PACED, "throttled", 0},
    {503, ERROR("serviceNotAvailable"), A, ADD, ALL(PACED), OUTCOME_PACED, "serviceNotAvailable",
     1000},
    {503, ERROR("serviceNotAvailable"), A, ADD, OUTCOME_PACED, OUTCOME_UNKNOWN, OUTCOME_PACED,
     "serviceNotAvailable", 0},
    {504, ERROR("Timeout"), A, ADD, OUTCOME_FAILED, OUTCOME_UNKNOWN, D, "Timeout", 0},
    {504, "", A, ADD, OUTCOME_FAILED, OUTCOME_UNKNOWN, D, "timeout", 0},
    {500, ERROR("generalException"), A, ADD, OUTCOME_FAILED, OUTCOME_UNKNOWN, D, "generalException",
     0},
    {509, ERROR("bandwidthLimitExceeded"), A, ADD, OUTCOME_FAILED, OUTCOME_UNKNOWN, D,
     "bandwidthLimitExceeded", 0},
    {408, ERROR("Timeout"), A, ADD, OUTCOME_FAILED, OUTCOME_UNKNOWN, D, "Timeout", 0},
    /* not listed: for good */
    {400, ERROR("PolicyNotFound"), A, ADD, ALL(INVALID), D, "PolicyNotFound", 0},
    {404, ERROR("PolicyNotFound"), A, ADD, ALL(INVALID), D, "PolicyNotFound", 0},
    {402, ERROR("PaymentRequired"), A, ADD, ALL(INVALID), D, "PaymentRequired", 0},
    {409, ERROR("DuplicateAccessPackage"), A, ADD, ALL(INVALID), D, "DuplicateAccessPackage", 0},
    {422, ERROR("UnprocessableEntity"), A, ADD, ALL(INVALID), D, "UnprocessableEntity", 0},
    {424, ERROR("FailedDependency"), A, ADD, ALL(INVALID), D, "FailedDependency", 0},
    /* a known code with another status, or in another case, is not the known one */
    {400, ERROR("ResourceNotFound"), A, ADD, ALL(INVALID), D, "ResourceNotFound", 0},
    {404, ERROR("ResourceNotFoundInOriginSystem"), R, ADD, ALL(INVALID), D,
     "ResourceNotFoundInOriginSystem", 0},
    {400, ERROR("existingOpenRequest"), A, ADD, ALL(INVALID), D, "existingOpenRequest", 0},
    /* codes decide, texts never */
    {404,
     "{\"error\":{\"code\":\"NotFound\",\"message\":\"Resource 'x' does not exist or one of "
     "its queried reference-property objects are not present.\"}}",
     R, ADD, ALL(INVALID), D, "NotFound", 0},
    {400,
     "{\"error\":{\"code\":\"BadRequest\",\"message\":\"ExistingOpenRequest: already onboarded"
     " to ELM, InvalidRequestExistingGrant\"}}",
     A, ADD, ALL(INVALID), D, "BadRequest", 0},
};
enum { FACTS_COUNT = sizeof facts / sizeof facts[0] };

static void set(struct request *rq, const struct fact *fact)
{
    *rq = (struct request){.event.kind = fact->kind, .event.request_type = fact->type};
    rq->event.subject =
        (struct subject){.target_email = "", .origin_id = "o", .origin_system = "AadGroup"};
    memcpy(rq->event.subject.assignment_id, "a", 2);
    memcpy(rq->event.subject.catalog_id, "c", 2);
    rq->doubt = DOUBT_SENT;
}

static void check_fact(const struct fact *fact)
{
    struct http_answer answer = {
        .reach = HTTP_ANSWERED,
        .status = fact->status,
        .body = str_of(fact->body),
        .error = "",
        .retry_after_ms = fact->retry_after_ms != 0 ? fact->retry_after_ms : -1,
    };
    struct request rq;
    set(&rq, fact);
    enum outcome dry_run = graph_answer_dry_run(&rq, &answer, false);
    bool same = strcmp(rq.fault.code, fact->code) == 0 && rq.fault.stage == STAGE_DRY_RUN;
    enum outcome submit = graph_answer_submit(&rq, &answer);
    same = same && strcmp(rq.fault.code, fact->code) == 0 && rq.fault.stage == STAGE_SUBMIT;
    bool whole = strcmp(rq.fault.message, "why") == 0 || strstr(fact->body, "\"why\"") == NULL;
    if (strstr(fact->body, "details") != NULL)
        whole = whole && rq.fault.details != NULL;
    enum outcome look = look_read(&rq, REQUESTS_PATH, 0, &answer);
    if (dry_run != fact->dry_run || submit != fact->submit || look != fact->look || !same || !whole)
        fail_msg("%d %s, type %d: %s %s %s, %s: %s", fact->status, fact->body, (int)fact->type,
                 outcome_name(dry_run), outcome_name(submit), outcome_name(look), rq.fault.code,
                 rq.fault.message);
    request_finish(&rq);
}

static void every_row_has_its_class(void **state)
{
    (void)state;
    for (size_t i = 0; i < FACTS_COUNT; i++)
        check_fact(&facts[i]);
}

static bool is_covered(const struct graph_code *row, int status)
{
    for (size_t i = 0; i < FACTS_COUNT; i++) {
        struct request rq;
        set(&rq, &facts[i]);
        rq.absences = row->meant == MEANT_SETTLED_RESOURCE_REMOVAL;
        if ((status == 0 || facts[i].status == status) && graph_code_fits(row, &rq, status) &&
            strstr(facts[i].body, row->code) != NULL &&
            (facts[i].submit == row->outcome || rq.absences > 0))
            return true;
    }
    return false;
}

/* And every row of the table that the program goes by stands among the facts above. */
static void every_code_has_a_fact(void **state)
{
    (void)state;
    for (size_t i = 0; i < graph_codes_count; i++)
        for (size_t j = 0; j < 2 && (j == 0 || graph_codes[i].statuses[j] != 0); j++)
            if (!is_covered(&graph_codes[i], graph_codes[i].statuses[j]))
                fail_msg("%d %s", graph_codes[i].statuses[j], graph_codes[i].code);
    assert_non_null(graph_code_find("InvalidModel"));
    assert_null(graph_code_find("PolicyNotFound"));
}

/* Passing 400 and 404 wait on a schedule of their own: 2, 5, 10, 20, 40 s, then each minute, until
 * graph.eventual is over. No retry is counted, and the answer has Graph's own code. */
static void what_is_early_waits_for_graph_eventual(void **state)
{
    (void)state;
    struct plan_limits limits = {.retry_attempts = 1,
                                 .retry_for_ms = 1,
                                 .eventual_ms = 300000,
                                 .settle_ms = 1};
    static const int64_t pauses_ms[] = {2000,  5000,  10000, 20000, 40000,
                                        60000, 60000, 60000, 60000};
    struct plan plan;
    struct request rq;
    int64_t now_ms = 1000;
    struct http_answer answer = {.reach = HTTP_ANSWERED,
                                 .status = 400,
                                 .error = "",
                                 .body = str_of(ERROR("ResourceNotFoundInOriginSystem")),
                                 .retry_after_ms = -1};
    plan_init(&plan, &limits);
    set(&rq, &facts[0]);
    rq.doubt = DOUBT_NONE;
    for (unsigned i = 0;; i++) {
        bool is_real =
            i % 2 == 1; /* a fresh object may be known to one server and not to another */
        rq.stage = is_real ? STAGE_SUBMIT : STAGE_DRY_RUN;
        rq.outcome =
            is_real ? graph_answer_submit(&rq, &answer) : graph_answer_dry_run(&rq, &answer, false);
        struct verdict verdict = plan_next(&plan, &rq, now_ms);
        plan_note(&rq, &verdict, now_ms);
        if (verdict.answer != ANSWER_NONE) {
            assert_int_equal(verdict.answer, ANSWER_REJECTED);
            assert_int_equal(i, sizeof pauses_ms / sizeof pauses_ms[0]);
            break;
        }
        assert_true(i < sizeof pauses_ms / sizeof pauses_ms[0]);
        assert_int_equal(verdict.next, STAGE_DRY_RUN);
        assert_int_equal(verdict.pause_ms, pauses_ms[i]);
        assert_int_equal(rq.retries[STAGE_DRY_RUN] + rq.retries[STAGE_SUBMIT], 0);
        now_ms += verdict.pause_ms;
    }
    assert_true(now_ms >= 1000 + limits.eventual_ms);
    assert_string_equal(rq.fault.code, "ResourceNotFoundInOriginSystem");
    request_finish(&rq);
}

static void a_message_is_passed_on_whole(void **state)
{
    (void)state;
    static const size_t sizes[] = {FAULT_MESSAGE_MAX - 1, FAULT_MESSAGE_MAX, GRAPH_MESSAGE_MAX,
                                   GRAPH_MESSAGE_MAX + 1};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        static char text[GRAPH_MESSAGE_MAX + 2], body[GRAPH_MESSAGE_MAX + 64];
        memset(text, 'x', sizes[i]);
        text[sizes[i]] = '\0';
        snprintf(body, sizeof body, "{\"error\":{\"code\":\"A\",\"message\":\"%s\"}}", text);
        struct request rq;
        struct http_answer answer = {.reach = HTTP_ANSWERED,
                                     .status = 400,
                                     .error = "",
                                     .body = str_of(body),
                                     .retry_after_ms = -1};
        set(&rq, &facts[0]);
        assert_int_equal(graph_answer_submit(&rq, &answer), OUTCOME_INVALID);
        const char *said = rq.fault.whole != NULL ? rq.fault.whole : rq.fault.message;
        assert_int_equal(strlen(said),
                         sizes[i] <= GRAPH_MESSAGE_MAX ? sizes[i] : FAULT_MESSAGE_MAX - 1);
        assert_int_equal(strncmp(said, text, strlen(said)), 0);
        request_finish(&rq);
    }
}

/* ---- the README ------------------------------------------------------------------------------ */

static const char *const whom[] = {
    [MEANT_ALL] = "",
    [MEANT_ADD] = "an add: ",
    [MEANT_REMOVAL] = "a removal: ",
    [MEANT_SETTLED_RESOURCE_REMOVAL] = "a resource's removal that look-ups did not find: ",
};

static const char *const what[OUTCOME_COUNT] = {
    [OUTCOME_EXISTS] = "`existing`",
    [OUTCOME_OPEN] = "looks what is there, up to `graph.eventual`; then `rejected`",
    [OUTCOME_EARLY] = "asks again, up to `graph.eventual`; then `rejected`",
    [OUTCOME_INVALID] = "`rejected`",
    [OUTCOME_PACED] = "waits and asks again",
    [OUTCOME_UNKNOWN] = "asks a dry run again, looks what became of a real request",
};

static void write_row(const struct graph_code *row, char *ret, size_t size)
{
    char status[32] = "any";
    if (row->statuses[1] != 0)
        snprintf(status, sizeof status, "%d, %d", row->statuses[0], row->statuses[1]);
    else if (row->statuses[0] != 0)
        snprintf(status, sizeof status, "%d", row->statuses[0]);
    snprintf(ret, size, "| %s | `%s` | %s%s | %s |\n", status, row->code, whom[row->meant],
             what[row->outcome], row->advice);
}

/* Row for row, so that neither side has a code that the other lacks. */
static void the_readme_lists_them_all(void **state)
{
    (void)state;
    static const char head[] = "| HTTP | `error.code` | what the worker does | what to do |\n"
                               "|---|---|---|---|\n";
    static char readme[1 << 17];
    FILE *file = fopen("README.md", "r");
    assert_non_null(file);
    readme[fread(readme, 1, sizeof readme - 1, file)] = '\0';
    (void)fclose(file);
    const char *at = strstr(readme, head);
    assert_non_null(at);
    at += strlen(head);
    for (size_t i = 0; i < graph_codes_count; i++) {
        char row[512];
        write_row(&graph_codes[i], row, sizeof row);
        size_t size = strlen(graph_codes[i].advice);
        assert_true(graph_codes[i].advice[size - 1] == '.');
        assert_true(utf8_is_printable(str_of(graph_codes[i].advice)));
        if (strncmp(at, row, strlen(row)) != 0)
            fail_msg("README.md lacks this row, or has it elsewhere:\n%s", row);
        at += strlen(row);
    }
    assert_true(*at != '|');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_has_its_class),
        cmocka_unit_test(every_code_has_a_fact),
        cmocka_unit_test(what_is_early_waits_for_graph_eventual),
        cmocka_unit_test(a_message_is_passed_on_whole),
        cmocka_unit_test(the_readme_lists_them_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
