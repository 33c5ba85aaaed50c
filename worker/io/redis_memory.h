#pragma once

#include "config/settings.h"
#include "worker/core/witness.h"
#include "worker/io/redis_scripts.h"

/* Does Redis still know all that it was told? Each claim and each intent counts a write of ours and
 * says whose memory it is (redis_scripts.h). Here the answers are compared with the one before, and
 * with the word of a worker before us. */
struct redis_memory {
    struct witness known; /* as Redis answered last */
    int64_t seen_ms;      /* when it answered last */
    int64_t keep_ms;      /* redis.keep: how long an idle worker's count lives */
    /* Called when Redis has lost something, or may have, with what was known before. */
    void (*on_loss)(void *context, const struct witness *before);
    void *context;
    uint64_t forgotten;
};

/* `slot` is of this worker, WITNESS_SLOT_SIZE - 1 digits. */
void redis_memory_init(struct redis_memory *memory, const struct settings *settings,
                       const char *slot);

/* An answer came, on a connection to `server` ("": not known): its memory's id, and how many writes
 * of ours it has counted. A loss is logged ("redis.forgot") and counted. */
void redis_memory_see(struct redis_memory *memory, struct str id, uint64_t writes,
                      const char *server, int64_t now_ms);

/* What the next script may compare with: the count seen last, or 0 where it may have run out. */
uint64_t redis_memory_least(const struct redis_memory *memory, int64_t now_ms);

/* Is `server` another than the one of the witness (NULL: none)? Then it was restarted or failed
 * over, and the last writes may be lost. */
bool redis_memory_is_other_server(const struct witness *witness, const char *server);

/* A new id, for a Redis without one. False: the system gives no random bytes. */
bool redis_memory_make_id(char ret[WITNESS_MEMORY_SIZE]);
