#pragma once

#include "worker/io/redis.h"
#include "worker/io/redis_command.h"

/* What Redis keeps of one event (redis_scripts.h), to be shown: it is read, and nothing else. */

struct redis_entry {
    const char *trouble; /* why it is not known, a sentence; NULL: it is */
    bool found;
    struct str state, outcome, owner, stored, origin, client_request_id; /* data NULL: not there */
    int64_t lease_wall_ms, claimed_wall_ms, intent_wall_ms;              /* 0: not there */
    int64_t crashes;
};

/* One question. It stays where it is until on_entry, which is called exactly once. */
struct redis_look {
    struct redis_command command; /* first */
    /* `entry` lives for the length of the call. */
    void (*on_entry)(struct redis_look *look, const struct redis_entry *entry);
    void *context;
};

/* `look` has its on_entry. `source` and `id` have EVENT_ID_MAX bytes at most. False: Redis cannot
 * be asked now, and on_entry is not called. */
bool redis_look_at(struct redis *redis, struct redis_look *look, const char *source,
                   const char *id);
