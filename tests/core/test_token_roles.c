#include "worker/core/token_roles.h"

#include "worker/core/base64.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* A token with this payload. */
static void make(const char *payload, char ret[8192])
{
    char code[4096];
    size_t size = base64_encode((const uint8_t *)payload, strlen(payload), code);
    while (size > 0 && code[size - 1] == '=')
        code[--size] = '\0';
    for (size_t i = 0; i < size; i++)
        code[i] = (char)(code[i] == '+' ? '-' : code[i] == '/' ? '_' : code[i]);
    snprintf(ret, 8192, "eyJ0eXAiOiJKV1QifQ.%s.c2lnbmF0dXJl", code);
}

static const struct {
    const char *payload; /* NULL: not readable */
    const char *names;   /* with blanks between */
    bool delegated;
    const char *application, *tenant;
} rows[] = {
    {"{\"roles\":[\"EntitlementManagement.ReadWrite.All\",\"Group.ReadWrite.All\"],"
     "\"appid\":\"2b1d7e0a-6a52-4c1b-8f0c-9f6f0a1f4b77\",\"tid\":\"8f3c1c1e\",\"ver\":\"1.0\"}",
     "EntitlementManagement.ReadWrite.All Group.ReadWrite.All", false,
     "2b1d7e0a-6a52-4c1b-8f0c-9f6f0a1f4b77", "8f3c1c1e"},
    {"{\"azp\":\"b\",\"roles\":[]}", "", false, "b", ""},
    {"{}", "", false, "", ""},
    {"{\"scp\":\"User.Read EntitlementManagement.Read.All\",\"roles\":[\"No.One\"]}",
     "User.Read EntitlementManagement.Read.All", true, "", ""},
    {"{\"scp\":\" a  b \"}", "a b", true, "", ""},
    {"{\"roles\":[1,null,[\"a\"],{\"b\":\"c\"},\"d\"],\"appid\":7,\"tid\":[]}", "d", false, "", ""},
    {"{\"roles\":\"EntitlementManagement.ReadWrite.All\"}", "", false, "", ""},
    /* What would be shown to somebody is plain. */
    {"{\"roles\":[\"a b\",\"a\\u001b[2J\",\"\\u00e9\",\"\",\"e\"],\"appid\":\"<b>\"}", "e", false,
     "", ""},
    {"{\"Roles\":[\"a\"]}", "", false, "", ""},
    {"[\"roles\"]", NULL, false, "", ""},
    {"{\"roles\":[\"a\"],\"roles\":[\"b\"]}", NULL, false, "", ""},
    {"{\"roles\":[\"a\"]", NULL, false, "", ""},
    {"", NULL, false, "", ""},
};

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char token[8192], names[1024] = "";
        struct token_roles roles;
        make(rows[i].payload, token);
        bool good = token_roles_read(str_of(token), &roles);
        for (size_t j = 0; j < roles.count; j++) {
            snprintf(names + strlen(names), sizeof names - strlen(names), "%s%s", j > 0 ? " " : "",
                     roles.names[j]);
            assert_true(token_roles_have(&roles, roles.names[j]));
        }
        print_message("row %zu: %s\n", i, rows[i].payload);
        assert_int_equal(good, rows[i].names != NULL);
        assert_int_equal(roles.is_known, good);
        assert_string_equal(names, rows[i].names != NULL ? rows[i].names : "");
        assert_int_equal(roles.is_delegated, rows[i].delegated);
        assert_string_equal(roles.application, rows[i].application);
        assert_string_equal(roles.tenant, rows[i].tenant);
        assert_false(token_roles_have(&roles, "EntitlementManagement"));
    }
}

static void test_what_is_no_token(void **state)
{
    (void)state;
    static const char *const texts[] = {"",          "T",     "a.b",       "a..c",
                                        "a.e30.b.c", "..",    "a.e3=.c",   "a.e30=.c",
                                        "a.!!!!.c",  "e30..", "a.bnVsbA.c"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct token_roles roles;
        print_message("%s\n", texts[i]);
        assert_false(token_roles_read(str_of(texts[i]), &roles));
        assert_false(roles.is_known);
        assert_int_equal(roles.count, 0);
    }
    struct token_roles roles;
    assert_true(token_roles_read(str_of(".e30."), &roles)); /* {} */
    assert_false(token_roles_read((struct str){0}, &roles));
}

static void test_limits(void **state)
{
    (void)state;
    char payload[3000], token[8192], name[TOKEN_ROLE_SIZE + 1];
    struct token_roles roles;
    memset(name, 'x', sizeof name);
    /* The first just fits, the second does not. */
    int size = snprintf(payload, sizeof payload, "{\"roles\":[\"%.*s\",\"%.*s\"",
                        TOKEN_ROLE_SIZE - 1, name, TOKEN_ROLE_SIZE, name);
    for (int i = 0; i < TOKEN_ROLES_MAX + 9; i++)
        size += snprintf(payload + size, sizeof payload - (size_t)size, ",\"r\"");
    snprintf(payload + size, sizeof payload - (size_t)size, "]}");
    make(payload, token);
    assert_true(token_roles_read(str_of(token), &roles));
    assert_int_equal(roles.count, TOKEN_ROLES_MAX);
    assert_int_equal(strlen(roles.names[0]), TOKEN_ROLE_SIZE - 1);
    assert_string_equal(roles.names[1], "r");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_what_is_no_token),
        cmocka_unit_test(test_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
