#include "worker/doctor_redis.h"

#include "worker/io/redis_answer.h"
#include "worker/io/redis_scripts.h"

#include <stdio.h>
#include <string.h>

enum {
    WORDS_MAX = 6,
    KEY_SIZE = REDIS_PREFIX_MAX + 32,
    LIST_SIZE = 600, /* all rights and keys, if all are missing, and a prefix of some length */
};

enum need { ALWAYS, TO_FOLLOW, TO_WAIT };

/* The right, and a command that has it checked and does nothing. KEY is an event's, FOLLOW one of
 * what is followed; there are none of these names. */
#define KEY    "event:doctor"
#define FOLLOW "follow:doctor"
static const struct probe {
    const char *right;
    enum need need;
    const char *words[WORDS_MAX];
    int key; /* which of the words is one; 0: none */
} probes[] = {
    {"+evalsha", ALWAYS, {"EVALSHA", "0000000000000000000000000000000000000000", "1", KEY}, 3},
    {"+script|load", ALWAYS, {"SCRIPT", "LOAD", "("}, 0},
    {"+time", ALWAYS, {"TIME"}, 0},
    {"+exists", ALWAYS, {"EXISTS", KEY}, 1},
    {"+mget", ALWAYS, {"MGET", KEY}, 1},
    {"+hmget", ALWAYS, {"HMGET", KEY, "v"}, 1},
    {"+hset", ALWAYS, {"HSET", KEY, "v", "1", "v"}, 1},
    {"+hdel", ALWAYS, {"HDEL", KEY, "v"}, 1},
    {"+pexpire", ALWAYS, {"PEXPIRE", KEY, "1000"}, 1},
    {"+set", ALWAYS, {"SET", KEY, "", "NX", "XX"}, 1},
    {"+del", ALWAYS, {"DEL", KEY}, 1},
    {"+zadd", TO_FOLLOW, {"ZADD", FOLLOW, "XX", "1", "a"}, 1},
    {"+zrem", TO_FOLLOW, {"ZREM", FOLLOW, "a"}, 1},
    {"+zscore", TO_FOLLOW, {"ZSCORE", FOLLOW, "a"}, 1},
    {"+zrangebyscore", TO_FOLLOW, {"ZRANGEBYSCORE", FOLLOW, "1", "2"}, 1},
    {"+hlen", TO_FOLLOW, {"HLEN", FOLLOW}, 1},
    {"+wait", TO_WAIT, {"WAIT", "0", "1"}, 0},
};

/* The kinds of keys, as redis_scripts.h has them; with tenants each has a pace of its own. */
static const struct key {
    const char *name, *pattern;
    bool if_following, if_tenants, if_alone;
} keys[] = {
    {"event:doctor", "event:*", false, false, false},
    {"interlock", "interlock", false, false, false},
    {"memory", "memory", false, false, false},
    {"writes:doctor", "writes:*", false, false, false},
    {"pace", "pace", false, false, true},
    {"pace:doctor", "pace:*", false, true, false},
    {"follow:doctor", "follow:*", true, false, false},
};

enum { PROBES = sizeof probes / sizeof *probes, KEYS = sizeof keys / sizeof *keys };

/* +select was needed before all this (doctor_redis.c). */
static bool is_needed(const struct settings *settings, enum need need)
{
    return need == ALWAYS || (need == TO_FOLLOW && settings->follow.enabled) ||
           (need == TO_WAIT && settings->redis.wait_replicas > 0);
}

static bool is_needed_key(const struct doctor_job *job, const struct key *key)
{
    bool tenants = job->settings->tenants.count > 0;
    return !(key->if_following && !job->settings->follow.enabled) &&
           !(key->if_tenants && !tenants) && !(key->if_alone && tenants);
}

enum right { RIGHT_GIVEN, RIGHT_LACKS_COMMAND, RIGHT_LACKS_KEY, RIGHT_LOST };

/* NOPERM is about a command ("has no permissions to run the 'hset' command") or about a key. */
static enum right try(redisContext *redis, const char *const *words)
{
    redisReply *reply = doctor_redis_ask(redis, words);
    enum right right = RIGHT_GIVEN;
    if (reply == NULL)
        return RIGHT_LOST;
    if (redis_answer_is_forbidden(reply))
        right = strstr(reply->str, " key") != NULL ? RIGHT_LACKS_KEY : RIGHT_LACKS_COMMAND;
    freeReplyObject(reply);
    return right;
}

static enum right try_probe(struct doctor_job *job, redisContext *redis, const struct probe *probe)
{
    const char *words[WORDS_MAX + 1] = {NULL};
    char key[KEY_SIZE];
    for (int i = 0; i < WORDS_MAX; i++)
        words[i] = probe->words[i];
    if (probe->key > 0) {
        (void)snprintf(key, sizeof key, "%s:%s", job->settings->redis.key_prefix,
                       probe->words[probe->key]);
        words[probe->key] = key;
    }
    return try(redis, words);
}

static enum right try_key(struct doctor_job *job, redisContext *redis, const struct key *key)
{
    char name[KEY_SIZE];
    (void)snprintf(name, sizeof name, "%s:%s", job->settings->redis.key_prefix, key->name);
    return try(redis, (const char *[]){"SET", name, "", "NX", "XX", NULL});
}

/* What does not fit is left out: once the others are given, it is what is missing still. */
static void add(char missing[LIST_SIZE], const char *right, const char *prefix, const char *key)
{
    size_t size = strlen(missing);
    (void)snprintf(missing + size, LIST_SIZE - size, " %s%s%s%s", right, prefix,
                   key[0] != '\0' ? ":" : "", key);
}

/* Appends what is missing. False: the connection is gone. */
static bool list_missing(struct doctor_job *job, redisContext *redis, char missing[LIST_SIZE])
{
    bool may_set = true;
    for (size_t i = 0; i < PROBES; i++) {
        if (!is_needed(job->settings, probes[i].need))
            continue;
        enum right right = try_probe(job, redis, &probes[i]);
        if (right == RIGHT_LOST)
            return false;
        if (right != RIGHT_LACKS_COMMAND)
            continue;
        may_set = may_set && strcmp(probes[i].right, "+set") != 0;
        add(missing, probes[i].right, "", "");
    }
    for (size_t i = 0; may_set && i < KEYS; i++) {
        if (!is_needed_key(job, &keys[i]))
            continue;
        enum right right = try_key(job, redis, &keys[i]);
        if (right == RIGHT_LOST)
            return false;
        if (right == RIGHT_LACKS_KEY)
            add(missing, "~", job->settings->redis.key_prefix, keys[i].pattern);
    }
    return true;
}

static void judge(struct doctor_job *job, redisContext *redis, const char *missing,
                  struct diagnosis *ret)
{
    const char *user = job->settings->redis.username;
    user = user[0] != '\0' ? user : "default";
    if (missing[0] != '\0')
        diagnosis_missing(ret, DIAGNOSIS_REFUSED,
                          "the user %.100s of redis.username lacks%s; give it these (ACL SETUSER)",
                          user, missing);
    else if (try(redis, (const char *[]){"WAITAOF", "0", "0", "1", NULL}) == RIGHT_LACKS_COMMAND)
        diagnosis_open(ret,
                       "the user %.100s may do all that it must, but lacks +waitaof, with which a "
                       "real request would wait until its intent is on Redis' disk",
                       user);
    else
        diagnosis_good(ret, "the user %.100s may do all that it must", user);
}

void doctor_look_at_redis_rights(struct doctor_job *job, redisContext *redis)
{
    struct diagnosis diagnosis;
    char missing[LIST_SIZE] = "";
    if (list_missing(job, redis, missing))
        judge(job, redis, missing, &diagnosis);
    else
        diagnosis_missing(&diagnosis, DIAGNOSIS_UNREACHABLE, "the connection was lost; try again");
    doctor_tell(job, CHECK_REDIS_RIGHTS, "", &diagnosis);
}
