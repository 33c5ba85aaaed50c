#include "worker/doctor_redis.h"

#include "worker/core/json_read.h"
#include "worker/doctor_net.h"
#include "worker/io/redis_answer.h"
#include "worker/io/redis_facts.h"
#include "worker/io/redis_tls.h"
#include "worker/io/redis_url.h"

#include <hiredis/hiredis_ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { WORDS_MAX = 8, CLOCK_LEAST_MS = 10 };

struct look {
    struct doctor_job *job;
    const struct settings *settings;
    struct redis_url url;
    redisContext *redis;
    char *info; /* owned; NULL: it is not told */
};

redisReply *doctor_redis_ask(redisContext *redis, const char *const *words)
{
    const char *copies[WORDS_MAX];
    int count = 0;
    while (count < WORDS_MAX && words[count] != NULL) {
        copies[count] = words[count];
        count++;
    }
    return redisCommandArgv(redis, count, copies, NULL);
}

/* ---- the connection ---- */

static void judge_tls(const struct look *look, const SSL *ssl, const struct doctor_tls *tls,
                      struct diagnosis *ret)
{
    struct error why = {0};
    if (tls->has_certificate && redis_tls_explain(ssl, look->settings, &look->url, &why))
        diagnosis_missing(ret, DIAGNOSIS_UNREACHABLE, "%s", why.text);
    else if (tls->is_done)
        diagnosis_of_certificate(ret, tls->version, tls->days);
    else
        diagnosis_missing(ret, DIAGNOSIS_UNREACHABLE,
                          "TLS does not come about (%s); does that port speak TLS, and does it "
                          "want a certificate (redis.tls_cert_file)?",
                          tls->reason);
}

/* On a connection of its own: hiredis begins its hand-shake anew. */
static void look_at_tls(const struct look *look, int fd, struct diagnosis *ret)
{
    struct error error = {0};
    struct doctor_tls tls;
    SSL *ssl = redis_tls_create(look->settings, look->url.host, &error);
    if (ssl == NULL) {
        diagnosis_missing(ret, DIAGNOSIS_MISCONFIGURED, "%s", error.text);
        return;
    }
    doctor_shake_hands(ssl, fd, &tls);
    judge_tls(look, ssl, &tls, ret);
    SSL_free(ssl);
}

/* False: `ret` says why not. */
static bool take_socket(struct look *look, int fd, struct diagnosis *ret)
{
    if (fd < 0)
        return false;
    look->redis = redisConnectFd(fd);
    if (look->redis == NULL) {
        (void)close(fd);
        diagnosis_missing(ret, DIAGNOSIS_INTERNAL, "no memory for a connection");
        return false;
    }
    if (look->url.transport != REDIS_TLS)
        return true;
    SSL *ssl = redis_tls_create(look->settings, look->url.host, NULL);
    if (ssl != NULL && redisInitiateSSL(look->redis, ssl) == REDIS_OK)
        return true;
    SSL_free(ssl);
    diagnosis_missing(ret, DIAGNOSIS_UNREACHABLE, "TLS does not come about any more; try again");
    return false;
}

static bool dial_tcp(struct look *look, struct diagnosis *ret)
{
    struct endpoint endpoint = {.port = look->url.port};
    (void)snprintf(endpoint.host, sizeof endpoint.host, "%s", look->url.host);
    struct addrinfo *addresses = doctor_look_up(look->job, CHECK_REDIS_DNS, &endpoint);
    if (addresses == NULL)
        return false;
    int fd = doctor_connect(look->job, addresses, ret);
    if (fd >= 0 && look->url.transport == REDIS_TLS) {
        look_at_tls(look, fd, ret);
        (void)close(fd);
        fd = ret->mark == DIAGNOSIS_GOOD ? doctor_connect(look->job, addresses, ret) : -1;
    } else if (fd >= 0) {
        diagnosis_good(ret, "it can be reached, without TLS");
    }
    freeaddrinfo(addresses);
    bool good = take_socket(look, fd, ret);
    doctor_tell(look->job, CHECK_REDIS_CONNECTION, look->url.name, ret);
    return good;
}

static bool dial_socket(struct look *look, struct diagnosis *ret)
{
    const struct timeval most = {DOCTOR_CONNECT_MS / 1000, 0};
    look->redis = redisConnectUnixWithTimeout(look->url.path, most);
    bool good = look->redis != NULL && look->redis->err == 0;
    if (good) {
        (void)redisSetTimeout(look->redis, most);
        diagnosis_good(ret, "it can be reached");
    } else {
        diagnosis_missing(ret, DIAGNOSIS_UNREACHABLE, "it cannot be reached (%s); is it up?",
                          look->redis != NULL ? look->redis->errstr : "no memory");
    }
    doctor_tell(look->job, CHECK_REDIS_CONNECTION, look->url.name, ret);
    return good;
}

/* ---- who we are ---- */

/* True: it was done. To AUTH only the first word of an error is shown: the rest may repeat what
 * was sent. */
static bool is_done(const redisReply *reply, bool is_auth, struct diagnosis *ret)
{
    struct error why = {0};
    if (reply == NULL) {
        diagnosis_missing(ret, DIAGNOSIS_UNREACHABLE,
                          "redis.url: the connection was lost; is that a Redis, and does its port "
                          "speak TLS (rediss://)?");
    } else if (reply->type != REDIS_REPLY_ERROR) {
        return true;
    } else if (is_auth) {
        diagnosis_missing(ret, DIAGNOSIS_REFUSED,
                          "redis.password: Redis refuses it, or the user of redis.username (%.*s); "
                          "look at the user's ACL",
                          (int)strcspn(reply->str, " "), reply->str);
    } else {
        bool refused = strncmp(reply->str, "NOAUTH", 6) == 0 || redis_answer_is_forbidden(reply);
        redis_answer_explain(reply, &why);
        diagnosis_missing(ret, refused ? DIAGNOSIS_REFUSED : DIAGNOSIS_UNREACHABLE, "%s", why.text);
    }
    return false;
}

static bool ask_if_done(struct look *look, const char *const *words, bool is_auth,
                        struct diagnosis *ret)
{
    redisReply *reply = doctor_redis_ask(look->redis, words);
    bool done = is_done(reply, is_auth, ret);
    freeReplyObject(reply);
    return done;
}

static bool log_in(struct look *look, struct diagnosis *ret)
{
    char password[SECRET_SIZE_MAX];
    struct error error = {0};
    const struct settings *s = look->settings;
    const char *user = s->redis.username;
    bool good = true;
    if (!secret_read(s->redis.password, s->redis.password_file, password, sizeof password,
                     &error)) {
        diagnosis_missing(ret, DIAGNOSIS_MISCONFIGURED, "redis.password_file: %s", error.text);
        good = false;
    } else if (user[0] != '\0') {
        good = ask_if_done(look, (const char *[]){"AUTH", user, password, NULL}, true, ret);
    } else if (password[0] != '\0') {
        good = ask_if_done(look, (const char *[]){"AUTH", password, NULL}, true, ret);
    }
    explicit_bzero(password, sizeof password);
    return good;
}

static bool select_database(struct look *look, struct diagnosis *ret)
{
    char number[16];
    (void)snprintf(number, sizeof number, "%d", look->url.database);
    return look->url.database == 0 ||
           ask_if_done(look, (const char *[]){"SELECT", number, NULL}, false, ret);
}

/* INFO, which may be refused; what else it answers, it would to any other command. */
static bool read_info(struct look *look, struct diagnosis *ret)
{
    redisReply *reply = doctor_redis_ask(look->redis, (const char *[]){"INFO", NULL});
    bool is_secret =
        reply != NULL && reply->type == REDIS_REPLY_ERROR && strncmp(reply->str, "NOPERM", 6) == 0;
    bool good = is_secret || is_done(reply, false, ret);
    if (good && reply->type == REDIS_REPLY_STRING) {
        look->info = strdup(reply->str);
        good = look->info != NULL;
        if (!good)
            diagnosis_missing(ret, DIAGNOSIS_INTERNAL, "there is no memory for what it says");
    }
    freeReplyObject(reply);
    return good;
}

static bool is_said(const struct look *look, const char *name, const char *value)
{
    char found[32];
    return redis_facts_find(look->info, name, found, sizeof found) && strcmp(found, value) == 0;
}

static bool enter(struct look *look)
{
    struct diagnosis diagnosis;
    bool good = log_in(look, &diagnosis) && select_database(look, &diagnosis) &&
                read_info(look, &diagnosis);
    if (good && look->info != NULL && is_said(look, "role", "slave"))
        diagnosis_missing(&diagnosis, DIAGNOSIS_MISCONFIGURED,
                          "redis.url: this Redis is a replica and takes no writes; give the "
                          "master's address");
    else if (good && look->info != NULL && is_said(look, "cluster_enabled", "1"))
        diagnosis_missing(&diagnosis, DIAGNOSIS_MISCONFIGURED,
                          "Redis Cluster is not supported; give redis.url a Redis of its own");
    else if (good)
        diagnosis_good(&diagnosis, "%s, database %d",
                       look->settings->redis.username[0] != '\0' ? "it takes user and password"
                       : look->settings->redis.password[0] != '\0' ||
                               look->settings->redis.password_file[0] != '\0'
                           ? "it takes the password"
                           : "it wants no password",
                       look->url.database);
    doctor_tell(look->job, CHECK_REDIS_LOGIN, "", &diagnosis);
    return good;
}

/* ---- what it says of itself ---- */

static void judge_version(const struct look *look, struct diagnosis *ret)
{
    char version[32] = "?", valkey[32];
    (void)redis_facts_find(look->info, "redis_version", version, sizeof version);
    if (redis_facts_find(look->info, "valkey_version", valkey, sizeof valkey))
        diagnosis_good(ret, "Valkey %s", valkey);
    else
        diagnosis_good(ret, "Redis %s", version);
}

static void judge_persistence(const struct look *look, struct diagnosis *ret)
{
    if (!is_said(look, "aof_enabled", "1"))
        diagnosis_missing(
            ret, DIAGNOSIS_MISCONFIGURED,
            "appendonly is off, so that Redis forgets what it was told since its last "
            "snapshot when it stops, and an event that comes again may be granted "
            "again; set appendonly to yes, and appendfsync to always or everysec");
    else if (!is_said(look, "aof_last_write_status", "ok"))
        diagnosis_missing(ret, DIAGNOSIS_MISCONFIGURED,
                          "its last write to the append-only file failed; look at its log and its "
                          "disk");
    else
        diagnosis_good(ret, "appendonly is on");
}

static void judge_eviction(const struct look *look, struct diagnosis *ret)
{
    char policy[32] = "?";
    (void)redis_facts_find(look->info, "maxmemory_policy", policy, sizeof policy);
    if (strcmp(policy, "noeviction") == 0)
        diagnosis_good(ret, "maxmemory-policy is noeviction");
    else
        diagnosis_missing(ret, DIAGNOSIS_MISCONFIGURED,
                          "maxmemory-policy is %s: once maxmemory is reached it drops records of "
                          "events, and an event that comes again may be granted again; set it to "
                          "noeviction",
                          policy);
}

static void look_at_facts(struct look *look)
{
    static const struct {
        enum doctor_check check;
        void (*judge)(const struct look *look, struct diagnosis *ret);
    } facts[] = {{CHECK_REDIS_VERSION, judge_version},
                 {CHECK_REDIS_PERSISTENCE, judge_persistence},
                 {CHECK_REDIS_EVICTION, judge_eviction}};
    struct diagnosis diagnosis;
    for (size_t i = 0; i < sizeof facts / sizeof *facts; i++) {
        if (look->info != NULL)
            facts[i].judge(look, &diagnosis);
        else
            diagnosis_open(&diagnosis, "INFO is not allowed to this user, and only it would tell; "
                                       "give it +info");
        doctor_tell(look->job, facts[i].check, "", &diagnosis);
    }
}

/* ---- the clock and the interlock ---- */

static void look_at_clock(struct look *look)
{
    struct diagnosis diagnosis;
    int64_t before_ms = doctor_wall_ms();
    redisReply *reply = doctor_redis_ask(look->redis, (const char *[]){"TIME", NULL});
    int64_t took_ms = doctor_wall_ms() - before_ms;
    if (redis_answer_meaning(reply, 2) == REDIS_ANSWERED) {
        int64_t theirs_ms =
            redis_answer_number(reply, 0) * 1000 + redis_answer_number(reply, 1) / 1000;
        diagnosis_of_clock(&diagnosis, before_ms + took_ms / 2, theirs_ms,
                           took_ms / 2 + CLOCK_LEAST_MS);
    } else {
        diagnosis_open(&diagnosis, "Redis does not tell this user the time (+time)");
    }
    freeReplyObject(reply);
    doctor_tell(look->job, CHECK_REDIS_CLOCK, "", &diagnosis);
}

static void judge_interlock(struct str value, struct diagnosis *ret)
{
    struct json_fault ignored;
    cJSON *tree = json_read(value, &ignored);
    const cJSON *why = cJSON_GetObjectItemCaseSensitive(tree, "why");
    diagnosis_missing(ret, DIAGNOSIS_INTERLOCK,
                      "it stands (%.300s), and nothing is posted; look in Graph, then usher doctor "
                      "--clear-interlock",
                      cJSON_IsString(why) ? why->valuestring : "it does not say why");
    cJSON_Delete(tree);
}

/* MGET and not GET: the worker's user of Redis' ACL may do that already. */
static void look_at_interlock(struct look *look)
{
    struct diagnosis diagnosis;
    char key[256];
    (void)snprintf(key, sizeof key, "%s:interlock", look->settings->redis.key_prefix);
    redisReply *reply = doctor_redis_ask(look->redis, (const char *[]){"MGET", key, NULL});
    if (reply == NULL || reply->type != REDIS_REPLY_ARRAY || reply->elements != 1)
        diagnosis_open(&diagnosis, "this user may not read %s", key);
    else if (reply->element[0]->type == REDIS_REPLY_STRING)
        judge_interlock((struct str){reply->element[0]->str, reply->element[0]->len}, &diagnosis);
    else
        diagnosis_good(&diagnosis, "none stands");
    freeReplyObject(reply);
    doctor_tell(look->job, CHECK_REDIS_INTERLOCK, "", &diagnosis);
}

/* ---- all of it ---- */

void doctor_look_at_redis(struct doctor_job *job)
{
    struct look look = {.job = job, .settings = job->settings};
    struct error error = {0};
    struct diagnosis diagnosis;
    if (!redis_url_read(job->settings->redis.url, &look.url, &error)) {
        diagnosis_missing(&diagnosis, DIAGNOSIS_MISCONFIGURED, "%s", error.text);
        doctor_tell(job, CHECK_REDIS_CONNECTION, "", &diagnosis);
        return;
    }
    bool up = look.url.transport == REDIS_UNIX ? dial_socket(&look, &diagnosis)
                                               : dial_tcp(&look, &diagnosis);
    if (up && enter(&look)) {
        look_at_facts(&look);
        doctor_look_at_redis_rights(job, look.redis);
        look_at_clock(&look);
        look_at_interlock(&look);
    }
    if (look.redis != NULL)
        redisFree(look.redis);
    free(look.info);
}
