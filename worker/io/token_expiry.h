#pragma once

#include "config/settings.h"
#include "worker/core/error.h"

/* When the certificate of auth: certificate expires: for the metric, and for a warning that comes
 * 30 days ahead and then daily. A file that was replaced is seen within a second of being asked,
 * not only with the next token. */

enum {
    TOKEN_EXPIRY_WARN_DAYS = 30, /* issue 5: time for a change request */
    TOKEN_EXPIRY_LOOK_MS = 1000, /* how often the files' times are looked at */
};

/* Zeroed: nothing known. */
struct token_expiry {
    int64_t ends_wall_ms;   /* 0: no certificate */
    int64_t warned_wall_ms; /* the last warning */
    int64_t looked_wall_ms;
    uint64_t stamp; /* of the files when they were last read */
    char text[160]; /* the warning's */
};

/* A certificate was read for a token. */
void token_expiry_note(struct token_expiry *expiry, int64_t ends_wall_ms, int64_t now_wall_ms);

/* Reads the files again if they have changed. */
void token_expiry_look(struct token_expiry *expiry, const struct settings *settings,
                       int64_t now_wall_ms);

/* A sentence without full stop that names the setting; "" while the end is far. Valid until the
 * next call. */
const char *token_expiry_warning(struct token_expiry *expiry, int64_t now_wall_ms);
