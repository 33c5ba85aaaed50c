#include "tests/core/records.h"
#include "worker/core/fault.h"
#include "worker/core/fault_codes.h"
#include "worker/core/utf8.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static void check_row(const struct fault_code *row)
{
    size_t size = strlen(row->code);
    if (size == 0 || size >= FAULT_CODE_MAX || !islower((unsigned char)row->code[0]))
        fail_msg("%s is no code", row->code);
    for (size_t i = 0; i < size; i++) {
        if (!isalnum((unsigned char)row->code[i]))
            fail_msg("%s is not in lower camel case", row->code);
    }
    size_t advice_size = strlen(row->advice);
    if (advice_size < 10 || row->advice[advice_size - 1] != '.' ||
        !utf8_is_printable(str_of(row->advice)))
        fail_msg("the advice of %s is no sentence", row->code);
}

static void every_row_is_a_code_and_a_sentence(void **state)
{
    (void)state;
    assert_true(fault_codes_count > 0);
    for (size_t i = 0; i < fault_codes_count; i++) {
        check_row(&fault_codes[i]);
        if (fault_code_find(fault_codes[i].code) != &fault_codes[i])
            fail_msg("%s stands twice", fault_codes[i].code);
    }
    assert_null(fault_code_find("InvalidModel"));
    assert_null(fault_code_find(""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_row_is_a_code_and_a_sentence)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
