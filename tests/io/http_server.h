#pragma once

#include <stdbool.h>
#include <stddef.h>

/* A small HTTP/1.1 server for tests, which does whatever a handler says, also what no server
 * should. A thread for each connection. */
struct http_server;

/* One request as it came. */
struct http_seen {
    struct http_server *server;
    int fd;                 /* of the connection, to write to */
    unsigned on_connection; /* its number on this connection, from 0 */
    unsigned in_all;        /* and on the server */
    const char *head;       /* request line and headers, with a NUL */
    const char *body;
    size_t body_size;
};

/* Answers one request. False: the connection is closed (FIN). Called by the connections' threads.
 */
typedef bool http_handler(void *context, const struct http_seen *seen);

/* Listens on a free port of 127.0.0.1. */
struct http_server *http_server_start(http_handler *handler, void *context);
/* The same on 127.0.0.1 or ::1, as `family` says. */
enum http_family { HTTP_IPV4, HTTP_IPV6 };
struct http_server *http_server_start_at(enum http_family family, http_handler *handler,
                                         void *context);
void http_server_stop(struct http_server *server);
unsigned http_server_port(const struct http_server *server);
unsigned http_server_connections(struct http_server *server); /* accepted so far */
unsigned http_server_requests(struct http_server *server);    /* read in whole so far */

/* For handlers. */
void http_say(const struct http_seen *seen, const char *text);
/* A whole answer; `headers` "" or lines that end in \r\n. */
void http_answer_with(const struct http_seen *seen, int status, const char *headers,
                      const char *body);
/* Closes with RST. */
void http_reset(const struct http_seen *seen);
/* Sleeps, but not longer than the server lives. */
void http_sleep(const struct http_seen *seen, int ms);
/* The value of a header in `head`, cut to `size`; "" if it is not there. */
void http_header_of(const struct http_seen *seen, const char *name, char *ret, size_t size);
