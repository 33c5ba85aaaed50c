#include "worker/core/retry_after.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
// cmocka needs the two above first.
#include <cmocka.h>

enum { MOST = RETRY_AFTER_MOST_MS };

static const int64_t NOW = 784111777000; /* Sun, 06 Nov 1994 08:49:37 GMT, RFC 9110's own example */

static const struct row {
    const char *value;
    int64_t expected_ms;
} rows[] = {
    {NULL, -1},
    {"", -1},
    {"0", 0},
    {"7", 7000},
    {" 7\t", 7000},
    {"2.128", 2128},
    {"2.", 2000},
    {"0.0001", 1},
    {"0.5", 500},
    {"1.0000", 1000},
    {"120", 120000},
    {"600", MOST},
    {"601", MOST},
    {"1000000000", MOST},
    {"99999999999999999999999999999999", MOST},
    {"-1", -1},
    {"-0.5", -1},
    {"+5", -1},
    {".5", -1},
    {"1e9", -1},
    {"5s", -1},
    {"5, 6", -1},
    {"soon", -1},
    {"Sun, 06 Nov 1994 08:49:42 GMT", 5000},
    {"Sunday, 06-Nov-94 08:49:42 GMT", 5000},
    {"Sun Nov  6 08:49:42 1994", 5000},
    {"Sun, 06 Nov 1994 08:49:37 GMT", 0},
    {"Sun, 06 Nov 1994 08:00:00 GMT", 0},
    {"Thu, 01 Jan 1970 00:00:00 GMT", 0},
    {"Fri, 31 Dec 2099 23:59:59 GMT", MOST},
    {"Sun, 31 Feb 1995 08:49:42 GMT", -1},
    {"Sun, 06 Nov 1994 25:49:42 GMT", -1},
    {"Sun, 06 Nov 1994 08:49:42 CET", -1},
    {"Sun, 06 Nov 1994 08:49:42 GMT+1", -1},
    {"Sun, 06 Now 1994 08:49:42 GMT", -1},
    {"Sun, 6 Nov 1994 08:49:42 GMT", -1},
    {"Sun,", -1},
    {"Sun Nov", -1},
    {"1994-11-06T08:49:42Z", -1},
};

static void test_values(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t ms = retry_after_read(str_of(rows[i].value), NOW);
        if (ms != rows[i].expected_ms)
            fail_msg("\"%s\": %lld ms, expected %lld", rows[i].value ? rows[i].value : "(absent)",
                     (long long)ms, (long long)rows[i].expected_ms);
    }
}

/* Any cut of a date is no date, and nothing behind the end is read (the copies are exact). */
static void test_cut_dates(void **state)
{
    (void)state;
    static const char *const dates[] = {"Sun, 06 Nov 1994 08:49:37 GMT",
                                        "Sunday, 06-Nov-94 08:49:37 GMT",
                                        "Sun Nov  6 08:49:37 1994"};
    for (size_t i = 0; i < 3; i++) {
        int64_t ms = 0;
        assert_true(http_date_read(str_of(dates[i]), &ms));
        assert_int_equal(ms, NOW);
        for (size_t size = 0; size < strlen(dates[i]); size++) {
            char *copy = test_malloc(size + 1);
            memcpy(copy, dates[i], size);
            if (http_date_read((struct str){copy, size}, &ms))
                fail_msg("the first %zu bytes of \"%s\" were read as a date", size, dates[i]);
            test_free(copy);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_cut_dates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
