#include "worker/io/redis_call.h"

#include "worker/io/failpoint.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

/* The intent (guarantee I5): fenced, and not confirmed before it is on Redis' disk, where Redis
 * tells that (redis_facts.h), and before redis.wait_replicas have it. */

static_assert(REDIS_FSYNC_MS + REDIS_WAIT_MS < REDIS_ANSWER_TIMEOUT_MS,
              "who waits for the disk is not taken for silent");

static void finish_mark(struct redis_call *call)
{
    struct request *rq = call->rq;

    rq->claim.confirmed_ms = call->sent_ms;
    rq->claim.intent_wall_ms = call->intent_wall_ms;
    memcpy(rq->claim.client_request_id, call->client_request_id, sizeof call->client_request_id);
    pipeline_post(call->redis->pipeline, rq, OUTCOME_OK);
    free(call);
}

static void pace_mark(struct redis_call *call, int64_t pause_ms)
{
    redis_pace(call->redis, call->rq, pause_ms);
    free(call);
}

/* By Graph's clock, as far as the dry run told it; 0: not known. */
static int64_t graph_time(const struct request *rq, int64_t now_ms)
{
    bool known = rq->graph_wall_ms > 0 && rq->dry_run_ms > 0;
    return known ? rq->graph_wall_ms + now_ms - rq->dry_run_ms : 0;
}

static void send_mark(struct redis_call *call,
                      void (*on_reply)(struct redis_command *, const redisReply *))
{
    struct redis *redis = call->redis;
    struct redis_arguments arguments;
    char key[REDIS_KEY_SIZE], fresh_id[WITNESS_MEMORY_SIZE];
    char fence[REDIS_NUMBER_SIZE], hint[REDIS_NUMBER_SIZE], least[REDIS_NUMBER_SIZE];

    call->command.on_reply = on_reply;
    if (!redis_memory_make_id(fresh_id)) {
        pace_mark(call, REDIS_PAUSE_MS);
        return;
    }
    redis_name_key(redis, call->rq, key);
    snprintf(fence, sizeof fence, "%" PRIu64, call->rq->claim.fence);
    snprintf(hint, sizeof hint, "%" PRId64, graph_time(call->rq, call->sent_ms));
    snprintf(least, sizeof least, "%" PRIu64, redis_memory_least(&redis->memory, call->sent_ms));
    redis_call_begin(redis, REDIS_MARK,
                     (const char *[]){key, redis->interlock_key, redis->memory_key,
                                      redis->writes_key, NULL},
                     &arguments);
    redis_add(&arguments, redis->lease_ms);
    redis_add(&arguments, redis->keep_ms);
    redis_add(&arguments, fence);
    redis_add(&arguments, call->client_request_id);
    redis_add(&arguments, hint);
    redis_add(&arguments, fresh_id);
    redis_add(&arguments, redis->memory.known.memory);
    redis_add(&arguments, least);
    redis_call_send(call, &arguments);
}

/* True: the intent stands. False: it does not, and the call is over. */
static bool is_marked(struct redis_call *call, const redisReply *reply)
{
    struct redis *redis = call->redis;

    if (!redis_call_is_answered(call, reply, REDIS_MARK_TEXTS))
        return false;
    redis_call_see_memory(call, reply, REDIS_MARK_MEMORY);
    struct str word = redis_answer_text(reply, 0);
    call->intent_wall_ms = redis_answer_number(reply, 1);
    if (str_is(word, "ok"))
        return true;
    if (str_is(word, "interlock")) {
        redis_interlock_see(&redis->interlock, true);
        pace_mark(call, CLAIM_INTERLOCK_PAUSE_MS);
        return false;
    }
    pipeline_post(redis->pipeline, call->rq, OUTCOME_LOST);
    free(call);
    return false;
}

/* ---- waiting until it is durable ---- */

static void on_confirmed(struct redis_command *command, const redisReply *reply)
{
    struct redis_call *call = (struct redis_call *)command;

    if (is_marked(call, reply))
        finish_mark(call);
}

/* Where that took long, the claim may be another's by now, and I8 wants a fresh word: the same mark
 * once more. The intent is durable already, so nobody waits again. */
static void finish_durable(struct redis_call *call)
{
    int64_t now_ms = (int64_t)uv_now(call->redis->loop);

    if (call->redis->pipeline == NULL) {
        free(call);
        return;
    }
    if (now_ms - call->sent_ms <= REDIS_MARK_FRESH_MS) {
        finish_mark(call);
        return;
    }
    call->sent_ms = now_ms;
    send_mark(call, on_confirmed);
}

static void end_wait(struct redis *redis, bool durable)
{
    struct redis_call *next, *call = redis->confirming;

    redis->confirming = NULL;
    for (; call != NULL; call = next) {
        next = call->next;
        if (durable) {
            finish_durable(call);
            continue;
        }
        redis->unconfirmed++;
        pace_mark(call, REDIS_PAUSE_MS);
    }
    redis_mark_gathered(redis);
}

/* Too few replicas have it. Without a reply the connection's own trouble says why. */
static void on_replicated(struct redis_command *command, const redisReply *reply)
{
    struct redis *redis = (struct redis *)((char *)command - offsetof(struct redis, wait));
    int wanted = redis->settings->redis.wait_replicas;

    if (reply == NULL || reply->type != REDIS_REPLY_INTEGER) {
        if (reply != NULL)
            redis_see_refusal(redis, reply);
        end_wait(redis, false);
        return;
    }
    if (reply->integer < wanted) {
        error_set(
            &redis->refusal,
            "redis.wait_replicas: %lld of %d replicas had an intent within %d ms; look at them",
            reply->integer, wanted, REDIS_WAIT_MS);
        redis_note_refusal(redis);
    }
    end_wait(redis, reply->integer >= wanted);
}

static void send_wait(struct redis *redis,
                      void (*on_reply)(struct redis_command *, const redisReply *),
                      const char *const *words)
{
    struct redis_arguments arguments = {.count = 0};

    for (; *words != NULL; words++)
        redis_add(&arguments, *words);
    redis->wait.on_reply = on_reply;
    if (!redis_connection_send(redis->connection, &redis->wait, &arguments))
        on_reply(&redis->wait, NULL);
}

static void ask_replicas(struct redis *redis)
{
    char replicas[REDIS_NUMBER_SIZE], limit[REDIS_NUMBER_SIZE];

    snprintf(replicas, sizeof replicas, "%d", redis->settings->redis.wait_replicas);
    snprintf(limit, sizeof limit, "%d", REDIS_WAIT_MS);
    send_wait(redis, on_replicated, (const char *[]){"WAIT", replicas, limit, NULL});
}

/* The answer is how many disks of its own have it, 0 or 1, and how many replicas'. */
static bool is_synced(const redisReply *reply)
{
    return reply->type == REDIS_REPLY_ARRAY && reply->elements == 2 &&
           reply->element[0]->type == REDIS_REPLY_INTEGER && reply->element[0]->integer >= 1;
}

static void on_synced(struct redis_command *command, const redisReply *reply)
{
    struct redis *redis = (struct redis *)((char *)command - offsetof(struct redis, wait));

    if (reply != NULL && is_synced(reply) && redis->settings->redis.wait_replicas > 0) {
        ask_replicas(redis);
        return;
    }
    if (reply != NULL && reply->type == REDIS_REPLY_ERROR) {
        /* Its file was turned off, or it has become a replica: the greeting finds out. */
        redis_answer_explain(reply, &redis->refusal);
        redis_connection_leave(redis->connection, redis->refusal.text);
    } else if (reply != NULL && !is_synced(reply)) {
        error_set(&redis->refusal,
                  "redis.url: Redis did not get an intent to its disk within %d ms; look at its "
                  "appendfsync and its disk",
                  REDIS_FSYNC_MS);
        redis_note_refusal(redis);
    }
    end_wait(redis, reply != NULL && is_synced(reply));
}

/* One at a time: it stops the whole connection until the disk or the replicas have answered, so
 * marks share it. */
void redis_mark_gathered(struct redis *redis)
{
    char limit[REDIS_NUMBER_SIZE];

    if (redis->confirming != NULL || redis->marked == NULL)
        return;
    redis->confirming = redis->marked;
    redis->marked = NULL;
    snprintf(limit, sizeof limit, "%d", REDIS_FSYNC_MS);
    if (redis_connection_facts(redis->connection)->syncs)
        send_wait(redis, on_synced, (const char *[]){"WAITAOF", "1", "0", limit, NULL});
    else
        ask_replicas(redis);
}

static void on_gathered(uv_timer_t *timer)
{
    redis_mark_gathered(timer->data);
}

static void on_marked(struct redis_command *command, const redisReply *reply)
{
    struct redis_call *call = (struct redis_call *)command;
    struct redis *redis = call->redis;

    reply = failpoint(FAILPOINT_MARK_ANSWER) ? NULL : reply;
    if (!is_marked(call, reply))
        return;
    if (!redis_connection_facts(redis->connection)->syncs &&
        redis->settings->redis.wait_replicas == 0) {
        finish_mark(call);
        return;
    }
    call->next = redis->marked;
    redis->marked = call;
    uv_timer_start(&redis->gather, on_gathered, 0, 0);
}

/* ---- the start ---- */

/* What forbids the intent before Redis is asked; OUTCOME_OK: nothing. */
static enum outcome check_mark(const struct redis *redis, const struct request *rq, int64_t now_ms)
{
    const struct settings *settings =
        rq->whose.settings != NULL ? rq->whose.settings : redis->settings;
    bool required = settings->graph.dry_run == DRY_RUN_REQUIRED;

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
    send_mark(call, on_marked);
}
