#include "tests/sandbox/token.h"

#include <ctype.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SIGNATURE_MIN 32   // enough randomness
#define BYTES_MAX     8000 // beyond, servers refuse the header

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

static void put_base64url(struct text *text, const struct text *bytes)
{
    unsigned char *code = memory_need(malloc(bytes->size / 3 * 4 + 5));
    int size = EVP_EncodeBlock(code, (const unsigned char *)bytes->bytes, (int)bytes->size);
    for (int i = 0; i < size && code[i] != '='; i++) {
        char letter = (char)(code[i] == '+' ? '-' : code[i] == '/' ? '_' : code[i]);
        text_add(text, &letter, 1);
    }
    free(code);
}

// What Entra says of the application (roles), or of the person it speaks for (scp).
static void put_payload(struct text *payload, const struct token_settings *settings,
                        const char *client)
{
    const char *user = settings->delegated_user;
    text_format(payload, "{\"aud\":\"https://graph.microsoft.com\",\"appid\":");
    text_quote(payload, client);
    text_format(payload, ",\"tid\":\"8f3c1c1e-0a3f-4d6e-9f2a-3d3b7c1f5a10\",\"idtyp\":\"%s\"",
                user[0] != '\0' ? "user" : "app");
    if (user[0] != '\0') {
        text_format(payload, ",\"scp\":\"%s\",\"oid\":\"%s\"}", settings->roles, user);
        return;
    }
    text_format(payload, ",\"roles\":[");
    const char *comma = "";
    for (const char *at = settings->roles; *at != '\0';) {
        int size = (int)strcspn(at, " ");
        text_format(payload, "%s\"%.*s\"", comma, size, at);
        at += size + (at[size] == ' ');
        comma = ",";
    }
    text_format(payload, "]}");
}

const char *tokens_give(struct tokens *tokens, const struct token_settings *settings,
                        struct random *random, const char *form)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    static const char head[] = "{\"typ\":\"JWT\",\"alg\":\"none\"}";
    struct text token = {0}, payload = {0}, header = {0};
    char client[64] = "";
    (void)form_field(form, "client_id", client, sizeof client);
    text_add(&header, head, strlen(head));
    put_payload(&payload, settings, client);
    put_base64url(&token, &header);
    text_add(&token, ".", 1);
    put_base64url(&token, &payload);
    text_add(&token, ".", 1);
    char number[24];
    size_t tail =
        (size_t)snprintf(number, sizeof number, "_%llu", (unsigned long long)tokens->given);
    size_t wanted = (size_t)(settings->bytes > BYTES_MAX ? BYTES_MAX : settings->bytes);
    size_t least = token.size + SIGNATURE_MIN + tail;
    while (token.size + tail < (wanted > least ? wanted : least)) {
        text_add(&token, &alphabet[random_next(random) % (sizeof alphabet - 1)], 1);
    }
    text_add(&token, number, tail);
    text_finish(&header);
    text_finish(&payload);
    size_t slot = tokens->given++ % TOKENS_MAX;
    free(tokens->slots[slot].text);
    tokens->slots[slot].text = token.bytes;
    copy_text(tokens->slots[slot].roles, ROLES_SIZE, settings->roles);
    if (!form_field(form, "claims", tokens->slots[slot].claims,
                    sizeof tokens->slots[slot].claims)) {
        tokens->slots[slot].claims[0] = '\0';
    }
    tokens->slots[slot].expires_ms = clock_ms() + settings->lifetime_s * 1000;
    return tokens->slots[slot].text;
}

void tokens_revoke(struct tokens *tokens)
{
    for (size_t i = 0; i < TOKENS_MAX; i++) {
        free(tokens->slots[i].text);
        tokens->slots[i].text = NULL;
    }
}

// Of a token that was given out; -1: it was not, or is worthless. Its number ends it.
static int find_slot(const struct tokens *tokens, const char *token)
{
    const char *number = strrchr(token, '_');
    size_t slot = number != NULL ? strtoull(number + 1, NULL, 10) % TOKENS_MAX : 0;
    const char *text = tokens->slots[slot].text;
    return text != NULL && strcmp(text, token) == 0 ? (int)slot : -1;
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
    int slot = find_slot(tokens, token);
    if (slot < 0) {
        return "Access token validation failure.";
    }
    return clock_ms() < tokens->slots[slot].expires_ms
               ? NULL
               : "Lifetime validation failed, the token is expired.";
}

bool tokens_lack_claims(const struct tokens *tokens, const struct token_settings *settings,
                        const char *authorization)
{
    int slot = find_slot(tokens, authorization + strlen("Bearer "));
    return settings->claims[0] != '\0' && slot >= 0 &&
           strcmp(tokens->slots[slot].claims, settings->claims) != 0;
}

const char *tokens_roles(const struct tokens *tokens, const struct token_settings *settings,
                         const char *authorization)
{
    int slot = find_slot(tokens, authorization + strlen("Bearer "));
    return slot >= 0 ? tokens->slots[slot].roles : settings->roles;
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
