#include "worker/io/admin.h"

#include "worker/io/admin_listen.h"
#include "worker/io/admin_pages.h"

#include <microhttpd.h>
#include <stdlib.h>
#include <unistd.h>

struct admin {
    struct admin_view view;
    struct MHD_Daemon *daemon; /* NULL: it listens nowhere */
    int port;
    uv_poll_t poll;   /* microhttpd's epoll descriptor */
    uv_timer_t timer; /* and when it wants to be run without that */
    unsigned open_handles;
};

/* ---- one HTTP request -------------------------------------------------------------------- */

/* Takes what is in the buffer. */
static enum MHD_Result answer(struct MHD_Connection *connection, unsigned status,
                              const char *content_type, struct buffer *body)
{
    size_t size = 0;
    char *text = buffer_take(body, &size);
    if (text == NULL)
        return MHD_NO; /* closes the connection */
    struct MHD_Response *response =
        MHD_create_response_from_buffer(size, text, MHD_RESPMEM_MUST_FREE);
    if (response == NULL) {
        free(text);
        return MHD_NO;
    }
    MHD_add_response_header(response, "Content-Type", content_type);
    MHD_add_response_header(response, "Cache-Control", "no-store");
    MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
    if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
        MHD_add_response_header(response, "Allow", "GET, HEAD");
    enum MHD_Result result = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result answer_page(const struct admin *admin, struct MHD_Connection *connection,
                                   const char *path, bool may_read)
{
    const struct admin_page *page = admin_page_find(path);
    struct buffer body;
    buffer_init(&body, METRICS_BYTES_MAX);
    if (page == NULL) {
        buffer_put_text(&body, "not found; there are /livez /readyz /metrics /status\n");
        return answer(connection, MHD_HTTP_NOT_FOUND, "text/plain; charset=utf-8", &body);
    }
    if (!may_read) {
        buffer_put_text(&body, "only GET and HEAD\n");
        return answer(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "text/plain; charset=utf-8", &body);
    }
    const char *value = NULL;
    size_t size = 0;
    bool verbose = MHD_lookup_connection_value_n(connection, MHD_GET_ARGUMENT_KIND, "verbose", 7,
                                                 &value, &size) == MHD_YES;
    unsigned status = page->write(&admin->view, verbose, &body);
    return answer(connection, status, page->content_type, &body);
}

/* Called once when the head is read and again for the body, if any, and its end. An answer at the
 * first call would make microhttpd close the connection. */
// NOLINTNEXTLINE(readability-function-size): microhttpd's signature
static enum MHD_Result on_request(void *context, struct MHD_Connection *connection,
                                  const char *path, const char *method, const char *version,
                                  const char *upload, size_t *upload_size, void **state)
{
    static char seen;
    (void)version;
    (void)upload;
    if (*state == NULL) {
        *state = &seen;
        return MHD_YES;
    }
    if (*upload_size > 0) {
        *upload_size = 0; /* nobody asked for a body */
        return MHD_YES;
    }
    bool may_read = strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
    return answer_page(context, connection, path, may_read);
}

/* ---- on the loop ------------------------------------------------------------------------- */

static void on_timer(uv_timer_t *timer);

static unsigned count_connections(const struct admin *admin)
{
    const union MHD_DaemonInfo *info =
        MHD_get_daemon_info(admin->daemon, MHD_DAEMON_INFO_CURRENT_CONNECTIONS);
    return info != NULL ? info->num_connections : 0;
}

/* microhttpd stops to listen at its limit of connections, and starts again only when it is run
 * after one has left: nothing else would wake it, so it is run once more. */
static void run(struct admin *admin)
{
    unsigned before = count_connections(admin);
    MHD_run(admin->daemon);
    MHD_UNSIGNED_LONG_LONG timeout_ms = 0;
    if (count_connections(admin) < before)
        uv_timer_start(&admin->timer, on_timer, 0, 0);
    else if (MHD_get_timeout(admin->daemon, &timeout_ms) == MHD_YES)
        uv_timer_start(&admin->timer, on_timer, timeout_ms, 0);
    else
        uv_timer_stop(&admin->timer);
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

static bool start(struct admin *admin, uv_loop_t *loop, int fd)
{
    admin->daemon =
        MHD_start_daemon(MHD_USE_EPOLL, 0, NULL, NULL, on_request, admin, MHD_OPTION_LISTEN_SOCKET,
                         fd, MHD_OPTION_CONNECTION_LIMIT, (unsigned)ADMIN_CONNECTIONS_MAX,
                         MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)ADMIN_MEMORY_MAX,
                         MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)ADMIN_TIMEOUT_S, MHD_OPTION_END);
    if (admin->daemon == NULL) {
        close(fd);
        return false;
    }
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(admin->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    if (info == NULL || uv_poll_init(loop, &admin->poll, info->epoll_fd) != 0)
        return false;
    uv_timer_init(loop, &admin->timer);
    admin->poll.data = admin->timer.data = admin;
    admin->open_handles = 2;
    return uv_poll_start(&admin->poll, UV_READABLE, on_poll) == 0;
}

struct admin *admin_create(uv_loop_t *loop, const char *listen, const struct admin_view *view,
                           struct error *error)
{
    struct admin *admin = calloc(1, sizeof *admin);
    if (admin == NULL) {
        error_set(error, "admin.listen: out of memory");
        return NULL;
    }
    admin->view = *view;
    if (listen[0] == '\0')
        return admin;
    int fd = admin_listen(listen, &admin->port, error);
    if (fd >= 0 && start(admin, loop, fd))
        return admin;
    if (fd >= 0)
        error_set(error, "admin.listen: cannot start the listener on %s; \"\" turns it off",
                  listen);
    admin_destroy(admin);
    return NULL;
}

static void on_closed(uv_handle_t *handle)
{
    struct admin *admin = handle->data;
    if (--admin->open_handles == 0)
        free(admin);
}

void admin_destroy(struct admin *admin)
{
    if (admin == NULL)
        return;
    bool has_handles = admin->open_handles > 0;
    if (has_handles) {
        uv_close((uv_handle_t *)&admin->poll, on_closed);
        uv_close((uv_handle_t *)&admin->timer, on_closed);
    }
    if (admin->daemon != NULL)
        MHD_stop_daemon(admin->daemon); /* closes the socket too */
    if (!has_handles)
        free(admin);
}

int admin_port(const struct admin *admin)
{
    return admin->port;
}
