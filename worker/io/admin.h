#pragma once

#include "worker/core/error.h"
#include "worker/io/admin_site.h"
#include "worker/io/metrics.h"

#include <uv.h>

/*
 * The HTTP listener of the setting admin.listen: /livez /readyz /metrics /status, and the pages of
 * a site (admin_site.h), to be read only. It runs on the worker's loop and asks the worker through
 * the view below, once for each HTTP request.
 */
struct admin;

enum {
    ADMIN_CHECKS_MAX = 8,       /* kafka, redis, graph token, interlock, not draining, and intake */
    ADMIN_CONNECTIONS_MAX = 32, /* Prometheus, two probes and a few people */
    ADMIN_MEMORY_MAX = 8 << 10, /* for the head of a request; a longer one is answered 431 */
    ADMIN_TIMEOUT_S = 10,       /* for a client that says nothing */
};

/* One line of /readyz. */
struct admin_check {
    const char *name; /* "kafka" */
    bool ok;
    /* Why it is not, a sentence without secrets. Where ok mostly "", else what is to be known. */
    const char *why;
};

struct admin_view {
    /* The loop turns; nothing about dependencies. That it is asked at all says most of it. */
    bool (*live)(void *context);
    /* Fills at most ADMIN_CHECKS_MAX rows and returns how many. Texts live until the next call. */
    size_t (*checks)(void *context, struct admin_check ret[ADMIN_CHECKS_MAX]);
    void (*metrics)(void *context, struct metrics_view *ret);
    void *context;
    const struct admin_site *site; /* copied; NULL: none */
};

/* Listens on "host:port" or "[address]:port"; an empty host is every address, port 0 one that is
 * free. With `listen` "" it listens nowhere. NULL: the error names admin.listen. */
struct admin *admin_create(uv_loop_t *loop, const char *listen, const struct admin_view *view,
                           struct error *error);
/* Closes every connection. The loop must run on until its handles are closed. NULL is fine. */
void admin_destroy(struct admin *admin);

/* The port it has; 0 if it listens nowhere. */
int admin_port(const struct admin *admin);
