#include "worker/io/redis_call.h"

#include "worker/io/failpoint.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

/* The intent (guarantee I5): fenced, and with redis.wait_replicas not confirmed before so many
 * replicas have it. */

static void finish_mark(struct redis_call *call)
{
    struct request *rq = call->rq;

    rq->claim.confirmed_ms = call->sent_ms;
    rq->claim.intent_wall_ms = call->intent_wall_ms;
    memcpy(rq->claim.client_request_id, call->client_request_id, sizeof call->client_request_id);
    pipeline_post(call->redis->pipeline, rq, OUTCOME_OK);
    free(call);
}

static void ask_replicas(struct redis *redis);

/* Too few replicas have it. Without a reply the connection's own trouble says why. */
static void note_unconfirmed(struct redis *redis, const redisReply *reply)
{
    if (reply == NULL)
        return;
    if (reply->type != REDIS_REPLY_INTEGER) {
        redis_see_refusal(redis, reply);
        return;
    }
    error_set(&redis->refusal,
              "redis.wait_replicas: %lld of %d replicas had an intent within %d ms; look at them",
              reply->integer, redis->settings->redis.wait_replicas, REDIS_WAIT_MS);
    redis_note_refusal(redis);
}

/* What one WAIT stood for: all marks that were answered before it was sent. */
static void on_waited(struct redis_command *command, const redisReply *reply)
{
    struct redis *redis = (struct redis *)((char *)command - offsetof(struct redis, wait));
    bool enough = reply != NULL && reply->type == REDIS_REPLY_INTEGER &&
                  reply->integer >= redis->settings->redis.wait_replicas;
    struct redis_call *next, *call = redis->confirming;

    redis->confirming = NULL;
    if (!enough)
        note_unconfirmed(redis, reply);
    for (; call != NULL; call = next) {
        next = call->next;
        if (enough && redis->pipeline != NULL) {
            finish_mark(call);
            continue;
        }
        redis->unconfirmed++;
        redis_pace(redis, call->rq, REDIS_PAUSE_MS);
        free(call);
    }
    ask_replicas(redis);
}

/* One WAIT at a time: it stops the whole connection until the replicas have answered, so marks
 * share it. */
static void ask_replicas(struct redis *redis)
{
    struct redis_arguments arguments = {.count = 0};
    char replicas[REDIS_NUMBER_SIZE], timeout[REDIS_NUMBER_SIZE];

    if (redis->confirming != NULL || redis->marked == NULL)
        return;
    redis->confirming = redis->marked;
    redis->marked = NULL;
    snprintf(replicas, sizeof replicas, "%d", redis->settings->redis.wait_replicas);
    snprintf(timeout, sizeof timeout, "%d", REDIS_WAIT_MS);
    redis_add(&arguments, "WAIT");
    redis_add(&arguments, replicas);
    redis_add(&arguments, timeout);
    redis->wait.on_reply = on_waited;
    if (!redis_connection_send(redis->connection, &redis->wait, &arguments))
        on_waited(&redis->wait, NULL);
}

static void on_marked(struct redis_command *command, const redisReply *reply)
{
    struct redis_call *call = (struct redis_call *)command;
    struct redis *redis = call->redis;

    reply = failpoint(FAILPOINT_MARK_ANSWER) ? NULL : reply;
    if (!redis_call_is_answered(call, reply, REDIS_MARK_TEXTS))
        return;
    struct str word = redis_answer_text(reply, 0);
    if (str_is(word, "ok")) {
        call->intent_wall_ms = redis_answer_number(reply, 1);
        if (redis->settings->redis.wait_replicas == 0) {
            finish_mark(call);
            return;
        }
        call->next = redis->marked;
        redis->marked = call;
        ask_replicas(redis);
        return;
    }
    if (str_is(word, "interlock")) {
        redis_interlock_see(&redis->interlock, true);
        redis_pace(redis, call->rq, CLAIM_INTERLOCK_PAUSE_MS);
    } else {
        pipeline_post(redis->pipeline, call->rq, OUTCOME_LOST);
    }
    free(call);
}

/* What forbids the intent before Redis is asked; OUTCOME_OK: nothing. */
static enum outcome check_mark(const struct redis *redis, const struct request *rq, int64_t now_ms)
{
    bool required = redis->settings->graph.dry_run == DRY_RUN_REQUIRED;

    if (request_is_expired(rq, redis_wall_ms()))
        return OUTCOME_EXPIRED;
    if (required && (rq->dry_run_ms == 0 || now_ms - rq->dry_run_ms > DRY_RUN_AGE_MAX_MS))
        return OUTCOME_STALE;
    return rq->claim.fence != 0 ? OUTCOME_OK : OUTCOME_LOST;
}

static bool make_client_request_id(char ret[GUID_SIZE])
{
    uint8_t random[16];

    if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random)
        return false;
    guid_from_random(random, ret);
    return true;
}

void redis_mark(struct redis *redis, struct request *rq, int64_t now_ms)
{
    struct redis_arguments arguments;
    char key[REDIS_KEY_SIZE], fence[REDIS_NUMBER_SIZE];
    enum outcome outcome = check_mark(redis, rq, now_ms);

    if (outcome != OUTCOME_OK) {
        pipeline_post(redis->pipeline, rq, outcome);
        return;
    }
    struct redis_call *call = redis_call_make(redis, rq, now_ms, on_marked);
    if (call == NULL || !redis_hash_event(rq) || !make_client_request_id(call->client_request_id) ||
        failpoint(FAILPOINT_MARK_START)) {
        free(call);
        redis_pace(redis, rq, REDIS_PAUSE_MS);
        return;
    }
    redis_name_key(redis, rq, key);
    snprintf(fence, sizeof fence, "%" PRIu64, rq->claim.fence);
    redis_call_begin(redis, REDIS_MARK, key, 2, &arguments);
    redis_add(&arguments, redis->lease_ms);
    redis_add(&arguments, redis->keep_ms);
    redis_add(&arguments, fence);
    redis_add(&arguments, call->client_request_id);
    redis_call_send(call, &arguments);
}
