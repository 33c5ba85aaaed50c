#include "worker/core/json_writer.h"

#include "worker/core/json_read.h"
#include "worker/core/utf8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void test_shapes(void **state)
{
    (void)state;
    struct buffer json;
    buffer_init(&json, 4096);
    json_begin_object(&json, NULL);
    json_begin_object(&json, "empty");
    json_end_object(&json);
    json_put_text(&json, "text", str_of("a"));
    json_put_text(&json, "nothing", (struct str){0});
    json_put_text(&json, "blank", str_of(""));
    json_begin_array(&json, "list");
    json_put_integer(&json, NULL, -5);
    json_put_bool(&json, NULL, true);
    json_begin_array(&json, NULL);
    json_end_array(&json);
    json_end_array(&json);
    json_put_raw(&json, "raw", str_of("[1,2]"));
    json_put_members(&json, str_of(""));
    json_put_members(&json, str_of("\"m\":1,\"n\":2"));
    json_put_time(&json, "at", 5);
    json_end_object(&json);
    assert_string_equal(
        json.data, "{\"empty\":{},\"text\":\"a\",\"nothing\":null,\"blank\":\"\",\"list\":[-5,true,"
                   "[]],\"raw\":[1,2],\"m\":1,\"n\":2,\"at\":\"1970-01-01T00:00:00.005Z\"}");
    buffer_finish(&json);
}

/* A text that ends in a brace must not be taken for an open object. */
static void test_commas_after_texts(void **state)
{
    (void)state;
    struct buffer json;
    buffer_init(&json, 4096);
    json_begin_array(&json, NULL);
    json_put_text(&json, NULL, str_of("{"));
    json_put_text(&json, NULL, str_of("["));
    json_end_array(&json);
    assert_string_equal(json.data, "[\"{\",\"[\"]");
    buffer_finish(&json);
}

struct row {
    struct str in;
    const char *out;
};
#define BYTES(text)           \
    {                         \
        text, sizeof text - 1 \
    }
#define BAD "\xEF\xBF\xBD"

static const struct row rows[] = {
    {BYTES("\"\\/"), "\"\\\"\\\\/\""},
    {BYTES("\b\f\n\r\t"), "\"\\b\\f\\n\\r\\t\""},
    {BYTES("\0\1\x1F\x7F"), "\"\\u0000\\u0001\\u001f\x7F\""},
    {BYTES("\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80"), "\"\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80\""},
    {BYTES("a\xFFz"), "\"a" BAD "z\""},
    {BYTES("\xC3"), "\"" BAD "\""},
    {BYTES("\xE2\x82"), "\"" BAD BAD "\""},
    {BYTES("\xC0\xAF"), "\"" BAD BAD "\""},
    {BYTES("\xED\xA0\x80"), "\"" BAD BAD BAD "\""},
    {BYTES("\xF4\x90\x80\x80"), "\"" BAD BAD BAD BAD "\""},
};

static void test_escapes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buffer json;
        buffer_init(&json, 4096);
        json_put_text(&json, NULL, rows[i].in);
        if (strcmp(json.data, rows[i].out) != 0)
            fail_msg("row %zu: %s", i, json.data);
        buffer_finish(&json);
    }
}

/* Every byte behind every other: always one JSON text in valid UTF-8. */
static void test_all_pairs(void **state)
{
    (void)state;
    for (int pair = 0; pair < 65536; pair++) {
        char bytes[2] = {(char)(pair >> 8), (char)pair};
        struct buffer json;
        buffer_init(&json, 64);
        json_put_text(&json, NULL, (struct str){bytes, 2});
        struct str text = {json.data, json.size};
        if (!utf8_is_valid(text, NULL) || memchr(text.data, '\n', text.size) != NULL)
            fail_msg("pair %04x: %s", (unsigned)pair, json.data);
        cJSON *tree = cJSON_ParseWithLength(text.data, text.size);
        if (!cJSON_IsString(tree))
            fail_msg("pair %04x is no string: %s", (unsigned)pair, json.data);
        cJSON_Delete(tree);
        buffer_finish(&json);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shapes),
        cmocka_unit_test(test_commas_after_texts),
        cmocka_unit_test(test_escapes),
        cmocka_unit_test(test_all_pairs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
