#include "worker/core/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool error_set(struct error *error, const char *format, ...)
{
    if (error == NULL) {
        return false;
    }

    /* Written beside it first: the old text may be among the arguments. */
    struct error written;
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(written.text, sizeof written.text, format, arguments);
    va_end(arguments);

    if (length < 0) {
        written.text[0] = '\0';
    } else if ((size_t)length >= sizeof written.text) {
        memcpy(written.text + sizeof written.text - sizeof "...", "...", sizeof "...");
    }
    memcpy(error->text, written.text, sizeof written.text);
    return false;
}
