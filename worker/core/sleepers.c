#include "worker/core/sleepers.h"

#include <assert.h>
#include <stdlib.h>

bool sleepers_init(struct sleepers *sleepers, size_t requests)
{
    *sleepers =
        (struct sleepers){.heap = calloc(requests, sizeof(struct request *)), .size = requests};
    return sleepers->heap != NULL;
}

void sleepers_finish(struct sleepers *sleepers)
{
    free(sleepers->heap);
    *sleepers = (struct sleepers){0};
}

static void put(struct sleepers *sleepers, size_t slot, struct request *rq)
{
    sleepers->heap[slot] = rq;
    rq->sleep_slot = slot;
}

static void rise(struct sleepers *sleepers, size_t slot, struct request *rq)
{
    while (slot > 0 && sleepers->heap[(slot - 1) / 2]->wake_ms > rq->wake_ms) {
        put(sleepers, slot, sleepers->heap[(slot - 1) / 2]);
        slot = (slot - 1) / 2;
    }
    put(sleepers, slot, rq);
}

static void sink(struct sleepers *sleepers, size_t slot, struct request *rq)
{
    for (size_t child = 2 * slot + 1; child < sleepers->count; child = 2 * slot + 1) {
        if (child + 1 < sleepers->count &&
            sleepers->heap[child + 1]->wake_ms < sleepers->heap[child]->wake_ms)
            child++;
        if (sleepers->heap[child]->wake_ms >= rq->wake_ms)
            break;
        put(sleepers, slot, sleepers->heap[child]);
        slot = child;
    }
    put(sleepers, slot, rq);
}

void sleepers_add(struct sleepers *sleepers, struct request *rq)
{
    assert(sleepers->count < sleepers->size);
    rise(sleepers, sleepers->count++, rq);
}

void sleepers_remove(struct sleepers *sleepers, struct request *rq)
{
    size_t slot = rq->sleep_slot;
    assert(slot < sleepers->count && sleepers->heap[slot] == rq);
    struct request *last = sleepers->heap[--sleepers->count];
    if (last == rq)
        return;
    if (last->wake_ms < rq->wake_ms)
        rise(sleepers, slot, last);
    else
        sink(sleepers, slot, last);
}

struct request *sleepers_first(const struct sleepers *sleepers)
{
    return sleepers->count > 0 ? sleepers->heap[0] : NULL;
}
