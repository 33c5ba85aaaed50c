#include "worker/core/trace_context.h"

enum { LEAST_SIZE = 55, KEY_SIZE_MAX = 256, VALUE_SIZE_MAX = 256 };

static bool is_hex(char byte)
{
    return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'f');
}

static bool is_all_zero(const char *digits, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (digits[i] != '0')
            return false;
    }
    return true;
}

bool traceparent_is_valid(struct str text)
{
    static const char form[] = "xx-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx-xxxxxxxxxxxxxxxx-xx";
    if (text.size < LEAST_SIZE || text.size > TRACESTATE_SIZE_MAX)
        return false;
    for (size_t i = 0; i < LEAST_SIZE; i++) {
        if (form[i] == '-' ? text.data[i] != '-' : !is_hex(text.data[i]))
            return false;
    }
    if (memcmp(text.data, "ff", 2) == 0 || is_all_zero(text.data + 3, 32) ||
        is_all_zero(text.data + 36, 16))
        return false;
    if (text.size == LEAST_SIZE)
        return true;
    for (size_t i = LEAST_SIZE; i < text.size; i++) {
        if (text.data[i] < 0x21 || text.data[i] > 0x7E)
            return false;
    }
    return memcmp(text.data, "00", 2) != 0 && text.data[LEAST_SIZE] == '-';
}

static bool is_key(struct str key)
{
    if (key.size == 0 || key.size > KEY_SIZE_MAX)
        return false;
    for (size_t i = 0; i < key.size; i++) {
        char byte = key.data[i];
        bool is_alphanumeric = (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9');
        bool is_mark = byte != '\0' && strchr("_-*/@", byte) != NULL;
        if (!is_alphanumeric && (i == 0 || !is_mark))
            return false;
    }
    return true;
}

static bool is_value(struct str value)
{
    if (value.size == 0 || value.size > VALUE_SIZE_MAX || value.data[value.size - 1] == ' ')
        return false;
    for (size_t i = 0; i < value.size; i++) {
        if (value.data[i] < 0x20 || value.data[i] > 0x7E || value.data[i] == '=')
            return false;
    }
    return true;
}

static bool is_space(char byte)
{
    return byte == ' ' || byte == '\t';
}

/* Takes the text up to the next comma off `rest`, without white space around it. */
static struct str take_member(struct str *rest)
{
    const char *comma = memchr(rest->data, ',', rest->size);
    size_t size = comma != NULL ? (size_t)(comma - rest->data) : rest->size;
    struct str member = {rest->data, size};
    size_t taken = comma != NULL ? size + 1 : size;
    *rest = (struct str){rest->data + taken, rest->size - taken};
    while (member.size > 0 && is_space(member.data[0]))
        member = (struct str){member.data + 1, member.size - 1};
    while (member.size > 0 && is_space(member.data[member.size - 1]))
        member.size--;
    return member;
}

bool tracestate_is_valid(struct str text)
{
    if (text.size == 0 || text.size > TRACESTATE_SIZE_MAX)
        return false;
    struct str keys[TRACESTATE_MEMBERS_MAX];
    size_t count = 0;
    struct str rest = text;
    while (rest.size > 0) {
        struct str member = take_member(&rest);
        if (member.size == 0)
            continue;
        const char *equals = memchr(member.data, '=', member.size);
        if (equals == NULL || count == TRACESTATE_MEMBERS_MAX)
            return false;
        struct str key = {member.data, (size_t)(equals - member.data)};
        struct str value = {equals + 1, member.size - key.size - 1};
        if (!is_key(key) || !is_value(value))
            return false;
        for (size_t i = 0; i < count; i++) {
            if (str_equal(keys[i], key))
                return false;
        }
        keys[count++] = key;
    }
    return count > 0;
}
