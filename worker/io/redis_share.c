#include "worker/io/redis_share.h"

#include "worker/io/redis_call.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static void on_shared(struct redis_command *command, const redisReply *reply)
{
    struct redis_call *call = (struct redis_call *)command;
    struct redis_share *share = call->share;
    bool abandoned = call->redis->pipeline == NULL;
    struct redis_told told = {.asked_ms = call->sent_ms};

    share->asks = false;
    bool answered = redis_call_is_answered(call, reply, REDIS_SHARE_TEXTS);
    if (answered) {
        told.granted = redis_answer_number(reply, 0);
        told.shared = redis_answer_number(reply, 1);
        told.writes_closed_ms = redis_answer_number(reply, 2);
        told.reads_closed_ms = redis_answer_number(reply, 3);
        told.replicas = (unsigned)redis_answer_number(reply, 4);
        free(call);
    }
    if (!abandoned && share->on_told != NULL)
        share->on_told(share->context, answered ? &told : NULL);
}

bool redis_may_ask_share(const struct redis *redis, const struct redis_share *share)
{
    return !share->asks && redis_is_up(redis);
}

void redis_ask_share(struct redis *redis, struct redis_share *share, const struct redis_wish *wish,
                     int64_t now_ms)
{
    const int64_t numbers[] = {wish->pace.belief, wish->pace.demand, PACE_GRANT_MS,
                               wish->writes_closed_ms, wish->reads_closed_ms};
    enum { NUMBERS = sizeof numbers / sizeof *numbers };
    char key[REDIS_KEY_SIZE], texts[NUMBERS][REDIS_NUMBER_SIZE];
    struct redis_arguments arguments;

    assert(!share->asks);
    struct redis_call *call = redis_call_make(redis, NULL, now_ms, on_shared);
    if (call == NULL)
        return;
    call->share = share;
    snprintf(key, sizeof key, "%s:pace%s%s", redis->settings->redis.key_prefix,
             share->name[0] != '\0' ? ":" : "", share->name);
    redis_call_begin(redis, REDIS_SHARE, (const char *[]){key, NULL}, &arguments);
    redis_add(&arguments, redis->run);
    for (size_t i = 0; i < NUMBERS; i++) {
        snprintf(texts[i], sizeof texts[i], "%" PRId64, numbers[i]);
        redis_add(&arguments, texts[i]);
    }
    if (!redis_connection_send(redis->connection, &call->command, &arguments)) {
        free(call);
        return;
    }
    share->asks = true;
    share->asked++;
}
