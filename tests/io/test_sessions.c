/* Who may use the actions: the token, sessions, guesses. */
#include "worker/io/sessions.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static const char good[] = "0123456789abcdef01234567";
static struct settings settings;
static struct sessions sessions;
static char path[] = "/tmp/usher-sessions-XXXXXX";

static void write_token(const char *token)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(token, file);
    fclose(file);
}

static int start(void **state)
{
    (void)state;
    settings = (struct settings){.admin = {.token = good, .token_file = ""}};
    sessions_init(&sessions, &settings);
    return 0;
}

static void test_token(void **state)
{
    (void)state;
    static const char *const wrong[] = {"", "0123456789abcdef0123456", "x",
                                        "0123456789abcdef012345678", "0123456789ABCDEF01234567"};
    struct error error = {0};
    assert_true(sessions_token_is(&sessions, good, &error));
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_false(sessions_token_is(&sessions, wrong[i], &error));
        assert_string_equal(error.text, "");
    }
}

static void test_token_file(void **state)
{
    (void)state;
    struct error error = {0};
    settings.admin.token = "";
    settings.admin.token_file = path;
    write_token("short\n");
    assert_false(sessions_token_is_good(&sessions, &error));
    assert_non_null(strstr(error.text, path));
    assert_non_null(strstr(error.text, "shorter than 24"));
    assert_null(strstr(error.text, "short\n"));
    write_token("another-0123456789-0123456789\n");
    assert_true(sessions_token_is_good(&sessions, &error));
    error = (struct error){0};
    assert_true(sessions_token_is(&sessions, "another-0123456789-0123456789", &error));
    assert_false(sessions_token_is(&sessions, good, &error));
    settings.admin.token_file = "/nowhere/at/all";
    assert_false(sessions_token_is(&sessions, good, &error));
    assert_non_null(strstr(error.text, "/nowhere/at/all"));
}

static void test_sessions(void **state)
{
    (void)state;
    struct session *session = sessions_begin(&sessions, 1000);
    assert_non_null(session);
    char id[NONCE_SIZE];
    memcpy(id, session->id, sizeof id);
    assert_int_equal(strlen(id), 64);
    assert_string_not_equal(session->id, session->csrf);
    assert_ptr_equal(sessions_find(&sessions, id, 1000), session);
    assert_null(sessions_find(&sessions, "", 1000));
    assert_null(sessions_find(&sessions, "0", 1000));
    id[63] = id[63] == '0' ? '1' : '0';
    assert_null(sessions_find(&sessions, id, 1000));
    memcpy(id, session->id, sizeof id);
    sessions_end(session);
    assert_null(sessions_find(&sessions, id, 1000));
}

/* Unused for too long; used all the time, but for too long; and the token is another. */
static void test_ends(void **state)
{
    (void)state;
    char id[NONCE_SIZE];
    int64_t now_ms = 0;
    memcpy(id, sessions_begin(&sessions, 0)->id, sizeof id);
    assert_non_null(sessions_find(&sessions, id, SESSION_IDLE_MS - 1));
    assert_null(sessions_find(&sessions, id, 2 * SESSION_IDLE_MS - 1));
    assert_null(sessions_find(&sessions, id, 0)); /* and does not come back */
    memcpy(id, sessions_begin(&sessions, 0)->id, sizeof id);
    for (; now_ms < SESSION_LIFE_MS; now_ms += SESSION_IDLE_MS - 1)
        assert_non_null(sessions_find(&sessions, id, now_ms));
    assert_null(sessions_find(&sessions, id, now_ms));
    memcpy(id, sessions_begin(&sessions, 0)->id, sizeof id);
    settings.admin.token = "another-0123456789-0123456789";
    assert_null(sessions_find(&sessions, id, 0));
    settings.admin.token = "short";
    assert_null(sessions_begin(&sessions, 0));
}

/* The one that rested longest gives way. */
static void test_many(void **state)
{
    (void)state;
    char ids[SESSIONS_MAX + 1][NONCE_SIZE];
    for (int i = 0; i < SESSIONS_MAX; i++)
        memcpy(ids[i], sessions_begin(&sessions, i)->id, NONCE_SIZE);
    for (int i = 0; i < SESSIONS_MAX; i++)
        assert_non_null(sessions_find(&sessions, ids[i], i == 5 ? 50 : 100 + i));
    memcpy(ids[SESSIONS_MAX], sessions_begin(&sessions, 200)->id, NONCE_SIZE);
    for (int i = 0; i <= SESSIONS_MAX; i++)
        assert_int_equal(sessions_find(&sessions, ids[i], 200) != NULL, i != 5);
}

static void test_guesses(void **state)
{
    (void)state;
    int64_t now_ms = 1000;
    for (int i = 0; i < GUESSES_MAX; i++) {
        assert_int_equal(sessions_wait_ms(&sessions, "a", now_ms), 0);
        sessions_count_guess(&sessions, "a", now_ms);
    }
    assert_int_equal(sessions_wait_ms(&sessions, "a", now_ms), GUESS_EVERY_MS);
    assert_int_equal(sessions_wait_ms(&sessions, "b", now_ms), 0);
    now_ms += GUESS_EVERY_MS;
    assert_int_equal(sessions_wait_ms(&sessions, "a", now_ms), 0);
    sessions_count_guess(&sessions, "a", now_ms);
    assert_int_equal(sessions_wait_ms(&sessions, "a", now_ms), GUESS_EVERY_MS);
    now_ms += 100 * GUESS_EVERY_MS; /* all is forgotten, and no more than that */
    for (int i = 0; i < GUESSES_MAX; i++)
        sessions_count_guess(&sessions, "a", now_ms);
    assert_int_equal(sessions_wait_ms(&sessions, "a", now_ms), GUESS_EVERY_MS);
    for (int i = 0; i < 3 * GUESSERS_MAX; i++) { /* a crowd takes the places of the oldest only */
        char address[16];
        snprintf(address, sizeof address, "c%d", i);
        sessions_count_guess(&sessions, address, now_ms);
    }
    assert_int_equal(sessions_wait_ms(&sessions, "a", now_ms), GUESS_EVERY_MS);
}

static void test_nonces(void **state)
{
    (void)state;
    char one[NONCE_SIZE], other[NONCE_SIZE];
    assert_true(nonce_make(one) && nonce_make(other));
    assert_string_not_equal(one, other);
    assert_int_equal(strspn(one, "0123456789abcdef"), 64);
    assert_true(nonce_is(one, one));
    assert_false(nonce_is(one, other) || nonce_is(NULL, one) || nonce_is("", "") ||
                 nonce_is("", one) || nonce_is(one, ""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_token, start),
        cmocka_unit_test_setup(test_token_file, start),
        cmocka_unit_test_setup(test_sessions, start),
        cmocka_unit_test_setup(test_ends, start),
        cmocka_unit_test_setup(test_many, start),
        cmocka_unit_test_setup(test_guesses, start),
        cmocka_unit_test_setup(test_nonces, start),
    };
    int file = mkstemp(path);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    close(file);
    unlink(path);
    return failed;
}
