#include "worker/io/actions.h"

#include "worker/io/actions_ask.h"
#include "worker/io/kafka_conf.h"
#include "worker/io/log.h"

#include <netdb.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Nothing but our own style: no script, no frame around it, and forms go nowhere else. */
#define CONTENT_POLICY                                                                            \
    "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors " \
    "'none'"

enum who { ANYBODY, KNOWN };

/* What comes with a request, until it is there whole. */
struct upload {
    struct buffer body;
};

/* ---- what is asked ------------------------------------------------------------------------ */

static const char *value_of(const struct ask *ask, enum MHD_ValueKind kind, const char *name)
{
    const char *value = MHD_lookup_connection_value(ask->connection, kind, name);
    return value != NULL ? value : "";
}

const char *ask_header(const struct ask *ask, const char *name)
{
    return value_of(ask, MHD_HEADER_KIND, name);
}

const char *ask_query(const struct ask *ask, const char *name)
{
    return value_of(ask, MHD_GET_ARGUMENT_KIND, name);
}

const char *ask_cookie(const struct ask *ask, const char *name)
{
    return value_of(ask, MHD_COOKIE_KIND, name);
}

const char *ask_field(const struct ask *ask, const char *name)
{
    const char *value = ask->form != NULL ? form_value(ask->form, name) : NULL;
    return value != NULL ? value : "";
}

static void find_address(struct ask *ask)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(ask->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    const struct sockaddr *address = info != NULL ? info->client_addr : NULL;
    socklen_t size = address != NULL && address->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6)
                                                                       : sizeof(struct sockaddr_in);
    if (address == NULL ||
        getnameinfo(address, size, ask->address, sizeof ask->address, NULL, 0, NI_NUMERICHOST) != 0)
        (void)snprintf(ask->address, sizeof ask->address, "an unknown address");
}

/* A browser says whose page has made it send this. What is no browser says nothing. */
static bool is_from_here(const struct ask *ask)
{
    const char *site = ask_header(ask, "Sec-Fetch-Site"), *origin = ask_header(ask, "Origin");
    const char *host = strstr(origin, "://");
    if (site[0] != '\0' && strcmp(site, "same-origin") != 0)
        return false;
    return origin[0] == '\0' ||
           (host != NULL && strcasecmp(host + 3, ask_header(ask, "Host")) == 0);
}

/* ---- what is answered ----------------------------------------------------------------------- */

void ask_say(struct ask *ask, unsigned status, const char *format, ...)
{
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    ask->status = status;
    ask->content_type = "text/plain; charset=utf-8";
    buffer_clear(&ask->body);
    buffer_put_text(&ask->body, text);
    buffer_put_text(&ask->body, "\n");
}

void ask_go(struct ask *ask, const char *location)
{
    (void)snprintf(ask->location, sizeof ask->location, "%s", location);
    ask_say(ask, MHD_HTTP_SEE_OTHER, "go on at %s", location);
}

/* Behind a proxy that has TLS, it goes over TLS only. */
void ask_set_cookie(struct ask *ask, const char *name, const char *value, const char *path)
{
    bool has_tls = strcmp(ask_header(ask, "X-Forwarded-Proto"), "https") == 0;
    (void)snprintf(ask->cookie, sizeof ask->cookie, "%s=%s; Path=%s; HttpOnly; SameSite=Strict%s%s",
                   name, value, path, has_tls ? "; Secure" : "",
                   value[0] == '\0' ? "; Max-Age=0" : "");
}

static void add_heads(const struct ask *ask, struct MHD_Response *response)
{
    char seconds[32];
    MHD_add_response_header(response, "Content-Type", ask->content_type);
    MHD_add_response_header(response, "Cache-Control", "no-store");
    /* Not no-referrer: browsers would send `Origin: null` with our own forms. */
    MHD_add_response_header(response, "Referrer-Policy", "same-origin");
    MHD_add_response_header(response, "Cross-Origin-Opener-Policy", "same-origin");
    MHD_add_response_header(response, "Content-Security-Policy", CONTENT_POLICY);
    if (ask->location[0] != '\0')
        MHD_add_response_header(response, "Location", ask->location);
    if (ask->cookie[0] != '\0')
        MHD_add_response_header(response, "Set-Cookie", ask->cookie);
    if (ask->status == MHD_HTTP_UNAUTHORIZED)
        MHD_add_response_header(response, "WWW-Authenticate", "Bearer realm=\"usher\"");
    if (ask->status == MHD_HTTP_METHOD_NOT_ALLOWED)
        MHD_add_response_header(response, "Allow", "GET, HEAD, POST");
    (void)snprintf(seconds, sizeof seconds, "%lld", (long long)(ask->retry_after_ms + 999) / 1000);
    if (ask->retry_after_ms > 0)
        MHD_add_response_header(response, "Retry-After", seconds);
}

static enum MHD_Result send_answer(struct ask *ask)
{
    if (ask->body.failed)
        ask_say(ask, MHD_HTTP_INTERNAL_SERVER_ERROR,
                "this page is too large, or memory is short; ask for fewer, by outcome and code");
    struct MHD_Response *response = admin_response(&ask->body);
    if (response != NULL)
        add_heads(ask, response);
    return admin_send(ask->connection, ask->status, response);
}

/* ---- who may ask what ----------------------------------------------------------------------- */

static void show_log_in(struct ask *ask)
{
    if (ask->session != NULL)
        ask_go(ask, "/");
    else
        actions_show_log_in(ask, "");
}

static const struct route {
    const char *method, *path; /* one that ends in '/', but for "/": all below it */
    enum who who;
    void (*answer)(struct ask *ask);
} routes[] = {
    {"GET", "/", KNOWN, actions_show_home},
    {"GET", "/letters/", KNOWN, actions_show_letter},
    {"GET", "/order", KNOWN, actions_show_order},
    {"GET", "/login", ANYBODY, show_log_in},
    {"GET", "/style.css", ANYBODY, actions_show_style},
    {"POST", "/login", ANYBODY, actions_log_in},
    {"POST", "/logout", KNOWN, actions_log_out},
    {"POST", "/replay", KNOWN, actions_replay},
    {"POST", "/pause", KNOWN, actions_pause},
    {"POST", "/resume", KNOWN, actions_resume},
};

static bool is_at(const struct route *route, const char *path)
{
    size_t size = strlen(route->path);
    bool is_tree = size > 1 && route->path[size - 1] == '/';
    return is_tree ? strncmp(path, route->path, size) == 0 : strcmp(path, route->path) == 0;
}

/* NULL: it has been answered. */
static const struct route *find_route(struct ask *ask)
{
    bool is_there = false;
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++) {
        bool is_here = is_at(&routes[i], ask->path);
        if (is_here && strcmp(routes[i].method, ask->is_post ? "POST" : "GET") == 0)
            return &routes[i];
        is_there = is_there || is_here;
    }
    if (is_there)
        ask_say(ask, MHD_HTTP_METHOD_NOT_ALLOWED, "not in this way");
    else
        ask_say(ask, MHD_HTTP_NOT_FOUND, "not found; there are / /order /replay /pause /resume");
    return NULL;
}

/* False: it has been answered. */
static bool find_out_who(struct ask *ask)
{
    static const char scheme[] = "Bearer ";
    const char *header = ask_header(ask, "Authorization");
    if (header[0] != '\0') {
        bool is_bearer = strncasecmp(header, scheme, sizeof scheme - 1) == 0;
        ask->has_token = actions_check_token(ask, is_bearer ? header + sizeof scheme - 1 : "");
        (void)snprintf(ask->who, sizeof ask->who, "%s, with the token,", ask->address);
        return ask->has_token;
    }
    ask->session = sessions_find(&ask->actions->sessions,
                                 ask_cookie(ask, ask->actions->session_cookie), ask->now_ms);
    (void)snprintf(ask->who, sizeof ask->who, "%s, logged in,", ask->address);
    return true;
}

/* A form of ours, sent by who has it before his eyes? */
static bool is_ours(struct ask *ask, enum who who)
{
    bool needs_secret = who == KNOWN && ask->session != NULL;
    if (ask->is_from_here &&
        (!needs_secret || nonce_is(ask_field(ask, "csrf"), ask->session->csrf)))
        return true;
    log_write(LOG_WARN, "actions.forged", "%s sent a form that is not from this page: %s",
              ask->address, ask->is_from_here ? "its secret is wrong" : "another site made it");
    ask_say(ask, MHD_HTTP_FORBIDDEN, "this form is not from here, or too old; open the page again");
    return false;
}

static void answer(struct ask *ask)
{
    const struct route *route = find_route(ask);
    if (route == NULL || !find_out_who(ask))
        return;
    bool is_known = ask->session != NULL || ask->has_token;
    if (route->who == KNOWN && !is_known && !ask->is_post)
        ask_go(ask, "/login");
    else if (route->who == KNOWN && !is_known)
        ask_say(ask, MHD_HTTP_UNAUTHORIZED, "log in first, at /login, or send the token");
    else if (!ask->is_post || is_ours(ask, route->who))
        route->answer(ask);
}

/* ---- one HTTP request ----------------------------------------------------------------------- */

static enum MHD_Result answer_upload(struct ask *ask, struct upload *upload)
{
    static struct form form; /* large, and the loop has one thread */
    buffer_init(&ask->body, ACTIONS_PAGE_MAX);
    ask->now_ms = (int64_t)uv_now(ask->actions->loop);
    ask->status = MHD_HTTP_OK;
    ask->form = &form;
    form.count = 0;
    find_address(ask);
    ask->is_from_here = is_from_here(ask);
    if (upload->body.failed)
        ask_say(ask, MHD_HTTP_CONTENT_TOO_LARGE, "more than %d bytes", ACTIONS_BODY_MAX);
    else if (upload->body.data != NULL && !form_read(upload->body.data, &form))
        ask_say(ask, MHD_HTTP_BAD_REQUEST, "this is no form, or has more than %d fields",
                FORM_FIELDS_MAX);
    else
        answer(ask);
    enum MHD_Result result = send_answer(ask);
    buffer_finish(&ask->body);
    return result;
}

/* Called when the head is read, for each piece of the body, and at its end. */
// NOLINTNEXTLINE(readability-function-size): microhttpd's signature
static enum MHD_Result on_request(void *context, struct MHD_Connection *connection,
                                  const char *path, const char *method, const char *version,
                                  const char *bytes, size_t *size, void **state)
{
    (void)version;
    struct upload *upload = *state;
    if (upload == NULL) {
        *state = upload = calloc(1, sizeof *upload);
        if (upload == NULL)
            return MHD_NO;
        buffer_init(&upload->body, ACTIONS_BODY_MAX);
        return MHD_YES;
    }
    if (*size > 0) {
        buffer_put(&upload->body, bytes, *size);
        *size = 0;
        return MHD_YES;
    }
    struct ask ask = {.actions = context, .connection = connection, .path = path};
    ask.is_post = strcmp(method, "POST") == 0;
    if (!ask.is_post && strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0)
        ask.path = ""; /* 404 */
    return answer_upload(&ask, upload);
}

static void on_over(void *context, struct MHD_Connection *connection, void **state,
                    enum MHD_RequestTerminationCode code)
{
    (void)context, (void)connection, (void)code;
    struct upload *upload = *state;
    if (upload == NULL)
        return;
    if (upload->body.data != NULL)
        explicit_bzero(upload->body.data, upload->body.capacity); /* it may hold the token */
    buffer_finish(&upload->body);
    free(upload);
    *state = NULL;
}

/* ---- life ----------------------------------------------------------------------------------- */

static void name_cookies(struct actions *actions)
{
    char instance_id[KAFKA_INSTANCE_ID_SIZE], digest[DIGEST_HEX_SIZE];
    kafka_instance_id(actions->view.settings, instance_id);
    (void)digest_sha256_hex(&(struct str){instance_id, strlen(instance_id)}, 1, digest);
    (void)snprintf(actions->session_cookie, COOKIE_NAME_SIZE, "usher_session_%.8s", digest);
    (void)snprintf(actions->form_cookie, COOKIE_NAME_SIZE, "usher_form_%.8s", digest);
}

struct actions *actions_create(uv_loop_t *loop, const struct actions_view *view,
                               struct error *error)
{
    struct actions *actions = calloc(1, sizeof *actions);
    if (actions == NULL) {
        error_set(error, "admin.actions_listen: out of memory");
        return NULL;
    }
    actions->view = *view;
    actions->loop = loop;
    name_cookies(actions);
    sessions_init(&actions->sessions, view->settings);
    const struct admin_daemon_options options = {
        .setting = "admin.actions_listen",
        .listen = view->settings->admin.actions_listen,
        .handle = on_request,
        .on_over = on_over,
        .context = actions,
        .connections_max = ACTIONS_CONNECTIONS_MAX,
        .memory_max = ACTIONS_MEMORY_MAX,
        .timeout_s = ACTIONS_TIMEOUT_S,
    };
    if (sessions_token_is_good(&actions->sessions, error) &&
        admin_daemon_open(&actions->daemon, loop, &options, error))
        return actions;
    actions_destroy(actions);
    return NULL;
}

void actions_destroy(struct actions *actions)
{
    if (actions != NULL)
        admin_daemon_close(&actions->daemon, free, actions);
}

int actions_port(const struct actions *actions)
{
    return actions->daemon.port;
}
