#pragma once

#include "worker/core/reply.h"
#include "worker/io/source.h"
#include "worker/io/transaction.h"

/* From requests that have their answer to a batch: messages, and offsets from the ledgers. A part
 * of worker/io/settle.h. */

enum {
    BATCH_REQUESTS_MAX =
        512, /* half of limits.requests' default; 1 ms of building, 5 to 15 in a transaction */
};

/* In which shape a request is sent; a broker's refusal adds to it. */
enum shape {
    SHAPE_WHOLE = 0,
    SHAPE_ALONE = 1 << 0, /* in a batch of its own: a refusal of many messages does not say whose
                             size it is about */
    SHAPE_BRIEF = 1 << 1, /* the reply without `graph` */
    SHAPE_CUT = 1 << 2,   /* the dead letter's first 64 KiB */
    SHAPE_HOME =
        1 << 3, /* the reply to the default topic: the one that was asked for is not to be had */
};

/* A request that is to be sent, or is under way. */
struct sending {
    struct request *rq;
    unsigned shape;
};

/* A partition that the batch touches, as it will be when the batch stands. */
struct touched {
    struct partition *partition;
    struct ledger ledger;
};

struct settle_batch {
    struct batch batch;
    struct sending sendings[BATCH_REQUESTS_MAX];
    size_t count;
    struct message messages[2 * BATCH_REQUESTS_MAX];
    struct outgoing outgoing[2 * BATCH_REQUESTS_MAX];
    size_t first[BATCH_REQUESTS_MAX + 1]; /* the messages of sending i: first[i] to first[i + 1] */
    struct touched *touched;              /* kept from batch to batch, for their memory */
    size_t touched_count, touched_size;
    struct reply_settings reply;
    struct strings allowed; /* kafka.reply_topics_allowed, a copy: messages point to its texts */
    const char *requests_topic;
    const struct witness *witness; /* what is known of Redis; NULL: nothing */
};

/* False: out of memory; finish() is due all the same. */
bool settle_batch_init(struct settle_batch *batch, const struct settings *settings);
/* Of an empty batch: other reply topics are allowed. False: out of memory, and nothing changes. */
bool settle_batch_allow(struct settle_batch *batch, const struct strings *allowed);
void settle_batch_finish(struct settle_batch *batch);

/* Adds one request's messages and marks its offset. False: out of memory, and nothing is added. */
bool settle_batch_add(struct settle_batch *batch, struct sending sending,
                      const struct kafka_topics *topics);
/* All are added: works out the offsets. False: out of memory. */
bool settle_batch_seal(struct settle_batch *batch);
/* It was committed: brings the ledgers up to it, those of partitions that are still ours. */
void settle_batch_apply(struct settle_batch *batch);
/* It was not: how is sending `i` to be sent next? False: there is no smaller shape. */
bool settle_batch_reshape(const struct settle_batch *batch, size_t i, unsigned *ret_shape);
/* Frees messages, offsets and group metadata; ready for the next. */
void settle_batch_clear(struct settle_batch *batch);
