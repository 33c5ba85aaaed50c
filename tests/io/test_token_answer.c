#include "worker/io/token_answer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
// cmocka needs the headers above first.
#include <cmocka.h>

static void test_answers(void **state)
{
    (void)state;
    static const struct {
        int status;
        const char *body, *token, *text;
        int life_s;
        bool refused;
    } rows[] = {
        {200, "{\"access_token\":\"abc\",\"expires_in\":3599}", "abc", "", 3599, false},
        {200, "{\"access_token\":\"abc\",\"expires_in\":\"3599\"}", "abc", "", 3599, false},
        {200, "{\"access_token\":\"abc\"}", "abc", "", TOKEN_LIFE_DEFAULT_S, false},
        {200, "{\"access_token\":\"abc\",\"expires_in\":-1}", "abc", "", TOKEN_LIFE_DEFAULT_S,
         false},
        {200, "{\"access_token\":\"abc\",\"expires_in\":1e12}", "abc", "", TOKEN_LIFE_MOST_S,
         false},
        {200, "{\"access_token\":\"a b\"}", NULL, "authority_host", 0, false},
        {200, "{\"access_token\":\"a\\r\\nb\"}", NULL, "authority_host", 0, false},
        {200, "{\"access_token\":7}", NULL, "authority_host", 0, false},
        {200, "<html>", NULL, "authority_host", 0, false},
        {302, "", NULL, "authority_host", 0, false},
        {500, "{\"error\":\"server_error\"}", NULL, "status 500", 0, false},
        {429, "{\"error\":\"x\"}", NULL, "status 429", 0, false},
        {404, "<html>", NULL, "status 404", 0, false},
        {400, "{\"error\":\"unauthorized_client\",\"error_description\":\"AADSTS700016: app\"}",
         NULL, "graph.client_id", 0, true},
        {400, "{\"error\":\"invalid_request\",\"error_description\":\"AADSTS90002: tenant\"}", NULL,
         "graph.tenant_id", 0, true},
        {401, "{\"error\":\"invalid_client\",\"error_description\":\"AADSTS7000222: old\"}", NULL,
         "expired", 0, true},
        {401, "{\"error\":\"invalid_client\",\"error_description\":\"AADSTS1: x\"}", NULL,
         "AADSTS1", 0, true},
        {400, "{\"error\":\"odd\"}", NULL, "another name", 0, true},
        {400, "{\"error\":\"a\\nb\"}", NULL, "status 400", 0, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct token_answer answer;
        struct error error = {0};
        bool good = token_answer_read(rows[i].status, str_of(rows[i].body), AUTH_CLIENT_SECRET,
                                      &answer, &error);
        bool right = rows[i].token == NULL ? !good && strstr(error.text, rows[i].text) != NULL &&
                                                 answer.refused == rows[i].refused
                                           : good && strcmp(answer.token, rows[i].token) == 0 &&
                                                 answer.life_s == rows[i].life_s;
        if (!right)
            fail_msg("%d %s: %d, refused %d, %s", rows[i].status, rows[i].body, good,
                     answer.refused, error.text);
        token_answer_finish(&answer);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_answers)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
