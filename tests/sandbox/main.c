// usher-sandbox: a stand-in for Microsoft Graph's entitlement management and for Entra's token
// endpoint. README.md says what it can do.

#include "tests/sandbox/http.h"
#include "tests/sandbox/rights.h"

#include <errno.h>
#include <getopt.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum { EXIT_USAGE = 2, EXIT_UNAVAILABLE = 69, EXIT_INTERNAL = 70, EXIT_CANNOT_WRITE = 73 };

#define FILE_MAX_BYTES 65536 // a certificate chain has 5,000

struct options {
    char listen[128];
    char *certificate;
    char *key;
    const char *ledger, *record;
    bool with_parent;
};

static __attribute__((noreturn)) void fail(int code, const char *what, const char *why)
{
    fprintf(stderr, "usher-sandbox: %s%s%s\n", what, why[0] == '\0' ? "" : ": ", why);
    exit(code);
}

static const char HELP[] =
    "usher-sandbox: a stand-in for Microsoft Graph and its token endpoint, for tests.\n\n"
    "  --listen HOST:PORT        default 127.0.0.1:0, a free port\n"
    "  --tls-cert F --tls-key F  serve https with this PEM certificate and key\n"
    "  --latency 5ms             every answer waits so long\n"
    "  --deliver-after 2s        an assignment is open so long before it is delivered\n"
    "  --tenant ID --client-id ID --client-secret-file F\n"
    "                            what the token endpoint takes; default: anything\n"
    "  --client-certificate-file F, --federated-token-file F\n"
    "                            what may sign or be the assertion instead; read at each call\n"
    "  --identity-header H       what App Service's endpoint takes; default: anything\n"
    "  --token T                 a bearer token that is always good\n"
    "  --token-lifetime 1h       of tokens given out\n"
    "  --token-bytes N           their least length; real ones have about 1500\n"
    "  --delegated USER          tokens speak for this user: User* requests are allowed\n"
    "  --seed N                  the same ids and the same luck every time\n"
    "  --ledger FILE             append each POST as a JSON line\n"
    "  --record FILE             append each call to Graph, whole, as a JSON line\n"
    "  --with-parent             stop when the starter dies\n";

// "5ms", "2s", "1m", "1h" -> milliseconds.
static int64_t read_duration(const char *text)
{
    static const struct {
        const char *unit;
        int64_t ms;
    } units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}};
    char *end = NULL;
    long long number = strtoll(text, &end, 10);
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (end > text && number >= 0 && number < 1000000000 && strcmp(end, units[i].unit) == 0) {
            return number * units[i].ms;
        }
    }
    fail(EXIT_USAGE, text, "is no duration; write a number and ms, s, m or h, such as 5ms");
}

static int64_t read_count(const char *text)
{
    char *end = NULL;
    long long number = strtoll(text, &end, 10);
    if (end == text || *end != '\0' || number < 0) {
        fail(EXIT_USAGE, text, "is no number; write digits only");
    }
    return number;
}

static void read_text(const char *text, char *ret_text, size_t size)
{
    if (strlen(text) >= size) {
        fail(EXIT_USAGE, text, "is too long");
    }
    copy_text(ret_text, size, text);
}

static char *read_file(const char *path)
{
    char *text = memory_need(calloc(1, FILE_MAX_BYTES + 1));
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        fail(EXIT_USAGE, path, strerror(errno));
    }
    size_t size = fread(text, 1, FILE_MAX_BYTES, file);
    fclose(file);
    if (size == 0) {
        fail(EXIT_USAGE, path, "is empty");
    }
    return text;
}

static void read_secret(const char *path, char *ret_text, size_t size)
{
    char *text = read_file(path);
    text[strcspn(text, "\r\n")] = '\0';
    read_text(text, ret_text, size);
    free(text);
}

static const struct option OPTIONS[] = {{"listen", required_argument, NULL, 'l'},
                                        {"tls-cert", required_argument, NULL, 'c'},
                                        {"tls-key", required_argument, NULL, 'k'},
                                        {"latency", required_argument, NULL, 'y'},
                                        {"deliver-after", required_argument, NULL, 'd'},
                                        {"tenant", required_argument, NULL, 't'},
                                        {"client-id", required_argument, NULL, 'i'},
                                        {"client-secret-file", required_argument, NULL, 's'},
                                        {"client-certificate-file", required_argument, NULL, 'x'},
                                        {"federated-token-file", required_argument, NULL, 'j'},
                                        {"identity-header", required_argument, NULL, 'm'},
                                        {"token", required_argument, NULL, 'b'},
                                        {"token-lifetime", required_argument, NULL, 'f'},
                                        {"token-bytes", required_argument, NULL, 'z'},
                                        {"delegated", required_argument, NULL, 'u'},
                                        {"seed", required_argument, NULL, 'e'},
                                        {"ledger", required_argument, NULL, 'r'},
                                        {"record", required_argument, NULL, 'w'},
                                        {"with-parent", no_argument, NULL, 'p'},
                                        {"help", no_argument, NULL, 'h'},
                                        {0}};

// What the token endpoint takes and gives. False: it is another option.
static bool read_token_option(int option, struct token_settings *token)
{
    switch (option) {
    case 't':
        read_text(optarg, token->tenant, sizeof token->tenant);
        break;
    case 'i':
        read_text(optarg, token->client_id, sizeof token->client_id);
        break;
    case 's':
        read_secret(optarg, token->client_secret, sizeof token->client_secret);
        break;
    case 'x':
        read_text(optarg, token->assertions.certificates, sizeof token->assertions.certificates);
        break;
    case 'j':
        read_text(optarg, token->assertions.federated, sizeof token->assertions.federated);
        break;
    case 'm':
        read_text(optarg, token->identity_header, sizeof token->identity_header);
        break;
    case 'b':
        read_text(optarg, token->token, sizeof token->token);
        break;
    case 'f':
        token->lifetime_s = read_duration(optarg) / 1000;
        break;
    case 'z':
        token->bytes = read_count(optarg);
        break;
    default:
        return false;
    }
    return true;
}

static void read_option(int option, struct options *options, struct sandbox *sandbox)
{
    if (read_token_option(option, &sandbox->token_settings)) {
        return;
    }
    switch (option) {
    case 'l':
        read_text(optarg, options->listen, sizeof options->listen);
        break;
    case 'c':
        options->certificate = read_file(optarg);
        break;
    case 'k':
        options->key = read_file(optarg);
        break;
    case 'y':
        sandbox->settings.latency_ms = read_duration(optarg);
        break;
    case 'd':
        sandbox->settings.deliver_after_ms = read_duration(optarg);
        break;
    case 'u':
        read_text(optarg, sandbox->token_settings.delegated_user, GUID_SIZE);
        break;
    case 'e':
        sandbox->random.state = (uint64_t)read_count(optarg);
        break;
    case 'r':
        options->ledger = optarg;
        break;
    case 'w':
        options->record = optarg;
        break;
    case 'p':
        options->with_parent = true;
        break;
    case 'h':
        fputs(HELP, stdout);
        exit(0);
    default:
        fail(EXIT_USAGE, "--help shows the options", "");
    }
}

static void read_options(int count, char **arguments, struct options *ret_options,
                         struct sandbox *sandbox)
{
    int option;
    *ret_options = (struct options){.listen = "127.0.0.1:0"};
    while ((option = getopt_long(count, arguments, "h", OPTIONS, NULL)) != -1) {
        read_option(option, ret_options, sandbox);
    }
    if (optind < count) {
        fail(EXIT_USAGE, arguments[optind], "is no option; --help shows them");
    }
    if ((ret_options->certificate == NULL) != (ret_options->key == NULL)) {
        fail(EXIT_USAGE, "--tls-cert and --tls-key belong together", "");
    }
    const char *user = sandbox->token_settings.delegated_user;
    if (user[0] != '\0' && !guid_valid(user)) {
        fail(EXIT_USAGE, user, "is no user id; --delegated takes a GUID");
    }
}

// A listening socket. *ret_port: the port it has.
static int open_listener(const char *address, unsigned *ret_port)
{
    char host[128];
    const char *port = strrchr(address, ':');
    if (port == NULL || port == address || strlen(address) >= sizeof host) {
        fail(EXIT_USAGE, address, "is no address; write HOST:PORT, such as 127.0.0.1:8080");
    }
    bool bracket = address[0] == '[' && port[-1] == ']';
    copy_text(host, (size_t)(port - address) + 1 - (bracket ? 2 : 0), address + bracket);
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    struct addrinfo *found = NULL;
    if (getaddrinfo(host, port + 1, &hints, &found) != 0) {
        fail(EXIT_USAGE, address, "is no address that can be listened on");
    }
    int one = 1;
    int listener = socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (listener < 0 || bind(listener, found->ai_addr, found->ai_addrlen) != 0 ||
        listen(listener, 1024) != 0) {
        const char *advice = "is in use; stop the other program or choose another --listen";
        fail(EXIT_UNAVAILABLE, address, errno == EADDRINUSE ? advice : strerror(errno));
    }
    struct sockaddr_storage bound = {0};
    socklen_t size = sizeof bound;
    char text[16] = "";
    getsockname(listener, (struct sockaddr *)&bound, &size);
    getnameinfo((struct sockaddr *)&bound, size, NULL, 0, text, sizeof text, NI_NUMERICSERV);
    *ret_port = (unsigned)strtoul(text, NULL, 10);
    freeaddrinfo(found);
    return listener;
}

// A descriptor that is readable once SIGTERM or SIGINT has come.
static int open_signals(bool with_parent)
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    signal(SIGPIPE, SIG_IGN);
    pid_t parent = getppid();
    if (with_parent && (prctl(PR_SET_PDEATHSIG, SIGTERM) != 0 || getppid() != parent)) {
        exit(0);
    }
    return signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC);
}

static void watch(int poller, int fd)
{
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    if (epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event) != 0) {
        fail(EXIT_INTERNAL, "epoll", strerror(errno));
    }
}

static void serve(struct http *http, int signals)
{
    int poller = epoll_create1(EPOLL_CLOEXEC);
    watch(poller, signals);
    watch(poller, http_epoll(http));
    bool running = true;
    while (running) {
        struct epoll_event events[2];
        int count = epoll_wait(poller, events, 2, http_turn(http));
        for (int i = 0; i < count; i++) {
            running = running && events[i].data.fd != signals;
        }
    }
    close(poller);
}

static void sandbox_init(struct sandbox *sandbox)
{
    sandbox->settings.dry_run_sees_duplicates = true;
    sandbox->settings.writes_window_ms = 10000;
    sandbox->settings.limit_headers = true;
    sandbox->token_settings.lifetime_s = 3599;
    sandbox->token_settings.bytes = 64;
    copy_text(sandbox->token_settings.roles, ROLES_SIZE, RIGHTS_ALL);
    if (getrandom(&sandbox->random.state, sizeof sandbox->random.state, 0) < 0) {
        sandbox->random.state = (uint64_t)clock_ms();
    }
    state_init(&sandbox->state, &sandbox->random);
    ledger_init(&sandbox->ledger);
}

static FILE *open_to_append(const char *path)
{
    FILE *file = path != NULL ? fopen(path, "ae") : NULL;
    if (path != NULL && file == NULL) {
        fail(EXIT_CANNOT_WRITE, path, strerror(errno));
    }
    return file;
}

static void sandbox_finish(struct sandbox *sandbox)
{
    tokens_revoke(&sandbox->tokens);
    faults_clear(&sandbox->faults);
    state_finish(&sandbox->state);
    ledger_finish(&sandbox->ledger);
    if (sandbox->record != NULL) {
        fclose(sandbox->record);
    }
    free(sandbox);
}

int main(int count, char **arguments)
{
    struct sandbox *sandbox = memory_need(calloc(1, sizeof *sandbox));
    struct options options;
    struct http http;
    unsigned port = 0;
    sandbox_init(sandbox);
    read_options(count, arguments, &options, sandbox);
    sandbox->ledger.file = open_to_append(options.ledger);
    // What is started by another program (usher demo) is reached through the environment only.
    const char *unasked = getenv("SANDBOX_RECORD");
    sandbox->record = open_to_append(options.record != NULL ? options.record : unasked);
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    int signals = open_signals(options.with_parent);
    struct http_tls tls = {options.certificate, options.key};
    if (!http_init(&http, sandbox, open_listener(options.listen, &port), &tls)) {
        fail(EXIT_INTERNAL, "the HTTP server did not start",
             tls.key ? "is the key the certificate's?" : "");
    }
    int host_size = (int)strlen(options.listen);
    while (host_size > 0 && options.listen[host_size] != ':') {
        host_size--;
    }
    printf("listening on %s://%.*s:%u/beta\n", http.tls ? "https" : "http", host_size,
           options.listen, port);
    fflush(stdout);
    serve(&http, signals);
    http_finish(&http);
    sandbox_finish(sandbox);
    free(options.certificate);
    free(options.key);
    close(signals);
    return 0;
}
