#include "tests/core/records.h"
#include "worker/core/guid.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static const struct {
    const char *name;
    struct str text;
    const char *read; /* NULL: refused */
} cases[] = {
    {"lower case", BYTES(GUID_A), GUID_A},
    {"upper case", BYTES("46184453-E63B-4F20-86C2-C557ED5D5DF9"), GUID_A},
    {"zeros", BYTES("00000000-0000-0000-0000-000000000000"),
     "00000000-0000-0000-0000-000000000000"},
    {"braces", BYTES("{" GUID_A "}"), NULL},
    {"braces in place of digits", BYTES("{6184453-e63b-4f20-86c2-c557ed5d5df}"), NULL},
    {"no dashes", BYTES("46184453e63b4f2086c2c557ed5d5df9"), NULL},
    {"dash elsewhere", BYTES("4618445-3e63b-4f20-86c2-c557ed5d5df9"), NULL},
    {"white space before", BYTES(" 46184453-e63b-4f20-86c2-c557ed5d5df"), NULL},
    {"line feed behind", BYTES(GUID_A "\n"), NULL},
    {"a digit short", BYTES("46184453-e63b-4f20-86c2-c557ed5d5df"), NULL},
    {"no digit", BYTES("46184453-e63b-4f20-86c2-c557ed5d5dfg"), NULL},
    {"NUL in it", BYTES("46184453-e63b-4f20-86c2-c557ed5d5df\0"), NULL},
    {"empty", BYTES(""), NULL},
};

static void reads_every_case(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char read[GUID_SIZE] = "before";
        bool passed = guid_read(cases[i].text, read);
        const char *expected = cases[i].read != NULL ? cases[i].read : "";
        if (passed != (cases[i].read != NULL) || strcmp(read, expected) != 0)
            fail_msg("%s: %d, `%s`", cases[i].name, passed, read);
    }
}

static void marks_a_random_one_as_version_4(void **state)
{
    (void)state;
    uint8_t random[16];
    char guid[GUID_SIZE];
    memset(random, 0xFF, sizeof random);
    guid_from_random(random, guid);
    assert_string_equal(guid, "ffffffff-ffff-4fff-bfff-ffffffffffff");
    memset(random, 0, sizeof random);
    guid_from_random(random, guid);
    assert_string_equal(guid, "00000000-0000-4000-8000-000000000000");
    for (uint8_t i = 0; i < 16; i++)
        random[i] = (uint8_t)(i * 0x11);
    guid_from_random(random, guid);
    assert_string_equal(guid, "00112233-4455-4677-8899-aabbccddeeff");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_every_case),
        cmocka_unit_test(marks_a_random_one_as_version_4),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
