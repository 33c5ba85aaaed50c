#include "worker/io/redis_look.h"

#include "worker/io/redis_call.h"

#include <stdio.h>
#include <stdlib.h>

enum field {
    STATE,
    OUTCOME,
    OWNER,
    STORED,
    ORIGIN,
    REQUEST,
    LEASE,
    CLAIMED,
    INTENT,
    CRASHES,
    FIELDS
};
static const char *const names[FIELDS] = {
    [STATE] = "st",    [OUTCOME] = "out", [OWNER] = "own",  [STORED] = "res",  [ORIGIN] = "org",
    [REQUEST] = "cid", [LEASE] = "lease", [CLAIMED] = "at", [INTENT] = "mark", [CRASHES] = "crash",
};

static struct str text_of(const redisReply *reply, enum field field)
{
    const redisReply *one = reply->element[field];
    if (one->type != REDIS_REPLY_STRING)
        return (struct str){.data = NULL};
    return (struct str){one->str, one->len};
}

static int64_t number_of(const redisReply *reply, enum field field)
{
    const redisReply *one = reply->element[field];
    return one->type == REDIS_REPLY_STRING ? strtoll(one->str, NULL, 10) : 0;
}

static void read_entry(const redisReply *reply, struct redis_entry *ret)
{
    *ret = (struct redis_entry){
        .state = text_of(reply, STATE),
        .outcome = text_of(reply, OUTCOME),
        .owner = text_of(reply, OWNER),
        .stored = text_of(reply, STORED),
        .origin = text_of(reply, ORIGIN),
        .client_request_id = text_of(reply, REQUEST),
        .lease_wall_ms = number_of(reply, LEASE),
        .claimed_wall_ms = number_of(reply, CLAIMED),
        .intent_wall_ms = number_of(reply, INTENT),
        .crashes = number_of(reply, CRASHES),
    };
    ret->found = ret->state.data != NULL;
}

static void on_reply(struct redis_command *command, const redisReply *reply)
{
    struct redis_look *look = (struct redis_look *)command;
    struct redis_entry entry = {.trouble = NULL};
    struct error error;
    if (reply == NULL) {
        entry.trouble = "the connection to Redis broke before it answered";
    } else if (reply->type == REDIS_REPLY_ARRAY && reply->elements == FIELDS) {
        read_entry(reply, &entry);
    } else {
        redis_answer_explain(reply, &error);
        entry.trouble = error.text;
    }
    look->on_entry(look, &entry);
}

bool redis_look_at(struct redis *redis, struct redis_look *look, const char *source, const char *id)
{
    struct event event = {.source = source, .id = id};
    char identity[CLAIM_IDENTITY_SIZE], hash[DIGEST_HEX_SIZE], key[REDIS_KEY_SIZE];
    struct redis_arguments arguments = {.count = 0};
    struct str whole = {identity, claim_identity(&event, identity, sizeof identity)};
    if (!digest_sha256_hex(&whole, 1, hash))
        return false;
    (void)snprintf(key, sizeof key, "%s:event:%s", redis->settings->redis.key_prefix, hash);
    redis_add(&arguments, "HMGET");
    redis_add(&arguments, key);
    for (size_t i = 0; i < FIELDS; i++)
        redis_add(&arguments, names[i]);
    look->command.on_reply = on_reply;
    return redis_connection_send(redis->connection, &look->command, &arguments);
}
