#include "tests/core/records.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static void finds_the_last_header_of_a_name(void **state)
{
    (void)state;
    static const struct text_header headers[] = {{"a", "1"},       {"b", NULL}, {"a", "2"},
                                                 {"", "nameless"}, {"A", "3"},  {NULL, NULL}};
    struct test_record record;
    record_of(&record, BYTES("x"), headers);
    assert_true(str_is(record_header(&record.record, "a")->value, "2"));
    assert_true(str_is(record_header(&record.record, "A")->value, "3"));
    assert_true(str_is(record_header(&record.record, "")->value, "nameless"));
    assert_null(record_header(&record.record, "b")->value.data);
    assert_null(record_header(&record.record, "c"));
    record_of(&record, BYTES("x"), NULL);
    assert_null(record_header(&record.record, "a"));
}

static void knows_nothing_from_empty(void **state)
{
    (void)state;
    struct str nothing = {NULL, 0};
    assert_false(str_is(nothing, ""));
    assert_true(str_is(BYTES(""), ""));
    assert_false(str_is(BYTES("ab"), "a"));
    assert_false(str_equal(BYTES("a\0b"), BYTES("a\0c")));
    assert_true(str_equal(BYTES("a\0b"), BYTES("a\0b")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_the_last_header_of_a_name),
        cmocka_unit_test(knows_nothing_from_empty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
