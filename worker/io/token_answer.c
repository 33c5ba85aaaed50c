#include "worker/io/token_answer.h"

#include "worker/core/json_read.h"

#include <stdlib.h>
#include <string.h>

/* Entra's codes that name an option of ours (AADSTS error codes reference). */
static const struct {
    const char *code, *sentence;
} known[] = {
    {"7000215", "graph.client_secret: Entra refuses it; is it the secret's value, not its id?"},
    {"7000222", "graph.client_secret: it has expired; make a new one in Entra"},
    {"700016", "graph.client_id: the tenant knows no such application"},
    {"90002", "graph.tenant_id: Entra knows no such tenant"},
    {"900023", "graph.tenant_id: it is neither a tenant's id nor a domain name"},
    {"1002012", "graph.base_url: Entra gives no token for this host; is it Graph's?"},
    {"70011", "graph.base_url: Entra gives no token for this host; is it Graph's?"},
    {"53003", "a Conditional Access policy of the tenant blocks the application"},
};

bool token_text_is_good(const char *text)
{
    for (const char *c = text; *c != '\0'; c++)
        if (*c <= ' ' || *c > '~')
            return false;
    return text[0] != '\0';
}

static const char *text_of(const cJSON *tree, const char *name)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(tree, name));
    return text != NULL ? text : "";
}

/* The digits behind "AADSTS" in the description; 0: there are none. */
static int find_code(const char *description, const char **ret_code)
{
    const char *at = strstr(description, "AADSTS");
    *ret_code = at != NULL ? at + strlen("AADSTS") : "";
    return (int)strspn(*ret_code, "0123456789");
}

/* The answer may hold a token anywhere: of `error` only OAuth's names (RFC 6749, 4.1.2.1 and 5.2)
 * and Entra's are shown. */
static const char *name_of(const char *kind)
{
    static const char *const names[] = {
        "invalid_request",  "invalid_client",       "invalid_grant",
        "invalid_scope",    "unauthorized_client",  "unsupported_grant_type",
        "access_denied",    "server_error",         "temporarily_unavailable",
        "invalid_resource", "interaction_required", "consent_required",
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(names[i], kind) == 0)
            return names[i];
    return "an error of another name";
}

static bool explain(int status, const cJSON *tree, struct token_answer *ret, struct error *error)
{
    const char *code = NULL, *kind = text_of(tree, "error");
    int size = find_code(text_of(tree, "error_description"), &code);
    bool client_error = status >= 400 && status < 500 && status != 408 && status != 429;
    if (!token_text_is_good(kind) || !client_error || size > 16)
        return error_set(error, "the token endpoint answers with status %d%s", status,
                         status < 400
                             ? ", and no token can be read from it; is graph.authority_host right?"
                             : "");
    ret->refused = true;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (size > 0 && strlen(known[i].code) == (size_t)size &&
            strncmp(known[i].code, code, (size_t)size) == 0)
            return error_set(error, "%s (AADSTS%.*s)", known[i].sentence, size, code);
    bool client = strcmp(kind, "invalid_client") == 0;
    const char *what =
        client ? "graph.client_secret: Entra refuses it" : "Entra refuses the request for a token";
    if (size > 0)
        return error_set(error, "%s (%s, AADSTS%.*s)", what, name_of(kind), size, code);
    return error_set(error, "%s (%s)", what, name_of(kind));
}

static int64_t read_life_s(const cJSON *tree)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(tree, "expires_in");
    const char *text = cJSON_GetStringValue(item);
    double life_s = text != NULL ? strtod(text, NULL) : cJSON_GetNumberValue(item);
    if (!(life_s >= 1))
        return TOKEN_LIFE_DEFAULT_S;
    return life_s < TOKEN_LIFE_MOST_S ? (int64_t)life_s : TOKEN_LIFE_MOST_S;
}

/* cJSON keeps its own copy of the text, which must not lie in freed memory. */
static void wipe(cJSON *tree)
{
    char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(tree, "access_token"));
    if (text != NULL)
        explicit_bzero(text, strlen(text));
    cJSON_Delete(tree);
}

bool token_answer_read(int status, struct str body, struct token_answer *ret, struct error *error)
{
    struct json_fault ignored;
    cJSON *tree = json_read(body, &ignored);
    const char *text = text_of(tree, "access_token");
    *ret = (struct token_answer){.life_s = read_life_s(tree)};
    bool good = status >= 200 && status < 300 && token_text_is_good(text);
    if (good)
        ret->token = strdup(text);
    else
        explain(status, tree, ret, error);
    wipe(tree);
    return ret->token != NULL || (good && error_set(error, "no memory for a token"));
}

void token_answer_finish(struct token_answer *answer)
{
    if (answer->token != NULL)
        explicit_bzero(answer->token, strlen(answer->token));
    free(answer->token);
    *answer = (struct token_answer){0};
}
