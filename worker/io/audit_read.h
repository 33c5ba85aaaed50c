#pragma once

#include "worker/core/audit.h"
#include "worker/io/audit_client.h"

/* Reads all that an audit is made of, in the order of audit.h: committed offsets, ends, replies,
 * dead letters, committed offsets again, requests. Blocks for as long as that takes. */

struct audit_reading {
    const struct settings *settings;
    struct audit *audit; /* to be filled; zeroed before. audit_finish() is due in any case */
    /* Called a few times a second: records done, and to be done in all. */
    void (*on_progress)(void *context, uint64_t done, uint64_t total);
    void *context;
};

/* A transaction that is open on a reply topic hides what comes after it. Usher's end within 10 s;
 * after so long without progress the audit gives up. */
enum { AUDIT_STALL_MS = 60000 };

/* False, and *ret_refusal says why: 69 not reached (in time), 75 records were deleted before they
 * were read, 77 refused, 78 a topic is missing, there is too much, or a commit's metadata is of a
 * newer version or damaged. */
bool audit_read(const struct audit_reading *reading, struct kafka_refusal *ret_refusal);
