#pragma once

#include "config/settings.h"
#include "tests/io/redis_server.h"
#include "worker/core/pipeline.h"
#include "worker/io/redis.h"

/* One worker as far as Redis is concerned: a loop, settings, a pipeline whose stages are played by
 * the test, and the shell. Two of them are two workers. Every check is a cmocka assertion. */
struct redis_world {
    uv_loop_t loop;
    struct settings settings;
    struct pool pool;
    struct pipeline pipeline;
    struct partition partition;
    struct redis *redis;
    char url[128];
};

/* `instance` is its name. Settings are those of the contract but for a lease of 60 s; change them
 * before redis_world_open(). */
void redis_world_init(struct redis_world *world, const struct redis_server *server,
                      const char *instance);
/* Creates the shell and waits until it is up. */
void redis_world_open(struct redis_world *world);
/* Creates the shell, no more. */
void redis_world_create(struct redis_world *world);
void redis_world_finish(struct redis_world *world);

/* Turns the loop until `done` says so; fails after 10 s. */
void redis_world_until(struct redis_world *world, bool (*done)(void *context), void *context);
/* Turns the loop for a while. */
void redis_world_turn(struct redis_world *world, int64_t for_ms);
bool redis_world_is_up(void *world);
bool redis_world_is_down(void *world);
int64_t redis_world_now(struct redis_world *world);

/* An assignment request with that id and body, read from `offset` of topic t, partition 0. Give it
 * back with redis_world_drop(). */
struct request *redis_world_request(struct redis_world *world, int64_t offset, const char *id,
                                    const char *body);
void redis_world_drop(struct redis_world *world, struct request *rq);

/* Starts a stage, and what it posted, which must be one outcome. */
void redis_world_start(struct redis_world *world, struct request *rq, enum stage stage);
enum outcome redis_world_wait(struct redis_world *world, struct request *rq);
/* Both. */
enum outcome redis_world_play(struct redis_world *world, struct request *rq, enum stage stage);
/* The record stage with that answer. */
enum outcome redis_world_answer(struct redis_world *world, struct request *rq, enum answer answer);
