#pragma once

#include "worker/core/record.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a worker knew of Redis when it committed an offset. It stands in the offset's metadata, in
 * Kafka, so that the next owner of the partition can see whether Redis has forgotten something
 * since (guarantees, trap 6): a claim or an intent of the owner before it. */

enum {
    WITNESS_MEMORY_SIZE = 16 + 1, /* hexadecimal */
    WITNESS_SERVER_SIZE = 8 + 1,
    WITNESS_SLOT_SIZE = 8 + 1,
    /* memory, server, slot and 20 digits, joined by dots; or "-" */
    WITNESS_TEXT_SIZE = 16 + 1 + 8 + 1 + 8 + 1 + 20 + 1,
};

struct witness {
    /* The random id that the first claim ever wrote; "": nothing is known of Redis. It changes when
       Redis was emptied. */
    char memory[WITNESS_MEMORY_SIZE];
    /* Of the server process; "": Redis does not tell. It changes when Redis was restarted or failed
       over, so that the last writes may be lost. */
    char server[WITNESS_SERVER_SIZE];
    char slot[WITNESS_SLOT_SIZE]; /* of the worker: the start of its instance id's SHA-256 */
    uint64_t writes;              /* how many claims and intents of that worker Redis had counted */
};

static inline bool witness_is_known(const struct witness *witness)
{
    return witness->memory[0] != '\0';
}

/* As text without ':', NUL-terminated; "-" where nothing is known. Returns its length. */
size_t witness_write(const struct witness *witness, char ret[WITNESS_TEXT_SIZE]);

/* False: no such text; `ret` is then unknown. */
bool witness_read(struct str text, struct witness *ret);
