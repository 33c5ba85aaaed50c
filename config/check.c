/*
 * What two or more settings say together. A check is left out where one of its settings was refused
 * before: what it would say of the lower layer's value is nobody's mistake.
 */
#include <string.h>

#include "config/convert.h"
#include "config/loader.h"
#include "config/reserved.h"
#include "config/rules.h"
#include "config/say.h"
#include "config/settle.h"
#include "config/value.h"

/* A claim is confirmed at most this long before the real request starts (I8). */
#define CLAIM_AGE_MAX_MS 2000

/* Under this, Graph's reads have been seen to lag behind its writes. */
#define SETTLE_SAFE_MS 60000

static bool is_valid(const struct loader *loader, const char *name)
{
    return !loader->invalid[option_index(loader_option(name))];
}

/* A check rests on these settings, NULL at the end: none was refused, and of a tenant's one is its
 * own. What the worker's say among themselves has been said of the worker. */
static bool concerns(const struct loader *loader, const char *const *names)
{
    bool is_own = false;

    for (; *names != NULL; names++) {
        if (!is_valid(loader, *names)) {
            return false;
        }
        is_own = is_own || loader_is_own(loader, loader_option(*names));
    }
    return is_own;
}
#define SETTINGS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* Both in one layer; of two layers one has been emptied. */
static void check_secrets(struct loader *loader)
{
    for (size_t i = 0; i < options_count; i++) {
        const struct option *secret = &options[i];
        if (secret->kind != OPTION_SECRET) {
            continue;
        }
        const struct option *file = option_file_of(secret);
        if (value_text(loader->settings, secret)[0] != '\0' &&
            value_text(loader->settings, file)[0] != '\0' && loader_is_own(loader, file)) {
            loader_say(loader, false, file->name, "%s is set as well; one of the two",
                       secret->name);
        }
    }
}

static void need(struct loader *loader, const char *name, const char *why)
{
    const struct option *option = loader_option(name);
    char variable[ENVIRONMENT_NAME_SIZE];

    if (value_text(loader->settings, option)[0] != '\0' || !is_valid(loader, name)) {
        return;
    }
    if (loader->tenant != NULL) {
        loader_say(loader, false, name,
                   "is needed for %s; set it there, or under graph for every tenant", why);
        return;
    }
    option_environment_name(option, variable);
    loader_say(loader, false, name, "is needed for %s; set it in the file, or as %s%s%s", why,
               variable, option->azure == NULL ? "" : " or ",
               option->azure == NULL ? "" : option->azure);
}

static void need_secret(struct loader *loader, const char *name, const char *why)
{
    const struct option *file = option_file_of(loader_option(name));

    if (value_text(loader->settings, file)[0] == '\0' && is_valid(loader, file->name)) {
        need(loader, name, why);
    }
}

static void need_of_auth(struct loader *loader, enum auth auth)
{
    static const char *const why[] = {
        [AUTH_CLIENT_SECRET] = "auth: client-secret",
        [AUTH_CERTIFICATE] = "auth: certificate",
        [AUTH_WORKLOAD_IDENTITY] = "auth: workload-identity",
    };
    if (auth == AUTH_TOKEN) {
        need_secret(loader, "graph.token", "auth: token (or token_file)");
    } else if (auth != AUTH_MANAGED_IDENTITY) {
        need(loader, "graph.tenant_id", why[auth]);
        need(loader, "graph.client_id", why[auth]);
    }
    if (auth == AUTH_CLIENT_SECRET) {
        need_secret(loader, "graph.client_secret", "auth: client-secret (or client_secret_file)");
    } else if (auth == AUTH_CERTIFICATE) {
        need(loader, "graph.certificate_file", why[auth]);
    } else if (auth == AUTH_WORKLOAD_IDENTITY) {
        need(loader, "graph.federated_token_file", why[auth]);
    }
}

static void check_auth(struct loader *loader)
{
    bool is_left_to_tenants = loader->tenant == NULL && loader->has_tenants;

    if (!is_valid(loader, "graph.auth") || is_left_to_tenants) {
        return;
    }
    need_of_auth(loader, loader->settings->graph.auth);
}

/* A host of one cloud and another of another: Entra refuses that in words that help nobody. */
static void check_cloud(struct loader *loader)
{
    const struct settings *settings = loader->settings;

    if (!concerns(loader, SETTINGS("graph.base_url", "graph.authority_host"))) {
        return;
    }
    for (size_t i = 0; i < CLOUDS_COUNT; i++) {
        size_t length = strlen(cloud_hosts[i].base_url) - strlen("beta");
        if (strncmp(settings->graph.base_url, cloud_hosts[i].base_url, length) != 0 ||
            strcmp(settings->graph.authority_host, cloud_hosts[i].authority_host) == 0) {
            continue;
        }
        for (size_t j = 0; j < CLOUDS_COUNT; j++) {
            if (strcmp(settings->graph.authority_host, cloud_hosts[j].authority_host) == 0) {
                loader_say(loader, true, "graph.authority_host",
                           "is %s, which is not of the same cloud as graph.base_url",
                           settings->graph.authority_host);
                return;
            }
        }
    }
}

/* A worker that reads what it writes would never end. */
static void check_topics(struct loader *loader)
{
    static const char *const topics[] = {"kafka.requests_topic", "kafka.replies_topic",
                                         "kafka.dead_letters_topic", "kafka.status_topic"};
    const struct strings *allowed = &loader->settings->kafka.reply_topics_allowed;

    for (size_t i = 1; i < sizeof topics / sizeof topics[0]; i++) {
        for (size_t j = 0; j < i; j++) {
            if (is_valid(loader, topics[i]) && is_valid(loader, topics[j]) &&
                strcmp(value_text(loader->settings, loader_option(topics[i])),
                       value_text(loader->settings, loader_option(topics[j]))) == 0) {
                loader_say(loader, false, topics[i], "is the same topic as %s; each has its own",
                           topics[j]);
            }
        }
    }
    for (size_t i = 0; i < allowed->count; i++) {
        if (strcmp(allowed->items[i], loader->settings->kafka.requests_topic) == 0) {
            loader_say(loader, false, "kafka.reply_topics_allowed",
                       "has the topic of the requests in it; replies would be read as requests");
        }
    }
}

static void check_redis(struct loader *loader)
{
    static const char *const tls[] = {"redis.tls_ca_file", "redis.tls_cert_file",
                                      "redis.tls_key_file"};
    const struct settings *settings = loader->settings;
    bool has_cert = settings->redis.tls_cert_file[0] != '\0';
    bool has_key = settings->redis.tls_key_file[0] != '\0';

    for (size_t i = 0; i < sizeof tls / sizeof tls[0] && is_valid(loader, "redis.url"); i++) {
        if (value_text(settings, loader_option(tls[i]))[0] != '\0' &&
            strncmp(settings->redis.url, "rediss://", strlen("rediss://")) != 0) {
            loader_say(loader, false, tls[i], "is for TLS only; redis.url must be rediss:// then");
        }
    }
    if (has_cert != has_key) {
        loader_say(loader, false, has_cert ? "redis.tls_cert_file" : "redis.tls_key_file",
                   "needs %s as well", has_cert ? "redis.tls_key_file" : "redis.tls_cert_file");
    }
}

static void check_times(struct loader *loader)
{
    const struct settings *settings = loader->settings;
    char least[NUMBER_TEXT_SIZE];
    char timeout[NUMBER_TEXT_SIZE];

    format_duration(settings->graph.timeout_ms, timeout);
    if (concerns(loader, SETTINGS("redis.lease", "graph.timeout")) &&
        settings->redis.lease_ms <= settings->graph.timeout_ms + CLAIM_AGE_MAX_MS) {
        format_duration(settings->graph.timeout_ms + CLAIM_AGE_MAX_MS, least);
        loader_say(loader, false, "redis.lease",
                   "must be longer than %s (graph.timeout and 2 s): a claim must outlive a call",
                   least);
    }
    if (concerns(loader, SETTINGS("redis.keep", "redis.lease")) &&
        settings->redis.keep_ms < settings->redis.lease_ms) {
        loader_say(loader, false, "redis.keep", "must not be shorter than redis.lease");
    }
    if (concerns(loader, SETTINGS("drain", "graph.timeout")) &&
        settings->drain_ms < settings->graph.timeout_ms) {
        loader_say(loader, true, "drain",
                   "is shorter than graph.timeout (%s): a call may be cut off at SIGTERM", timeout);
    }
}

/* In its path: https://beta has none. */
static bool ends_in_beta(const char *url)
{
    const char *path = strchr(strstr(url, "://") + strlen("://"), '/');

    return path != NULL && strcmp(strrchr(path, '/'), "/beta") == 0;
}

/* Nothing but real requests may ever go to v1.0, and these by their own setting. */
static void check_version(struct loader *loader)
{
    const struct settings *settings = loader->settings;
    const char *url = settings->graph.base_url;

    if (concerns(loader, SETTINGS("graph.base_url")) && path_has_segment(url, "v1.0")) {
        loader_say(
            loader, false, "graph.base_url",
            "is v1.0, which has no dry run; leave it at /beta, and set graph.submit_version: v1.0 "
            "for the real requests");
    } else if (concerns(loader, SETTINGS("graph.base_url", "graph.submit_version")) &&
               settings->graph.submit_version == GRAPH_V1 && !ends_in_beta(url)) {
        loader_say(loader, false, "graph.base_url",
                   "must end in /beta with graph.submit_version: v1.0, whose root is beside it: "
                   "/v1.0 in place of /beta");
    }
}

/* Who we are to a proxy, and no proxy: somebody believes that one is used. */
static void check_proxy(struct loader *loader)
{
    static const char *const names[] = {"graph.proxy_username", "graph.proxy_password",
                                        "graph.proxy_password_file"};
    const struct settings *settings = loader->settings;
    bool none = settings->graph.proxy[0] == '\0' || strcmp(settings->graph.proxy, "direct") == 0;

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const struct option *option = loader_option(names[i]);
        if (value_text(settings, option)[0] == '\0' || !loader_is_own(loader, option) ||
            !is_valid(loader, "graph.proxy")) {
            continue;
        }
        if (none) {
            loader_say(loader, false, names[i], "is for graph.proxy, which names no proxy");
        } else if (settings->graph.proxy_username[0] == '\0') {
            loader_say(loader, false, names[i], "needs graph.proxy_username");
        }
    }
}

static void check_graph(struct loader *loader)
{
    const struct settings *settings = loader->settings;

    check_version(loader);
    if (concerns(loader, SETTINGS("graph.dry_run")) && settings->graph.dry_run == DRY_RUN_OFF) {
        loader_say(loader, true, "graph.dry_run",
                   "is off: real requests are sent without a dry run before them");
    }
    if (concerns(loader, SETTINGS("graph.dry_run", "graph.dry_run_echo")) &&
        settings->graph.dry_run == DRY_RUN_REQUIRED &&
        settings->graph.dry_run_echo == DRY_RUN_ECHO_LENIENT) {
        loader_say(loader, true, "graph.dry_run_echo",
                   "is lenient: a Graph that ignores isValidationOnly would grant at the dry run");
    }
    if (url_is_loopback(settings->graph.base_url)) {
        return; /* a stand-in of tests */
    }
    if (concerns(loader, SETTINGS("graph.base_url", "graph.writes_per_second")) &&
        settings->graph.writes_per_second == 0) {
        loader_say(loader, true, "graph.writes_per_second",
                   "is 0: Graph throttles above 20 a second");
    }
    if (concerns(loader, SETTINGS("graph.base_url", "graph.settle")) &&
        settings->graph.settle_ms < SETTLE_SAFE_MS) {
        loader_say(loader, true, "graph.settle",
                   "is under 1m: a look-up may miss a grant that happened, and a second is sent");
    }
}

static void check_kafka(struct loader *loader)
{
    if (loader->settings->kafka.delivery == DELIVERY_AT_LEAST_ONCE) {
        loader_say(loader, true, "kafka.delivery", "is at-least-once: a crash may repeat replies");
    }
}

void settings_check(struct loader *loader)
{
    if (loader->tenant == NULL) {
        check_topics(loader);
        check_kafka(loader);
        check_redis(loader);
        check_admin(loader);
    }
    check_secrets(loader);
    check_times(loader);
    check_auth(loader);
    check_cloud(loader);
    check_graph(loader);
    check_proxy(loader);
    check_files(loader);
}
