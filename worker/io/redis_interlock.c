#include "worker/io/redis_interlock.h"

#include "worker/core/json_writer.h"
#include "worker/io/log.h"
#include "worker/io/redis_answer.h"

#include <stdlib.h>
#include <time.h>

enum { TEXT_MAX = 4096 }; /* of the key: a sentence and two names */

/* Where there is no better text: the key counts, not what it says. */
static char plain[] = "{}";

void redis_interlock_finish(struct redis_interlock *interlock)
{
    if (interlock->raise != plain)
        free(interlock->raise);
    interlock->raise = NULL;
}

void redis_interlock_see(struct redis_interlock *interlock, bool stands)
{
    if (interlock->stands == stands)
        return;
    interlock->stands = stands;
    log_write(stands ? LOG_ERROR : LOG_WARN, "redis.interlock", "the interlock %s %s",
              interlock->key,
              stands ? "stands in Redis: nothing is sent until somebody has looked and deletes it"
                     : "is gone from Redis");
    if (interlock->on_change != NULL)
        interlock->on_change(interlock->context, stands);
}

static bool send_command(struct redis_interlock_command *command, struct redis_interlock *interlock,
                         void (*on_reply)(struct redis_command *, const redisReply *),
                         const struct redis_arguments *arguments)
{
    if (command->open)
        return true;
    command->command.on_reply = on_reply;
    command->interlock = interlock;
    command->open = redis_connection_send(interlock->connection, &command->command, arguments);
    return command->open;
}

static uint64_t connection_number(const struct redis_interlock *interlock)
{
    return redis_connection_counters(interlock->connection)->connects;
}

static void note_known(struct redis_interlock *interlock)
{
    interlock->known_for = connection_number(interlock);
}

bool redis_interlock_is_known(const struct redis_interlock *interlock)
{
    return redis_connection_is_up(interlock->connection) && interlock->known_for != 0 &&
           interlock->known_for == connection_number(interlock);
}

/* A key that stands already keeps its first reason: then the answer is nil. */
static void on_set(struct redis_command *command, const redisReply *reply)
{
    struct redis_interlock_command *this = (struct redis_interlock_command *)command;
    struct redis_interlock *interlock = this->interlock;

    this->open = false;
    if (reply == NULL || reply->type == REDIS_REPLY_ERROR)
        return; /* again at the next tick */
    redis_interlock_finish(interlock);
    note_known(interlock);
    redis_interlock_see(interlock, true);
}

static void on_get(struct redis_command *command, const redisReply *reply)
{
    struct redis_interlock_command *this = (struct redis_interlock_command *)command;
    struct error why = {0};

    this->open = false;
    if (reply == NULL)
        return;
    if (reply->type == REDIS_REPLY_INTEGER) {
        note_known(this->interlock);
        redis_interlock_see(this->interlock, reply->integer > 0);
    } else if (redis_answer_is_forbidden(reply)) { /* seen here where there is no event to see it */
        redis_answer_explain(reply, &why);
        redis_connection_leave(this->interlock->connection, why.text);
    }
}

void redis_interlock_tick(struct redis_interlock *interlock)
{
    struct redis_arguments set = {.count = 0}, get = {.count = 0};

    if (interlock->raise != NULL) {
        redis_add(&set, "SET");
        redis_add(&set, interlock->key);
        redis_add(&set, interlock->raise);
        redis_add(&set, "NX");
        send_command(&interlock->set, interlock, on_set, &set);
        return; /* asking would say that it is gone */
    }
    redis_add(&get, "EXISTS");
    redis_add(&get, interlock->key);
    send_command(&interlock->get, interlock, on_get, &get);
}

void redis_interlock_raise(struct redis_interlock *interlock, const char *instance, const char *why)
{
    struct buffer json;
    struct timespec wall;

    if (interlock->raise != NULL)
        return;
    clock_gettime(CLOCK_REALTIME, &wall);
    buffer_init(&json, TEXT_MAX);
    json_begin_object(&json, NULL);
    json_put_text(&json, "why", str_of(why));
    json_put_text(&json, "instance", str_of(instance));
    json_put_time(&json, "time", wall.tv_sec * 1000 + wall.tv_nsec / 1000000);
    json_end_object(&json);
    interlock->raise = buffer_take(&json, NULL);
    if (interlock->raise == NULL) /* too long, or no memory */
        interlock->raise = plain;
    redis_interlock_tick(interlock);
}
