#include "worker/doctor.h"

#include "worker/io/redis_answer.h"
#include "worker/io/redis_connection.h"
#include "worker/worker.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    TURN_MS = 10, /* how often it is looked whether the connection is up */
    KEY_SIZE = 256,
};

struct clearing {
    struct redis_command command; /* first */
    const struct doctor_interlock *interlock;
    struct redis_connection *connection;
    uv_loop_t loop;
    uv_timer_t timer;
    char key[KEY_SIZE];
    struct error *error;
    bool is_asked, is_over;
    int exit_code;
};

static void end(struct clearing *c, int exit_code)
{
    c->is_over = true;
    c->exit_code = exit_code;
    uv_stop(&c->loop);
}

static void ask(struct clearing *c, const char *word,
                void (*on_reply)(struct redis_command *, const redisReply *))
{
    struct redis_arguments words = {.count = 0};
    redis_add(&words, word);
    redis_add(&words, c->key);
    c->command.on_reply = on_reply;
    if (redis_connection_send(c->connection, &c->command, &words))
        return;
    error_set(c->error, "redis.url: the connection was lost; try again");
    end(c, WORKER_UNREACHABLE);
}

/* True: Redis has done what it was asked. */
static bool is_done(struct clearing *c, const redisReply *reply)
{
    if (reply == NULL) {
        error_set(c->error, "redis.url: the connection was lost; try again");
        end(c, WORKER_UNREACHABLE);
        return false;
    }
    if (reply->type != REDIS_REPLY_ERROR)
        return true;
    redis_answer_explain(reply, c->error);
    end(c, redis_answer_is_forbidden(reply) ? WORKER_REFUSED : WORKER_UNREACHABLE);
    return false;
}

static void on_deleted(struct redis_command *command, const redisReply *reply)
{
    struct clearing *c = (struct clearing *)command;
    if (!is_done(c, reply))
        return;
    c->interlock->on_end(c->interlock->context, c->key, true);
    end(c, WORKER_DONE);
}

/* MGET and not GET: the worker's user of Redis' ACL may do that already. */
static void on_read(struct redis_command *command, const redisReply *reply)
{
    struct clearing *c = (struct clearing *)command;
    if (!is_done(c, reply))
        return;
    const redisReply *value =
        reply->type == REDIS_REPLY_ARRAY && reply->elements == 1 ? reply->element[0] : NULL;
    if (value == NULL || value->type != REDIS_REPLY_STRING) {
        c->interlock->on_end(c->interlock->context, c->key, false);
        end(c, WORKER_DONE);
    } else if (c->interlock->on_stands(c->interlock->context, c->key,
                                       (struct str){value->str, value->len})) {
        ask(c, "DEL", on_deleted);
    } else {
        end(c, DOCTOR_CANNOT_WRITE);
    }
}

static void on_turn(uv_timer_t *timer)
{
    struct clearing *c = timer->data;
    if (c->is_over || c->is_asked)
        return;
    if (redis_connection_is_up(c->connection)) {
        c->is_asked = true;
        ask(c, "MGET", on_read);
    } else if (redis_connection_counters(c->connection)->losses > 0) {
        const char *trouble = redis_connection_trouble(c->connection);
        const char *more = strstr(trouble, "; retrying"); /* we are not */
        error_set(c->error, "%.*s",
                  (int)(more != NULL ? more - trouble : (ptrdiff_t)strlen(trouble)), trouble);
        end(c, redis_connection_is_refused(c->connection) ? WORKER_REFUSED : WORKER_UNREACHABLE);
    }
}

static void clear(struct clearing *c, const struct settings *settings)
{
    c->connection = redis_connection_create(&c->loop, settings, c->error);
    if (c->connection == NULL) {
        c->exit_code = WORKER_MISCONFIGURED;
        return;
    }
    uv_timer_start(&c->timer, on_turn, TURN_MS, TURN_MS);
    while (!c->is_over)
        uv_run(&c->loop, UV_RUN_DEFAULT);
    redis_connection_destroy(c->connection);
}

int doctor_clear_interlock(const struct settings *settings,
                           const struct doctor_interlock *interlock, struct error *error)
{
    struct clearing c = {.interlock = interlock, .error = error};
    snprintf(c.key, sizeof c.key, "%s:interlock", settings->redis.key_prefix);
    uv_loop_init(&c.loop);
    uv_timer_init(&c.loop, &c.timer);
    c.timer.data = &c;
    clear(&c, settings);
    uv_close((uv_handle_t *)&c.timer, NULL);
    uv_run(&c.loop, UV_RUN_DEFAULT);
    uv_loop_close(&c.loop);
    return c.exit_code;
}
