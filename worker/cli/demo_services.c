#include "worker/cli/demo_services.h"

#include "worker/cli/demo_http.h"
#include "worker/cli/demo_kafka.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum {
    STEP_MS = 10,
    HELPER_MS = 10000, /* for redis-server and the sandbox, which take some 10 ms */
    DRAIN_MS = 15000,  /* nothing is at work any more, or it was interrupted */
    STOP_MS = 2000,
    REDIS_TRIES = 5,
    /* Below Linux's ports for clients, where a client's own connection may take it first. */
    PORT_FIRST = 20000,
    PORTS = 10000,
    PORT_TRIES = 100,
    FOLDER_MAX = 64, /* of TMPDIR, so that the path of Redis' socket fits its 107 bytes */
    LINE_SIZE = 256,
    EXE_SIZE = 4096,
    LOG_TAIL_BYTES = 65536,
};

/* ---- the folder ------------------------------------------------------------------------------ */

bool demo_services_open(struct demo_services *services, struct error *error)
{
    *services = (struct demo_services){0};
    const char *parent = getenv("TMPDIR");
    if (parent == NULL || parent[0] != '/' || strlen(parent) > FOLDER_MAX ||
        strpbrk(parent, "'\n") != NULL)
        parent = "/tmp";
    char folder[DEMO_PATH_SIZE];
    (void)snprintf(folder, sizeof folder, "%s/usher-demo.XXXXXX", parent);
    if (mkdtemp(folder) == NULL)
        return error_set(error, "no folder can be made in %s: %s; set TMPDIR to one that can",
                         parent, strerror(errno));
    memcpy(services->folder, folder, sizeof services->folder);
    (void)snprintf(services->settings, sizeof services->settings, "%.100s/usher.yaml", folder);
    (void)snprintf(services->worker_log, sizeof services->worker_log, "%.100s/worker.log", folder);
    return true;
}

static int remove_entry(const char *path, const struct stat *status, int flag, struct FTW *place)
{
    (void)status;
    (void)flag;
    (void)place;
    (void)remove(path);
    return 0;
}

void demo_services_close(struct demo_services *services)
{
    (void)demo_worker_stop(services);
    (void)demo_child_stop(&services->sandbox, STOP_MS);
    (void)demo_child_stop(&services->redis, STOP_MS);
    if (services->folder[0] != '\0')
        (void)nftw(services->folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    services->folder[0] = '\0';
}

/* ---- redis-server ---------------------------------------------------------------------------- */

static int free_port(struct error *error)
{
    for (int i = 0; i < PORT_TRIES; i++) {
        unsigned chance = 0;
        if (getrandom(&chance, sizeof chance, 0) != (ssize_t)sizeof chance)
            break;
        int port = PORT_FIRST + (int)(chance % PORTS);
        struct sockaddr_in address = {.sin_family = AF_INET,
                                      .sin_port = htons((uint16_t)port),
                                      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        bool is_free = fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof address) == 0;
        if (fd >= 0)
            close(fd);
        if (is_free)
            return port;
    }
    error_set(error, "no port between %d and %d of 127.0.0.1 is free; stop what uses them",
              PORT_FIRST, PORT_FIRST + PORTS - 1);
    return 0;
}

/* Through the socket in our folder: whoever answers on a port may be another's. */
static bool redis_answers(const struct demo_services *services)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%.90s/redis.sock", services->folder);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return false;
    bool connected = connect(fd, (struct sockaddr *)&address, sizeof address) == 0;
    close(fd);
    return connected;
}

static bool try_redis(struct demo_services *services, struct error *error)
{
    char log[DEMO_PATH_SIZE], socket_path[DEMO_PATH_SIZE], port[8];
    char *folder = services->folder;
    services->redis_port = free_port(error);
    if (services->redis_port == 0)
        return false;
    (void)snprintf(log, sizeof log, "%.90s/redis.log", folder);
    (void)snprintf(socket_path, sizeof socket_path, "%.90s/redis.sock", folder);
    (void)snprintf(port, sizeof port, "%d", services->redis_port);
    const char *argv[] = {"redis-server", "--bind",    "127.0.0.1", "--port", port,
                          "--unixsocket", socket_path, "--save",    "",       "--appendonly",
                          "no",           "--dir",     folder,      NULL};
    struct demo_output output = {log, -1};
    if (demo_child_start(&services->redis, "redis-server", argv, &output, error))
        return true;
    if (errno == ENOENT)
        error_set(error, "redis-server is not on the PATH: run deploy/install-deps, or apt-get "
                         "install redis-server");
    return false;
}

/* A port that was free may be taken when redis-server binds it: then another one. */
static bool start_redis(struct demo_services *services, struct error *error)
{
    for (int tries = 0; tries < REDIS_TRIES; tries++) {
        if (!try_redis(services, error))
            return false;
        for (int ms = 0; ms < HELPER_MS && demo_child_runs(&services->redis); ms += STEP_MS) {
            if (redis_answers(services))
                return true;
            if (!demo_pause(STEP_MS))
                return false;
        }
        (void)demo_child_stop(&services->redis, STOP_MS);
    }
    return error_set(error,
                     "redis-server started %d times and ended or did not answer; try it by "
                     "hand: redis-server --port 0 --save ''",
                     REDIS_TRIES);
}

/* ---- the sandbox ----------------------------------------------------------------------------- */

/* The path of a program beside this one. */
static bool find_beside(const char *name, char ret[EXE_SIZE], struct error *error)
{
    ssize_t size = readlink("/proc/self/exe", ret, EXE_SIZE - 1);
    if (size <= 0)
        return error_set(error, "/proc/self/exe cannot be read: %s; is /proc there?",
                         strerror(errno));
    ret[size] = '\0';
    char *slash = strrchr(ret, '/');
    size_t room = (size_t)(ret + EXE_SIZE - slash) - 1;
    if (name != NULL && (size_t)snprintf(slash + 1, room, "%s", name) >= room)
        return error_set(error, "the path of this program is too long");
    return true;
}

/* "listening on http://127.0.0.1:41234/beta", its first line. */
static bool read_address(struct demo_services *services, int fd, struct error *error)
{
    char line[LINE_SIZE] = "";
    size_t size = 0;
    for (int ms = 0; ms < HELPER_MS && memchr(line, '\n', size) == NULL; ms += STEP_MS) {
        struct pollfd waits = {.fd = fd, .events = POLLIN};
        ssize_t got =
            poll(&waits, 1, STEP_MS) > 0 ? read(fd, line + size, sizeof line - 1 - size) : 0;
        size += got > 0 ? (size_t)got : 0;
        if (!demo_pause(0))
            return false;
        if (!demo_child_runs(&services->sandbox))
            break;
    }
    const char *start = strstr(line, "http://");
    const char *end = start != NULL ? strstr(start, "/beta") : NULL;
    if (end == NULL || (size_t)(end - start) >= sizeof services->graph)
        return error_set(error, "usher-sandbox did not say where it listens; try it by hand");
    (void)snprintf(services->graph, sizeof services->graph, "%.*s", (int)(end - start), start);
    return true;
}

static bool start_sandbox(struct demo_services *services, struct error *error)
{
    char path[EXE_SIZE], log[DEMO_PATH_SIZE];
    int out[2];
    if (!find_beside("usher-sandbox", path, error))
        return false;
    if (pipe2(out, O_CLOEXEC) != 0)
        return error_set(error, "no pipe can be made: %s", strerror(errno));
    (void)snprintf(log, sizeof log, "%.90s/sandbox.log", services->folder);
    const char *argv[] = {path, "--with-parent", "--seed", "7", NULL};
    struct demo_output output = {log, out[1]};
    bool started = demo_child_start(&services->sandbox, "usher-sandbox", argv, &output, error);
    if (!started && errno == ENOENT)
        error_set(error,
                  "%s is missing: build it too, with deploy/demo or cmake --build --preset "
                  "release",
                  path);
    close(out[1]);
    bool listens = started && read_address(services, out[0], error);
    close(out[0]);
    return listens;
}

bool demo_services_start(struct demo_services *services, struct error *error)
{
    return start_redis(services, error) && start_sandbox(services, error);
}

/* ---- the worker ------------------------------------------------------------------------------ */

/* Our settings are all in one file, so that what is in the environment for a real worker cannot
 * get into this one. */
static void clear_environment(void)
{
    static const char *const prefixes[] = {"USHER_", "AZURE_"};
    for (size_t i = 0; environ != NULL && environ[i] != NULL;) {
        char name[LINE_SIZE];
        bool is_ours = strncmp(environ[i], prefixes[0], strlen(prefixes[0])) == 0 ||
                       strncmp(environ[i], prefixes[1], strlen(prefixes[1])) == 0;
        (void)snprintf(name, sizeof name, "%.*s", (int)strcspn(environ[i], "="), environ[i]);
        if (!is_ours || unsetenv(name) != 0)
            i++;
        else
            i = 0;
    }
}

static bool write_settings(const struct demo_services *services, const char *brokers, int port,
                           struct error *error)
{
    int fd = open(services->settings, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    FILE *file = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (file == NULL)
        return error_set(error, "%s cannot be written: %s", services->settings, strerror(errno));
    (void)fprintf(file,
                  "kafka:\n  brokers: %s\n  group: demo\n  instance_id: demo\n"
                  "  requests_topic: " DEMO_REQUESTS "\n  replies_topic: " DEMO_REPLIES "\n"
                  "  dead_letters_topic: " DEMO_DEAD_LETTERS "\n"
                  "  # The mock brokers store no offsets of transactions.\n"
                  "  delivery: at-least-once\n"
                  "  # They let a fetch that finds nothing wait to its end, whatever comes.\n"
                  "  librdkafka:\n    fetch.wait.max.ms: \"5\"\n",
                  brokers);
    (void)fprintf(file, "redis:\n  url: 'unix://%s/redis.sock'\n", services->folder);
    (void)fprintf(file,
                  "graph:\n  base_url: %s/beta\n  auth: client-secret\n  tenant_id: demo\n"
                  "  client_id: demo\n  client_secret: demo\n  authority_host: %s\n"
                  "  writes_per_second: 0\n",
                  services->graph, services->graph);
    (void)fprintf(file, "admin:\n  listen: 127.0.0.1:%d\nlog:\n  format: text\n", port);
    bool failed = ferror(file) != 0;
    if (fclose(file) != 0 || failed)
        return error_set(error, "%s cannot be written: %s", services->settings, strerror(errno));
    return true;
}

static bool await_worker(struct demo_services *services, struct error *error)
{
    char url[DEMO_ADDRESS_SIZE + 16];
    (void)snprintf(url, sizeof url, "%s/readyz", services->admin);
    for (int ms = 0; ms < DEMO_START_MS; ms += STEP_MS) {
        if (!demo_child_runs(&services->worker))
            return error_set(error,
                             "the worker ended with %d before it was ready; the end of its "
                             "log is above",
                             services->worker.exit_code);
        if (demo_http_get(url, NULL) == 200)
            return true;
        if (!demo_pause(STEP_MS))
            return false;
    }
    return error_set(error, "the worker was not ready after %d s; the end of its log is above",
                     DEMO_START_MS / 1000);
}

bool demo_worker_start(struct demo_services *services, const char *brokers, struct error *error)
{
    char path[EXE_SIZE];
    int port = free_port(error);
    if (port == 0 || !find_beside(NULL, path, error) ||
        !write_settings(services, brokers, port, error))
        return false;
    (void)snprintf(services->admin, sizeof services->admin, "http://127.0.0.1:%d", port);
    clear_environment();
    const char *argv[] = {path, "run", "-c", services->settings, NULL};
    struct demo_output output = {services->worker_log, -1};
    if (!demo_child_start(&services->worker, "usher run", argv, &output, error))
        return false;
    bool is_ready = await_worker(services, error);
    if (!is_ready && demo_signals() == 0)
        demo_worker_show_log(services);
    return is_ready;
}

int demo_worker_stop(struct demo_services *services)
{
    return demo_child_stop(&services->worker, DRAIN_MS);
}

void demo_worker_show_log(const struct demo_services *services)
{
    static char text[LOG_TAIL_BYTES + 1];
    FILE *file = fopen(services->worker_log, "re");
    if (file == NULL)
        return;
    if (fseek(file, -LOG_TAIL_BYTES, SEEK_END) != 0)
        rewind(file);
    size_t size = fread(text, 1, LOG_TAIL_BYTES, file);
    (void)fclose(file);
    size_t start = size > 0 ? size - 1 : 0; /* before the last line feed */
    for (int lines = 0; start > 0 && lines < DEMO_LOG_LINES; start--)
        lines += text[start - 1] == '\n';
    if (start > 0)
        start++;
    (void)fwrite(text + start, 1, size - start, stderr);
}
