#pragma once

#include "config/settings.h"
#include "worker/core/error.h"
#include "worker/io/redis_command.h"
#include "worker/io/redis_facts.h"
#include "worker/io/redis_scripts.h"

#include <uv.h>

/*
 * The one connection to Redis: finds it, connects, says who we are, loads the scripts, and does so
 * again whenever it is lost. Never blocks the loop: names are resolved by libuv's threads. It knows
 * nothing of events; worker/io/redis.c does.
 */
struct redis_connection;

enum {
    REDIS_CONNECT_TIMEOUT_MS = 5000, /* from the first packet to the last answer of the greeting */
    REDIS_ANSWER_TIMEOUT_MS =
        5000, /* commands are open, and Redis has answered nothing for so long */
};

struct redis_connection_counters {
    uint64_t commands, connects,
        losses; /* losses: of a connection that was up, or of a try to get it up */
};

/* Starts to connect. False: NULL and an error that names the setting (a file that cannot be read, a
 * wrong URL). A Redis that is away is no error. `settings` must outlive it. */
struct redis_connection *redis_connection_create(uv_loop_t *loop, const struct settings *settings,
                                                 struct error *error);
/* Open commands get NULL before it returns. Its handles close in the loop's next turn, and only
 * then its memory is free. Never from inside on_reply. NULL is fine. */
void redis_connection_destroy(struct redis_connection *connection);

/* False: not up, or no memory; on_reply will not be called. The arguments are copied. */
bool redis_connection_send(struct redis_connection *connection, struct redis_command *command,
                           const struct redis_arguments *arguments);

/* The script's name for EVALSHA. Redis may forget it (SCRIPT FLUSH: NOSCRIPT): load again. */
const char *redis_connection_sha(const struct redis_connection *connection,
                                 enum redis_script script);
void redis_connection_load_scripts(struct redis_connection *connection);

/* What the Redis that we are connected to, or were last, has said of itself. */
const struct redis_facts *redis_connection_facts(const struct redis_connection *connection);

/* Leaves this server and looks for the right one (READONLY: it has become a replica). */
void redis_connection_leave(struct redis_connection *connection, const char *why);

bool redis_connection_is_up(const struct redis_connection *connection);
/* No command waits for an answer. */
bool redis_connection_is_idle(const struct redis_connection *connection);
/* At the last try Redis refused our name or password, or our user may not do what it must. */
bool redis_connection_is_refused(const struct redis_connection *connection);
/* "" when it is up; else a sentence that names the setting; never a password. */
const char *redis_connection_trouble(const struct redis_connection *connection);
const struct redis_connection_counters *redis_connection_counters(
    const struct redis_connection *connection);
