#pragma once

#include "worker/core/guid.h"
#include "worker/core/stage.h"
#include "worker/core/str.h"

/* What the model of Redis holds, and how it loses it. The scripts are in redis_model.h. */

enum { REDIS_MODEL_KEYS = 1024, REDIS_MODEL_SLOTS = 8 };

enum redis_state { REDIS_FREE, REDIS_CLAIMED, REDIS_MARKED, REDIS_FINISHED };

/* The hash of one event. 0: the field is not there. */
struct redis_key {
    enum redis_state state; /* st */
    uint64_t owner, hash, origin, run, fence;
    int64_t lease_ms, at_ms, mark_ms, expire_ms;
    unsigned crashes;
    char cid[GUID_SIZE]; /* "": none */
    enum answer out;
    struct str stored; /* res; lives as long as the model */
};

/* Redis before a write, so that writes can be lost. */
struct redis_undo {
    int key;
    struct redis_key was;
    uint64_t memory, writes[REDIS_MODEL_SLOTS];
    int64_t writes_expire_ms[REDIS_MODEL_SLOTS], at_ms;
};

struct redis_model {
    struct redis_key keys[REDIS_MODEL_KEYS];
    bool interlock;
    uint64_t memory; /* 0: not there */
    uint64_t writes[REDIS_MODEL_SLOTS];
    int64_t writes_expire_ms[REDIS_MODEL_SLOTS];
    uint64_t server;            /* changes with each start */
    int64_t clock_ms;           /* how far its clock is off */
    uint64_t ticks;             /* microseconds, so that no two fences are the same */
    struct redis_undo *journal; /* all writes since the last snapshot, NULL: none is kept */
    size_t journal_count, journal_size;
    size_t durable; /* so many of them are safe */
};

void redis_model_init(struct redis_model *redis, size_t journal_size);
void redis_model_reset(struct redis_model *redis);
void redis_model_finish(struct redis_model *redis);

/* The last `count` writes were never made. Never those that are durable. on_lost is called for each
 * event that is now other than it was. */
void redis_model_lose(struct redis_model *redis, size_t count,
                      void (*on_lost)(void *context, int key), void *context);
void redis_model_flush(struct redis_model *redis, void (*on_lost)(void *context, int key),
                       void *context);
/* Before each script that writes: the key as it was. */
void redis_model_note(struct redis_model *redis, int key, int64_t now_us);
/* All that was written up to now is safe. */
void redis_model_sync(struct redis_model *redis);
