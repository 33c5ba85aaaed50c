/* The calls of a followed request: where they go, and what Graph's answers to them mean. */
#include "worker/core/follow_look.h"
#include "worker/core/graph_error.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define ID    "0d1e2f3a-4b5c-4d6e-8f7a-8b9c0d1e2f3a"
#define OTHER "99999999-9999-4999-8999-999999999999"
#define BASE  "/identityGovernance/entitlementManagement/"
#define SINCE 1795299121999

static const struct followed assignment = {.kind = KIND_ASSIGNMENT, .graph_id = ID};
static const struct followed resource = {.kind = KIND_RESOURCE, .graph_id = ID};

static void asks_for_the_request(void **state)
{
    (void)state;
    char path[FOLLOW_PATH_MAX];
    follow_look_path(&assignment, BASE "accessPackageAssignmentRequests", path);
    assert_string_equal(path, BASE "accessPackageAssignmentRequests/" ID);
    follow_look_path(&resource, BASE "accessPackageResourceRequests", path);
    assert_string_equal(path,
                        BASE "accessPackageResourceRequests?$filter=startswith(id,%27" ID "%27)");
    follow_reprocess_path(&assignment, BASE "assignmentRequests", path);
    assert_string_equal(path, BASE "assignmentRequests/" ID "/reprocess");
}

#define ITEM(id, rest) "{\"id\":\"" id "\"" rest "}"
#define IS(state)      ",\"requestState\":\"" state "\""
#define ERROR(code)    "{\"error\":{\"code\":\"" code "\",\"message\":\"m\"}}"

static const struct row {
    enum http_reach reach;
    int status;
    const char *body;
    int64_t retry_after_ms;
    enum outcome outcome;
    enum follow_state state;
    const char *code; /* of the fault */
    int64_t pause_ms;
} rows[] = {
    {HTTP_ANSWERED, 200, ITEM(ID, IS("Delivering")), -1, OUTCOME_OK, FOLLOW_DELIVERING, "", 0},
    {HTTP_ANSWERED, 200, ITEM(ID, ",\"state\":\"denied\""), -1, OUTCOME_OK, FOLLOW_DENIED, "", 0},
    {HTTP_ANSWERED, 200, ITEM("0D1E2F3A-4B5C-4D6E-8F7A-8B9C0D1E2F3A", IS("Canceled")), -1,
     OUTCOME_OK, FOLLOW_CANCELED, "", 0},
    {HTTP_ANSWERED, 200, ITEM(ID, IS("Odd")), -1, OUTCOME_OK, FOLLOW_UNKNOWN, "", 0},
    {HTTP_ANSWERED, 200,
     "{\"value\":[" ITEM(OTHER, IS("Denied")) "," ITEM(ID, IS("Delivered")) "]}", -1, OUTCOME_OK,
     FOLLOW_DELIVERED, "", 0},
    {HTTP_ANSWERED, 200, "{\"value\":[]}", -1, OUTCOME_FAILED, FOLLOW_UNSEEN, "notFound", 0},
    {HTTP_ANSWERED, 200, ITEM(OTHER, IS("Delivered")), -1, OUTCOME_FAILED, FOLLOW_UNSEEN,
     "notFound", 0},
    {HTTP_ANSWERED, 200, ITEM(ID, ""), -1, OUTCOME_FAILED, FOLLOW_UNSEEN, "unreadableAnswer", 0},
    {HTTP_ANSWERED, 200, ITEM(ID, ",\"requestState\":null"), -1, OUTCOME_FAILED, FOLLOW_UNSEEN,
     "unreadableAnswer", 0},
    {HTTP_ANSWERED, 200, "<html>", -1, OUTCOME_FAILED, FOLLOW_UNSEEN, "unreadableAnswer", 0},
    {HTTP_ANSWERED, 404, ERROR("ResourceNotFound"), -1, OUTCOME_FAILED, FOLLOW_UNSEEN,
     "ResourceNotFound", 0},
    {HTTP_ANSWERED, 403, ERROR("Forbidden"), -1, OUTCOME_FAILED, FOLLOW_UNSEEN, "Forbidden", 0},
    {HTTP_ANSWERED, 504, "", -1, OUTCOME_FAILED, FOLLOW_UNSEEN, "timeout", 0},
    {HTTP_ANSWERED, 429, ERROR("TooManyRequests"), 2128, OUTCOME_PACED, FOLLOW_UNSEEN, "", 2128},
    {HTTP_ANSWERED, 503, "", -1, OUTCOME_PACED, FOLLOW_UNSEEN, "", PAUSE_THROTTLED_MS},
    {HTTP_ANSWERED, 401, ERROR("InvalidAuthenticationToken"), -1, OUTCOME_PACED, FOLLOW_UNSEEN, "",
     PAUSE_REFUSED_TOKEN_MS},
    {HTTP_LOST, 0, "", -1, OUTCOME_FAILED, FOLLOW_UNSEEN, "connectionLost", 0},
    {HTTP_NOT_SENT, 0, "", -1, OUTCOME_PACED, FOLLOW_UNSEEN, "", PAUSE_NOT_SENT_MS},
};

static struct http_answer answer_of(const struct row *row)
{
    return (struct http_answer){.reach = row->reach,
                                .status = row->status,
                                .body = str_of(row->body),
                                .error = "",
                                .retry_after_ms = row->retry_after_ms};
}

static void reads_every_answer(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct http_answer answer = answer_of(&rows[i]);
        struct follow_look look;
        print_message("%d %s\n", rows[i].status, rows[i].body);
        follow_look_read(&assignment, &answer, &look);
        assert_int_equal(look.outcome, rows[i].outcome);
        assert_int_equal(look.state, rows[i].state);
        assert_string_equal(look.fault.code, rows[i].code);
        assert_int_equal(look.pause_ms, rows[i].pause_ms);
        assert_int_equal(look.object != NULL, rows[i].outcome == OUTCOME_OK);
        follow_look_finish(&look);
    }
}

static void reads_when_it_was_completed(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        int64_t ms;
    } cases[] = {
        {ITEM(ID, IS("DeliveryFailed") ",\"completedDate\":\"2026-03-01T12:00:00Z\""),
         INT64_C(1772366400000)},
        {ITEM(ID, ",\"state\":\"denied\",\"completedDateTime\":\"2026-03-01T12:00:00Z\""),
         INT64_C(1772366400000)},
        {ITEM(ID, IS("DeliveryFailed") ",\"completedDate\":null"), 0},
        {ITEM(ID, IS("DeliveryFailed") ",\"completedDate\":\"soon\""), 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct row row = {HTTP_ANSWERED, 200, cases[i].body, -1, OUTCOME_OK, 0, "", 0};
        struct http_answer answer = answer_of(&row);
        struct follow_look look;
        print_message("%s\n", cases[i].body);
        follow_look_read(&assignment, &answer, &look);
        assert_int_equal(look.completed_ms, cases[i].ms);
        follow_look_finish(&look);
    }
}

/* ---- what follows ---- */

static const struct follow_rules rules = {.for_ms = 60000, .settle_ms = 1000};

static void says_what_it_saw(void **state)
{
    (void)state;
    struct follow_look look;
    struct http_answer answer = answer_of(&rows[1]);
    struct followed followed = assignment;
    followed.memory.since_ms = SINCE;
    follow_look_read(&followed, &answer, &look);
    struct follow_step step = follow_look_heed(&rules, &followed, &look, SINCE + 5000);
    assert_int_equal(step.act, FOLLOW_TELL);
    assert_int_equal(followed.word, FOLLOW_WORD_DENIED);
    assert_int_equal(followed.seen_ms, SINCE + 5000);
    assert_string_equal(followed.object, rows[1].body);
    assert_null(followed.code);
    follow_look_finish(&look);
}

static void says_why_it_saw_nothing(void **state)
{
    (void)state;
    struct follow_look look;
    struct http_answer answer = answer_of(&rows[11]);
    struct followed followed = assignment;
    followed.memory.since_ms = SINCE;
    follow_look_read(&followed, &answer, &look);
    struct follow_step step = follow_look_heed(&rules, &followed, &look, SINCE + 5000);
    assert_int_equal(step.act, FOLLOW_WAIT);
    assert_int_equal(followed.word, FOLLOW_NO_WORD);
    step = follow_look_heed(&rules, &followed, &look, SINCE + 60000);
    assert_int_equal(step.act, FOLLOW_TELL);
    assert_int_equal(followed.word, FOLLOW_WORD_STILL_PENDING);
    assert_string_equal(followed.code, "Forbidden");
    assert_int_equal(followed.http_status, 403);
    follow_look_finish(&look);
}

static void gives_up_what_has_no_id(void **state)
{
    (void)state;
    struct followed followed = {.kind = KIND_ASSIGNMENT, .graph_id = ""};
    struct follow_step step = follow_look_heed(&rules, &followed, NULL, SINCE);
    assert_int_equal(step.act, FOLLOW_TELL);
    assert_int_equal(followed.word, FOLLOW_WORD_STILL_PENDING);
    assert_string_equal(followed.code, "noGraphId");
}

/* Asked for again only where it cannot have been done: at most one. */
static void repeats_a_reprocess_that_was_not_done(void **state)
{
    (void)state;
    static const struct {
        enum http_reach reach;
        int status;
        bool undone;
    } cases[] = {
        {HTTP_NOT_SENT, 0, true},    {HTTP_REFUSED, 0, true},     {HTTP_ANSWERED, 429, true},
        {HTTP_ANSWERED, 401, true},  {HTTP_ANSWERED, 202, false}, {HTTP_ANSWERED, 400, false},
        {HTTP_ANSWERED, 503, false}, {HTTP_ANSWERED, 500, false}, {HTTP_LOST, 0, false},
        {HTTP_LOST, 429, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct http_answer answer = {.reach = cases[i].reach, .status = cases[i].status};
        assert_int_equal(follow_reprocess_is_undone(&answer), cases[i].undone);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(asks_for_the_request),
        cmocka_unit_test(reads_every_answer),
        cmocka_unit_test(reads_when_it_was_completed),
        cmocka_unit_test(says_what_it_saw),
        cmocka_unit_test(says_why_it_saw_nothing),
        cmocka_unit_test(gives_up_what_has_no_id),
        cmocka_unit_test(repeats_a_reprocess_that_was_not_done),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
