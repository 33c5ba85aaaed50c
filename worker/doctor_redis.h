#pragma once

#include "worker/doctor_job.h"

#include <hiredis/hiredis.h>

/* The parts of doctor_look_at_redis(). */

/* May this user do all that the worker does? Asked with commands that come to nothing: Redis looks
 * at the rights first, and only then finds that there is no such key, or that two options exclude
 * each other. Nothing is written, also where all is allowed. */
void doctor_look_at_redis_rights(struct doctor_job *job, redisContext *redis);

/* Asks; NULL: the connection is gone. The words end in NULL. Else freeReplyObject(). */
redisReply *doctor_redis_ask(redisContext *redis, const char *const *words);
