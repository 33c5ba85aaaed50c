#include "worker/io/admin.h"

#include "worker/io/admin_daemon.h"
#include "worker/io/admin_pages.h"

#include <stdlib.h>

struct admin {
    struct admin_view view;
    struct admin_daemon daemon;
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

/* ---- life --------------------------------------------------------------------------------- */

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
    const struct admin_daemon_options options = {
        .setting = "admin.listen",
        .listen = listen,
        .handle = on_request,
        .context = admin,
        .connections_max = ADMIN_CONNECTIONS_MAX,
        .memory_max = ADMIN_MEMORY_MAX,
        .timeout_s = ADMIN_TIMEOUT_S,
    };
    if (admin_daemon_open(&admin->daemon, loop, &options, error))
        return admin;
    admin_destroy(admin);
    return NULL;
}

void admin_destroy(struct admin *admin)
{
    if (admin != NULL)
        admin_daemon_close(&admin->daemon, free, admin);
}

int admin_port(const struct admin *admin)
{
    return admin->daemon.port;
}
