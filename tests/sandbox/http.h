#pragma once
// HTTP: libmicrohttpd under our own loop. Calls that must wait (latency, hanging) are suspended and
// kept in a list that the loop looks through.

#include "tests/sandbox/call.h"

#include <microhttpd.h>

#define CONNECTIONS_MAX 4096      // a worker has tens; h2load may have hundreds
#define BODY_MAX        (2 << 20) // twice the 1 MiB that a worker takes in

struct http {
    struct sandbox *sandbox;
    struct MHD_Daemon *daemon;
    struct call *waiting; // those suspended, in no order
    int64_t next_look_ms; // when hanging calls are next looked at
    bool tls;
};

struct http_tls {
    const char *certificate; // PEM text; NULL: plain HTTP
    const char *key;
};

// Serves on a listening socket, which it then owns. False: libmicrohttpd would not start.
bool http_init(struct http *http, struct sandbox *sandbox, int listener,
               const struct http_tls *tls);
void http_finish(struct http *http);

// Readable when there is something to do.
int http_epoll(const struct http *http);

// Lets go of calls whose time has come, serves what is there. Then how long it may sleep; -1: for
// ever.
int http_turn(struct http *http);
