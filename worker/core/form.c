#include "worker/core/form.h"

#include <string.h>

static int hex_value(char digit)
{
    static const char digits[] = "0123456789ABCDEF0123456789abcdef";
    const char *found = digit != '\0' ? strchr(digits, digit) : NULL;
    return found != NULL ? (int)((found - digits) % 16) : -1;
}

/* In place: what comes out is never longer. */
static bool decode(char *text)
{
    char *to = text;
    for (const char *from = text; *from != '\0'; from++) {
        if (*from != '%') {
            *to++ = *from == '+' ? ' ' : *from;
            continue;
        }
        int high = hex_value(from[1]);
        int low = high >= 0 ? hex_value(from[2]) : -1;
        if (low < 0 || high + low == 0)
            return false;
        *to++ = (char)(high * 16 + low);
        from += 2;
    }
    *to = '\0';
    return true;
}

/* The text up to the next `end`, and what is behind it; NULL: nothing is. */
static char *split(char *text, char end)
{
    char *found = strchr(text, end);
    if (found == NULL)
        return NULL;
    *found = '\0';
    return found + 1;
}

bool form_read(char *body, struct form *ret)
{
    ret->count = 0;
    for (char *name = body, *next; name != NULL; name = next) {
        next = split(name, '&');
        if (*name == '\0')
            continue;
        char *value = split(name, '=');
        if (ret->count == FORM_FIELDS_MAX || !decode(name) || (value != NULL && !decode(value)))
            return false;
        ret->fields[ret->count++] = (struct form_field){name, value != NULL ? value : ""};
    }
    return true;
}

const char *form_value(const struct form *form, const char *name)
{
    for (size_t i = 0; i < form->count; i++) {
        if (strcmp(form->fields[i].name, name) == 0)
            return form->fields[i].value;
    }
    return NULL;
}
