#pragma once

#include "config/settings.h"
#include "worker/core/error.h"
#include "worker/core/pipeline.h"
#include "worker/core/recent.h"
#include "worker/core/stats.h"
#include "worker/io/redis.h"
#include "worker/io/settle.h"
#include "worker/io/source.h"
#include "worker/tenant.h"

#include <uv.h>

/* Owns every part of `usher run` and the loop they share: makes them, turns them, drains them,
 * takes them down. What is done with a record stands in core/plan.c; which call carries out a
 * stage, in stages.c. */

struct settings_source;

enum worker_exit { /* contract 4 */
                   WORKER_DONE = 0,
                   WORKER_UNREACHABLE = 69,
                   WORKER_INTERNAL = 70,
                   WORKER_STOPPED_EARLY = 75,
                   WORKER_INTERLOCKED = 76,
                   WORKER_REFUSED = 77,
                   WORKER_MISCONFIGURED = 78,
};

/* What the worker as a process is doing. */
enum worker_phase {
    WORKER_STARTS, /* not all of Kafka, Redis and Graph's token have been reached yet */
    WORKER_WORKS,
    WORKER_PAUSED, /* an operator's wish: nothing new is taken, all else goes on; not remembered */
    WORKER_DRAINS, /* SIGTERM: nothing new is taken, what is at work is finished */
    WORKER_LEAVES, /* the loop ends at the next chance */
};

struct worker {
    const struct settings *settings;
    struct settings *reloaded;                   /* the same, for reload.c alone … */
    const struct settings_source *settings_from; /* … and where they come from */
    uv_loop_t loop;
    uv_prepare_t prepare;   /* the turn: after timers and callbacks, before the loop sleeps */
    uv_idle_t idle;         /* only while a budget ended a turn early: the loop does not sleep */
    uv_timer_t wake;        /* the next sleeper or batch */
    uv_timer_t deadline;    /* of the phase: 30 s to start, settings.drain to drain */
    uv_signal_t signals[5]; /* signals.c */
    enum worker_phase phase;
    int exit_code;
    struct error why; /* what main prints when exit_code is not 0 */

    struct pool pool;
    struct pipeline pipeline;
    struct tenant *tenants; /* settings->tenants, or one without a name */
    size_t tenant_count;
    int64_t count_ms; /* when their requests are counted next (share.c) */
    struct stats stats;
    struct redis *redis;
    struct source *source;
    struct settle *settle;
    struct follow *follow; /* follow.h; NULL: off */
    struct traces *traces; /* traces.h; NULL: off */
    struct admin *admin;
    struct letter_desk *letters; /* dead letters, for pages */
    struct actions *actions;     /* NULL: off */
    struct page *page;           /* page.h; NULL: not open yet */
    struct recent recent;        /* … and of it, what was answered last */
    struct loop_watch *loop_watch;
    bool config_good;       /* the settings were last read without an error … */
    int64_t config_wall_ms; /* … and when that was so last */
};

/* Runs until SIGTERM, SIGINT or a reason to stop. Returns the exit code; where it is not 0, `error`
 * says why. `settings` are those of `from`, and SIGHUP reads them from there again. */
int worker_run(struct settings *settings, const struct settings_source *from, struct error *error);

/* stages.c: the live stage table. */
void stages_fill(struct stage_ops *ret, struct worker *worker);

/* view.c: what the admin listener shows. False: admin.listen cannot be listened on. */
bool worker_admin_open(struct worker *worker, struct error *error);

/* Pauses the intake, or ends that; `who` is for the log. False: not in this phase; see `error`. */
bool worker_pause(struct worker *worker, const char *who, struct error *error);
bool worker_resume(struct worker *worker, const char *who, struct error *error);

/* It does all that it has to do, but perhaps takes nothing in. */
bool worker_is_at_work(const struct worker *worker);

/* What SIGTERM asks for: drains, or, where it drains already, leaves at once. */
void worker_end(struct worker *worker);

/* Ends the loop with this exit code. The first reason counts. */
void worker_leave(struct worker *worker, int exit_code, const char *why);

/* Now, in Unix milliseconds. */
int64_t worker_wall_ms(void);
