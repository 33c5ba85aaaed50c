#include "tests/sim/redis_state.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

void redis_model_init(struct redis_model *redis, size_t journal_size)
{
    *redis = (struct redis_model){.server = 1};
    if (journal_size > 0) {
        redis->journal = calloc(journal_size, sizeof *redis->journal);
        assert(redis->journal != NULL);
        redis->journal_size = journal_size;
    }
}

void redis_model_reset(struct redis_model *redis)
{
    struct redis_undo *journal = redis->journal;
    size_t size = redis->journal_size;
    *redis = (struct redis_model){.server = 1, .journal = journal, .journal_size = size};
}

void redis_model_finish(struct redis_model *redis)
{
    free(redis->journal);
    redis->journal = NULL;
}

/* ---- what can be lost ---------------------------------------------------------------------------
 */

/* Before each script that writes. When the journal is full its older half can be lost no more. */
void redis_model_note(struct redis_model *redis, int key, int64_t now_us)
{
    if (redis->journal == NULL)
        return;
    if (redis->journal_count == redis->journal_size) {
        size_t half = redis->journal_size / 2;
        memmove(redis->journal, redis->journal + half,
                (redis->journal_size - half) * sizeof *redis->journal);
        redis->journal_count -= half;
        redis->durable = redis->durable > half ? redis->durable - half : 0;
    }
    struct redis_undo *undo = &redis->journal[redis->journal_count++];
    undo->key = key;
    undo->was = redis->keys[key];
    undo->memory = redis->memory;
    memcpy(undo->writes, redis->writes, sizeof undo->writes);
    memcpy(undo->writes_expire_ms, redis->writes_expire_ms, sizeof undo->writes_expire_ms);
    undo->at_ms = now_us / 1000;
}

void redis_model_sync(struct redis_model *redis)
{
    redis->durable = redis->journal_count;
}

void redis_model_lose(struct redis_model *redis, size_t count,
                      void (*on_lost)(void *context, int key), void *context)
{
    while (count-- > 0 && redis->journal_count > redis->durable) {
        const struct redis_undo *undo = &redis->journal[--redis->journal_count];
        redis->keys[undo->key] = undo->was;
        redis->memory = undo->memory;
        memcpy(redis->writes, undo->writes, sizeof redis->writes);
        memcpy(redis->writes_expire_ms, undo->writes_expire_ms, sizeof redis->writes_expire_ms);
        on_lost(context, undo->key);
    }
}

void redis_model_flush(struct redis_model *redis, void (*on_lost)(void *context, int key),
                       void *context)
{
    for (int key = 0; key < REDIS_MODEL_KEYS; key++) {
        if (redis->keys[key].state == REDIS_FREE)
            continue;
        redis->keys[key] = (struct redis_key){0};
        on_lost(context, key);
    }
    redis->memory = 0;
    memset(redis->writes, 0, sizeof redis->writes);
    redis->interlock = false;
    redis->journal_count = redis->durable = 0;
}
