/* What the worker shows on its admin listener: the rows of /readyz, and the numbers of /metrics. */
#include "worker/cli/version.h"
#include "worker/follow.h"
#include "worker/io/admin.h"
#include "worker/io/redis_follow.h"
#include "worker/io/redis_share.h"
#include "worker/worker.h"

#include <curl/curl.h>
#include <hiredis/hiredis.h>

#define TEXT(number)   DIGITS(number)
#define DIGITS(number) #number
#define HIREDIS        TEXT(HIREDIS_MAJOR) "." TEXT(HIREDIS_MINOR) "." TEXT(HIREDIS_PATCH)

static bool is_live(void *context)
{
    (void)context;
    return true; /* it is asked on the loop: the loop turns */
}

static struct admin_check check(const char *name, const char *why)
{
    return (struct admin_check){.name = name, .ok = why[0] == '\0', .why = why};
}

/* A worker that has joined the group takes nothing in before its transactions are ready. */
static const char *kafka_trouble(const struct worker *w)
{
    const char *why = source_trouble(w->source);
    return why[0] != '\0' || settle_is_ready(w->settle) ? why : "no transaction can be begun yet";
}

static size_t list_checks(void *context, struct admin_check ret[ADMIN_CHECKS_MAX])
{
    const struct worker *w = context;
    bool stands = w->pipeline.mode == PIPELINE_INTERLOCKED;
    size_t count = 0;
    ret[count++] = check("kafka", kafka_trouble(w));
    ret[count++] = check("redis", redis_trouble(w->redis));
    ret[count++] = check("graph token", token_trouble(w->token));
    ret[count++] =
        check("interlock",
              stands ? "a dry run may have been carried out for real; nothing is posted" : "");
    ret[count++] = check("not draining", w->phase >= WORKER_DRAINS ? "the worker is leaving" : "");
    return count;
}

enum { WARNINGS_MAX = 6 };

/* All that weakens a promise for as long as it is so. */
static size_t list_warnings(const struct worker *w, const char *ret[WARNINGS_MAX])
{
    const struct settings *s = w->settings;
    const struct redis_facts *redis = redis_facts(w->redis);
    size_t count = 0;
    if (s->graph.dry_run == DRY_RUN_OFF)
        ret[count++] = "graph.dry_run: off: real requests go out unproved";
    if (s->graph.dry_run_echo == DRY_RUN_ECHO_LENIENT)
        ret[count++] = "graph.dry_run_echo: lenient: a dry run without an echo passes";
    if (s->kafka.delivery == DELIVERY_AT_LEAST_ONCE)
        ret[count++] = "kafka.delivery: at-least-once: a reply may come twice after a crash";
    if (redis_facts_is_forgetful(redis))
        ret[count++] = "redis.url: this Redis keeps nothing when it stops; set appendonly to yes";
    if (redis->evicts[0] != '\0')
        ret[count++] = "redis.url: this Redis may drop records; set maxmemory-policy to noeviction";
    if (token_warning(w->token)[0] != '\0')
        ret[count++] = token_warning(w->token);
    return count;
}

/* The end of a time on the loop's clock, on the wall's; 0: it has passed. */
static int64_t wall_end_ms(int64_t left_ms)
{
    return left_ms > 0 ? worker_wall_ms() + left_ms : 0;
}

static void fill_pacing(const struct worker *w, struct metrics_view *ret)
{
    int64_t now_ms = (int64_t)uv_now(&w->loop);
    bool granted = now_ms < w->pace.granted_until_ms;
    ret->rate_all = w->pace.most > 0 ? w->pace.shared : -1;
    ret->rate_own = granted ? pace_rate(&w->pace, now_ms) : 0;
    ret->writes_closed_wall_ms = wall_end_ms(gate_closed_ms(&w->gate, GATE_WRITES, now_ms));
    ret->reads_closed_wall_ms = wall_end_ms(gate_closed_ms(&w->gate, GATE_READS, now_ms));
    ret->share_questions = redis_share_asked(w->redis);
    ret->retries_denied = w->budget.denied;
    ret->graph_down = w->circuit.state != CIRCUIT_CLOSED;
}

static void fill_metrics(void *context, struct metrics_view *ret)
{
    const struct worker *w = context;
    static const char *warnings[WARNINGS_MAX];
    struct settle_stats settle = settle_stats(w->settle);
    *ret = (struct metrics_view){
        .stats = &w->stats,
        .at_stage = w->pipeline.at_stage,
        .calls = http_stats(w->http),
        .calls_active = http_active(w->http),
        .calls_waiting = http_waiting(w->http),
        .assigned = source_assigned(w->source),
        .lag = source_lag(w->source),
        .transactions_committed = settle.committed,
        .transactions_aborted = settle.aborted,
        .orphaned = source_stats(w->source).orphaned,
        .resumed = source_stats(w->source).resumed + settle.resumed,
        .redis_up = redis_is_up(w->redis),
        .redis_reconnects = redis_stats(w->redis).losses,
        .redis_losses = redis_stats(w->redis).forgotten,
        .token_expiry_wall_ms = token_expires_at(w->token),
        .certificate_expiry_wall_ms = token_certificate_expires_at(w->token),
        .interlock = w->pipeline.mode == PIPELINE_INTERLOCKED,
        .follow = follow_stats(w),
        .unfollowed = redis_follow_refused(w->redis),
        .version = USHER_VERSION,
        .revision = cli_revision(),
        .librdkafka = rd_kafka_version_str(),
        .curl = curl_version_info(CURLVERSION_NOW)->version,
        .hiredis = HIREDIS,
        .libuv = uv_version_string(),
        .warnings = warnings,
        .warning_count = list_warnings(w, warnings),
    };
    fill_pacing(w, ret);
}

bool worker_admin_open(struct worker *w, struct error *error)
{
    struct admin_view view = {is_live, list_checks, fill_metrics, w};
    w->admin = admin_create(&w->loop, w->settings->admin.listen, &view, error);
    return w->admin != NULL;
}
