#pragma once

#include "config/settings.h"
#include "worker/core/error.h"
#include "worker/core/pipeline.h"

#include <uv.h>

/* The Redis shell: one pipelined connection, three scripts (claim, mark, record) and a few keys. Posts to the pipeline; decides
 * nothing. While the connection is away every start posts OUTCOME_PACED, so nothing is lost and nothing counted. */
struct redis;

struct redis *redis_create(uv_loop_t *loop, const struct settings *settings, struct pipeline *pipeline,
                           struct error *error);
void redis_destroy(struct redis *redis);

void redis_claim(struct redis *redis, struct request *rq, int64_t now_ms);
void redis_mark(struct redis *redis, struct request *rq, int64_t now_ms);
void redis_record(struct redis *redis, struct request *rq, int64_t now_ms);
/* Gives a claim back that was never marked (the record's partition moved, or the worker leaves). Posts nothing. */
void redis_release(struct redis *redis, const struct request *rq);

/* The interlock key: raised once, and watched: `on_interlock` is called when it appears or is gone (contract 6). */
void redis_raise_interlock(struct redis *redis, const char *why);
void redis_watch_interlock(struct redis *redis, void (*on_interlock)(void *context, bool stands), void *context);

bool redis_is_up(const struct redis *redis);
/* Why it is not, a sentence; "" when it is. Never holds a password. */
const char *redis_trouble(const struct redis *redis);
