#include "worker/core/graph_answer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
// cmocka needs the headers above first.
#include <cmocka.h>

#define ERROR(code) "{\"error\":{\"code\":\"" code "\",\"message\":\"why\"}}"
#define OPEN                                                                   \
    "{\"error\":{\"code\":\"InvalidRequest\",\"message\":\"no\",\"details\":[" \
    "{\"code\":\"Other\"},{\"code\":\"ExistingOpenRequest\",\"message\":\"open\"}]}}"
#define ECHO   "{\"id\":\"1\",\"isValidationOnly\":true}"
#define NOECHO "{\"id\":\"1\"}"

enum { ADD = REQUEST_TYPE_ADMIN_ADD, REMOVE = REQUEST_TYPE_ADMIN_REMOVE };

static void set(struct request *rq, enum request_type type)
{
    *rq = (struct request){.event.kind = KIND_ASSIGNMENT, .event.request_type = type};
}

static struct http_answer answer_of(enum http_reach reach, int status, const char *body)
{
    return (struct http_answer){.reach = reach,
                                .status = status,
                                .body = str_of(body),
                                .error = reach == HTTP_ANSWERED ? "" : "it broke",
                                .retry_after_ms = -1};
}

static const struct row {
    bool real;
    int type; /* 0: ADD */
    long status;
    const char *body;
    int64_t retry_after_ms; /* 0: none */
    enum outcome expected;
    const char *code; /* of the fault; NULL: no fault */
    int64_t pause_ms;
} rows[] = {
    {false, 0, 201, ECHO, 0, OUTCOME_OK, NULL, 0},
    {false, 0, 200, ECHO, 0, OUTCOME_OK, NULL, 0},
    {false, 0, 201, NOECHO, 0, OUTCOME_UNSAFE, "dryRunNotEchoed", 0},
    {false, 0, 201, "{\"isValidationOnly\":false}", 0, OUTCOME_UNSAFE, "dryRunNotEchoed", 0},
    {false, 0, 201, "{\"isValidationOnly\":\"true\"}", 0, OUTCOME_UNSAFE, "dryRunNotEchoed", 0},
    {false, 0, 201, "{\"isvalidationonly\":true}", 0, OUTCOME_UNSAFE, "dryRunNotEchoed", 0},
    {false, 0, 201, "{\"a\":{\"isValidationOnly\":true}}", 0, OUTCOME_UNSAFE, "dryRunNotEchoed", 0},
    {false, 0, 201, ECHO "x", 0, OUTCOME_UNSAFE, "dryRunNotEchoed", 0},
    {false, 0, 201, "[" ECHO "]", 0, OUTCOME_UNSAFE, "dryRunNotEchoed", 0},
    {false, 0, 204, "", 0, OUTCOME_UNSAFE, "dryRunNotEchoed", 0},
    {false, 0, 409, ERROR("InvalidRequestExistingGrant"), 0, OUTCOME_EXISTS,
     "InvalidRequestExistingGrant", 0},
    {false, REMOVE, 409, ERROR("InvalidRequestExistingGrant"), 0, OUTCOME_INVALID,
     "InvalidRequestExistingGrant", 0},
    {false, REQUEST_TYPE_ADMIN_UPDATE, 409, ERROR("InvalidRequestExistingGrant"), 0,
     OUTCOME_INVALID, "InvalidRequestExistingGrant", 0},
    {false, REQUEST_TYPE_USER_ADD, 409, ERROR("InvalidRequestExistingGrant"), 0, OUTCOME_EXISTS,
     "InvalidRequestExistingGrant", 0},
    {false, 0, 400, ERROR("InvalidRequestExistingGrant"), 0, OUTCOME_INVALID,
     "InvalidRequestExistingGrant", 0},
    {false, 0, 409, ERROR("Conflict"), 0, OUTCOME_INVALID, "Conflict", 0},
    {false, REMOVE, 404, ERROR("InvalidRequestNoActiveGrant"), 0, OUTCOME_EXISTS,
     "InvalidRequestNoActiveGrant", 0},
    {false, REQUEST_TYPE_USER_REMOVE, 404, ERROR("InvalidRequestNoActiveGrant"), 0, OUTCOME_EXISTS,
     "InvalidRequestNoActiveGrant", 0},
    {false, 0, 404, ERROR("InvalidRequestNoActiveGrant"), 0, OUTCOME_INVALID,
     "InvalidRequestNoActiveGrant", 0},
    {false, REQUEST_TYPE_ADMIN_UPDATE, 404, ERROR("InvalidRequestNoActiveGrant"), 0,
     OUTCOME_INVALID, "InvalidRequestNoActiveGrant", 0},
    {false, 0, 400, OPEN, 0, OUTCOME_OPEN, "InvalidRequest", 0},
    {false, REMOVE, 400, OPEN, 0, OUTCOME_OPEN, "InvalidRequest", 0},
    {false, 0, 400, ERROR("ResourceAlreadyOnboarded"), 0, OUTCOME_OPEN, "ResourceAlreadyOnboarded",
     0},
    {false, 0, 400, ERROR("ResourceNotFoundInOriginSystem"), 0, OUTCOME_EARLY,
     "ResourceNotFoundInOriginSystem", 0},
    {false, 0, 404, ERROR("ResourceNotFound"), 0, OUTCOME_EARLY, "ResourceNotFound", 0},
    {false, 0, 400, ERROR("ResourceNotFound"), 0, OUTCOME_INVALID, "ResourceNotFound", 0},
    {false, 0, 400, ERROR("CallerNotResourceOwner"), 0, OUTCOME_INVALID, "CallerNotResourceOwner",
     0},
    {false, 0, 400, ERROR("UnknownError"), 0, OUTCOME_FAILED, "UnknownError", 0},
    {false, 0, 403, ERROR("Forbidden"), 0, OUTCOME_INVALID, "Forbidden", 0},
    {false, 0, 403, "<html>no</html>", 0, OUTCOME_FAILED, "notGraph", 0},
    {false, 0, 400, "{\"error\":{}}", 0, OUTCOME_FAILED, "notGraph", 0},
    {false, 0, 400, "{\"error\":{\"code\":\"\"}}", 0, OUTCOME_FAILED, "notGraph", 0},
    {false, 0, 400, "{\"error\":{\"code\":\"two words\"}}", 0, OUTCOME_FAILED, "notGraph", 0},
    {false, 0, 400, "{\"error\":\"code\"}", 0, OUTCOME_FAILED, "notGraph", 0},
    {false, 0, 408, ERROR("Timeout"), 0, OUTCOME_FAILED, "Timeout", 0},
    {false, 0, 429, ERROR("TooManyRequests"), 2128, OUTCOME_PACED, "TooManyRequests", 2128},
    {false, 0, 429, "", 0, OUTCOME_PACED, "throttled", 5000},
    {false, 0, 503, "", 0, OUTCOME_PACED, "throttled", 5000},
    {false, 0, 503, "<html>", 7000, OUTCOME_PACED, "throttled", 7000},
    {false, 0, 401, ERROR("InvalidAuthenticationToken"), 0, OUTCOME_PACED,
     "InvalidAuthenticationToken", 10000},
    {false, 0, 401, "", 0, OUTCOME_PACED, "tokenRefused", 10000},
    {false, 0, 302, "", 0, OUTCOME_FAILED, "redirected", 0},
    {false, 0, 500, ERROR("InternalServerError"), 0, OUTCOME_FAILED, "InternalServerError", 0},
    {false, 0, 502, "<html>", 0, OUTCOME_FAILED, "badGateway", 0},
    {false, 0, 504, "", 0, OUTCOME_FAILED, "timeout", 0},

    {true, 0, 201, "{\"id\":\"1\"}", 0, OUTCOME_OK, NULL, 0},
    {true, 0, 200, "garbage", 0, OUTCOME_OK, NULL, 0},
    {true, 0, 204, "", 0, OUTCOME_OK, NULL, 0},
    {true, 0, 409, ERROR("InvalidRequestExistingGrant"), 0, OUTCOME_EXISTS,
     "InvalidRequestExistingGrant", 0},
    {true, REMOVE, 409, ERROR("InvalidRequestExistingGrant"), 0, OUTCOME_INVALID,
     "InvalidRequestExistingGrant", 0},
    {true, REMOVE, 404, ERROR("InvalidRequestNoActiveGrant"), 0, OUTCOME_EXISTS,
     "InvalidRequestNoActiveGrant", 0},
    {true, 0, 400, OPEN, 0, OUTCOME_OPEN, "InvalidRequest", 0},
    {true, 0, 400, ERROR("ResourceAlreadyOnboarded"), 0, OUTCOME_OPEN, "ResourceAlreadyOnboarded",
     0},
    {true, 0, 400, ERROR("ResourceNotFoundInOriginSystem"), 0, OUTCOME_EARLY,
     "ResourceNotFoundInOriginSystem", 0},
    {true, 0, 404, ERROR("ResourceNotFound"), 0, OUTCOME_EARLY, "ResourceNotFound", 0},
    {true, 0, 403, ERROR("Forbidden"), 0, OUTCOME_INVALID, "Forbidden", 0},
    {true, 0, 429, "", 0, OUTCOME_PACED, "throttled", 5000},
    {true, 0, 429, ERROR("TooManyRequests"), 1, OUTCOME_PACED, "TooManyRequests", 1},
    {true, 0, 503, ERROR("ServiceUnavailable"), 3000, OUTCOME_PACED, "ServiceUnavailable", 3000},
    {true, 0, 503, ERROR("ServiceUnavailable"), 0, OUTCOME_UNKNOWN, "ServiceUnavailable", 0},
    {true, 0, 503, "<html>", 3000, OUTCOME_UNKNOWN, "throttled", 0},
    {true, 0, 401, ERROR("InvalidAuthenticationToken"), 0, OUTCOME_PACED,
     "InvalidAuthenticationToken", 10000},
    {true, 0, 401, "", 0, OUTCOME_UNKNOWN, "tokenRefused", 0},
    {true, 0, 400, ERROR("UnknownError"), 0, OUTCOME_UNKNOWN, "UnknownError", 0},
    {true, 0, 408, ERROR("RequestTimeout"), 0, OUTCOME_UNKNOWN, "RequestTimeout", 0},
    {true, 0, 404, "<html>", 0, OUTCOME_UNKNOWN, "notGraph", 0},
    {true, 0, 409, "", 0, OUTCOME_UNKNOWN, "notGraph", 0},
    {true, 0, 307, "", 0, OUTCOME_UNKNOWN, "redirected", 0},
    {true, 0, 500, ERROR("InternalServerError"), 0, OUTCOME_UNKNOWN, "InternalServerError", 0},
    {true, 0, 504, "", 0, OUTCOME_UNKNOWN, "timeout", 0},
    {true, 0, 101, "", 0, OUTCOME_UNKNOWN, "badGateway", 0},
    {true, 0, 600, "", 0, OUTCOME_UNKNOWN, "badGateway", 0},
};

static void check_row(const struct row *row)
{
    struct request rq;
    set(&rq, row->type != 0 ? (enum request_type)row->type : REQUEST_TYPE_ADMIN_ADD);
    struct http_answer answer = answer_of(HTTP_ANSWERED, (int)row->status, row->body);
    answer.retry_after_ms = row->retry_after_ms > 0 ? row->retry_after_ms : -1;
    enum outcome outcome =
        row->real ? graph_answer_submit(&rq, &answer) : graph_answer_dry_run(&rq, &answer, false);
    const char *code = row->code != NULL ? row->code : "";
    bool status_kept = row->code == NULL || rq.fault.http_status == row->status;
    bool stage_kept =
        row->code == NULL || rq.fault.stage == (row->real ? STAGE_SUBMIT : STAGE_DRY_RUN);
    if (outcome != row->expected || strcmp(rq.fault.code, code) != 0 || !status_kept ||
        !stage_kept || rq.pause_ms != row->pause_ms)
        fail_msg("%s %ld %s: %s, code \"%s\", pause %lld; expected %s, \"%s\", %lld",
                 row->real ? "submit" : "dry_run", row->status, row->body, outcome_name(outcome),
                 rq.fault.code, (long long)rq.pause_ms, outcome_name(row->expected), code,
                 (long long)row->pause_ms);
    request_finish(&rq);
}

static void test_answers(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        check_row(&rows[i]);
}

/* The class table once more, as a rule over all statuses: what may have happened is never called
 * anything else, and nothing else is called so. */
static void test_every_status_of_a_real_request(void **state)
{
    (void)state;
    static const char *const bodies[] = {"", "<html>", NOECHO, ERROR("Some"),
                                         ERROR("UnknownError")};
    for (int status = 100; status < 620; status++)
        for (size_t b = 0; b < 5; b++)
            for (int64_t after_ms = -1; after_ms < 1; after_ms++) {
                struct request rq;
                set(&rq, REQUEST_TYPE_ADMIN_ADD);
                struct http_answer answer = answer_of(HTTP_ANSWERED, status, bodies[b]);
                answer.retry_after_ms = after_ms;
                enum outcome outcome = graph_answer_submit(&rq, &answer);
                bool own = b >= 3, definite = b == 3;
                bool known = (status >= 200 && status < 300) || status == 429 ||
                             (status >= 400 && status < 500 && status != 408 && definite) ||
                             (status == 503 && own && after_ms >= 0);
                if (known != (outcome != OUTCOME_UNKNOWN))
                    fail_msg("status %d, %s: %s", status, bodies[b], outcome_name(outcome));
                request_finish(&rq);
            }
}

static void test_not_answered(void **state)
{
    (void)state;
    static const struct {
        enum http_reach reach;
        int status;
        bool timed_out;
        enum outcome dry_run, submit;
        const char *code;
        int64_t pause_ms;
    } cases[] = {
        {HTTP_NOT_SENT, 0, false, OUTCOME_PACED, OUTCOME_PACED, "graphUnreachable", 1000},
        {HTTP_LOST, 0, false, OUTCOME_FAILED, OUTCOME_UNKNOWN, "connectionLost", 0},
        {HTTP_LOST, 0, true, OUTCOME_FAILED, OUTCOME_UNKNOWN, "timeout", 0},
        {HTTP_LOST, 409, false, OUTCOME_FAILED, OUTCOME_UNKNOWN, "connectionLost", 0},
        {HTTP_LOST, 429, false, OUTCOME_FAILED, OUTCOME_UNKNOWN, "connectionLost", 0},
        /* The status line said that it was done. */
        {HTTP_LOST, 201, false, OUTCOME_FAILED, OUTCOME_OK, "connectionLost", 0},
        {HTTP_LOST, 100, false, OUTCOME_FAILED, OUTCOME_UNKNOWN, "connectionLost", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct request rq;
        struct http_answer answer = answer_of(cases[i].reach, cases[i].status, "");
        answer.timed_out = cases[i].timed_out;
        set(&rq, REQUEST_TYPE_ADMIN_ADD);
        assert_int_equal(graph_answer_dry_run(&rq, &answer, true), cases[i].dry_run);
        assert_string_equal(rq.fault.code, cases[i].code);
        assert_int_equal(rq.pause_ms, cases[i].pause_ms);
        assert_non_null(strstr(rq.fault.message, "it broke"));
        assert_int_equal(graph_answer_submit(&rq, &answer), cases[i].submit);
        request_finish(&rq);
    }
    struct request rq;
    struct http_answer refused = answer_of(HTTP_REFUSED, 0, "");
    set(&rq, REQUEST_TYPE_ADMIN_ADD);
    assert_int_equal(graph_answer_submit(&rq, &refused), OUTCOME_STALE);
    assert_string_equal(rq.fault.code, "claimStale");
    request_finish(&rq);
}

/* A removal of a resource that is not there: gone, once look-ups have seen the catalog itself. */
static void test_settled_resource_removal(void **state)
{
    (void)state;
    static const struct {
        enum kind kind;
        enum request_type type;
        unsigned absences;
        enum outcome expected;
    } cases[] = {
        {KIND_RESOURCE, REQUEST_TYPE_ADMIN_REMOVE, 1, OUTCOME_EXISTS},
        {KIND_RESOURCE, REQUEST_TYPE_ADMIN_REMOVE, 0, OUTCOME_EARLY},
        {KIND_RESOURCE, REQUEST_TYPE_ADMIN_ADD, 1, OUTCOME_EARLY},
        {KIND_ASSIGNMENT, REQUEST_TYPE_ADMIN_REMOVE, 1, OUTCOME_EARLY},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct request rq;
        set(&rq, cases[i].type);
        rq.event.kind = cases[i].kind;
        rq.absences = cases[i].absences;
        struct http_answer answer = answer_of(HTTP_ANSWERED, 404, ERROR("ResourceNotFound"));
        enum outcome dry_run = graph_answer_dry_run(&rq, &answer, false);
        if (dry_run != cases[i].expected || graph_answer_submit(&rq, &answer) != dry_run)
            fail_msg("case %zu: %s", i, outcome_name(dry_run));
        request_finish(&rq);
    }
}

static void test_was_called(void **state)
{
    (void)state;
    static const bool expected[] = {[HTTP_NOT_SENT] = false,
                                    [HTTP_REFUSED] = false,
                                    [HTTP_LOST] = true,
                                    [HTTP_ANSWERED] = true};
    for (int reach = 0; reach < 4; reach++) {
        struct http_answer answer = answer_of((enum http_reach)reach, 0, "");
        assert_int_equal(graph_was_called(&answer), expected[reach]);
    }
}

static void test_lenient(void **state)
{
    (void)state;
    static const struct {
        const char *body, *error;
        enum outcome expected;
    } cases[] = {
        {ECHO, "", OUTCOME_OK},
        {NOECHO, "", OUTCOME_OK},
        {"{\"isValidationOnly\":null}", "", OUTCOME_OK},
        {"", "", OUTCOME_OK},
        {"", "the body is too large", OUTCOME_UNSAFE},
        {"{\"isValidationOnly\":false}", "", OUTCOME_UNSAFE},
        {"{\"isValidationOnly\":0}", "", OUTCOME_UNSAFE},
        {"{\"isValidationOnly\":true", "", OUTCOME_UNSAFE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct request rq;
        set(&rq, REQUEST_TYPE_ADMIN_ADD);
        struct http_answer answer = answer_of(HTTP_ANSWERED, 201, cases[i].body);
        answer.error = cases[i].error;
        enum outcome outcome = graph_answer_dry_run(&rq, &answer, true);
        if (outcome != cases[i].expected)
            fail_msg("lenient, %s: %s", cases[i].body, outcome_name(outcome));
        request_finish(&rq);
    }
}

#define OF_V1                                                                                   \
    "{\"id\":\"3\",\"requestType\":\"adminAdd\",\"state\":\"deliveryFailed\",\"status\":\"x\"," \
    "\"assignment\":{\"state\":\"delivering\"},\"isValidationOnly\":false}"

static void test_what_is_kept(void **state)
{
    (void)state;
    struct request rq;
    set(&rq, REQUEST_TYPE_ADMIN_ADD);
    rq.event.validation_only = true;
    struct http_answer answer = answer_of(HTTP_ANSWERED, 201, ECHO);
    memcpy(answer.request_id, "abc", 4);
    memcpy(answer.diagnostic, "{}", 3);
    assert_int_equal(graph_answer_dry_run(&rq, &answer, false), OUTCOME_VALIDATED);
    assert_string_equal(rq.graph.object, ECHO);
    assert_string_equal(rq.graph.request_id, "abc");
    assert_string_equal(rq.graph.diagnostic, "{}");
    /* An error is no object, and the dry run's must not stand beside it. */
    answer = answer_of(HTTP_ANSWERED, 400, OPEN);
    assert_int_equal(graph_answer_submit(&rq, &answer), OUTCOME_OPEN);
    assert_null(rq.graph.object);
    assert_string_equal(rq.graph.request_id, "abc");
    assert_string_equal(rq.fault.message, "no");
    assert_string_equal(
        rq.fault.details,
        "[{\"code\":\"Other\"},{\"code\":\"ExistingOpenRequest\",\"message\":\"open\"}]");
    answer = answer_of(HTTP_ANSWERED, 201, "{\"id\":\"2\"}");
    assert_int_equal(graph_answer_submit(&rq, &answer), OUTCOME_OK);
    assert_string_equal(rq.graph.object, "{\"id\":\"2\"}");
    assert_string_equal(rq.fault.code, "");
    answer = answer_of(HTTP_ANSWERED, 201, OF_V1);
    assert_int_equal(graph_answer_submit(&rq, &answer), OUTCOME_OK);
    assert_string_equal(rq.graph.object, OF_V1); /* as it came */
    answer = answer_of(HTTP_ANSWERED, 201, "{\"id\":");
    assert_int_equal(graph_answer_submit(&rq, &answer), OUTCOME_OK);
    assert_null(rq.graph.object);
    request_finish(&rq);
}

static void test_wants_token(void **state)
{
    (void)state;
    static const struct {
        enum http_reach reach;
        int status;
        const char *body;
        bool challenged, real, dry_run;
    } cases[] = {
        {HTTP_ANSWERED, 401, ERROR("InvalidAuthenticationToken"), false, true, true},
        {HTTP_ANSWERED, 401, "", false, false, true},
        {HTTP_ANSWERED, 401, ERROR("UnknownError"), false, false, true},
        {HTTP_ANSWERED, 401, "", true, false, true},
        {HTTP_LOST, 401, "", false, false, false},
        {HTTP_LOST, 403, "", true, false, false},
        {HTTP_ANSWERED, 403, ERROR("Forbidden"), false, false, false},
        {HTTP_ANSWERED, 403, ERROR("Forbidden"), true, true, true},
        {HTTP_ANSWERED, 403, "", true, false, true},
        {HTTP_ANSWERED, 201, ECHO, true, false, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct http_answer answer = answer_of(cases[i].reach, cases[i].status, cases[i].body);
        assert_int_equal(graph_answer_wants_token(&answer, cases[i].challenged, true),
                         cases[i].real);
        assert_int_equal(graph_answer_wants_token(&answer, cases[i].challenged, false),
                         cases[i].dry_run);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers),      cmocka_unit_test(test_every_status_of_a_real_request),
        cmocka_unit_test(test_not_answered), cmocka_unit_test(test_lenient),
        cmocka_unit_test(test_what_is_kept), cmocka_unit_test(test_wants_token),
        cmocka_unit_test(test_was_called),   cmocka_unit_test(test_settled_resource_removal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
