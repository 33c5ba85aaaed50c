#pragma once

#include <stdbool.h>
#include <stddef.h>

/* What a browser sends of a form: application/x-www-form-urlencoded. Pure. */

enum { FORM_FIELDS_MAX = 1100 }; /* a page of dead letters, all of them chosen, and some of ours */

struct form_field {
    const char *name, *value; /* decoded, into the body's own memory */
};

struct form {
    struct form_field fields[FORM_FIELDS_MAX];
    size_t count;
};

/* Reads `body`, a string, and decodes it in place; it must outlive the form. False: more fields
 * than there is room for, a `%` without two hexadecimal digits, or a NUL in a value. */
bool form_read(char *body, struct form *ret);

/* The first of this name; NULL: there is none. */
const char *form_value(const struct form *form, const char *name);
