#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "config/convert.h"

typedef bool parser(const char *text, int64_t *ret, struct error *error);

static const struct good {
    parser *parse;
    const char *text;
    int64_t number;
    void (*format)(int64_t number, char *ret);
    const char *formatted;
} good[] = {
    {parse_duration, "20ms", 20, format_duration, "20ms"},
    {parse_duration, "1500ms", 1500, format_duration, "1500ms"},
    {parse_duration, "30s", 30000, format_duration, "30s"},
    {parse_duration, "60s", 60000, format_duration, "1m"},
    {parse_duration, "5m", 300000, format_duration, "5m"},
    {parse_duration, "48h", 172800000, format_duration, "2d"},
    {parse_duration, "7d", 604800000, format_duration, "7d"},
    {parse_duration, "0s", 0, format_duration, "0s"},
    {parse_duration, "0d", 0, format_duration, "0s"},
    {parse_duration, "007s", 7000, format_duration, "7s"},
    {parse_size, "512B", 512, format_size, "512B"},
    {parse_size, "64KiB", 65536, format_size, "64KiB"},
    {parse_size, "1024KiB", 1048576, format_size, "1MiB"},
    {parse_size, "1GiB", 1073741824, format_size, "1GiB"},
    {parse_size, "0B", 0, format_size, "0B"},
    {parse_count, "4096", 4096, format_count, "4096"},
    {parse_count, "0", 0, format_count, "0"},
    {parse_count, "9223372036854775807", INT64_MAX, format_count, "9223372036854775807"},
};

static const struct bad {
    parser *parse;
    const char *text, *error;
} bad[] = {
    {parse_duration, "30", "30 has no unit; write 30s or 30ms (units: ms, s, m, h, d)"},
    {parse_duration, "0", "0 has no unit; write 0s or 0ms (units: ms, s, m, h, d)"},
    {parse_duration, "", "\"\" is no duration; write a whole number and a unit, as in 30s"},
    {parse_duration, "s", "\"s\" is no duration; write a whole number and a unit, as in 30s"},
    {parse_duration, "-5s", "\"-5s\" is no duration; write a whole number and a unit, as in 30s"},
    {parse_duration, "1.5s",
     "\"1.5s\" is no duration; write one whole number and one of ms, s, m, h, d"},
    {parse_duration, "1m30s",
     "\"1m30s\" is no duration; write one whole number and one of ms, s, m, h, d"},
    {parse_duration, "5 s",
     "\"5 s\" is no duration; write one whole number and one of ms, s, m, h, d"},
    {parse_duration, "5S",
     "\"5S\" is no duration; write one whole number and one of ms, s, m, h, d"},
    {parse_duration, "9223372036854775807d", "\"9223372036854775807d\" is too large"},
    {parse_duration, "92233720368547758070s", "\"92233720368547758070s\" is too large"},
    {parse_size, "64", "64 has no unit; write 64B or 64MiB (units: B, KiB, MiB, GiB)"},
    {parse_size, "64MB", "\"64MB\" is no size; write one whole number and one of B, KiB, MiB, GiB"},
    {parse_size, "64M", "\"64M\" is no size; write one whole number and one of B, KiB, MiB, GiB"},
    {parse_size, "all", "\"all\" is no size; write a whole number and a unit, as in 64MiB"},
    {parse_size, "9223372036854775807GiB", "\"9223372036854775807GiB\" is too large"},
    {parse_count, "", "\"\" is no whole number; write digits only, as in 4096"},
    {parse_count, "4,096", "\"4,096\" is no whole number; write digits only, as in 4096"},
    {parse_count, "-1", "\"-1\" is no whole number; write digits only, as in 4096"},
    {parse_count, "0x10", "\"0x10\" is no whole number; write digits only, as in 4096"},
    {parse_count, "9223372036854775808", "\"9223372036854775808\" is too large"},
};

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static void a_number_with_its_unit_is_read_and_written(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(good); i++) {
        struct error error = {0};
        char text[NUMBER_TEXT_SIZE];
        int64_t number = -1;
        int64_t again = -1;
        print_message("row %zu: %s\n", i, good[i].text);
        assert_true(good[i].parse(good[i].text, &number, &error));
        assert_int_equal(number, good[i].number);
        good[i].format(number, text);
        assert_string_equal(text, good[i].formatted);
        assert_true(good[i].parse(text, &again, &error));
        assert_int_equal(again, number);
    }
}

static void anything_else_is_refused_with_a_sentence(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct error error = {0};
        int64_t number;
        print_message("row %zu: %s\n", i, bad[i].text);
        assert_false(bad[i].parse(bad[i].text, &number, &error));
        assert_string_equal(error.text, bad[i].error);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_number_with_its_unit_is_read_and_written),
        cmocka_unit_test(anything_else_is_refused_with_a_sentence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
