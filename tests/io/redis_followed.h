#pragma once

#include "tests/io/redis_world.h"
#include "worker/core/claim.h"
#include "worker/io/redis_follow.h"

/* Followed requests in a redis_world: the calls, each with its answer. */

struct followed_taken {
    bool answered, known;
    size_t count;
    int64_t entries;
    struct {
        char name[ORIGIN_SIZE];
        int64_t lease_ms;
        struct followed followed;
        bool readable;
    } items[REDIS_TAKE_MAX];
};
struct followed_told {
    bool answered;
    int64_t lease_ms;
};
/* Both begin with whether they were answered. */
bool followed_is_told(void *context);
void followed_on_taken(void *context, const struct redis_taken *taken);
void followed_on_put(void *context, int64_t lease_ms);

/* Takes what is due; give it back with followed_forget(). */
void followed_take(struct redis_world *world, unsigned room, struct followed_taken *ret);
void followed_forget(struct followed_taken *taken);
/* Puts number `i` back, and returns what on_put was told. */
int64_t followed_put(struct redis_world *world, const struct followed_taken *taken, size_t i,
                     int64_t delay_ms, const struct followed *followed);

/* Claims and records the submitted request t/0/<offset>, which Graph answered with `object`. */
struct request *followed_record(struct redis_world *world, int64_t offset, const char *object);
/* And drops it. */
void followed_submit(struct redis_world *world, int64_t offset, const char *object);
