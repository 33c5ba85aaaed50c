#pragma once

#include "worker/core/ledger.h"

/* One partition of the requests topic, as this worker knows it. It lives as long as the process:
 * requests point to it. The epoch counts assignments: a request whose epoch is not the partition's
 * belongs to an assignment that has ended, and is dropped instead of answered (guarantee I8). Only
 * the source (worker/io/source.h) changes it. */
struct partition {
    int32_t id;
    uint64_t epoch; /* odd: assigned to us; even: not. Starts at 0 */
    /* Of the present assignment: */
    struct ledger ledger;
    struct witness inherited; /* what the owner before us knew of Redis */
    /* What we knew of Redis before it forgot, and one past the last record that had been begun by
     * then. */
    struct witness forgotten;
    int64_t forgotten_end;
};

static inline bool partition_is_ours(const struct partition *partition, uint64_t epoch)
{
    return partition->epoch == epoch && (epoch & 1) != 0;
}

/* Redis has lost what it was told, perhaps the claims and intents of what is at work. We know what
 * we have sent; an owner after us must see the loss until all of that is answered. `before`: what
 * was known of Redis then. */
void partition_note_loss(struct partition *partition, const struct witness *before);

/* What is to stand beside an offset of `ledger` (the partition's, or what a transaction makes of
 * it): the oldest word that a record at work still needs, else `now`. */
const struct witness *partition_witness(const struct partition *partition,
                                        const struct ledger *ledger, const struct witness *now);
