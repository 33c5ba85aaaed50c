#pragma once

#include "config/settings.h"
#include "worker/core/witness.h"

#include <hiredis/hiredis.h>
#include <stdbool.h>

/* What a Redis says of itself when we greet it: who it is, and whether it keeps what it is told. A
 * user of its ACL need not be allowed to ask (+info, +waitaof); then less is known, and less is
 * waited for. */
struct redis_facts {
    bool asked;                       /* false: nothing below is known */
    bool informs;                     /* it answered INFO, and with it these three: */
    bool appends;                     /* it has an append-only file */
    char server[WITNESS_SERVER_SIZE]; /* the start of its run_id, another at each start; or "" */
    char evicts[24]; /* its maxmemory-policy, if that drops keys that have a time to live; "" */
    /* WAITAOF tells when a write is on disk: Redis 7.2 and Valkey with appendonly. With appendfsync
       everysec, Redis 7.4 and Valkey 8.0 tell it when it is written and not yet synced (Redis' pull
       request 13793): then it outlives the process, not the machine. */
    bool syncs;
    bool hides_waitaof; /* our user may not ask for that */
};

/* It has no append-only file, as far as we know. */
static inline bool redis_facts_is_forgetful(const struct redis_facts *facts)
{
    return facts->informs && !facts->appends;
}

/* The answers to `INFO` and to `WAITAOF 1 0 1`. */
void redis_facts_read_info(struct redis_facts *facts, const redisReply *reply);
void redis_facts_read_waitaof(struct redis_facts *facts, const redisReply *reply);

/* The value of the line `name:value` in the text of an INFO, up to its end or as far as there is
 * room; false: there is none. */
bool redis_facts_find(const char *info, const char *name, char *ret, size_t size);

/* Says in the log what an intent waits for ("redis.durability"), that Redis keeps nothing
 * ("redis.keeps_nothing") or may drop records ("redis.evicts"), unless `told`, what was said
 * last, is the same. Brings it up to date. */
void redis_facts_tell(const struct redis_facts *facts, struct redis_facts *told,
                      const struct settings *settings);
