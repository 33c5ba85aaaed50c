#include "worker/core/buffer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void test_grows(void **state)
{
    (void)state;
    struct buffer buffer;
    buffer_init(&buffer, 1 << 20);
    for (int i = 0; i < 10000; i++)
        buffer_put(&buffer, "0123456789", 10);
    size_t size = 0;
    char *text = buffer_take(&buffer, &size);
    assert_int_equal(size, 100000);
    assert_int_equal(strlen(text), 100000);
    free(text);
    buffer_put_text(&buffer, "again");
    assert_string_equal(buffer.data, "again");
    buffer_finish(&buffer);
}

static void test_empty_is_a_string(void **state)
{
    (void)state;
    struct buffer buffer;
    buffer_init(&buffer, 1);
    char *text = buffer_take(&buffer, NULL);
    assert_string_equal(text, "");
    free(text);
}

/* The limit is exact, what does not fit is left out whole, and the failure lasts. */
static void test_limit(void **state)
{
    (void)state;
    struct buffer buffer;
    buffer_init(&buffer, 4);
    buffer_put_text(&buffer, "abcd");
    assert_false(buffer.failed);
    buffer_put_text(&buffer, "e");
    assert_true(buffer.failed);
    buffer_put_text(&buffer, "");
    assert_string_equal(buffer.data, "abcd");
    assert_null(buffer_take(&buffer, NULL));
    assert_false(buffer.failed);
    buffer_put_text(&buffer, "abcde");
    assert_true(buffer.failed);
    buffer_clear(&buffer);
    assert_false(buffer.failed);
    buffer_finish(&buffer);
}

static void test_numbers(void **state)
{
    (void)state;
    static const struct {
        int64_t value;
        const char *text;
    } rows[] = {{0, "0"},
                {-1, "-1"},
                {10, "10"},
                {INT64_MAX, "9223372036854775807"},
                {INT64_MIN, "-9223372036854775808"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buffer buffer;
        buffer_init(&buffer, 64);
        buffer_put_integer(&buffer, rows[i].value);
        assert_string_equal(buffer.data, rows[i].text);
        buffer_finish(&buffer);
    }
}

static void test_print(void **state)
{
    (void)state;
    struct buffer buffer;
    buffer_init(&buffer, 1 << 16);
    buffer_print(&buffer, "%d-%s", 7, "x");
    assert_string_equal(buffer.data, "7-x");
    buffer_print(&buffer, "%1023d", 1);
    assert_false(buffer.failed);
    buffer_print(&buffer, "%1024d", 1);
    assert_true(buffer.failed);
    buffer_finish(&buffer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_grows), cmocka_unit_test(test_empty_is_a_string),
        cmocka_unit_test(test_limit), cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_print),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
