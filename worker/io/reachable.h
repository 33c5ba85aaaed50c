#pragma once

#include "config/settings.h"
#include "worker/core/error.h"

#include <librdkafka/rdkafka.h>
#include <stdatomic.h>

/* Does any broker still answer the consumer? A part of worker/io/source.h; on the loop's thread.
 *
 * A broker that is being shut down may say, with its last words, that the cluster has no brokers
 * at all. librdkafka believes it and drops all that it knows. It ought to begin again with
 * bootstrap.servers by itself; where it does not (built by CMake up to 2.14.2 it never does, see
 * deploy/install-deps; later ones may cancel it in a race), it has nobody left to ask: the session
 * ends, and not one connection is tried again.
 *
 * A consumer in a group always has heartbeats or a search for its coordinator under way. So when
 * for a whole session (session.timeout.ms) no answer came to anything, those of kafka.brokers are
 * given to librdkafka again; then after two sessions of silence, four, and so on. That is harmless
 * where Kafka is merely away: a broker that it still knows is not added twice. */
struct reachable {
    rd_kafka_t *rk;
    const struct settings *settings;
    _Atomic int64_t heard_ms; /* of the last answer, from a thread of librdkafka; 0: none so far */
    int64_t looked_ms;
    int64_t session_ms;
    int64_t patience_ms; /* so long a silence is broken next */
    uint64_t resumed;    /* times that kafka.brokers were given anew */
    char trouble[ERROR_TEXT_SIZE];
};

/* Listens to the client that is made of `conf`; before kafka_create(). It is at the same place for
 * as long as the client lives. */
void reachable_watch(struct reachable *reachable, rd_kafka_conf_t *conf);
void reachable_init(struct reachable *reachable, rd_kafka_t *rk, const struct settings *settings);

/* Each turn, a second apart at most; `now_ms` is uv_now(). */
void reachable_turn(struct reachable *reachable, int64_t now_ms);
/* "" while brokers answer, and before the first answer; else for how long none has, a sentence. */
const char *reachable_trouble(const struct reachable *reachable);
