#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Entra's error numbers, those behind AADSTS, as sentences that say what to do. From Microsoft's
 * list of them (entra-docs: reference-error-codes) and, for 70021x, 700021, 700024, 7000214,
 * 7000229, 7000232, 1000502 and 500011, from what people have seen. A number that is not in the
 * table is passed on as it is. */
struct token_error {
    const char *code;     /* digits */
    const char *sentence; /* names the option where one is to blame; no full stop */
    bool passes;          /* by itself: nobody has to act */
};

extern const struct token_error token_errors[];
extern const size_t token_errors_count;

/* The value of an answer's `error` as it may be shown: one of OAuth's names (RFC 6749, 4.1.2.1 and
 * 5.2) or Entra's, else "an error of another name". The answer may hold a token anywhere. */
const char *token_error_name(const char *error);

/* `code` has `size` digits. NULL: it is not in the table. */
const struct token_error *token_error_find(const char *code, size_t size);
