#include "worker/io/admin.h"

#include "worker/io/admin_daemon.h"
#include "worker/io/admin_pages.h"

#include <stdlib.h>
#include <string.h>

struct admin {
    struct admin_view view;
    struct admin_daemon daemon;
    struct admin_site site;                  /* answer NULL: none */
    struct admin_ask later[ADMIN_LATER_MAX]; /* connection NULL: free */
};

/* ---- one HTTP request -------------------------------------------------------------------- */

static const char plain_text[] = "text/plain; charset=utf-8";

/* What a browser may do with a page: nothing but show it, with our own style and script. */
static void add_heads(struct MHD_Response *response, const struct admin_ask *ask)
{
    MHD_add_response_header(response, "Content-Type", ask->content_type);
    MHD_add_response_header(response, "Cache-Control", ask->cache);
    MHD_add_response_header(response, "Referrer-Policy", "no-referrer");
    MHD_add_response_header(response, "Content-Security-Policy", ADMIN_CONTENT_POLICY);
    if (ask->status == MHD_HTTP_METHOD_NOT_ALLOWED)
        MHD_add_response_header(response, "Allow", "GET, HEAD");
}

/* Takes what is in the buffer. */
static enum MHD_Result answer(struct admin_ask *ask)
{
    struct MHD_Response *response = admin_response(&ask->body);
    if (response != NULL)
        add_heads(response, ask);
    return admin_send(ask->connection, ask->status, response);
}

static enum MHD_Result answer_text(struct admin_ask *ask, unsigned status, const char *text)
{
    ask->status = status;
    buffer_put_text(&ask->body, text);
    return answer(ask);
}

const char *admin_ask_query(const struct admin_ask *ask, const char *name)
{
    const char *value = NULL;
    size_t size = 0;
    if (MHD_lookup_connection_value_n(ask->connection, MHD_GET_ARGUMENT_KIND, name, strlen(name),
                                      &value, &size) != MHD_YES)
        return NULL;
    if (value == NULL)
        return "";
    return strlen(value) == size ? value : NULL;
}

/* The place of a request that is answered later; NULL: too many wait already. */
static struct admin_ask *find_place(struct admin *admin)
{
    for (size_t i = 0; i < ADMIN_LATER_MAX; i++) {
        if (admin->later[i].connection == NULL)
            return &admin->later[i];
    }
    return NULL;
}

/* The site may keep the request, so it gets one that stays where it is. */
static enum MHD_Result ask_site(struct admin *admin, struct admin_ask *ask, void **state)
{
    struct admin_ask *place = find_place(admin);
    if (admin->site.answer == NULL)
        return answer_text(ask, MHD_HTTP_NOT_FOUND, ADMIN_NO_SUCH_PAGE);
    if (place == NULL)
        return answer_text(ask, MHD_HTTP_SERVICE_UNAVAILABLE, "too many wait already; ask again\n");
    *place = *ask;
    place->waits = true;
    switch (admin->site.answer(admin->site.context, place)) {
    case ADMIN_LATER:
        *state = place;
        if (place->waits)
            MHD_suspend_connection(place->connection);
        return MHD_YES;
    case ADMIN_ANSWERED:
        *ask = *place;
        break;
    case ADMIN_NOT_FOUND:
        break;
    }
    bool found = ask->body.size > 0;
    *place = (struct admin_ask){.connection = NULL};
    return found ? answer(ask) : answer_text(ask, MHD_HTTP_NOT_FOUND, ADMIN_NO_SUCH_PAGE);
}

void admin_ask_end(struct admin_ask *ask)
{
    ask->waits = false;
    MHD_resume_connection(ask->connection);
    admin_daemon_wake(&ask->admin->daemon);
}

static enum MHD_Result answer_page(struct admin *admin, struct admin_ask *ask, bool may_read,
                                   void **state)
{
    const struct admin_page *page = admin_page_find(ask->path);
    if (!may_read)
        return answer_text(ask, MHD_HTTP_METHOD_NOT_ALLOWED, "only GET and HEAD\n");
    if (page == NULL)
        return ask_site(admin, ask, state);
    ask->content_type = page->content_type;
    ask->status = page->write(&admin->view, admin_ask_query(ask, "verbose") != NULL, &ask->body);
    return answer(ask);
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
    if (*state != &seen) { /* it was answered later, and the answer is there */
        struct admin_ask *place = *state, done = *place;
        *place = (struct admin_ask){.connection = NULL}; /* not held by who reads slowly */
        return answer(&done);
    }
    struct admin_ask ask = {.path = path,
                            .connection = connection,
                            .admin = context,
                            .content_type = plain_text,
                            .cache = "no-store"};
    buffer_init(&ask.body, METRICS_BYTES_MAX);
    bool may_read = strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
    return answer_page(context, &ask, may_read, state);
}

/* The request is over, answered or not. */
static void on_over(void *context, struct MHD_Connection *connection, void **state,
                    enum MHD_RequestTerminationCode code)
{
    struct admin *admin = context;
    (void)code;
    (void)state;
    for (size_t i = 0; i < ADMIN_LATER_MAX; i++) {
        struct admin_ask *ask = &admin->later[i];
        if (ask->connection == connection) {
            buffer_finish(&ask->body);
            *ask = (struct admin_ask){.connection = NULL};
        }
    }
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
    if (view->site != NULL)
        admin->site = *view->site;
    if (listen[0] == '\0')
        return admin;
    const struct admin_daemon_options options = {
        .setting = "admin.listen",
        .listen = listen,
        .handle = on_request,
        .on_over = on_over,
        .flags = MHD_ALLOW_SUSPEND_RESUME,
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
