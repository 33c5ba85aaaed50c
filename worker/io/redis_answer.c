#include "worker/io/redis_answer.h"

#include "worker/io/redis_scripts.h"

#include <inttypes.h>
#include <stdlib.h>

/* Redis 6 wraps an error inside a script into one of its own; the first words then stand behind a
 * hyphen. */
static bool says(const redisReply *reply, const char *word)
{
    size_t size = strlen(word);
    const char *found = strstr(reply->str, word);

    return found != NULL && (found == reply->str || found[-1] == '-') &&
           (found[size] == ' ' || found[size] == '\0');
}

/* Redis 6 and 7.0 have no word of their own for what a script's user may not do: a plain ERR. */
bool redis_answer_is_forbidden(const redisReply *reply)
{
    return reply->type == REDIS_REPLY_ERROR &&
           (says(reply, "NOPERM") || says(reply, "NOAUTH") ||
            strstr(reply->str, "The user executing the script") != NULL);
}

/* Words that Redis 6 may hide in an error of a script. */
static bool is_about_redis(const redisReply *reply)
{
    static const char *const words[] = {"OOM", "MISCONF", "NOREPLICAS", "MASTERDOWN"};

    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (says(reply, words[i]))
            return true;
    }
    return redis_answer_is_forbidden(reply);
}

static bool is_array_of_texts(const redisReply *reply, size_t texts)
{
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != texts)
        return false;
    for (size_t i = 0; i < texts; i++) {
        if (reply->element[i]->type != REDIS_REPLY_STRING)
            return false;
    }
    return true;
}

enum redis_meaning redis_answer_meaning(const redisReply *reply, size_t texts)
{
    if (reply == NULL)
        return REDIS_LOST;
    if (is_array_of_texts(reply, texts))
        return REDIS_ANSWERED;
    if (reply->type != REDIS_REPLY_ERROR)
        return REDIS_UNFIT_KEY;
    if (says(reply, "NOSCRIPT"))
        return REDIS_FORGOT;
    if (says(reply, "READONLY"))
        return REDIS_REPLICA;
    if (is_about_redis(reply))
        return REDIS_NOT_NOW;
    /* Of a script: the key holds what none of ours writes. Any other word is about Redis. */
    return says(reply, "WRONGTYPE") || says(reply, "ERR") ? REDIS_UNFIT_KEY : REDIS_NOT_NOW;
}

struct str redis_answer_text(const redisReply *reply, size_t index)
{
    return (struct str){reply->element[index]->str, reply->element[index]->len};
}

int64_t redis_answer_number(const redisReply *reply, size_t index)
{
    return strtoll(reply->element[index]->str, NULL, 10);
}

struct claim_answer redis_answer_claim(const redisReply *reply)
{
    return (struct claim_answer){
        .word = redis_answer_text(reply, 0),
        .fence = (uint64_t)redis_answer_number(reply, 1),
        .held_ms = redis_answer_number(reply, 2),
        .intent_wall_ms = redis_answer_number(reply, 3),
        .now_wall_ms = redis_answer_number(reply, 4),
        .client_request_id = redis_answer_text(reply, 5),
        .stored = redis_answer_text(reply, 6),
        .origin = redis_answer_text(reply, 7),
        .crashes = (unsigned)redis_answer_number(reply, 8),
        .forgot = str_is(redis_answer_text(reply, 11), "1"),
    };
}

void redis_answer_explain(const redisReply *reply, struct error *ret)
{
    static const struct {
        const char *word, *advice;
    } advices[] = {
        {"OOM", "Redis is full: give it more memory"},
        {"MISCONF", "Redis cannot write to its disk: look at its log"},
        {"NOREPLICAS", "Redis misses the replicas that its min-replicas-to-write asks for"},
        {"NOAUTH", "Redis wants a password: set redis.password or redis.password_file"},
        {"READONLY", "this Redis is a replica and takes no writes: give the master's address"},
        {"LOADING", "Redis is reading its data in: wait"},
        {"BUSY", "a script of somebody else's keeps Redis busy: wait, or SCRIPT KILL"},
        {"MOVED", "Redis Cluster is not supported: give redis.url a Redis of its own"},
        {"CROSSSLOT", "Redis Cluster is not supported: give redis.url a Redis of its own"},
        {"CLUSTERDOWN", "Redis Cluster is not supported: give redis.url a Redis of its own"},
    };

    for (size_t i = 0; i < sizeof advices / sizeof *advices; i++) {
        if (reply->type == REDIS_REPLY_ERROR && says(reply, advices[i].word)) {
            error_set(ret, "redis.url: %s (%.120s)", advices[i].advice, reply->str);
            return;
        }
    }
    if (redis_answer_is_forbidden(reply))
        error_set(ret,
                  "redis.username: this user may not do all that it must, on all keys that begin "
                  "with redis.key_prefix; grant it " REDIS_RIGHTS
                  ", with follow.enabled also " REDIS_FOLLOW_RIGHTS " (%.120s)",
                  reply->str);
    else
        error_set(ret, "redis.url: Redis refused a command: %.200s",
                  reply->type == REDIS_REPLY_ERROR ? reply->str
                                                   : "its answer has an unknown shape");
}
