#include "worker/core/otlp_json.h"

#include "worker/core/json_read.h"
#include "worker/core/json_writer.h"
#include "worker/core/utf8.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STATUS_ERROR = 2, FLAG_KNOWS_REMOTE = 0x100, FLAG_IS_REMOTE = 0x200 }; /* OTLP's numbers */

static void put_hex(struct buffer *json, const char *name, const uint8_t *bytes, size_t size)
{
    char text[2 * TRACE_ID_SIZE + 1];
    for (size_t i = 0; i < size; i++)
        (void)snprintf(text + 2 * i, 3, "%02x", bytes[i]);
    json_put_text(json, name, (struct str){text, 2 * size});
}

static void put_number(struct buffer *json, const char *name, int64_t number)
{
    char text[24];
    (void)snprintf(text, sizeof text, "%" PRId64, number);
    json_put_text(json, name, str_of(text));
}

/* A NUL ends it, as it would for many readers of JSON; others refuse the whole. */
static void put_text(struct buffer *json, const char *name, struct str text)
{
    const char *nul = text.size > 0 ? memchr(text.data, '\0', text.size) : NULL;
    if (nul != NULL)
        text.size = (size_t)(nul - text.data);
    size_t size = text.size <= SPAN_TEXT_MAX ? text.size : (size_t)utf8_cut(text, SPAN_TEXT_MAX);
    json_put_text(json, name, (struct str){text.data, size});
}

static void put_attribute(struct buffer *json, const struct span_attribute *attribute)
{
    json_begin_object(json, NULL);
    json_put_text(json, "key", str_of(attribute->name));
    json_begin_object(json, "value");
    if (attribute->text.data != NULL)
        put_text(json, "stringValue", attribute->text);
    else if (attribute->is_true)
        json_put_bool(json, "boolValue", true);
    else
        put_number(json, "intValue", attribute->number);
    json_end_object(json);
    json_end_object(json);
}

static void put_pair(struct buffer *json, struct str name, const char *value)
{
    json_begin_object(json, NULL);
    json_put_text(json, "key", name);
    json_begin_object(json, "value");
    put_text(json, "stringValue", str_of(value));
    json_end_object(json);
    json_end_object(json);
}

static void put_resource(struct buffer *json, const struct otlp_source *source)
{
    struct str rest = str_of(source->resource), name;
    char value[OTLP_VALUE_SIZE];
    json_begin_object(json, "resource");
    json_begin_array(json, "attributes");
    put_pair(json, str_of("service.name"), source->service);
    put_pair(json, str_of("service.version"), source->version);
    put_pair(json, str_of("service.instance.id"), source->instance);
    while (otlp_pair_take(&rest, &name, value, sizeof value)) {
        if (!str_is(name, "service.name") && !str_is(name, "service.version") &&
            !str_is(name, "service.instance.id"))
            put_pair(json, name, value);
    }
    json_end_array(json);
    json_end_object(json);
}

void otlp_json_begin(struct buffer *json, const struct otlp_source *source)
{
    json_begin_object(json, NULL);
    json_begin_array(json, "resourceSpans");
    json_begin_object(json, NULL);
    put_resource(json, source);
    json_begin_array(json, "scopeSpans");
    json_begin_object(json, NULL);
    json_begin_object(json, "scope");
    json_put_text(json, "name", str_of("usher"));
    json_put_text(json, "version", str_of(source->version));
    json_end_object(json);
    json_begin_array(json, "spans");
}

void otlp_json_end(struct buffer *json)
{
    buffer_put_text(json, "]}]}]}");
}

static void put_link(struct buffer *json, const struct span *span)
{
    json_begin_array(json, "links");
    json_begin_object(json, NULL);
    put_hex(json, "traceId", span->link->trace_id, TRACE_ID_SIZE);
    put_hex(json, "spanId", span->link->span_id, SPAN_ID_SIZE);
    json_put_integer(json, "flags", span->link->flags | FLAG_KNOWS_REMOTE | FLAG_IS_REMOTE);
    json_end_object(json);
    json_end_array(json);
}

static void put_ids(struct buffer *json, const struct span *span)
{
    int64_t flags = span->context.flags | FLAG_KNOWS_REMOTE;
    put_hex(json, "traceId", span->context.trace_id, TRACE_ID_SIZE);
    put_hex(json, "spanId", span->context.span_id, SPAN_ID_SIZE);
    if (span->parent != NULL)
        put_hex(json, "parentSpanId", span->parent->span_id, SPAN_ID_SIZE);
    if (span->parent != NULL && span->parent_is_remote)
        flags |= FLAG_IS_REMOTE;
    if (span->tracestate != NULL)
        put_text(json, "traceState", str_of(span->tracestate));
    json_put_integer(json, "flags", flags);
}

void otlp_json_span(struct buffer *json, const struct span *span)
{
    json_begin_object(json, NULL);
    put_ids(json, span);
    put_text(json, "name", str_of(span->name));
    json_put_integer(json, "kind", span->kind);
    put_number(json, "startTimeUnixNano", span->start_ns);
    /* The clock on the wall may be set back. */
    put_number(json, "endTimeUnixNano",
               span->end_ns > span->start_ns ? span->end_ns : span->start_ns);
    json_begin_array(json, "attributes");
    for (size_t i = 0; i < span->count; i++)
        put_attribute(json, &span->attributes[i]);
    json_end_array(json);
    if (span->link != NULL)
        put_link(json, span);
    if (span->error != NULL) {
        json_begin_object(json, "status");
        put_text(json, "message", str_of(span->error));
        json_put_integer(json, "code", STATUS_ERROR);
        json_end_object(json);
    }
    json_end_object(json);
}

/* ---- name=value, … ---- */

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t';
}

static struct str trim(struct str text)
{
    while (text.size > 0 && is_blank(text.data[0]))
        text = (struct str){text.data + 1, text.size - 1};
    while (text.size > 0 && is_blank(text.data[text.size - 1]))
        text.size--;
    return text;
}

/* -1: it is none. */
static int value_of(char digit)
{
    static const char digits[] = "0123456789abcdef0123456789ABCDEF";
    const char *found = digit != '\0' ? strchr(digits, digit) : NULL;
    return found != NULL ? (int)(found - digits) % 16 : -1;
}

/* What comes out is printable ASCII or the bytes of UTF-8: it may become a header. */
static bool decode(struct str text, char *ret, size_t size)
{
    size_t length = 0;
    for (size_t i = 0; i < text.size; i++) {
        int byte = (unsigned char)text.data[i];
        if (byte == '%') {
            int high = i + 2 < text.size ? value_of(text.data[i + 1]) : -1;
            int low = high >= 0 ? value_of(text.data[i + 2]) : -1;
            byte = low >= 0 ? 16 * high + low : -1;
            i += 2;
        }
        if (byte < ' ' || byte == 0x7F || length + 1 >= size)
            return false;
        ret[length++] = (char)byte;
    }
    ret[length] = '\0';
    return utf8_is_printable((struct str){ret, length});
}

/* A token of HTTP's, and so a fit name for an attribute too. */
static bool is_name(struct str name)
{
    for (size_t i = 0; i < name.size; i++) {
        char byte = name.data[i];
        bool is_letter = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
        bool is_digit = byte >= '0' && byte <= '9';
        if (!is_letter && !is_digit && (byte == '\0' || strchr("!#$&'*+-.^_`|~", byte) == NULL))
            return false;
    }
    return name.size > 0 && name.size <= SPAN_TEXT_MAX;
}

bool otlp_pair_take(struct str *rest, struct str *ret_name, char *ret_value, size_t size)
{
    while (rest->size > 0) {
        const char *comma = memchr(rest->data, ',', rest->size);
        size_t length = comma != NULL ? (size_t)(comma - rest->data) : rest->size;
        struct str pair = trim((struct str){rest->data, length});
        size_t taken = comma != NULL ? length + 1 : length;
        *rest = (struct str){rest->data + taken, rest->size - taken};
        if (pair.size == 0)
            continue;
        const char *equals = memchr(pair.data, '=', pair.size);
        size_t before = equals != NULL ? (size_t)(equals - pair.data) : 0;
        *ret_name = trim((struct str){pair.data, before});
        struct str value = {pair.data + before + 1, equals != NULL ? pair.size - before - 1 : 0};
        if (equals != NULL && is_name(*ret_name) && decode(trim(value), ret_value, size))
            return true;
        *rest = (struct str){NULL, 0};
    }
    return false;
}

bool otlp_pairs_are_good(const char *text, size_t max)
{
    struct str rest = str_of(text), name;
    char value[OTLP_VALUE_SIZE];
    size_t count = 0;
    while (otlp_pair_take(&rest, &name, value, sizeof value))
        count++;
    return rest.data != NULL && count <= max;
}

/* ---- the answer ---- */

uint64_t otlp_rejected(struct str body)
{
    struct json_fault fault;
    cJSON *tree = body.size > 0 ? json_read(body, &fault) : NULL;
    const cJSON *part = cJSON_GetObjectItemCaseSensitive(tree, "partialSuccess");
    const cJSON *count = cJSON_GetObjectItemCaseSensitive(part, "rejectedSpans");
    double number = 0;
    if (cJSON_IsNumber(count))
        number = count->valuedouble;
    else if (cJSON_IsString(count)) /* as protobuf's JSON mapping writes 64 bits */
        number = strtod(count->valuestring, NULL);
    cJSON_Delete(tree);
    return number >= 1 && number < 1e15 ? (uint64_t)number : 0;
}
