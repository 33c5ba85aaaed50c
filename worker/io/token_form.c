#include "worker/io/token_form.h"

#include "worker/core/buffer.h"
#include "worker/io/token_answer.h"
#include "worker/io/token_assertion.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

enum {
    URL_MAX = 4096,
    FORM_MAX = 4 * SECRET_SIZE_MAX, /* a secret takes at most three bytes for one */
};

static void put_escaped(struct buffer *text, struct str value)
{
    static const char plain[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    for (size_t i = 0; i < value.size; i++)
        if (value.data[i] != '\0' && strchr(plain, value.data[i]) != NULL)
            buffer_put(text, value.data + i, 1);
        else
            buffer_print(text, "%%%02X", (unsigned)(unsigned char)value.data[i]);
}

static void put_field(struct buffer *form, const char *name, const char *value)
{
    buffer_put_text(form, name);
    put_escaped(form, str_of(value));
}

/* With all of its room at once: one that grows leaves what it held behind in freed memory. */
static void init_secret_buffer(struct buffer *buffer, size_t max)
{
    buffer_init(buffer, max);
    buffer->data = calloc(1, max + 1);
    buffer->capacity = buffer->data != NULL ? max + 1 : 0;
}

/* What the token is for: Graph's host, or what graph.scope says, without the /.default. */
static struct str resource_of(const struct settings *settings)
{
    const char *scope = settings->graph.scope, *base_url = settings->graph.base_url;
    if (scope[0] != '\0')
        return (struct str){scope, strlen(scope) - strlen("/.default")};
    const char *host = strstr(base_url, "://");
    size_t start = host != NULL ? (size_t)(host - base_url) + 3 : 0;
    return (struct str){base_url, start + strcspn(base_url + start, "/")};
}

/* ---- the address ---- */

static bool has_identity_header(const struct settings *settings)
{
    return settings->graph.identity_header[0] != '\0' ||
           settings->graph.identity_header_file[0] != '\0';
}

static void put_identity_url(struct buffer *url, const struct settings *settings)
{
    buffer_put_text(url, settings->graph.identity_endpoint);
    buffer_put_text(url, has_identity_header(settings) ? "?api-version=2019-08-01"
                                                       : "?api-version=2018-02-01");
    buffer_put_text(url, "&resource=");
    put_escaped(url, resource_of(settings));
    if (settings->graph.client_id[0] != '\0')
        put_field(url, "&client_id=", settings->graph.client_id);
}

char *token_form_url(const struct settings *settings)
{
    struct buffer url;
    buffer_init(&url, URL_MAX);
    if (settings->graph.auth == AUTH_MANAGED_IDENTITY) {
        put_identity_url(&url, settings);
    } else {
        buffer_put_text(&url, settings->graph.authority_host);
        put_field(&url, "/", settings->graph.tenant_id);
        buffer_put_text(&url, "/oauth2/v2.0/token");
    }
    return buffer_take(&url, NULL);
}

/* ---- what proves who we are ---- */

static bool put_secret(struct buffer *form, const struct settings *settings, struct error *error)
{
    char secret[SECRET_SIZE_MAX];
    if (!secret_read(settings->graph.client_secret, settings->graph.client_secret_file, secret,
                     sizeof secret, error))
        return error_set(error, "graph.client_secret: %s", error->text);
    put_field(form, "&client_secret=", secret);
    explicit_bzero(secret, sizeof secret);
    return true;
}

static void put_assertion(struct buffer *form, const char *assertion)
{
    put_field(form,
              "&client_assertion_type=", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
    put_field(form, "&client_assertion=", assertion);
}

static bool put_signed(struct buffer *form, const struct settings *settings, const char *url,
                       int64_t *ret_ends_wall_ms, struct error *error)
{
    struct token_certificate certificate;
    struct token_assertion assertion = {.client_id = settings->graph.client_id, .audience = url};
    uint8_t random[16];
    int64_t now_s = (int64_t)time(NULL);
    if (!token_certificate_read(settings, now_s * 1000, &certificate, error))
        return false;
    ssize_t size = getrandom(random, sizeof random, 0);
    assert(size == (ssize_t)sizeof random); /* never short up to 256 bytes */
    (void)size;
    guid_from_random(random, assertion.id);
    assertion.now_s = now_s;
    char *text = token_assertion_make(&assertion, &certificate, error);
    *ret_ends_wall_ms = certificate.expires_wall_ms;
    token_certificate_finish(&certificate);
    if (text == NULL)
        return false;
    put_assertion(form, text);
    explicit_bzero(text, strlen(text));
    free(text);
    return true;
}

static bool put_federated(struct buffer *form, const struct settings *settings, struct error *error)
{
    char token[SECRET_SIZE_MAX];
    const char *path = settings->graph.federated_token_file;
    if (!secret_read("", path, token, sizeof token, error))
        return error_set(error, "graph.federated_token_file: %s", error->text);
    bool good = token_text_is_good(token);
    if (good)
        put_assertion(form, token);
    else
        error_set(error, "graph.federated_token_file: file %s: it holds no token", path);
    explicit_bzero(token, sizeof token);
    return good;
}

static bool put_identity_header(struct buffer *line, const struct settings *settings,
                                struct error *error)
{
    char secret[SECRET_SIZE_MAX];
    if (!has_identity_header(settings)) {
        buffer_put_text(line, "Metadata: true");
        return true;
    }
    if (!secret_read(settings->graph.identity_header, settings->graph.identity_header_file, secret,
                     sizeof secret, error))
        return error_set(error, "graph.identity_header: %s", error->text);
    bool good = token_text_is_good(secret);
    buffer_put_text(line, "X-IDENTITY-HEADER: ");
    buffer_put_text(line, secret);
    explicit_bzero(secret, sizeof secret);
    return good || error_set(error, "graph.identity_header: it has characters that no header may "
                                    "have");
}

/* ---- the whole ---- */

static bool put_proof(struct buffer *form, const struct settings *settings, const char *url,
                      int64_t *ret_ends_wall_ms, struct error *error)
{
    switch (settings->graph.auth) {
    case AUTH_CLIENT_SECRET:
        return put_secret(form, settings, error);
    case AUTH_CERTIFICATE:
        return put_signed(form, settings, url, ret_ends_wall_ms, error);
    case AUTH_WORKLOAD_IDENTITY:
        return put_federated(form, settings, error);
    case AUTH_MANAGED_IDENTITY:
        return put_identity_header(form, settings, error);
    case AUTH_TOKEN:
        break;
    }
    assert(!"a token that is there is not fetched");
    return false;
}

bool token_form_make(const struct settings *settings, const char *url, const char *claims,
                     struct token_form *ret, struct error *error)
{
    struct error why = {0};
    struct buffer form;
    *ret = (struct token_form){0};
    init_secret_buffer(&form, FORM_MAX);
    if (settings->graph.auth != AUTH_MANAGED_IDENTITY) {
        put_field(&form, "grant_type=client_credentials&client_id=", settings->graph.client_id);
        buffer_put_text(&form, "&scope=");
        put_escaped(&form, resource_of(settings));
        put_escaped(&form, str_of("/.default"));
        if (claims != NULL)
            put_field(&form, "&claims=", claims);
    }
    bool good = put_proof(&form, settings, url, &ret->certificate_ends_wall_ms, &why);
    if (good && form.failed)
        good = error_set(&why, "graph.auth: the request for a token does not fit in %d bytes",
                         FORM_MAX);
    if (good) {
        ret->text = buffer_take(&form, &ret->size);
        return true;
    }
    if (form.data != NULL)
        explicit_bzero(form.data, form.capacity);
    buffer_finish(&form);
    return error_set(error, "%s", why.text);
}

void token_form_finish(struct token_form *form)
{
    if (form->text != NULL)
        explicit_bzero(form->text, form->size);
    free(form->text);
    *form = (struct token_form){0};
}
