#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "config/value.h"

#define LETTERS_AND_DIGITS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

/* The character at `text`, where a reader of YAML takes it for a line's end or refuses it; the size
 * of its UTF-8, or 0. */
static size_t find_unprintable(const char *text, unsigned *ret_character)
{
    static const struct {
        const char *bytes;
        unsigned character;
    } others[] = {{"\xE2\x80\xA8", 0x2028},
                  {"\xE2\x80\xA9", 0x2029},
                  {"\xEF\xBB\xBF", 0xFEFF},
                  {"\xEF\xBF\xBE", 0xFFFE},
                  {"\xEF\xBF\xBF", 0xFFFF}};
    unsigned char second = (unsigned char)(text[0] != '\0' ? text[1] : '\0');

    if ((unsigned char)text[0] == 0xC2 && second >= 0x80 && second < 0xA0) {
        *ret_character = second;
        return 2;
    }
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        if (strncmp(text, others[i].bytes, 3) == 0) {
            *ret_character = others[i].character;
            return 3;
        }
    }
    return 0;
}

void json_print_text(const char *text, FILE *out)
{
    (void)fputc('"', out);
    for (const char *c = text; *c != '\0'; c++) {
        unsigned character = 0;
        size_t size = find_unprintable(c, &character);
        if (size > 0) {
            (void)fprintf(out, "\\u%04x", character);
            c += size - 1;
        } else if (*c == '"' || *c == '\\') {
            (void)fprintf(out, "\\%c", *c);
        } else if ((unsigned char)*c < ' ' || *c == 0x7f) {
            (void)fprintf(out, "\\u%04x", (unsigned char)*c);
        } else {
            (void)fputc(*c, out);
        }
    }
    (void)fputc('"', out);
}

/* What other YAML readers take for a number, a null or a truth; ours takes it for text. */
static bool has_other_meaning(const char *text)
{
    char *end;

    static const char *const words[] = {"null", "true", "false", "yes", "no", "on", "y", "n"};

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcasecmp(words[i], text) == 0) {
            return true;
        }
    }
    (void)strtod(text, &end);
    return *end == '\0';
}

void yaml_print_text(const char *text, FILE *out)
{
    size_t length = strlen(text);
    bool plain = length > 0 && text[strspn(text, LETTERS_AND_DIGITS "._/:-")] == '\0' &&
                 strspn(text, LETTERS_AND_DIGITS "/") > 0 && text[length - 1] != ':' &&
                 !has_other_meaning(text);

    if (plain) {
        (void)fputs(text, out);
    } else {
        json_print_text(text, out);
    }
}
