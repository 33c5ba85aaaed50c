#include "worker/core/diagnosis.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

__attribute__((format(printf, 2, 0))) static void write_text(struct diagnosis *ret,
                                                             const char *format, va_list arguments)
{
    (void)vsnprintf(ret->text, sizeof ret->text, format, arguments);
}

void diagnosis_good(struct diagnosis *ret, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    *ret = (struct diagnosis){.mark = DIAGNOSIS_GOOD};
    write_text(ret, format, arguments);
    va_end(arguments);
}

void diagnosis_open(struct diagnosis *ret, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    *ret = (struct diagnosis){.mark = DIAGNOSIS_OPEN};
    write_text(ret, format, arguments);
    va_end(arguments);
}

void diagnosis_missing(struct diagnosis *ret, int exit_code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    *ret = (struct diagnosis){.mark = DIAGNOSIS_MISSING, .exit_code = exit_code};
    write_text(ret, format, arguments);
    va_end(arguments);
}

static size_t rank_of(int exit_code)
{
    static const int order[] = {DIAGNOSIS_DONE,    DIAGNOSIS_UNREACHABLE,   DIAGNOSIS_INTERLOCK,
                                DIAGNOSIS_REFUSED, DIAGNOSIS_MISCONFIGURED, DIAGNOSIS_INTERNAL};
    size_t rank = 0;
    while (rank < sizeof order / sizeof *order && order[rank] != exit_code)
        rank++;
    return rank;
}

int diagnosis_worse(int one, int other)
{
    return rank_of(other) > rank_of(one) ? other : one;
}

void diagnosis_of_clock(struct diagnosis *ret, int64_t ours_ms, int64_t theirs_ms,
                        int64_t precision_ms)
{
    int64_t ahead_ms = ours_ms - theirs_ms;
    int64_t away_ms = ahead_ms < 0 ? -ahead_ms : ahead_ms;
    if (away_ms <= precision_ms)
        diagnosis_good(ret, "the same as ours, to %" PRId64 " ms", precision_ms);
    else if (away_ms <= DIAGNOSIS_SKEW_MOST_MS)
        diagnosis_good(ret, "ours is %.1f s %s", (double)away_ms / 1000,
                       ahead_ms < 0 ? "behind" : "ahead");
    else
        diagnosis_missing(ret, DIAGNOSIS_MISCONFIGURED,
                          "our clock is %" PRId64 " s %s; set this machine's clock (NTP), for "
                          "tokens and the expirytime of events go by it",
                          away_ms / 1000, ahead_ms < 0 ? "behind" : "ahead");
}

void diagnosis_of_certificate(struct diagnosis *ret, const char *how, int64_t days)
{
    diagnosis_good(ret, "%s, the certificate is good for %" PRId64 " day%s%s", how, days,
                   days == 1 ? "" : "s", days < DIAGNOSIS_SOON_DAYS ? ": have it renewed now" : "");
}
