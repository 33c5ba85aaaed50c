#include "worker/io/token_fetch.h"

#include "worker/core/buffer.h"
#include "worker/io/http_loop.h"
#include "worker/io/token.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct token_fetch {
    const struct settings *settings;
    struct http_loop *loop;
    struct http_transfer transfer;
    struct token_fetch_events events;
    char *url;
    char *form; /* has the secret in it: wiped; NULL: no fetch is under way */
    size_t form_size;
    struct buffer body; /* has the token in it: wiped */
};

static void put_escaped(struct buffer *text, const char *value)
{
    static const char plain[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    for (; *value != '\0'; value++)
        if (strchr(plain, *value) != NULL)
            buffer_put(text, value, 1);
        else
            buffer_print(text, "%%%02X", (unsigned)(unsigned char)*value);
}

static void wipe_buffer(struct buffer *buffer)
{
    if (buffer->data != NULL)
        explicit_bzero(buffer->data, buffer->capacity);
    buffer_finish(buffer);
}

/* With all of its room at once: one that grows leaves what it held behind in freed memory. */
static void init_secret_buffer(struct buffer *buffer, size_t max)
{
    buffer_init(buffer, max);
    buffer->data = calloc(1, max + 1);
    buffer->capacity = buffer->data != NULL ? max + 1 : 0;
}

static void wipe_form(struct token_fetch *fetch)
{
    if (fetch->form != NULL)
        explicit_bzero(fetch->form, fetch->form_size);
    free(fetch->form);
    fetch->form = NULL;
}

static char *make_url(const struct settings *settings)
{
    struct buffer url;
    const char *host = settings->graph.authority_host;
    buffer_init(&url, 4096);
    buffer_put_text(&url, host[0] != '\0' ? host : "https://login.microsoftonline.com");
    buffer_put_text(&url, "/");
    put_escaped(&url, settings->graph.tenant_id);
    buffer_put_text(&url, "/oauth2/v2.0/token");
    return buffer_take(&url, NULL);
}

/* The scope is the host of graph.base_url: https://graph.microsoft.com/.default. */
static void put_scope(struct buffer *form, const char *base_url)
{
    const char *host = strstr(base_url, "://");
    size_t size =
        host != NULL ? strcspn(host + 3, "/") + 3 + (size_t)(host - base_url) : strlen(base_url);
    char scope[1024];
    size = size < sizeof scope ? size : sizeof scope - 1;
    memcpy(scope, base_url, size);
    scope[size] = '\0';
    put_escaped(form, scope);
    put_escaped(form, "/.default");
}

static bool make_form(struct token_fetch *fetch, struct error *error)
{
    const struct settings *s = fetch->settings;
    char secret[SECRET_SIZE_MAX];
    if (!secret_read(s->graph.client_secret, s->graph.client_secret_file, secret, sizeof secret,
                     error))
        return false;
    struct buffer form;
    init_secret_buffer(&form, 4 * SECRET_SIZE_MAX);
    buffer_put_text(&form, "grant_type=client_credentials&client_id=");
    put_escaped(&form, s->graph.client_id);
    buffer_put_text(&form, "&scope=");
    put_scope(&form, s->graph.base_url);
    buffer_put_text(&form, "&client_secret=");
    put_escaped(&form, secret);
    explicit_bzero(secret, sizeof secret);
    if (form.failed) {
        wipe_buffer(&form);
        return error_set(error, "graph.client_secret: it is too long");
    }
    fetch->form = buffer_take(&form, &fetch->form_size);
    return true;
}

static size_t on_body(char *bytes, size_t unit, size_t count, void *context)
{
    struct token_fetch *fetch = context;
    buffer_put(&fetch->body, bytes, unit * count);
    return fetch->body.failed ? 0 : unit * count;
}

static void on_done(struct http_transfer *transfer, CURLcode result)
{
    struct token_fetch *fetch =
        (struct token_fetch *)((char *)transfer - offsetof(struct token_fetch, transfer));
    struct token_answer answer = {0};
    struct error error = {0};
    long status = 0;
    wipe_form(fetch);
    curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
    if (result == CURLE_OK)
        token_answer_read((int)status, (struct str){fetch->body.data, fetch->body.size}, &answer,
                          &error);
    else
        error_set(&error, "graph.authority_host: no answer from the token endpoint: %s",
                  transfer->error[0] != '\0' ? transfer->error : curl_easy_strerror(result));
    wipe_buffer(&fetch->body);
    fetch->events.on_fetched(fetch->events.context, result == CURLE_OK ? (int)status : 0, &answer,
                             &error);
    token_answer_finish(&answer);
}

struct token_fetch *token_fetch_create(uv_loop_t *uv, const struct settings *settings,
                                       const struct token_fetch_events *events, struct error *error)
{
    struct token_fetch *fetch = calloc(1, sizeof *fetch);
    if (fetch == NULL) {
        error_set(error, "no memory for the token endpoint");
        return NULL;
    }
    fetch->settings = settings;
    fetch->events = *events;
    fetch->url = make_url(settings);
    fetch->loop = http_loop_create(uv, 1, error);
    if (fetch->url == NULL || fetch->loop == NULL ||
        !http_transfer_init(&fetch->transfer, fetch->loop, settings, fetch->url)) {
        if (fetch->loop != NULL)
            error_set(error, "graph.authority_host: the address is too long");
        token_fetch_destroy(fetch);
        return NULL;
    }
    fetch->transfer.on_done = on_done;
    CURL *easy = fetch->transfer.easy;
    curl_easy_setopt(easy, CURLOPT_URL, fetch->url);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)TOKEN_TIMEOUT_MS);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, fetch);
    return fetch;
}

bool token_fetch_start(struct token_fetch *fetch, struct error *error)
{
    assert(fetch->form == NULL);
    if (!make_form(fetch, error))
        return false;
    init_secret_buffer(&fetch->body, TOKEN_BODY_MAX);
    curl_easy_setopt(fetch->transfer.easy, CURLOPT_POSTFIELDSIZE, (long)fetch->form_size);
    curl_easy_setopt(fetch->transfer.easy, CURLOPT_POSTFIELDS, fetch->form);
    http_transfer_start(fetch->loop, &fetch->transfer);
    return true;
}

void token_fetch_destroy(struct token_fetch *fetch)
{
    if (fetch == NULL)
        return;
    if (fetch->form != NULL)
        http_transfer_cancel(fetch->loop, &fetch->transfer);
    http_transfer_finish(&fetch->transfer);
    http_loop_destroy(fetch->loop);
    wipe_form(fetch);
    wipe_buffer(&fetch->body);
    free(fetch->url);
    free(fetch);
}
