#include "worker/io/token_fetch.h"

#include "worker/core/buffer.h"
#include "worker/io/http_loop.h"
#include "worker/io/token.h"
#include "worker/io/token_form.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct token_fetch {
    const struct settings *settings;
    struct http_loop *loop;
    struct http_transfer transfer;
    struct token_fetch_events events;
    char *url;
    struct token_form form;   /* text NULL: no fetch is under way */
    struct curl_slist header; /* managed-identity: its line is the form's text */
    int64_t certificate_ends_wall_ms;
    struct buffer body; /* has the token in it: wiped */
};

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

static size_t on_body(char *bytes, size_t unit, size_t count, void *context)
{
    struct token_fetch *fetch = context;
    buffer_put(&fetch->body, bytes, unit * count);
    return fetch->body.failed ? 0 : unit * count;
}

static const char *endpoint_of(const struct settings *settings)
{
    return settings->graph.auth == AUTH_MANAGED_IDENTITY ? "graph.identity_endpoint"
                                                         : "graph.authority_host";
}

static void read_answer(struct token_fetch *fetch, int status, struct token_answer *ret,
                        struct error *error)
{
    struct str body = {fetch->body.data, fetch->body.size};
    token_answer_read(status, body, fetch->settings->graph.auth, ret, error);
    if (ret->ends_wall_s == 0)
        return;
    int64_t life_s = ret->ends_wall_s - (int64_t)time(NULL);
    ret->life_s = life_s < 1 ? 1 : life_s < TOKEN_LIFE_MOST_S ? life_s : TOKEN_LIFE_MOST_S;
}

static void on_done(struct http_transfer *transfer, CURLcode result)
{
    struct token_fetch *fetch =
        (struct token_fetch *)((char *)transfer - offsetof(struct token_fetch, transfer));
    struct token_answer answer = {0};
    struct error error = {0};
    long status = 0;
    token_form_finish(&fetch->form);
    curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
    if (result == CURLE_OK)
        read_answer(fetch, (int)status, &answer, &error);
    else
        error_set(&error, "%s: no answer from the token endpoint: %s", endpoint_of(fetch->settings),
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
    fetch->url = token_form_url(settings);
    fetch->loop = http_loop_create(uv, settings, 1, error);
    if (fetch->url == NULL || fetch->loop == NULL ||
        !http_transfer_init(&fetch->transfer, fetch->loop, fetch->url)) {
        if (fetch->loop != NULL)
            error_set(error, "%s: the address is too long", endpoint_of(settings));
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

bool token_fetch_start(struct token_fetch *fetch, const char *claims, struct error *error)
{
    CURL *easy = fetch->transfer.easy;
    assert(fetch->form.text == NULL);
    if (!token_form_make(fetch->settings, fetch->url, claims, &fetch->form, error))
        return false;
    fetch->certificate_ends_wall_ms = fetch->form.certificate_ends_wall_ms;
    init_secret_buffer(&fetch->body, TOKEN_BODY_MAX);
    if (fetch->settings->graph.auth == AUTH_MANAGED_IDENTITY) {
        fetch->header = (struct curl_slist){fetch->form.text, NULL};
        curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
        curl_easy_setopt(easy, CURLOPT_HTTPHEADER, &fetch->header);
    } else {
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, (long)fetch->form.size);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, fetch->form.text);
    }
    http_transfer_start(fetch->loop, &fetch->transfer);
    return true;
}

int64_t token_fetch_certificate_ends_at(const struct token_fetch *fetch)
{
    return fetch->certificate_ends_wall_ms;
}

void token_fetch_destroy(struct token_fetch *fetch)
{
    if (fetch == NULL)
        return;
    if (fetch->form.text != NULL)
        http_transfer_cancel(&fetch->transfer);
    http_transfer_finish(&fetch->transfer);
    http_loop_destroy(fetch->loop);
    token_form_finish(&fetch->form);
    wipe_buffer(&fetch->body);
    free(fetch->url);
    free(fetch);
}
