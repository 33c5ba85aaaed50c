#pragma once

#include "config/settings.h"
#include "worker/core/letter.h"

#include <librdkafka/rdkafka.h>
#include <stdatomic.h>

/* Sends dead letters to the requests topic again: the same key, value and headers, and on top
 * `usher-replay`, which names the dead letter (letter_replay_of()). So an event that ended
 * `unknown` is looked up before it is asked for again, and `failed` is worked on anew. Its time is
 * now's, lest the topic's retention takes it at once. It goes to the partition that the first
 * record was in, so that it keeps its place among those of its key.
 *
 * An idempotent producer of its own, acks=all: it never has the transactional id of the worker,
 * which would be fenced. All calls block; one thread. */
struct replay {
    const struct settings *settings;
    const atomic_bool *stop; /* where it is true, calls end soon */
    rd_kafka_t *rk;
    int partitions; /* of the requests topic */
};

enum { REPLAY_WAIT_MS = 10000 }; /* above the producer's own message.timeout.ms */

/* `partitions` of kafka.requests_topic. Settings and `stop` must outlive it. replay_finish() is due
 * either way. */
bool replay_init(struct replay *replay, const struct settings *settings, int partitions,
                 const atomic_bool *stop, struct error *error);
void replay_finish(struct replay *replay);

enum replay_end {
    REPLAY_SENT,    /* all in-sync replicas have it */
    REPLAY_REFUSED, /* this one cannot be: it is truncated, too large … */
    REPLAY_AWAY, /* Kafka cannot be reached or refuses us: neither can the others. It may have been
                    written all the same; to send it again does no harm */
};

/* `letter` is letter_read() of `record`. Waits for the end; `error` says why it is not SENT. */
enum replay_end replay_send(struct replay *replay, const struct record *record,
                            const struct letter *letter, struct error *error);
