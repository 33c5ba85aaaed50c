#pragma once

#include "config/settings.h"
#include "worker/io/redis_command.h"
#include "worker/io/redis_facts.h"
#include "worker/io/redis_scripts.h"

/* What a new connection says first: AUTH, SELECT, WAIT, INFO, WAITAOF, CLIENT SETNAME, SCRIPT LOAD.
 * All at once; Redis answers in order. Then the probe: may our user do all that it must, on the
 * keys of redis.key_prefix? */

enum redis_greeting_result {
    REDIS_GREETING_DONE,
    REDIS_GREETING_FAILED,  /* Redis cannot serve us now */
    REDIS_GREETING_REFUSED, /* Redis does not know our name or password, or forbids something */
};

struct redis_greeting;

enum redis_greeting_step {
    GREETING_AUTH,
    GREETING_SELECT,
    GREETING_NAME,
    GREETING_WAIT,    /* for no replica: may we? */
    GREETING_INFO,    /* whatever it answers to this … */
    GREETING_WAITAOF, /* … and to this, for 1 ms: redis_facts.h */
    GREETING_LOAD,    /* the first of REDIS_SCRIPT_COUNT */
    GREETING_PROBE = GREETING_LOAD + REDIS_SCRIPT_COUNT,
    GREETING_STEP_COUNT,
};

/* One step under way. */
struct redis_greeting_command {
    struct redis_command command; /* first */
    struct redis_greeting *greeting;
};

enum { REDIS_SHA_SIZE = 40 + 1 }; /* SHA-1 in hex, as SCRIPT LOAD answers it */

/* Kept by the connection, which fills the first four. */
struct redis_greeting {
    bool (*send)(void *context, struct redis_command *command,
                 const struct redis_arguments *arguments);
    /* The last step is answered, or one failed: `why` is a sentence then, without a password. Not
     * called when the connection breaks. */
    void (*on_end)(void *context, enum redis_greeting_result result, const char *why);
    void *context;
    const struct settings *settings;
    struct redis_greeting_command steps[GREETING_STEP_COUNT];
    unsigned open;            /* steps without an answer; the probe is alone */
    bool failed;              /* on_end has been told; the rest does not matter */
    struct redis_facts facts; /* of the Redis that was greeted last */
    char sha[REDIS_SCRIPT_COUNT][REDIS_SHA_SIZE];
};

/* Can the password be read? */
bool redis_greeting_check(const struct settings *settings, struct error *error);

/* Sends all of it; the password is read anew (redis.password_file). False: nothing may go on; the
 * error is a sentence. */
bool redis_greeting_start(struct redis_greeting *greeting, int database, struct error *error);

/* Sends the scripts and the probe only, unless they are on their way. False: no memory. */
bool redis_greeting_load_scripts(struct redis_greeting *greeting);
