#include "worker/io/redis_facts.h"

#include "worker/core/error.h"
#include "worker/io/log.h"
#include "worker/io/redis_answer.h"

#include <stdio.h>
#include <string.h>

bool redis_facts_find(const char *info, const char *name, char *ret, size_t size)
{
    size_t length = strlen(name);

    for (const char *line = info; line != NULL; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, name, length) != 0 || line[length] != ':')
            continue;
        const char *value = line + length + 1;
        snprintf(ret, size, "%.*s", (int)strcspn(value, "\r\n"), value);
        return true;
    }
    return false;
}

/* It stands in metadata, where nothing but digits may be. */
static bool is_hex(const char *text)
{
    return text[strspn(text, "0123456789abcdef")] == '\0';
}

void redis_facts_read_info(struct redis_facts *facts, const redisReply *reply)
{
    char enabled[8] = "";

    facts->informs = reply->type == REDIS_REPLY_STRING;
    if (!facts->informs)
        return;
    if (!redis_facts_find(reply->str, "run_id", facts->server, sizeof facts->server) ||
        strlen(facts->server) != sizeof facts->server - 1 || !is_hex(facts->server))
        facts->server[0] = '\0';
    facts->appends = redis_facts_find(reply->str, "aof_enabled", enabled, sizeof enabled) &&
                     strcmp(enabled, "1") == 0;
    if (redis_facts_find(reply->str, "maxmemory_policy", facts->evicts, sizeof facts->evicts) &&
        strcmp(facts->evicts, "noeviction") == 0)
        facts->evicts[0] = '\0';
}

void redis_facts_read_waitaof(struct redis_facts *facts, const redisReply *reply)
{
    facts->hides_waitaof = redis_answer_is_forbidden(reply);
    facts->syncs = reply->type == REDIS_REPLY_ARRAY; /* else: unknown, or there is no such file */
}

static void tell_durability(const struct redis_facts *facts, const struct settings *settings)
{
    int replicas = settings->redis.wait_replicas;
    char waits[64] = "";

    if (replicas > 0)
        snprintf(waits, sizeof waits, " and %d of its replicas have it", replicas);
    log_write(LOG_INFO, "redis.durability", "an intent counts when Redis has %s%s%s%s",
              facts->syncs ? "it on disk" : "answered", waits,
              facts->informs ? ""
                             : "; INFO is not allowed to us (+info), so that a Redis that comes "
                               "back without its last writes may not be noticed",
              facts->hides_waitaof ? "; WAITAOF is not allowed to us (+waitaof), so that intents "
                                     "do not wait for the disk"
                                   : "");
}

static void tell_dangers(const struct redis_facts *facts)
{
    if (redis_facts_is_forgetful(facts))
        log_write(LOG_WARN, "redis.keeps_nothing",
                  "Redis' appendonly is off: when it stops it forgets all that it was told since "
                  "its last snapshot, and an event that comes again may be granted again; set "
                  "appendonly to yes, and appendfsync to always or everysec");
    if (facts->evicts[0] != '\0')
        log_write(LOG_WARN, "redis.evicts",
                  "Redis' maxmemory-policy is %s: once maxmemory is reached it drops records of "
                  "events, and an event that comes again may be granted again; set "
                  "maxmemory-policy to noeviction",
                  facts->evicts);
}

static bool is_same(const struct redis_facts *a, const struct redis_facts *b)
{
    return a->asked == b->asked && a->informs == b->informs && a->appends == b->appends &&
           a->syncs == b->syncs && a->hides_waitaof == b->hides_waitaof &&
           strcmp(a->server, b->server) == 0 && strcmp(a->evicts, b->evicts) == 0;
}

void redis_facts_tell(const struct redis_facts *facts, struct redis_facts *told,
                      const struct settings *settings)
{
    if (is_same(facts, told))
        return;
    tell_durability(facts, settings);
    tell_dangers(facts);
    *told = *facts;
}
