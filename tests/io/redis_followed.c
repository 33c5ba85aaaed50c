#include "tests/io/redis_followed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

void followed_on_taken(void *context, const struct redis_taken *taken)
{
    struct followed_taken *ret = context;
    ret->answered = true;
    ret->known = taken != NULL;
    if (taken == NULL)
        return;
    ret->count = taken->count;
    ret->entries = taken->entries;
    for (size_t i = 0; i < taken->count; i++) {
        snprintf(ret->items[i].name, ORIGIN_SIZE, "%.*s", (int)taken->items[i].name.size,
                 taken->items[i].name.data);
        ret->items[i].lease_ms = taken->items[i].lease_ms;
        ret->items[i].readable = followed_read(taken->items[i].entry, &ret->items[i].followed);
    }
}

bool followed_is_told(void *context)
{
    return *(bool *)context;
}

void followed_take(struct redis_world *world, unsigned room, struct followed_taken *ret)
{
    *ret = (struct followed_taken){.answered = false};
    assert_true(redis_follow_take(world->redis, room, followed_on_taken, ret));
    redis_world_until(world, followed_is_told, &ret->answered);
    assert_true(ret->known);
}

void followed_forget(struct followed_taken *taken)
{
    for (size_t i = 0; i < taken->count; i++)
        followed_finish(&taken->items[i].followed);
    taken->count = 0;
}

void followed_on_put(void *context, int64_t lease_ms)
{
    *(struct followed_told *)context = (struct followed_told){true, lease_ms};
}

int64_t followed_put(struct redis_world *world, const struct followed_taken *taken, size_t i,
                     int64_t delay_ms, const struct followed *followed)
{
    struct redis_put put = {taken->items[i].name, taken->items[i].lease_ms, delay_ms, followed};
    struct followed_told told = {.answered = false};
    assert_true(redis_follow_put(world->redis, &put, followed_on_put, &told));
    redis_world_until(world, followed_is_told, &told.answered);
    return told.lease_ms;
}

struct request *followed_record(struct redis_world *world, int64_t offset, const char *object)
{
    char id[32];
    snprintf(id, sizeof id, "e%lld", (long long)offset);
    char *memory = strdup(id); /* freed with the event */
    struct request *rq = redis_world_request(world, offset, memory, "\"requestType\":\"AdminAdd\"");
    rq->event.memory = memory;
    rq->graph.object = strdup(object);
    assert_int_equal(redis_world_play(world, rq, STAGE_CLAIM), OUTCOME_OK);
    assert_int_equal(redis_world_answer(world, rq, ANSWER_SUBMITTED), OUTCOME_OK);
    return rq;
}

void followed_submit(struct redis_world *world, int64_t offset, const char *object)
{
    redis_world_drop(world, followed_record(world, offset, object));
}
