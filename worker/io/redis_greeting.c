#include "worker/io/redis_greeting.h"

#include <stdio.h>
#include <string.h>

static void end(struct redis_greeting *greeting, enum redis_greeting_result result, const char *why)
{
    greeting->failed = result != REDIS_GREETING_DONE;
    greeting->on_end(greeting->context, result, why);
}

/* Redis' own words, except to AUTH: there an error may repeat what was sent (an unknown command
 * does), so only its first word is taken. */
static void fail(struct redis_greeting *greeting, enum redis_greeting_step step, const char *words)
{
    char why[ERROR_TEXT_SIZE];

    if (step == GREETING_AUTH) {
        snprintf(why, sizeof why,
                 "redis.password: Redis refused it, or the user of redis.username (%.*s); "
                 "the user's ACL",
                 (int)strcspn(words, " "), words);
        end(greeting, REDIS_GREETING_REFUSED, why);
        return;
    }
    bool refused = strncmp(words, "NOAUTH", 6) == 0 || strncmp(words, "NOPERM", 6) == 0;
    snprintf(why, sizeof why, "%s: Redis does not let us in: %.200s",
             refused ? "redis.username" : "redis.url", words);
    end(greeting, refused ? REDIS_GREETING_REFUSED : REDIS_GREETING_FAILED, why);
}

static bool keep_sha(struct redis_greeting *greeting, enum redis_greeting_step step,
                     const redisReply *reply)
{
    if (reply->type != REDIS_REPLY_STRING || reply->len != REDIS_SHA_SIZE - 1)
        return false;
    memcpy(greeting->sha[step - GREETING_LOAD], reply->str, REDIS_SHA_SIZE);
    return true;
}

static void on_reply(struct redis_command *command, const redisReply *reply)
{
    struct redis_greeting_command *this = (struct redis_greeting_command *)command;
    struct redis_greeting *greeting = this->greeting;
    enum redis_greeting_step step = (enum redis_greeting_step)(this - greeting->steps);

    greeting->open--;
    if (reply == NULL || greeting->failed)
        return;
    if (reply->type == REDIS_REPLY_ERROR &&
        step != GREETING_NAME) /* only a help for whoever lists clients */
        fail(greeting, step, reply->str);
    else if (step >= GREETING_LOAD && !keep_sha(greeting, step, reply))
        fail(greeting, step, "what answers there is no Redis");
    else if (greeting->open == 0)
        end(greeting, REDIS_GREETING_DONE, "");
}

static bool send_step(struct redis_greeting *greeting, enum redis_greeting_step step,
                      const struct redis_arguments *arguments)
{
    struct redis_greeting_command *this = &greeting->steps[step];

    *this = (struct redis_greeting_command){{on_reply}, greeting};
    if (!greeting->send(greeting->context, &this->command, arguments))
        return false;
    greeting->open++;
    return true;
}

static bool send_texts(struct redis_greeting *greeting, enum redis_greeting_step step,
                       const char *const *texts)
{
    struct redis_arguments arguments = {.count = 0};

    for (; *texts != NULL; texts++)
        redis_add(&arguments, *texts);
    return send_step(greeting, step, &arguments);
}

static bool send_scripts(struct redis_greeting *greeting)
{
    bool sent = true;

    for (int i = 0; i < REDIS_SCRIPT_COUNT && sent; i++) {
        const char *texts[] = {"SCRIPT", "LOAD", redis_script_text((enum redis_script)i), NULL};
        sent = send_texts(greeting, (enum redis_greeting_step)(GREETING_LOAD + i), texts);
    }
    return sent;
}

bool redis_greeting_load_scripts(struct redis_greeting *greeting)
{
    return greeting->open > 0 || send_scripts(greeting);
}

static bool send_password(struct redis_greeting *greeting, const struct settings *settings,
                          struct error *error)
{
    char password[SECRET_SIZE_MAX];
    const char *user = settings->redis.username;
    bool sent = true;

    if (!secret_read(settings->redis.password, settings->redis.password_file, password,
                     sizeof password, error))
        return false;
    if (user[0] != '\0')
        sent = send_texts(greeting, GREETING_AUTH, (const char *[]){"AUTH", user, password, NULL});
    else if (password[0] != '\0')
        sent = send_texts(greeting, GREETING_AUTH, (const char *[]){"AUTH", password, NULL});
    explicit_bzero(password, sizeof password);
    return sent || error_set(error, "redis.url: no memory for a connection");
}

bool redis_greeting_check(const struct settings *settings, struct error *error)
{
    char password[SECRET_SIZE_MAX];
    bool readable = secret_read(settings->redis.password, settings->redis.password_file, password,
                                sizeof password, error);

    explicit_bzero(password, sizeof password);
    return readable;
}

static bool send_rest(struct redis_greeting *greeting, int database)
{
    char number[16];

    snprintf(number, sizeof number, "%d", database);
    if (database != 0 &&
        !send_texts(greeting, GREETING_SELECT, (const char *[]){"SELECT", number, NULL}))
        return false;
    return send_texts(greeting, GREETING_NAME,
                      (const char *[]){"CLIENT", "SETNAME", "usher", NULL});
}

bool redis_greeting_start(struct redis_greeting *greeting, const struct settings *settings,
                          int database, struct error *error)
{
    greeting->open = 0;
    greeting->failed = false;
    if (!send_password(greeting, settings, error))
        return false;
    return (send_rest(greeting, database) && send_scripts(greeting)) ||
           error_set(error, "redis.url: no memory for a connection");
}
