#include "worker/io/http_loop.h"

#include "worker/io/http_options.h"
#include "worker/io/http_proxy.h"
#include "worker/io/http_socket.h"

#include <assert.h>
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
    struct generation *generation; /* whose curl wants it watched; NULL: none has yet */
    curl_socket_t fd;
    bool opened_by_us;
    bool has_poll; /* `poll` is initialised */
    int wanted;    /* uv events that curl wants; 0: none, the connection is idle */
    int watched;   /* uv events that are watched */
};

/* Connections that were made since a moment, and the calls on them. */
struct generation {
    struct http_loop *loop;
    uv_timer_t timer;
    CURLM *multi;
    size_t transfers; /* under way */
    int64_t born_ms;
};

struct http_loop {
    uv_loop_t *uv;
    const struct settings *settings;
    struct http_proxy proxy;
    struct generation *now;  /* new transfers start here */
    struct generation *last; /* its last transfers are still under way; NULL: there is none */
    int connections_max;
    bool shares; /* the server takes many calls on one connection */
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

static void free_generation(uv_handle_t *timer)
{
    free(timer->data);
}

/* Closes what is still connected. */
static void close_generation(struct generation *generation)
{
    if (generation == NULL)
        return;
    curl_multi_cleanup(generation->multi);
    uv_close((uv_handle_t *)&generation->timer, free_generation);
}

static void end_transfer(struct generation *generation, struct http_transfer *transfer)
{
    curl_multi_remove_handle(generation->multi, transfer->easy);
    generation->transfers--;
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
        if (watched != NULL && watched->opened_by_us && socket_has_local_port(watched->fd, port) &&
            socket_is_silent_for(watched->fd, took_us / 1000))
            shutdown(watched->fd, SHUT_RDWR);
    }
}

/* Hands over what has ended. on_done may start transfers; those end in a later turn. */
static void hand_over(struct generation *generation)
{
    struct http_loop *loop = generation->loop;
    int left = 0;
    for (CURLMsg *message = curl_multi_info_read(generation->multi, &left); message != NULL;
         message = curl_multi_info_read(generation->multi, &left)) {
        CURL *easy = message->easy_handle;
        CURLcode result = message->data.result;
        struct http_transfer *transfer = NULL;
        long version = 0;
        curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&transfer);
        curl_easy_getinfo(easy, CURLINFO_HTTP_VERSION, &version);
        loop->shares = version != 0 ? version == CURL_HTTP_VERSION_2_0 : loop->shares;
        if (result == CURLE_OPERATION_TIMEDOUT)
            shut_if_silent(loop, easy);
        end_transfer(generation, transfer);
        transfer->on_done(transfer, result);
    }
}

static void act(struct generation *generation, curl_socket_t fd, int flags)
{
    int running = 0;
    struct http_loop *loop = generation->loop;
    curl_multi_socket_action(generation->multi, fd, flags, &running);
    hand_over(generation);
    if (loop->last != NULL && loop->last->transfers == 0) {
        close_generation(loop->last);
        loop->last = NULL;
    }
}

static void on_timeout(uv_timer_t *timer)
{
    act(timer->data, CURL_SOCKET_TIMEOUT, 0);
}

static int on_timer(CURLM *multi, long timeout_ms, void *context)
{
    (void)multi;
    struct generation *generation = context;
    if (timeout_ms < 0)
        uv_timer_stop(&generation->timer);
    else
        uv_timer_start(&generation->timer, on_timeout, (uint64_t)timeout_ms, 0);
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
    act(watched->generation, fd, flags);
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
    struct generation *generation = context;
    struct watched *watched = find(generation->loop, fd);
    if (what != CURL_POLL_REMOVE) {
        if (watched == NULL)
            watched = add(generation->loop, fd, false);
        if (watched == NULL)
            return -1;
        watched->generation = generation;
        watch(watched, ((what & CURL_POLL_IN) != 0 ? UV_READABLE : 0) |
                           ((what & CURL_POLL_OUT) != 0 ? UV_WRITABLE : 0));
    } else if (watched != NULL && !watched->opened_by_us) {
        forget(watched);
    } else if (watched != NULL) {
        watched->wanted = 0;
    }
    return 0;
}

/* NULL: no memory. */
static struct generation *open_generation(struct http_loop *loop)
{
    struct generation *generation = calloc(1, sizeof *generation);
    CURLM *multi = generation != NULL ? curl_multi_init() : NULL;
    if (multi == NULL) {
        free(generation);
        return NULL;
    }
    *generation = (struct generation){.loop = loop, .multi = multi};
    generation->born_ms = (int64_t)uv_now(loop->uv);
    uv_timer_init(loop->uv, &generation->timer);
    generation->timer.data = generation;
    curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, generation);
    curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_timer);
    curl_multi_setopt(multi, CURLMOPT_TIMERDATA, generation);
    curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, (long)loop->connections_max);
    return generation;
}

static bool open_loop(struct http_loop *loop, struct error *error)
{
    if (!http_library_is_fit(curl_version_info(CURLVERSION_NOW), loop->settings->graph.http,
                             error) ||
        !http_proxy_init(&loop->proxy, loop->settings, error))
        return false;
    loop->now = open_generation(loop);
    return loop->now != NULL || error_set(error, "libcurl cannot start: no memory");
}

struct http_loop *http_loop_create(uv_loop_t *uv, const struct settings *settings,
                                   int connections_max, struct error *error)
{
    struct http_loop *loop = calloc(1, sizeof *loop);
    if (loop == NULL || curl_global_init(CURL_GLOBAL_DEFAULT) != 0) {
        free(loop);
        error_set(error, "libcurl cannot start: no memory, or its TLS library is broken");
        return NULL;
    }
    *loop = (struct http_loop){.uv = uv, .settings = settings, .connections_max = connections_max};
    if (open_loop(loop, error))
        return loop;
    http_loop_destroy(loop);
    return NULL;
}

void http_loop_destroy(struct http_loop *loop)
{
    if (loop == NULL)
        return;
    close_generation(loop->last);
    close_generation(loop->now);
    http_proxy_finish(&loop->proxy);
    curl_global_cleanup();
    for (size_t fd = 0; fd < loop->fd_room; fd++)
        if (loop->by_fd[fd] != NULL)
            forget(loop->by_fd[fd]);
    free(loop->by_fd);
    free(loop);
}

size_t http_loop_connections(const struct http_loop *loop)
{
    size_t count = 0;
    for (size_t fd = 0; fd < loop->fd_room; fd++)
        count += loop->by_fd[fd] != NULL && loop->by_fd[fd]->opened_by_us;
    return count;
}

/* ---- transfers ---- */

bool http_transfer_init(struct http_transfer *transfer, struct http_loop *loop, const char *url)
{
    CURL *easy = curl_easy_init();
    transfer->easy = easy;
    transfer->url = url;
    if (easy == NULL)
        return false;
    curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->error);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, loop);
    curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, on_close_socket);
    curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, loop);
    http_options_set(easy, loop->settings, url);
    http_proxy_set(&loop->proxy, easy, url);
    transfer->proxy_number = loop->proxy.number;
    return true;
}

void http_transfer_finish(struct http_transfer *transfer)
{
    curl_easy_cleanup(transfer->easy);
    transfer->easy = NULL;
}

/* Idle old ones curl itself does not use again. Without memory they are used a little longer. */
static void renew_connections(struct http_loop *loop, bool whatever_their_age)
{
    struct generation *now = loop->now, *next = NULL;
    int64_t age_ms = (int64_t)uv_now(loop->uv) - now->born_ms;
    bool old = now->transfers > 0 && age_ms >= loop->settings->graph.connection_age_ms;
    if (loop->shares && loop->last == NULL && (old || whatever_their_age))
        next = open_generation(loop);
    if (next == NULL)
        return;
    loop->last = now;
    loop->now = next;
}

bool http_transfer_leave(struct http_loop *loop, const struct http_transfer *transfer)
{
    if (transfer->generation == loop->now)
        renew_connections(loop, true);
    return transfer->generation != loop->now;
}

void http_transfer_start(struct http_loop *loop, struct http_transfer *transfer)
{
    renew_connections(loop, false);
    http_proxy_look(&loop->proxy, (int64_t)uv_now(loop->uv));
    if (transfer->proxy_number != loop->proxy.number) {
        http_proxy_set(&loop->proxy, transfer->easy, transfer->url);
        transfer->proxy_number = loop->proxy.number;
    }
    transfer->error[0] = '\0';
    CURLMcode added = curl_multi_add_handle(loop->now->multi, transfer->easy);
    assert(added == CURLM_OK); /* it fails for a handle that is in already, and without memory */
    (void)added;
    transfer->generation = loop->now;
    loop->now->transfers++;
}

void http_transfer_cancel(struct http_transfer *transfer)
{
    end_transfer(transfer->generation, transfer);
}
