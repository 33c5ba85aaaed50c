#pragma once

#include "worker/core/arena.h"
#include "worker/core/record.h"

/* A Kafka message that is to be produced. */

/* Ours: a binary reply has 11 (content-type, 6 ce_*, 2 of tracing, correlation id, outcome), a dead
 * letter 15 (8 of Spring, 5 of ours, 2 where it is cut). */
enum { MESSAGE_HEADERS_MAX = 16 };

/* What it points to lives in `memory`, in the request or in the settings, until message_finish().
 */
struct message {
    const char *topic;
    int32_t partition;                          /* -1: the partitioner chooses by key */
    int64_t timestamp_ms;                       /* 0: now */
    struct str key;                             /* data NULL: none */
    struct str value;                           /* data NULL: a tombstone, the dead letter of one */
    struct header headers[MESSAGE_HEADERS_MAX]; /* ours; they come after `kept` */
    size_t header_count;
    const struct header *kept; /* a dead letter's: the record's own, all that are to be sent */
    size_t kept_count;
    struct message_memory *memory;
};

/* What a message owns. The makers of messages fill it. */
struct message_memory {
    char *value;         /* or NULL */
    struct header *kept; /* or NULL */
    char text[];
};

/* Makes `ret` an empty message to partition -1 with `size` bytes of memory, which the arena hands
 * out. False: out of memory, and `ret` is zeroed. */
bool message_init(struct message *ret, size_t size, struct arena *ret_arena);
/* A zeroed message is fine. */
void message_finish(struct message *message);

/* A value with data NULL is a header without value. */
void message_add(struct message *message, const char *name, struct str value);
