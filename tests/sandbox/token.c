#include "tests/sandbox/token.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BYTES_MIN 64   // below, the number and enough randomness would not fit
#define BYTES_MAX 8000 // beyond, servers refuse the header

static int hex_value(char digit)
{
    return isdigit((unsigned char)digit) ? digit - '0' : tolower((unsigned char)digit) - 'a' + 10;
}

// The decoded value of one form field; false where it is missing, doubled, badly encoded or too
// long.
static bool form_field(const char *form, const char *name, char *ret_value, size_t size)
{
    size_t name_size = strlen(name);
    int found = 0;
    for (const char *field = form; field != NULL; field = strchr(field, '&')) {
        field += *field == '&';
        if (strncmp(field, name, name_size) != 0 || field[name_size] != '=') {
            continue;
        }
        found++;
        size_t used = 0;
        for (const char *at = field + name_size + 1; *at != '\0' && *at != '&'; at++) {
            bool coded = *at == '%';
            if ((coded && !(isxdigit((unsigned char)at[1]) && isxdigit((unsigned char)at[2]))) ||
                used + 1 >= size) {
                return false;
            }
            ret_value[used++] = coded        ? (char)(hex_value(at[1]) * 16 + hex_value(at[2]))
                                : *at == '+' ? ' '
                                             : *at;
            at += coded ? 2 : 0;
        }
        ret_value[used] = '\0';
    }
    return found == 1 && ret_value[0] != '\0';
}

const char *tokens_give(struct tokens *tokens, const struct token_settings *settings,
                        struct random *random, const char *form)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    int64_t wanted = settings->bytes < BYTES_MIN ? BYTES_MIN : settings->bytes;
    size_t size = (size_t)(wanted > BYTES_MAX ? BYTES_MAX : wanted);
    char *text = memory_need(malloc(size + 1));
    int start = snprintf(text, size, "sandbox.%llu.", (unsigned long long)tokens->given);
    for (size_t i = (size_t)start; i < size; i++) {
        text[i] = alphabet[random_next(random) & 63];
    }
    text[size] = '\0';
    size_t slot = tokens->given++ % TOKENS_MAX;
    free(tokens->slots[slot].text);
    tokens->slots[slot].text = text;
    if (!form_field(form, "claims", tokens->slots[slot].claims,
                    sizeof tokens->slots[slot].claims)) {
        tokens->slots[slot].claims[0] = '\0';
    }
    tokens->slots[slot].expires_ms = clock_ms() + settings->lifetime_s * 1000;
    return text;
}

void tokens_revoke(struct tokens *tokens)
{
    for (size_t i = 0; i < TOKENS_MAX; i++) {
        free(tokens->slots[i].text);
        tokens->slots[i].text = NULL;
    }
}

const char *tokens_refuse(const struct tokens *tokens, const struct token_settings *settings,
                          const char *authorization)
{
    if (authorization == NULL || strncasecmp(authorization, "Bearer ", 7) != 0) {
        return "Access token is empty.";
    }
    const char *token = authorization + 7;
    if (settings->token[0] != '\0' && strcmp(token, settings->token) == 0) {
        return NULL;
    }
    bool ours = strncmp(token, "sandbox.", strlen("sandbox.")) == 0;
    uint64_t number = ours ? strtoull(token + strlen("sandbox."), NULL, 10) : UINT64_MAX;
    if (number >= tokens->given) {
        return "Access token validation failure.";
    }
    size_t slot = number % TOKENS_MAX;
    if (tokens->slots[slot].text == NULL || strcmp(tokens->slots[slot].text, token) != 0) {
        return "Access token validation failure.";
    }
    return clock_ms() < tokens->slots[slot].expires_ms
               ? NULL
               : "Lifetime validation failed, the token is expired.";
}

bool tokens_lack_claims(const struct tokens *tokens, const struct token_settings *settings,
                        const char *authorization)
{
    const char *number = authorization + strlen("Bearer sandbox.");
    if (settings->claims[0] == '\0' || strncasecmp(authorization, "Bearer sandbox.", 15) != 0) {
        return false;
    }
    size_t slot = strtoull(number, NULL, 10) % TOKENS_MAX;
    return strcmp(tokens->slots[slot].claims, settings->claims) != 0;
}

static bool wanted(const char *setting, const char *value)
{
    return setting[0] == '\0' || strcasecmp(setting, value) == 0;
}

static struct token_problem check_secret(const struct token_settings *settings, const char *form)
{
    char secret[256] = "";
    bool any = settings->assertions.certificates[0] == '\0' &&
               settings->assertions.federated[0] == '\0' && settings->client_secret[0] == '\0';
    if (!form_field(form, "client_secret", secret, sizeof secret)) {
        return (struct token_problem){401, "invalid_client", 7000218,
                                      "The request body must contain 'client_assertion' or "
                                      "'client_secret'."};
    }
    if (!any && strcmp(settings->client_secret, secret) != 0) {
        return (struct token_problem){401, "invalid_client", 7000215,
                                      "Invalid client secret provided."};
    }
    return (struct token_problem){.status = 200};
}

// What proves that it is the application: a secret or an assertion, not both.
static struct token_problem check_proof(const struct token_settings *settings,
                                        struct tokens *tokens, const struct token_form *form,
                                        const char *client)
{
    char type[128] = "";
    static char text[8192];
    if (strstr(form->text, "client_assertion") == NULL) {
        return check_secret(settings, form->text);
    }
    if (strstr(form->text, "client_secret") != NULL ||
        !form_field(form->text, "client_assertion", text, sizeof text) ||
        !form_field(form->text, "client_assertion_type", type, sizeof type) ||
        strcmp(type, "urn:ietf:params:oauth:client-assertion-type:jwt-bearer") != 0) {
        return (struct token_problem){400, "invalid_request", 90014,
                                      "client_assertion and its type belong together, and a "
                                      "secret does not go with them."};
    }
    struct assertion assertion = {text, client, form->url};
    struct assertion_problem problem =
        assertion_check(&assertion, &settings->assertions, &tokens->assertions);
    if (problem.number != 0) {
        return (struct token_problem){401, "invalid_client", problem.number, problem.message};
    }
    return (struct token_problem){.status = 200};
}

static struct token_problem check_scope(const char *form)
{
    char scope[1024] = "";
    size_t end = form_field(form, "scope", scope, sizeof scope) ? strlen(scope) : 0;
    if (end <= strlen("/.default") || strcmp(scope + end - strlen("/.default"), "/.default") != 0 ||
        strstr(scope, "://") == NULL || strchr(scope, ' ') != NULL) {
        return (struct token_problem){400, "invalid_scope", 1002012,
                                      "The scope must be the resource with /.default behind it."};
    }
    return (struct token_problem){.status = 200};
}

struct token_problem token_check_form(const struct token_settings *settings, struct tokens *tokens,
                                      const struct token_form *form)
{
    char grant[64] = "";
    char client[256] = "";
    if (!wanted(settings->tenant, form->tenant)) {
        return (struct token_problem){400, "invalid_request", 90002, "Tenant not found."};
    }
    if (form->text == NULL || strlen(form->text) != form->size ||
        !form_field(form->text, "grant_type", grant, sizeof grant)) {
        return (struct token_problem){400, "invalid_request", 900144,
                                      "The request body must contain the parameter 'grant_type'."};
    }
    if (strcmp(grant, "client_credentials") != 0) {
        return (struct token_problem){400, "unsupported_grant_type", 70003,
                                      "The grant type is not supported."};
    }
    if (!form_field(form->text, "client_id", client, sizeof client)) {
        return (struct token_problem){400, "invalid_request", 900144,
                                      "The request body must contain the parameter 'client_id'."};
    }
    if (!wanted(settings->client_id, client)) {
        return (struct token_problem){400, "unauthorized_client", 700016,
                                      "The application was not found in the directory."};
    }
    struct token_problem problem = check_proof(settings, tokens, form, client);
    return problem.error != NULL ? problem : check_scope(form->text);
}
