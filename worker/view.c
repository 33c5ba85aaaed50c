/* What the worker shows on its admin listener: the rows of /readyz, and the numbers of /metrics. */
#include "worker/cli/version.h"
#include "worker/follow.h"
#include "worker/io/admin.h"
#include "worker/io/loop_watch.h"
#include "worker/io/redis_follow.h"
#include "worker/page.h"
#include "worker/traces.h"
#include "worker/worker.h"

#include <curl/curl.h>
#include <hiredis/hiredis.h>
#include <openssl/crypto.h>

#define TEXT(number)   DIGITS(number)
#define DIGITS(number) #number
#define HIREDIS        TEXT(HIREDIS_MAJOR) "." TEXT(HIREDIS_MINOR) "." TEXT(HIREDIS_PATCH)

static bool is_live(void *context)
{
    const struct worker *w = context;
    return loop_watch_is_live(w->loop_watch);
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

/* One tenant without a token does not stop the others; /status names each. */
static const char *token_why(const struct worker *w)
{
    return w->tenant_count > 1 && tenants_have_token(w) ? "" : tenant_token_trouble(&w->tenants[0]);
}

static size_t list_checks(void *context, struct admin_check ret[ADMIN_CHECKS_MAX])
{
    const struct worker *w = context;
    bool stands = w->pipeline.mode == PIPELINE_INTERLOCKED;
    size_t count = 0;
    ret[count++] = check("kafka", kafka_trouble(w));
    ret[count++] = check("redis", redis_trouble(w->redis));
    ret[count++] = check("graph token", token_why(w));
    ret[count++] =
        check("interlock",
              stands ? "a dry run may have been carried out for real; nothing is posted" : "");
    ret[count++] = check("not draining", w->phase >= WORKER_DRAINS ? "the worker is leaving" : "");
    if (w->phase == WORKER_PAUSED)
        ret[count++] = (struct admin_check){
            "intake", true, "paused by an operator; ready all the same, or nobody could resume it"};
    return count;
}

enum { WARNINGS_MAX = 3 + 4 * TENANTS_MAX };

static size_t list_warnings_of(struct tenant *t, const char *ret[], size_t count)
{
    const struct settings *s = t->settings;
    if (s->graph.dry_run == DRY_RUN_OFF)
        ret[count++] = "graph.dry_run: off: real requests go out unproved";
    if (s->graph.dry_run_echo == DRY_RUN_ECHO_LENIENT)
        ret[count++] = "graph.dry_run_echo: lenient: a dry run without an echo passes";
    if (token_warning(t->token)[0] != '\0')
        ret[count++] = token_warning(t->token);
    if (t->name[0] != '\0' && token_trouble(t->token)[0] != '\0')
        ret[count++] = tenant_token_trouble(t);
    return count;
}

/* All that weakens a promise for as long as it is so. */
static size_t list_warnings(const struct worker *w, const char *ret[WARNINGS_MAX])
{
    const struct redis_facts *redis = redis_facts(w->redis);
    size_t count = 0;
    if (w->settings->kafka.delivery == DELIVERY_AT_LEAST_ONCE)
        ret[count++] = "kafka.delivery: at-least-once: a reply may come twice after a crash";
    if (redis_facts_is_forgetful(redis))
        ret[count++] = "redis.url: this Redis keeps nothing when it stops; set appendonly to yes";
    if (redis->evicts[0] != '\0')
        ret[count++] = "redis.url: this Redis may drop records; set maxmemory-policy to noeviction";
    for (size_t i = 0; i < w->tenant_count; i++)
        count = list_warnings_of(&w->tenants[i], ret, count);
    return count;
}

/* The end of a time on the loop's clock, on the wall's; 0: it has passed. */
static int64_t wall_end_ms(int64_t left_ms)
{
    return left_ms > 0 ? worker_wall_ms() + left_ms : 0;
}

static struct tenant_view view_of(const struct tenant *t)
{
    int64_t now_ms = (int64_t)uv_now(&t->worker->loop);
    bool granted = now_ms < t->pace.granted_until_ms;
    struct http_load load = http_load(t->http);
    return (struct tenant_view){
        .name = t->name,
        .settings = t->settings,
        .answers = (const uint64_t(*)[2][REQUEST_TYPE_COUNT])t->answers,
        .calls = http_stats(t->http),
        .calls_active = load.active,
        .calls_waiting = load.waiting,
        .calls_width = load.width,
        .connections = load.connections,
        .rate_all = t->pace.most > 0 ? t->pace.shared : -1,
        .rate_own = granted ? pace_rate(&t->pace, now_ms) : 0,
        .writes_closed_wall_ms = wall_end_ms(gate_closed_ms(&t->gate, GATE_WRITES, now_ms)),
        .reads_closed_wall_ms = wall_end_ms(gate_closed_ms(&t->gate, GATE_READS, now_ms)),
        .share_questions = t->share.asked,
        .retries_denied = t->budget.denied,
        .graph_down = t->circuit.state != CIRCUIT_CLOSED,
        .token_expiry_wall_ms = token_expires_at(t->token),
        .certificate_expiry_wall_ms = token_certificate_expires_at(t->token),
    };
}

/* 0: nothing is at work. */
static int64_t oldest_wall_ms(const struct pool *pool)
{
    int64_t oldest = 0;
    for (size_t i = 0; i < pool->size; i++) {
        const struct request *rq = &pool->all[i];
        if (rq->run != RUN_FREE && (oldest == 0 || rq->received_wall_ms < oldest))
            oldest = rq->received_wall_ms;
    }
    return oldest;
}

/* Statuses that Kafka has taken. */
static uint64_t follow_told(const struct worker *w)
{
    const struct follow_stats *stats = follow_stats(w);
    uint64_t sum = 0;
    for (size_t i = 0; stats != NULL && i < FOLLOW_WORD_COUNT; i++)
        sum += stats->told[i];
    return sum;
}

static void fill_metrics(void *context, struct metrics_view *ret)
{
    const struct worker *w = context;
    static const char *warnings[WARNINGS_MAX];
    static struct tenant_view tenants[TENANTS_MAX];
    static struct kafka_place places[KAFKA_PLACES_MAX];
    const struct otlp_stats *traces = traces_stats(w);
    for (size_t i = 0; i < w->tenant_count; i++)
        tenants[i] = view_of(&w->tenants[i]);
    *ret = (struct metrics_view){
        .stats = &w->stats,
        .at_stage = w->pipeline.at_stage,
        .tenants = tenants,
        .tenant_count = w->tenant_count,
        .oldest_wall_ms = oldest_wall_ms(&w->pool),
        .kafka = {.settings = w->settings,
                  .assigned = source_assigned(w->source),
                  .lag = source_lag(w->source),
                  .places = places,
                  .place_count = source_places(w->source, places, KAFKA_PLACES_MAX),
                  .source = source_stats(w->source),
                  .settle = settle_stats(w->settle),
                  .statuses = follow_told(w)},
        .traces = traces != NULL ? *traces : (struct otlp_stats){.exported = 0},
        .loop = loop_watch_lag(w->loop_watch),
        .config_good = w->config_good,
        .config_wall_ms = w->config_wall_ms,
        .redis_up = redis_is_up(w->redis),
        .redis_reconnects = redis_stats(w->redis).losses,
        .redis_losses = redis_stats(w->redis).forgotten,
        .paused = w->phase == WORKER_PAUSED,
        .interlock = w->pipeline.mode == PIPELINE_INTERLOCKED,
        .follow = follow_stats(w),
        .unfollowed = redis_follow_refused(w->redis),
        .version = USHER_VERSION,
        .revision = cli_revision(),
        .librdkafka = rd_kafka_version_str(),
        .curl = curl_version_info(CURLVERSION_NOW)->version,
        .openssl = OpenSSL_version(OPENSSL_VERSION_STRING),
        .hiredis = HIREDIS,
        .libuv = uv_version_string(),
        .warnings = warnings,
        .warning_count = list_warnings(w, warnings),
    };
}

bool worker_admin_open(struct worker *w, struct error *error)
{
    struct admin_view view = {.live = is_live,
                              .checks = list_checks,
                              .metrics = fill_metrics,
                              .context = w};
    page_open(w, &view);
    w->admin = admin_create(&w->loop, w->settings->admin.listen, &view, error);
    return w->admin != NULL;
}
