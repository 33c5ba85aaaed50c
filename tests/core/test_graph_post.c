#include "tests/core/records.h"
#include "worker/core/graph_post.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define IDS                                                        \
    "\"targetId\":\"" GUID_A "\",\"assignmentPolicyId\":\"" GUID_B \
    "\",\"accessPackageId\":\"" GUID_C "\""
#define ORIGIN "\"originId\":\"" GUID_B "\",\"originSystem\":\"AadGroup\""
#define BETA   "\"requestType\":\"AdminAdd\",\"accessPackageAssignment\":{" IDS "}"
#define V1     "\"requestType\":\"adminAdd\",\"assignment\":{" IDS "}"
#define BETA_RES                                                                                   \
    "\"requestType\":\"AdminAdd\",\"catalogId\":\"" GUID_A "\",\"accessPackageResource\":{" ORIGIN \
    "}"
#define V1_RES \
    "\"requestType\":\"adminAdd\",\"catalog\":{\"id\":\"" GUID_A "\"},\"resource\":{" ORIGIN "}"
#define DRY  "{\"isValidationOnly\":true,"
#define REAL "{\"isValidationOnly\":false,"

static void read_data(const char *type, const char *data, struct event *ret)
{
    char value[2048];
    snprintf(value, sizeof value, STRUCTURED("%s", "%s"), type, data);
    read_value(str_of(value), ret);
}

/* Whatever the setting is. */
static void a_dry_run_goes_to_beta(void **state)
{
    (void)state;
    for (enum graph_version submit = 0; submit < GRAPH_VERSIONS; submit++) {
        assert_int_equal(graph_post_version(false, submit), GRAPH_BETA);
        assert_int_equal(graph_post_version(true, submit), submit);
    }
}

/* And that is asserted where its body is written. */
static void a_dry_run_on_v1_ends_the_program(void **state)
{
    (void)state;
    struct event event;
    char body[1024];
    int ended = 0;
    read_value(str_of(GOOD), &event);
    assert_true(graph_post_prepare(&event, GRAPH_V1));
    pid_t child = fork();
    if (child == 0) {
        (void)close(STDERR_FILENO);
        (void)graph_post_write(&event, (struct graph_post){false, GRAPH_V1}, body, sizeof body);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &ended, 0), child);
    assert_true(WIFSIGNALED(ended) && WTERMSIG(ended) == SIGABRT);
    event_finish(&event);
}

/* Either shape, and what is sent of it. */
static const struct {
    const char *type, *data;
    const char *dry, *real_beta, *real_v1;
} bodies[] = {
    {TYPE_ASSIGNMENT, "{" BETA "}", DRY BETA "}", REAL BETA "}", "{" V1 "}"},
    {TYPE_ASSIGNMENT, "{" V1 "}", DRY BETA "}", REAL BETA "}", "{" V1 "}"},
    {TYPE_ASSIGNMENT, "{\"isValidationOnly\":true," V1 "}", DRY BETA "}", REAL BETA "}",
     "{" V1 "}"},
    {TYPE_RESOURCE, "{" BETA_RES "}", DRY BETA_RES "}", REAL BETA_RES "}", "{" V1_RES "}"},
    {TYPE_RESOURCE, "{" V1_RES "}", DRY BETA_RES "}", REAL BETA_RES "}", "{" V1_RES "}"},
    {TYPE_RESOURCE, "{" BETA_RES ",\"justification\":null,\"executeImmediately\":null}",
     DRY BETA_RES ",\"justification\":null,\"executeImmediately\":null}",
     REAL BETA_RES ",\"justification\":null,\"executeImmediately\":null}", "{" V1_RES "}"},
};

static void check_body(const struct event *event, bool for_real, enum graph_version submit,
                       const char *expected)
{
    struct graph_post post = {for_real, graph_post_version(for_real, submit)};
    size_t size = graph_post_size(event);
    char *body = malloc(size);
    size_t written = graph_post_write(event, post, body, size);
    if (written > size || written != strlen(expected) || memcmp(body, expected, written) != 0)
        fail_msg("%.*s\nis not %s", (int)written, body, expected);
    free(body);
}

static void both_posts_are_made_of_one_event(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        for (enum graph_version submit = 0; submit < GRAPH_VERSIONS; submit++) {
            struct event event;
            read_data(bodies[i].type, bodies[i].data, &event);
            assert_true(graph_post_prepare(&event, submit));
            check_body(&event, false, submit, bodies[i].dry);
            check_body(&event, true, submit,
                       submit == GRAPH_V1 ? bodies[i].real_v1 : bodies[i].real_beta);
            event_finish(&event);
        }
    }
}

/* Fine on beta. */
static const struct {
    const char *type, *data, *named;
} refused[] = {
    {TYPE_RESOURCE, "{" BETA_RES ",\"justification\":\"x\"}", "data.justification"},
    {TYPE_RESOURCE, "{" BETA_RES ",\"executeImmediately\":true}", "data.executeImmediately"},
    {TYPE_ASSIGNMENT, "{" BETA ",\"expirationDateTime\":\"2027-01-01T00:00:00Z\"}",
     "data.expirationDateTime"},
    {TYPE_ASSIGNMENT, "{" BETA ",\"new\":1}", "data.new"},
    {TYPE_ASSIGNMENT, "{" BETA ",\"isValidationOnly\":true,\"new\":1}", "data.new"},
    {TYPE_ASSIGNMENT,
     "{\"requestType\":\"UserExtend\",\"accessPackageAssignment\":{\"accessPackageId\":\"" GUID_C
     "\"}}",
     "v1.0 has no UserExtend"},
};

static void what_v1_does_not_have_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        struct event event;
        read_data(refused[i].type, refused[i].data, &event);
        assert_true(graph_post_prepare(&event, GRAPH_BETA));
        assert_false(graph_post_prepare(&event, GRAPH_V1));
        assert_int_equal(event.worth, EVENT_REFUSED);
        if (strcmp(event.fault.code, "notTranslated") != 0 ||
            strstr(event.fault.message, refused[i].named) == NULL)
            fail_msg("%s: `%s` %s", refused[i].data, event.fault.code, event.fault.message);
        event_finish(&event);
    }
}

static void what_is_no_good_event_stays_that(void **state)
{
    (void)state;
    struct event event;
    read_data(TYPE_ASSIGNMENT, "{}", &event);
    assert_false(graph_post_prepare(&event, GRAPH_V1));
    assert_false(graph_post_prepare(&event, GRAPH_BETA));
    assert_string_equal(event.fault.code, "missingMember");
    event_finish(&event);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_dry_run_goes_to_beta),
        cmocka_unit_test(a_dry_run_on_v1_ends_the_program),
        cmocka_unit_test(both_posts_are_made_of_one_event),
        cmocka_unit_test(what_v1_does_not_have_is_refused),
        cmocka_unit_test(what_is_no_good_event_stays_that),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
