#include "tests/io/script_server.h"

#include <assert.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WORDS_MAX = 8 };

static char python[512];

bool script_server_can_start(void)
{
    const char *deps = getenv("USHER_DEPS");
    snprintf(python, sizeof python, "%s/venv/bin/python", deps != NULL ? deps : "/opt/usher-deps");
    if (access(python, X_OK) == 0)
        return true;
    printf("%s is missing: deploy/install-deps --tests makes it\n", python);
    return false;
}

void script_server_start(struct script_server *server, const char *script, const char *const *words)
{
    int in[2], out[2], made = pipe2(in, O_CLOEXEC) | pipe2(out, O_CLOEXEC);
    char *arguments[WORDS_MAX + 3] = {python, (char *)script};
    for (size_t i = 0; words[i] != NULL; i++) {
        assert(i < WORDS_MAX);
        arguments[i + 2] = (char *)words[i];
    }
    assert(made == 0);
    server->pid = fork();
    if (server->pid == 0) {
        dup2(in[0], STDIN_FILENO);
        dup2(out[1], STDOUT_FILENO);
        execv(python, arguments);
        _exit(127);
    }
    close(in[0]);
    close(out[1]);
    server->to = fdopen(in[1], "w");
    server->from = fdopen(out[0], "r");
    char line[64] = "";
    const char *read = fgets(line, sizeof line, server->from);
    assert(read != NULL);
    server->port = (unsigned)strtoul(line, NULL, 10);
}

void script_server_stop(struct script_server *server)
{
    fclose(server->to);
    fclose(server->from);
    waitpid(server->pid, NULL, 0);
}

void script_server_ask(struct script_server *server, char *ret, size_t size)
{
    fputs("\n", server->to);
    fflush(server->to);
    const char *read = fgets(ret, (int)size, server->from);
    assert(read != NULL);
}
