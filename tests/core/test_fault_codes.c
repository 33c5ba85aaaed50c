#include "tests/core/records.h"
#include "worker/core/fault.h"
#include "worker/core/fault_codes.h"
#include "worker/core/utf8.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

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

/* The README's table is this list, row for row. */
static void the_readme_lists_them_all(void **state)
{
    (void)state;
    static char readme[1 << 16];
    FILE *file = fopen("README.md", "r");
    assert_non_null(file);
    readme[fread(readme, 1, sizeof readme - 1, file)] = '\0';
    (void)fclose(file);
    const char *at = strstr(readme, "| `error.code` | what to do |\n|---|---|\n");
    assert_non_null(at);
    at = strstr(at, "|---|---|\n") + strlen("|---|---|\n");
    for (size_t i = 0; i < fault_codes_count; i++) {
        char row[512];
        int size = snprintf(row, sizeof row, "| `%s` | %s |\n", fault_codes[i].code,
                            fault_codes[i].advice);
        if (strncmp(at, row, (size_t)size) != 0)
            fail_msg("README.md lacks this row, or has it elsewhere:\n%s", row);
        at += size;
    }
    assert_true(*at != '|');
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_row_is_a_code_and_a_sentence),
                                       cmocka_unit_test(the_readme_lists_them_all)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
