#include "tests/sandbox/http.h"
#include "tests/sandbox/record.h"

#include <assert.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define DIAGNOSTIC    "{\"ServerInfo\":{\"DataCenter\":\"Sandbox\",\"RoleInstance\":\"SANDBOX0\"}}"
#define LOOK_EVERY_MS 200 // how late it may be noticed that the caller of a hanging call is gone

const char *call_header(const struct call *call, const char *name)
{
    return MHD_lookup_connection_value(call->connection, MHD_HEADER_KIND, name);
}

const char *call_argument(const struct call *call, const char *name)
{
    return MHD_lookup_connection_value(call->connection, MHD_GET_ARGUMENT_KIND, name);
}

const char *call_scheme(const struct call *call)
{
    return MHD_get_connection_info(call->connection, MHD_CONNECTION_INFO_PROTOCOL) ? "https"
                                                                                   : "http";
}

struct known_names {
    const char *const *names;
    bool all;
};

static enum MHD_Result on_argument(void *cls, enum MHD_ValueKind kind, const char *name,
                                   const char *value)
{
    (void)kind;
    (void)value;
    struct known_names *known = cls;
    const char *const *at = known->names;
    while (*at != NULL && strcmp(*at, name) != 0) {
        at++;
    }
    known->all = known->all && *at != NULL;
    return MHD_YES;
}

bool call_arguments_known(const struct call *call, const char *const *names)
{
    struct known_names known = {names, true};
    MHD_get_connection_values(call->connection, MHD_GET_ARGUMENT_KIND, on_argument, &known);
    return known.all;
}

static void call_leave_list(struct http *http, struct call *call)
{
    if (call->previous != NULL) {
        call->previous->next = call->next;
    } else if (http->waiting == call) {
        http->waiting = call->next;
    }
    if (call->next != NULL) {
        call->next->previous = call->previous;
    }
    call->previous = NULL;
    call->next = NULL;
}

static void call_wait(struct http *http, struct call *call, int64_t due_ms)
{
    call->due_ms = due_ms;
    call->next = http->waiting;
    if (http->waiting != NULL) {
        http->waiting->previous = call;
    }
    http->waiting = call;
    MHD_suspend_connection(call->connection);
}

static void call_resume(struct http *http, struct call *call)
{
    call_leave_list(http, call);
    MHD_resume_connection(call->connection);
}

static struct call *call_begin(struct http *http, struct MHD_Connection *connection,
                               const char *method, const char *path)
{
    struct call *call = memory_need(calloc(1, sizeof *call));
    call->connection = connection;
    call->method = method;
    call->path = path;
    guid_make(&http->sandbox->random, 0, call->request_id);
    copy_text(call->client_request_id, sizeof call->client_request_id,
              call_header(call, "client-request-id"));
    return call;
}

static void call_destroy(struct call *call)
{
    cJSON_Delete(call->json);
    text_finish(&call->body);
    text_finish(&call->answer.body);
    free(call);
}

// NOLINTNEXTLINE(readability-function-size): microhttpd's signature
static void on_completed(void *cls, struct MHD_Connection *connection, void **state,
                         enum MHD_RequestTerminationCode code)
{
    (void)connection;
    (void)code;
    struct call *call = *state;
    if (call != NULL) {
        call_leave_list(cls, call);
        call_destroy(call);
        *state = NULL;
    }
}

static void call_take(struct call *call, const char *bytes, size_t size)
{
    call->too_large = call->too_large || call->body.size + size > BODY_MAX;
    if (!call->too_large) {
        text_add(&call->body, bytes, size);
    }
}

// All is read: which rules match, and must it wait before anything happens?
static void call_prepare(struct sandbox *sandbox, struct call *call)
{
    record_call(sandbox->record, call);
    routes_find(call);
    bool post = call->route != NULL && call->route->op == OP_SUBMIT;
    if (post) {
        graph_read(sandbox, call);
    }
    if (call->route != NULL && routes_take_faults(call->route)) {
        call->fault = faults_match(&sandbox->faults, call->op, call->route->kind,
                                   post ? &call->change : NULL, &sandbox->random);
        call->fault.latency_ms += sandbox->settings.latency_ms;
    }
}

// Applies and decides the answer, and writes it down.
static void call_apply(struct sandbox *sandbox, struct call *call)
{
    const struct fault *fault = &call->fault;
    enum ending ending = fault->ending;
    bool spared = ending == ENDING_CLOSE_BEFORE || ending == ENDING_HANG_BEFORE ||
                  (ending == ENDING_STATUS && !fault->apply);
    if (call->route != NULL && !spared) {
        call->route->answer(sandbox, call);
    }
    if (ending == ENDING_STATUS) {
        answer_fault(call);
    } else if (ending == ENDING_GARBAGE) {
        text_finish(&call->answer.body);
        text_format(&call->answer.body, "{\"id\":\"%s\",\"requestState\":<!", call->request_id);
    }
    bool silent = ending == ENDING_CLOSE_BEFORE || ending == ENDING_CLOSE_AFTER ||
                  ending == ENDING_HANG_BEFORE || ending == ENDING_HANG_AFTER;
    int status = silent ? 0 : call->answer.status;
    if (call->op == OP_DRY_RUN || call->op == OP_SUBMIT) {
        struct ledger_entry entry = {.op = call->op,
                                     .change = &call->change,
                                     .request_id = call->request_id,
                                     .client_request_id = call->client_request_id,
                                     .graph_id = call->graph_id,
                                     .error = call->answer.error,
                                     .fault = ENDING_NAMES[ending],
                                     .status = status,
                                     .applied = call->applied};
        ledger_add(&sandbox->ledger, &entry, clock_ms());
    }
    ledger_count(&sandbox->ledger, call->op, status);
}

static ssize_t on_truncated_body(void *cls, uint64_t at, char *buffer, size_t room)
{
    const struct call *call = cls;
    size_t half = call->answer.body.size / 2;
    if (at >= half) {
        return MHD_CONTENT_READER_END_WITH_ERROR;
    }
    size_t size = half - (size_t)at < room ? half - (size_t)at : room;
    memcpy(buffer, call->answer.body.bytes + at, size);
    return (ssize_t)size;
}

static void add_header(struct MHD_Response *response, const char *name, const char *value)
{
    if (value != NULL && value[0] != '\0') {
        MHD_add_response_header(response, name, value);
    }
}

static enum MHD_Result call_send(struct call *call)
{
    struct answer *answer = &call->answer;
    assert(answer->status >= 200);
    struct MHD_Response *response;
    if (call->fault.ending == ENDING_TRUNCATE && answer->body.size > 1) {
        response = MHD_create_response_from_callback(answer->body.size, 4096, on_truncated_body,
                                                     call, NULL);
    } else {
        response = MHD_create_response_from_buffer(answer->body.size, answer->body.bytes,
                                                   MHD_RESPMEM_MUST_FREE);
        answer->body = (struct text){0}; // now the response's
    }
    memory_need(response);
    add_header(response, "Content-Type", answer->type);
    add_header(response, "request-id", call->request_id);
    add_header(response, "client-request-id", call->client_request_id);
    add_header(response, "x-ms-ags-diagnostic", DIAGNOSTIC);
    add_header(response, "Retry-After", answer->retry_after);
    add_header(response, "x-ms-throttle-limit-percentage", answer->used);
    add_header(response, "x-ms-throttle-scope", answer->scope);
    add_header(response, "Location", answer->location);
    add_header(response, "Allow", answer->allow);
    add_header(response, "WWW-Authenticate", answer->challenge);
    enum MHD_Result result =
        MHD_queue_response(call->connection, (unsigned)answer->status, response);
    MHD_destroy_response(response);
    return result;
}

// MHD_NO closes the connection without a byte; with `reset` by RST.
static enum MHD_Result call_close(const struct call *call)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(call->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    if (call->fault.reset && info != NULL) {
        struct sockaddr nobody = {.sa_family = AF_UNSPEC}; // "disconnect" sends the RST at once
        (void)connect(info->connect_fd, &nobody, sizeof nobody);
    }
    return MHD_NO;
}

// Releases what hangs, when the rules that made it hang are gone.
static void release_hanging(struct http *http)
{
    for (struct call *call = http->waiting; call != NULL; call = call->next) {
        if (call->phase == PHASE_HANGING) {
            call->due_ms = 0;
        }
    }
}

static enum MHD_Result call_answer(struct http *http, struct call *call)
{
    if (call->route != NULL && strcmp(call->method, "DELETE") == 0 &&
        strcmp(call->path, "/sandbox/faults") == 0) {
        release_hanging(http);
    }
    switch (call->fault.ending) {
    case ENDING_HANG_BEFORE:
    case ENDING_HANG_AFTER:
        call->phase = PHASE_HANGING;
        call_wait(http, call, TIME_NEVER);
        return MHD_YES;
    case ENDING_CLOSE_BEFORE:
    case ENDING_CLOSE_AFTER:
        return call_close(call);
    default:
        return call_send(call);
    }
}

// One step of a call after its last byte; a wait between two steps leaves and comes back here.
static enum MHD_Result call_step(struct http *http, struct call *call)
{
    if (call->phase == PHASE_READING) {
        call->phase = PHASE_APPLY;
        call_prepare(http->sandbox, call);
        if (call->fault.delay_apply_ms > 0) {
            call_wait(http, call, clock_ms() + call->fault.delay_apply_ms);
            return MHD_YES;
        }
    }
    if (call->phase == PHASE_APPLY) {
        call->phase = PHASE_ANSWER;
        call_apply(http->sandbox, call);
        if (call->fault.latency_ms > 0) {
            call_wait(http, call, clock_ms() + call->fault.latency_ms);
            return MHD_YES;
        }
    }
    return call->phase == PHASE_HANGING ? call_close(call) : call_answer(http, call);
}

// NOLINTNEXTLINE(readability-function-size): microhttpd's signature
static enum MHD_Result on_request(void *cls, struct MHD_Connection *connection, const char *path,
                                  const char *method, const char *version, const char *bytes,
                                  size_t *size, void **state)
{
    (void)version;
    if (*state == NULL) {
        *state = call_begin(cls, connection, method, path);
        return MHD_YES;
    }
    if (*size > 0) {
        call_take(*state, bytes, *size);
        *size = 0;
        return MHD_YES;
    }
    return call_step(cls, *state);
}

bool http_init(struct http *http, struct sandbox *sandbox, int listener, const struct http_tls *tls)
{
    *http = (struct http){.sandbox = sandbox, .tls = tls->certificate != NULL};
    unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | (http->tls ? MHD_USE_TLS : 0u);
    struct MHD_OptionItem secure[] = {{MHD_OPTION_HTTPS_MEM_CERT, 0,
                                       (void *)(uintptr_t)tls->certificate},
                                      {MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)(uintptr_t)tls->key},
                                      {MHD_OPTION_END, 0, NULL}};
    struct MHD_OptionItem plain[] = {{MHD_OPTION_END, 0, NULL}};
    http->daemon =
        MHD_start_daemon(flags, 0, NULL, NULL, on_request, http, MHD_OPTION_LISTEN_SOCKET, listener,
                         MHD_OPTION_NOTIFY_COMPLETED, on_completed, http,
                         MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX, MHD_OPTION_ARRAY,
                         http->tls ? secure : plain, MHD_OPTION_END);
    return http->daemon != NULL;
}

int http_epoll(const struct http *http)
{
    return MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
}

static bool caller_gone(const struct call *call)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(call->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    struct pollfd poller = {.fd = info->connect_fd, .events = POLLRDHUP};
    return poll(&poller, 1, 0) > 0;
}

// What was to be applied later is applied whether or not its caller is still there; microhttpd
// would not come back to us where it is gone.
static void call_due(struct http *http, struct call *call, int64_t now_ms)
{
    if (call->phase == PHASE_APPLY) {
        call->phase = PHASE_ANSWER;
        call_apply(http->sandbox, call);
        call->due_ms = now_ms + call->fault.latency_ms;
    }
    if (call->phase == PHASE_HANGING || call->due_ms <= now_ms) {
        call_resume(http, call);
    }
}

// Resumes what is due; the time of the next one that will be.
static int64_t resume_due(struct http *http, int64_t now_ms)
{
    int64_t next_ms = TIME_NEVER;
    bool look = now_ms >= http->next_look_ms;
    http->next_look_ms = look ? now_ms + LOOK_EVERY_MS : http->next_look_ms;
    struct call *following = NULL;
    for (struct call *call = http->waiting; call != NULL; call = following) {
        following = call->next;
        bool hanging = call->phase == PHASE_HANGING;
        if (call->due_ms <= now_ms || (hanging && look && caller_gone(call))) {
            call_due(http, call, now_ms);
            next_ms = now_ms;
        } else {
            int64_t due_ms = hanging ? http->next_look_ms : call->due_ms;
            next_ms = due_ms < next_ms ? due_ms : next_ms;
        }
    }
    return next_ms;
}

int http_turn(struct http *http)
{
    MHD_run(http->daemon);
    int64_t now_ms = clock_ms();
    int64_t next_ms = resume_due(http, now_ms);
    MHD_UNSIGNED_LONG_LONG sleep_ms = 0;
    int64_t most_ms =
        MHD_get_timeout(http->daemon, &sleep_ms) == MHD_YES ? (int64_t)sleep_ms : INT_MAX;
    most_ms = next_ms - now_ms < most_ms ? next_ms - now_ms : most_ms;
    return most_ms >= INT_MAX ? -1 : (int)most_ms;
}

void http_finish(struct http *http)
{
    if (http->daemon == NULL) {
        return;
    }
    while (http->waiting != NULL) { // microhttpd does not stop while calls are suspended
        http->waiting->phase = PHASE_HANGING;
        call_resume(http, http->waiting);
    }
    MHD_run(http->daemon);
    MHD_stop_daemon(http->daemon);
    http->daemon = NULL;
}
