#pragma once

#include "tests/sim/check.h"

/* A model of the brokers: the requests topic, the group with its generations, offsets with their
 * metadata, transactions. Cooperative rebalance: in one generation partitions are taken from those
 * who have too many, in the next they are given to others. Members are static (they have an
 * instance id): one that starts again within its session gets back what it had. */

enum { METADATA_MAX = 512, NOBODY = -1 };

struct offset {
    int64_t offset; /* -1: never committed */
    char metadata[METADATA_MAX];
};

struct log {
    struct sim_record **records; /* by offset; NULL: a gap (a transaction's marker) */
    size_t count, size;
    struct offset committed;
};

/* One transactional id. */
struct transaction {
    int epoch; /* of its producer; older ones are fenced */
    bool open;
    uint64_t number; /* of the open one */
    int64_t opened_ms;
    struct sim_reply *replies, *last_reply;
    uint32_t partitions; /* whose offsets are in it */
    struct offset offsets[PARTITIONS_MAX];
};

struct member {
    bool is_in;
    uint64_t id;   /* another one each time that it joins as somebody new */
    uint64_t life; /* of the worker that is this member */
    bool joined;   /* in the rebalance that goes on */
    uint32_t owns; /* partitions, as it said when it joined */
    int64_t heard_ms;
};

struct kafka {
    struct log logs[PARTITIONS_MAX];
    struct transaction transactions[NODES_MAX];
    struct member members[NODES_MAX];
    int generation;
    bool rebalancing;
    uint64_t round;            /* of rebalances, so that an old deadline is known as such */
    uint32_t given[NODES_MAX]; /* in the present generation */
    uint64_t transaction_numbers;
};

enum broker_error {
    BROKER_OK,
    BROKER_ILLEGAL_GENERATION, /* or a member that is none (any more) */
    BROKER_FENCED,             /* an older producer of the same id */
    BROKER_UNSTABLE,           /* an offset is in an open transaction: ask again */
};

/* ---- the log ---- */
void kafka_append(struct world *world, unsigned partition, struct sim_record *record);

/* ---- the group ---- */
void kafka_join(struct world *world, unsigned node, uint32_t owns);
void kafka_leave(struct world *world, unsigned node);
/* A member stopped sending heartbeats: its session ends if it has not been heard of by then. */
void kafka_silent(struct world *world, unsigned node);
/* It has not joined the rebalance that goes on. */
bool kafka_awaits(const struct world *world, unsigned node, uint64_t life);
bool kafka_is_member(const struct world *world, unsigned node, uint64_t life);

/* ---- transactions ---- */
int kafka_init_producer(struct world *world, unsigned id);
enum broker_error kafka_add_replies(struct world *world, unsigned id, int epoch,
                                    struct sim_reply *replies);
struct group_commit {
    uint64_t life;
    int generation;
    uint32_t partitions;
    struct offset offsets[PARTITIONS_MAX];
};
enum broker_error kafka_add_offsets(struct world *world, unsigned id, int epoch,
                                    const struct group_commit *group);
enum broker_error kafka_end(struct world *world, unsigned id, int epoch, bool commit);
/* The committed offset, as a reader sees it who waits for open transactions. */
enum broker_error kafka_fetch_offset(const struct world *world, unsigned partition,
                                     struct offset *ret);
