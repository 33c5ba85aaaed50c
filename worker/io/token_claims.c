#include "worker/io/token_claims.h"

#include "worker/core/base64.h"
#include "worker/core/json_read.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { BASE64_MAX = TOKEN_CLAIMS_MAX / 3 * 4 + 4 };

/* Behind a quoted string, or at its end where the quote is missing. */
static const char *skip_quoted(const char *at)
{
    for (at++; *at != '\0' && *at != '"'; at++)
        if (at[0] == '\\' && at[1] != '\0')
            at++;
    return *at == '"' ? at + 1 : at;
}

/* The value of the parameter, without its quotes; data NULL: there is none. What stands between
 * quotes of another is no parameter. */
static struct str find_parameter(const char *challenge, const char *name)
{
    size_t size = strlen(name);
    const char *at = challenge;
    while (*at != '\0') {
        bool starts = at == challenge || strchr(" ,\t", at[-1]) != NULL;
        if (*at == '"') {
            at = skip_quoted(at);
        } else if (starts && strncasecmp(at, name, size) == 0 && at[size] == '=') {
            at += size + 1;
            const char *start = *at == '"' ? at + 1 : at;
            return (struct str){start, strcspn(start, *at == '"' ? "\"" : " ,\t")};
        } else {
            at++;
        }
    }
    return (struct str){0};
}

/* With either alphabet, and with or without padding. */
static bool decode(struct str value, char ret[TOKEN_CLAIMS_MAX + 1], size_t *ret_size)
{
    char text[BASE64_MAX + 4];
    size_t size = value.size;
    if (size == 0 || size > BASE64_MAX)
        return false;
    for (size_t i = 0; i < size; i++)
        text[i] = (char)(value.data[i] == '-' ? '+' : value.data[i] == '_' ? '/' : value.data[i]);
    while (size % 4 != 0)
        text[size++] = '=';
    return base64_decode(text, size, (uint8_t *)ret, TOKEN_CLAIMS_MAX, ret_size);
}

char *token_claims_read(const char *challenge)
{
    char claims[TOKEN_CLAIMS_MAX + 1];
    size_t size = 0;
    struct json_fault ignored;
    struct str value = find_parameter(challenge, "claims");
    if (value.data == NULL || !decode(value, claims, &size))
        return NULL;
    claims[size] = '\0';
    cJSON *tree = json_read((struct str){claims, size}, &ignored);
    bool good = cJSON_IsObject(tree);
    cJSON_Delete(tree);
    return good ? strdup(claims) : NULL;
}
