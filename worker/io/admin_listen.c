#include "worker/io/admin_listen.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BACKLOG = 64, HOST_SIZE = 256, PORT_SIZE = 6 };

struct place {
    char host[HOST_SIZE];
    char port[PORT_SIZE];
};

static bool split(const char *address, struct place *ret)
{
    const char *colon = strrchr(address, ':');
    if (colon == NULL)
        return false;
    const char *host = address;
    size_t size = (size_t)(colon - address);
    bool has_brackets = size >= 2 && host[0] == '[' && host[size - 1] == ']';
    if (has_brackets) {
        host++;
        size -= 2;
    } else if (memchr(host, ':', size) != NULL) {
        return false; /* an IPv6 address needs its brackets, or nobody knows where the port starts
                       */
    }
    size_t digits = strspn(colon + 1, "0123456789");
    if (size == 0 || size >= HOST_SIZE || digits == 0 || digits >= PORT_SIZE ||
        colon[1 + digits] != '\0')
        return false;
    snprintf(ret->host, sizeof ret->host, "%.*s", (int)size, host);
    snprintf(ret->port, sizeof ret->port, "%s", colon + 1);
    return true;
}

static int port_of(int fd)
{
    struct sockaddr_storage address;
    socklen_t size = sizeof address;
    if (getsockname(fd, (struct sockaddr *)&address, &size) != 0)
        return 0;
    char port[PORT_SIZE];
    if (getnameinfo((struct sockaddr *)&address, size, NULL, 0, port, sizeof port,
                    NI_NUMERICSERV) != 0)
        return 0;
    int number = 0;
    for (const char *digit = port; *digit != '\0'; digit++)
        number = number * 10 + (*digit - '0');
    return number;
}

/* -1, and errno says why. */
static int listen_on(const struct addrinfo *info)
{
    int fd = socket(info->ai_family, info->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK,
                    info->ai_protocol);
    if (fd < 0)
        return -1;
    int yes = 1, no = 0;
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (info->ai_family == AF_INET6)
        (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof no);
    if (bind(fd, info->ai_addr, info->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0)
        return fd;
    int reason = errno;
    close(fd);
    errno = reason;
    return -1;
}

int admin_listen(const char *setting, const char *address, int *ret_port, struct error *error)
{
    struct place place;
    if (!split(address, &place)) {
        error_set(error,
                  "%s: \"%s\" is not host:port; write 127.0.0.1:9464, [::1]:9464, or \"\" to turn "
                  "it off",
                  setting, address);
        return -1;
    }
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    struct addrinfo *found = NULL;
    int failed = getaddrinfo(place.host, place.port, &hints, &found);
    if (failed != 0) {
        error_set(error, "%s: cannot find the address \"%s\": %s", setting, place.host,
                  gai_strerror(failed));
        return -1;
    }
    int fd = -1;
    for (const struct addrinfo *info = found; fd < 0 && info != NULL; info = info->ai_next)
        fd = listen_on(info);
    int reason = errno;
    freeaddrinfo(found);
    if (fd < 0)
        error_set(error, "%s: cannot listen on %s: %s%s", setting, address, strerror(reason),
                  reason == EADDRINUSE
                      ? "; stop what uses it, choose another port, or \"\" for none"
                      : "");
    else
        *ret_port = port_of(fd);
    return fd;
}
