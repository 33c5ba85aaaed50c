#pragma once

#include <stdbool.h>
#include <sys/types.h>

/* A usher-sandbox of the test's own: $USHER_SANDBOX. It dies with the test. */
struct sandbox_process {
    pid_t pid;
    unsigned port;
    int out; /* its standard output */
};

/* `options`: further ones, NULL at the end. False: it did not start, and standard error says why.
 */
bool sandbox_start(struct sandbox_process *sandbox, const char *const *options);
void sandbox_stop(struct sandbox_process *sandbox);

/* A control call, such as "POST", "/sandbox/settings", "{…}"; body NULL: none. Returns the status,
 * 0 if there was no answer. */
int sandbox_control(const struct sandbox_process *sandbox, const char *method, const char *path,
                    const char *body);
