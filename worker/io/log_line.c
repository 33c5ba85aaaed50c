#include "worker/io/log_line.h"

#include "worker/core/utf8.h"

enum {
    END_SIZE = 2,            /* "}\n" always has room */
    VALUE_SIZE_MAX = 512,    /* escaped; an event id is at most 256 bytes */
    MESSAGE_SIZE_MAX = 1024, /* so that all fields of a request have room (log_line_request) */
};

static const struct {
    const char *name, *colour;
} levels[] = {[LOG_ERROR] = {"error", "\x1b[31m"}, /* red */
              [LOG_WARN] = {"warn", "\x1b[33m"},   /* yellow */
              [LOG_INFO] = {"info", "\x1b[32m"},   /* green */
              [LOG_DEBUG] = {"debug", "\x1b[36m"} /* cyan */};

static const char bold[] = "\x1b[1m", faint[] = "\x1b[2m", plain[] = "\x1b[0m";

const char *log_level_name(enum log_level level)
{
    return levels[level].name;
}

static bool put(struct log_line *line, const char *bytes, size_t size)
{
    if (size > sizeof line->text - END_SIZE - line->size)
        return false;
    memcpy(line->text + line->size, bytes, size);
    line->size += size;
    return true;
}

static bool put_text(struct log_line *line, const char *text)
{
    return put(line, text, strlen(text));
}

static bool put_painted(struct log_line *line, const char *colour, const char *text)
{
    if (!line->colour)
        return put_text(line, text);
    return put_text(line, colour) && put_text(line, text) && put_text(line, plain);
}

/* Of a valid character of `length` bytes. */
static uint32_t code_point(const char *text, size_t length)
{
    uint32_t code = (unsigned char)text[0];
    if (length > 1)
        code &= 0xFFU >> (length + 1);
    for (size_t i = 1; i < length; i++)
        code = code << 6 | ((unsigned char)text[i] & 0x3F);
    return code;
}

/* Characters that could forge or hide something: controls, line separators, and those that change
 * the direction of text. */
static bool is_unprintable(uint32_t code)
{
    return code < 0x20 || (code >= 0x7F && code < 0xA0) || code == 0x061C || code == 0x200E ||
           code == 0x200F || (code >= 0x2028 && code <= 0x202E) ||
           (code >= 0x2066 && code <= 0x2069) || code == 0xFEFF;
}

/* Writes the escaped form of the character (length bytes; 0: of one byte that is none) to `ret` and
 * returns its size, 0 if it needs none. NUL is written as such a byte: JSON may say \u0000, but
 * many of those that read it refuse the whole line then. */
static size_t escape(const struct log_line *line, const char *text, size_t length, uint32_t code,
                     char ret[8])
{
    static const char hex[] = "0123456789abcdef";
    unsigned char byte = (unsigned char)text[0];
    size_t size = 0;
    if (length == 0 || code == 0) { /* JSON has no \x: there the backslash itself is escaped */
        ret[size++] = '\\';
        if (line->json)
            ret[size++] = '\\';
        ret[size++] = 'x';
        ret[size++] = hex[byte >> 4];
        ret[size++] = hex[byte & 15];
    } else if (code == '"' || code == '\\') {
        ret[size++] = '\\';
        ret[size++] = (char)code;
    } else if (is_unprintable(code)) {
        ret[size++] = '\\';
        ret[size++] = 'u';
        for (int shift = 12; shift >= 0; shift -= 4)
            ret[size++] = hex[code >> shift & 15];
    }
    return size;
}

static size_t plain_run(struct str value)
{
    size_t size = 0;
    while (size < value.size && value.data[size] >= ' ' && value.data[size] < 0x7F &&
           value.data[size] != '"' && value.data[size] != '\\')
        size++;
    return size;
}

/* At most `max` bytes come out; the cut is between characters. */
static void put_escaped(struct log_line *line, struct str value, size_t max)
{
    size_t room = sizeof line->text - END_SIZE - line->size;
    size_t end = line->size + (max < room ? max : room);
    while (value.size > 0) {
        size_t used = plain_run(value);
        const char *bytes = value.data;
        size_t size = used;
        char escaped[8];
        if (used == 0) {
            used = utf8_length(value.data, value.size);
            uint32_t code = code_point(value.data, used);
            size = escape(line, value.data, used, code, escaped);
            bytes = size > 0 ? escaped : value.data;
            size = size > 0 ? size : used;
            used = used > 0 ? used : 1;
        } else if (size > end - line->size) {
            size = end - line->size;
        }
        if (size > end - line->size)
            return;
        put(line, bytes, size);
        if (line->size == end)
            return;
        value.data += used;
        value.size -= used;
    }
}

static bool put_name(struct log_line *line, const char *name)
{
    static const char ours[] = "usher.";
    if (line->json)
        return put(line, ",\"", 2) && put_text(line, name) && put(line, "\":", 2);
    size_t skip = strncmp(name, ours, sizeof ours - 1) == 0 ? sizeof ours - 1 : 0;
    return put(line, " ", 1) && put_painted(line, faint, name + skip) && put(line, "=", 1);
}

/* A text stands in quotes where it would else not be one word. */
static bool needs_quotes(const struct log_line *line, struct str value)
{
    return line->json || value.size == 0 || plain_run(value) < value.size ||
           memchr(value.data, ' ', value.size) != NULL;
}

void log_line_text(struct log_line *line, const char *name, struct str value)
{
    size_t before = line->size;
    const char *quote = needs_quotes(line, value) ? "\"" : "";
    if (put_name(line, name) && put_text(line, quote)) {
        put_escaped(line, value, VALUE_SIZE_MAX);
        if (put_text(line, quote))
            return;
    }
    line->size = before;
}

void log_line_number(struct log_line *line, const char *name, int64_t value)
{
    char digits[24];
    size_t start = sizeof digits;
    uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    do {
        digits[--start] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    if (value < 0)
        digits[--start] = '-';
    size_t before = line->size;
    if (!put_name(line, name) || !put(line, digits + start, sizeof digits - start))
        line->size = before;
}

void log_line_true(struct log_line *line, const char *name)
{
    size_t before = line->size;
    if (!put_name(line, name) || !put_text(line, "true"))
        line->size = before;
}

void log_line_start(struct log_line *line, const struct log_stamp *stamp, enum log_level level,
                    const char *event, const char *message)
{
    line->size = 0;
    if (line->json) {
        put_text(line, "{\"@timestamp\":\"");
        put_text(line, stamp->text);
        put_text(line, "\",\"log.level\":\"");
        put_text(line, levels[level].name);
        put_text(line, "\",\"message\":\"");
        put_escaped(line, str_of(message), MESSAGE_SIZE_MAX);
        put_text(line, "\",\"ecs.version\":\"8.11.0\",\"service.name\":\"usher\"");
        log_line_text(line, "event.action", str_of(event));
        return;
    }
    put_text(line, stamp->text);
    put_text(line, " ");
    put_painted(line, levels[level].colour, levels[level].name);
    put_text(line, strlen(levels[level].name) < 5 ? "  " : " ");
    put_painted(line, bold, event);
    put_text(line, ": ");
    put_escaped(line, str_of(message), MESSAGE_SIZE_MAX);
}

void log_line_end(struct log_line *line)
{
    if (line->json)
        line->text[line->size++] = '}';
    line->text[line->size++] = '\n';
}
