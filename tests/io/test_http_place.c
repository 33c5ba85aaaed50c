/* Which calls are counted together, and in which words. */
#include "tests/io/metrics_settings.h"

#include "worker/io/http_place.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define BASE     "/identityGovernance/entitlementManagement/"
#define REQUESTS BASE "accessPackageAssignmentRequests"

static void test_places(void **state)
{
    (void)state;
    static const struct {
        const char *operation, *path;
        enum call_place place;
    } rows[] = {
        {"dry_run", REQUESTS, CALL_DRY_RUN_ASSIGNMENT},
        {"dry_run", BASE "accessPackageResourceRequests", CALL_DRY_RUN_RESOURCE},
        {"submit", BASE "assignmentRequests", CALL_SUBMIT_ASSIGNMENT},
        {"submit", BASE "resourceRequests", CALL_SUBMIT_RESOURCE},
        {"look", BASE "accessPackageAssignments?$filter=x", CALL_LOOK_ASSIGNMENTS},
        {"look", REQUESTS "?$filter=x", CALL_LOOK_REQUESTS},
        {"look", REQUESTS "/46184453", CALL_LOOK_REQUESTS},
        {"look", REQUESTS "Other", CALL_LOOK_OTHER},
        {"look", BASE "accessPackageCatalogs/1/accessPackageResources?$filter=x",
         CALL_LOOK_RESOURCES},
        {"look", "/whatever/a/server/calls/its/next/page", CALL_LOOK_OTHER},
        {"follow", REQUESTS "/1", CALL_FOLLOW_ASSIGNMENT},
        {"follow", BASE "accessPackageResourceRequests?$filter=x", CALL_FOLLOW_RESOURCE},
        {"reprocess", REQUESTS "/1/reprocess", CALL_REPROCESS_ASSIGNMENT},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (http_place(&metrics_settings, rows[i].operation, rows[i].path) != rows[i].place)
            fail_msg("%s %s", rows[i].operation, rows[i].path);
    }
}

static void test_words(void **state)
{
    (void)state;
    static const struct {
        enum call_place place;
        const char *method, *template, *address, *port;
    } rows[] = {
        {CALL_DRY_RUN_ASSIGNMENT, "POST", "/beta" REQUESTS, "graph.example", "443"},
        {CALL_SUBMIT_ASSIGNMENT, "POST", "/v1.0" BASE "assignmentRequests", "graph.example", "443"},
        {CALL_SUBMIT_RESOURCE, "POST", "/v1.0" BASE "resourceRequests", "graph.example", "443"},
        {CALL_LOOK_ASSIGNMENTS, "GET", "/beta" BASE "accessPackageAssignments", "graph.example",
         "443"},
        {CALL_LOOK_REQUESTS, "GET", "/beta" REQUESTS, "graph.example", "443"},
        {CALL_LOOK_RESOURCES, "GET",
         "/beta" BASE "accessPackageCatalogs/{id}/accessPackageResources", "graph.example", "443"},
        {CALL_LOOK_OTHER, "GET", "", "graph.example", "443"},
        {CALL_FOLLOW_ASSIGNMENT, "GET", "/beta" REQUESTS "/{id}", "graph.example", "443"},
        {CALL_REPROCESS_ASSIGNMENT, "POST", "/beta" REQUESTS "/{id}/reprocess", "graph.example",
         "443"},
        {CALL_TOKEN, "POST", "/{tenant}/oauth2/v2.0/token", "[::1]", "8443"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct http_place_words words;
        http_place_words(&metrics_settings, rows[i].place, &words);
        assert_string_equal(words.method, rows[i].method);
        assert_string_equal(words.template, rows[i].template);
        assert_string_equal(words.address, rows[i].address);
        assert_string_equal(words.port, rows[i].port);
    }
    struct settings identity = metrics_settings;
    struct http_place_words words;
    identity.graph.auth = AUTH_MANAGED_IDENTITY;
    http_place_words(&identity, CALL_TOKEN, &words);
    assert_string_equal(words.method, "GET");
    assert_string_equal(words.template, "/metadata/identity/oauth2/token");
    assert_string_equal(words.address, "169.254.169.254");
    assert_string_equal(words.port, "80");
    identity.graph.submit_version = GRAPH_BETA;
    identity.graph.base_url = "http://127.0.0.1:8080/proxy/beta";
    http_place_words(&identity, CALL_SUBMIT_ASSIGNMENT, &words);
    assert_string_equal(words.template, "/proxy/beta" REQUESTS);
    assert_string_equal(words.port, "8080");
}

/* However long the settings are. */
static void test_long(void **state)
{
    (void)state;
    static char url[2048] = "https://";
    struct settings large = metrics_settings;
    struct http_place_words words;
    memset(url + 8, 'a', sizeof url - 9);
    large.graph.base_url = url;
    http_place_words(&large, CALL_SUBMIT_ASSIGNMENT, &words);
    assert_string_equal(words.address, "");
    assert_string_equal(words.port, "443");
    large.graph.base_url = "https://h";
    large.graph.v1_assignment_path = url;
    http_place_words(&large, CALL_SUBMIT_ASSIGNMENT, &words);
    assert_int_equal(strlen(words.template), sizeof words.template - 1);
}

static void test_expected(void **state)
{
    (void)state;
    struct settings other = metrics_settings;
    assert_int_equal(http_place_expected(&other, CALL_SUBMIT_RESOURCE),
                     call_ending(201, CALL_ERROR_NONE));
    assert_int_equal(http_place_expected(&other, CALL_FOLLOW_ASSIGNMENT), CALL_ENDINGS);
    assert_int_equal(http_place_expected(&other, CALL_TOKEN), call_ending(200, CALL_ERROR_NONE));
    other.graph.auth = AUTH_TOKEN;
    other.follow.enabled = true;
    assert_int_equal(http_place_expected(&other, CALL_FOLLOW_ASSIGNMENT),
                     call_ending(200, CALL_ERROR_NONE));
    assert_int_equal(http_place_expected(&other, CALL_TOKEN), CALL_ENDINGS);
}

static void test_endings(void **state)
{
    (void)state;
    struct http_answer answer = {.reach = HTTP_ANSWERED, .status = 404};
    assert_string_equal(call_ending_error(http_place_ending(&answer)), "404");
    answer.reach = HTTP_LOST;
    assert_string_equal(call_ending_error(http_place_ending(&answer)), "lost");
    answer.timed_out = true;
    assert_string_equal(call_ending_error(http_place_ending(&answer)), "timeout");
    answer = (struct http_answer){.reach = HTTP_REFUSED};
    assert_string_equal(call_ending_error(http_place_ending(&answer)), "not_sent");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_places),  cmocka_unit_test(test_words),
        cmocka_unit_test(test_long),    cmocka_unit_test(test_expected),
        cmocka_unit_test(test_endings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
