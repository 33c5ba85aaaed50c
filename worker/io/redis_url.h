#pragma once

#include "worker/core/error.h"

#include <sys/un.h>

/* Where Redis is: setting redis.url, picked apart. */
enum redis_transport { REDIS_TCP, REDIS_TLS, REDIS_UNIX };

struct redis_url {
    enum redis_transport transport;
    char host[256]; /* a name (at most 253 bytes) or an address, IPv6 without brackets; "" for a
                       socket */
    int port;       /* 0 for a socket */
    char path[sizeof(((struct sockaddr_un *)0)->sun_path)]; /* of the socket, else "" */
    int database;
    char name[280]; /* "host:port" or the path, for sentences */
};

enum { REDIS_PORT_DEFAULT = 6379 };

/* Reads redis://host[:port][/database], rediss://… (TLS) or unix:///path. A user or password in it
 * is refused: they have settings of their own, and an address is printed. */
bool redis_url_read(const char *text, struct redis_url *ret, struct error *error);
