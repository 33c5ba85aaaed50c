#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "config/value.h"

#define LETTERS_AND_DIGITS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

void json_print_text(const char *text, FILE *out)
{
    (void)fputc('"', out);
    for (const char *c = text; *c != '\0'; c++) {
        if (*c == '"' || *c == '\\') {
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
