/* What an access token and a claims challenge claim. Input: a WWW-Authenticate in a line, a token
 * in a line, the payload of another token. */
#include "tests/fuzz/input.h"

#include "worker/core/base64.h"
#include "worker/core/json_read.h"
#include "worker/core/token_roles.h"
#include "worker/io/token_claims.h"

#include <assert.h>
#include <ctype.h>
#include <stdlib.h>

static bool is_object(struct str text)
{
    struct json_fault ignored;
    cJSON *tree = json_read(text, &ignored);
    bool object = cJSON_IsObject(tree);
    cJSON_Delete(tree);
    return object;
}

static void check_plain(const char *text, size_t room)
{
    assert(memchr(text, '\0', room) != NULL);
    for (; *text != '\0'; text++)
        assert(isalnum((unsigned char)*text) || strchr("._-", *text) != NULL);
}

static void check_roles(const struct token_roles *roles, bool good)
{
    assert(roles->is_known == good && roles->count <= TOKEN_ROLES_MAX);
    assert(good || roles->count == 0);
    for (size_t i = 0; i < roles->count; i++) {
        check_plain(roles->names[i], TOKEN_ROLE_SIZE);
        assert(roles->names[i][0] != '\0' && token_roles_have(roles, roles->names[i]));
    }
    check_plain(roles->application, TOKEN_CLAIM_SIZE);
    check_plain(roles->tenant, TOKEN_CLAIM_SIZE);
}

/* A token can be read exactly where its payload is an object. */
static void check_payload(struct str payload)
{
    struct token_roles roles;
    size_t room = base64_length(payload.size) + sizeof "e30..e30";
    char *token = malloc(room);
    assert(token != NULL);
    memcpy(token, "e30.", 4);
    size_t size = 4 + base64_encode((const uint8_t *)payload.data, payload.size, token + 4);
    while (token[size - 1] == '=')
        size--;
    for (size_t i = 4; i < size; i++)
        token[i] = (char)(token[i] == '+' ? '-' : token[i] == '/' ? '_' : token[i]);
    token[size++] = '.';
    bool good = token_roles_read((struct str){token, size}, &roles);
    assert(good == is_object(payload));
    check_roles(&roles, good);
    free(token);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input;
    struct token_roles roles;
    input_init(&input, data, size);
    char *claims = token_claims_read(input_text(&input));
    assert(claims == NULL || (strlen(claims) <= TOKEN_CLAIMS_MAX && is_object(str_of(claims))));
    free(claims);
    struct str token = input_line(&input);
    check_roles(&roles, token_roles_read(token, &roles));
    struct str payload = input_rest(&input);
    if (payload.data != NULL)
        check_payload(payload);
    input_finish(&input);
    return 0;
}
