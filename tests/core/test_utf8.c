#include "tests/core/records.h"
#include "worker/core/utf8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static const struct {
    const char *name;
    struct str text;
    bool is_valid, is_printable;
    size_t offset; /* of the first wrong byte */
} cases[] = {
    {"empty", BYTES(""), true, true, 0},
    {"ascii", BYTES("plain ~"), true, true, 0},
    {"two, three and four bytes", BYTES("\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80"), true, true, 0},
    {"least and greatest",
     BYTES("\xC2\xA0\xE0\xA0\x80\xEF\xBF\xBF\xF0\x90\x80\x80\xF4\x8F\xBF\xBF"), true, true, 0},
    {"NUL", BYTES("a\0b"), true, false, 0},
    {"tab", BYTES("a\tb"), true, false, 0},
    {"delete", BYTES("a\x7F"), true, false, 0},
    {"C1 control", BYTES("a\xC2\x85"), true, false, 0},
    {"overlong slash, two bytes", BYTES("ab\xC0\xAF"), false, false, 2},
    {"overlong in C1", BYTES("\xC1\xBF"), false, false, 0},
    {"overlong, three bytes", BYTES("\xE0\x80\xAF"), false, false, 0},
    {"overlong, four bytes", BYTES("\xF0\x8F\xBF\xBF"), false, false, 0},
    {"surrogate", BYTES("a\xED\xA0\x80"), false, false, 1},
    {"beyond U+10FFFF", BYTES("\xF4\x90\x80\x80"), false, false, 0},
    {"five-byte form", BYTES("\xF8\x88\x80\x80\x80"), false, false, 0},
    {"tail alone", BYTES("abc\x80"), false, false, 3},
    {"cut character", BYTES("abc\xE2\x82"), false, false, 3},
    {"wrong tail", BYTES("\xE2\x28\xA1"), false, false, 0},
    {"latin-1", BYTES("caf\xE9"), false, false, 3},
};

static void judges_every_case(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t offset = 0;
        bool is_valid = utf8_is_valid(cases[i].text, &offset);
        bool is_printable = utf8_is_printable(cases[i].text);
        if (is_valid != cases[i].is_valid || is_printable != cases[i].is_printable ||
            offset != cases[i].offset)
            fail_msg("%s: valid %d, printable %d, offset %zu", cases[i].name, is_valid,
                     is_printable, offset);
    }
}

/* Each code point has one form; all other sequences of up to four bytes that start alike are
 * refused. */
static void takes_each_character_once(void **state)
{
    (void)state;
    size_t count = 0;
    for (uint32_t lead = 0x80; lead < 0x100; lead++) {
        for (uint32_t second = 0; second < 0x100; second++) {
            char bytes[] = {(char)lead, (char)second, (char)0x80, (char)0x80};
            size_t length = utf8_length(bytes, sizeof bytes);
            count += length == 2 ? 1 : length == 3 ? 64 : length == 4 ? 4096 : 0;
        }
    }
    assert_int_equal(count, 0x110000 - 0x80 - 0x800);
}

static void cuts_between_characters(void **state)
{
    (void)state;
    struct str text = BYTES("a\xE2\x82\xAC"
                            "b");
    static const int sizes[] = {0, 1, 1, 1, 4, 5, 5};
    for (size_t max = 0; max < sizeof sizes / sizeof sizes[0]; max++)
        assert_int_equal(utf8_cut(text, max), sizes[max]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(judges_every_case),
        cmocka_unit_test(takes_each_character_once),
        cmocka_unit_test(cuts_between_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
