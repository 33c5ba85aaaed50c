#include "worker/io/sessions.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

void sessions_init(struct sessions *sessions, const struct settings *settings)
{
    *sessions = (struct sessions){.settings = settings};
}

/* ---- the token ------------------------------------------------------------------------------- */

/* Its SHA-256: of one length, whatever is compared. */
static bool token_digest(const struct settings *settings, char ret[DIGEST_HEX_SIZE],
                         struct error *error)
{
    char token[SECRET_SIZE_MAX];
    if (!secret_read(settings->admin.token, settings->admin.token_file, token, sizeof token, error))
        return error_set(error, "admin.token_file: %s", error->text);
    bool good = strlen(token) >= ADMIN_TOKEN_MIN;
    if (!good)
        error_set(error,
                  "admin.token_file: the token in %s is shorter than %d characters, so it could be "
                  "guessed; make one with openssl rand -hex 32",
                  settings->admin.token_file, ADMIN_TOKEN_MIN);
    else if (!digest_sha256_hex(&(struct str){token, strlen(token)}, 1, ret))
        good = error_set(error, "admin.token: OpenSSL has no memory for a digest");
    explicit_bzero(token, sizeof token);
    return good;
}

bool sessions_token_is_good(const struct sessions *sessions, struct error *error)
{
    char digest[DIGEST_HEX_SIZE];
    return token_digest(sessions->settings, digest, error);
}

bool sessions_token_is(const struct sessions *sessions, const char *given, struct error *error)
{
    char wanted[DIGEST_HEX_SIZE], digest[DIGEST_HEX_SIZE];
    const struct str text = {given, strlen(given)};
    if (!token_digest(sessions->settings, wanted, error))
        return false;
    if (!digest_sha256_hex(&text, 1, digest))
        return error_set(error, "admin.token: OpenSSL has no memory for a digest");
    return CRYPTO_memcmp(wanted, digest, DIGEST_HEX_SIZE) == 0;
}

/* ---- guesses --------------------------------------------------------------------------------- */

/* GUESSERS_MAX: it is not known. */
static size_t find_guesser(const struct sessions *sessions, const char *address)
{
    size_t i = 0;
    while (i < GUESSERS_MAX && strcmp(sessions->guessers[i].address, address) != 0)
        i++;
    return i;
}

int64_t sessions_wait_ms(const struct sessions *sessions, const char *address, int64_t now_ms)
{
    size_t i = find_guesser(sessions, address);
    if (i == GUESSERS_MAX)
        return 0;
    int64_t wait_ms = sessions->guessers[i].free_ms - now_ms - (GUESSES_MAX - 1) * GUESS_EVERY_MS;
    return wait_ms > 0 ? wait_ms : 0;
}

/* One that is free, or the one that guessed longest ago. */
static struct guesser *new_guesser(struct sessions *sessions, const char *address)
{
    struct guesser *found = &sessions->guessers[0];
    for (size_t i = 1; i < GUESSERS_MAX; i++) {
        if (sessions->guessers[i].free_ms < found->free_ms)
            found = &sessions->guessers[i];
    }
    *found = (struct guesser){.free_ms = 0};
    (void)snprintf(found->address, sizeof found->address, "%s", address);
    return found;
}

void sessions_count_guess(struct sessions *sessions, const char *address, int64_t now_ms)
{
    size_t i = find_guesser(sessions, address);
    struct guesser *guesser =
        i < GUESSERS_MAX ? &sessions->guessers[i] : new_guesser(sessions, address);
    if (guesser->free_ms < now_ms)
        guesser->free_ms = now_ms;
    guesser->free_ms += GUESS_EVERY_MS;
}

/* ---- sessions -------------------------------------------------------------------------------- */

bool nonce_make(char ret[NONCE_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    unsigned char bytes[(NONCE_SIZE - 1) / 2];
    ret[0] = '\0';
    if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes)
        return false;
    for (size_t i = 0; i < sizeof bytes; i++) {
        ret[2 * i] = digits[bytes[i] >> 4];
        ret[2 * i + 1] = digits[bytes[i] & 15];
    }
    ret[NONCE_SIZE - 1] = '\0';
    return true;
}

bool nonce_is(const char *given, const char *nonce)
{
    return given != NULL && strlen(given) == NONCE_SIZE - 1 && strlen(nonce) == NONCE_SIZE - 1 &&
           CRYPTO_memcmp(given, nonce, NONCE_SIZE - 1) == 0;
}

struct session *sessions_begin(struct sessions *sessions, int64_t now_ms)
{
    struct session *session = &sessions->all[0];
    for (size_t i = 0; i < SESSIONS_MAX; i++) {
        struct session *other = &sessions->all[i];
        if (session->id[0] != '\0' && (other->id[0] == '\0' || other->used_ms < session->used_ms))
            session = other;
    }
    struct error ignored;
    *session = (struct session){.began_ms = now_ms, .used_ms = now_ms};
    if (token_digest(sessions->settings, session->token, &ignored) && nonce_make(session->csrf) &&
        nonce_make(session->id))
        return session;
    sessions_end(session);
    return NULL;
}

struct session *sessions_find(struct sessions *sessions, const char *id, int64_t now_ms)
{
    char digest[DIGEST_HEX_SIZE];
    struct error ignored;
    for (size_t i = 0; i < SESSIONS_MAX; i++) {
        struct session *session = &sessions->all[i];
        if (!nonce_is(id, session->id))
            continue;
        bool stands = now_ms - session->used_ms < SESSION_IDLE_MS &&
                      now_ms - session->began_ms < SESSION_LIFE_MS &&
                      token_digest(sessions->settings, digest, &ignored) &&
                      CRYPTO_memcmp(digest, session->token, DIGEST_HEX_SIZE) == 0;
        session->used_ms = now_ms;
        if (stands)
            return session;
        sessions_end(session);
    }
    return NULL;
}

void sessions_end(struct session *session)
{
    explicit_bzero(session, sizeof *session);
}
