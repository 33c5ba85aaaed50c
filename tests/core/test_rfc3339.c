#include "tests/core/records.h"
#include "worker/core/rfc3339.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static const struct {
    const char *text;
    int64_t ms;
} times[] = {
    {"1970-01-01T00:00:00Z", 0},
    {"1970-01-01T00:00:00.001Z", 1},
    {"1969-12-31T23:59:59.999Z", -1},
    {"2026-03-01T08:30:00Z", 1772353800000},
    {"2026-03-01t08:30:00z", 1772353800000},
    {"2026-03-01T08:30:00.1234567Z", 1772353800123},
    {"2026-03-01T08:30:00.9Z", 1772353800900},
    {"2026-03-01T08:30:00.99999999999999999999999999Z", 1772353800999},
    {"2026-03-01T09:30:00+01:00", 1772353800000},
    {"2026-03-01T00:00:00-08:30", 1772353800000},
    {"2026-03-01T08:30:00-00:00", 1772353800000},
    {"2024-02-29T00:00:00Z", 1709164800000},
    {"2000-02-29T12:00:00Z", 951825600000},
    {"2016-12-31T23:59:60Z", 1483228800000},
    {"0000-01-01T00:00:00Z", -62167219200000},
    {"9999-12-31T23:59:59.999Z", 253402300799999},
};

static const char *const not_times[] = {
    "",
    "now",
    "2026-03-01",
    "2026-03-01T08:30:00", /* no zone */
    "2026-03-01T08:30:00.123",
    "2026-03-01 08:30:00Z",
    "2026-03-01T08:30Z",
    "2026-03-01T08:30:00.Z",
    "2026-03-01T08:30:00,5Z",
    "2026-03-01T08:30:00+0100",
    "2026-03-01T08:30:00+01",
    "2026-03-01T08:30:00+24:00",
    "2026-03-01T08:30:00+01:60",
    "2026-03-01T24:00:00Z",
    "2026-03-01T08:60:00Z",
    "2026-03-01T08:30:61Z",
    "2026-00-01T08:30:00Z",
    "2026-13-01T08:30:00Z",
    "2026-03-00T08:30:00Z",
    "2026-04-31T08:30:00Z",
    "2026-02-29T08:30:00Z",
    "1900-02-29T08:30:00Z",
    "26-03-01T08:30:00Z",
    "+2026-03-01T08:30:00Z",
    "2026-3-1T08:30:00Z",
    "2026-03-01T08:30:00ZZ",
    "2026-03-01T08:30:00Z ",
    " 2026-03-01T08:30:00Z",
    "/Date(1772353800000)/",
};

static void parses_times(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        int64_t ms = 42;
        if (!rfc3339_parse(str_of(times[i].text), &ms) || ms != times[i].ms)
            fail_msg("%s: %lld", times[i].text, (long long)ms);
    }
}

static void refuses_what_is_none(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof not_times / sizeof not_times[0]; i++) {
        int64_t ms = 42;
        if (rfc3339_parse(str_of(not_times[i]), &ms) || ms != 42)
            fail_msg("%s was taken", not_times[i]);
    }
    int64_t ms = 42;
    assert_false(rfc3339_parse(BYTES("2026-03-01T08:30:00\0"), &ms));
    assert_false(rfc3339_parse((struct str){NULL, 0}, &ms));
}

/* Every day of 400 years and more, through both functions. */
static void formats_what_it_parses(void **state)
{
    (void)state;
    static const int64_t day_ms = 86400000;
    char text[RFC3339_SIZE];
    for (int64_t day = -75000; day < 75000; day++) {
        int64_t ms = day * day_ms + (day * 7919) % day_ms;
        int64_t parsed_ms = 0;
        rfc3339_format(ms, text);
        if (!rfc3339_parse(str_of(text), &parsed_ms) || parsed_ms != ms)
            fail_msg("%lld became %s", (long long)ms, text);
    }
    rfc3339_format(1772353800123, text);
    assert_string_equal(text, "2026-03-01T08:30:00.123Z");
    rfc3339_format(INT64_MIN, text);
    assert_string_equal(text, "0000-01-01T00:00:00.000Z");
    rfc3339_format(INT64_MAX, text);
    assert_string_equal(text, "9999-12-31T23:59:59.999Z");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parses_times),
        cmocka_unit_test(refuses_what_is_none),
        cmocka_unit_test(formats_what_it_parses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
