#include "worker/core/json_writer.h"

#include "worker/core/rfc3339.h"
#include "worker/core/utf8.h"

static void begin_value(struct buffer *json, const char *name)
{
    char last = json->size > 0 ? json->data[json->size - 1] : '{';
    if (last != '{' && last != '[')
        buffer_put(json, ",", 1);
    if (name != NULL) {
        buffer_put(json, "\"", 1);
        buffer_put_text(json, name);
        buffer_put(json, "\":", 2);
    }
}

void json_begin_object(struct buffer *json, const char *name)
{
    begin_value(json, name);
    buffer_put(json, "{", 1);
}

void json_end_object(struct buffer *json)
{
    buffer_put(json, "}", 1);
}

void json_begin_array(struct buffer *json, const char *name)
{
    begin_value(json, name);
    buffer_put(json, "[", 1);
}

void json_end_array(struct buffer *json)
{
    buffer_put(json, "]", 1);
}

static size_t plain_run(struct str value)
{
    size_t size = 0;
    while (size < value.size) {
        unsigned char byte = (unsigned char)value.data[size];
        if (byte < 0x20 || byte >= 0x80 || byte == '"' || byte == '\\')
            break;
        size++;
    }
    return size;
}

static void put_control(struct buffer *json, unsigned char byte)
{
    static const char hex[] = "0123456789abcdef";
    static const char short_forms[0x20] = {
        ['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r'};
    char escaped[6] = {'\\', 'u', '0', '0', hex[byte >> 4], hex[byte & 15]};
    size_t size = sizeof escaped;
    if (short_forms[byte] != '\0') {
        escaped[1] = short_forms[byte];
        size = 2;
    }
    buffer_put(json, escaped, size);
}

/* One character that is not plain; returns the bytes of it. */
static size_t put_special(struct buffer *json, struct str value)
{
    size_t length = utf8_length(value.data, value.size);
    unsigned char byte = (unsigned char)value.data[0];
    if (length == 0)
        buffer_put_text(json, "\xEF\xBF\xBD"); /* U+FFFD */
    else if (byte < 0x20)
        put_control(json, byte);
    else if (length == 1)
        buffer_put(json, (char[2]){'\\', (char)byte}, 2);
    else
        buffer_put(json, value.data, length);
    return length > 0 ? length : 1;
}

void json_put_text(struct buffer *json, const char *name, struct str value)
{
    begin_value(json, name);
    if (value.data == NULL) {
        buffer_put_text(json, "null");
        return;
    }
    buffer_put(json, "\"", 1);
    while (value.size > 0 && !json->failed) {
        size_t used = plain_run(value);
        if (used > 0)
            buffer_put(json, value.data, used);
        else
            used = put_special(json, value);
        value.data += used;
        value.size -= used;
    }
    buffer_put(json, "\"", 1);
}

void json_put_integer(struct buffer *json, const char *name, int64_t value)
{
    begin_value(json, name);
    buffer_put_integer(json, value);
}

void json_put_bool(struct buffer *json, const char *name, bool value)
{
    begin_value(json, name);
    buffer_put_text(json, value ? "true" : "false");
}

void json_put_raw(struct buffer *json, const char *name, struct str value)
{
    begin_value(json, name);
    buffer_put(json, value.data, value.size);
}

void json_put_members(struct buffer *json, struct str members)
{
    if (members.size > 0)
        json_put_raw(json, NULL, members);
}

void json_put_time(struct buffer *json, const char *name, int64_t unix_ms)
{
    char text[RFC3339_SIZE];
    rfc3339_format(unix_ms, text);
    json_put_text(json, name, str_of(text));
}
