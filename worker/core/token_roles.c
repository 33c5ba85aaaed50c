#include "worker/core/token_roles.h"

#include "worker/core/base64.h"
#include "worker/core/json_read.h"

#include <stdlib.h>

static bool is_plain(struct str text)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
    for (size_t i = 0; i < text.size; i++)
        if (memchr(letters, text.data[i], sizeof letters - 1) == NULL)
            return false;
    return text.size > 0;
}

static bool copy_plain(struct str text, char *ret, size_t size)
{
    if (text.data == NULL || !is_plain(text) || text.size >= size)
        return false;
    memcpy(ret, text.data, text.size);
    ret[text.size] = '\0';
    return true;
}

static void add(struct token_roles *roles, struct str name)
{
    if (roles->count < TOKEN_ROLES_MAX &&
        copy_plain(name, roles->names[roles->count], TOKEN_ROLE_SIZE))
        roles->count++;
}

static struct str text_of(const cJSON *payload, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(payload, name);
    return cJSON_IsString(item) ? str_of(item->valuestring) : (struct str){0};
}

static void read_payload(const cJSON *payload, struct token_roles *ret)
{
    const cJSON *role = NULL;
    struct str scopes = text_of(payload, "scp");
    ret->is_delegated = scopes.data != NULL;
    while (scopes.size > 0) {
        const char *blank = memchr(scopes.data, ' ', scopes.size);
        size_t size = blank != NULL ? (size_t)(blank - scopes.data) : scopes.size;
        add(ret, (struct str){scopes.data, size});
        size += blank != NULL;
        scopes = (struct str){scopes.data + size, scopes.size - size};
    }
    cJSON_ArrayForEach(role, cJSON_GetObjectItemCaseSensitive(payload, "roles"))
    {
        if (cJSON_IsString(role) && !ret->is_delegated)
            add(ret, str_of(role->valuestring));
    }
    if (!copy_plain(text_of(payload, "appid"), ret->application, TOKEN_CLAIM_SIZE))
        (void)copy_plain(text_of(payload, "azp"), ret->application, TOKEN_CLAIM_SIZE);
    (void)copy_plain(text_of(payload, "tid"), ret->tenant, TOKEN_CLAIM_SIZE);
}

/* The second of three parts; data NULL: there are not three. */
static struct str middle_of(struct str token)
{
    const char *first = token.size > 0 ? memchr(token.data, '.', token.size) : NULL;
    if (first == NULL)
        return (struct str){0};
    const char *start = first + 1, *end = token.data + token.size;
    const char *second = memchr(start, '.', (size_t)(end - start));
    if (second == NULL || memchr(second + 1, '.', (size_t)(end - second - 1)) != NULL)
        return (struct str){0};
    return (struct str){start, (size_t)(second - start)};
}

bool token_roles_read(struct str token, struct token_roles *ret)
{
    struct str code = middle_of(token);
    struct json_fault ignored;
    size_t size = 0;
    *ret = (struct token_roles){0};
    char *text = code.size > 0 ? malloc(code.size) : NULL;
    if (text == NULL)
        return false;
    bool decoded = base64url_decode(code.data, code.size, (uint8_t *)text, code.size, &size);
    cJSON *payload = decoded ? json_read((struct str){text, size}, &ignored) : NULL;
    if (cJSON_IsObject(payload)) {
        ret->is_known = true;
        read_payload(payload, ret);
    }
    cJSON_Delete(payload);
    free(text);
    return ret->is_known;
}

bool token_roles_have(const struct token_roles *roles, const char *name)
{
    for (size_t i = 0; i < roles->count; i++)
        if (strcmp(roles->names[i], name) == 0)
            return true;
    return false;
}
