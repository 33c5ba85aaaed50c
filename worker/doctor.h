#pragma once

#include "config/settings.h"
#include "worker/core/diagnosis.h"
#include "worker/core/error.h"
#include "worker/core/str.h"

/* `usher doctor`: does the worker have what it needs? It only reads: it joins no group, begins no
 * transaction (that would fence the worker that runs), posts nothing to Graph, and writes nothing
 * to Kafka or Redis but where that is what was asked for. */

/* Where it looks. */
enum doctor_area { DOCTOR_KAFKA = 1, DOCTOR_REDIS = 2, DOCTOR_GRAPH = 4, DOCTOR_ALL = 7 };

enum {
    DOCTOR_LIMIT_MS = 30000, /* for all of it: as long as a start tries to reach them */
    DOCTOR_THREADS_MAX = 8,  /* that look side by side; with tenants there is a list */
};

/* What was found of one thing. All texts are plain ASCII, and no secret is in any. */
struct doctor_line {
    const char *check;  /* stable, for programs: "kafka.topic"; doctor_checks */
    const char *tenant; /* "": of no tenant, or the only one, which has no name */
    const char *name;   /* for people: "topic access-requests" */
    const struct diagnosis *diagnosis;
};

struct doctor_report {
    void (*on_line)(void *context, const struct doctor_line *line);
    void *context;
    unsigned areas; /* of enum doctor_area */
    int limit_ms;   /* DOCTOR_LIMIT_MS */
    /* Out: time was up before all had been looked at. Threads of this process still use the
     * settings and wait for somebody (a name server, say): leave by _exit(), free nothing. */
    bool left_behind;
};

/* Looks at all of `areas` side by side, and tells them in their order. Returns the exit code
 * (contract 4): 0 nothing is missing; else the worst of what is, as diagnosis_worse() has it. */
int doctor_run(const struct settings *settings, struct doctor_report *report);

/* All that there may be a line of. */
struct doctor_check_row {
    const char *check, *words; /* the name is these words, and what it is about, if anything */
};
extern const struct doctor_check_row doctor_checks[];
extern const size_t doctor_checks_count;

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
