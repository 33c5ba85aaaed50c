#include "worker/io/redis_connection.h"

#include "worker/io/log.h"
#include "worker/io/redis_dial.h"
#include "worker/io/redis_greeting.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum {
    TICK_MS = 250,      /* how often time limits are looked at */
    LEAVE_FAILURES = 5, /* a server that was left may still be what the name leads to: no hurry */
};

enum state {
    STATE_AWAY,       /* the timer ends it */
    STATE_RESOLVING,  /* a thread of libuv looks for the name */
    STATE_CONNECTING, /* TCP */
    STATE_GREETING,   /* TLS, who we are, the scripts */
    STATE_UP,
    STATE_CLOSED, /* destroyed: waits for its handles */
};

struct redis_connection {
    struct redis_peer peer;
    enum state state;
    redisAsyncContext *context; /* NULL unless connecting, greeting or up */
    SSL *ssl;                   /* the context's, or NULL */
    uv_timer_t timer;           /* away: when to try again; else every TICK_MS */
    uv_getaddrinfo_t resolver;
    bool resolving;                    /* the resolver's callback is still to come */
    struct addrinfo *addresses, *next; /* what the name stands for, and which to try next */
    struct redis_greeting greeting;
    struct redis_facts told; /* in the log */
    size_t open;             /* commands without an answer */
    int64_t progress_ms;     /* when the last answer came, or the present state began */
    unsigned failures;       /* since it was up last */
    bool refused;            /* by Redis, at the last try */
    struct error trouble;
    struct redis_connection_counters counters;
};

static void on_timer(uv_timer_t *timer);

static int64_t now(const struct redis_connection *c)
{
    return (int64_t)uv_now(c->peer.loop);
}

static void set_timer(struct redis_connection *c, uint64_t first_ms, uint64_t repeat_ms)
{
    int failed = uv_timer_start(&c->timer, on_timer, first_ms, repeat_ms);
    assert(failed == 0); /* it fails for a closing handle only */
}

static void enter(struct redis_connection *c, enum state state)
{
    c->state = state;
    c->progress_ms = now(c);
    if (state != STATE_AWAY)
        set_timer(c, TICK_MS, TICK_MS);
}

static void forget_addresses(struct redis_connection *c)
{
    uv_freeaddrinfo(c->addresses);
    c->addresses = NULL;
    c->next = NULL;
}

/* The connection is gone, or did not come about. A name's next address is tried at once; when there
 * is none, later. */
static void lose(struct redis_connection *c, const char *why)
{
    bool next = c->state == STATE_CONNECTING && c->next != NULL;

    if (c->state == STATE_AWAY || c->state == STATE_CLOSED)
        return;
    c->context = NULL;
    c->ssl = NULL;
    if (!next) {
        c->refused = false;
        error_set(&c->trouble, "%s; retrying", why);
        forget_addresses(c);
        c->failures++;
        c->counters.losses++;
        log_write(LOG_WARN, "redis.lost", "%s", c->trouble.text);
    }
    enter(c, STATE_AWAY);
    set_timer(c, next ? 0 : redis_dial_backoff_ms(c->failures), 0);
}

/* The same from our side. Open commands get their NULL at once, or when hiredis' callback that we
 * are in has returned. */
static void drop(struct redis_connection *c, const char *why)
{
    redisAsyncContext *context = c->context;

    lose(c, why);
    if (context != NULL)
        redisAsyncFree(context);
}

static void on_greeted(void *context, enum redis_greeting_result result, const char *why)
{
    struct redis_connection *c = context;

    if (result != REDIS_GREETING_DONE) {
        drop(c, why);
        c->refused = result == REDIS_GREETING_REFUSED;
        return;
    }
    if (c->state != STATE_GREETING)
        return; /* scripts loaded anew */
    enter(c, STATE_UP);
    forget_addresses(c);
    c->failures = 0;
    c->refused = false;
    c->trouble = (struct error){0};
    c->counters.connects++;
    log_write(LOG_INFO, "redis.connected", "connected to %s, database %d", c->peer.url.name,
              c->peer.url.database);
    redis_facts_tell(&c->greeting.facts, &c->told, c->peer.settings);
}

static void on_connect(redisAsyncContext *context, int status)
{
    struct redis_connection *c = context->data;
    struct error error = {0};

    if (context != c->context)
        return;
    if (status != REDIS_OK) {
        error_set(&error, "redis.url: cannot connect to %s: %s", c->peer.url.name, context->errstr);
        lose(c, error.text); /* hiredis frees the context itself */
        return;
    }
    enter(c, STATE_GREETING);
    if (!redis_dial_start_tls(&c->peer, context, &c->ssl, &error) ||
        !redis_greeting_start(&c->greeting, c->peer.url.database, &error))
        drop(c, error.text);
}

static void on_disconnect(const redisAsyncContext *context, int status)
{
    struct redis_connection *c = context->data;
    struct error error = {0};

    (void)status; /* the context says more */
    if (context != c->context)
        return;
    redis_dial_explain(&c->peer, context, c->ssl, &error);
    lose(c, error.text);
}

/* ---- connecting ---- */

static void connect_to(struct redis_connection *c, const struct addrinfo *address)
{
    struct error error = {0};

    enter(c, STATE_CONNECTING);
    c->context = redis_dial(&c->peer, address, &error);
    if (c->context == NULL) {
        lose(c, error.text);
        return;
    }
    c->context->data = c;
    redisAsyncSetDisconnectCallback(c->context, on_disconnect);
    redisAsyncSetConnectCallbackNC(c->context, on_connect);
}

static void connect_to_next(struct redis_connection *c)
{
    const struct addrinfo *address = c->next;

    c->next = address->ai_next;
    connect_to(c, address);
}

static void finish_closed(struct redis_connection *c);

static void on_resolved(uv_getaddrinfo_t *resolver, int status, struct addrinfo *addresses)
{
    struct redis_connection *c = resolver->data;
    struct error error = {0};

    c->resolving = false;
    if (c->state == STATE_CLOSED) {
        uv_freeaddrinfo(addresses);
        finish_closed(c);
        return;
    }
    if (status != 0) {
        error_set(&error, "redis.url: cannot find the host %s: %s", c->peer.url.host,
                  uv_strerror(status));
        drop(c, error.text);
        return;
    }
    c->addresses = addresses;
    c->next = addresses;
    connect_to_next(c);
}

static void resolve(struct redis_connection *c)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct error error = {0};

    enter(c, STATE_RESOLVING);
    int failed =
        uv_getaddrinfo(c->peer.loop, &c->resolver, on_resolved, c->peer.url.host, NULL, &hints);
    c->resolving = failed == 0;
    if (failed == 0)
        return;
    error_set(&error, "redis.url: cannot look for the host %s: %s", c->peer.url.host,
              uv_strerror(failed));
    drop(c, error.text);
}

static void connect_again(struct redis_connection *c)
{
    if (c->peer.url.transport == REDIS_UNIX)
        connect_to(c, NULL);
    else if (c->next != NULL)
        connect_to_next(c);
    else
        resolve(c);
}

/* Has Redis kept silent for too long? Then the error says so. */
static bool is_silent(const struct redis_connection *c, struct error *ret)
{
    const char *name = c->peer.url.name;
    int64_t still_ms = now(c) - c->progress_ms;
    bool connecting = c->state == STATE_CONNECTING || c->state == STATE_GREETING;
    bool tls_open = c->ssl != NULL && !SSL_is_init_finished(c->ssl);

    if (connecting && still_ms > REDIS_CONNECT_TIMEOUT_MS)
        return !error_set(ret, "redis.url: %s does not answer%s", name,
                          tls_open ? "; does that port speak TLS?" : "");
    if (c->state == STATE_UP && c->open > 0 && still_ms > REDIS_ANSWER_TIMEOUT_MS)
        return !error_set(ret, "redis.url: %s has not answered for %d s", name,
                          REDIS_ANSWER_TIMEOUT_MS / 1000);
    return false;
}

static void on_timer(uv_timer_t *timer)
{
    struct redis_connection *c = timer->data;
    struct error error = {0};

    if (c->state == STATE_AWAY)
        connect_again(c);
    else if (is_silent(c, &error))
        drop(c, error.text);
}

static void on_reply(redisAsyncContext *context, void *reply, void *data)
{
    struct redis_connection *c = context->data;
    struct redis_command *command = data;

    c->open--;
    if (reply != NULL && c->state == STATE_UP)
        c->progress_ms = now(c);
    command->on_reply(command, reply);
}

static bool send_command(void *context, struct redis_command *command,
                         const struct redis_arguments *arguments)
{
    struct redis_connection *c = context;
    const char **text = (const char **)arguments->text;

    if (c->context == NULL || redisAsyncCommandArgv(c->context, on_reply, command, arguments->count,
                                                    text, arguments->size) != REDIS_OK)
        return false;
    if (c->open++ == 0 && c->state == STATE_UP)
        c->progress_ms = now(c);
    return true;
}

bool redis_connection_send(struct redis_connection *c, struct redis_command *command,
                           const struct redis_arguments *arguments)
{
    if (c->state != STATE_UP || !send_command(c, command, arguments))
        return false;
    c->counters.commands++;
    return true;
}

const char *redis_connection_sha(const struct redis_connection *c, enum redis_script script)
{
    return c->greeting.sha[script];
}

void redis_connection_load_scripts(struct redis_connection *c)
{
    if (c->state == STATE_UP && !redis_greeting_load_scripts(&c->greeting))
        drop(c, "redis.url: no memory to load the scripts");
}

const struct redis_facts *redis_connection_facts(const struct redis_connection *c)
{
    return &c->greeting.facts;
}

void redis_connection_leave(struct redis_connection *c, const char *why)
{
    c->failures += LEAVE_FAILURES;
    drop(c, why);
}

bool redis_connection_is_idle(const struct redis_connection *c)
{
    return c->open == 0;
}

bool redis_connection_is_up(const struct redis_connection *c)
{
    return c->state == STATE_UP;
}

bool redis_connection_is_refused(const struct redis_connection *c)
{
    return c->refused;
}

const char *redis_connection_trouble(const struct redis_connection *c)
{
    return c->trouble.text;
}

const struct redis_connection_counters *redis_connection_counters(const struct redis_connection *c)
{
    return &c->counters;
}

struct redis_connection *redis_connection_create(uv_loop_t *loop, const struct settings *settings,
                                                 struct error *error)
{
    struct redis_peer peer = {.loop = loop, .settings = settings};

    if (!redis_url_read(settings->redis.url, &peer.url, error) ||
        !redis_greeting_check(settings, error) || !redis_dial_check(&peer, error))
        return NULL;
    struct redis_connection *c = calloc(1, sizeof *c);
    if (c == NULL || uv_timer_init(loop, &c->timer) != 0) {
        free(c);
        error_set(error, "redis.url: no memory for a connection");
        return NULL;
    }
    c->peer = peer;
    c->timer.data = c;
    c->resolver.data = c;
    c->greeting.send = send_command;
    c->greeting.on_end = on_greeted;
    c->greeting.context = c;
    c->greeting.settings = settings;
    error_set(&c->trouble, "redis.url: not connected to %s yet", peer.url.name);
    set_timer(c, 0, 0);
    return c;
}

/* Its last handle frees it. */
static void finish_closed(struct redis_connection *c)
{
    if (!c->resolving && c->timer.data == NULL)
        free(c);
}

static void on_timer_closed(uv_handle_t *handle)
{
    struct redis_connection *c = handle->data;

    c->timer.data = NULL;
    finish_closed(c);
}

void redis_connection_destroy(struct redis_connection *c)
{
    if (c == NULL)
        return;
    redisAsyncContext *context = c->context;
    c->context = NULL;
    c->state = STATE_CLOSED;
    if (context != NULL) {
        redisBufferWrite(&context->c, &(int){0}); /* the last releases */
        redisAsyncFree(context);
    }
    forget_addresses(c);
    if (c->resolving)
        uv_cancel((uv_req_t *)&c->resolver);
    uv_close((uv_handle_t *)&c->timer, on_timer_closed);
}
