/* What a worker knew of Redis, as text and back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "worker/core/witness.h"

#include <string.h>

static void what_is_written_is_read(void **state)
{
    (void)state;
    static const struct witness rows[] = {
        {"", "", "", 0},
        {"0123456789abcdef", "01234567", "89abcdef", 0},
        {"0123456789abcdef", "", "89abcdef", 1},
        {"ffffffffffffffff", "ffffffff", "ffffffff", UINT64_MAX},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[WITNESS_TEXT_SIZE];
        size_t size = witness_write(&rows[i], text);
        print_message("row %zu: %s\n", i, text);
        assert_int_equal(size, strlen(text));
        assert_null(strchr(text, ':'));
        struct witness back;
        assert_true(witness_read((struct str){text, size}, &back));
        assert_memory_equal(&back, &rows[i], sizeof back);
    }
}

static void what_is_none_is_refused(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "",
        "--",
        ".",
        "...",
        "0123456789abcdef",
        "0123456789abcdef.01234567.89abcdef",
        "0123456789abcdef.01234567.89abcdef.",
        "0123456789abcdef.01234567.89abcdef.1x",
        "0123456789abcdef.01234567.89abcdef.-1",
        "0123456789abcdef.01234567.89abcdef.1.2",
        "0123456789abcdef.01234567.89abcdef.18446744073709551616",
        "0123456789abcdef.01234567.89abcde.1",
        "0123456789abcdef.01234567.89abcdeff.1",
        "0123456789abcdef.01234567..1",
        "0123456789abcdef.0123456.89abcdef.1",
        "0123456789ABCDEF.01234567.89abcdef.1",
        ".01234567.89abcdef.1",
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct witness witness;
        print_message("row %zu: %s\n", i, rows[i]);
        assert_false(witness_read(str_of(rows[i]), &witness));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(what_is_none_is_refused),
    };
    return cmocka_run_group_tests_name("witness", tests, NULL, NULL);
}
