#pragma once

#include "config/tenants.h"
#include "worker/core/buffer.h"
#include "worker/core/stats.h"

/* The worker as Prometheus sees it: text format 0.0.4. The worker fills a view, which is numbers
 * only, and nothing here looks behind it. */

/* What each tenant has of its own. Where it has a name, its rows carry the label `tenant`. */
struct tenant_view {
    const char *name;               /* "": the only one */
    const uint64_t (*answers)[2];   /* ANSWER_COUNT of them: [duplicate] */
    const struct call_stats *calls; /* NULL: none yet */
    size_t calls_active, calls_waiting;
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
    const struct tenant_view *tenants;
    size_t tenant_count; /* 1 at least */
    size_t assigned;     /* partitions that are ours */
    int64_t lag;         /* records; -1: not known, so left out */
    uint64_t transactions_committed, transactions_aborted;
    uint64_t orphaned, resumed; /* of source and settle */
    bool redis_up;
    uint64_t redis_reconnects, redis_losses; /* redis_stats.losses, .forgotten */
    bool interlock;
    /* usher_build_info. "" is fine, NULL is not. */
    const char *version, *revision, *librdkafka, *curl, *hiredis, *libuv;
    /* What the settings give up, a sentence each (dry_run: off …); for /status. */
    const char *const *warnings;
    size_t warning_count;
};

/* All of the text is bounded: 92 rows of calls with 17 lines of at most 150 bytes, 30 KiB for the
 * rest, and for each tenant with a name 92 lines of calls and 30 others, 200 bytes at most. */
enum { METRICS_BYTES_MAX = (512 << 10) + (24 << 10) * TENANTS_MAX };

void metrics_render(const struct metrics_view *view, struct buffer *ret);
/* The process_* family of every Prometheus client, from /proc/self; what cannot be read is left
 * out. */
void metrics_render_process(struct buffer *ret);
