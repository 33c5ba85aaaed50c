#include "tests/io/redis_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

enum { REQUESTS = 512, PATIENCE_MS = 10000 };

static void leave(void *context, struct request *rq)
{
    (void)context, (void)rq;
}

void redis_world_init(struct redis_world *world, const struct redis_server *server,
                      const char *instance)
{
    const struct plan_limits limits = {10, 900000, 300000, 300000};
    const struct stage_ops stages = {.leave = leave};

    *world = (struct redis_world){.partition = {.id = 0, .epoch = 1}};
    snprintf(world->url, sizeof world->url, "redis://127.0.0.1:%d/0", server->port);
    struct settings *settings = &world->settings;
    settings->kafka.instance_id = instance;
    settings->redis.url = world->url;
    settings->redis.username = settings->redis.password = settings->redis.password_file = "";
    settings->redis.tls_ca_file = settings->redis.tls_cert_file = settings->redis.tls_key_file = "";
    settings->redis.key_prefix = "test";
    settings->redis.lease_ms = 60000;
    settings->redis.keep_ms = 600000;
    assert_int_equal(uv_loop_init(&world->loop), 0);
    assert_true(pool_init(&world->pool, REQUESTS, 1 << 20));
    assert_true(pipeline_init(&world->pipeline, &limits, &stages, &world->pool, 1));
}

void redis_world_create(struct redis_world *world)
{
    struct error error = {0};

    world->redis = redis_create(&world->loop, &world->settings, &world->pipeline, &error);
    assert_string_equal(error.text, "");
    assert_non_null(world->redis);
}

void redis_world_open(struct redis_world *world)
{
    redis_world_create(world);
    redis_world_until(world, redis_world_is_up, world);
}

void redis_world_finish(struct redis_world *world)
{
    redis_destroy(world->redis);
    uv_run(&world->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&world->loop), 0); /* every handle is closed */
    for (size_t i = 0; i < world->pool.size; i++) {
        if (world->pool.all[i].record.topic != NULL) /* in use: left behind by a test that failed */
            pool_put(&world->pool, &world->pool.all[i]);
    }
    pipeline_finish(&world->pipeline);
    pool_finish(&world->pool);
}

int64_t redis_world_now(struct redis_world *world)
{
    uv_update_time(&world->loop);
    return (int64_t)uv_now(&world->loop);
}

static void on_tick(uv_timer_t *timer)
{
    (void)timer; /* only so that the loop wakes up */
}

static bool turn_until(struct redis_world *world, bool (*done)(void *context), void *context,
                       int64_t for_ms)
{
    uv_timer_t tick;
    int64_t end_ms = redis_world_now(world) + for_ms;
    bool is_done = false;

    uv_timer_init(&world->loop, &tick);
    uv_timer_start(&tick, on_tick, 5, 5);
    while (!(is_done = done != NULL && done(context)) && redis_world_now(world) < end_ms)
        uv_run(&world->loop, UV_RUN_ONCE);
    uv_close((uv_handle_t *)&tick, NULL);
    uv_run(&world->loop, UV_RUN_NOWAIT);
    return is_done;
}

void redis_world_until(struct redis_world *world, bool (*done)(void *context), void *context)
{
    if (!turn_until(world, done, context, PATIENCE_MS))
        fail_msg("waited in vain; Redis: %s", redis_trouble(world->redis));
}

void redis_world_turn(struct redis_world *world, int64_t for_ms)
{
    turn_until(world, NULL, NULL, for_ms);
}

bool redis_world_is_up(void *context)
{
    return redis_is_up(((struct redis_world *)context)->redis);
}

bool redis_world_is_down(void *context)
{
    return !redis_world_is_up(context);
}

struct request *redis_world_request(struct redis_world *world, int64_t offset, const char *id,
                                    const char *body)
{
    struct record record = {.topic = "t", .offset = offset, .timestamp_ms = -1};
    struct request *rq = pool_take(&world->pool, &record, &world->partition, 1750000000000);

    rq->event = (struct event){
        .worth = EVENT_GOOD,
        .kind = KIND_ASSIGNMENT,
        .request_type = REQUEST_TYPE_ADMIN_ADD,
        .id = id,
        .source = "/test",
        .type = kind_type(KIND_ASSIGNMENT),
        .body = {body, strlen(body)},
    };
    return rq;
}

void redis_world_drop(struct redis_world *world, struct request *rq)
{
    assert_int_not_equal(rq->run, RUN_STARTED);
    pool_put(&world->pool, rq);
}

void redis_world_start(struct redis_world *world, struct request *rq, enum stage stage)
{
    static void (*const starts[STAGE_COUNT])(struct redis *, struct request *, int64_t) = {
        [STAGE_CLAIM] = redis_claim,
        [STAGE_MARK] = redis_mark,
        [STAGE_RECORD] = redis_record,
    };

    rq->stage = stage;
    rq->run = RUN_STARTED;
    rq->pause_ms = 0;
    world->pipeline.started++;
    starts[stage](world->redis, rq, redis_world_now(world));
}

static bool is_posted(void *context)
{
    return ((struct request *)context)->run == RUN_POSTED;
}

enum outcome redis_world_wait(struct redis_world *world, struct request *rq)
{
    redis_world_until(world, is_posted, rq);
    /* Posted twice, pipeline_post() itself would have ended the test. */
    if (world->pipeline.started == 0)
        world->pipeline.posted = (struct queue){0};
    return rq->outcome;
}

enum outcome redis_world_play(struct redis_world *world, struct request *rq, enum stage stage)
{
    redis_world_start(world, rq, stage);
    return redis_world_wait(world, rq);
}

enum outcome redis_world_answer(struct redis_world *world, struct request *rq, enum answer answer)
{
    rq->answer = answer;
    rq->finished_wall_ms = 1750000001000;
    return redis_world_play(world, rq, STAGE_RECORD);
}
