#include "worker/core/lanes.h"

#include "worker/core/request.h"

#include <assert.h>
#include <stdlib.h>

/* A slot of the table. Empty when nobody stands in it; a lane that empties is taken out (see
 * remove_slot). */
struct lane {
    uint64_t id;
    struct lane_ticket *first, *last;
};

bool lanes_init(struct lanes *lanes, size_t requests)
{
    size_t size = 16;
    while (size < requests * LANES_PER_REQUEST * 2)
        size *= 2;
    lanes->slots = calloc(size, sizeof *lanes->slots);
    lanes->mask = size - 1;
    return lanes->slots != NULL;
}

void lanes_finish(struct lanes *lanes)
{
    free(lanes->slots);
    *lanes = (struct lanes){0};
}

uint64_t lane_hash(uint64_t seed, const void *bytes, size_t size)
{
    const unsigned char *byte = bytes;
    uint64_t hash = seed ^ 0xcbf29ce484222325u; /* FNV's offset basis and prime */
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ byte[i]) * 0x100000001b3u;
    return hash;
}

/* FNV's low bits are weak for short keys: fold the high half in. */
static size_t slot_of(const struct lanes *lanes, uint64_t id)
{
    return (size_t)(id ^ (id >> 32)) & lanes->mask;
}

/* The lane of that number, or the empty slot where it belongs. Half of the table is always empty,
 * so this ends. */
static struct lane *find_slot(const struct lanes *lanes, uint64_t id)
{
    size_t i = slot_of(lanes, id);
    while (lanes->slots[i].first != NULL && lanes->slots[i].id != id)
        i = (i + 1) & lanes->mask;
    return &lanes->slots[i];
}

static void move_lane(struct lane *to, struct lane *from)
{
    *to = *from;
    for (struct lane_ticket *ticket = to->first; ticket != NULL; ticket = ticket->next)
        ticket->lane = to;
    *from = (struct lane){0};
}

/* Linear probing without tombstones: lanes behind the gap that may fill it move up. */
static void remove_slot(struct lanes *lanes, struct lane *lane)
{
    size_t gap = (size_t)(lane - lanes->slots);
    *lane = (struct lane){0};
    for (size_t i = (gap + 1) & lanes->mask; lanes->slots[i].first != NULL;
         i = (i + 1) & lanes->mask) {
        size_t home = slot_of(lanes, lanes->slots[i].id);
        if (((i - home) & lanes->mask) >= ((i - gap) & lanes->mask)) {
            move_lane(&lanes->slots[gap], &lanes->slots[i]);
            gap = i;
        }
    }
}

static bool stands_in(const struct request *rq, uint64_t id)
{
    for (unsigned i = 0; i < rq->lanes.count; i++) {
        if (rq->lanes.tickets[i].lane->id == id)
            return true;
    }
    return false;
}

bool lanes_enter(struct lanes *lanes, struct request *rq, const uint64_t *ids, size_t count)
{
    assert(count <= LANES_PER_REQUEST);
    assert(rq->lanes.count == 0);
    rq->lanes.blocked = 0;
    for (size_t i = 0; i < count; i++) {
        if (stands_in(rq, ids[i]))
            continue;
        struct lane *lane = find_slot(lanes, ids[i]);
        struct lane_ticket *ticket = &rq->lanes.tickets[rq->lanes.count++];
        *ticket = (struct lane_ticket){.lane = lane, .rq = rq};
        if (lane->first == NULL) {
            *lane = (struct lane){.id = ids[i], .first = ticket, .last = ticket};
        } else {
            lane->last->next = ticket;
            lane->last = ticket;
            rq->lanes.blocked++;
        }
    }
    return rq->lanes.blocked == 0;
}

/* Takes one ticket out of its lane, wherever it stands. The next first in line is told. */
static struct request *take_out(struct lanes *lanes, struct lane_ticket *ticket)
{
    struct lane *lane = ticket->lane;
    struct lane_ticket *before = NULL;
    for (struct lane_ticket *t = lane->first; t != ticket; t = t->next)
        before = t;
    if (before != NULL) {
        before->next = ticket->next;
        if (lane->last == ticket)
            lane->last = before;
        return NULL;
    }
    lane->first = ticket->next;
    if (lane->first == NULL) {
        remove_slot(lanes, lane);
        return NULL;
    }
    struct request *next = lane->first->rq;
    assert(next->lanes.blocked > 0);
    next->lanes.blocked--;
    return next->lanes.blocked == 0 ? next : NULL;
}

void lanes_leave(struct lanes *lanes, struct request *rq,
                 void (*on_free)(void *context, struct request *freed), void *context)
{
    /* Tickets are read through the request each time: remove_slot() may have moved their lanes. */
    for (unsigned i = 0; i < rq->lanes.count; i++) {
        struct request *freed = take_out(lanes, &rq->lanes.tickets[i]);
        if (freed != NULL)
            on_free(context, freed);
    }
    rq->lanes.count = 0;
    rq->lanes.blocked = 0;
}
