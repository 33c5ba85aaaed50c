#include "worker/core/permissions.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define WRITE "EntitlementManagement.ReadWrite.All"
#define READ  "EntitlementManagement.Read.All"

/* NULL: a token that cannot be read. */
static struct token_roles roles_of(const char *name, bool delegated)
{
    struct token_roles roles = {.is_known = name != NULL, .is_delegated = delegated};
    if (name != NULL)
        snprintf(roles.names[roles.count++], TOKEN_ROLE_SIZE, "%s", name);
    return roles;
}

static const struct {
    const char *role;
    struct permission_view view;
    enum permission permission;
    const char *says; /* a part of the text */
} rows[] = {
    {WRITE, {true, 0, 0}, PERMISSION_GOOD, "has " WRITE},
    {WRITE, {false, 0, 0}, PERMISSION_MISSING, "licence"},
    {READ, {true, 0, 0}, PERMISSION_MISSING, "lacks " WRITE},
    {READ, {true, 0, 0}, PERMISSION_MISSING, "only reads"},
    {"User.Read.All", {false, 0, 0}, PERMISSION_MISSING, "lacks " WRITE},
    {"User.Read.All", {true, 0, 0}, PERMISSION_OPEN, "by a role"},
    {"User.Read.All", {false, 2, 2}, PERMISSION_OPEN, "first dry run"},
    {"User.Read.All", {false, 1, 2}, PERMISSION_MISSING, "1 of the 2"},
    {"User.Read.All", {false, 0, 2}, PERMISSION_MISSING, "0 of the 2"},
    {READ, {false, 0, 0}, PERMISSION_MISSING, "lacks " WRITE},
    {NULL, {true, 0, 0}, PERMISSION_OPEN, "cannot be read"},
    {NULL, {false, 0, 0}, PERMISSION_MISSING, "403"},
    {NULL, {false, 3, 3}, PERMISSION_OPEN, "first dry run"},
};

static void test_kinds(void **state)
{
    (void)state;
    for (int kind = KIND_ASSIGNMENT; kind < KIND_COUNT; kind++)
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
            char text[PERMISSION_TEXT_SIZE];
            struct token_roles roles = roles_of(rows[i].role, false);
            enum permission permission =
                permission_of_kind((enum kind)kind, &roles, &rows[i].view, text);
            if (permission != rows[i].permission || strstr(text, rows[i].says) == NULL)
                fail_msg("row %zu: %d, %s", i, (int)permission, text);
            bool resource = strstr(text, "Catalog owner") || strstr(text, "policy.catalogs");
            bool assignment = strstr(text, "assignment manager") || strstr(text, "access_packages");
            assert_false(kind == KIND_RESOURCE ? assignment : resource);
        }
}

static void test_when_parts_are_asked_for(void **state)
{
    (void)state;
    struct token_roles write = roles_of(WRITE, false), other = roles_of("x", false);
    struct permission_view forbidden = {0}, allowed = {.list_is_allowed = true};
    assert_true(permission_may_be_of_parts(&other, &forbidden));
    assert_false(permission_may_be_of_parts(&other, &allowed));
    assert_false(permission_may_be_of_parts(&write, &forbidden));
}

static void test_origins(void **state)
{
    (void)state;
    static const struct {
        const char *name, *permission, *system;
    } origins[PERMISSION_ORIGINS] = {
        {"groups", "Group.ReadWrite.All", "AadGroup"},
        {"applications", "Application.ReadWrite.All", "AadApplication"},
        {"sites", "Sites.FullControl.All", "SharePointOnline"},
    };
    char text[PERMISSION_TEXT_SIZE];
    for (size_t i = 0; i < PERMISSION_ORIGINS; i++)
        for (size_t j = 0; j < PERMISSION_ORIGINS; j++) {
            struct token_roles roles = roles_of(origins[j].permission, false);
            enum permission permission = permission_of_origin(i, &roles, text);
            assert_string_equal(permission_origin_name(i), origins[i].name);
            assert_int_equal(permission, i == j ? PERMISSION_GOOD : PERMISSION_OPEN);
            assert_non_null(strstr(text, origins[i].permission));
            assert_true(i == j || strstr(text, origins[i].system) != NULL);
            roles.is_delegated = true;
            assert_int_equal(permission_of_origin(i, &roles, text), PERMISSION_OPEN);
            assert_non_null(strstr(text, "person"));
        }
    struct token_roles unknown = roles_of(NULL, false);
    assert_int_equal(permission_of_origin(0, &unknown, text), PERMISSION_OPEN);
    assert_non_null(strstr(text, "cannot be read"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_when_parts_are_asked_for),
        cmocka_unit_test(test_origins),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
