#include "tests/core/records.h"
#include "worker/core/fault_codes.h"
#include "worker/core/policy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#define ADD          STRUCTURED(TYPE_ASSIGNMENT, GOOD_ASSIGNMENT)
#define ADD_RESOURCE STRUCTURED(TYPE_RESOURCE, GOOD_RESOURCE)
#define BY_ID(type, more)                                  \
    STRUCTURED(TYPE_ASSIGNMENT, "{\"requestType\":\"" type \
                                "\",\"accessPackageAssignment\":{\"id\":\"" GUID_A "\"" more "}}")
#define REMOVE      BY_ID("AdminRemove", "")
#define USER_REMOVE BY_ID("UserRemove", "")
#define USER_ADD                                                                             \
    STRUCTURED(TYPE_ASSIGNMENT, "{\"requestType\":\"UserAdd\",\"accessPackageAssignment\":{" \
                                "\"accessPackageId\":\"" GUID_C "\"}}")

static const struct {
    const char *name, *event;
    const char *kinds, *request_types, *catalogs, *access_packages; /* NULL: an empty list */
    bool delegated;
    const char *code; /* NULL: allowed */
} cases[] = {
    {"nothing set", ADD, NULL, NULL, NULL, NULL, false, NULL},
    {"kind allowed", ADD, "accessPackageAssignmentRequest", NULL, NULL, NULL, false, NULL},
    {"kind not allowed", ADD, "accessPackageResourceRequest", NULL, NULL, NULL, false,
     "notAllowed"},
    {"type allowed", ADD, NULL, "AdminAdd", NULL, NULL, false, NULL},
    {"type not allowed", REMOVE, NULL, "AdminAdd", NULL, NULL, false, "notAllowed"},
    {"package allowed", ADD, NULL, NULL, NULL, GUID_C, false, NULL},
    {"package allowed, in capitals", ADD, NULL, NULL, NULL, "A914B616-E04E-476B-AA37-91038F0B165B",
     false, NULL},
    {"package not allowed", ADD, NULL, NULL, NULL, GUID_A, false, "notAllowed"},
    {"packages and a removal by id", REMOVE, NULL, NULL, NULL, GUID_C, false, "notAllowed"},
    {"a removal by id that names an allowed package",
     BY_ID("AdminRemove", ",\"accessPackageId\":\"" GUID_C "\""), NULL, NULL, NULL, GUID_C, false,
     "notAllowed"},
    {"catalogs do not judge assignments", REMOVE, NULL, NULL, GUID_C, NULL, false, NULL},
    {"catalog allowed", ADD_RESOURCE, NULL, NULL, GUID_A, NULL, false, NULL},
    {"catalog not allowed", ADD_RESOURCE, NULL, NULL, GUID_C, NULL, false, "notAllowed"},
    {"packages do not judge resources", ADD_RESOURCE, NULL, NULL, NULL, GUID_A, false, NULL},
    {"a person's own request, sent by an application", USER_ADD, NULL, NULL, NULL, NULL, false,
     "delegatedOnly"},
    {"a person's own removal, sent by an application", USER_REMOVE, NULL, NULL, NULL, NULL, false,
     "delegatedOnly"},
    {"a person's own request, sent by the person", USER_ADD, NULL, NULL, NULL, NULL, true, NULL},
    {"an administrator's, sent by a person", ADD, NULL, NULL, NULL, NULL, true, NULL},
    {"a person's own request for a package not allowed", USER_ADD, NULL, NULL, NULL, GUID_A, true,
     "notAllowed"},
};

static struct strings list_of(char **item)
{
    return (struct strings){item, *item != NULL};
}

static void judges_every_case(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *items[] = {(char *)cases[i].kinds, (char *)cases[i].request_types,
                         (char *)cases[i].catalogs, (char *)cases[i].access_packages};
        struct policy policy = {list_of(&items[0]), list_of(&items[1]), list_of(&items[2]),
                                list_of(&items[3])};
        struct event event;
        read_value(str_of(cases[i].event), &event);
        if (event.worth != EVENT_GOOD)
            fail_msg("%s: not good to begin with: %s", cases[i].name, event.fault.message);
        policy_apply(&policy, cases[i].delegated, &event);
        const char *expected = cases[i].code != NULL ? cases[i].code : "";
        enum event_worth worth = cases[i].code != NULL ? EVENT_REFUSED : EVENT_GOOD;
        if (event.worth != worth || strcmp(event.fault.code, expected) != 0)
            fail_msg("%s: `%s`: %s", cases[i].name, event.fault.code, event.fault.message);
        assert_true(cases[i].code == NULL || fault_code_find(event.fault.code) != NULL);
        event_finish(&event);
    }
}

static void one_of_many_is_enough(void **state)
{
    (void)state;
    char *items[] = {(char *)"AdminRemove", (char *)"AdminUpdate", (char *)"AdminAdd"};
    struct policy policy = {.request_types = {items, 3}};
    struct event event;
    read_value(str_of(ADD), &event);
    policy_apply(&policy, false, &event);
    assert_int_equal(event.worth, EVENT_GOOD);
    event_finish(&event);
}

static void leaves_what_was_refused_before(void **state)
{
    (void)state;
    char *items[] = {(char *)"AdminRemove"};
    struct policy policy = {.request_types = {items, 1}};
    struct event event;
    read_value(str_of("{"), &event);
    policy_apply(&policy, false, &event);
    assert_int_equal(event.worth, EVENT_UNREADABLE);
    assert_string_equal(event.fault.code, "notJson");
    event_finish(&event);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(judges_every_case),
        cmocka_unit_test(one_of_many_is_enough),
        cmocka_unit_test(leaves_what_was_refused_before),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
