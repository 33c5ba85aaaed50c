#include "tests/core/records.h"
#include "worker/core/graph_members.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <strings.h>

#include <cmocka.h>

static const struct {
    const char *text, *found; /* NULL: unknown */
} names[] = {
    {"isValidationOnly", "isValidationOnly"},
    {"isvalidationonly", "isValidationOnly"},
    {"ISVALIDATIONONLY", "isValidationOnly"},
    {"i\xC5\xBFValidationOnly", "isValidationOnly"}, /* long s */
    {"\xC4\xB1sValidationOnly", "isValidationOnly"}, /* dotless i */
    {"\xC4\xB0sValidationOnly", "isValidationOnly"}, /* I with a dot */
    {"isValidationOnly ", NULL},
    {"isValidationOnl", NULL},
    {"isValidationOnly2", NULL},
    {"", NULL},
    {"\xC5", NULL},
    {"\xC3\xA9", NULL},
    {"JUSTIFICATION", "justification"},
    {"Id", "id"},
    {"ASSIGNMENT", "assignment"},
    {"completeddatetime", "completedDateTime"},
    {"completeddate", "completedDate"},
};

static void finds_members_whatever_their_case(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const struct member *found =
            graph_member_find(graph_members(KIND_ASSIGNMENT), names[i].text);
        const char *name = found != NULL ? graph_member_name_like(found, names[i].text) : "none";
        if (strcmp(name, names[i].found != NULL ? names[i].found : "none") != 0)
            fail_msg("`%s` found %s", names[i].text, name);
    }
    /* The Kelvin sign; no member of Graph's has a k. */
    static const struct member key[] = {{.names = {"key", NULL}}, {0}};
    assert_non_null(graph_member_find(key, "\xE2\x84\xAA"
                                           "ey"));
    assert_null(graph_member_find(key, "\xE2\x84"
                                       "ey"));
}

static size_t check_table(const struct member *members)
{
    size_t count = 0;
    for (const struct member *member = members; !graph_member_is_last(member); member++) {
        for (size_t i = 0; i < GRAPH_VERSIONS; i++) {
            const char *name = member->names[i];
            if (name != NULL && graph_member_find(members, name) != member)
                fail_msg("%s stands twice, but for case", name);
            if (name != NULL && ((member->shape == SHAPE_OBJECT && member->inside == NULL) ||
                                 (member->inside != NULL && member->shape != SHAPE_OBJECT &&
                                  member->shape != SHAPE_LIST)))
                fail_msg("%s: an object has members inside, and a list may", name);
        }
        count += 1 + (member->inside != NULL ? check_table(member->inside) : 0);
    }
    return count;
}

static void tables_are_sound(void **state)
{
    (void)state;
    assert_true(check_table(graph_members(KIND_ASSIGNMENT)) > 30);
    assert_true(check_table(graph_members(KIND_RESOURCE)) > 25);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_members_whatever_their_case),
        cmocka_unit_test(tables_are_sound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
