#pragma once

#include "config/tenants.h"
#include "worker/core/buffer.h"
#include "worker/core/call_stats.h"
#include "worker/core/loop_lag.h"
#include "worker/core/stats.h"
#include "worker/io/metrics_kafka.h"
#include "worker/io/otlp.h"

/* The worker as Prometheus sees it: text format 0.0.4. The worker fills a view, which is numbers
 * only, and nothing here looks behind it. No name and no value of a label comes from a record or
 * an answer: all are from the settings or from a closed list, and what is known to come stands
 * there as 0 from the start. */

/* What each tenant has of its own. Where it has a name, its rows carry the label `tenant`. */
struct tenant_view {
    const char *name; /* "": the only one */
    const struct settings *settings;
    const uint64_t (*answers)[2][REQUEST_TYPE_COUNT]; /* answer_counts */
    const struct call_stats *calls;                   /* NULL: none yet */
    size_t calls_active, calls_waiting, calls_width, connections;
    /* Thousandths of a write a second; -1: no limit is set, so they are left out. */
    int64_t rate_all, rate_own;
    int64_t writes_closed_wall_ms,
        reads_closed_wall_ms; /* until then; 0: Graph does not throttle */
    uint64_t share_questions, retries_denied;
    bool graph_down;
    int64_t token_expiry_wall_ms;       /* 0: no token, so left out */
    int64_t certificate_expiry_wall_ms; /* 0: no certificate, so left out */
};

struct metrics_view {
    const struct stats *stats; /* of all tenants together */
    const size_t *at_stage;    /* STAGE_COUNT of them: pipeline.at_stage */
    int64_t oldest_wall_ms;    /* when the oldest of those was taken in; 0: there is none */
    const struct tenant_view *tenants;
    size_t tenant_count; /* 1 at least */
    struct kafka_view kafka;
    bool redis_up;
    uint64_t redis_reconnects, redis_losses; /* redis_stats.losses, .forgotten */
    bool interlock;
    bool paused;                       /* the intake, by an operator */
    const struct follow_stats *follow; /* NULL: off, and left out */
    uint64_t unfollowed;               /* redis_follow_refused() */
    struct otlp_stats traces;
    const struct loop_lag *loop;
    bool config_good;       /* the settings were last read without an error … */
    int64_t config_wall_ms; /* … and when that was so last */
    /* usher_build_info. "" is fine, NULL is not. */
    const char *version, *revision, *librdkafka, *curl, *openssl, *hiredis, *libuv;
    /* What the settings give up, a sentence each (dry_run: off …); for /status. */
    const char *const *warnings;
    size_t warning_count;
};

/* All of the text is bounded: 325 rows of calls with 17 lines of at most 500 bytes, 350 KiB for the
 * rest, and for each tenant 110 lines of answers, 150 of calls and 30 others. */
#define METRICS_BYTES_FOR(tenants) ((3110 << 10) + (40 << 10) * (tenants))
enum { METRICS_BYTES_MAX = METRICS_BYTES_FOR(TENANTS_MAX) };

void metrics_render(const struct metrics_view *view, struct buffer *ret);
/* The process_* family of every Prometheus client, from /proc/self; what cannot be read is left
 * out. */
void metrics_render_process(struct buffer *ret);
