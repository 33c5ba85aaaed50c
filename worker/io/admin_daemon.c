#include "worker/io/admin_daemon.h"

#include "worker/io/admin_listen.h"

#include <stdlib.h>
#include <unistd.h>

static void on_timer(uv_timer_t *timer);

static unsigned count_connections(const struct admin_daemon *daemon)
{
    const union MHD_DaemonInfo *info =
        MHD_get_daemon_info(daemon->daemon, MHD_DAEMON_INFO_CURRENT_CONNECTIONS);
    return info != NULL ? info->num_connections : 0;
}

/* microhttpd stops to listen at its limit of connections, and starts again only when it is run
 * after one has left: nothing else would wake it, so it is run once more. */
static void run(struct admin_daemon *daemon)
{
    unsigned before = count_connections(daemon);
    MHD_run(daemon->daemon);
    MHD_UNSIGNED_LONG_LONG timeout_ms = 0;
    if (count_connections(daemon) < before)
        uv_timer_start(&daemon->timer, on_timer, 0, 0);
    else if (MHD_get_timeout(daemon->daemon, &timeout_ms) == MHD_YES)
        uv_timer_start(&daemon->timer, on_timer, timeout_ms, 0);
    else
        uv_timer_stop(&daemon->timer);
}

static void on_timer(uv_timer_t *timer)
{
    run(timer->data);
}

/* Errors are seen by microhttpd itself. */
static void on_poll(uv_poll_t *poll, int status, int events)
{
    (void)status;
    (void)events;
    run(poll->data);
}

static void ignore_over(void *context, struct MHD_Connection *connection, void **state,
                        enum MHD_RequestTerminationCode code)
{
    (void)context, (void)connection, (void)state, (void)code;
}

static bool start(struct admin_daemon *daemon, uv_loop_t *loop, int fd,
                  const struct admin_daemon_options *options)
{
    daemon->daemon = MHD_start_daemon(MHD_USE_EPOLL | options->flags, 0, NULL, NULL,
                                      options->handle, options->context, MHD_OPTION_LISTEN_SOCKET,
                                      fd, MHD_OPTION_CONNECTION_LIMIT, options->connections_max,
                                      MHD_OPTION_CONNECTION_MEMORY_LIMIT, options->memory_max,
                                      MHD_OPTION_CONNECTION_TIMEOUT, options->timeout_s,
                                      MHD_OPTION_NOTIFY_COMPLETED,
                                      options->on_over != NULL ? options->on_over : ignore_over,
                                      options->context, MHD_OPTION_END);
    if (daemon->daemon == NULL) {
        close(fd);
        return false;
    }
    const union MHD_DaemonInfo *info =
        MHD_get_daemon_info(daemon->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    if (info == NULL || uv_poll_init(loop, &daemon->poll, info->epoll_fd) != 0)
        return false;
    uv_timer_init(loop, &daemon->timer);
    daemon->poll.data = daemon->timer.data = daemon;
    daemon->open_handles = 2;
    return uv_poll_start(&daemon->poll, UV_READABLE, on_poll) == 0;
}

bool admin_daemon_open(struct admin_daemon *daemon, uv_loop_t *loop,
                       const struct admin_daemon_options *options, struct error *error)
{
    int fd = admin_listen(options->setting, options->listen, &daemon->port, error);
    return fd >= 0 && (start(daemon, loop, fd, options) ||
                       error_set(error, "%s: cannot start the listener on %s; \"\" turns it off",
                                 options->setting, options->listen));
}

static void on_closed(uv_handle_t *handle)
{
    struct admin_daemon *daemon = handle->data;
    if (--daemon->open_handles == 0)
        daemon->on_closed(daemon->context);
}

void admin_daemon_close(struct admin_daemon *daemon, void (*on_end)(void *context), void *context)
{
    bool has_handles = daemon->open_handles > 0;
    daemon->on_closed = on_end;
    daemon->context = context;
    if (has_handles) {
        uv_close((uv_handle_t *)&daemon->poll, on_closed);
        uv_close((uv_handle_t *)&daemon->timer, on_closed);
    }
    if (daemon->daemon != NULL)
        MHD_stop_daemon(daemon->daemon); /* closes the socket too */
    if (!has_handles)
        on_end(context);
}

void admin_daemon_wake(struct admin_daemon *daemon)
{
    uv_timer_start(&daemon->timer, on_timer, 0, 0);
}

struct MHD_Response *admin_response(struct buffer *body)
{
    size_t size = 0;
    char *text = buffer_take(body, &size);
    if (text == NULL)
        return NULL;
    struct MHD_Response *response =
        MHD_create_response_from_buffer(size, text, MHD_RESPMEM_MUST_FREE);
    if (response == NULL) {
        free(text);
        return NULL;
    }
    MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
    MHD_add_response_header(response, "X-Frame-Options", "DENY");
    MHD_add_response_header(response, "Cross-Origin-Resource-Policy", "same-origin");
    return response;
}

enum MHD_Result admin_send(struct MHD_Connection *connection, unsigned status,
                           struct MHD_Response *response)
{
    if (response == NULL)
        return MHD_NO;
    enum MHD_Result result = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return result;
}
