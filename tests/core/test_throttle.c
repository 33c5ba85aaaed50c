/* Graph's headers about its limits. */
#include "worker/core/throttle.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
// cmocka needs the headers above first.
#include <cmocka.h>

static void test_scope(void **state)
{
    (void)state;
    static const struct {
        const char *value;
        enum gate_scope scope;
    } rows[] = {
        {NULL, GATE_ALL},
        {"", GATE_ALL},
        {"/", GATE_ALL},
        {"Tenant_Application", GATE_ALL},
        {"Tenant_Application/Write/a/b", GATE_WRITES},
        {"Tenant_Application/Read/a/b", GATE_READS},
        {"Tenant_Application/ReadWrite/a/b", GATE_ALL},
        {"Tenant/write", GATE_WRITES},
        {"Tenant/READ/", GATE_READS},
        {"Write/Other/a/b", GATE_ALL},
        {"Tenant/Writes/a/b", GATE_ALL},
        {"Tenant/ Write/a/b", GATE_ALL},
        {"Tenant//Write/b", GATE_ALL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        enum gate_scope scope = throttle_scope(str_of(rows[i].value));
        if (scope != rows[i].scope)
            fail_msg("\"%s\": %d", rows[i].value, (int)scope);
    }
}

static void test_used(void **state)
{
    (void)state;
    static const struct {
        const char *value;
        int permille;
    } rows[] = {
        {NULL, 0},
        {"", 0},
        {".", 0},
        {"0.8", 800},
        {"0.85", 850},
        {"0.9999", 999},
        {"1", 1000},
        {"1.8", 1800},
        {"1.", 1000},
        {".9", 900},
        {"00.9", 900},
        {"-0.9", 0},
        {"0.9 ", 0},
        {"80%", 0},
        {"0,9", 0},
        {"0.9.1", 0},
        {"nan", 0},
        {"1e1", 0},
        {"12345", 9999},
        {"9.9999", 9999},
        {"99999999999999999999999999999999", 9999},
        {"0.80000000000000000000000000000001", 800},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int permille = throttle_used_permille(str_of(rows[i].value));
        if (permille != rows[i].permille)
            fail_msg("\"%s\": %d", rows[i].value, permille);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scope),
        cmocka_unit_test(test_used),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
