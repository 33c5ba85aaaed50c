#include "tests/core/records.h"
#include "worker/core/json_read.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static const struct {
    const char *text;
    const char *code; /* NULL: passes */
} cases[] = {
    {"{\"a\":1,\"b\":{\"a\":1},\"c\":[{\"a\":1},{\"a\":1}]}", NULL},
    {"{\"a\":1,\"A\":1}", NULL},
    {"{\"\":1,\"a\":1}", NULL},
    {"{\"a\":1,\"a\":1}", "duplicateMember"},
    {"{\"\":1,\"\":2}", "duplicateMember"},
    {"{\"a\":1,\"\\u0061\":2}", "duplicateMember"},
    {"{\"\xC3\xA9\":1,\"\\u00E9\":2}", "duplicateMember"},
    {"{\"x\":{\"y\":[0,{\"a\":1,\"b\":2,\"a\":3}]}}", "duplicateMember"},
    {"{\"a\":1e308}", NULL},
    {"{\"a\":1e400}", "invalidNumber"},
    {"{\"a\":[-1e400]}", "invalidNumber"},
    {"{\"a\":1e-400}", NULL},
    {"{\"a\":01}", "invalidNumber"},
};

static void judges_every_case(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct json_fault fault;
        cJSON *tree = json_read(str_of(cases[i].text), &fault);
        const char *code = fault.code != NULL ? fault.code : "none";
        if ((tree == NULL) != (cases[i].code != NULL) ||
            strcmp(code, cases[i].code != NULL ? cases[i].code : "none") != 0)
            fail_msg("%s: %s", cases[i].text, code);
        cJSON_Delete(tree);
    }
}

/* The header cJSON's functions were compiled against is that of the library they came from. */
static void uses_the_cjson_it_was_built_with(void **state)
{
    (void)state;
    char version[32];
    snprintf(version, sizeof version, "%d.%d.%d", CJSON_VERSION_MAJOR, CJSON_VERSION_MINOR,
             CJSON_VERSION_PATCH);
    assert_string_equal(cJSON_Version(), version);
}

/* `count` names, the one at `twin` (if below `count`) like the first. */
static const char *code_of_many(size_t count, size_t twin)
{
    char *text = malloc(count * 16 + 2);
    size_t size = 0;
    for (size_t i = 0; i < count; i++)
        size += (size_t)snprintf(text + size, 16, "%c\"n%zu\":0", i == 0 ? '{' : ',',
                                 i == twin ? 0 : i);
    text[size++] = '}';
    struct json_fault fault;
    cJSON *tree = json_read((struct str){text, size}, &fault);
    cJSON_Delete(tree);
    free(text);
    return fault.code != NULL ? fault.code : "none";
}

static void finds_a_twin_among_few_and_many(void **state)
{
    (void)state;
    static const size_t counts[] = {2, 15, 16, 17, 18, 1000, 60000};
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        size_t count = counts[i];
        assert_string_equal(code_of_many(count, count), "none");
        assert_string_equal(code_of_many(count, 1), "duplicateMember");
        assert_string_equal(code_of_many(count, count - 1), "duplicateMember");
    }
}

static void names_the_twin_in_whole_characters(void **state)
{
    (void)state;
    char text[600] = "{\"";
    for (int i = 0; i < 80; i++)
        memcpy(text + 2 + 3 * (size_t)i, "\xE2\x82\xAC", 3);
    memcpy(text + 242, "\":1,\"", 5);
    memcpy(text + 247, text + 2, 240);
    memcpy(text + 487, "\":1}", 5);
    struct json_fault fault;
    assert_null(json_read(str_of(text), &fault));
    assert_string_equal(fault.code, "duplicateMember");
    assert_non_null(strstr(fault.message, "\xE2\x82\xAC` stands twice"));
}

/* A sentence is one line in a log and a header. */
static void shows_a_name_up_to_a_control_character(void **state)
{
    (void)state;
    static struct {
        char name[8];
        int size;
    } names[] = {{"", 0},      {"abc", 3},        {"a\nb", 1},       {"\x7f", 0},
                 {"a\x1f", 1}, {"\xC3\xA9\t", 2}, {"a\xC2\x85z", 1}, {"\xC2\xA0", 2}};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        cJSON item = {.string = names[i].name};
        if (json_name_size(&item) != names[i].size)
            fail_msg("%zu: %d", i, json_name_size(&item));
    }
}

static void walks_over_the_bytes(void **state)
{
    (void)state;
    static const struct {
        const char *member, *value;
    } expected[] = {
        {"\"a\" : 1.50e0", "1.50e0"},
        {"\"b\\\"}\":\"x\\\\\"", "\"x\\\\\""},
        {"\"c\" :{\"d\": [ \"]\", {} ] }", "{\"d\": [ \"]\", {} ] }"},
        {"\"e\":[ ]", "[ ]"},
        {"\"f\":null", "null"},
        {"\"\":true", "true"},
    };
    struct str object =
        BYTES(" { \"a\" : 1.50e0 ,\n\"b\\\"}\":\"x\\\\\",\"c\" :{\"d\": [ \"]\", {} ] }"
              ",\"e\":[ ],\"f\":null\t,\"\":true}");
    struct json_walk walk = json_walk_object(object);
    struct str member;
    struct str value;
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        assert_true(json_walk_next(&walk, &member, &value));
        if (!str_is(member, expected[i].member) || !str_is(value, expected[i].value))
            fail_msg("%zu: `%.*s`", i, (int)member.size, member.data);
    }
    assert_false(json_walk_next(&walk, &member, &value));
    walk = json_walk_object(BYTES("{ }"));
    assert_false(json_walk_next(&walk, &member, &value));
}

static void walks_over_a_list(void **state)
{
    (void)state;
    static const char *const expected[] = {"1.50", "{\"a\":[ \"]\" ]}", "[ ]", "\"x,\\\"\"",
                                           "null"};
    struct json_walk walk =
        json_walk_list(BYTES(" [ 1.50,{\"a\":[ \"]\" ]} , [ ],\n\"x,\\\"\" ,null]"));
    struct str value;
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        assert_true(json_walk_next_value(&walk, &value));
        if (!str_is(value, expected[i]))
            fail_msg("%zu: `%.*s`", i, (int)value.size, value.data);
    }
    assert_false(json_walk_next_value(&walk, &value));
    walk = json_walk_list(BYTES("[ ]"));
    assert_false(json_walk_next_value(&walk, &value));
}

static void takes_white_space_out_of_structure_only(void **state)
{
    (void)state;
    struct str text = BYTES("{ \"a b\" :\t[ 1 ,\r\n2.00 ] , \"c\" : \" \\\" \\\\\" , \"d\":true }");
    char compact[128];
    size_t size = json_compact(text, compact);
    assert_true(
        str_is((struct str){compact, size}, "{\"a b\":[1,2.00],\"c\":\" \\\" \\\\\",\"d\":true}"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(judges_every_case),
        cmocka_unit_test(uses_the_cjson_it_was_built_with),
        cmocka_unit_test(finds_a_twin_among_few_and_many),
        cmocka_unit_test(names_the_twin_in_whole_characters),
        cmocka_unit_test(shows_a_name_up_to_a_control_character),
        cmocka_unit_test(walks_over_the_bytes),
        cmocka_unit_test(walks_over_a_list),
        cmocka_unit_test(takes_white_space_out_of_structure_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
