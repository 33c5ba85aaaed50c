#pragma once

#include "worker/io/redis_connection.h"

#include <stdbool.h>

/* The interlock's key (contract 6): raising it, and seeing that it stands or was cleared. Once a
 * second. */

enum {
    REDIS_INTERLOCK_PERIOD_MS = 1000,
    REDIS_INTERLOCK_HASTE_MS = 50, /* while it is not known: nothing is taken in until then */
};

/* Zeroed but for `connection` and `key`. */
struct redis_interlock {
    struct redis_connection *connection;
    const char *key;
    void (*on_change)(void *context, bool stands); /* or NULL */
    void *context;
    bool stands; /* as on_change was told last */
    uint64_t
        known_for; /* the connection, by its number, that last told whether it stands; 0: none */
    char *raise;   /* owned; what is to be written, until Redis has it; NULL: nothing */
    struct redis_interlock_command {
        struct redis_command command; /* first */
        struct redis_interlock *interlock;
        bool open;
    } get, set;
};

void redis_interlock_finish(struct redis_interlock *interlock);

/* `instance`: who raises it. */
void redis_interlock_raise(struct redis_interlock *interlock, const char *instance,
                           const char *why);

/* Writes what is to be written and asks for the key. */
void redis_interlock_tick(struct redis_interlock *interlock);

/* The present connection has told whether it stands. Before that, Redis does not count as up: an
 * interlock of another replica must be seen before the first record is taken in. */
bool redis_interlock_is_known(const struct redis_interlock *interlock);

/* It stands, or does not: seen by whoever asked Redis. */
void redis_interlock_see(struct redis_interlock *interlock, bool stands);
