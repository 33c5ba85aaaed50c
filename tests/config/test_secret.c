#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/settings.h"

/* Good for a secret of up to 15 bytes. */
#define SMALL 16

static const struct row {
    const char *name, *bytes;
    size_t size;
    const char *secret, *error; /* the file is called FILE in it */
} rows[] = {
    {"one line", "hunter2", 7, "hunter2", NULL},
    {"with a line feed", "hunter2\n", 8, "hunter2", NULL},
    {"with Windows's end", "hunter2\r\n", 9, "hunter2", NULL},
    {"blanks belong to it", " a b ", 5, " a b ", NULL},
    {"as long as fits", "123456789012345\n", 16, "123456789012345", NULL},
    {"too long", "1234567890123456", 16, NULL, "file FILE: is longer than 15 bytes"},
    {"empty", "", 0, NULL, "file FILE: is empty, and a secret is due in it"},
    {"a line feed only", "\n", 1, NULL, "file FILE: is empty, and a secret is due in it"},
    {"two lines", "hunter2\nx\n", 10, NULL,
     "file FILE: has a second line or a control character; the secret is one line"},
    {"a NUL", "a\0b", 3, NULL,
     "file FILE: has a second line or a control character; the secret is one line"},
};

static void the_line_in_a_file_is_the_secret(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char path[] = "/tmp/usher-secret-XXXXXX";
        char secret[SMALL];
        char expected[256];
        struct error error = {0};
        int fd = mkstemp(path);
        print_message("%s\n", rows[i].name);
        assert_true(fd >= 0);
        assert_int_equal(write(fd, rows[i].bytes, rows[i].size), rows[i].size);
        assert_int_equal(close(fd), 0);
        bool is_read = secret_read("ignored", path, secret, sizeof secret, &error);
        assert_int_equal(unlink(path), 0);
        assert_int_equal(is_read, rows[i].secret != NULL);
        if (is_read) {
            assert_string_equal(secret, rows[i].secret);
            continue;
        }
        const char *rest = strstr(rows[i].error, "FILE") + strlen("FILE");
        (void)snprintf(expected, sizeof expected, "file %s%s", path, rest);
        assert_string_equal(error.text, expected);
        assert_string_equal(secret, "");
    }
}

static void a_value_is_the_secret_where_there_is_no_file(void **state)
{
    char secret[SMALL] = "old";
    struct error error = {0};

    (void)state;
    assert_true(secret_read("hunter2", "", secret, sizeof secret, &error));
    assert_string_equal(secret, "hunter2");
    assert_true(secret_read("", "", secret, sizeof secret, &error));
    assert_string_equal(secret, "");
    assert_false(secret_read("1234567890123456", "", secret, sizeof secret, &error));
    assert_string_equal(error.text, "a secret is longer than 15 bytes");
    assert_false(secret_read("1234567890123456", "", secret, sizeof secret, NULL));
}

static void a_missing_file_is_named(void **state)
{
    char secret[SMALL];
    struct error error = {0};

    (void)state;
    assert_false(secret_read("", "/nowhere/secret", secret, sizeof secret, &error));
    assert_string_equal(error.text,
                        "file /nowhere/secret: cannot be read: No such file or directory");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_line_in_a_file_is_the_secret),
        cmocka_unit_test(a_value_is_the_secret_where_there_is_no_file),
        cmocka_unit_test(a_missing_file_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
