#include "tests/sandbox/body.h"

#include <string.h>

#define DEPTH_MAX 32 // the deepest documented body has 6

// The length of the UTF-8 sequence at `byte`, or 0 where it is none.
static size_t utf8_length(const unsigned char *byte, size_t left)
{
    size_t length = byte[0] < 0x80   ? 1
                    : byte[0] < 0xc2 ? 0
                    : byte[0] < 0xe0 ? 2
                    : byte[0] < 0xf0 ? 3
                    : byte[0] < 0xf5 ? 4
                                     : 0;
    if (length == 0 || length > left) {
        return 0;
    }
    for (size_t i = 1; i < length; i++) {
        if ((byte[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    bool overlong = (byte[0] == 0xe0 && byte[1] < 0xa0) || (byte[0] == 0xf0 && byte[1] < 0x90);
    bool surrogate = byte[0] == 0xed && byte[1] > 0x9f;
    bool beyond = byte[0] == 0xf4 && byte[1] > 0x8f;
    return overlong || surrogate || beyond ? 0 : length;
}

// A number such as 01 or -01 begins here, outside a string.
static bool leading_zero(const unsigned char *bytes, size_t at, size_t size)
{
    bool starts = at == 0 || strchr("0123456789.eE+", bytes[at - 1]) == NULL;
    return bytes[at] == '0' && starts && at + 1 < size && bytes[at + 1] >= '0' &&
           bytes[at + 1] <= '9';
}

// What is wrong with the raw bytes, or NULL.
static const char *scan_bytes(const unsigned char *bytes, size_t size)
{
    bool in_string = false;
    size_t length;
    for (size_t at = 0; at < size; at += length) {
        length = utf8_length(bytes + at, size - at);
        if (length == 0) {
            return "it is not UTF-8";
        }
        if (bytes[at] < 0x20 &&
            (in_string || strchr("\t\r\n", bytes[at]) == NULL || bytes[at] == 0)) {
            return "it holds a control character";
        }
        if (in_string && bytes[at] == '\\') {
            if (size - at >= 6 && memcmp(bytes + at, "\\u0000", 6) == 0) {
                return "it holds a NUL";
            }
            length = size - at > 1 && bytes[at + 1] < 0x80 ? 2 : 1;
        } else if (bytes[at] == '"') {
            in_string = !in_string;
        } else if (!in_string && (bytes[at] > 0x7f || leading_zero(bytes, at, size))) {
            return "it is not JSON";
        }
    }
    return NULL;
}

static const char *scan_names(const cJSON *value, int depth)
{
    if (depth > DEPTH_MAX) {
        return "it is nested too deep";
    }
    const cJSON *item = NULL;
    cJSON_ArrayForEach(item, value)
    {
        for (const cJSON *other = item->next; cJSON_IsObject(value) && other; other = other->next) {
            if (strcmp(item->string, other->string) == 0) {
                return "a name is there twice";
            }
        }
        const char *why =
            cJSON_IsObject(item) || cJSON_IsArray(item) ? scan_names(item, depth + 1) : NULL;
        if (why != NULL) {
            return why;
        }
    }
    return NULL;
}

cJSON *json_parse(const char *bytes, size_t size, const char **ret_why)
{
    *ret_why = size == 0 ? "it is empty" : scan_bytes((const unsigned char *)bytes, size);
    if (*ret_why != NULL) {
        return NULL;
    }
    const char *end = NULL;
    cJSON *json = cJSON_ParseWithLengthOpts(bytes, size, &end, 0);
    size_t rest = json == NULL ? 0 : size - (size_t)(end - bytes);
    if (json == NULL || strspn(end, " \t\r\n") < rest) {
        *ret_why = "it is not JSON";
    } else if (!cJSON_IsObject(json) && !cJSON_IsArray(json)) {
        *ret_why = "it is no object";
    } else {
        *ret_why = scan_names(json, 0);
    }
    if (*ret_why != NULL) {
        cJSON_Delete(json);
        return NULL;
    }
    return json;
}
