#include "worker/io/http_loop.h"

#include <assert.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* A descriptor that curl wants watched. Those that we opened keep their uv_poll_t until they are
 * closed, and go on being watched for input between two transfers: taking them out and in again
 * costs four system calls a POST. Curl's own (its resolver's) are forgotten when curl forgets them.
 */
struct watched {
    uv_poll_t poll;
    struct http_loop *loop;
    curl_socket_t fd;
    bool opened_by_us;
    bool has_poll; /* `poll` is initialised */
    int wanted;    /* uv events that curl wants; 0: none, the connection is idle */
    int watched;   /* uv events that are watched */
};

struct http_loop {
    uv_loop_t *uv;
    uv_timer_t timer;
    CURLM *multi;
    struct watched **by_fd;
    size_t fd_room;
};

static void free_watched(uv_handle_t *handle)
{
    free(handle->data);
}

static struct watched *find(const struct http_loop *loop, curl_socket_t fd)
{
    return (size_t)fd < loop->fd_room ? loop->by_fd[fd] : NULL;
}

static struct watched *add(struct http_loop *loop, curl_socket_t fd, bool opened_by_us)
{
    if ((size_t)fd >= loop->fd_room) {
        size_t room = (size_t)fd + 64;
        struct watched **grown = realloc(loop->by_fd, room * sizeof(void *));
        if (grown == NULL)
            return NULL;
        memset(grown + loop->fd_room, 0, (room - loop->fd_room) * sizeof(void *));
        loop->by_fd = grown;
        loop->fd_room = room;
    }
    struct watched *watched = calloc(1, sizeof *watched);
    if (watched != NULL)
        *watched = (struct watched){.loop = loop, .fd = fd, .opened_by_us = opened_by_us};
    loop->by_fd[fd] = watched;
    return watched;
}

static void forget(struct watched *watched)
{
    watched->loop->by_fd[watched->fd] = NULL;
    if (watched->has_poll)
        uv_close((uv_handle_t *)&watched->poll, free_watched);
    else
        free(watched);
}

static curl_socket_t on_open_socket(void *context, curlsocktype purpose,
                                    struct curl_sockaddr *address)
{
    (void)purpose;
    struct http_loop *loop = context;
    int fd = socket(address->family, address->socktype | SOCK_CLOEXEC | SOCK_NONBLOCK,
                    address->protocol);
    if (fd >= 0 && add(loop, fd, true) == NULL) {
        close(fd);
        return CURL_SOCKET_BAD;
    }
    return fd < 0 ? CURL_SOCKET_BAD : fd;
}

static int on_close_socket(void *context, curl_socket_t fd)
{
    struct watched *watched = find(context, fd);
    if (watched != NULL)
        forget(watched);
    return close(fd);
}

static bool has_local_port(curl_socket_t fd, long port)
{
    struct sockaddr_in6 address = {0}; /* the port of both families is at the same place */
    socklen_t size = sizeof address;
    return getsockname(fd, (struct sockaddr *)&address, &size) == 0 &&
           ntohs(address.sin6_port) == port;
}

static bool is_silent_for(curl_socket_t fd, int64_t ms)
{
    struct tcp_info info = {0};
    socklen_t size = sizeof info;
    return getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) == 0 &&
           info.tcpi_last_data_recv >= ms;
}

/* Over HTTP/2 curl keeps a connection on which a call has timed out, and puts the next calls on it
 * too. If not a byte came on it for as long as the call took, it is dead. Shut down, it ends the
 * calls that are still on it, and curl finds out before it uses it again. Curl tells a call's
 * socket only to the last one on it, but its port to all. */
static void shut_if_silent(struct http_loop *loop, CURL *easy)
{
    long port = 0;
    curl_off_t took_us = 0;
    curl_easy_getinfo(easy, CURLINFO_LOCAL_PORT, &port);
    curl_easy_getinfo(easy, CURLINFO_TOTAL_TIME_T, &took_us);
    for (size_t i = 0; i < loop->fd_room; i++) {
        struct watched *watched = loop->by_fd[i];
        if (watched != NULL && watched->opened_by_us && has_local_port(watched->fd, port) &&
            is_silent_for(watched->fd, took_us / 1000))
            shutdown(watched->fd, SHUT_RDWR);
    }
}

/* Hands over what has ended. on_done may start transfers; those end in a later turn. */
static void hand_over(struct http_loop *loop)
{
    int left = 0;
    for (CURLMsg *message = curl_multi_info_read(loop->multi, &left); message != NULL;
         message = curl_multi_info_read(loop->multi, &left)) {
        CURL *easy = message->easy_handle;
        CURLcode result = message->data.result;
        struct http_transfer *transfer = NULL;
        curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&transfer);
        if (result == CURLE_OPERATION_TIMEDOUT)
            shut_if_silent(loop, easy);
        curl_multi_remove_handle(loop->multi, easy);
        transfer->on_done(transfer, result);
    }
}

static void act(struct http_loop *loop, curl_socket_t fd, int flags)
{
    int running = 0;
    curl_multi_socket_action(loop->multi, fd, flags, &running);
    hand_over(loop);
}

static void on_timeout(uv_timer_t *timer)
{
    act(timer->data, CURL_SOCKET_TIMEOUT, 0);
}

static int on_timer(CURLM *multi, long timeout_ms, void *context)
{
    (void)multi;
    struct http_loop *loop = context;
    if (timeout_ms < 0)
        uv_timer_stop(&loop->timer);
    else
        uv_timer_start(&loop->timer, on_timeout, (uint64_t)timeout_ms, 0);
    return 0;
}

static void watch(struct watched *watched, int events);

static void on_event(uv_poll_t *poll, int status, int events)
{
    struct watched *watched = poll->data;
    if (watched->wanted == 0) { /* closed while idle: curl sees it before it uses it again */
        uv_poll_stop(poll);
        watched->watched = 0;
        return;
    }
    if (status < 0) /* libuv stops watching a socket in error; curl may still want to read it */
        watched->watched = 0;
    int flags = status < 0 ? CURL_CSELECT_ERR : 0;
    flags |= (events & UV_READABLE) != 0 ? CURL_CSELECT_IN : 0;
    flags |= (events & UV_WRITABLE) != 0 ? CURL_CSELECT_OUT : 0;
    struct http_loop *loop = watched->loop;
    curl_socket_t fd = watched->fd;
    act(loop, fd, flags);
    if (status < 0 && find(loop, fd) == watched && watched->wanted != 0)
        watch(watched, watched->wanted);
}

static void watch(struct watched *watched, int events)
{
    watched->wanted = events;
    if (watched->watched == events)
        return;
    if (!watched->has_poll) {
        watched->has_poll =
            uv_poll_init_socket(watched->loop->uv, &watched->poll, watched->fd) == 0;
        watched->poll.data = watched;
    }
    assert(watched->has_poll);
    uv_poll_start(&watched->poll, events, on_event);
    watched->watched = events;
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *context, void *unused)
{
    (void)easy;
    (void)unused;
    struct http_loop *loop = context;
    struct watched *watched = find(loop, fd);
    if (what != CURL_POLL_REMOVE) {
        if (watched == NULL)
            watched = add(loop, fd, false);
        if (watched == NULL)
            return -1;
        watch(watched, ((what & CURL_POLL_IN) != 0 ? UV_READABLE : 0) |
                           ((what & CURL_POLL_OUT) != 0 ? UV_WRITABLE : 0));
    } else if (watched != NULL && !watched->opened_by_us) {
        forget(watched);
    } else if (watched != NULL) {
        watched->wanted = 0;
    }
    return 0;
}

struct http_loop *http_loop_create(uv_loop_t *uv, int connections_max, struct error *error)
{
    struct http_loop *loop = calloc(1, sizeof *loop);
    if (loop == NULL || curl_global_init(CURL_GLOBAL_DEFAULT) != 0) {
        free(loop);
        error_set(error, "libcurl cannot start: no memory, or its TLS library is broken");
        return NULL;
    }
    loop->uv = uv;
    loop->multi = curl_multi_init();
    if (loop->multi == NULL) {
        free(loop);
        curl_global_cleanup();
        error_set(error, "libcurl cannot start: no memory");
        return NULL;
    }
    uv_timer_init(uv, &loop->timer);
    loop->timer.data = loop;
    curl_multi_setopt(loop->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_multi_setopt(loop->multi, CURLMOPT_SOCKETDATA, loop);
    curl_multi_setopt(loop->multi, CURLMOPT_TIMERFUNCTION, on_timer);
    curl_multi_setopt(loop->multi, CURLMOPT_TIMERDATA, loop);
    curl_multi_setopt(loop->multi, CURLMOPT_MAXCONNECTS, (long)connections_max);
    return loop;
}

static void free_loop(uv_handle_t *timer)
{
    struct http_loop *loop = timer->data;
    free(loop->by_fd);
    free(loop);
}

void http_loop_destroy(struct http_loop *loop)
{
    if (loop == NULL)
        return;
    curl_multi_cleanup(loop->multi); /* closes what is still connected */
    curl_global_cleanup();
    for (size_t fd = 0; fd < loop->fd_room; fd++)
        if (loop->by_fd[fd] != NULL)
            forget(loop->by_fd[fd]);
    uv_close((uv_handle_t *)&loop->timer, free_loop);
}

bool http_transfer_init(struct http_transfer *transfer, struct http_loop *loop,
                        const struct settings *settings, const char *url)
{
    CURL *easy = curl_easy_init();
    transfer->easy = easy;
    if (easy == NULL)
        return false;
    bool tls = strncmp(url, "https://", 8) == 0;
    curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->error);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, loop);
    curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, on_close_socket);
    curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, loop);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, (long)HTTP_UPLOAD_BUFFER);
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, tls ? "https" : "http");
    curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, "");
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    if (settings->graph.tls_ca_file[0] != '\0')
        curl_easy_setopt(easy, CURLOPT_CAINFO, settings->graph.tls_ca_file);
    if (!tls) /* a loopback address: config allows no other */
        curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION,
                     (long)(tls ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1));
    curl_easy_setopt(easy, CURLOPT_TCP_NODELAY, 1L);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)HTTP_CONNECT_TIMEOUT_MS);
    curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, (long)HTTP_IDLE_MAX_S);
    curl_easy_setopt(easy, CURLOPT_MAXLIFETIME_CONN, (long)HTTP_CONNECTION_LIFE_MAX_S);
    return true;
}

void http_transfer_finish(struct http_transfer *transfer)
{
    curl_easy_cleanup(transfer->easy);
    transfer->easy = NULL;
}

void http_transfer_start(struct http_loop *loop, struct http_transfer *transfer)
{
    transfer->error[0] = '\0';
    CURLMcode added = curl_multi_add_handle(loop->multi, transfer->easy);
    assert(added == CURLM_OK); /* it fails for a handle that is in already, and without memory */
    (void)added;
}

void http_transfer_cancel(struct http_loop *loop, struct http_transfer *transfer)
{
    curl_multi_remove_handle(loop->multi, transfer->easy);
}
