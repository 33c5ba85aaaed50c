#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What one history is made of: how many workers, which faults, how often. Drawn from its seed. */

enum { NODES_MAX = 4, PARTITIONS_MAX = 4 };

enum mishap {
    FAULT_CRASH,        /* a worker ends; all that it had in memory is gone; it starts again */
    FAULT_FREEZE,       /* a worker stands still past its leases and its session, then goes on */
    FAULT_DRAIN,        /* SIGTERM, then a new start */
    FAULT_REBALANCE,    /* workers leave the group and join it */
    FAULT_KAFKA_LOST,   /* broker requests and answers are lost, EndTxn's above all */
    FAULT_KAFKA_AWAY,   /* a worker cannot reach the brokers */
    FAULT_REDIS_LOST,   /* connections to Redis break, before or after a command was carried out */
    FAULT_REDIS_AWAY,   /* Redis is away, or stands still */
    FAULT_REDIS_LOSS,   /* Redis restarts or fails over and loses its last writes */
    FAULT_REDIS_FLUSH,  /* FLUSHALL */
    FAULT_REDIS_CLOCK,  /* its clock jumps */
    FAULT_GRAPH_LOST,   /* connections to Graph break, before or after a request was applied */
    FAULT_GRAPH_LATE,   /* Graph carries out a request late, after its caller has given up */
    FAULT_GRAPH_STALE,  /* reads lag behind writes */
    FAULT_GRAPH_BUSY,   /* 429 and 503 */
    FAULT_GRAPH_ERROR,  /* other 5xx, 4xx, the transient 400 and 404 */
    FAULT_GRAPH_AWAY,   /* no connection to be had */
    FAULT_GRAPH_UNSAFE, /* a dry run is carried out for real */
    FAULT_POISON,       /* an event that ends the process that works on it */
    FAULT_CLOCK,        /* the workers' and Graph's wall clocks are wrong */
    FAULT_COUNT,
};

const char *fault_name(enum mishap fault);
/* FAULT_COUNT: there is none of that name. */
enum mishap fault_from_name(const char *name);

/* What Redis keeps of what it has acknowledged when it is killed or fails over. */
enum durability {
    DURABILITY_NOTHING, /* no AOF: all is gone */
    DURABILITY_SOME,    /* AOF everysec without WAITAOF, or replicas that nobody waits for */
    DURABILITY_INTENTS, /* the same, and intents wait for WAITAOF or WAIT */
    DURABILITY_ALL,     /* appendfsync always */
};

struct mix {
    unsigned nodes, partitions;
    uint32_t kinds;              /* bits of enum mishap */
    unsigned rates[FAULT_COUNT]; /* of what may befall each call, in ten thousandths */
    unsigned times[FAULT_COUNT]; /* how often in a history, for the others */
    int64_t span_ms;             /* records arrive for so long … */
    int64_t faults_end_ms;       /* … and faults happen until then */
    bool rejects_duplicates;     /* Graph refuses what stands or is open already */
    enum durability durability;
    bool tells_server;         /* INFO is allowed */
    int64_t stale_ms, late_ms; /* the most by which reads and writes of Graph lag */
    int64_t latency_ms;        /* Graph's, one way */
    int64_t graph_clock_ms, redis_clock_ms, node_clock_ms[NODES_MAX]; /* wrong by so much */
    int64_t restart_ms; /* the most until a worker that ended is back */
    bool queues;        /* calls to Graph may wait for a connection */
    int64_t lease_ms, settle_ms, eventual_ms, retry_for_ms, session_ms, commit_interval_ms;
    unsigned retry_attempts, requests, window, in_flight, writes_per_second;
    unsigned duplicates, keyed; /* share of records, in ten thousandths */
};

struct world;
void mix_draw(struct world *world, struct mix *ret);
static inline bool mix_has(const struct mix *mix, enum mishap fault)
{
    return (mix->kinds >> fault & 1) != 0;
}
/* How many kinds are on. */
unsigned mix_kinds(const struct mix *mix);
/* One line. */
enum { MIX_TEXT_SIZE = 1024 };
void mix_print(const struct mix *mix, char ret[MIX_TEXT_SIZE]);

/* Plans all that happens at a time of its own: crashes, freezes, outages … */
void faults_plan(struct world *world);
