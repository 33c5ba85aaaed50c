#pragma once

#include "worker/io/redis_call.h"

/* What redis_record() adds to its script so that the request is followed (redis_follow.h). The
 * inside of the Redis shell. */
struct redis_record_words {
    char *entry; /* owned by the caller; NULL: it is not to be followed, and the rest is unset */
    char due_key[REDIS_KEY_SIZE], entries_key[REDIS_KEY_SIZE];
    char delay[REDIS_NUMBER_SIZE], most[REDIS_NUMBER_SIZE], life[REDIS_NUMBER_SIZE];
};

/* False: no memory. */
bool redis_record_follow(const struct redis *redis, const struct request *rq,
                         struct redis_record_words *ret);
void redis_record_add(struct redis_arguments *arguments, const struct redis_record_words *words);
/* The script answered "full". */
void redis_record_full(struct redis *redis, const struct request *rq);
