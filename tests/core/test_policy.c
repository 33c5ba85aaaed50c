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
#define REMOVE_RESOURCE                                                                       \
    STRUCTURED(TYPE_RESOURCE, "{\"requestType\":\"AdminRemove\",\"catalogId\":\"" GUID_A "\"" \
                              ",\"accessPackageResource\":{\"id\":\"" GUID_B "\"}}")
#define USER_ADD                                                                             \
    STRUCTURED(TYPE_ASSIGNMENT, "{\"requestType\":\"UserAdd\",\"accessPackageAssignment\":{" \
                                "\"accessPackageId\":\"" GUID_C "\"}}")
/* An AdminAdd with more in its assignment, and more beside it. */
#define ADD_WITH(inner, outer)                                              \
    STRUCTURED(TYPE_ASSIGNMENT,                                             \
               "{\"requestType\":\"AdminAdd\",\"accessPackageAssignment\":" \
               "{\"targetId\":\"" GUID_A "\",\"assignmentPolicyId\":"       \
               "\"" GUID_B "\",\"accessPackageId\":\"" GUID_C "\"" inner "}" outer "}")
#define OF_ORGANIZATION(members) ADD_WITH(",\"target\":{" members "}", "")
#define ORGANIZATION_ID(id)      "\"connectedOrganizationId\":\"" id "\""
#define SCHEDULE(expiration)     ",\"schedule\":{\"expiration\":{" expiration "}}"
#define DURATION(text)           SCHEDULE("\"type\":\"afterDuration\",\"duration\":\"" text "\"")
#define END(time)                SCHEDULE("\"type\":\"afterDateTime\",\"endDateTime\":\"" time "\"")

/* As v1.0 has it. */
#define V1_ADD(inner)                                                                         \
    STRUCTURED(TYPE_ASSIGNMENT, "{\"requestType\":\"adminAdd\",\"assignment\":{\"targetId\":" \
                                "\"" GUID_A "\",\"assignmentPolicyId\":\"" GUID_B             \
                                "\",\"accessPackageId\":\"" GUID_C "\"" inner "}}")

#define NOW_MS INT64_C(1772323200000) /* 2026-03-01T00:00:00Z */
#define DAY_MS INT64_C(86400000)

enum { REMOVALS_ON, REMOVALS_OFF };

/* An event, one part of the policy, and what the sentence must say; NULL: the event is allowed. */
static const struct row {
    const char *name, *event;
    const char *kind, *request_type, *catalog, *access_package, *organization; /* NULL: no list */
    int64_t max_days;                                                          /* 0: no limit */
    int removals;
    bool delegated;
    const char *code; /* NULL: allowed */
    const char *says[3];
} rows[] = {
    {.name = "nothing set", .event = ADD},
    {.name = "nothing set, a removal", .event = REMOVE},
    {.name = "kind allowed", .event = ADD, .kind = "accessPackageAssignmentRequest"},
    {.name = "kind not allowed",
     .event = ADD,
     .kind = "accessPackageResourceRequest",
     .code = "notAllowed",
     .says = {"policy.kinds", "accessPackageAssignmentRequest", "ask its operator"}},
    {.name = "type allowed", .event = ADD, .request_type = "AdminAdd"},
    {.name = "type of v1.0 allowed", .event = V1_ADD(""), .request_type = "AdminAdd"},
    {.name = "type of v1.0 not allowed",
     .event = V1_ADD(""),
     .request_type = "UserAdd",
     .code = "notAllowed",
     .says = {"policy.request_types"}},
    {.name = "v1.0, without an end",
     .event = V1_ADD(""),
     .max_days = 30,
     .code = "notAllowed",
     .says = {"`data.assignment.schedule.expiration`"}},
    {.name = "v1.0, too long",
     .event = V1_ADD(DURATION("P31D")),
     .max_days = 30,
     .code = "notAllowed",
     .says = {"`data.assignment.schedule.expiration`", "31d"}},
    {.name = "v1.0, long enough", .event = V1_ADD(DURATION("P30D")), .max_days = 30},
    {.name = "v1.0, of nobody's organisation",
     .event = V1_ADD(""),
     .organization = GUID_A,
     .code = "notAllowed",
     .says = {"`data.assignment.target.connectedOrganization.id`"}},
    {.name = "v1.0, of an organisation",
     .event = V1_ADD(",\"target\":{\"connectedOrganization\":{\"id\":\"" GUID_A "\"}}"),
     .organization = GUID_A},
    {.name = "type not allowed",
     .event = REMOVE,
     .request_type = "AdminAdd",
     .code = "notAllowed",
     .says = {"policy.request_types", "AdminRemove", "ask its operator"}},
    {.name = "package allowed", .event = ADD, .access_package = GUID_C},
    {.name = "package allowed, in capitals",
     .event = ADD,
     .access_package = "A914B616-E04E-476B-AA37-91038F0B165B"},
    {.name = "package not allowed",
     .event = ADD,
     .access_package = GUID_A,
     .code = "notAllowed",
     .says = {"policy.access_packages", "access package " GUID_C, "ask its operator"}},
    {.name = "packages and a removal by id",
     .event = REMOVE,
     .access_package = GUID_C,
     .code = "notAllowed",
     .says = {"policy.access_packages", "assignment id (" GUID_A ")", "ask"}},
    {.name = "a removal by id that names an allowed package",
     .event = BY_ID("AdminRemove", ",\"accessPackageId\":\"" GUID_C "\""),
     .access_package = GUID_C,
     .code = "notAllowed",
     .says = {"policy.access_packages"}},
    {.name = "catalogs do not judge assignments", .event = REMOVE, .catalog = GUID_C},
    {.name = "catalog allowed", .event = ADD_RESOURCE, .catalog = GUID_A},
    {.name = "catalog not allowed",
     .event = ADD_RESOURCE,
     .catalog = GUID_C,
     .code = "notAllowed",
     .says = {"policy.catalogs", "catalog " GUID_A, "ask its operator"}},
    {.name = "packages do not judge resources", .event = ADD_RESOURCE, .access_package = GUID_A},

    {.name = "a person's own request, sent by an application",
     .event = USER_ADD,
     .code = "delegatedOnly",
     .says = {"UserAdd", "application", "send the Admin"}},
    {.name = "a person's own removal, sent by an application",
     .event = USER_REMOVE,
     .code = "delegatedOnly",
     .says = {"UserRemove"}},
    {.name = "a person's own request, sent by the person", .event = USER_ADD, .delegated = true},
    {.name = "an administrator's, sent by a person", .event = ADD, .delegated = true},
    {.name = "a person's own request for a package not allowed",
     .event = USER_ADD,
     .access_package = GUID_A,
     .delegated = true,
     .code = "notAllowed",
     .says = {"policy.access_packages", GUID_C}},

    {.name = "no removal asked for", .event = ADD, .removals = REMOVALS_OFF},
    {.name = "an assignment's removal",
     .event = REMOVE,
     .removals = REMOVALS_OFF,
     .code = "notAllowed",
     .says = {"policy.removals", "AdminRemove", "ask its operator"}},
    {.name = "a person's own removal",
     .event = USER_REMOVE,
     .removals = REMOVALS_OFF,
     .delegated = true,
     .code = "notAllowed",
     .says = {"policy.removals", "UserRemove"}},
    {.name = "a resource's removal",
     .event = REMOVE_RESOURCE,
     .removals = REMOVALS_OFF,
     .code = "notAllowed",
     .says = {"policy.removals", "AdminRemove"}},

    {.name = "organisation allowed",
     .event = OF_ORGANIZATION(ORGANIZATION_ID(GUID_B)),
     .organization = GUID_B},
    {.name = "organisation allowed, in capitals",
     .event = OF_ORGANIZATION(ORGANIZATION_ID(GUID_A_IN_CAPITALS)),
     .organization = GUID_A},
    {.name = "organisation by its other member",
     .event = OF_ORGANIZATION("\"connectedOrganization\":{\"id\":\"" GUID_B "\"}"),
     .organization = GUID_B},
    {.name = "organisation by both members",
     .event = OF_ORGANIZATION(ORGANIZATION_ID(GUID_A_IN_CAPITALS) ",\"connectedOrganization\":"
                                                                  "{\"id\":\"" GUID_A "\"}"),
     .organization = GUID_A},
    {.name = "organisation not allowed",
     .event = OF_ORGANIZATION(ORGANIZATION_ID(GUID_B)),
     .organization = GUID_C,
     .code = "notAllowed",
     .says = {"policy.connected_organizations", "organisation " GUID_B, "ask its operator"}},
    {.name = "organisation not allowed, by its other member",
     .event = OF_ORGANIZATION("\"connectedOrganization\":{\"id\":\"" GUID_B "\"}"),
     .organization = GUID_C,
     .code = "notAllowed",
     .says = {"policy.connected_organizations"}},
    {.name = "no organisation",
     .event = ADD,
     .organization = GUID_B,
     .code = "notAllowed",
     .says = {"policy.connected_organizations", "names no connected organisation",
              "data.accessPackageAssignment.target.connectedOrganizationId"}},
    {.name = "organisations and a removal by id",
     .event = REMOVE,
     .organization = GUID_B,
     .code = "notAllowed",
     .says = {"policy.connected_organizations", "assignment id (" GUID_A ")"}},
    {.name = "organisations do not judge resources", .event = ADD_RESOURCE, .organization = GUID_B},

    {.name = "a duration within", .event = ADD_WITH(DURATION("P30D"), ""), .max_days = 30},
    {.name = "a duration within, beside the assignment",
     .event = ADD_WITH("", DURATION("P30D")),
     .max_days = 30},
    {.name = "a duration beyond",
     .event = ADD_WITH(DURATION("P30DT1S"), ""),
     .max_days = 30,
     .code = "notAllowed",
     .says = {"policy.max_duration of this worker is 30d", "for 30d 1s",
              "accessPackageAssignment.schedule.expiration"}},
    {.name = "a duration beyond, beside the assignment",
     .event = ADD_WITH("", DURATION("P31D")),
     .max_days = 30,
     .code = "notAllowed",
     .says = {"policy.max_duration", "31d"}},
    {.name = "two schedules, one beyond",
     .event = ADD_WITH(DURATION("P1D"), DURATION("P31D")),
     .max_days = 30,
     .code = "notAllowed",
     .says = {"policy.max_duration", "31d"}},
    {.name = "two schedules, one without end",
     .event = ADD_WITH(DURATION("P1D"), SCHEDULE("\"type\":\"noExpiration\"")),
     .max_days = 30,
     .code = "notAllowed",
     .says = {"policy.max_duration", "without an end"}},
    {.name = "an end within", .event = ADD_WITH(END("2026-03-31T00:00:00Z"), ""), .max_days = 30},
    {.name = "an end beyond",
     .event = ADD_WITH(END("2026-03-31T00:00:01Z"), ""),
     .max_days = 30,
     .code = "notAllowed",
     .says = {"policy.max_duration", "for 30d 1s", "ask for less"}},
    {.name = "an end that is past: it may have been allowed, and granted, before",
     .event = ADD_WITH(END("0001-01-01T00:00:00Z"), ""),
     .max_days = 30},
    {.name = "an end before the start",
     .event = ADD_WITH(",\"schedule\":{\"startDateTime\":\"2027-01-02T00:00:00Z\","
                       "\"expiration\":{\"type\":\"afterDateTime\","
                       "\"endDateTime\":\"2027-01-01T00:00:00Z\"}}",
                       ""),
     .max_days = 30,
     .code = "notAllowed",
     .says = {"policy.max_duration", "ends before"}},
    {.name = "no schedule",
     .event = ADD,
     .max_days = 30,
     .code = "notAllowed",
     .says = {"policy.max_duration of this worker is 30d", "without an end", "expiration"}},
    {.name = "a schedule that is null",
     .event = ADD_WITH(",\"schedule\":null", ""),
     .max_days = 30,
     .code = "notAllowed",
     .says = {"policy.max_duration", "without an end"}},
    {.name = "no expiration",
     .event = ADD_WITH(SCHEDULE(""), ""),
     .max_days = 30,
     .code = "notAllowed",
     .says = {"policy.max_duration", "without an end"}},
    {.name = "a duration that is none",
     .event = ADD_WITH(DURATION("forever"), ""),
     .max_days = 30,
     .code = "notAllowed",
     .says = {"policy.max_duration", "cannot be read"}},
    {.name = "an update without an end",
     .event = BY_ID("AdminUpdate", ""),
     .max_days = 30,
     .code = "notAllowed",
     .says = {"policy.max_duration", "without an end"}},
    {.name = "an update with one", .event = BY_ID("AdminUpdate", DURATION("P1D")), .max_days = 30},
    {.name = "a removal needs no end", .event = REMOVE, .max_days = 30},
    {.name = "a resource needs no end", .event = ADD_RESOURCE, .max_days = 30},
    {.name = "no limit, no end", .event = ADD_WITH(SCHEDULE("\"type\":\"noExpiration\""), "")},
};

static struct strings list_of(char **item)
{
    return (struct strings){item, *item != NULL};
}

static void apply(const struct row *row, struct event *event)
{
    char *items[] = {(char *)row->kind, (char *)row->request_type, (char *)row->catalog,
                     (char *)row->access_package, (char *)row->organization};
    struct policy policy = {
        .kinds = list_of(&items[0]),
        .request_types = list_of(&items[1]),
        .catalogs = list_of(&items[2]),
        .access_packages = list_of(&items[3]),
        .connected_organizations = list_of(&items[4]),
        .max_duration_ms = row->max_days * DAY_MS,
        .removals = row->removals == REMOVALS_ON,
    };
    struct policy_view view = {row->delegated, NOW_MS};
    policy_apply(&policy, &view, event);
}

static void judges_every_case(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct row *row = &rows[i];
        struct event event;
        read_value(str_of(row->event), &event);
        if (event.worth != EVENT_GOOD)
            fail_msg("%s: not good to begin with: %s", row->name, event.fault.message);
        apply(row, &event);
        const char *expected = row->code != NULL ? row->code : "";
        enum event_worth worth = row->code != NULL ? EVENT_REFUSED : EVENT_GOOD;
        if (event.worth != worth || strcmp(event.fault.code, expected) != 0)
            fail_msg("%s: `%s`: %s", row->name, event.fault.code, event.fault.message);
        assert_true(row->code == NULL || fault_code_find(event.fault.code) != NULL);
        for (size_t j = 0; j < 3 && row->says[j] != NULL; j++)
            if (strstr(event.fault.message, row->says[j]) == NULL)
                fail_msg("%s: no `%s` in: %s", row->name, row->says[j], event.fault.message);
        if (strlen(event.fault.message) + 1 >= FAULT_MESSAGE_MAX)
            fail_msg("%s: the sentence is cut off", row->name);
        event_finish(&event);
    }
}

static void one_of_many_is_enough(void **state)
{
    (void)state;
    char *items[] = {(char *)"AdminRemove", (char *)"AdminUpdate", (char *)"AdminAdd"};
    struct policy policy = {.request_types = {items, 3}};
    struct policy_view view = {0};
    struct event event;
    read_value(str_of(ADD), &event);
    policy_apply(&policy, &view, &event);
    assert_int_equal(event.worth, EVENT_GOOD);
    event_finish(&event);
}

/* Time that passes shortens what ends at a fixed time: allowed once, allowed always. */
static void a_later_look_allows_what_an_earlier_one_did(void **state)
{
    (void)state;
    struct policy policy = {.max_duration_ms = 30 * DAY_MS};
    for (int64_t days = -60; days < 30; days++) {
        struct policy_view view = {false, NOW_MS + days * DAY_MS};
        struct event event;
        read_value(str_of(ADD_WITH(END("2026-03-31T00:00:00Z"), "")), &event);
        policy_apply(&policy, &view, &event);
        assert_int_equal(event.worth, days >= 0 ? EVENT_GOOD : EVENT_REFUSED);
        event_finish(&event);
    }
}

static void leaves_what_was_refused_before(void **state)
{
    (void)state;
    char *items[] = {(char *)"AdminRemove"};
    struct policy policy = {.request_types = {items, 1}};
    struct policy_view view = {0};
    struct event event;
    read_value(str_of("{"), &event);
    policy_apply(&policy, &view, &event);
    assert_int_equal(event.worth, EVENT_UNREADABLE);
    assert_string_equal(event.fault.code, "notJson");
    event_finish(&event);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(judges_every_case),
        cmocka_unit_test(one_of_many_is_enough),
        cmocka_unit_test(a_later_look_allows_what_an_earlier_one_did),
        cmocka_unit_test(leaves_what_was_refused_before),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
