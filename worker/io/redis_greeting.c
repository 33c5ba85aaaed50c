#include "worker/io/redis_greeting.h"

#include "worker/io/redis_answer.h"

#include <stdio.h>
#include <string.h>

static const char no_memory[] = "redis.url: no memory for a connection";

static void end(struct redis_greeting *greeting, enum redis_greeting_result result, const char *why)
{
    greeting->failed = result != REDIS_GREETING_DONE;
    greeting->on_end(greeting->context, result, why);
}

/* Redis' own words, except to AUTH: there an error may repeat what was sent (an unknown command
 * does), so only its first word is taken. */
static void fail(struct redis_greeting *greeting, enum redis_greeting_step step,
                 const redisReply *reply)
{
    struct error why = {0};

    if (step == GREETING_AUTH) {
        error_set(&why,
                  "redis.password: Redis refused it, or the user of redis.username (%.*s); "
                  "the user's ACL",
                  (int)strcspn(reply->str, " "), reply->str);
        end(greeting, REDIS_GREETING_REFUSED, why.text);
        return;
    }
    redis_answer_explain(reply, &why);
    end(greeting, redis_answer_is_forbidden(reply) ? REDIS_GREETING_REFUSED : REDIS_GREETING_FAILED,
        why.text);
}

static bool keep_sha(struct redis_greeting *greeting, enum redis_greeting_step step,
                     const redisReply *reply)
{
    if (reply->type != REDIS_REPLY_STRING || reply->len != REDIS_SHA_SIZE - 1)
        return false;
    memcpy(greeting->sha[step - GREETING_LOAD], reply->str, REDIS_SHA_SIZE);
    return true;
}

static void keep_fact(struct redis_greeting *greeting, enum redis_greeting_step step,
                      const redisReply *reply)
{
    if (step == GREETING_INFO)
        redis_facts_read_info(&greeting->facts, reply);
    else
        redis_facts_read_waitaof(&greeting->facts, reply);
}

static bool is_good(struct redis_greeting *greeting, enum redis_greeting_step step,
                    const redisReply *reply)
{
    if (step == GREETING_NAME) /* only a help for whoever lists clients */
        return true;
    if (step == GREETING_INFO || step == GREETING_WAITAOF) {
        keep_fact(greeting, step, reply);
        return true;
    }
    if (step == GREETING_PROBE)
        return redis_answer_meaning(reply, 1) == REDIS_ANSWERED;
    return step >= GREETING_LOAD ? keep_sha(greeting, step, reply)
                                 : reply->type != REDIS_REPLY_ERROR;
}

static bool send_probe(struct redis_greeting *greeting);

static void on_reply(struct redis_command *command, const redisReply *reply)
{
    struct redis_greeting_command *this = (struct redis_greeting_command *)command;
    struct redis_greeting *greeting = this->greeting;
    enum redis_greeting_step step = (enum redis_greeting_step)(this - greeting->steps);

    greeting->open--;
    if (reply == NULL || greeting->failed)
        return;
    if (!is_good(greeting, step, reply))
        fail(greeting, step, reply);
    else if (step == GREETING_PROBE)
        end(greeting, REDIS_GREETING_DONE, "");
    else if (greeting->open == 0 && !send_probe(greeting))
        end(greeting, REDIS_GREETING_FAILED, no_memory);
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

/* A name that no event's key has. The script is one step, so that workers share it. */
static bool send_probe(struct redis_greeting *greeting)
{
    char key[REDIS_PREFIX_MAX + sizeof ":event:probe"];
    char interlock[REDIS_PREFIX_MAX + sizeof ":interlock"];
    char memory[REDIS_PREFIX_MAX + sizeof ":memory"];
    char writes[REDIS_PREFIX_MAX + sizeof ":writes:probe"];
    char pace[REDIS_PREFIX_MAX + sizeof ":pace:probe"];
    char follow[REDIS_PREFIX_MAX + sizeof ":follow:probe"];
    bool follows = greeting->settings->follow.enabled;
    const char *prefix = greeting->settings->redis.key_prefix;

    snprintf(key, sizeof key, "%s:event:probe", prefix);
    snprintf(interlock, sizeof interlock, "%s:interlock", prefix);
    snprintf(memory, sizeof memory, "%s:memory", prefix);
    snprintf(writes, sizeof writes, "%s:writes:probe", prefix);
    snprintf(pace, sizeof pace, "%s:pace%s", prefix,
             greeting->settings->tenants.count > 0 ? ":probe" : "");
    snprintf(follow, sizeof follow, "%s:follow:probe", prefix);
    return send_texts(greeting, GREETING_PROBE,
                      (const char *[]){"EVALSHA", greeting->sha[REDIS_PROBE], follows ? "6" : "5",
                                       key, interlock, memory, writes, pace,
                                       follows ? follow : NULL, NULL});
}

bool redis_greeting_load_scripts(struct redis_greeting *greeting)
{
    return greeting->open > 0 || send_scripts(greeting);
}

static bool send_password(struct redis_greeting *greeting, struct error *error)
{
    char password[SECRET_SIZE_MAX];
    const struct settings *settings = greeting->settings;
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
    return sent || error_set(error, "%s", no_memory);
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
    if (greeting->settings->redis.wait_replicas > 0 &&
        !send_texts(greeting, GREETING_WAIT, (const char *[]){"WAIT", "0", "1", NULL}))
        return false;
    return send_texts(greeting, GREETING_INFO, (const char *[]){"INFO", NULL}) &&
           send_texts(greeting, GREETING_WAITAOF,
                      (const char *[]){"WAITAOF", "1", "0", "1", NULL}) &&
           send_texts(greeting, GREETING_NAME,
                      (const char *[]){"CLIENT", "SETNAME", "usher", NULL});
}

bool redis_greeting_start(struct redis_greeting *greeting, int database, struct error *error)
{
    greeting->open = 0;
    greeting->failed = false;
    greeting->facts = (struct redis_facts){.asked = true};
    if (!send_password(greeting, error))
        return false;
    return (send_rest(greeting, database) && send_scripts(greeting)) ||
           error_set(error, "%s", no_memory);
}
