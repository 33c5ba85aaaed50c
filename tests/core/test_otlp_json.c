#include "worker/core/otlp_json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define TRACE  "0af7651916cd43dd8448eb211c80319c"
#define PARENT "b7ad6b7169203331"

static const struct otlp_source source = {.service = "usher",
                                          .version = "1.2",
                                          .instance = "w1",
                                          .resource = ""};

#define HEAD                                                                  \
    "{\"resourceSpans\":[{\"resource\":{\"attributes\":["                     \
    "{\"key\":\"service.name\",\"value\":{\"stringValue\":\"usher\"}},"       \
    "{\"key\":\"service.version\",\"value\":{\"stringValue\":\"1.2\"}},"      \
    "{\"key\":\"service.instance.id\",\"value\":{\"stringValue\":\"w1\"}}]}," \
    "\"scopeSpans\":[{\"scope\":{\"name\":\"usher\",\"version\":\"1.2\"},\"spans\":["
#define TAIL "]}]}]}"

static void writes_what_otlp_has(void **state)
{
    (void)state;
    struct span_context came;
    struct buffer json;
    buffer_init(&json, 1 << 20);
    span_context_read("00-" TRACE "-" PARENT "-01", &came);
    struct span whole = {.context = came,
                         .parent = &came,
                         .parent_is_remote = true,
                         .link = &came,
                         .tracestate = "a=1",
                         .kind = SPAN_CONSUMER,
                         .name = "process t",
                         .start_ns = 1700000000123456789,
                         .end_ns = 1700000001000000000,
                         .error = "timeout"};
    whole.context.span_id[0] = 0;
    span_put_text(&whole, "text", str_of("say \"hi\"\n"));
    span_put_number(&whole, "number", -9007199254740993);
    span_put_true(&whole, "flag");
    /* The clock was set back; it begins its trace. */
    struct span bare = {
        .context = came, .kind = SPAN_CLIENT, .name = "GET", .start_ns = 5, .end_ns = 4};
    bare.context.flags = 0;
    otlp_json_begin(&json, &source);
    otlp_json_span(&json, &whole);
    otlp_json_span(&json, &bare);
    otlp_json_end(&json);
    assert_false(json.failed);
    assert_string_equal(
        json.data, HEAD
        "{\"traceId\":\"" TRACE "\",\"spanId\":\"00ad6b7169203331\",\"parentSpanId\":\"" PARENT
        "\",\"traceState\":\"a=1\",\"flags\":769,\"name\":\"process t\",\"kind\":5,"
        "\"startTimeUnixNano\":\"1700000000123456789\","
        "\"endTimeUnixNano\":\"1700000001000000000\",\"attributes\":["
        "{\"key\":\"text\",\"value\":{\"stringValue\":\"say \\\"hi\\\"\\n\"}},"
        "{\"key\":\"number\",\"value\":{\"intValue\":\"-9007199254740993\"}},"
        "{\"key\":\"flag\",\"value\":{\"boolValue\":true}}],"
        "\"links\":[{\"traceId\":\"" TRACE "\",\"spanId\":\"" PARENT "\",\"flags\":769}],"
        "\"status\":{\"message\":\"timeout\",\"code\":2}},"
        "{\"traceId\":\"" TRACE "\",\"spanId\":\"" PARENT "\",\"flags\":256,\"name\":\"GET\","
        "\"kind\":3,\"startTimeUnixNano\":\"5\",\"endTimeUnixNano\":\"5\",\"attributes\":[]}" TAIL);
    buffer_finish(&json);
}

/* The largest span fits into the room that the batch has for it, whatever its bytes are. */
static void the_largest_fits(void **state)
{
    (void)state;
    char bytes[2 * SPAN_TEXT_MAX], text[2 * SPAN_TEXT_MAX + 1] = "";
    memset(bytes, 1, sizeof bytes);
    memset(text, 1, sizeof text - 1);
    struct span_context came;
    span_context_read("00-" TRACE "-" PARENT "-01", &came);
    struct span span = {.context = came,
                        .parent = &came,
                        .link = &came,
                        .tracestate = text,
                        .kind = SPAN_PRODUCER,
                        .name = text,
                        .start_ns = INT64_MAX,
                        .end_ns = INT64_MAX,
                        .error = text};
    for (size_t i = 0; i < SPAN_ATTRIBUTES_MAX; i++)
        span_put_text(&span, "messaging.destination.partition.id", (struct str){bytes, 1024});
    struct buffer json;
    buffer_init(&json, OTLP_SPAN_BYTES_MAX);
    otlp_json_span(&json, &span);
    assert_false(json.failed);
    assert_true(json.size > (size_t)SPAN_ATTRIBUTES_MAX * 6 * SPAN_TEXT_MAX);
    buffer_finish(&json);
}

static void cuts_between_characters(void **state)
{
    (void)state;
    char text[SPAN_TEXT_MAX + 3];
    memset(text, 'a', sizeof text);
    memcpy(text + SPAN_TEXT_MAX - 1, "\xC3\xA9", 2); /* é stands across the border */
    struct span span = {.kind = SPAN_CLIENT, .name = ""};
    span_put_text(&span, "t", (struct str){text, sizeof text});
    struct buffer json;
    buffer_init(&json, 1 << 16);
    otlp_json_span(&json, &span);
    const char *value = strstr(json.data, "\"stringValue\":\"");
    assert_non_null(value);
    assert_int_equal(strspn(value + 15, "a"), SPAN_TEXT_MAX - 1);
    assert_int_equal(value[15 + SPAN_TEXT_MAX - 1], '"');
    buffer_finish(&json);
}

static void adds_what_the_operator_says_of_it(void **state)
{
    (void)state;
    struct otlp_source said = source;
    struct buffer json;
    buffer_init(&json, OTLP_HEAD_BYTES_MAX);
    said.resource = " team = iam ,, note=a%2Cb%3d%20c, service.name=other";
    otlp_json_begin(&json, &said);
    assert_non_null(strstr(json.data,
                           "{\"key\":\"team\",\"value\":{\"stringValue\":\"iam\"}},"
                           "{\"key\":\"note\",\"value\":{\"stringValue\":\"a,b= c\"}}]"));
    assert_null(strstr(json.data, "other"));
    buffer_finish(&json);
}

static void judges_pairs(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool good;
    } rows[] = {
        {"", true},
        {" , ,", true},
        {"a=1", true},
        {"a=1,b=2", true},
        {"a=", true},
        {"a=b=c", true},
        {"a=%41", true},
        {"a=%C3%A9", true},
        {"x-key.1_=Bearer%20abc", true},
        {"a", false},
        {"=1", false},
        {"a=1,b", false},
        {"a b=1", false},
        {"a:=1", false},
        {"a=%", false},
        {"a=%4", false},
        {"a=%4x", false},
        {"a=%0d%0aX: y", false},
        {"a=\r\nX: y", false},
        {"a=%00", false},
        {"a=%7f", false},
        {"a=%C3", false},
        {"a=%00b", false},
        {"\xC3\xA9=1", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (otlp_pairs_are_good(rows[i].text, 2) != rows[i].good)
            fail_msg("pairs %s", rows[i].text);
    }
    assert_false(otlp_pairs_are_good("a=1,b=2,c=3", 2));
    char text[OTLP_VALUE_SIZE + 3];
    (void)snprintf(text, sizeof text, "a=%0*d", OTLP_VALUE_SIZE - 1, 0);
    assert_true(otlp_pairs_are_good(text, 2));
    (void)snprintf(text, sizeof text, "a=%0*d", OTLP_VALUE_SIZE, 0);
    assert_false(otlp_pairs_are_good(text, 2));
}

static void reads_what_was_rejected(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        uint64_t rejected;
    } rows[] = {
        {"", 0},
        {"{}", 0},
        {"{\"partialSuccess\":{}}", 0},
        {"{\"partialSuccess\":{\"rejectedSpans\":\"3\",\"errorMessage\":\"no\"}}", 3},
        {"{\"partialSuccess\":{\"rejectedSpans\":4}}", 4},
        {"{\"partialSuccess\":{\"rejectedSpans\":\"-3\"}}", 0},
        {"{\"partialSuccess\":{\"rejectedSpans\":\"nan\"}}", 0},
        {"{\"partialSuccess\":{\"rejectedSpans\":1e300}}", 0},
        {"{\"partialSuccess\":{\"rejectedSpans\":[1]}}", 0},
        {"{\"partialSuccess\":[]}", 0},
        {"[]", 0},
        {"{\"partialSuccess\":{\"rejectedSpans\":\"3\"", 0},
        {"\x0a\x02", 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (otlp_rejected(str_of(rows[i].body)) != rows[i].rejected)
            fail_msg("answer %s", rows[i].body);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_what_otlp_has),
        cmocka_unit_test(the_largest_fits),
        cmocka_unit_test(cuts_between_characters),
        cmocka_unit_test(adds_what_the_operator_says_of_it),
        cmocka_unit_test(judges_pairs),
        cmocka_unit_test(reads_what_was_rejected),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
