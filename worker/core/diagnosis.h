#pragma once

#include <stdbool.h>
#include <stdint.h>

/* What `usher doctor` has to say of one thing: a mark, a sentence and, where something is missing,
 * the exit code that it is worth. Here it is judged; asking is worker/doctor_*.c. */

enum diagnosis_mark {
    DIAGNOSIS_GOOD,
    DIAGNOSIS_MISSING,
    DIAGNOSIS_OPEN, /* cannot be told, or need not be there */
};

/* Contract 4. */
enum {
    DIAGNOSIS_DONE = 0,
    DIAGNOSIS_UNREACHABLE = 69,
    DIAGNOSIS_INTERNAL = 70,
    DIAGNOSIS_INTERLOCK = 76,
    DIAGNOSIS_REFUSED = 77,
    DIAGNOSIS_MISCONFIGURED = 78,
};

enum { DIAGNOSIS_TEXT_SIZE = 896 }; /* the longest, of a permission, quotes Graph's own words */

struct diagnosis {
    enum diagnosis_mark mark;
    int exit_code;                  /* DIAGNOSIS_DONE unless it is missing */
    char text[DIAGNOSIS_TEXT_SIZE]; /* a sentence without full stop */
};

void diagnosis_good(struct diagnosis *ret, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void diagnosis_open(struct diagnosis *ret, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void diagnosis_missing(struct diagnosis *ret, int exit_code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Which of two exit codes counts. Where somebody must act that wins over what may pass by itself,
 * and what is wrong with the settings over what is refused: 70, 78, 77, 76, 69, 0. */
int diagnosis_worse(int one, int other);

/* Both Unix milliseconds; `precision_ms`: how exactly theirs is known. Entra refuses an assertion
 * that is five minutes off, and an event expires by our clock: half a minute is too much. */
enum { DIAGNOSIS_SKEW_MOST_MS = 30000 };
void diagnosis_of_clock(struct diagnosis *ret, int64_t ours_ms, int64_t theirs_ms,
                        int64_t precision_ms);

/* A connection with a certificate that was found good: how long is it? `how`: of what kind. */
enum { DIAGNOSIS_SOON_DAYS = 14 };
void diagnosis_of_certificate(struct diagnosis *ret, const char *how, int64_t days);
