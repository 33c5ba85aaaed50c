#include "worker/io/redis_call.h"

#include "worker/io/log.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

int64_t redis_wall_ms(void)
{
    struct timespec wall;

    clock_gettime(CLOCK_REALTIME, &wall);
    return wall.tv_sec * 1000 + wall.tv_nsec / 1000000;
}

void redis_pace(struct redis *redis, struct request *rq, int64_t pause_ms)
{
    if (redis->pipeline == NULL)
        return;
    rq->pause_ms = pause_ms;
    pipeline_post(redis->pipeline, rq, OUTCOME_PACED);
}

void redis_note_refusal(struct redis *redis)
{
    redis->refused_until_ms = (int64_t)uv_now(redis->loop) + REDIS_REFUSAL_MS;
    log_write(LOG_WARN, "redis.refused", "%s", redis->refusal.text);
}

void redis_see_refusal(struct redis *redis, const redisReply *reply)
{
    redis_answer_explain(reply, &redis->refusal);
    if (redis_answer_is_forbidden(reply))
        redis_connection_leave(redis->connection, redis->refusal.text);
    else
        redis_note_refusal(redis);
}

/* An answer of Redis that is none of the script's: what the call's request gets posted. */
static enum outcome read_refusal(struct redis_call *call, const redisReply *reply,
                                 enum redis_meaning meaning)
{
    struct redis *redis = call->redis;
    struct error error = {0};

    if (meaning == REDIS_LOST)
        return OUTCOME_PACED;
    redis->refusals++;
    if (meaning == REDIS_FORGOT) {
        redis_connection_load_scripts(redis->connection);
        return OUTCOME_PACED;
    }
    if (meaning == REDIS_REPLICA) {
        redis_connection_leave(redis->connection, "redis.url: this Redis has become a replica");
        return OUTCOME_PACED;
    }
    if (meaning == REDIS_NOT_NOW) {
        redis_see_refusal(redis, reply);
        return OUTCOME_PACED;
    }
    redis_answer_explain(reply, &error);
    if (call->rq != NULL)
        fault_set(&call->rq->fault, call->rq->stage, "redisRefused",
                  "the event's key cannot be used: %s", error.text);
    return OUTCOME_FAILED;
}

/* `word`: what the script answered first, of its own few words or a number; data NULL: it did not
 * answer. */
static void log_answer(const struct redis_call *call, struct str word)
{
    char text[32];
    int64_t took_ms = (int64_t)uv_now(call->redis->loop) - call->sent_ms;
    if (!log_wants(LOG_DEBUG, "redis.answered"))
        return;
    size_t size = word.size < sizeof text - 1 ? word.size : sizeof text - 1;
    if (size > 0)
        memcpy(text, word.data, size);
    text[size] = '\0';
    const char *said = word.data != NULL ? text : "no answer of the script";
    if (call->rq != NULL && call->redis->pipeline != NULL)
        log_request(LOG_DEBUG, "redis.answered", call->rq, "%s after %lld ms (stage %s)", said,
                    (long long)took_ms, stage_name(call->rq->stage));
    else
        log_write(LOG_DEBUG, "redis.answered", "%s after %lld ms", said, (long long)took_ms);
}

bool redis_call_is_answered(struct redis_call *call, const redisReply *reply, size_t texts)
{
    enum redis_meaning meaning = redis_answer_meaning(reply, texts);

    log_answer(call, meaning == REDIS_ANSWERED ? redis_answer_text(reply, 0) : (struct str){0});
    if (call->rq != NULL && call->redis->pipeline == NULL) {
        free(call);
        return false;
    }
    if (meaning == REDIS_ANSWERED)
        return true;
    enum outcome outcome = read_refusal(call, reply, meaning);
    if (call->rq != NULL && outcome == OUTCOME_PACED)
        redis_pace(call->redis, call->rq, REDIS_PAUSE_MS);
    else if (call->rq != NULL)
        pipeline_post(call->redis->pipeline, call->rq, outcome);
    free(call);
    return false;
}

void redis_call_see_memory(struct redis_call *call, const redisReply *reply, size_t index)
{
    struct redis *redis = call->redis;

    redis_memory_see(&redis->memory, redis_answer_text(reply, index),
                     (uint64_t)redis_answer_number(reply, index + 1),
                     redis_connection_facts(redis->connection)->server,
                     (int64_t)uv_now(redis->loop));
}

struct redis_call *redis_call_make(struct redis *redis, struct request *rq, int64_t now_ms,
                                   void (*on_reply)(struct redis_command *, const redisReply *))
{
    struct redis_call *call = calloc(1, sizeof *call);

    if (call != NULL) {
        call->command.on_reply = on_reply;
        call->redis = redis;
        call->rq = rq;
        call->sent_ms = now_ms;
    }
    return call;
}

static bool hash_identity(struct request *rq)
{
    char identity[CLAIM_IDENTITY_SIZE];
    struct str whole = {identity, claim_identity(&rq->event, identity, sizeof identity)};
    return digest_sha256_hex(&whole, 1, rq->claim.event_hash);
}

/* The type has no line feed in it: the gate has seen to that. */
static bool hash_body(struct request *rq)
{
    const struct event *event = &rq->event;
    const struct str parts[] = {
        str_of(kind_type(event->kind)),
        str_of(event->validation_only ? "\ndry run\n" : "\nreal\n"),
        {event->body.members, event->body.size},
        str_of(rq->whose.name != NULL ? "\n" : NULL),
        str_of(rq->whose.name), /* for another tenant it is another request */
    };
    return digest_sha256_hex(parts, sizeof parts / sizeof *parts, rq->claim.body_hash);
}

bool redis_hash_event(struct request *rq)
{
    static_assert((int)HASH_SIZE == (int)DIGEST_HEX_SIZE, "one hash, two names");
    return (rq->claim.event_hash[0] != '\0' || hash_identity(rq)) &&
           (rq->claim.body_hash[0] != '\0' || hash_body(rq));
}

void redis_name_key(const struct redis *redis, const struct request *rq, char ret[REDIS_KEY_SIZE])
{
    assert(rq->claim.event_hash[0] != '\0');
    snprintf(ret, REDIS_KEY_SIZE, "%s:event:%s", redis->settings->redis.key_prefix,
             rq->claim.event_hash);
}

void redis_name_writes(const struct redis *redis, const char *slot, char ret[REDIS_KEY_SIZE])
{
    snprintf(ret, REDIS_KEY_SIZE, "%s:writes:%s", redis->settings->redis.key_prefix, slot);
}

void redis_call_begin(const struct redis *redis, enum redis_script script, const char *const *keys,
                      struct redis_arguments *ret)
{
    static const char *const counts[] = {"0", "1", "2", "3", "4", "5"};
    size_t count = 0;

    while (keys[count] != NULL)
        count++;
    assert(count < sizeof counts / sizeof *counts);
    *ret = (struct redis_arguments){.count = 0};
    redis_add(ret, "EVALSHA");
    redis_add(ret, redis_connection_sha(redis->connection, script));
    redis_add(ret, counts[count]);
    for (size_t i = 0; i < count; i++)
        redis_add(ret, keys[i]);
    redis_add(ret, redis->owner);
}

/* The last word of a start: the call is on its way, or the request is paced. */
void redis_call_send(struct redis_call *call, const struct redis_arguments *arguments)
{
    if (redis_connection_send(call->redis->connection, &call->command, arguments))
        return;
    if (call->rq != NULL)
        redis_pace(call->redis, call->rq, REDIS_PAUSE_MS);
    free(call);
}
