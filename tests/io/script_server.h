#pragma once

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

/* A server written in Python, tests/io/<name>.py: it prints its port, answers each line on its
 * standard input with one, and ends when that ends. */
struct script_server {
    pid_t pid;
    FILE *to, *from;
    unsigned port;
};

/* Is Python there? Prints what to do where it is not. Before the first start. */
bool script_server_can_start(void);
/* `words`: its arguments, NULL at the end. */
void script_server_start(struct script_server *server, const char *script,
                         const char *const *words);
void script_server_stop(struct script_server *server);

/* What it says to an empty line. */
void script_server_ask(struct script_server *server, char *ret, size_t size);
