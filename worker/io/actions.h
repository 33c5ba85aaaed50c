#pragma once

#include "worker/core/error.h"
#include "worker/io/letter_desk.h"

#include <uv.h>

/*
 * The HTTP listener of the setting admin.actions_listen: what changes something. Pages that replay
 * dead letters, pause the intake and resume it; they work without script. It runs on the worker's
 * loop.
 *
 * Who uses it shows the token of admin.token_file: in a form, which opens a session (sessions.h),
 * or as `Authorization: Bearer`, from a script. Each form of a session carries that session's own
 * secret, and a request that a browser sends for another site is refused. Nothing is deleted: Kafka
 * deletes by time.
 */
struct actions;

enum {
    ACTIONS_CONNECTIONS_MAX = 8,   /* a few people */
    ACTIONS_MEMORY_MAX = 16 << 10, /* for the head of a request */
    ACTIONS_BODY_MAX = 64 << 10,   /* of a form: a list of dead letters, all of them chosen */
    ACTIONS_PAGE_MAX = 1 << 20,    /* of an answer: ACTIONS_ROWS rows of 6 KiB, all escaped */
    ACTIONS_ROWS = 150,            /* dead letters on a page */
    ACTIONS_TIMEOUT_S = 20,        /* for a client that says nothing */
};

struct actions_view {
    const struct settings *settings;
    struct letter_desk *desk;
    /* The intake: what it does now, a word or two, and the two things that can be done. */
    const char *(*state)(void *context);
    bool (*is_paused)(void *context);
    bool (*pause)(void *context, const char *who, struct error *error);
    bool (*resume)(void *context, const char *who, struct error *error);
    void *context;
};

/* The setting names the address, and is not "". What the view points to must outlive it. NULL: the
 * error names the setting. */
struct actions *actions_create(uv_loop_t *loop, const struct actions_view *view,
                               struct error *error);
/* Closes every connection. The loop must run on until its handles are closed. NULL is fine. */
void actions_destroy(struct actions *actions);

/* The port it has. */
int actions_port(const struct actions *actions);
