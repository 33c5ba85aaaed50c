#pragma once

#include "config/settings.h"
#include "worker/core/error.h"
#include "worker/core/str.h"

/* `usher doctor`: does the worker have what it needs? It only reads: nothing is ever posted to
 * Graph, and to Redis nothing is written but where that is what was asked for. */

enum doctor_mark {
    DOCTOR_GOOD,
    DOCTOR_MISSING,
    DOCTOR_OPEN, /* cannot be told, or need not be there */
};

/* One line for each thing; both texts are plain ASCII. */
struct doctor_report {
    void (*on_line)(void *context, enum doctor_mark mark, const char *thing, const char *text);
    void *context;
};

/* Returns the exit code (contract 4): 0 nothing is missing, 69 Graph or the token endpoint cannot
 * be reached, 77 a permission is missing or the credentials are refused, 78 a setting is wrong; the
 * lines say what. With `tenants` each is looked at, and the first that lacks something counts. */
int doctor_run(const struct settings *settings, const struct doctor_report *report);

/* Takes the interlock away (contract 6). on_stands is told what stands there, and says whether it
 * may go; on_end, whether one did stand. */
struct doctor_interlock {
    bool (*on_stands)(void *context, const char *key, struct str value);
    void (*on_end)(void *context, const char *key, bool stood);
    void *context;
};

enum { DOCTOR_CANNOT_WRITE = 73 }; /* contract 4 */

/* Returns 0: none stands any more; 69 Redis cannot be reached, 73 on_stands said no, 77 Redis
 * refuses us or this, 78 a setting is wrong; `error` says why, but not for 73. */
int doctor_clear_interlock(const struct settings *settings,
                           const struct doctor_interlock *interlock, struct error *error);
