#pragma once

#include "worker/core/buffer.h"
#include "worker/core/error.h"

#include <microhttpd.h>
#include <uv.h>

/* microhttpd on the worker's loop: the listener under admin.listen and admin.actions_listen. It
 * serves on the loop's thread, so a handler must not wait. */
struct admin_daemon {
    struct MHD_Daemon *daemon; /* NULL: it listens nowhere */
    int port;
    uv_poll_t poll;   /* microhttpd's epoll descriptor */
    uv_timer_t timer; /* and when it wants to be run without that */
    unsigned open_handles;
    void (*on_closed)(void *context);
    void *context;
};

struct admin_daemon_options {
    const char *setting; /* for errors: "admin.listen" */
    const char *listen;  /* its value */
    MHD_AccessHandlerCallback handle;
    MHD_RequestCompletedCallback on_over; /* NULL: nobody wants to know */
    void *context;                        /* of both */
    unsigned flags;                       /* more of enum MHD_FLAG */
    unsigned connections_max;
    size_t memory_max;  /* for the head of a request; a longer one is answered 431 */
    unsigned timeout_s; /* for a client that says nothing */
};

/* False: the error names the setting. admin_daemon_close() is due either way. `daemon` is zeroed
 * before, and stays where it is. */
bool admin_daemon_open(struct admin_daemon *daemon, uv_loop_t *loop,
                       const struct admin_daemon_options *options, struct error *error);
/* Closes every connection; on_end once the loop has turned, or, where nothing is open, at once. */
void admin_daemon_close(struct admin_daemon *daemon, void (*on_end)(void *context), void *context);

/* Runs it once more: a connection was resumed. */
void admin_daemon_wake(struct admin_daemon *daemon);

/* An answer that takes the bytes of `body`, with the heads that each answer of both listeners has:
 * it is nobody else's to frame, to guess at or to embed. NULL: no memory, or `body` has failed. */
struct MHD_Response *admin_response(struct buffer *body);
/* Sends it and gives it back. MHD_NO where it is NULL: closes the connection. */
enum MHD_Result admin_send(struct MHD_Connection *connection, unsigned status,
                           struct MHD_Response *response);
