#include "worker/io/redis_follow.h"

#include "worker/io/log.h"
#include "worker/io/redis_call.h"
#include "worker/io/redis_record.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { TAKE_FIXED = 2, TAKE_EACH = 3, PUT_TEXTS = 2 };

/* A script under way, and who wants to know. */
struct follow_call {
    struct redis_call call; /* first */
    void (*on_taken)(void *context, const struct redis_taken *taken);
    void (*on_put)(void *context, int64_t lease_ms);
    void *context;
};

static void name_key(const struct redis *redis, const char *what, char ret[REDIS_KEY_SIZE])
{
    snprintf(ret, REDIS_KEY_SIZE, "%s:follow:%s", redis->settings->redis.key_prefix, what);
}

static void format(int64_t number, char ret[REDIS_NUMBER_SIZE])
{
    snprintf(ret, REDIS_NUMBER_SIZE, "%" PRId64, number);
}

static void format_life(const struct redis *redis, char ret[REDIS_NUMBER_SIZE])
{
    format(2 * redis->settings->follow.for_ms + redis->settings->redis.keep_ms, ret);
}

/* ---- with the record ---- */

bool redis_record_follow(const struct redis *redis, const struct request *rq,
                         struct redis_record_words *ret)
{
    bool told = false;
    *ret = (struct redis_record_words){.entry = NULL};
    if (!redis->settings->follow.enabled || !followed_is_due(rq))
        return true;
    ret->entry = followed_make(rq, &told);
    if (ret->entry == NULL)
        return false;
    name_key(redis, told ? "tell" : "look", ret->due_key);
    name_key(redis, "entries", ret->entries_key);
    format(told ? 0 : FOLLOW_FIRST_MS, ret->delay);
    format(redis->settings->follow.requests, ret->most);
    format_life(redis, ret->life);
    return true;
}

void redis_record_add(struct redis_arguments *arguments, const struct redis_record_words *words)
{
    if (words->entry == NULL)
        return;
    redis_add(arguments, words->entry);
    redis_add(arguments, words->delay);
    redis_add(arguments, words->most);
    redis_add(arguments, words->life);
}

void redis_record_full(struct redis *redis, const struct request *rq)
{
    redis->unfollowed++;
    log_request(LOG_WARN, "follow.full", rq,
                "follow.requests: %d requests are followed already; this one is not, and gets no "
                "status",
                redis->settings->follow.requests);
}

/* ---- take, put ---- */

static struct follow_call *make(struct redis *redis,
                                void (*on_reply)(struct redis_command *, const redisReply *))
{
    struct follow_call *call = calloc(1, sizeof *call);
    if (call == NULL)
        return NULL;
    call->call.command.on_reply = on_reply;
    call->call.redis = redis;
    return call;
}

static bool send_call(struct follow_call *call, const struct redis_arguments *arguments)
{
    if (redis_connection_send(call->call.redis->connection, &call->call.command, arguments))
        return true;
    free(call);
    return false;
}

static bool is_take(size_t texts)
{
    return texts >= TAKE_FIXED && (texts - TAKE_FIXED) % TAKE_EACH == 0 &&
           (texts - TAKE_FIXED) / TAKE_EACH <= REDIS_TAKE_MAX;
}

static void on_taken(struct redis_command *command, const redisReply *reply)
{
    struct follow_call *this = (struct follow_call *)command;
    struct follow_call kept = *this;
    struct redis_taken_one items[REDIS_TAKE_MAX];
    size_t texts = reply != NULL && is_take(reply->elements) ? reply->elements : TAKE_FIXED;

    if (!redis_call_is_answered(&this->call, reply, texts)) {
        kept.on_taken(kept.context, NULL);
        return;
    }
    struct redis_taken taken = {.entries = redis_answer_number(reply, 0),
                                .now_ms = redis_answer_number(reply, 1),
                                .items = items,
                                .count = (texts - TAKE_FIXED) / TAKE_EACH};
    for (size_t i = 0; i < taken.count; i++) {
        size_t at = TAKE_FIXED + i * TAKE_EACH;
        items[i] = (struct redis_taken_one){.name = redis_answer_text(reply, at),
                                            .lease_ms = redis_answer_number(reply, at + 1),
                                            .entry = redis_answer_text(reply, at + 2)};
    }
    kept.on_taken(kept.context, &taken);
    free(this);
}

bool redis_follow_take(struct redis *redis, unsigned room,
                       void (*callback)(void *context, const struct redis_taken *taken),
                       void *context)
{
    char keys[4][REDIS_KEY_SIZE], most[REDIS_NUMBER_SIZE], rate[REDIS_NUMBER_SIZE];
    struct redis_arguments arguments;
    struct follow_call *call = make(redis, on_taken);

    assert(room <= REDIS_TAKE_MAX);
    if (call == NULL)
        return false;
    call->on_taken = callback;
    call->context = context;
    name_key(redis, "look", keys[0]);
    name_key(redis, "tell", keys[1]);
    name_key(redis, "entries", keys[2]);
    name_key(redis, "pace", keys[3]);
    redis_call_begin(redis, REDIS_FOLLOW_TAKE,
                     (const char *[]){keys[0], keys[1], keys[2], keys[3], NULL}, &arguments);
    redis_add(&arguments, redis->lease_ms);
    format(room, most);
    redis_add(&arguments, most);
    format(redis->settings->follow.looks_per_second, rate);
    redis_add(&arguments, rate);
    return send_call(call, &arguments);
}

static void on_put(struct redis_command *command, const redisReply *reply)
{
    struct follow_call *this = (struct follow_call *)command;
    struct follow_call kept = *this;

    if (!redis_call_is_answered(&this->call, reply, PUT_TEXTS)) {
        kept.on_put(kept.context, -1);
        return;
    }
    bool kept_it = str_is(redis_answer_text(reply, 0), "ok");
    kept.on_put(kept.context, kept_it ? redis_answer_number(reply, 1) : -1);
    free(this);
}

bool redis_follow_put(struct redis *redis, const struct redis_put *put,
                      void (*callback)(void *context, int64_t lease_ms), void *context)
{
    char keys[3][REDIS_KEY_SIZE], held[REDIS_NUMBER_SIZE], delay[REDIS_NUMBER_SIZE];
    char life[REDIS_NUMBER_SIZE];
    struct redis_arguments arguments;
    char *entry = put->followed != NULL ? followed_write(put->followed) : NULL;
    struct follow_call *call = make(redis, on_put);

    if (call == NULL || (put->followed != NULL && entry == NULL)) {
        free(call);
        free(entry);
        return false;
    }
    call->on_put = callback;
    call->context = context;
    name_key(redis, "look", keys[0]);
    name_key(redis, "tell", keys[1]);
    name_key(redis, "entries", keys[2]);
    redis_call_begin(redis, REDIS_FOLLOW_PUT, (const char *[]){keys[0], keys[1], keys[2], NULL},
                     &arguments);
    redis_add(&arguments, put->name);
    format(put->lease_ms, held);
    redis_add(&arguments, held);
    format(put->delay_ms, delay);
    redis_add(&arguments, put->delay_ms == REDIS_FOLLOW_DONE ? "done" : delay);
    redis_add(&arguments, entry != NULL ? entry : "");
    format_life(redis, life);
    redis_add(&arguments, life);
    bool sent = send_call(call, &arguments);
    free(entry);
    return sent;
}

int64_t redis_follow_lease_ms(const struct redis *redis)
{
    return redis->settings->redis.lease_ms;
}

uint64_t redis_follow_refused(const struct redis *redis)
{
    return redis->unfollowed;
}
