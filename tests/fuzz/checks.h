#pragma once

#include "worker/core/reply.h"

#include <cjson/cJSON.h>

/* Properties that more than one target asserts. Each ends in an assert where it does not hold. */

extern const struct reply_settings check_settings; /* group "usher", allowed: "hr-replies" */

/* Text that we made: passes our own gate, with names that stand once. The caller deletes the tree.
 */
cJSON *check_json(struct str json);

/* The member's text; NULL where it is none or is not there. */
const char *check_text(const cJSON *object, const char *name);

bool check_same_header(const struct header *a, const struct header *b);

/* A fault that is set: one of our codes (unless `graphs`), a stage, printable as one line. */
void check_fault(const struct fault *fault, bool graphs);

/* Answers the request (rq->answer is set) in full and in brief, and dead-letters it; its stored
 * members are read back, and the reply made from them is the same but for nothing. */
void check_reply(const struct request *rq);
