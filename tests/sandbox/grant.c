// Who gives out tokens: Entra's token endpoint, and the two of managed identities.

#include "tests/sandbox/call.h"

#include <stdio.h>
#include <string.h>

static bool is_form(const struct call *call)
{
    static const char type[] = "application/x-www-form-urlencoded";
    const char *value = call_header(call, "Content-Type");
    size_t size = strlen(type);
    return value != NULL && strncasecmp(value, type, size) == 0 &&
           (value[size] == '\0' || value[size] == ';' || value[size] == ' ');
}

static void answer_token(struct sandbox *sandbox, struct call *call)
{
    const struct token_settings *settings = &sandbox->token_settings;
    cJSON *json = memory_need(cJSON_CreateObject());
    cJSON_AddStringToObject(json, "token_type", "Bearer");
    cJSON_AddNumberToObject(json, "expires_in", (double)settings->lifetime_s);
    cJSON_AddNumberToObject(json, "ext_expires_in", (double)settings->lifetime_s);
    cJSON_AddStringToObject(json, "access_token",
                            tokens_give(&sandbox->tokens, settings, &sandbox->random,
                                        call->body.bytes));
    answer_json(call, 200, json);
}

static void answer_refusal(struct call *call, const struct token_problem *problem)
{
    cJSON *json = memory_need(cJSON_CreateObject());
    struct text description = {0};
    text_format(&description, "AADSTS%d: %s Trace ID: %s", problem->code, problem->message,
                call->request_id);
    cJSON_AddStringToObject(json, "error", problem->error);
    cJSON_AddStringToObject(json, "error_description", description.bytes);
    text_finish(&description);
    cJSON_AddItemToArray(cJSON_AddArrayToObject(json, "error_codes"),
                         cJSON_CreateNumber(problem->code));
    cJSON_AddStringToObject(json, "trace_id", call->request_id);
    cJSON_AddStringToObject(json, "correlation_id", call->client_request_id);
    answer_json(call, problem->status, json);
}

void token_post(struct sandbox *sandbox, struct call *call)
{
    struct token_problem problem = {400, "invalid_request", 900144,
                                    "The Content-Type must be application/x-www-form-urlencoded."};
    char url[1024];
    const char *host = call_header(call, "Host");
    snprintf(url, sizeof url, "%s://%s%s", call_scheme(call), host == NULL ? "" : host, call->path);
    if (is_form(call)) {
        struct token_form form = {call->segment, url, call->body.bytes, call->body.size};
        problem = token_check_form(&sandbox->token_settings, &sandbox->tokens, &form);
    }
    if (problem.error == NULL) {
        answer_token(sandbox, call);
    } else {
        answer_refusal(call, &problem);
    }
}

// As Azure's own endpoints refuse: without a number.
static void refuse_identity(struct call *call, int status, const char *error, const char *why)
{
    cJSON *json = memory_need(cJSON_CreateObject());
    cJSON_AddStringToObject(json, "error", error);
    cJSON_AddStringToObject(json, "error_description", why);
    answer_json(call, status, json);
}

// What both have in common: version, resource and, of a user-assigned identity, the client id.
static bool identity_asked_well(const struct sandbox *sandbox, struct call *call,
                                const char *version)
{
    static const char *const known[] = {"api-version", "resource", "client_id", NULL};
    const char *asked = call_argument(call, "api-version");
    const char *resource = call_argument(call, "resource");
    const char *client = call_argument(call, "client_id");
    const char *wanted = sandbox->token_settings.client_id;
    if (asked == NULL || strcmp(asked, version) != 0 || resource == NULL ||
        strstr(resource, "://") == NULL || strstr(resource, ".default") != NULL ||
        !call_arguments_known(call, known)) {
        refuse_identity(call, 400, "invalid_request",
                        "api-version and resource are needed, and no others but client_id.");
        return false;
    }
    if (client != NULL && wanted[0] != '\0' && strcmp(client, wanted) != 0) {
        refuse_identity(call, 400, "invalid_request", "Identity not found");
        return false;
    }
    return true;
}

void identity_of_machine(struct sandbox *sandbox, struct call *call)
{
    const char *metadata = call_header(call, "Metadata");
    if (metadata == NULL || strcmp(metadata, "true") != 0) {
        refuse_identity(call, 400, "bad_request_102", "Required metadata header not specified");
    } else if (identity_asked_well(sandbox, call, "2018-02-01")) {
        const struct token_settings *settings = &sandbox->token_settings;
        char lifetime[32];
        cJSON *json = memory_need(cJSON_CreateObject());
        snprintf(lifetime, sizeof lifetime, "%lld", (long long)settings->lifetime_s);
        cJSON_AddStringToObject(json, "access_token",
                                tokens_give(&sandbox->tokens, settings, &sandbox->random, ""));
        cJSON_AddStringToObject(json, "expires_in", lifetime);
        cJSON_AddStringToObject(json, "token_type", "Bearer");
        answer_json(call, 200, json);
    }
}

void identity_of_app_service(struct sandbox *sandbox, struct call *call)
{
    const struct token_settings *settings = &sandbox->token_settings;
    const char *header = call_header(call, "X-IDENTITY-HEADER");
    if (header == NULL || header[0] == '\0' ||
        (settings->identity_header[0] != '\0' && strcmp(settings->identity_header, header) != 0)) {
        refuse_identity(call, 401, "unauthorized", "X-IDENTITY-HEADER is not the one expected");
    } else if (identity_asked_well(sandbox, call, "2019-08-01")) {
        char end[32];
        cJSON *json = memory_need(cJSON_CreateObject());
        snprintf(end, sizeof end, "%lld", (long long)(clock_ms() / 1000 + settings->lifetime_s));
        cJSON_AddStringToObject(json, "access_token",
                                tokens_give(&sandbox->tokens, settings, &sandbox->random, ""));
        cJSON_AddStringToObject(json, "expires_on", end);
        cJSON_AddStringToObject(json, "token_type", "Bearer");
        answer_json(call, 200, json);
    }
}
