#include "tests/io/sandbox_process.h"

#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { OPTIONS_MAX = 16 };

static void run(const char *const *options, int out)
{
    const char *all[OPTIONS_MAX + 2] = {getenv("USHER_SANDBOX")};
    for (int i = 0; i < OPTIONS_MAX && options[i] != NULL; i++)
        all[i + 1] = options[i];
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(out, STDOUT_FILENO);
    if (all[0] != NULL)
        execv(all[0], (char *const *)all);
    _exit(127);
}

bool sandbox_start(struct sandbox_process *sandbox, const char *const *options)
{
    int ends[2];
    char line[128] = "";
    *sandbox = (struct sandbox_process){0};
    if (pipe(ends) != 0)
        return false;
    sandbox->pid = fork();
    if (sandbox->pid == 0)
        run(options, ends[1]);
    close(ends[1]);
    sandbox->out = ends[0];
    ssize_t size = read(sandbox->out, line, sizeof line - 1); /* one line, in one write */
    const char *port = strrchr(line, ':');
    if (size > 0 && port != NULL)
        sandbox->port = (unsigned)strtoul(port + 1, NULL, 10);
    if (sandbox->port == 0) {
        fprintf(stderr, "USHER_SANDBOX (%s) did not start\n", getenv("USHER_SANDBOX"));
        sandbox_stop(sandbox);
    }
    return sandbox->port != 0;
}

void sandbox_stop(struct sandbox_process *sandbox)
{
    if (sandbox->pid <= 0)
        return;
    kill(sandbox->pid, SIGTERM);
    waitpid(sandbox->pid, NULL, 0);
    close(sandbox->out);
    sandbox->pid = 0;
}

int sandbox_control(const struct sandbox_process *sandbox, const char *method, const char *path,
                    const char *body)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons((uint16_t)sandbox->port),
        .sin_addr = {htonl(INADDR_LOOPBACK)},
    };
    char text[2048];
    int status = 0;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int size = snprintf(text, sizeof text,
                        "%s %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                        "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
                        method, path, body != NULL ? strlen(body) : 0, body != NULL ? body : "");
    if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0 &&
        write(fd, text, (size_t)size) == size) {
        ssize_t got = read(fd, text, sizeof text - 1);
        text[got > 0 ? got : 0] = '\0';
        status = got > 12 ? (int)strtol(text + strlen("HTTP/1.1 "), NULL, 10) : 0;
    }
    close(fd);
    return status;
}
