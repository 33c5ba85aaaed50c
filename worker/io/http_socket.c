#include "worker/io/http_socket.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

bool socket_has_local_port(int fd, long port)
{
    struct sockaddr_in6 address = {0}; /* the port of both families is at the same place */
    socklen_t size = sizeof address;
    return getsockname(fd, (struct sockaddr *)&address, &size) == 0 &&
           ntohs(address.sin6_port) == port;
}

bool socket_is_silent_for(int fd, int64_t ms)
{
    struct tcp_info info = {0};
    socklen_t size = sizeof info;
    return getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) == 0 &&
           info.tcpi_last_data_recv >= ms;
}
