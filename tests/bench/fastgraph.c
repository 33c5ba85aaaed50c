/* The fastest stand-in for Graph that a bench needs: HTTP/1.1 on one epoll loop, any POST is
 * answered 201 at once, with the echo of isValidationOnly that the body asked for. It checks
 * nothing; tests/sandbox is the one that is strict.
 *
 *     usher-fastgraph [PORT]      prints the port it listens on; ends with its parent or on SIGTERM
 */
#include <arpa/inet.h>
#include <assert.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    CONNECTIONS_MAX = 1024, /* descriptors; h2load and the worker use 64 at most */
    INPUT_MAX = 64 << 10,   /* a head with a long token and a body: 4 KiB at most here */
};

struct connection {
    size_t used;
    char input[INPUT_MAX + 1];
};

static struct connection *connections[CONNECTIONS_MAX];

#define BODY                                                                                 \
    "{\"id\":\"7a6ab703-0780-4b37-8445-81f679b2d75c\",\"requestType\":\"AdminAdd\","         \
    "\"requestState\":\"Submitted\",\"requestStatus\":\"Accepted\",\"isValidationOnly\":%s," \
    "\"createdDateTime\":null,\"completedDate\":null,\"justification\":\"bench\"}"

static void answer(int fd, bool dry_run)
{
    char body[512], text[1024];
    int size = snprintf(body, sizeof body, BODY, dry_run ? "true" : "false");
    size =
        snprintf(text, sizeof text,
                 "HTTP/1.1 201 Created\r\nContent-Type: application/json\r\n"
                 "request-id: 0f6c9a5b-8b1e-4d0a-9d3f-2f4a6d1c7e55\r\nContent-Length: %d\r\n\r\n%s",
                 size, body);
    (void)!write(fd, text, (size_t)size);
}

/* Takes one whole request off the front; 0: it is not whole yet. */
static size_t take_request(int fd, struct connection *c)
{
    c->input[c->used] = '\0';
    const char *end = strstr(c->input, "\r\n\r\n");
    if (end == NULL)
        return 0;
    size_t head = (size_t)(end - c->input) + 4, body = 0;
    const char *length = strcasestr(c->input, "\r\ncontent-length:");
    if (length != NULL && length < end)
        body = strtoul(length + strlen("\r\ncontent-length:"), NULL, 10);
    if (c->used < head + body)
        return 0;
    static const char mark[] = "\"isValidationOnly\":true";
    answer(fd, memmem(c->input + head, body, mark, sizeof mark - 1) != NULL);
    return head + body;
}

static void close_connection(int fd)
{
    close(fd);
    free(connections[fd]);
    connections[fd] = NULL;
}

static void serve(int fd)
{
    struct connection *c = connections[fd];
    ssize_t got = recv(fd, c->input + c->used, INPUT_MAX - c->used, MSG_DONTWAIT);
    if (got <= 0) {
        close_connection(fd);
        return;
    }
    c->used += (size_t)got;
    for (size_t taken; (taken = take_request(fd, c)) > 0;) {
        c->used -= taken;
        memmove(c->input, c->input + taken, c->used);
    }
}

static void accept_one(int epoll, int listener)
{
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0)
        return;
    assert(fd < CONNECTIONS_MAX);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    connections[fd] = calloc(1, sizeof **connections);
    assert(connections[fd] != NULL);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

static int listen_on(int port)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
    if (bind(fd, (struct sockaddr *)&address, sizeof address) != 0 || listen(fd, 512) != 0) {
        perror("usher-fastgraph");
        exit(69);
    }
    getsockname(fd, (struct sockaddr *)&address, &size);
    printf("%d\n", ntohs(address.sin_port));
    (void)fflush(stdout);
    return fd;
}

int main(int argc, char **argv)
{
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    signal(SIGPIPE, SIG_IGN);
    int listener = listen_on(argc > 1 ? (int)strtol(argv[1], NULL, 10) : 0);
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = listener};
    epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
    for (;;) {
        struct epoll_event events[64];
        int count = epoll_wait(epoll, events, 64, -1);
        for (int i = 0; i < count; i++) {
            if (events[i].data.fd == listener)
                accept_one(epoll, listener);
            else
                serve(events[i].data.fd);
        }
    }
}
