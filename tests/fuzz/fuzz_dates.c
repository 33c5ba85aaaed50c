/* Times: RFC 3339, HTTP's three forms, Retry-After, durations. The C library's calendar is the
 * judge. Input: a line with a number (a time in ms, the present for Retry-After), and the text. */
#include "tests/fuzz/input.h"

#include "worker/core/retry_after.h"
#include "worker/core/rfc3339.h"
#include "worker/core/term.h"
#include "worker/core/throttle.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static const int64_t first_ms = INT64_C(-62167219200000); /* year 0 */
static const int64_t last_ms = INT64_C(253402300799999);  /* the end of 9999 */

/* What was read is in range, and written and read once more it is the same. */
static void check_read(int64_t ms)
{
    char text[RFC3339_SIZE];
    int64_t again = 0;
    assert(ms >= first_ms - 86400000 && ms <= last_ms + 86400000 + 1000);
    rfc3339_format(ms, text);
    assert(strlen(text) == RFC3339_SIZE - 1 && rfc3339_parse(str_of(text), &again));
    assert(again == ms || ms < first_ms || ms > last_ms);
}

/* By gmtime_r(): the calendar of the C library. */
static void check_format(int64_t ms)
{
    char text[RFC3339_SIZE], expected[96];
    int64_t inside = ms < first_ms ? first_ms : ms > last_ms ? last_ms : ms;
    int64_t seconds = (inside - (inside % 1000 + 1000) % 1000) / 1000;
    struct tm tm;
    rfc3339_format(ms, text);
    assert(gmtime_r(&(time_t){seconds}, &tm) != NULL);
    snprintf(expected, sizeof expected, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", tm.tm_year + 1900,
             tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
             (int)(inside - seconds * 1000));
    assert(strcmp(text, expected) == 0);
}

/* By timegm(): the fields of a plain time, which stand at fixed places. */
static void check_parse(struct str text)
{
    int64_t ms = 77, again = 77;
    char copy[20];
    bool readable = rfc3339_parse(text, &ms);
    if (!readable) {
        assert(ms == 77);
        return;
    }
    assert(text.size >= 20 && rfc3339_parse(text, &again) && again == ms);
    check_read(ms);
    memcpy(copy, text.data, 19);
    copy[19] = '\0';
    struct tm tm = {.tm_isdst = 0};
    tm.tm_year = (int)strtol(copy, NULL, 10) - 1900;
    tm.tm_mon = (int)strtol(copy + 5, NULL, 10) - 1;
    tm.tm_mday = (int)strtol(copy + 8, NULL, 10);
    struct tm day = tm;
    (void)timegm(&day); /* would turn February 30 into March 2 */
    assert(day.tm_year == tm.tm_year && day.tm_mon == tm.tm_mon && day.tm_mday == tm.tm_mday);
    tm.tm_hour = (int)strtol(copy + 11, NULL, 10);
    tm.tm_min = (int)strtol(copy + 14, NULL, 10);
    tm.tm_sec = (int)strtol(copy + 17, NULL, 10);
    int64_t local_ms = (int64_t)timegm(&tm) * 1000;
    int64_t zone_ms = local_ms - ms;
    assert(zone_ms > -86400000 && zone_ms < 86400000);
    if ((text.data[text.size - 1] | 0x20) == 'z')
        assert(zone_ms <= 0 && zone_ms > -1000); /* the fraction */
}

static void check_http_date(const char *text, size_t size, int64_t expected_ms)
{
    int64_t read_ms = 0;
    assert(size > 0 && http_date_read((struct str){text, size}, &read_ms));
    assert(read_ms == expected_ms);
}

/* A time in each of HTTP's forms, written by strftime(), is read back to the second. */
static void check_http_forms(int64_t ms)
{
    char text[64];
    time_t seconds = (time_t)(ms / 1000);
    struct tm tm;
    if (ms < INT64_C(-30610224000000) || ms > last_ms || gmtime_r(&seconds, &tm) == NULL)
        return; /* a year has four digits from 1000 on */
    int64_t whole_ms = (int64_t)seconds * 1000;
    check_http_date(text, strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &tm), whole_ms);
    check_http_date(text, strftime(text, sizeof text, "%a %b %e %H:%M:%S %Y", &tm), whole_ms);
    if (tm.tm_year < 70 || tm.tm_year > 169)
        return; /* two digits are 1970 to 2069 */
    size_t size = strftime(text, sizeof text, "%A, %d-%b-", &tm);
    size += (size_t)snprintf(text + size, 3, "%02d", tm.tm_year % 100);
    size += strftime(text + size, sizeof text - size, " %H:%M:%S GMT", &tm);
    check_http_date(text, size, whole_ms);
}

static void check_retry_after(struct str text, int64_t now_ms)
{
    int64_t pause_ms = retry_after_read(text, now_ms), date_ms = 0;
    assert(pause_ms >= -1 && pause_ms <= RETRY_AFTER_MOST_MS);
    if (http_date_read(text, &date_ms)) {
        check_read(date_ms);
        int64_t left_ms = date_ms - now_ms;
        int64_t expected = left_ms < 0                     ? 0
                           : left_ms > RETRY_AFTER_MOST_MS ? RETRY_AFTER_MOST_MS
                                                           : left_ms;
        assert(pause_ms == expected);
    }
    if (text.size == 0)
        assert(pause_ms == -1);
}

/* Seconds as Graph writes them: digits, or digits with a fraction. */
static void check_seconds(int64_t number)
{
    char text[64];
    int64_t whole = number & INT64_C(0x7FFFFFFFFFFF), part = whole % 1000, s = whole / 1000;
    int64_t expected = whole < RETRY_AFTER_MOST_MS ? whole : RETRY_AFTER_MOST_MS;
    snprintf(text, sizeof text, "%lld.%03lld", (long long)s, (long long)part);
    assert(retry_after_read(str_of(text), 0) == expected);
    snprintf(text, sizeof text, " %lld\t", (long long)s);
    expected = s * 1000 < RETRY_AFTER_MOST_MS ? s * 1000 : RETRY_AFTER_MOST_MS;
    assert(retry_after_read(str_of(text), 0) == expected);
    snprintf(text, sizeof text, "-%lld", (long long)s);
    assert(retry_after_read(str_of(text), 0) == -1);
}

/* A duration that is read is of the bounds, and what is written so is read so. */
static void check_durations(struct str text, int64_t number)
{
    char written[64], shown[TERM_TEXT_SIZE];
    int64_t ms = -1, again = -1, seconds = number & 0xFFFFF;
    if (term_parse_duration(text, &ms)) {
        assert(ms >= 0 && ms <= INT64_C(100000) * 366 * 86400000 && text.data[0] == 'P');
        term_write_length(ms, shown);
        assert(shown[0] != '\0' && strlen(shown) < sizeof shown);
    } else {
        assert(ms == -1);
    }
    snprintf(written, sizeof written, "P%lldDT%lldH%lldM%lldS", (long long)(seconds / 86400),
             (long long)(seconds / 3600 % 24), (long long)(seconds / 60 % 60),
             (long long)(seconds % 60));
    if (seconds < 1000000) {
        assert(term_parse_duration(str_of(written), &again) && again == seconds * 1000);
    }
}

/* Graph's two other headers about its limits. */
static void check_limits(struct str text)
{
    int used = throttle_used_permille(text);
    enum gate_scope scope = throttle_scope(text);
    assert(used >= 0 && used <= 9999);
    assert(scope == GATE_ALL || scope == GATE_WRITES || scope == GATE_READS);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input;
    input_init(&input, data, size);
    int64_t number = input_number(input_line(&input));
    struct str text = input_rest(&input);
    check_format(number);
    check_http_forms(number);
    check_seconds(number);
    check_parse(text);
    check_durations(text, number);
    int64_t now_ms = number % (last_ms + 1); /* the clock is in some year from 1 to 9999 */
    check_retry_after(text, now_ms < 0 ? 0 : now_ms);
    check_limits(text);
    assert(retry_after_read((struct str){0}, 0) == -1);
    input_finish(&input);
    return 0;
}
