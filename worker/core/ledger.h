#pragma once

#include "worker/core/witness.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is committed of one partition. Requests finish in any order; the ledger keeps the first
 * unfinished offset (the frontier, which is what Kafka stores) and a bit for each offset that is
 * finished beyond it. Frontier and bits are committed together, the bits as the offset's metadata,
 * so that the next owner skips exactly what was answered (guarantees I1, I2).
 *
 * A ledger says what *is* committed. What a transaction would make of it is worked out on a copy
 * (ledger_copy), so a transaction that aborts leaves nothing to be undone.
 *
 * The metadata is `u1:<frontier>:<window>:<witness>:<bits>:<crc>`: <window> is how far beyond it
 * the writer, or an owner before it, may have worked; <witness> is what it knew of Redis
 * (witness.h); bit 0 of the first byte of <bits> (base64, without the zeros at its end) is the
 * frontier; <crc> is CRC-32 of all before. `u1` says who can read it: a later version that adds
 * fields between <bits> and <crc> stays `u1`, and they are left out here; one that cannot be read
 * so is `u2`. */

enum {
    LEDGER_WINDOW_MAX =
        20000, /* contract 5: 2,500 bytes of bits are 3,336 of base64, under the broker's 4,096 */
    LEDGER_METADATA_MAX =
        4096, /* offset.metadata.max.bytes of a broker that nobody configured, with the NUL */
    LEDGER_WORDS = (LEDGER_WINDOW_MAX + 63) / 64,
};

struct ledger {
    int64_t frontier; /* the first offset that is not finished */
    int64_t end;      /* one past the last offset that was begun or skipped; never below frontier */
    int64_t touched;  /* no earlier owner has begun an offset from here on: the committed frontier +
                         its window, or where the partition ended then */
    uint32_t window;  /* most offsets from frontier to end */
    uint64_t *bits;   /* a ring of LEDGER_WORDS words, whatever the window: an earlier owner's may
                         have been wider */
};

enum ledger_entry {
    LEDGER_BEGUN,  /* new: to be worked on; the caller owes one ledger_finish_offset() */
    LEDGER_PASSED, /* answered before, or at work: skip it */
    LEDGER_FULL, /* beyond the window: read no more until the frontier moves; nothing has changed */
};

enum ledger_metadata {
    LEDGER_METADATA_OK,
    LEDGER_METADATA_ABSENT,  /* none, not ours, or of another offset (an operator's reset): nothing
                                beyond the frontier is  finished; warn */
    LEDGER_METADATA_NEWER,   /* of a newer version: the partition must not be worked (exit 78) */
    LEDGER_METADATA_DAMAGED, /* bad checksum or shape: likewise */
};

/* `window` from 1 to LEDGER_WINDOW_MAX. False: out of memory. */
bool ledger_init(struct ledger *ledger, uint32_t window);
void ledger_finish(struct ledger *ledger);

/* Starts an assignment at the committed offset. `metadata` is what was committed with it (NULL or
 * "": none), and `ret_witness` what it says of Redis. On NEWER and DAMAGED the ledger stands at
 * `frontier` with nothing finished, and must not be used. */
enum ledger_metadata ledger_open(struct ledger *ledger, int64_t frontier, const char *metadata,
                                 struct witness *ret_witness);

/* A record arrives. Offsets come in rising order; those left out (transaction markers, compaction)
 * count as finished. */
enum ledger_entry ledger_begin(struct ledger *ledger, int64_t offset);

/* The record is answered. It was begun; again for the same offset: no change. */
void ledger_finish_offset(struct ledger *ledger, int64_t offset);

/* Is it answered (or a gap that was passed): before the frontier, or by its bit? */
bool ledger_is_finished(const struct ledger *ledger, int64_t offset);

/* Makes `to`, which was initialised with any window, the same as `from`. */
void ledger_copy(struct ledger *to, const struct ledger *from);

/* The metadata for a commit at ledger->frontier: printable, NUL-terminated, under
 * LEDGER_METADATA_MAX for every window. Returns its length. */
size_t ledger_metadata_write(const struct ledger *ledger, const struct witness *witness,
                             char ret[LEDGER_METADATA_MAX]);
