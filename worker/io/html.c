#include "worker/io/html.h"

#include "worker/core/utf8.h"

static const char *entity(char byte)
{
    switch (byte) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return NULL;
    }
}

/* U+0080 to U+009F, U+200E U+200F, U+2028 to U+202E, U+2066 to U+2069, U+FEFF, U+FFFE U+FFFF: by
 * their bytes in UTF-8. */
static bool is_mark(const char *at, size_t length)
{
    const unsigned char *byte = (const unsigned char *)at;
    if (length == 2)
        return byte[0] == 0xC2 && byte[1] < 0xA0;
    if (length != 3)
        return false;
    if (byte[0] == 0xE2 && byte[1] == 0x80)
        return byte[2] == 0x8E || byte[2] == 0x8F || (byte[2] >= 0xA8 && byte[2] <= 0xAE);
    if (byte[0] == 0xE2 && byte[1] == 0x81)
        return byte[2] >= 0xA6 && byte[2] <= 0xA9;
    return byte[0] == 0xEF && byte[1] == 0xBF && byte[2] >= 0xBE ? true
           : byte[0] == 0xEF && byte[1] == 0xBB                  ? byte[2] == 0xBF
                                                                 : false;
}

static bool is_control(char byte)
{
    return ((unsigned char)byte < 0x20 && byte != '\n' && byte != '\t') || byte == 0x7F;
}

void html_put(struct buffer *ret, struct str text)
{
    size_t start = 0;
    for (size_t i = 0; i < text.size;) {
        size_t length = utf8_length(text.data + i, text.size - i);
        const char *instead = entity(text.data[i]);
        if (length == 0 || is_control(text.data[i]) || is_mark(text.data + i, length))
            instead = "\xEF\xBF\xBD";
        size_t end = i + (length > 0 ? length : 1);
        if (instead != NULL) {
            buffer_put(ret, text.data + start, i - start);
            buffer_put_text(ret, instead);
            start = end;
        }
        i = end;
    }
    if (start < text.size)
        buffer_put(ret, text.data + start, text.size - start);
}

void html_text(struct buffer *ret, const char *text)
{
    html_put(ret, str_of(text));
}

void html_cut(struct buffer *ret, struct str text, size_t most)
{
    struct str start = {text.data, (size_t)utf8_cut(text, most)};
    html_put(ret, start);
    if (start.size < text.size)
        buffer_put_text(ret, "\xE2\x80\xA6");
}

static bool is_plain(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9') || byte == '-' || byte == '.' || byte == '_' || byte == '~';
}

void html_query(struct buffer *ret, const char *text)
{
    static const char digits[] = "0123456789ABCDEF";
    for (const char *at = text; *at != '\0'; at++) {
        unsigned char byte = (unsigned char)*at;
        if (is_plain(*at))
            buffer_put(ret, at, 1);
        else
            buffer_put(ret, (const char[]){'%', digits[byte >> 4], digits[byte & 15]}, 3);
    }
}
