#include "worker/core/utf8.h"

static bool is_tail(char byte)
{
    return ((unsigned char)byte & 0xC0) == 0x80;
}

size_t utf8_length(const char *at, size_t left)
{
    if (left == 0)
        return 0;
    unsigned char lead = (unsigned char)at[0];
    if (lead < 0x80)
        return 1;
    size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    if (lead < 0xC2 || lead > 0xF4 || left < length)
        return 0;
    for (size_t i = 1; i < length; i++) {
        if (!is_tail(at[i]))
            return 0;
    }
    unsigned char second = (unsigned char)at[1];
    bool is_overlong = (lead == 0xE0 && second < 0xA0) || (lead == 0xF0 && second < 0x90);
    bool is_surrogate = lead == 0xED && second > 0x9F;
    bool is_beyond = lead == 0xF4 && second > 0x8F;
    return is_overlong || is_surrogate || is_beyond ? 0 : length;
}

bool utf8_is_valid(struct str text, size_t *ret_offset)
{
    for (size_t i = 0; i < text.size;) {
        size_t length = utf8_length(text.data + i, text.size - i);
        if (length == 0) {
            if (ret_offset != NULL)
                *ret_offset = i;
            return false;
        }
        i += length;
    }
    return true;
}

bool utf8_is_printable(struct str text)
{
    for (size_t i = 0; i < text.size;) {
        unsigned char lead = (unsigned char)text.data[i];
        if (lead >= 0x20 && lead < 0x7F) {
            i++;
            continue;
        }
        size_t length = utf8_length(text.data + i, text.size - i);
        bool is_c1 = length == 2 && lead == 0xC2 && (unsigned char)text.data[i + 1] < 0xA0;
        if (length == 0 || lead < 0x20 || lead == 0x7F || is_c1)
            return false;
        i += length;
    }
    return true;
}

int utf8_cut(struct str text, size_t size_max)
{
    size_t size = text.size < size_max ? text.size : size_max;
    while (size > 0 && size < text.size && is_tail(text.data[size]))
        size--;
    return (int)size;
}
