#pragma once

#include <hiredis/hiredis.h>

/* One command under way. Whoever sends it puts this first in a struct of its own, which must live
 * until on_reply, called exactly once: NULL means that the connection broke, and the command may or
 * may not have been carried out. */
struct redis_command {
    void (*on_reply)(struct redis_command *command, const redisReply *reply);
};

enum {
    REDIS_ARGUMENTS_MAX = 20
}; /* the longest, claim: EVALSHA, hash, count, five keys and twelve more */

/* Its words: texts of the caller's, which must live until it is sent. */
struct redis_arguments {
    const char *text[REDIS_ARGUMENTS_MAX];
    size_t size[REDIS_ARGUMENTS_MAX];
    int count;
};

void redis_add(struct redis_arguments *arguments, const char *text);
