#pragma once

#include "worker/core/followed.h"
#include "worker/core/message.h"

/* The status (config/schemas/status.schema.json): what became of a submitted request, for
 * kafka.status_topic. A CloudEvent in structured mode, keyed as the request was. Its id is that of
 * the reply and `/status`. It may come more than once, and is the same to the last byte then: what
 * it says is kept in Redis before it is sent. */

#define STATUS_TYPE "usher.accessRequestStatus"

/* `followed` has its word. `group` is kafka.group. All that `ret` points to lives in its memory, or
 * in `followed` and `topic`. False: out of memory, and `ret` is zeroed. */
bool status_make(const struct followed *followed, const char *group, const char *topic,
                 struct message *ret);
