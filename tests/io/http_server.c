#include "tests/io/http_server.h"

#include <arpa/inet.h>
#include <assert.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CONNECTIONS_MAX = 4096, HEAD_MAX = 65536 };

struct connection {
    struct http_server *server;
    int fd; /* -1: closed */
    pthread_t thread;
};

struct http_server {
    http_handler *handler;
    void *context;
    int listener;
    unsigned port;
    pthread_t acceptor;
    pthread_mutex_t lock;
    bool stops;
    unsigned count, requests;
    struct connection connections[CONNECTIONS_MAX];
};

static bool stops(struct http_server *server)
{
    pthread_mutex_lock(&server->lock);
    bool answer = server->stops;
    pthread_mutex_unlock(&server->lock);
    return answer;
}

/* Reads one request; false at the end of the connection. */
static bool read_request(int fd, char *buffer, size_t *ret_head, size_t *ret_body)
{
    size_t used = 0;
    char *end = NULL;
    while (end == NULL) {
        ssize_t size = recv(fd, buffer + used, 1, 0);
        if (size <= 0 || used + 2 > HEAD_MAX)
            return false;
        used += (size_t)size;
        buffer[used] = '\0';
        end = used >= 4 ? strstr(buffer + used - 4, "\r\n\r\n") : NULL;
    }
    const char *length = strcasestr(buffer, "\r\ncontent-length:");
    *ret_body = length != NULL ? strtoul(length + 17, NULL, 10) : 0;
    *ret_head = used;
    for (size_t read = 0; read < *ret_body;) {
        ssize_t size = recv(fd, buffer + used + 1 + read, *ret_body - read, 0);
        if (size <= 0 || used + *ret_body + 1 > HEAD_MAX)
            return false;
        read += (size_t)size;
    }
    return true;
}

static void *serve(void *context)
{
    struct connection *connection = context;
    struct http_server *server = connection->server;
    char *buffer = malloc(2 * HEAD_MAX);
    struct http_seen seen = {.server = server, .fd = connection->fd, .head = buffer};
    size_t head_size = 0;
    bool open = true;
    assert(buffer != NULL);
    while (open && read_request(seen.fd, buffer, &head_size, &seen.body_size)) {
        pthread_mutex_lock(&server->lock);
        seen.in_all = server->requests++;
        pthread_mutex_unlock(&server->lock);
        seen.body = buffer + head_size + 1;
        buffer[head_size + 1 + seen.body_size] = '\0';
        open = server->handler(server->context, &seen);
        seen.on_connection++;
    }
    free(buffer);
    pthread_mutex_lock(&server->lock);
    close(connection->fd);
    connection->fd = -1;
    pthread_mutex_unlock(&server->lock);
    return NULL;
}

static void *accept_all(void *context)
{
    struct http_server *server = context;
    for (;;) {
        int fd = accept(server->listener, NULL, NULL);
        if (fd < 0)
            return NULL;
        pthread_mutex_lock(&server->lock);
        if (server->stops || server->count == CONNECTIONS_MAX) {
            close(fd);
        } else {
            struct connection *connection = &server->connections[server->count++];
            *connection = (struct connection){.server = server, .fd = fd};
            pthread_create(&connection->thread, NULL, serve, connection);
        }
        pthread_mutex_unlock(&server->lock);
    }
}

static void listen_at(struct http_server *server, struct sockaddr *address, socklen_t size)
{
    server->listener = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int bound = bind(server->listener, address, size);
    int listens = listen(server->listener, 1024);
    assert(bound == 0 && listens == 0);
    getsockname(server->listener, address, &size);
}

struct http_server *http_server_start_at(enum http_family family, http_handler *handler,
                                         void *context)
{
    struct http_server *server = calloc(1, sizeof *server);
    struct sockaddr_in ipv4 = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr_in6 ipv6 = {.sin6_family = AF_INET6, .sin6_addr = in6addr_loopback};
    assert(server != NULL);
    server->handler = handler;
    server->context = context;
    pthread_mutex_init(&server->lock, NULL);
    if (family == HTTP_IPV4)
        listen_at(server, (struct sockaddr *)&ipv4, sizeof ipv4);
    else
        listen_at(server, (struct sockaddr *)&ipv6, sizeof ipv6);
    server->port = ntohs(family == HTTP_IPV4 ? ipv4.sin_port : ipv6.sin6_port);
    pthread_create(&server->acceptor, NULL, accept_all, server);
    return server;
}

struct http_server *http_server_start(http_handler *handler, void *context)
{
    return http_server_start_at(HTTP_IPV4, handler, context);
}

void http_server_stop(struct http_server *server)
{
    pthread_mutex_lock(&server->lock);
    server->stops = true;
    for (unsigned i = 0; i < server->count; i++)
        if (server->connections[i].fd >= 0)
            shutdown(server->connections[i].fd, SHUT_RDWR);
    pthread_mutex_unlock(&server->lock);
    shutdown(server->listener, SHUT_RDWR);
    pthread_join(server->acceptor, NULL);
    for (unsigned i = 0; i < server->count; i++)
        pthread_join(server->connections[i].thread, NULL);
    close(server->listener);
    pthread_mutex_destroy(&server->lock);
    free(server);
}

unsigned http_server_port(const struct http_server *server)
{
    return server->port;
}

static unsigned read_locked(struct http_server *server, const unsigned *number)
{
    pthread_mutex_lock(&server->lock);
    unsigned value = *number;
    pthread_mutex_unlock(&server->lock);
    return value;
}

unsigned http_server_connections(struct http_server *server)
{
    return read_locked(server, &server->count);
}

unsigned http_server_requests(struct http_server *server)
{
    return read_locked(server, &server->requests);
}

void http_say(const struct http_seen *seen, const char *text)
{
    for (size_t left = strlen(text); left > 0;) {
        ssize_t size = send(seen->fd, text, left, MSG_NOSIGNAL);
        if (size <= 0)
            return;
        text += size;
        left -= (size_t)size;
    }
}

void http_answer_with(const struct http_seen *seen, int status, const char *headers,
                      const char *body)
{
    size_t size = strlen(headers) + strlen(body) + 128;
    char *text = malloc(size);
    assert(text != NULL);
    snprintf(text, size, "HTTP/1.1 %d x\r\nrequest-id: r-%u\r\n%sContent-Length: %zu\r\n\r\n%s",
             status, seen->in_all, headers, strlen(body), body);
    http_say(seen, text);
    free(text);
}

void http_reset(const struct http_seen *seen)
{
    struct linger linger = {.l_onoff = 1};
    setsockopt(seen->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
}

void http_sleep(const struct http_seen *seen, int ms)
{
    for (; ms > 0 && !stops(seen->server); ms -= 10)
        usleep(10000);
}

void http_header_of(const struct http_seen *seen, const char *name, char *ret, size_t size)
{
    char wanted[128];
    snprintf(wanted, sizeof wanted, "\r\n%s: ", name);
    const char *at = strcasestr(seen->head, wanted);
    at = at != NULL ? at + strlen(wanted) : "";
    snprintf(ret, size, "%.*s", (int)strcspn(at, "\r"), at);
}
