/* The token endpoint's answer. Input: the status in a line, the body. */
#include "tests/fuzz/checks.h"
#include "tests/fuzz/input.h"

#include "worker/core/json_read.h"
#include "worker/core/utf8.h"
#include "worker/io/token_answer.h"

#include <assert.h>
#include <stdlib.h>

/* Does the body name a token that may stand in a header? */
static bool offers_token(struct str body, struct str *ret_token)
{
    struct json_fault fault;
    cJSON *tree = json_read(body, &fault);
    const char *token = check_text(tree, "access_token");
    bool good = token != NULL && token[0] != '\0';
    for (const char *c = token; good && *c != '\0'; c++)
        good = *c > ' ' && *c <= '~';
    *ret_token = (struct str){0};
    if (good)
        *ret_token = str_of(strdup(token));
    cJSON_Delete(tree);
    return good;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input;
    struct token_answer answer;
    struct error error = {0};
    struct str offered;
    input_init(&input, data, size);
    int status = (int)(input_number(input_line(&input)) % 1000);
    struct str body = input_rest(&input);
    bool offers = offers_token(body, &offered) && status >= 200 && status < 300;
    bool good = token_answer_read(status, body, AUTH_CLIENT_SECRET, &answer, &error);
    assert(good == offers && good == (answer.token != NULL));
    assert(answer.life_s >= 1 && answer.life_s <= TOKEN_LIFE_MOST_S);
    assert(memchr(error.text, '\0', sizeof error.text) != NULL);
    if (good) {
        assert(token_text_is_good(answer.token) && str_is(offered, answer.token));
        assert(!answer.refused && error.text[0] == '\0');
    } else {
        assert(error.text[0] != '\0' && utf8_is_valid(str_of(error.text), NULL));
        assert(!answer.refused || (status >= 400 && status < 500));
        /* A secret that came by mistake is not repeated (I14); a word of ours has 24 at most. */
        assert(offered.data == NULL || offered.size <= 24 ||
               strstr(error.text, offered.data) == NULL);
    }
    token_answer_finish(&answer);
    assert(answer.token == NULL);
    free((char *)offered.data);
    input_finish(&input);
    return 0;
}
