#pragma once

#include "worker/core/claim.h"
#include "worker/io/digest.h"
#include "worker/io/redis.h"
#include "worker/io/redis_answer.h"
#include "worker/io/redis_connection.h"
#include "worker/io/redis_interlock.h"
#include "worker/io/redis_memory.h"
#include "worker/io/redis_share.h"

/* The inside of the Redis shell, for redis.c, redis_mark.c, redis_share.c and redis_call.c only. */

enum {
    REDIS_KEY_SIZE = REDIS_PREFIX_MAX + sizeof ":event:" + DIGEST_HEX_SIZE,
    REDIS_OWNER_SIZE = 256, /* a host name has 253 bytes at most */
    REDIS_NUMBER_SIZE = 24,
};

/* A script under way, for one request. */
struct redis_call {
    struct redis_command command; /* first */
    struct redis *redis;
    struct request *rq;      /* NULL: release */
    struct redis_call *next; /* mark: among those that wait until they are durable */
    int64_t sent_ms;
    struct redis_share *share;         /* share: who asked */
    bool other_server;                 /* claim: Redis is not the one of the witness */
    int64_t intent_wall_ms;            /* mark, answered */
    char client_request_id[GUID_SIZE]; /* mark */
};

struct redis {
    uv_loop_t *loop;
    const struct settings *settings;
    struct pipeline *pipeline; /* NULL: abandoned; no request may be touched */
    struct redis_connection *connection;
    struct redis_interlock interlock;
    struct redis_memory memory;
    uv_timer_t timer;  /* the interlock's */
    uv_timer_t gather; /* so that marks which are answered together wait together */
    unsigned handles;  /* that are not closed */
    char owner[REDIS_OWNER_SIZE], interlock_key[REDIS_KEY_SIZE];
    char memory_key[REDIS_KEY_SIZE], writes_key[REDIS_KEY_SIZE];
    char run[WITNESS_MEMORY_SIZE]; /* a random name of this process */
    char lease_ms[REDIS_NUMBER_SIZE], keep_ms[REDIS_NUMBER_SIZE];
    struct redis_call *marked;     /* intents that are written, nobody asked yet if durably … */
    struct redis_call *confirming; /* … and those that are being waited for, with `wait` */
    struct redis_command wait;
    struct error refusal;     /* what Redis said when it refused a command as a whole … */
    int64_t refused_until_ms; /* … and until when it is taken for down therefore */
    uint64_t refusals, unconfirmed;
};

int64_t redis_wall_ms(void);

/* Posts PACED, unless abandoned. */
void redis_pace(struct redis *redis, struct request *rq, int64_t pause_ms);

/* Redis is taken for down for REDIS_REFUSAL_MS, because of redis->refusal. */
void redis_note_refusal(struct redis *redis);
/* The same, because of this answer, which was REDIS_NOT_NOW. Where our user may not do something,
 * Redis is left instead: the greeting finds out when that has ended. */
void redis_see_refusal(struct redis *redis, const redisReply *reply);

/* A call: made, filled with arguments, sent. `rq` is NULL for a release. NULL: no memory. */
struct redis_call *redis_call_make(struct redis *redis, struct request *rq, int64_t now_ms,
                                   void (*on_reply)(struct redis_command *, const redisReply *));
/* `keys`: NULL at the end. The first argument, the owner, is added too. */
void redis_call_begin(const struct redis *redis, enum redis_script script, const char *const *keys,
                      struct redis_arguments *ret);
/* The call is on its way, or its request is posted PACED and the call is freed. */
void redis_call_send(struct redis_call *call, const struct redis_arguments *arguments);
/* True: the script answered so many texts, and the call is the caller's to end. False: it did not;
 * its request is posted what follows from that, and the call is freed. */
bool redis_call_is_answered(struct redis_call *call, const redisReply *reply, size_t texts);
/* Its answer tells, from text number `index` on, of Redis' memory. */
void redis_call_see_memory(struct redis_call *call, const redisReply *reply, size_t index);

/* The marks that wait for nobody yet do so from now on; without a connection they are paced. */
void redis_mark_gathered(struct redis *redis);

/* Makes the two hashes of rq->claim, once. False: no memory. */
bool redis_hash_event(struct request *rq);
/* The event's key; its hashes must be made. */
void redis_name_key(const struct redis *redis, const struct request *rq, char ret[REDIS_KEY_SIZE]);
/* The key of a worker's count of writes. */
void redis_name_writes(const struct redis *redis, const char *slot, char ret[REDIS_KEY_SIZE]);
