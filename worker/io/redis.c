#include "worker/io/redis.h"

#include "worker/core/reply.h"
#include "worker/io/failpoint.h"
#include "worker/io/redis_call.h"
#include "worker/io/redis_record.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* ---- claim ---- */

static void on_claimed(struct redis_command *command, const redisReply *reply)
{
    struct redis_call *call = (struct redis_call *)command;

    reply = failpoint(FAILPOINT_CLAIM_ANSWER) ? NULL : reply;
    if (!redis_call_is_answered(call, reply, REDIS_CLAIM_TEXTS))
        return;
    redis_call_see_memory(call, reply, REDIS_CLAIM_MEMORY);
    struct claim_answer answer = redis_answer_claim(reply);
    answer.forgot = answer.forgot || call->other_server;
    if (str_is(answer.word, "interlock"))
        redis_interlock_see(&call->redis->interlock, true);
    enum outcome outcome = claim_read(call->rq, &answer, call->sent_ms, redis_wall_ms());
    pipeline_post(call->redis->pipeline, call->rq, outcome);
    free(call);
}

/* Without a witness our own word takes its place, which says nothing new. */
static void send_claim(struct redis_call *call, const char *fresh_id)
{
    struct redis *redis = call->redis;
    const struct request *rq = call->rq;
    const struct witness *witness = request_witness(rq);
    struct redis_arguments arguments;
    char key[REDIS_KEY_SIZE], their_key[REDIS_KEY_SIZE], origin[ORIGIN_SIZE];
    char writes[REDIS_NUMBER_SIZE], least[REDIS_NUMBER_SIZE];

    call->other_server =
        redis_memory_is_other_server(witness, redis_connection_facts(redis->connection)->server);
    redis_name_key(redis, rq, key);
    redis_name_writes(redis, (witness != NULL ? witness : &redis->memory.known)->slot, their_key);
    claim_origin(&rq->record, origin);
    redis_call_begin(redis, REDIS_CLAIM,
                     (const char *[]){key, redis->interlock_key, redis->memory_key,
                                      redis->writes_key, their_key, NULL},
                     &arguments);
    redis_add(&arguments, redis->lease_ms);
    redis_add(&arguments, redis->keep_ms);
    redis_add(&arguments, rq->claim.body_hash);
    redis_add(&arguments, origin);
    redis_add(&arguments, claim_is_replay(&rq->record) ? "1" : "0");
    redis_add(&arguments, redis->run);
    redis_add(&arguments, fresh_id);
    snprintf(writes, sizeof writes, "%" PRIu64, witness != NULL ? witness->writes : 0);
    redis_add(&arguments, witness != NULL ? witness->memory : "");
    redis_add(&arguments, writes);
    snprintf(least, sizeof least, "%" PRIu64, redis_memory_least(&redis->memory, call->sent_ms));
    redis_add(&arguments, redis->memory.known.memory);
    redis_add(&arguments, least);
    redis_call_send(call, &arguments);
}

void redis_claim(struct redis *redis, struct request *rq, int64_t now_ms)
{
    char fresh_id[WITNESS_MEMORY_SIZE];
    struct redis_call *call = redis_call_make(redis, rq, now_ms, on_claimed);

    if (call == NULL || !redis_hash_event(rq) || !redis_memory_make_id(fresh_id) ||
        failpoint(FAILPOINT_CLAIM_START)) {
        free(call);
        redis_pace(redis, rq, REDIS_PAUSE_MS);
        return;
    }
    send_claim(call, fresh_id);
}

/* ---- record, release, yield ---- */

static void on_recorded(struct redis_command *command, const redisReply *reply)
{
    struct redis_call *call = (struct redis_call *)command;

    reply = failpoint(FAILPOINT_RECORD_ANSWER) ? NULL : reply;
    if (!redis_call_is_answered(call, reply, REDIS_RECORD_TEXTS))
        return;
    bool full = str_is(redis_answer_text(reply, 0), "full");
    bool kept = full || str_is(redis_answer_text(reply, 0), "ok");
    if (full)
        redis_record_full(call->redis, call->rq);
    pipeline_post(call->redis->pipeline, call->rq, kept ? OUTCOME_OK : OUTCOME_LOST);
    free(call);
}

void redis_record(struct redis *redis, struct request *rq, int64_t now_ms)
{
    struct redis_arguments arguments;
    char key[REDIS_KEY_SIZE], origin[ORIGIN_SIZE];
    char fence[REDIS_NUMBER_SIZE], intent[REDIS_NUMBER_SIZE];

    struct redis_record_words follow;
    struct redis_call *call = redis_call_make(redis, rq, now_ms, on_recorded);
    char *members = reply_members(rq);
    if (!redis_record_follow(redis, rq, &follow) || call == NULL || members == NULL ||
        !redis_hash_event(rq) || failpoint(FAILPOINT_RECORD_START)) {
        free(follow.entry);
        free(members);
        free(call);
        redis_pace(redis, rq, REDIS_PAUSE_MS);
        return;
    }
    redis_name_key(redis, rq, key);
    claim_origin(&rq->record, origin);
    snprintf(fence, sizeof fence, "%" PRIu64, rq->claim.fence);
    snprintf(intent, sizeof intent, "%" PRId64, rq->claim.intent_wall_ms);
    redis_call_begin(redis, REDIS_RECORD,
                     follow.entry != NULL
                         ? (const char *[]){key, follow.due_key, follow.entries_key, NULL}
                         : (const char *[]){key, NULL},
                     &arguments);
    redis_add(&arguments, redis->keep_ms);
    redis_add(&arguments, fence);
    redis_add(&arguments, rq->claim.body_hash);
    redis_add(&arguments, rq->claim.client_request_id);
    redis_add(&arguments, intent);
    redis_add(&arguments, members);
    redis_add(&arguments, answer_name(rq->answer));
    redis_add(&arguments, origin);
    redis_record_add(&arguments, &follow);
    redis_call_send(call, &arguments);
    free(follow.entry);
    free(members);
}

static void on_released(struct redis_command *command, const redisReply *reply)
{
    struct redis_call *call = (struct redis_call *)command;

    if (redis_call_is_answered(call, reply, REDIS_RECORD_TEXTS))
        free(call);
}

static void give_back(struct redis *redis, struct request *rq, const char *how)
{
    struct redis_arguments arguments;
    char key[REDIS_KEY_SIZE], fence[REDIS_NUMBER_SIZE];

    if (rq->claim.fence == 0)
        return;
    struct redis_call *call = redis_call_make(redis, NULL, 0, on_released);
    if (call == NULL || !redis_hash_event(rq)) {
        free(call);
        return;
    }
    redis_name_key(redis, rq, key);
    snprintf(fence, sizeof fence, "%" PRIu64, rq->claim.fence);
    redis_call_begin(redis, REDIS_RELEASE, (const char *[]){key, NULL}, &arguments);
    redis_add(&arguments, fence);
    redis_add(&arguments, how);
    redis_call_send(call, &arguments);
}

void redis_release(struct redis *redis, struct request *rq)
{
    give_back(redis, rq, "forget");
}

void redis_yield(struct redis *redis, struct request *rq)
{
    give_back(redis, rq, "yield");
}

/* ---- interlock ---- */

static void on_timer(uv_timer_t *timer)
{
    struct redis *redis = timer->data;

    redis_interlock_tick(&redis->interlock);
    bool known = redis_interlock_is_known(&redis->interlock);
    uv_timer_start(timer, on_timer, known ? REDIS_INTERLOCK_PERIOD_MS : REDIS_INTERLOCK_HASTE_MS,
                   0);
}

void redis_raise_interlock(struct redis *redis, const char *why)
{
    redis_interlock_raise(&redis->interlock, redis->owner, why);
}

void redis_watch_memory(struct redis *redis,
                        void (*on_loss)(void *context, const struct witness *before), void *context)
{
    redis->memory.on_loss = on_loss;
    redis->memory.context = context;
}

void redis_watch_interlock(struct redis *redis, void (*on_interlock)(void *context, bool stands),
                           void *context)
{
    redis->interlock.on_change = on_interlock;
    redis->interlock.context = context;
}

/* ---- state ---- */

static bool is_refusing(const struct redis *redis)
{
    return (int64_t)uv_now(redis->loop) < redis->refused_until_ms;
}

bool redis_is_idle(const struct redis *redis)
{
    return redis_connection_is_idle(redis->connection) ||
           !redis_connection_is_up(redis->connection);
}

bool redis_is_up(const struct redis *redis)
{
    return redis_interlock_is_known(&redis->interlock) && !is_refusing(redis);
}

bool redis_is_refused(const struct redis *redis)
{
    return redis_connection_is_refused(redis->connection);
}

const char *redis_trouble(const struct redis *redis)
{
    if (!redis_connection_is_up(redis->connection))
        return redis_connection_trouble(redis->connection);
    if (is_refusing(redis))
        return redis->refusal.text;
    return redis_is_up(redis) ? "" : "redis.url: connected, the interlock is not known yet";
}

struct redis_stats redis_stats(const struct redis *redis)
{
    const struct redis_connection_counters *counters = redis_connection_counters(redis->connection);

    return (struct redis_stats){
        .commands = counters->commands,
        .connects = counters->connects,
        .losses = counters->losses,
        .refusals = redis->refusals,
        .unconfirmed = redis->unconfirmed,
        .forgotten = redis->memory.forgotten,
    };
}

const struct redis_facts *redis_facts(const struct redis *redis)
{
    return redis_connection_facts(redis->connection);
}

const struct witness *redis_witness(const struct redis *redis)
{
    return &redis->memory.known;
}

/* ---- life ---- */

/* What Redis counts our writes under. */
static bool prepare_memory(struct redis *redis, struct error *error)
{
    char digest[DIGEST_HEX_SIZE], slot[WITNESS_SLOT_SIZE];
    struct str owner = str_of(redis->owner);

    if (!digest_sha256_hex(&owner, 1, digest) || !redis_memory_make_id(redis->run))
        return error_set(error, "redis.url: no memory, or no random bytes, for a connection");
    snprintf(slot, sizeof slot, "%.*s", (int)sizeof slot - 1, digest);
    redis_memory_init(&redis->memory, redis->settings, slot);
    redis_name_writes(redis, slot, redis->writes_key);
    snprintf(redis->memory_key, sizeof redis->memory_key, "%s:memory",
             redis->settings->redis.key_prefix);
    return true;
}

static bool prepare(struct redis *redis, struct error *error)
{
    const struct settings *settings = redis->settings;
    const char *prefix = settings->redis.key_prefix, *instance = settings->kafka.instance_id;

    if (strlen(prefix) > REDIS_PREFIX_MAX)
        return error_set(error, "redis.key_prefix: is longer than %d bytes", REDIS_PREFIX_MAX);
    if (strlen(instance) >= sizeof redis->owner)
        return error_set(error, "kafka.instance_id: is longer than %zu bytes",
                         sizeof redis->owner - 1);
    if (instance[0] != '\0')
        snprintf(redis->owner, sizeof redis->owner, "%s", instance);
    else if (gethostname(redis->owner, sizeof redis->owner - 1) != 0)
        return error_set(error, "kafka.instance_id: this host has no name; set one");
    snprintf(redis->interlock_key, sizeof redis->interlock_key, "%s:interlock", prefix);
    snprintf(redis->lease_ms, sizeof redis->lease_ms, "%" PRId64, settings->redis.lease_ms);
    snprintf(redis->keep_ms, sizeof redis->keep_ms, "%" PRId64, settings->redis.keep_ms);
    if (!prepare_memory(redis, error))
        return false;
    redis->connection = redis_connection_create(redis->loop, settings, error);
    return redis->connection != NULL;
}

struct redis *redis_create(uv_loop_t *loop, const struct settings *settings,
                           struct pipeline *pipeline, struct error *error)
{
    struct redis *redis = calloc(1, sizeof *redis);

    if (redis == NULL) {
        error_set(error, "redis.url: no memory for a connection");
        return NULL;
    }
    redis->loop = loop;
    redis->settings = settings;
    redis->pipeline = pipeline;
    if (!prepare(redis, error)) {
        free(redis);
        return NULL;
    }
    redis->interlock.connection = redis->connection;
    redis->interlock.key = redis->interlock_key;
    uv_timer_init(loop, &redis->timer);
    uv_timer_init(loop, &redis->gather);
    redis->handles = 2;
    redis->timer.data = redis;
    redis->gather.data = redis;
    uv_timer_start(&redis->timer, on_timer, 0, 0);
    return redis;
}

static void on_timer_closed(uv_handle_t *handle)
{
    struct redis *redis = handle->data;

    if (--redis->handles == 0)
        free(redis);
}

void redis_abandon(struct redis *redis)
{
    if (redis != NULL)
        redis->pipeline = NULL;
}

void redis_destroy(struct redis *redis)
{
    if (redis == NULL)
        return;
    redis_connection_destroy(redis->connection);
    redis_mark_gathered(redis);
    redis_interlock_finish(&redis->interlock);
    uv_close((uv_handle_t *)&redis->timer, on_timer_closed);
    uv_close((uv_handle_t *)&redis->gather, on_timer_closed);
}
