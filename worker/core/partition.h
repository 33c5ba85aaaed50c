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
    struct witness witness; /* what the owner before us knew of Redis */
    int64_t assigned_ms;    /* since when it is ours: no earlier owner sends after that */
};

static inline bool partition_is_ours(const struct partition *partition, uint64_t epoch)
{
    return partition->epoch == epoch && (epoch & 1) != 0;
}
