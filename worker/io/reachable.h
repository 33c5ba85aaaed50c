#pragma once

#include "config/settings.h"
#include "worker/core/error.h"

#include <librdkafka/rdkafka.h>
#include <pthread.h>
#include <stdatomic.h>

/* Does any broker still answer this client? A part of worker/io/source.h and worker/io/sender.h.
 *
 * A broker that is being shut down may say, with its last words, that the cluster has no brokers
 * at all. librdkafka believes it and drops all that it knows. It ought to begin again with
 * bootstrap.servers by itself. Built by CMake up to 2.14.2 it never does (see deploy/install-deps);
 * else it does not where another answer, already under way, calls that off (its pull request 5606).
 * Then it has nobody left to ask: not one connection is tried again.
 *
 * So where no answer came for long to anything, those of kafka.brokers are given to librdkafka
 * again; then after twice that time, four times, and so on. That is harmless where Kafka is merely
 * away: a broker that is on the list already is not added twice. */
struct reachable {
    const struct settings *settings;
    const char *who; /* "consumer" */
    pthread_mutex_t mutex;
    rd_kafka_t *rk;           /* under the mutex; NULL: none now */
    _Atomic int64_t heard_ms; /* of the last answer, from a thread of librdkafka; 0: none so far */
    int64_t limit_ms;
    int64_t looked_ms;
    int64_t patience_ms; /* so long a silence is broken next */
    uint64_t resumed;    /* times that kafka.brokers were given anew */
    char trouble[ERROR_TEXT_SIZE];
};

/* So long a silence is one. A consumer in a group always has heartbeats, or a search for its
 * coordinator, under way: after a session without any answer its partitions are others'. */
int64_t reachable_session_ms(const rd_kafka_conf_t *conf);
/* A producer at work: messages are given up after 8 s, the transaction after 10. */
enum { REACHABLE_PRODUCER_MS = 5000 };

/* It stays at the same place for as long as there is a client. */
void reachable_init(struct reachable *reachable, const struct settings *settings, const char *who,
                    int64_t limit_ms);
/* After the last client's end. A zeroed struct is fine. */
void reachable_finish(struct reachable *reachable);
/* Listens to the client that is made of `conf`; before kafka_create(). */
void reachable_watch(struct reachable *reachable, rd_kafka_conf_t *conf);
/* The client that was made; NULL before its end. From any thread. */
void reachable_set(struct reachable *reachable, rd_kafka_t *rk);

/* On the loop's thread, once a second at least for as long as answers are due: a pause of 3 s
 * begins the count anew. `now_ms` is uv_now(). */
void reachable_turn(struct reachable *reachable, int64_t now_ms);
/* "" while brokers answer, and before the first answer; else for how long none has, a sentence. */
const char *reachable_trouble(const struct reachable *reachable);
