#include "worker/core/pool.h"

#include <assert.h>
#include <stdlib.h>

bool pool_init(struct pool *pool, size_t requests, size_t bytes_max)
{
    assert(requests > 0);
    *pool = (struct pool){.all = calloc(requests, sizeof *pool->all), .bytes_max = bytes_max};
    if (pool->all == NULL)
        return false;
    pool->size = requests;
    for (size_t i = requests; i > 0; i--) {
        pool->all[i - 1].next = pool->free;
        pool->free = &pool->all[i - 1];
    }
    return true;
}

void pool_finish(struct pool *pool)
{
    for (size_t i = 0; i < pool->size; i++)
        request_finish(&pool->all[i]);
    free(pool->all);
    *pool = (struct pool){0};
}

bool pool_has_room(const struct pool *pool)
{
    return pool->free != NULL && pool->bytes_used < pool->bytes_max;
}

static size_t record_bytes(const struct record *record)
{
    size_t bytes =
        record->key.size + record->value.size + record->header_count * sizeof *record->headers;
    for (size_t i = 0; i < record->header_count; i++)
        bytes += record->headers[i].name.size + record->headers[i].value.size;
    return bytes;
}

struct request *pool_take(struct pool *pool, const struct record *record,
                          struct partition *partition, int64_t wall_ms)
{
    assert(pool_has_room(pool));
    struct request *rq = pool->free;
    pool->free = rq->next;
    request_init(rq, record, partition, wall_ms);
    rq->record_bytes = record_bytes(record);
    pool->used++;
    pool->bytes_used += rq->record_bytes;
    return rq;
}

void pool_put(struct pool *pool, struct request *rq)
{
    assert(rq >= pool->all && rq < pool->all + pool->size);
    assert(pool->used > 0 && pool->bytes_used >= rq->record_bytes);
    pool->used--;
    pool->bytes_used -= rq->record_bytes;
    request_finish(rq);
    rq->next = pool->free;
    pool->free = rq;
}
