#include "worker/io/token.h"

#include "worker/io/log.h"
#include "worker/io/token_certificate.h"
#include "worker/io/token_expiry.h"
#include "worker/io/token_fetch.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>

/* Where the next token comes from, and what is being done about it. */
enum token_state {
    TOKEN_FIXED,    /* auth: token: graph.token, or the file as it is */
    TOKEN_RESTS,    /* the timer will start the next fetch */
    TOKEN_FETCHES,  /* a fetch is under way */
    TOKEN_ANNOUNCES /* as TOKEN_RESTS, but a failure is still to be told */
};

struct token {
    uv_loop_t *uv;
    const struct settings *settings;
    struct token_events events;
    enum token_state state;
    struct token_fetch *fetch; /* NULL: TOKEN_FIXED */
    char *claims;              /* for the fetches until one succeeds; NULL: none */
    struct token_expiry expiry;
    uv_timer_t timer;
    char *text; /* NULL: none */
    unsigned number;
    int64_t expires_ms; /* the loop's clock; INT64_MAX: unknown */
    int64_t expires_wall_ms;
    int64_t began_ms;   /* the fetch that is under way, or the last one */
    int64_t renewed_ms; /* the last fetch that a 401 asked for; 0: none */
    unsigned failures;  /* fetches in a row */
    bool is_refused_by_entra;
    int64_t refused_by_graph_ms; /* when Graph last refused what we have; 0: it does not */
    struct timespec file_time;
    int64_t file_looked_ms;
    struct error trouble; /* of the last fetch or file read; "": none */
};

static int64_t now_ms(const struct token *token)
{
    return (int64_t)uv_now(token->uv);
}

static int64_t wall_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void drop_text(struct token *token)
{
    if (token->text != NULL)
        explicit_bzero(token->text, strlen(token->text));
    free(token->text);
    token->text = NULL;
}

/* Takes over `text`. */
static void set_text(struct token *token, char *text, int64_t expires_ms)
{
    drop_text(token);
    token->text = text;
    token->number++;
    token->expires_ms = expires_ms;
    token->refused_by_graph_ms = 0;
    token->trouble.text[0] = '\0';
}

static void keep_claims(struct token *token, const char *claims)
{
    free(token->claims);
    token->claims = claims != NULL ? strdup(claims) : NULL;
}

static void tell(struct token *token, bool ready)
{
    if (token->events.on_change != NULL)
        token->events.on_change(token->events.context, ready);
}

/* ---- auth: token ---- */

static bool is_newer(const struct token *token, const struct stat *file)
{
    return file->st_mtim.tv_sec != token->file_time.tv_sec ||
           file->st_mtim.tv_nsec != token->file_time.tv_nsec;
}

/* Reads the setting or the file. What we have stays until there is a better one. */
static bool read_text(struct token *token, struct error *error)
{
    const struct settings *s = token->settings;
    const char *option = s->graph.token_file[0] != '\0' ? "graph.token_file" : "graph.token";
    struct stat file = {0};
    char *text = calloc(1, TOKEN_SIZE_MAX);
    if (text == NULL)
        return error_set(error, "%s: no memory", option);
    if (s->graph.token_file[0] != '\0' && stat(s->graph.token_file, &file) == 0)
        token->file_time = file.st_mtim;
    bool good = secret_read(s->graph.token, s->graph.token_file, text, TOKEN_SIZE_MAX, error);
    if (!good)
        error_set(error, "%s: %s", option, error->text);
    else if (!token_text_is_good(text))
        good = error_set(error,
                         "%s: an access token is printable ASCII without spaces, and this "
                         "is none",
                         option);
    bool changed = good && (token->text == NULL || strcmp(token->text, text) != 0);
    if (changed) {
        set_text(token, text, INT64_MAX);
        return true;
    }
    explicit_bzero(text, TOKEN_SIZE_MAX);
    free(text);
    return good;
}

static void look_at_file(struct token *token)
{
    const char *path = token->settings->graph.token_file;
    struct stat file;
    if (path[0] == '\0' || now_ms(token) - token->file_looked_ms < TOKEN_FILE_LOOK_MS)
        return;
    token->file_looked_ms = now_ms(token);
    if (stat(path, &file) != 0 || !is_newer(token, &file))
        return;
    struct error error = {0};
    if (!read_text(token, &error))
        token->trouble = error;
    else
        token->trouble.text[0] = '\0';
}

/* ---- all others: a fetch ---- */

static void on_timer(uv_timer_t *timer);

static void wait_ms(struct token *token, int64_t ms)
{
    uv_timer_start(&token->timer, on_timer, ms > 0 ? (uint64_t)ms : 0, 0);
}

static int64_t backoff_ms(unsigned failures)
{
    int64_t most_ms = TOKEN_BACKOFF_FIRST_MS;
    for (unsigned i = 1; i < failures && most_ms < TOKEN_BACKOFF_MOST_MS; i++)
        most_ms *= 2;
    most_ms = most_ms < TOKEN_BACKOFF_MOST_MS ? most_ms : TOKEN_BACKOFF_MOST_MS;
    uint32_t random = 0;
    if (getrandom(&random, sizeof random, GRND_NONBLOCK) != (ssize_t)sizeof random)
        random = UINT32_MAX / 2;
    /* Full jitter, but never at once: each failure of a fetch answers calls that wait. */
    return most_ms / 10 + (most_ms * 9 / 10) * (int64_t)(random >> 16) / 65536;
}

static void fail(struct token *token, const struct error *error)
{
    token->trouble = *error;
    token->failures++;
    token->state = TOKEN_RESTS;
    wait_ms(token, backoff_ms(token->failures));
}

/* A failure that is there at once (a secret file that cannot be read) is told from the timer. */
static void start_fetch(struct token *token)
{
    struct error error = {0};
    token->began_ms = now_ms(token);
    token->state = TOKEN_FETCHES;
    if (token_fetch_start(token->fetch, token->claims, &error)) {
        uv_timer_stop(&token->timer);
        int64_t ends_wall_ms = token_fetch_certificate_ends_at(token->fetch);
        if (ends_wall_ms > 0)
            token_expiry_note(&token->expiry, ends_wall_ms, wall_ms());
        return;
    }
    token->trouble = error;
    token->state = TOKEN_ANNOUNCES;
    wait_ms(token, 0);
}

static void on_timer(uv_timer_t *timer)
{
    struct token *token = timer->data;
    if (token->state == TOKEN_RESTS) {
        start_fetch(token);
    } else if (token->state == TOKEN_ANNOUNCES) {
        struct error error = token->trouble;
        fail(token, &error);
        tell(token, false);
    }
}

static void on_fetched(void *context, int status, struct token_answer *answer,
                       const struct error *error)
{
    struct token *token = context;
    if (token->events.on_call != NULL)
        token->events.on_call(token->events.context, status, now_ms(token) - token->began_ms);
    token->is_refused_by_entra = answer->refused;
    if (answer->token == NULL) {
        log_write(LOG_DEBUG, "token.failed", "status %d after %lld ms: %s", status,
                  (long long)(now_ms(token) - token->began_ms), error->text);
        fail(token, error);
        tell(token, false);
        return;
    }
    int64_t life_ms = answer->life_s * 1000;
    log_write(LOG_DEBUG, "token.fetched", "status %d after %lld ms; it lives %lld s", status,
              (long long)(now_ms(token) - token->began_ms), (long long)answer->life_s);
    set_text(token, answer->token, now_ms(token) + life_ms);
    answer->token = NULL;
    token->expires_wall_ms = wall_ms() + life_ms;
    token->failures = 0;
    keep_claims(token, NULL);
    token->state = TOKEN_RESTS;
    wait_ms(token, life_ms >= 2 * TOKEN_EARLY_MS ? life_ms - TOKEN_EARLY_MS : life_ms / 2);
    tell(token, true);
}

/* ---- for all ---- */

/* A wrong file is a wrong setting, found at the start. Each fetch reads it again. */
static bool has_certificate(const struct settings *settings, struct error *error)
{
    struct token_certificate certificate;
    bool good = token_certificate_read(settings, wall_ms(), &certificate, error);
    token_certificate_finish(&certificate);
    return good;
}

struct token *token_create(uv_loop_t *uv, const struct settings *settings, struct error *error)
{
    struct token *token = calloc(1, sizeof *token);
    if (token == NULL) {
        error_set(error, "no memory for the access token");
        return NULL;
    }
    *token = (struct token){.uv = uv, .settings = settings};
    uv_timer_init(uv, &token->timer);
    token->timer.data = token;
    bool good = true;
    if (settings->graph.auth == AUTH_TOKEN) {
        good = read_text(token, error);
    } else {
        struct token_fetch_events events = {.on_fetched = on_fetched, .context = token};
        token->fetch = token_fetch_create(uv, settings, &events, error);
        good = token->fetch != NULL &&
               (settings->graph.auth != AUTH_CERTIFICATE || has_certificate(settings, error));
    }
    if (!good) {
        token_destroy(token);
        return NULL;
    }
    if (token->fetch != NULL)
        start_fetch(token);
    return token;
}

static void free_token(uv_handle_t *timer)
{
    free(timer->data);
}

void token_destroy(struct token *token)
{
    if (token == NULL)
        return;
    token_fetch_destroy(token->fetch);
    drop_text(token);
    keep_claims(token, NULL);
    uv_close((uv_handle_t *)&token->timer, free_token);
}

void token_listen(struct token *token, const struct token_events *events)
{
    token->events = events != NULL ? *events : (struct token_events){0};
}

const char *token_get(struct token *token, unsigned *ret_number)
{
    if (token->state == TOKEN_FIXED)
        look_at_file(token);
    *ret_number = token->number;
    return now_ms(token) < token->expires_ms ? token->text : NULL;
}

bool token_renew(struct token *token, unsigned number, const char *claims)
{
    if (number != token->number)
        return true;
    if (token->state == TOKEN_FIXED) {
        struct error ignored = {0};
        return read_text(token, &ignored) && number != token->number;
    }
    if (token->state == TOKEN_FETCHES)
        return true;
    if (token->renewed_ms != 0 && now_ms(token) - token->renewed_ms < TOKEN_RENEW_LEAST_MS)
        return false;
    token->renewed_ms = now_ms(token);
    drop_text(token);
    if (claims != NULL)
        keep_claims(token, claims);
    start_fetch(token);
    return true;
}

void token_set_refused(struct token *token, bool refused)
{
    token->refused_by_graph_ms = refused ? now_ms(token) : 0;
}

static bool has_text(const struct token *token)
{
    return token->text != NULL && now_ms(token) < token->expires_ms;
}

bool token_is_ready(struct token *token)
{
    if (token->state == TOKEN_FIXED)
        look_at_file(token);
    bool refused = token->refused_by_graph_ms != 0 &&
                   now_ms(token) - token->refused_by_graph_ms < TOKEN_REFUSED_MS;
    return has_text(token) && !refused;
}

bool token_is_away(const struct token *token)
{
    return !has_text(token) && token->trouble.text[0] != '\0';
}

bool token_is_refused(const struct token *token)
{
    return token->refused_by_graph_ms != 0 || (token->is_refused_by_entra && !has_text(token));
}

const char *token_trouble(const struct token *token)
{
    if (token->refused_by_graph_ms != 0)
        return token->state == TOKEN_FIXED
                   ? "graph.token: Graph refuses the token (401); is it for Graph, and not expired?"
                   : "graph.base_url: Graph refuses a token that Entra has just given (401)";
    if (token->trouble.text[0] != '\0')
        return token->trouble.text;
    return has_text(token) ? "" : "graph.auth: the first token has not come yet";
}

int64_t token_expires_at(const struct token *token)
{
    return has_text(token) ? token->expires_wall_ms : 0;
}

int64_t token_certificate_expires_at(struct token *token)
{
    token_expiry_look(&token->expiry, token->settings, wall_ms());
    return token->expiry.ends_wall_ms;
}

const char *token_warning(struct token *token)
{
    return token_expiry_warning(&token->expiry, wall_ms());
}
