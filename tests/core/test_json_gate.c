#include "tests/core/records.h"
#include "worker/core/event.h"
#include "worker/core/fault_codes.h"
#include "worker/core/json_gate.h"
#include "worker/core/utf8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#define FRAME_GUID \
    "\x01"         \
    "0123456789abcdef"

static const struct {
    const char *name;
    struct str bytes;
    const char *code; /* NULL: passes */
    size_t offset;
} cases[] = {
    {"object", BYTES("{}"), NULL, 0},
    {"white space around", BYTES(" \r\n\t{ \"a\" : [ 1 , 2 ] } \n"), NULL, 0},
    {"every kind of value", BYTES("{\"a\":[true,false,null,-1.5e+10,0,\"x\",{},[]]}"), NULL, 0},
    {"escapes", BYTES("{\"a\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\uD83D\\uDE00\"}"), NULL, 0},
    {"UTF-8", BYTES("{\"\xC3\xA9\":\"\xF0\x9F\x98\x80\"}"), NULL, 0},
    {"numbers", BYTES("[0,-0,0.5,1e5,1E-5,-12.25e+3,9007199254740991,-9007199254740991]"), NULL, 0},
    {"a large number that is no integer", BYTES("[90071992547409930.0,1e300]"), NULL, 0},
    {"not an object", BYTES("5"), NULL, 0},
    /* ecosystem 5.4: what cJSON by itself lets through */
    {"trailing garbage", BYTES("{\"a\":1} xyz"), "trailingData", 8},
    {"invalid UTF-8 in a string", BYTES("{\"a\":\"caf\xE9\"}"), "invalidUtf8", 9},
    {"raw control character", BYTES("{\"a\":\"x\x01y\"}"), "controlCharacter", 7},
    {"raw line feed in a string", BYTES("{\"a\":\"x\ny\"}"), "controlCharacter", 7},
    {"raw NUL in a string", BYTES("{\"a\":\"x\0y\"}"), "controlCharacter", 7},
    {"control character between tokens", BYTES("{\x01\"a\":1}"), "controlCharacter", 1},
    {"2^53", BYTES("{\"a\":9007199254740992}"), "unsafeInteger", 5},
    {"2^53+1", BYTES("{\"a\":9007199254740993}"), "unsafeInteger", 5},
    {"-2^53", BYTES("{\"a\":-9007199254740992}"), "unsafeInteger", 5},
    {"20 digits", BYTES("{\"a\":10000000000000000000}"), "unsafeInteger", 5},
    {"\\u0000", BYTES("{\"a\":\"admin\\u0000user\"}"), "nulEscape", 11},
    {"\\u0000 in a name", BYTES("{\"a\\u0000\":1}"), "nulEscape", 3},
    {"leading zero", BYTES("{\"a\":01}"), "invalidNumber", 5},
    {"byte order mark", BYTES("\xEF\xBB\xBF{\"a\":1}"), "byteOrderMark", 0},
    {"schema-registry frame", BYTES("\0\0\0\0\x07{\"a\":1}"), "schemaRegistryFrame", 0},
    {"NUL alone", BYTES("\0"), "schemaRegistryFrame", 0},
    {"schema-registry frame with a GUID", BYTES(FRAME_GUID "{\"a\":1}"), "schemaRegistryFrame", 0},
    /* ecosystem 3.5 */
    {"null value", {NULL, 0}, "nullValue", 0},
    {"empty value", BYTES(""), "emptyValue", 0},
    {"white space alone", BYTES("  \n"), "notJson", 3},
    {"gzip", BYTES("\x1F\x8B\x08\0\0\0\0\0"), "compressed", 0},
    {"zstd", BYTES("\x28\xB5\x2F\xFD\x04"), "compressed", 0},
    {"lz4", BYTES("\x04\x22\x4D\x18\x40"), "compressed", 0},
    {"UTF-16, little end first", BYTES("{\0\"\0a\0\"\0"), "invalidUtf8", 0},
    {"UTF-16, big end first", BYTES("\0{\0\"\0a\0\""), "invalidUtf8", 0},
    {"UTF-16 with its mark", BYTES("\xFF\xFE{\0}\0"), "invalidUtf8", 0},
    {"Avro",
     BYTES("Obj\x01\x04\x14"
           "avro.codec"),
     "notJson", 0},
    {"Avro without a file's head",
     BYTES("\x06"
           "abc\x02"),
     "notJson", 0},
    {"Protobuf", BYTES("\x0A\x05hello\x10\x01"), "notJson", 1},
    {"Protobuf that is no UTF-8", BYTES("\x96\x01"), "invalidUtf8", 0},
    {"XML", BYTES("<a/>"), "notJson", 0},
    {"text", BYTES("hello"), "notJson", 0},
    {"JSON in single quotes", BYTES("{'a':1}"), "notJson", 1},
    /* UTF-8 that is none */
    {"overlong", BYTES("{\"a\":\"\xC0\xAF\"}"), "invalidUtf8", 6},
    {"surrogate in UTF-8", BYTES("{\"a\":\"\xED\xA0\x80\"}"), "invalidUtf8", 6},
    {"cut character", BYTES("{\"a\":\"\xE2\x82"), "invalidUtf8", 6},
    {"invalid between tokens", BYTES("{\"a\":\xFF}"), "invalidUtf8", 5},
    {"valid between tokens", BYTES("{\"a\":\xC3\xA9}"), "notJson", 5},
    {"no-break space between tokens", BYTES("{\xC2\xA0}"), "notJson", 1},
    /* escapes */
    {"high half alone", BYTES("{\"a\":\"\\uD83D\"}"), "loneSurrogate", 6},
    {"high half and a letter", BYTES("{\"a\":\"\\uD83D\\u0041\"}"), "loneSurrogate", 6},
    {"low half alone", BYTES("{\"a\":\"\\uDE00\"}"), "loneSurrogate", 6},
    {"two high halves", BYTES("{\"a\":\"\\uD83D\\uD83D\"}"), "loneSurrogate", 6},
    {"unknown escape", BYTES("{\"a\":\"\\x41\"}"), "notJson", 6},
    {"escape without digits", BYTES("{\"a\":\"\\u00g0\"}"), "notJson", 6},
    {"escape cut short", BYTES("{\"a\":\"\\u00"), "notJson", 6},
    {"backslash at the end", BYTES("{\"a\":\"\\"), "notJson", 6},
    {"escaped NUL byte", BYTES("{\"a\":\"\\\0\"}"), "notJson", 6},
    /* numbers */
    {"+1", BYTES("[+1]"), "invalidNumber", 1},
    {"1.", BYTES("[1.]"), "invalidNumber", 1},
    {".5", BYTES("[.5]"), "invalidNumber", 1},
    {"-", BYTES("[-]"), "invalidNumber", 1},
    {"-01", BYTES("[-01]"), "invalidNumber", 1},
    {"1e", BYTES("[1e]"), "invalidNumber", 1},
    {"1e+", BYTES("[1e+"), "invalidNumber", 1},
    {"0x10", BYTES("[0x10]"), "invalidNumber", 1},
    {"1_000", BYTES("[1_000]"), "invalidNumber", 1},
    {"--1", BYTES("[--1]"), "invalidNumber", 1},
    {"NaN", BYTES("[NaN]"), "invalidNumber", 1},
    {"Infinity", BYTES("[Infinity]"), "invalidNumber", 1},
    {"-Infinity", BYTES("[-Infinity]"), "invalidNumber", 1},
    {"64 digits behind the point",
     BYTES("[0.11111111111111111111111111111111111111111111111111111111111111]"), "invalidNumber",
     1},
    /* structure */
    {"cut object", BYTES("{\"a\":1"), "notJson", 6},
    {"cut string", BYTES("{\"a\":\"xyz"), "notJson", 5},
    {"comma at the end", BYTES("{\"a\":1,}"), "notJson", 7},
    {"comma at the end of a list", BYTES("[1,]"), "notJson", 3},
    {"missing comma", BYTES("{\"a\":1 \"b\":2}"), "notJson", 7},
    {"missing colon", BYTES("{\"a\" 1}"), "notJson", 5},
    {"name without quotes", BYTES("{a:1}"), "notJson", 1},
    {"wrong bracket", BYTES("[1}"), "notJson", 2},
    {"comment", BYTES("{/**/}"), "notJson", 1},
    {"half a word", BYTES("[tru]"), "notJson", 1},
    {"word in capitals", BYTES("[True]"), "notJson", 1},
    {"word that goes on", BYTES("[nullx]"), "notJson", 5},
    {"None", BYTES("[None]"), "notJson", 1},
    {"two values", BYTES("{}{}"), "trailingData", 2},
    {"NUL behind", BYTES("{}\0"), "trailingData", 2},
    {"closing bracket behind", BYTES("{}]"), "trailingData", 2},
};

/* Without a byte behind it, so that a sanitizer sees reads past its end. */
static bool gate_copy(struct str bytes, struct json_fault *ret)
{
    char *copy = bytes.data != NULL ? malloc(bytes.size + (bytes.size == 0)) : NULL;
    if (copy != NULL && bytes.size > 0)
        memcpy(copy, bytes.data, bytes.size);
    bool passed = json_gate((struct str){copy, bytes.size}, ret);
    free(copy);
    return passed;
}

static void judges_every_case(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct json_fault fault;
        bool passed = gate_copy(cases[i].bytes, &fault);
        const char *code = fault.code != NULL ? fault.code : "none";
        const char *expected = cases[i].code != NULL ? cases[i].code : "none";
        if (passed != (cases[i].code == NULL) || strcmp(code, expected) != 0)
            fail_msg("%s: %s, not %s: %s", cases[i].name, code, expected, fault.message);
        if (fault.offset != cases[i].offset)
            fail_msg("%s: offset %zu, not %zu", cases[i].name, fault.offset, cases[i].offset);
        if (!passed &&
            (fault_code_find(code) == NULL || !utf8_is_printable(str_of(fault.message)) ||
             strlen(fault.message) >= JSON_FAULT_MESSAGE_MAX - 1))
            fail_msg("%s: `%s` is no code and sentence", cases[i].name, fault.message);
    }
}

/* What passes a cut anywhere is not what was sent: no start of an object passes. */
static void refuses_every_cut(void **state)
{
    (void)state;
    struct str whole =
        BYTES(STRUCTURED(TYPE_ASSIGNMENT, "{\"a\":[1.5e3,true,\"\\uD83D\\uDE00\"]}"));
    struct json_fault fault;
    assert_true(gate_copy(whole, &fault));
    for (size_t size = 0; size < whole.size; size++) {
        if (gate_copy((struct str){whole.data, size}, &fault))
            fail_msg("the first %zu bytes passed", size);
    }
}

static void keeps_the_limits(void **state)
{
    (void)state;
    struct json_fault fault;
    char nested[4 * EVENT_DEPTH_MAX];
    for (size_t depth = 1; depth <= EVENT_DEPTH_MAX + 1; depth++) {
        memset(nested, '[', depth);
        memset(nested + depth, ']', depth);
        assert_int_equal(gate_copy((struct str){nested, 2 * depth}, &fault),
                         depth <= EVENT_DEPTH_MAX);
    }
    assert_string_equal(fault.code, "tooDeep");
    assert_int_equal(fault.offset, EVENT_DEPTH_MAX);

    char *large = malloc(RECORD_BYTES_MAX + 1);
    memset(large, '[', RECORD_BYTES_MAX);
    assert_false(json_gate((struct str){large, RECORD_BYTES_MAX}, &fault));
    assert_string_equal(fault.code, "tooDeep");
    memset(large, ' ', RECORD_BYTES_MAX + 1);
    memcpy(large, "{}", 2);
    assert_true(json_gate((struct str){large, RECORD_BYTES_MAX}, &fault));
    assert_false(json_gate((struct str){large, RECORD_BYTES_MAX + 1}, &fault));
    assert_string_equal(fault.code, "tooLarge");
    free(large);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(judges_every_case),
        cmocka_unit_test(refuses_every_cut),
        cmocka_unit_test(keeps_the_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
