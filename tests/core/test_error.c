#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "worker/core/error.h"

static void an_error_is_false_and_has_the_text(void **state)
{
    struct error error = {0};

    (void)state;
    assert_false(error_set(&error, "port %d is taken", 9464));
    assert_string_equal(error.text, "port 9464 is taken");
    assert_false(error_set(NULL, "nobody asks"));
}

static void the_old_text_may_be_part_of_the_new_one(void **state)
{
    struct error error = {0};

    (void)state;
    (void)error_set(&error, "no such file");
    (void)error_set(&error, "settings: %s", error.text);
    assert_string_equal(error.text, "settings: no such file");
}

static void a_long_text_is_cut_and_says_so(void **state)
{
    char fits[ERROR_TEXT_SIZE];
    char is_long[ERROR_TEXT_SIZE + 1];
    struct error error = {0};

    (void)state;
    memset(fits, 'a', sizeof fits - 1);
    fits[sizeof fits - 1] = '\0';
    (void)error_set(&error, "%s", fits);
    assert_string_equal(error.text, fits);

    memset(is_long, 'a', sizeof is_long - 1);
    is_long[sizeof is_long - 1] = '\0';
    (void)error_set(&error, "%s", is_long);
    assert_int_equal(strlen(error.text), ERROR_TEXT_SIZE - 1);
    assert_string_equal(error.text + ERROR_TEXT_SIZE - 5, "a...");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_error_is_false_and_has_the_text),
        cmocka_unit_test(the_old_text_may_be_part_of_the_new_one),
        cmocka_unit_test(a_long_text_is_cut_and_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
