#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Lanes: what must be worked on one after the other (guarantee I9). A lane is a 64-bit number that
 * stands for "this key of this partition", "this person and package", "this event id". A request
 * stands in up to LANES_PER_REQUEST of them, in the order of arrival, and may run when it is first
 * in all. All of its lanes are entered at one moment, so a later request never stands before an
 * earlier one and nobody waits in a circle. Two keys that hash to one number wait for each other
 * needlessly, and nothing worse. */

struct request;

enum {
    LANES_PER_REQUEST = 3
}; /* record key, (target, package) or (catalog, resource), source and id */

struct lane;

struct lane_ticket {
    struct lane_ticket *next; /* who stands behind */
    struct lane *lane;
    struct request *rq;
};

struct lane_tickets {
    struct lane_ticket tickets[LANES_PER_REQUEST];
    unsigned count;   /* lanes it stands in */
    unsigned blocked; /* of them, those where another stands before it */
};

struct lanes {
    struct lane *slots; /* open addressing, a power of two, at most half full */
    size_t mask;
};

/* Room for `requests` requests at once. False when memory is short. */
bool lanes_init(struct lanes *lanes, size_t requests);
void lanes_finish(struct lanes *lanes);

/* Stands `rq` in `count` lanes; numbers that stand twice count once. True: it may run now. */
bool lanes_enter(struct lanes *lanes, struct request *rq, const uint64_t *ids, size_t count);

/* Takes `rq` out of its lanes, wherever it stands in them. Calls on_free for each request that may
 * run now because of it, in order. A request that stands in none: nothing happens. */
void lanes_leave(struct lanes *lanes, struct request *rq,
                 void (*on_free)(void *context, struct request *freed), void *context);

/* FNV-1a over `size` bytes, continued from `seed`: lane numbers and nothing else; no defence is
 * needed, see above. */
uint64_t lane_hash(uint64_t seed, const void *bytes, size_t size);
