#include "config/options.h"
#include "worker/io/token_answer.h"
#include "worker/io/token_errors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
// cmocka needs the headers above first.
#include <cmocka.h>

/* The numbers that people meet most, and what the sentence must tell them. */
static const struct {
    const char *code, *words;
} expected[] = {
    {"7000215", "graph.client_secret"},
    {"7000222", "graph.client_secret: it has expired"},
    {"700027", "upload this certificate"},
    {"700024", "clock"},
    {"1000502", "graph.certificate_file"},
    {"70021", "issuer, subject and audience"},
    {"700211", "issuer"},
    {"700212", "api://AzureADTokenExchange"},
    {"700213", "system:serviceaccount:"},
    {"700016", "graph.client_id"},
    {"7000112", "disabled"},
    {"7000229", "consent"},
    {"90002", "graph.tenant_id"},
    {"900023", "graph.tenant_id"},
    {"90038", "graph.cloud"},
    {"900432", "graph.cloud"},
    {"900382", "graph.cloud"},
    {"1002012", "graph.scope"},
    {"500011", "graph.base_url"},
    {"53003", "Conditional Access"},
    {"90033", "not available"},
};

static bool read_error(const char *body, struct token_answer *ret, struct error *error)
{
    *error = (struct error){0};
    return token_answer_read(400, str_of(body), AUTH_CERTIFICATE, ret, error);
}

static void every_row_becomes_its_sentence(void **state)
{
    (void)state;
    for (size_t i = 0; i < token_errors_count; i++) {
        const struct token_error *row = &token_errors[i];
        static const char *const shapes[] = {
            "{\"error\":\"invalid_client\",\"error_description\":\"AADSTS%s: Some words. Trace "
            "ID: x\",\"error_codes\":[%s]}",
            "{\"error\":\"invalid_client\",\"error_description\":\"other words\",\"error_codes\":"
            "[123456,%s]}",
            "{\"error\":\"invalid_client\",\"error_description\":\"Error AADSTS%s\"}",
        };
        for (size_t j = 0; j < sizeof shapes / sizeof shapes[0]; j++) {
            char body[512], wanted[ERROR_TEXT_SIZE];
            struct token_answer answer;
            struct error error;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
            snprintf(body, sizeof body, shapes[j], row->code, row->code);
#pragma GCC diagnostic pop
            snprintf(wanted, sizeof wanted, "%s (AADSTS%s)", row->sentence, row->code);
            assert_false(read_error(body, &answer, &error));
            if (strcmp(error.text, wanted) != 0 || answer.refused == row->passes)
                fail_msg("%s, shape %zu: %s, refused %d", row->code, j, error.text, answer.refused);
            token_answer_finish(&answer);
        }
    }
}

/* Each names a setting that there is, or none; says no number twice; ends without full stop. */
static void every_row_is_well_made(void **state)
{
    (void)state;
    for (size_t i = 0; i < token_errors_count; i++) {
        const struct token_error *row = &token_errors[i];
        size_t size = strlen(row->sentence);
        const char *at = row->sentence;
        char option[64];
        print_message("%s\n", row->code);
        assert_int_equal(strspn(row->code, "0123456789"), strlen(row->code));
        assert_true(size > 20 && size < 200 && row->sentence[size - 1] != '.');
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(row->code, token_errors[j].code);
        while ((at = strstr(at, "graph.")) != NULL) {
            snprintf(option, sizeof option, "%.*s", (int)strspn(at, "abcdefghijklmnopqrstuvwxyz_."),
                     at);
            if (option_find(option) == NULL)
                fail_msg("%s: there is no %s", row->code, option);
            at++;
        }
    }
}

static void the_common_ones_say_what_to_do(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        const struct token_error *row =
            token_error_find(expected[i].code, strlen(expected[i].code));
        if (row == NULL || strstr(row->sentence, expected[i].words) == NULL)
            fail_msg("%s: %s", expected[i].code, row != NULL ? row->sentence : "not in the table");
    }
    assert_null(token_error_find("", 0));
    assert_null(token_error_find("70002150", 8));
}

/* What is not in the table comes through with its number, and blames what the auth is about. */
static void others_keep_their_number(void **state)
{
    (void)state;
    static const struct {
        enum auth auth;
        const char *body, *text;
    } rows[] = {
        {AUTH_CLIENT_SECRET, "{\"error\":\"invalid_client\",\"error_codes\":[123456]}",
         "graph.client_secret: Entra refuses it (invalid_client, AADSTS123456)"},
        {AUTH_CERTIFICATE, "{\"error\":\"invalid_client\",\"error_codes\":[123456]}",
         "graph.certificate_file: Entra refuses it (invalid_client, AADSTS123456)"},
        {AUTH_WORKLOAD_IDENTITY, "{\"error\":\"invalid_client\"}",
         "graph.federated_token_file: Entra refuses it (invalid_client)"},
        {AUTH_MANAGED_IDENTITY,
         "{\"error\":\"invalid_request\",\"error_description\":\"Identity not found\"}",
         "graph.identity_endpoint: it gives no token; has this machine a managed identity, and is "
         "graph.client_id that of one? (invalid_request)"},
        {AUTH_CERTIFICATE, "{\"error\":\"invalid_grant\",\"error_codes\":[-1,\"7\",1e300]}",
         "Entra refuses the request for a token (invalid_grant)"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct token_answer answer;
        struct error error = {0};
        assert_false(token_answer_read(400, str_of(rows[i].body), rows[i].auth, &answer, &error));
        assert_string_equal(error.text, rows[i].text);
        assert_true(answer.refused);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_becomes_its_sentence),
        cmocka_unit_test(every_row_is_well_made),
        cmocka_unit_test(the_common_ones_say_what_to_do),
        cmocka_unit_test(others_keep_their_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
