#include "worker/core/base64.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* RFC 4648, 10, and the two last letters of the alphabet. */
static const struct {
    const char *bytes, *text;
} good[] = {
    {"", ""},
    {"f", "Zg=="},
    {"fo", "Zm8="},
    {"foo", "Zm9v"},
    {"foob", "Zm9vYg=="},
    {"fooba", "Zm9vYmE="},
    {"foobar", "Zm9vYmFy"},
    {"\xfb\xef\xbe\xff", "++++/w=="},
};

static void test_both_ways(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        size_t size = strlen(good[i].bytes), read = 99;
        char text[16];
        uint8_t bytes[16];
        print_message("row %zu: %s\n", i, good[i].text);
        assert_int_equal(base64_encode((const uint8_t *)good[i].bytes, size, text),
                         base64_length(size));
        assert_string_equal(text, good[i].text);
        assert_true(base64_decode(text, strlen(text), bytes, sizeof bytes, &read));
        assert_int_equal(read, size);
        assert_memory_equal(bytes, good[i].bytes, size);
    }
}

static void test_for_urls(void **state)
{
    (void)state;
    static const struct {
        const char *text, *bytes; /* bytes NULL: refused */
    } rows[] = {
        {"", ""},
        {"Zg", "f"},
        {"Zm8", "fo"},
        {"Zm9v", "foo"},
        {"Zm9vYg", "foob"},
        {"----_w", "\xfb\xef\xbe\xff"},
        {"Zg==", NULL},
        {"Z", NULL},
        {"Zm9vY", NULL},
        {"++++/w", NULL},
        {"Zh", NULL},
        {"Zm 9", NULL},
        {"Zm9vYmFyYmFyYmFyYmFyYmFy", NULL}, /* 18 bytes, and 16 have room */
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint8_t bytes[16];
        size_t size = 99;
        bool decoded =
            base64url_decode(rows[i].text, strlen(rows[i].text), bytes, sizeof bytes, &size);
        print_message("row %zu: %s\n", i, rows[i].text);
        assert_int_equal(decoded, rows[i].bytes != NULL);
        if (!decoded)
            continue;
        assert_int_equal(size, strlen(rows[i].bytes));
        assert_memory_equal(bytes, rows[i].bytes, size);
    }
}

static void test_refuses(void **state)
{
    (void)state;
    static const char *const bad[] = {"Zg",    "Zg=",  "Z===", "====", "Zh==",     "Zm9=",
                                      "Zm9v=", "Zm-v", "Zm_v", "Zm 9", "Zg==Zg==", "=m9v"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        uint8_t bytes[16];
        size_t read;
        print_message("row %zu: %s\n", i, bad[i]);
        assert_false(base64_decode(bad[i], strlen(bad[i]), bytes, sizeof bytes, &read));
    }
}

static void test_keeps_to_max(void **state)
{
    (void)state;
    uint8_t bytes[3];
    size_t read;
    assert_true(base64_decode("Zm9v", 4, bytes, 3, &read));
    assert_false(base64_decode("Zm9v", 4, bytes, 2, &read));
    assert_true(base64_decode("Zm8=", 4, bytes, 2, &read));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_both_ways),
        cmocka_unit_test(test_for_urls),
        cmocka_unit_test(test_refuses),
        cmocka_unit_test(test_keeps_to_max),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
