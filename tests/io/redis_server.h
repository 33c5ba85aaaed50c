#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* A redis-server of the test's own: in a folder of its own, on a free port and on a socket, keeping
 * nothing on disk. It dies with the test. */
struct redis_server {
    pid_t pid;           /* 0: not running */
    int port;            /* on 127.0.0.1, below 32768; TLS if it was asked for */
    int reservation;     /* keeps the port ours while the server is down */
    char dir[64];        /* what it may write to; the tests put certificates there */
    char path[96];       /* of the socket: always plain */
    const char *program; /* to be set after init; NULL: redis-server */
};

/* Makes the folder and chooses the port. False, and a line on stderr: it could not. */
bool redis_server_init(struct redis_server *server);

/* Starts it and waits until it answers on the socket. `arguments`: of redis-server, NULL at the
 * end, or NULL; with a `--tls-port` among them the port is for TLS only. May be called again after
 * a kill, for the same port and folder. */
bool redis_server_start(struct redis_server *server, const char *const *arguments);

/* Has Debian put such a program in its place? */
bool redis_server_exists(const char *program);

/* SIGKILL, and waits for its end. */
void redis_server_kill(struct redis_server *server);

/* Kills it, if need be, and removes the folder. */
void redis_server_finish(struct redis_server *server);

/* One command over the socket, by words. The answer as text, as redis-cli would print a simple one;
 * "" for nil, "(gone)" if the server is not there. Valid until the next call. */
const char *redis_server_ask(const struct redis_server *server, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The name of the one key that fits the pattern; "" if there is none. */
void redis_server_find(const struct redis_server *server, const char *pattern, char *ret,
                       size_t size);

/* One command in one text, its words separated by blanks. */
const char *redis_server_say(const struct redis_server *server, const char *command);
