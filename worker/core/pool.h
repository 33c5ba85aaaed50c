#pragma once

#include "worker/core/request.h"

/* All requests there can be, made at start (settings limits.requests and limits.bytes), so that
 * memory is bounded and "full" is one question. */
struct pool {
    struct request *all;
    struct request *free; /* by request::next */
    size_t size, used;
    size_t bytes_max, bytes_used; /* of the records at work: key, value and headers */
};

bool pool_init(struct pool *pool, size_t requests, size_t bytes_max);
void pool_finish(struct pool *pool);

/* Room for one more record? True also for one that is larger than what is left, so that a single
 * record is never stuck: the bound is bytes_max plus one record. */
bool pool_has_room(const struct pool *pool);
/* A request for this record; pool_has_room() must be true. */
struct request *pool_take(struct pool *pool, const struct record *record,
                          struct partition *partition, int64_t wall_ms);
void pool_put(struct pool *pool, struct request *rq);
