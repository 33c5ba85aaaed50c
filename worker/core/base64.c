#include "worker/core/base64.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

size_t base64_encode(const uint8_t *bytes, size_t size, char *ret)
{
    char *at = ret;
    for (size_t i = 0; i < size; i += 3) {
        uint32_t group = (uint32_t)bytes[i] << 16;
        if (i + 1 < size)
            group |= (uint32_t)bytes[i + 1] << 8;
        if (i + 2 < size)
            group |= bytes[i + 2];
        *at++ = alphabet[group >> 18];
        *at++ = alphabet[group >> 12 & 63];
        *at++ = i + 1 < size ? alphabet[group >> 6 & 63] : '=';
        *at++ = i + 2 < size ? alphabet[group & 63] : '=';
    }
    *at = '\0';
    return (size_t)(at - ret);
}

static int sextet(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == '+')
        return 62;
    return c == '/' ? 63 : -1;
}

/* The three bytes of four characters, of which the last `padding` are '='; -1: not base64. */
static int32_t read_group(const char *text, size_t padding)
{
    int32_t group = 0;
    for (size_t i = 0; i < 4; i++) {
        int value = i < 4 - padding ? sextet(text[i]) : 0;
        if (value < 0)
            return -1;
        group = group << 6 | value;
    }
    int32_t unused = (1 << (8 * padding)) - 1;
    return (group & unused) == 0 ? group : -1;
}

bool base64_decode(const char *text, size_t length, uint8_t *ret, size_t max, size_t *ret_size)
{
    if (length % 4 != 0)
        return false;
    size_t padding = 0;
    while (padding < 2 && padding < length && text[length - 1 - padding] == '=')
        padding++;
    size_t size = length / 4 * 3 - padding;
    if (size > max)
        return false;
    for (size_t at = 0; at < size; at += 3) {
        bool last = at + 3 > size;
        int32_t group = read_group(text + at / 3 * 4, last ? padding : 0);
        if (group < 0)
            return false;
        for (size_t i = 0; i < 3 && at + i < size; i++)
            ret[at + i] = (uint8_t)(group >> (16 - 8 * i) & 0xff);
    }
    *ret_size = size;
    return true;
}

bool base64url_decode(const char *text, size_t length, uint8_t *ret, size_t max, size_t *ret_size)
{
    *ret_size = 0;
    for (size_t at = 0; at < length; at += 4) {
        char group[4] = {'=', '=', '=', '='};
        size_t size = 0;
        for (size_t i = 0; i < 4 && at + i < length; i++) {
            char c = text[at + i];
            if (c == '+' || c == '/' || c == '=')
                return false;
            group[i] = (char)(c == '-' ? '+' : c == '_' ? '/' : c);
        }
        if (!base64_decode(group, 4, ret + *ret_size, max - *ret_size, &size))
            return false;
        *ret_size += size;
    }
    return true;
}
