#pragma once

#include "config/settings.h"
#include "worker/core/error.h"
#include "worker/io/digest.h"

#include <stdint.h>

/* Who may use the pages of admin.actions_listen: the token, the sessions that it opens, and how
 * often somebody may guess at it. No clock: the loop's time comes in. */

enum {
    SESSIONS_MAX = 16,                     /* a team; the one that rested longest gives way */
    SESSION_IDLE_MS = 30 * 60 * 1000,      /* unused for so long, it ends … */
    SESSION_LIFE_MS = 12 * 60 * 60 * 1000, /* … and after a day's work anyway */
    GUESSERS_MAX = 64,                     /* addresses that are remembered */
    GUESSES_MAX = 5,                       /* wrong tokens from one address at once, then … */
    GUESS_EVERY_MS = 10 * 1000,            /* … one in so long */
    NONCE_SIZE = 64 + 1,                   /* 32 random bytes in hex */
    ADDRESS_SIZE = 64,
};

struct session {
    char id[NONCE_SIZE];   /* the cookie; "": free */
    char csrf[NONCE_SIZE]; /* in each form */
    char token[DIGEST_HEX_SIZE];
    int64_t began_ms, used_ms;
};

/* A bucket of guesses, as a time: it is full when that has come. */
struct guesser {
    char address[ADDRESS_SIZE]; /* "": free */
    int64_t free_ms;
};

struct sessions {
    const struct settings *settings;
    struct session all[SESSIONS_MAX];
    struct guesser guessers[GUESSERS_MAX];
};

/* Settings must outlive it. */
void sessions_init(struct sessions *sessions, const struct settings *settings);

/* Is there a token, and is it long enough? Read anew from its file. False: the error names the
 * setting. */
bool sessions_token_is_good(const struct sessions *sessions, struct error *error);

/* Is this the token? In the same time wherever they differ. False with an empty error: it is not.
 */
bool sessions_token_is(const struct sessions *sessions, const char *given, struct error *error);

/* 0: this address may try a token now; else in how many milliseconds. */
int64_t sessions_wait_ms(const struct sessions *sessions, const char *address, int64_t now_ms);
/* It has tried a wrong one. */
void sessions_count_guess(struct sessions *sessions, const char *address, int64_t now_ms);

/* After the right token. NULL: no random numbers are to be had. */
struct session *sessions_begin(struct sessions *sessions, int64_t now_ms);
/* The one with this cookie, if it stands, and the token is still the one that it began with. */
struct session *sessions_find(struct sessions *sessions, const char *id, int64_t now_ms);
void sessions_end(struct session *session);

/* 32 random bytes in hex. False: there are none. */
bool nonce_make(char ret[NONCE_SIZE]);
/* In the same time wherever they differ; NULL and "" are nobody's. */
bool nonce_is(const char *given, const char *nonce);
