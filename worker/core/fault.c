#include "worker/core/fault.h"

#include "worker/core/utf8.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Takes away a last character that the cut left in pieces: a reply must stay valid UTF-8. */
static void trim_partial_character(char *text)
{
    size_t size = strlen(text);
    size_t tail = 0;
    while (tail < size && tail < 3 && ((unsigned char)text[size - 1 - tail] & 0xC0) == 0x80)
        tail++;
    if (tail == size)
        return;
    unsigned char lead = (unsigned char)text[size - 1 - tail];
    size_t expected = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
    if (expected != tail + 1)
        text[size - 1 - tail] = '\0';
}

/* What is quoted (a word of Redis, curl's reason) may hold any bytes. */
static void replace_broken_bytes(char *text)
{
    size_t offset = 0;
    while (!utf8_is_valid(str_of(text), &offset))
        text[offset] = '?';
}

static void mend(char *text, bool is_cut)
{
    if (is_cut)
        trim_partial_character(text);
    replace_broken_bytes(text);
}

void fault_set(struct fault *fault, enum stage stage, const char *code, const char *format, ...)
{
    fault_clear(fault);
    fault->stage = stage;
    int code_size = snprintf(fault->code, sizeof fault->code, "%s", code);
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(fault->message, sizeof fault->message, format, arguments);
    va_end(arguments);
    mend(fault->code, code_size >= (int)sizeof fault->code);
    mend(fault->message, size >= (int)sizeof fault->message);
}

void fault_clear(struct fault *fault)
{
    free(fault->details);
    free(fault->whole);
    *fault = (struct fault){0};
}
