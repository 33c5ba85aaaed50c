#include "worker/core/form.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct row {
    const char *body;
    bool good;
    const char *found; /* name=value; of each */
} rows[] = {
    {"", true, ""},
    {"a=b", true, "a=b;"},
    {"a=b&c=d", true, "a=b;c=d;"},
    {"a=b&a=c&", true, "a=b;a=c;"},
    {"&&a=b", true, "a=b;"},
    {"a", true, "a=;"},
    {"a=", true, "a=;"},
    {"=b", true, "=b;"},
    {"a=b=c", true, "a=b=c;"},
    {"a+b=c%20d+e", true, "a b=c d e;"},
    {"letter=%2F0%2f17", true, "letter=/0/17;"},
    {"a=%26%3D", true, "a=&=;"},
    {"%61=%C3%BC", true, "a=\xC3\xBC;"},
    {"a=%ff", true, "a=\xFF;"},
    {"a=%", false, ""},
    {"a=%2", false, ""},
    {"a=%2g", false, ""},
    {"a=%g2", false, ""},
    {"%=a", false, ""},
    {"a=%00b", false, ""},
};

static struct form form;

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char found[256] = "";
        char *body = strdup(rows[i].body); /* so that a sanitizer sees what is read behind it */
        assert_non_null(body);
        bool good = form_read(body, &form);
        for (size_t k = 0; good && k < form.count; k++) {
            size_t size = strlen(found);
            snprintf(found + size, sizeof found - size, "%s=%s;", form.fields[k].name,
                     form.fields[k].value);
        }
        if (good != rows[i].good || strcmp(found, rows[i].found) != 0)
            fail_msg("\"%s\": %d \"%s\"", rows[i].body, good, found);
        free(body);
    }
}

static void test_value(void **state)
{
    (void)state;
    char body[] = "a=1&b=2&a=3";
    assert_true(form_read(body, &form));
    assert_string_equal(form_value(&form, "a"), "1");
    assert_string_equal(form_value(&form, "b"), "2");
    assert_null(form_value(&form, "c"));
}

static void test_many(void **state)
{
    (void)state;
    static char body[2 * (FORM_FIELDS_MAX + 1) + 1];
    for (size_t count = FORM_FIELDS_MAX; count <= FORM_FIELDS_MAX + 1; count++) {
        for (size_t i = 0; i < count; i++)
            memcpy(body + 2 * i, "a&", 3);
        assert_int_equal(form_read(body, &form), count == FORM_FIELDS_MAX);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_value),
        cmocka_unit_test(test_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
