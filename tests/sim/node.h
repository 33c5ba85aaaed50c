#pragma once

#include "tests/sim/shells.h"
#include "worker/worker.h"

/* One simulated worker. The core and worker/stages.c are the real ones; the shells that they call
 * (redis.h, http.h, source.h, settle.h) are put in their place here, with the same interfaces, and
 * node.c stands for worker/worker.c. */

/* ---- the worker ---- */
struct node {
    struct worker worker;
    struct tenant tenant; /* its only one */
    struct settings settings;
    struct world *world;
    unsigned index;
    uint64_t life;            /* changes when it ends and when it starts */
    bool is_alive, is_doomed; /* doomed: the process is dead, and the stack not unwound yet */
    bool leaves_group;        /* when it has drained, at once; else its session ends */
    int64_t frozen_until_ms, kafka_away_until_ms;
    int64_t wake_ms; /* the earliest wake-up that is planned */
    char instance_id[16];
    struct redis redis;
    struct http http;
    struct source source;
    struct settle settle;
};

struct node *node_create(struct world *world, unsigned index);
void node_destroy(struct node *node);
/* Settings of this history; not started. */
void node_reset(struct node *node);
void node_start(struct node *node);
/* At once, and nothing follows. */
void node_stop(struct node *node);
/* kill -9. */
void node_crash(struct node *node);
void node_freeze(struct node *node, int64_t for_ms);
/* No connection to the brokers. */
void node_cut_off(struct node *node, int64_t for_ms);
/* SIGTERM. It starts again after a while. */
void node_drain(struct node *node, bool leaves_group);
/* A turn of its loop at that time. */
void node_poke(struct node *node, int64_t at_ms);
/* Sends no heartbeats. */
bool node_is_silent(const struct node *node);
/* A shell is called: false when the process is dead. Here it may die. */
bool node_enters(struct node *node, const struct request *rq);
/* It dies as soon as its stack is unwound; what it has sent is sent. */
void node_crash_later(struct node *node);
/* Whose code runs now; NULL: the world's. */
struct node *node_running(void);
int64_t node_wall_ms(const struct node *node);
