/*
 * What runs beside the demo: a redis-server, usher-sandbox in Graph's and Entra's place, and the
 * worker itself, `usher run`. All of them on 127.0.0.1, with their logs and the worker's settings
 * in one folder that is removed at the end.
 */
#pragma once

#include <stdint.h>

#include "worker/cli/demo_child.h"
#include "worker/core/error.h"

enum {
    DEMO_PATH_SIZE = 128,
    DEMO_ADDRESS_SIZE = 64,
    DEMO_START_MS = 30000, /* as long as `usher run` itself tries to reach everything */
    DEMO_LOG_LINES = 20,   /* of the worker, shown where it fails */
};

struct demo_services {
    char folder[DEMO_PATH_SIZE];     /* "": not made */
    char settings[DEMO_PATH_SIZE];   /* the worker's file */
    char worker_log[DEMO_PATH_SIZE]; /* one line an event */
    int redis_port;
    char graph[DEMO_ADDRESS_SIZE]; /* http://127.0.0.1:41234, without /beta */
    char admin[DEMO_ADDRESS_SIZE]; /* http://127.0.0.1:21234 */
    struct demo_child redis, sandbox, worker;
};

/* Each step: false, and the error says what is missing and what to do, or is empty if a signal
 * came. demo_services_close() is due in any case. */
bool demo_services_open(struct demo_services *services, struct error *error);
/* Redis and the sandbox. */
bool demo_services_start(struct demo_services *services, struct error *error);
/* The worker, once `brokers` is there; ready when this returns true. */
bool demo_worker_start(struct demo_services *services, const char *brokers, struct error *error);

/* SIGTERM, and the time to drain. Returns its exit code; 0 is due. */
int demo_worker_stop(struct demo_services *services);

/* Ends what still runs, and removes the folder. */
void demo_services_close(struct demo_services *services);

/* Writes the last lines of the worker's log to standard error. */
void demo_worker_show_log(const struct demo_services *services);
