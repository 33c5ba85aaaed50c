#include "worker/core/look_match.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
// cmocka needs the headers above first.
#include <cmocka.h>

#define GUID_A "aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa"
#define GUID_B "bbbbbbbb-bbbb-bbbb-bbbb-bbbbbbbbbbbb"

static void test_changes(void **state)
{
    (void)state;
    static const enum change expected[REQUEST_TYPE_COUNT] = {
        [REQUEST_TYPE_NONE] = CHANGE_UPDATE,         [REQUEST_TYPE_ADMIN_ADD] = CHANGE_ADD,
        [REQUEST_TYPE_ADMIN_UPDATE] = CHANGE_UPDATE, [REQUEST_TYPE_ADMIN_REMOVE] = CHANGE_REMOVAL,
        [REQUEST_TYPE_USER_ADD] = CHANGE_ADD,        [REQUEST_TYPE_USER_EXTEND] = CHANGE_UPDATE,
        [REQUEST_TYPE_USER_UPDATE] = CHANGE_UPDATE,  [REQUEST_TYPE_USER_REMOVE] = CHANGE_REMOVAL,
    };
    for (int type = 0; type < REQUEST_TYPE_COUNT; type++) {
        struct request rq = {.event.request_type = (enum request_type)type};
        assert_int_equal(look_change_of(&rq), expected[type]);
    }
}

static void test_package_of(void **state)
{
    (void)state;
    static const struct {
        const char *assignment, *expected;
    } rows[] = {
        {"{\"accessPackageId\":\"" GUID_A "\"}", GUID_A},
        {"{\"accessPackageId\":null,\"accessPackage\":{\"id\":\"" GUID_A "\"}}", GUID_A},
        {"{\"accessPackageId\":\"AAAAAAAA-AAAA-AAAA-AAAA-AAAAAAAAAAAA\"}", GUID_A},
        {"{\"accessPackageId\":\"' or 1 eq 1\"}", ""},
        {"{\"accessPackage\":7}", ""},
        {"{}", ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char package[GUID_SIZE];
        look_package_of(rows[i].assignment, package);
        if (strcmp(package, rows[i].expected) != 0)
            fail_msg("%s: \"%s\"", rows[i].assignment, package);
    }
}

static void test_empty_ids_match_nothing(void **state)
{
    (void)state;
    struct request rq = {.doubt = DOUBT_OPEN,
                         .event = {.kind = KIND_ASSIGNMENT,
                                   .request_type = REQUEST_TYPE_ADMIN_ADD,
                                   .subject = {.target_email = "", .origin_id = ""}}};
    static const char text[] = "[{\"targetId\":\"\",\"originId\":\"\",\"id\":\"\"}]";
    cJSON *list = cJSON_ParseWithLength(text, sizeof text - 1);
    const cJSON *item = NULL;
    assert_non_null(list);
    assert_null(look_standing(&rq, list));
    assert_null(look_resource(&rq, list));
    assert_int_equal(look_best_match(&rq, list, &item), MATCH_NONE);
    assert_null(item);
    cJSON_Delete(list);
}

#define BODY(reason) "\"justification\":" reason ",\"more\":{}"
#define ROW(reason, time) \
    "\"justification\":" reason ",\"createdDateTime\":\"2026-03-01T" time "Z\""

/* The intent is at 12:00:00. Not before it, and for the same reason: ours. */
static void test_time_and_reason(void **state)
{
    (void)state;
    static const struct {
        const char *members, *row;
        enum match expected;
    } rows[] = {
        {BODY("\"a\""), ROW("\"a\"", "12:00:00"), MATCH_OURS},
        {BODY("\"a\""), ROW("\"a\"", "12:09:00.1234567"), MATCH_OURS},
        {BODY("\"a\""), ROW("\"a\"", "11:59:59.999"), MATCH_MAYBE},
        {BODY("\"a\""), ROW("\"a\"", "11:59:55"), MATCH_MAYBE},
        {BODY("\"a\""), ROW("\"a\"", "11:59:54.999"), MATCH_NONE},
        {BODY("\"a\""), ROW("\"b\"", "12:00:00"), MATCH_MAYBE},
        {BODY("\"a\""), ROW("\"b\"", "11:59:59.999"), MATCH_NONE},
        {BODY("\"a\""), ROW("\"A\"", "12:00:00"), MATCH_MAYBE},
        {BODY("\"\\u00e9\""), ROW("\"\303\251\"", "12:00:00"), MATCH_OURS},
        {BODY("\"a\""), ROW("null", "12:00:00"), MATCH_OURS},
        {BODY("\"a\""), ROW("null", "11:59:59.999"), MATCH_MAYBE},
        {BODY("null"), ROW("\"a\"", "12:00:00"), MATCH_OURS},
        {"", ROW("\"a\"", "12:00:00"), MATCH_OURS},
        {BODY("\"a\""), "\"justification\":\"a\"", MATCH_MAYBE},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct request rq = {.doubt = DOUBT_SENT,
                             .claim.intent_wall_ms = INT64_C(1772366400000),
                             .event = {.kind = KIND_ASSIGNMENT,
                                       .request_type = REQUEST_TYPE_ADMIN_ADD,
                                       .body = {rows[i].members, strlen(rows[i].members)},
                                       .subject = {.target_id = GUID_A,
                                                   .package_id = GUID_B,
                                                   .target_email = "",
                                                   .origin_id = ""}}};
        char text[512];
        int size = snprintf(text, sizeof text,
                            "[{\"requestType\":\"AdminAdd\",%s,\"accessPackageAssignment\":"
                            "{\"targetId\":\"" GUID_A "\"}}]",
                            rows[i].row);
        cJSON *list = cJSON_ParseWithLength(text, (size_t)size);
        const cJSON *item = NULL;
        assert_non_null(list);
        enum match match = look_best_match(&rq, list, &item);
        if (match != rows[i].expected)
            fail_msg("%s beside %s: %d", rows[i].row, rows[i].members, (int)match);
        cJSON_Delete(list);
    }
}

/* Odd shapes are passed over, whatever stands behind them is found. */
static void test_odd_shapes(void **state)
{
    (void)state;
    static const char text[] =
        "[null,7,\"x\",[],{},{\"accessPackageAssignment\":7},{\"accessPackageAssignment\":"
        "{\"target\":[]}},{\"requestType\":7,\"accessPackageAssignment\":{\"targetId\":\"" GUID_A
        "\"}},{\"requestType\":\"AdminAdd\",\"accessPackageAssignment\":{\"targetId\":\"" GUID_A
        "\",\"accessPackageId\":\"" GUID_B "\"}}]";
    struct request rq = {.doubt = DOUBT_OPEN,
                         .event = {.kind = KIND_ASSIGNMENT,
                                   .request_type = REQUEST_TYPE_ADMIN_ADD,
                                   .subject = {.target_id = GUID_A,
                                               .package_id = GUID_B,
                                               .target_email = "",
                                               .origin_id = ""}}};
    cJSON *list = cJSON_ParseWithLength(text, sizeof text - 1);
    const cJSON *item = NULL;
    assert_non_null(list);
    assert_int_equal(look_best_match(&rq, list, &item), MATCH_SAME_OPEN);
    assert_ptr_equal(item, cJSON_GetArrayItem(list, cJSON_GetArraySize(list) - 1));
    cJSON_Delete(list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_changes),
        cmocka_unit_test(test_package_of),
        cmocka_unit_test(test_empty_ids_match_nothing),
        cmocka_unit_test(test_time_and_reason),
        cmocka_unit_test(test_odd_shapes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
