#include "tests/io/redis_server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <ftw.h>
#include <hiredis/hiredis.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    FIRST_PORT = 20000,
    PORTS = 12000, /* to below 32768, where Linux' own choice of ports begins */
    ARGUMENTS_MAX = 48,
    START_TRIES = 400, /* of 25 ms: ten seconds, since the machine may be busy */
};

static bool is_free(int port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons((uint16_t)port),
        .sin_addr = {htonl(INADDR_LOOPBACK)},
    };
    int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    bool bound = bind(fd, (struct sockaddr *)&address, sizeof address) == 0;
    close(fd);
    return bound;
}

/* As tests/e2e/processes.py does: the name says that the port is taken, also while the server on it
 * is down. -1: another test's process has it. */
static int reserve(int port)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    int length = snprintf(name.sun_path + 1, sizeof name.sun_path - 1, "usher-test-port-%d", port);
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)length);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(fd, (struct sockaddr *)&name, size) == 0 && is_free(port))
        return fd;
    close(fd);
    return -1;
}

bool redis_server_init(struct redis_server *server)
{
    *server = (struct redis_server){0};
    snprintf(server->dir, sizeof server->dir, "/tmp/usher-redis-XXXXXX");
    if (mkdtemp(server->dir) == NULL) {
        fprintf(stderr, "no folder %s\n", server->dir);
        return false;
    }
    snprintf(server->path, sizeof server->path, "%s/redis.sock", server->dir);
    for (int i = 0; i < PORTS; i++) {
        server->port = FIRST_PORT + (getpid() * 7 + i) % PORTS;
        server->reservation = reserve(server->port);
        if (server->reservation >= 0)
            return true;
    }
    return false;
}

static const char *program_of(const struct redis_server *server)
{
    return server->program != NULL ? server->program : "redis-server";
}

bool redis_server_exists(const char *program)
{
    char path[128];

    snprintf(path, sizeof path, "/usr/bin/%s", program);
    return access(path, X_OK) == 0;
}

static void run(const struct redis_server *server, const char *const *arguments)
{
    char port[16], log[96];
    snprintf(port, sizeof port, "%d", server->port);
    snprintf(log, sizeof log, "%s/log", server->dir);
    bool tls = false;
    for (int i = 0; arguments != NULL && arguments[i] != NULL; i++)
        tls = tls || strcmp(arguments[i], "--tls-port") == 0;
    const char *all[ARGUMENTS_MAX] = {
        program_of(server),
        "--port",
        tls ? "0" : port,
        "--bind",
        "127.0.0.1",
        "--unixsocket",
        server->path,
        "--dir",
        server->dir,
        "--logfile",
        log,
        "--appendonly",
        "no",
        "--save",
        "",
        "--daemonize",
        "no",
        "--loglevel",
        "notice",
    };
    int count = 0;
    while (all[count] != NULL)
        count++;
    for (int i = 0; arguments != NULL && arguments[i] != NULL && count < ARGUMENTS_MAX - 1; i++)
        all[count++] = strcmp(arguments[i], "PORT") == 0 ? port : arguments[i];
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    execvp(program_of(server), (char *const *)all);
    _exit(127);
}

bool redis_server_start(struct redis_server *server, const char *const *arguments)
{
    unlink(server->path);
    pid_t parent = getpid();
    server->pid = fork();
    if (server->pid == 0) {
        if (getppid() == parent)
            run(server, arguments);
        _exit(127);
    }
    for (int i = 0; i < START_TRIES && server->pid > 0; i++) {
        const char *answer = redis_server_ask(server, "PING");
        if (strcmp(answer, "PONG") == 0 || strncmp(answer, "NOAUTH", 6) == 0)
            return true;
        if (waitpid(server->pid, NULL, WNOHANG) == server->pid)
            break;
        usleep(25000);
    }
    fprintf(stderr, "%s did not start; its log is %s/log\n", program_of(server), server->dir);
    return false;
}

void redis_server_kill(struct redis_server *server)
{
    if (server->pid <= 0)
        return;
    kill(server->pid, SIGKILL);
    waitpid(server->pid, NULL, 0);
    server->pid = 0;
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *place)
{
    (void)status, (void)type, (void)place;
    return remove(path);
}

void redis_server_finish(struct redis_server *server)
{
    redis_server_kill(server);
    if (server->dir[0] != '\0')
        nftw(server->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    if (server->reservation > 0)
        close(server->reservation);
    *server = (struct redis_server){0};
}

static const char *answer_of(redisReply *reply)
{
    static char answer[8192];

    snprintf(answer, sizeof answer, "(gone)");
    if (reply != NULL && reply->type == REDIS_REPLY_INTEGER)
        snprintf(answer, sizeof answer, "%lld", reply->integer);
    else if (reply != NULL)
        snprintf(answer, sizeof answer, "%s", reply->str != NULL ? reply->str : "");
    freeReplyObject(reply);
    return answer;
}

const char *redis_server_ask(const struct redis_server *server, const char *format, ...)
{
    redisContext *context = redisConnectUnix(server->path);
    redisReply *reply = NULL;
    va_list arguments;

    va_start(arguments, format);
    if (context != NULL && context->err == 0)
        reply = redisvCommand(context, format, arguments);
    va_end(arguments);
    redisFree(context);
    return answer_of(reply);
}

void redis_server_find(const struct redis_server *server, const char *pattern, char *ret,
                       size_t size)
{
    static const char script[] = "return redis.call('KEYS', ARGV[1])[1] or ''";

    snprintf(ret, size, "%s", redis_server_ask(server, "EVAL %s 0 %s", script, pattern));
}

const char *redis_server_say(const struct redis_server *server, const char *command)
{
    redisContext *context = redisConnectUnix(server->path);
    redisReply *reply = NULL;
    char line[512]; /* Redis takes a line of words as well as its own protocol */

    int size = snprintf(line, sizeof line, "%s\r\n", command);
    if (context != NULL && context->err == 0 &&
        redisAppendFormattedCommand(context, line, (size_t)size) == REDIS_OK &&
        redisGetReply(context, (void **)&reply) != REDIS_OK)
        reply = NULL;
    redisFree(context);
    return answer_of(reply);
}
