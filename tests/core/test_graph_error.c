#include "worker/core/graph_error.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
// cmocka needs the headers above first.
#include <cmocka.h>

static cJSON *parse(const char *body)
{
    struct http_answer answer = {.reach = HTTP_ANSWERED, .status = 400, .body = str_of(body)};
    return graph_body_parse(&answer);
}

static void test_bodies(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        bool readable;
        const char *code, *message;
    } rows[] = {
        {"{\"error\":{\"code\":\"A\",\"message\":\"m\"}}", true, "A", "m"},
        {" {\"error\":{\"code\":\"A\"}}\r\n", true, "A", ""},
        {"{\"error\":{\"code\":\"A\",\"message\":{\"lang\":\"en\"}}}", true, "A", ""},
        {"{\"error\":{\"code\":\"A\",\"message\":{\"lang\":\"en\",\"value\":\"m\"}}}", true, "A",
         "m"},
        {"{\"error\":{\"code\":\"A\",\"message\":{\"value\":7}}}", true, "A", ""},
        {"{\"error\":{\"code\":\"A\",\"message\":[\"m\"]}}", true, "A", ""},
        {"{\"error\":{\"code\":7,\"message\":\"m\"}}", true, NULL, "m"},
        {"{\"error\":{\"code\":\"a b\"}}", true, NULL, ""},
        {"{\"error\":{\"code\":\"\xC3\xA9\"}}", true, NULL, ""},
        {"{\"Error\":{\"code\":\"A\"}}", true, NULL, ""},
        {"{\"error\":[]}", true, NULL, ""},
        {"{}", true, NULL, ""},
        {"[]", false, NULL, ""},
        {"", false, NULL, ""},
        {"<html>", false, NULL, ""},
        {"{\"error\":{\"code\":\"A\"}}{", false, NULL, ""},
        {"{\"error\":{\"code\":\"A\",\"code\":\"B\"}}", false, NULL, ""},
        {"{\"error\":{\"code\":\"A\\u0000\"}}", false, NULL, ""},
        {"{\"error\":{\"code\":\"\xFF\"}}", false, NULL, ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        cJSON *tree = parse(rows[i].body);
        struct graph_error error = graph_error_read(tree);
        bool same_code = rows[i].code == NULL
                             ? error.code == NULL
                             : error.code != NULL && strcmp(error.code, rows[i].code) == 0;
        if ((tree != NULL) != rows[i].readable || !same_code ||
            strcmp(error.message, rows[i].message) != 0)
            fail_msg("%s: code %s, message %s", rows[i].body, error.code ? error.code : "(none)",
                     error.message);
        cJSON_Delete(tree);
    }
}

static void test_code_of_any_length(void **state)
{
    (void)state;
    for (size_t size = 1; size < 2 * FAULT_CODE_MAX; size++) {
        char code[2 * FAULT_CODE_MAX] = "", body[3 * FAULT_CODE_MAX];
        memset(code, 'x', size);
        snprintf(body, sizeof body, "{\"error\":{\"code\":\"%s\"}}", code);
        cJSON *tree = parse(body);
        struct graph_error error = graph_error_read(tree);
        assert_int_equal(error.code != NULL, size < FAULT_CODE_MAX);
        cJSON_Delete(tree);
    }
}

static void test_says(void **state)
{
    (void)state;
    cJSON *tree = parse("{\"error\":{\"code\":\"A\",\"details\":[null,7,{\"code\":1},{\"code\":"
                        "\"B\"},{\"code\":\"C\"}]}}");
    struct graph_error error = graph_error_read(tree);
    assert_true(graph_error_says(&error, "A"));
    assert_true(graph_error_says(&error, "B"));
    assert_true(graph_error_says(&error, "C"));
    assert_false(graph_error_says(&error, "a"));
    assert_false(graph_error_says(&error, "D"));
    cJSON_Delete(tree);
    error = graph_error_read(NULL);
    assert_false(graph_error_says(&error, "A"));
}

static void test_no_body_where_the_answer_is_not_whole(void **state)
{
    (void)state;
    struct http_answer answer = {.reach = HTTP_LOST, .body = str_of("{}")};
    assert_null(graph_body_parse(&answer));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bodies),
        cmocka_unit_test(test_code_of_any_length),
        cmocka_unit_test(test_says),
        cmocka_unit_test(test_no_body_where_the_answer_is_not_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
