#include "worker/io/token_answer.h"

#include "worker/core/json_read.h"
#include "worker/io/token_errors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

enum { CODE_DIGITS_MAX = 16 };

/* A number of Entra's as text; "" if there is none. */
struct code {
    char digits[CODE_DIGITS_MAX + 1];
};

static struct code code_of(const char *digits)
{
    struct code code = {""};
    size_t size = strspn(digits, "0123456789");
    if (size <= CODE_DIGITS_MAX)
        memcpy(code.digits, digits, size);
    return code;
}

/* Of error_codes the first that the table has, else the first at all; where there is no such list,
 * what stands behind "AADSTS" in the description. */
static struct code find_code(const cJSON *tree, const struct token_error **ret_known)
{
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(tree, "error_codes"), *item = NULL;
    struct code first = {""};
    *ret_known = NULL;
    cJSON_ArrayForEach(item, list)
    {
        struct code code = {""};
        double number = cJSON_GetNumberValue(item);
        if (cJSON_IsNumber(item) && number >= 1 && number < 1e15)
            snprintf(code.digits, sizeof code.digits, "%.0f", number);
        *ret_known = token_error_find(code.digits, strlen(code.digits));
        if (*ret_known != NULL)
            return code;
        if (first.digits[0] == '\0')
            first = code;
    }
    const char *at = strstr(text_of(tree, "error_description"), "AADSTS");
    if (first.digits[0] == '\0' && at != NULL)
        first = code_of(at + strlen("AADSTS"));
    *ret_known = token_error_find(first.digits, strlen(first.digits));
    return first;
}

/* What a refusal that says nothing more is about. */
static const char *subject_of(enum auth auth)
{
    switch (auth) {
    case AUTH_CLIENT_SECRET:
        return "graph.client_secret: Entra refuses it";
    case AUTH_CERTIFICATE:
        return "graph.certificate_file: Entra refuses it";
    case AUTH_WORKLOAD_IDENTITY:
        return "graph.federated_token_file: Entra refuses it";
    case AUTH_MANAGED_IDENTITY:
    case AUTH_TOKEN:
        break;
    }
    return "graph.identity_endpoint: it gives no token; has this machine a managed identity, and "
           "is graph.client_id that of one?";
}

/* A refusal that asking again does not change. 404, 410: Azure's metadata service while it is
 * updated. */
static bool is_refusal(int status)
{
    return status >= 400 && status < 500 && status != 404 && status != 408 && status != 410 &&
           status != 429;
}

static bool explain(int status, enum auth auth, const cJSON *tree, struct token_answer *ret,
                    struct error *error)
{
    const char *kind = text_of(tree, "error");
    const struct token_error *known = NULL;
    const char *host = auth == AUTH_MANAGED_IDENTITY ? "identity_endpoint" : "authority_host";
    if (!token_text_is_good(kind) || !is_refusal(status))
        return status < 400 ? error_set(error,
                                        "the token endpoint answers with status %d, and no token "
                                        "can be read from it; is graph.%s right?",
                                        status, host)
                            : error_set(error, "the token endpoint answers with status %d", status);
    struct code code = find_code(tree, &known);
    ret->refused = known == NULL || !known->passes;
    if (known != NULL)
        return error_set(error, "%s (AADSTS%s)", known->sentence, code.digits);
    bool subject = auth == AUTH_MANAGED_IDENTITY || strcmp(kind, "invalid_client") == 0;
    const char *what = subject ? subject_of(auth) : "Entra refuses the request for a token";
    const char *name = token_error_name(kind);
    if (code.digits[0] != '\0')
        return error_set(error, "%s (%s, AADSTS%s)", what, name, code.digits);
    return error_set(error, "%s (%s)", what, name);
}

/* A number, or digits as text. NAN: neither. */
static double number_of(const cJSON *tree, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(tree, name);
    const char *text = cJSON_GetStringValue(item);
    return text != NULL ? strtod(text, NULL) : cJSON_GetNumberValue(item);
}

static int64_t read_life_s(const cJSON *tree)
{
    double life_s = number_of(tree, "expires_in");
    if (!(life_s >= 1))
        return TOKEN_LIFE_DEFAULT_S;
    return life_s < TOKEN_LIFE_MOST_S ? (int64_t)life_s : TOKEN_LIFE_MOST_S;
}

/* App Service says only when, not how long. */
static int64_t read_end_s(const cJSON *tree)
{
    double end_s = number_of(tree, "expires_on");
    bool said = number_of(tree, "expires_in") >= 1;
    return !said && end_s >= 1 && end_s < 1e12 ? (int64_t)end_s : 0;
}

/* cJSON keeps its own copy of the text, which must not lie in freed memory. */
static void wipe(cJSON *tree)
{
    char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(tree, "access_token"));
    if (text != NULL)
        explicit_bzero(text, strlen(text));
    cJSON_Delete(tree);
}

bool token_answer_read(int status, struct str body, enum auth auth, struct token_answer *ret,
                       struct error *error)
{
    struct json_fault ignored;
    cJSON *tree = json_read(body, &ignored);
    const char *text = text_of(tree, "access_token");
    *ret = (struct token_answer){.life_s = read_life_s(tree), .ends_wall_s = read_end_s(tree)};
    bool good = status >= 200 && status < 300 && token_text_is_good(text);
    if (good)
        ret->token = strdup(text);
    else
        explain(status, auth, tree, ret, error);
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
