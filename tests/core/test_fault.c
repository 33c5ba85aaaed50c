#include "tests/core/records.h"
#include "worker/core/fault.h"
#include "worker/core/utf8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static void sets_and_clears(void **state)
{
    (void)state;
    struct fault fault = {0};
    fault_set(&fault, STAGE_SUBMIT, "someCode", "%s has %d", "it", 3);
    assert_int_equal(fault.stage, STAGE_SUBMIT);
    assert_string_equal(fault.code, "someCode");
    assert_string_equal(fault.message, "it has 3");
    fault.http_status = 400;
    fault.details = strdup("[]");
    fault_set(&fault, STAGE_LOOK, "other", "again");
    assert_int_equal(fault.http_status, 0);
    assert_null(fault.details);
    fault.details = strdup("[]");
    fault_clear(&fault);
    assert_string_equal(fault.code, "");
    assert_null(fault.details);
    fault_clear(&fault);
}

/* Whatever the cut falls on, what is left is UTF-8. */
static void cuts_between_characters(void **state)
{
    (void)state;
    static const char *const characters[] = {"a", "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80"};
    for (size_t which = 0; which < 4; which++) {
        for (size_t start = 0; start < 4; start++) {
            char text[2 * FAULT_MESSAGE_MAX] = "xxx";
            size_t size = start;
            while (size + 4 < sizeof text) {
                memcpy(text + size, characters[which], which + 1);
                size += which + 1;
            }
            text[size] = '\0';
            struct fault fault = {0};
            fault_set(&fault, STAGE_ADMIT, "c", "%s", text);
            struct str message = str_of(fault.message);
            assert_true(utf8_is_valid(message, NULL));
            assert_true(message.size >= FAULT_MESSAGE_MAX - 4);
        }
    }
}

/* Redis' words and curl's reasons are quoted as they come. */
static void replaces_what_is_no_utf8(void **state)
{
    (void)state;
    static const struct {
        const char *quoted, *expected;
    } rows[] = {
        {"plain", "plain"}, {"caf\xC3\xA9", "caf\xC3\xA9"}, {"h\xE5ld", "h?ld"}, {"\xFF\xFE", "??"},
        {"\xC3", "?"},      {"\xED\xA0\x80", "???"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fault fault = {0};
        fault_set(&fault, STAGE_CLAIM, rows[i].quoted, "%s", rows[i].quoted);
        assert_string_equal(fault.message, rows[i].expected);
        assert_string_equal(fault.code, rows[i].expected);
    }
}

/* A stored answer's code may be longer than any of ours. */
static void cuts_a_code_between_characters(void **state)
{
    (void)state;
    char code[2 * FAULT_CODE_MAX] = "x";
    for (size_t size = 1; size + 2 < sizeof code; size += 2)
        memcpy(code + size, "\xC3\xA9", 3);
    struct fault fault = {0};
    fault_set(&fault, STAGE_ADMIT, code, "m");
    assert_int_equal(strlen(fault.code), FAULT_CODE_MAX - 1);
    fault_set(&fault, STAGE_ADMIT, code + 1, "m");
    assert_int_equal(strlen(fault.code), FAULT_CODE_MAX - 2);
    assert_true(utf8_is_valid(str_of(fault.code), NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sets_and_clears),
        cmocka_unit_test(cuts_between_characters),
        cmocka_unit_test(replaces_what_is_no_utf8),
        cmocka_unit_test(cuts_a_code_between_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
