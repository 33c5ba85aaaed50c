#pragma once

#include "config/settings.h"
#include "worker/core/pipeline.h"
#include "worker/io/settle.h"
#include "worker/io/source.h"

/* One worker as far as Kafka is concerned: source and settle on a loop, between them a pipeline
 * whose stages are played: each record is refused at admit, so that it gets a reply (and a dead
 * letter, being no event); the test may hold it at the reply stage. Every check is a cmocka
 * assertion. */

/* Mock brokers in this process, on ports of 127.0.0.1 that the kernel chooses. */
struct kafka_mock {
    rd_kafka_t *host;
    struct rd_kafka_mock_cluster_s *cluster;
    const char *brokers;
};

/* Topics requests, replies and dead of `partitions` each. */
void kafka_mock_open(struct kafka_mock *mock, int partitions);
void kafka_mock_finish(struct kafka_mock *mock);

enum { HELD_MAX = 4096, OFFSETS_MAX = 20000 };

struct kafka_world {
    struct settings settings;
    uv_loop_t loop;
    uv_prepare_t prepare;
    uv_idle_t idle;
    uv_timer_t timer;
    struct pool pool;
    struct pipeline pipeline;
    struct source *source;
    struct settle *settle;
    bool shut; /* what may_take() denies */
    bool (*holds)(
        const struct request *rq); /* true: the request waits in `held`; NULL: none does */
    struct request *held[HELD_MAX];
    size_t held_count;
    size_t answered, dropped, moved;
    int exit_code; /* what on_fatal said; 0: nothing */
    char why[ERROR_TEXT_SIZE];
};

/* Settings as in the contract, topics as above, delivery at-least-once; change them before
 * kafka_world_open(). */
void kafka_world_init(struct kafka_world *world, const char *brokers, const char *instance_id);
void kafka_world_open(struct kafka_world *world, size_t requests);
/* What is at work is forgotten, as by a crash; all is freed. */
void kafka_world_close(struct kafka_world *world);
/* Turns the loop until `done` says so; false after `limit_ms`, or when on_fatal() was called. */
bool kafka_world_until(struct kafka_world *world, bool (*done)(void *context), void *context,
                       int limit_ms);
void kafka_world_turn(struct kafka_world *world, int for_ms);
/* Hands a held request on to settle. */
void kafka_world_release(struct kafka_world *world, size_t i);

/* ---- the world outside ---- */

/* Sends `count` records to one partition: key k<n>, value v<n>, header h=<n>. */
void kafka_send(const char *brokers, const char *topic, int32_t partition, int count);
/* The group's committed offset, or a negative number, and its metadata (to be freed). */
int64_t kafka_read_committed(const char *brokers, const char *group, const char *topic,
                             int32_t partition, char **ret_metadata);
/* Reads the partitions of a topic to their end, read_committed: how many replies there are for each
 * offset of partition `of` of the requests, by the reply's id. Returns how many records there are
 * in all. */
int kafka_count_replies(const char *brokers, const char *topic, int partitions, int32_t of,
                        int counts[OFFSETS_MAX]);
