/* What goes to a collector and what it says. Input: its answer in a line, pairs of name and value
 * in a line, then the text of a span. */
#include "tests/fuzz/input.h"

#include "worker/core/json_read.h"
#include "worker/core/otlp_json.h"
#include "worker/core/utf8.h"

#include <assert.h>

/* Each becomes a header: no second line, and no colon in the name. */
static void check_pairs(const char *text)
{
    struct str rest = str_of(text), name;
    char value[OTLP_VALUE_SIZE];
    size_t count = 0;
    while (otlp_pair_take(&rest, &name, value, sizeof value)) {
        assert(name.size > 0 && memchr(name.data, ':', name.size) == NULL);
        for (size_t i = 0; i < name.size; i++)
            assert(name.data[i] > ' ' && name.data[i] < 0x7F);
        assert(memchr(value, '\0', sizeof value) != NULL && utf8_is_printable(str_of(value)));
        count++;
    }
    assert(otlp_pairs_are_good(text, SIZE_MAX) == (rest.data != NULL));
    assert(count == 0 || !otlp_pairs_are_good(text, count - 1));
}

/* Whatever a record's text is, a batch is JSON that we take ourselves, and has room for it. */
static void check_span(const char *pairs, struct str text)
{
    struct otlp_source source = {.service = pairs, .version = "1", .instance = pairs};
    struct span span = {.kind = SPAN_CLIENT, .name = pairs, .tracestate = pairs, .error = pairs};
    struct json_fault fault;
    struct buffer json;
    source.resource = otlp_pairs_are_good(pairs, OTLP_RESOURCE_MAX) ? pairs : "";
    span_put_text(&span, "text", text);
    span_put_number(&span, "number", (int64_t)text.size);
    buffer_init(&json, OTLP_HEAD_BYTES_MAX + OTLP_SPAN_BYTES_MAX + 64);
    otlp_json_begin(&json, &source);
    size_t before = json.size;
    otlp_json_span(&json, &span);
    assert(json.size - before <= OTLP_SPAN_BYTES_MAX);
    otlp_json_end(&json);
    assert(!json.failed && utf8_is_valid((struct str){json.data, json.size}, NULL));
    cJSON *tree = json_parse((struct str){json.data, json.size}, &fault);
    assert(cJSON_IsObject(tree));
    cJSON_Delete(tree);
    buffer_finish(&json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input;
    input_init(&input, data, size);
    assert(otlp_rejected(input_line(&input)) < 1000000000000000);
    const char *pairs = input_text(&input);
    check_pairs(pairs);
    check_span(pairs, input_rest(&input));
    input_finish(&input);
    return 0;
}
