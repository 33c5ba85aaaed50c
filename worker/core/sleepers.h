#pragma once

#include "worker/core/request.h"

/* Requests that wait for a time, as a heap by wake_ms: the next one is always at hand, and one that
 * is dropped early can be taken out (request::sleep_slot says where it is). One heap instead of a
 * timer for each request. */
struct sleepers {
    struct request **heap;
    size_t count, size;
};

/* Room for `requests`. False when memory is short. */
bool sleepers_init(struct sleepers *sleepers, size_t requests);
void sleepers_finish(struct sleepers *sleepers);

void sleepers_add(struct sleepers *sleepers, struct request *rq);
void sleepers_remove(struct sleepers *sleepers, struct request *rq);
/* The one that is to be woken first; NULL: none sleeps. */
struct request *sleepers_first(const struct sleepers *sleepers);
