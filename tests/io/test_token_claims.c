#include "worker/io/token_claims.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
// cmocka needs the headers above first.
#include <cmocka.h>

#define CLAIMS "{\"access_token\":{\"nbf\":{\"essential\":true}}}"
#define BASE64 "eyJhY2Nlc3NfdG9rZW4iOnsibmJmIjp7ImVzc2VudGlhbCI6dHJ1ZX19fQ=="
#define BARE   "eyJhY2Nlc3NfdG9rZW4iOnsibmJmIjp7ImVzc2VudGlhbCI6dHJ1ZX19fQ"

static void test_challenges(void **state)
{
    (void)state;
    static const struct {
        const char *challenge, *claims;
    } rows[] = {
        {"Bearer realm=\"\", error=\"insufficient_claims\", claims=\"" BASE64 "\"", CLAIMS},
        {"Bearer claims=\"" BASE64 "\", error=\"insufficient_claims\"", CLAIMS},
        {"Bearer Claims=\"" BARE "\"", CLAIMS},
        {"Bearer realm=\"a,b\",claims=" BASE64 ",error=x", CLAIMS},
        {"Bearer claims=\"eyJhIjoiw7_Dvz4-In0\"", "{\"a\":\"\303\277\303\277>>\"}"},
        {"Bearer claims=\"" BASE64, CLAIMS},
        /* None, or none that can be read. */
        {"", NULL},
        {"Bearer", NULL},
        {"Bearer realm=\"\", error=\"invalid_token\"", NULL},
        {"Bearer realm=\"claims=" BASE64 "\"", NULL},
        {"Bearer realm=\"\\\" claims=" BASE64 "\"", NULL},
        {"Bearer noclaims=\"" BASE64 "\"", NULL},
        {"Bearer claims=\"\"", NULL},
        {"Bearer claims=\"%%%\"", NULL},
        {"Bearer claims=\"W10\"", NULL},    /* [] */
        {"Bearer claims=\"e30gfQ\"", NULL}, /* {} } */
        {"Bearer claims=\"" BASE64 "=\"", NULL},
        {"Bearer claims", NULL},
        {"Bearer realm=\"", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *claims = token_claims_read(rows[i].challenge);
        if ((claims == NULL) != (rows[i].claims == NULL) ||
            (claims != NULL && strcmp(claims, rows[i].claims) != 0))
            fail_msg("%s: %s", rows[i].challenge, claims != NULL ? claims : "none");
        free(claims);
    }
}

static void test_too_long(void **state)
{
    (void)state;
    static char challenge[4 * TOKEN_CLAIMS_MAX];
    char *end = challenge + snprintf(challenge, sizeof challenge, "Bearer claims=\"eyJh");
    memset(end, 'Y', 3 * TOKEN_CLAIMS_MAX);
    end[3 * TOKEN_CLAIMS_MAX] = '"';
    assert_null(token_claims_read(challenge));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_challenges),
        cmocka_unit_test(test_too_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
