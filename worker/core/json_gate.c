#include "worker/core/json_gate.h"

#include "worker/core/event.h"
#include "worker/core/utf8.h"

#include <stdarg.h>
#include <stdio.h>

/* How far the one pass has come. `fault` is filled by refuse(), and nothing is read after that. */
struct gate {
    const char *start, *at, *end;
    struct json_fault *fault;
};

/* I-JSON: the largest integer that every reader keeps as it is, 2^53 - 1. */
static const char safe_integer_max[] = "9007199254740991";

bool json_fault_set(struct json_fault *fault, const char *code, size_t offset, const char *format,
                    ...)
{
    fault->code = code;
    fault->offset = offset;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(fault->message, sizeof fault->message, format, arguments);
    va_end(arguments);
    return false;
}

static bool refuse(struct gate *gate, const char *at, const char *code, const char *sentence)
{
    size_t offset = (size_t)(at - gate->start);
    return json_fault_set(gate->fault, code, offset, "At byte %zu of the value: %s", offset,
                          sentence);
}

static bool is_digit(const struct gate *gate, const char *at)
{
    return at < gate->end && *at >= '0' && *at <= '9';
}

static void skip_space(struct gate *gate)
{
    while (gate->at < gate->end &&
           (*gate->at == ' ' || *gate->at == '\n' || *gate->at == '\r' || *gate->at == '\t'))
        gate->at++;
}

static bool starts_with(struct str bytes, const char *start, size_t size)
{
    return bytes.size >= size && memcmp(bytes.data, start, size) == 0;
}

/* Something stands where `expected` should be. */
static bool refuse_unexpected(struct gate *gate, const char *expected)
{
    const char *at = gate->at;
    size_t offset = (size_t)(at - gate->start);
    if (at == gate->end)
        return json_fault_set(gate->fault, "notJson", offset,
                              "The value ends at byte %zu, where %s should follow; was it cut?",
                              offset, expected);
    struct gate again = {gate->start, gate->start, gate->end, NULL};
    skip_space(&again);
    bool is_first = again.at == at;
    unsigned char byte = (unsigned char)*at;
    if (byte >= 0x80 && utf8_length(at, (size_t)(gate->end - at)) == 0)
        return refuse(gate, at, "invalidUtf8", "this is not UTF-8; send JSON in UTF-8.");
    if (byte < 0x20 && !is_first)
        return refuse(gate, at, "controlCharacter",
                      "a control character stands outside of a string; take it out.");
    return json_fault_set(gate->fault, "notJson", offset,
                          "The value is not JSON: at byte %zu, 0x%02x stands where %s should be.",
                          offset, byte, expected);
}

static int hex_value(char byte)
{
    if (byte >= '0' && byte <= '9')
        return byte - '0';
    if (byte >= 'a' && byte <= 'f')
        return byte - 'a' + 10;
    return byte >= 'A' && byte <= 'F' ? byte - 'A' + 10 : -1;
}

/* The four digits of a \u escape that starts at `at`; -1: there is none. */
static int unicode_escape(const struct gate *gate, const char *at)
{
    if (gate->end - at < 6 || at[0] != '\\' || at[1] != 'u')
        return -1;
    int unit = 0;
    for (int i = 2; i < 6; i++) {
        int digit = hex_value(at[i]);
        if (digit < 0)
            return -1;
        unit = unit * 16 + digit;
    }
    return unit;
}

static bool gate_escape(struct gate *gate)
{
    const char *at = gate->at;
    if (gate->end - at >= 2 && at[1] != '\0' && strchr("\"\\/bfnrt", at[1]) != NULL) {
        gate->at += 2;
        return true;
    }
    int unit = unicode_escape(gate, at);
    if (unit < 0)
        return refuse(gate, at, "notJson", "JSON has no such escape in a string.");
    if (unit == 0)
        return refuse(gate, at, "nulEscape",
                      "\\u0000 in a string is refused, because many readers end the string there; "
                      "take it out.");
    gate->at += 6;
    if (unit < 0xD800 || unit > 0xDFFF)
        return true;
    int second = unicode_escape(gate, gate->at);
    if (unit > 0xDBFF || second < 0xDC00 || second > 0xDFFF)
        return refuse(gate, at, "loneSurrogate",
                      "half of a surrogate pair is no character; write both halves, or UTF-8.");
    gate->at += 6;
    return true;
}

/* What ends a run of bytes that need no look: the quote, the backslash, control characters and all
 * beyond ASCII. */
static bool is_plain(char byte)
{
    return byte >= 0x20 && byte != '"' && byte != '\\' && (signed char)byte > 0;
}

static bool gate_string(struct gate *gate)
{
    const char *opened = gate->at++;
    for (;;) {
        while (gate->at < gate->end && is_plain(*gate->at))
            gate->at++;
        if (gate->at == gate->end)
            return refuse(gate, opened, "notJson",
                          "the string that starts here does not end; was the value cut?");
        unsigned char byte = (unsigned char)*gate->at;
        if (byte == '"') {
            gate->at++;
            return true;
        }
        if (byte == '\\') {
            if (!gate_escape(gate))
                return false;
            continue;
        }
        if (byte < 0x20)
            return refuse(gate, gate->at, "controlCharacter",
                          "a raw control character stands in a string; write it as an escape.");
        size_t length = utf8_length(gate->at, (size_t)(gate->end - gate->at));
        if (length == 0)
            return refuse(gate, gate->at, "invalidUtf8", "this is not UTF-8; send JSON in UTF-8.");
        gate->at += length;
    }
}

static const char *skip_digits(const struct gate *gate, const char *at)
{
    while (is_digit(gate, at))
        at++;
    return at;
}

static bool is_safe_integer(const char *digits, const char *end)
{
    size_t size = (size_t)(end - digits);
    size_t size_max = sizeof safe_integer_max - 1;
    return size < size_max || (size == size_max && memcmp(digits, safe_integer_max, size) <= 0);
}

/* The end of a JSON number that starts at `at`; NULL: it is none. *ret_integer_end is where its
 * integer part ends. */
static const char *number_end(const struct gate *gate, const char *at, const char **ret_integer_end)
{
    at += *at == '-';
    if (!is_digit(gate, at))
        return NULL;
    at = *at == '0' ? at + 1 : skip_digits(gate, at);
    *ret_integer_end = at;
    if (at < gate->end && *at == '.') {
        if (!is_digit(gate, ++at))
            return NULL;
        at = skip_digits(gate, at);
    }
    if (at < gate->end && (*at == 'e' || *at == 'E')) {
        at++;
        at += at < gate->end && (*at == '+' || *at == '-');
        if (!is_digit(gate, at))
            return NULL;
        at = skip_digits(gate, at);
    }
    bool is_done = at == gate->end || *at == '\0' || strchr(",]} \t\r\n", *at) != NULL;
    return is_done ? at : NULL;
}

static bool gate_number(struct gate *gate)
{
    const char *start = gate->at;
    const char *integer_end = NULL;
    const char *end = number_end(gate, start, &integer_end);
    if (end == NULL)
        return refuse(gate, start, "invalidNumber",
                      "this is no JSON number: no leading zero or plus, digits on both sides of "
                      "the point, no NaN or Infinity.");
    if (end - start > JSON_NUMBER_SIZE_MAX)
        return refuse(gate, start, "invalidNumber",
                      "the number is longer than 63 characters; send it as a string.");
    if (end == integer_end && !is_safe_integer(start + (*start == '-'), end))
        return refuse(gate, start, "unsafeInteger",
                      "an integer beyond 2^53 - 1 is read differently by different programs; send "
                      "it as a string.");
    gate->at = end;
    return true;
}

static bool gate_word(struct gate *gate, const char *word)
{
    size_t size = strlen(word);
    if (!starts_with((struct str){gate->at, (size_t)(gate->end - gate->at)}, word, size))
        return refuse_unexpected(gate, "a JSON value");
    gate->at += size;
    return true;
}

static bool gate_value(struct gate *gate, unsigned depth);

static bool gate_member(struct gate *gate, unsigned depth)
{
    if (gate->at == gate->end || *gate->at != '"')
        return refuse_unexpected(gate, "a member's name in quotes");
    if (!gate_string(gate))
        return false;
    skip_space(gate);
    if (gate->at == gate->end || *gate->at != ':')
        return refuse_unexpected(gate, "a colon");
    gate->at++;
    return gate_value(gate, depth);
}

/* An object or an array: `close` is its last character. */
static bool gate_container(struct gate *gate, unsigned depth, char close)
{
    if (depth > EVENT_DEPTH_MAX)
        return refuse(gate, gate->at, "tooDeep",
                      "objects and arrays are nested more than 32 deep; send a flatter value.");
    gate->at++;
    skip_space(gate);
    bool is_empty = gate->at < gate->end && *gate->at == close;
    while (!is_empty) {
        bool passed = close == '}' ? gate_member(gate, depth) : gate_value(gate, depth);
        if (!passed)
            return false;
        skip_space(gate);
        if (gate->at < gate->end && *gate->at == close)
            break;
        if (gate->at == gate->end || *gate->at != ',')
            return refuse_unexpected(gate, close == '}' ? "a comma or }" : "a comma or ]");
        gate->at++;
        skip_space(gate);
    }
    gate->at++;
    return true;
}

/* `depth` is how many containers are open around it. Recursion ends at EVENT_DEPTH_MAX. */
static bool gate_value(struct gate *gate, unsigned depth)
{
    skip_space(gate);
    if (gate->at == gate->end)
        return refuse_unexpected(gate, "a JSON value");
    switch (*gate->at) {
    case '{':
        return gate_container(gate, depth + 1, '}');
    case '[':
        return gate_container(gate, depth + 1, ']');
    case '"':
        return gate_string(gate);
    case 't':
        return gate_word(gate, "true");
    case 'f':
        return gate_word(gate, "false");
    case 'n':
        return gate_word(gate, "null");
    case 'N':
    case 'I':
    case '+':
    case '.':
    case '-':
        break;
    default:
        if (!is_digit(gate, gate->at))
            return refuse_unexpected(gate, "a JSON value");
    }
    struct str rest = {gate->at, (size_t)(gate->end - gate->at)};
    bool is_word = *gate->at == 'N' || *gate->at == 'I';
    if (is_word && !starts_with(rest, "NaN", 3) && !starts_with(rest, "Infinity", 8))
        return refuse_unexpected(gate, "a JSON value");
    return gate_number(gate);
}

/* What can be told from the first bytes, so that the sentence names the real trouble. */
static bool gate_start(struct str bytes, struct json_fault *fault)
{
    if (bytes.data == NULL)
        return json_fault_set(fault, "nullValue", 0,
                              "The record has no value (a tombstone); send a JSON object.");
    if (bytes.size == 0)
        return json_fault_set(fault, "emptyValue", 0, "The value is empty; send a JSON object.");
    if (bytes.size > RECORD_BYTES_MAX)
        return json_fault_set(fault, "tooLarge", RECORD_BYTES_MAX,
                              "The value has %zu bytes, and 1 MiB is the most; send less.",
                              bytes.size);
    bool is_utf16 = starts_with(bytes, "\xFF\xFE", 2) || starts_with(bytes, "\xFE\xFF", 2) ||
                    starts_with(bytes, "{\0", 2) || starts_with(bytes, "\0{\0", 3);
    if (is_utf16)
        return json_fault_set(fault, "invalidUtf8", 0, "The value is UTF-16; send JSON in UTF-8.");
    if (bytes.data[0] == '\0' || (bytes.data[0] == '\x01' && bytes.size >= 17))
        return json_fault_set(fault, "schemaRegistryFrame", 0,
                              "The value starts with a schema registry's frame (byte 0x%02x); send "
                              "plain JSON, without a schema-registry serializer.",
                              (unsigned char)bytes.data[0]);
    if (starts_with(bytes, "\x1F\x8B", 2) || starts_with(bytes, "\x28\xB5\x2F\xFD", 4) ||
        starts_with(bytes, "\x04\x22\x4D\x18", 4))
        return json_fault_set(fault, "compressed", 0,
                              "The value is compressed; send plain JSON and set compression.type "
                              "of the producer instead.");
    if (starts_with(bytes, "\xEF\xBB\xBF", 3))
        return json_fault_set(fault, "byteOrderMark", 0,
                              "The value starts with a byte order mark; send JSON without one.");
    return true;
}

bool json_gate(struct str bytes, struct json_fault *ret)
{
    *ret = (struct json_fault){0};
    if (!gate_start(bytes, ret))
        return false;
    struct gate gate = {bytes.data, bytes.data, bytes.data + bytes.size, ret};
    if (!gate_value(&gate, 0))
        return false;
    skip_space(&gate);
    if (gate.at != gate.end)
        return refuse(&gate, gate.at, "trailingData",
                      "something follows the end of the JSON value; send one value and no more.");
    return true;
}
