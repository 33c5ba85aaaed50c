#include "tests/core/records.h"
#include "worker/core/term.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#define S 1000LL
#define M (60 * S)
#define H (60 * M)
#define D (24 * H)

static void reads_durations(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t ms; /* -1: it is none */
    } rows[] = {
        {"P30D", 30 * D},
        {"PT8H", 8 * H},
        {"PT8H30M", 8 * H + 30 * M},
        {"P1DT1S", D + S},
        {"PT0.5S", S},
        {"PT1.000S", 2 * S},
        {"P1M", 31 * D},
        {"PT1M", M},
        {"P1Y", 366 * D},
        {"P2W", 14 * D},
        {"P1Y2M3W4DT5H6M7S", (366 + 62 + 21 + 4) * D + 5 * H + 6 * M + 7 * S},
        {"P0D", 0},
        {"P007D", 7 * D},
        {"P100000Y", 100000 * 366 * D},
        {"P100001Y", -1},
        {"P1000000D", -1},
        {"P99999999999999999999D", -1},
        {"", -1},
        {"P", -1},
        {"PT", -1},
        {"P1DT", -1},
        {"P1", -1},
        {"1D", -1},
        {"-P1D", -1},
        {"P-1D", -1},
        {"+P1D", -1},
        {"P1H", -1},
        {"PT1D", -1},
        {"P1D1Y", -1},
        {"P1D1D", -1},
        {"PT1M1H", -1},
        {"P0.5D", -1},
        {"PT1.S", -1},
        {"PT.5S", -1},
        {"PT1,5S", -1},
        {"PT1HT1M", -1},
        {"p1d", -1},
        {" P1D", -1},
        {"P1D ", -1},
        {"30.00:00:00", -1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t ms = -7;
        bool read = term_parse_duration(str_of(rows[i].text), &ms);
        if (read != (rows[i].ms >= 0) || ms != (read ? rows[i].ms : -7))
            fail_msg("`%s`: %d, %lld", rows[i].text, read, (long long)ms);
    }
}

#define AT       "2026-03-01T00:00:00Z"
#define DAY_ON   "2026-03-02T00:00:00Z"
#define DAY_BACK "2026-02-28T00:00:00Z"

#define EXPIRATION(members)     "{\"expiration\":{" members "}}"
#define FROM(start, expiration) "{\"startDateTime\":\"" start "\",\"expiration\":{" expiration "}}"
#define BY_TIME(time)           "\"type\":\"afterDateTime\",\"endDateTime\":\"" time "\""
#define BY_DURATION(text)       "\"type\":\"afterDuration\",\"duration\":\"" text "\""

static void reads_schedules(void **state)
{
    (void)state;
    static const struct {
        const char *schedule;
        enum term_end end;
        int64_t length_ms; /* seen at AT */
    } rows[] = {
        {"{}", TERM_ENDLESS, 0},
        {"{\"startDateTime\":\"" AT "\"}", TERM_ENDLESS, 0},
        {"{\"expiration\":null}", TERM_ENDLESS, 0},
        {"{\"expiration\":7}", TERM_ENDLESS, 0},
        {EXPIRATION(""), TERM_ENDLESS, 0},
        {EXPIRATION("\"type\":\"noExpiration\""), TERM_ENDLESS, 0},
        {EXPIRATION("\"type\":\"notSpecified\",\"duration\":\"P1D\""), TERM_ENDLESS, 0},
        {EXPIRATION("\"duration\":\"P1D\""), TERM_ENDLESS, 0},
        {EXPIRATION("\"endDateTime\":\"" DAY_ON "\""), TERM_ENDLESS, 0},
        {EXPIRATION("\"type\":\"AfterDuration\",\"duration\":\"P1D\""), TERM_ENDLESS, 0},
        {EXPIRATION("\"type\":\"afterDuration\""), TERM_ENDLESS, 0},
        {EXPIRATION("\"type\":\"afterDuration\",\"endDateTime\":\"" DAY_ON "\""), TERM_ENDLESS, 0},
        {EXPIRATION("\"type\":\"afterDateTime\",\"duration\":\"P1D\""), TERM_ENDLESS, 0},
        {EXPIRATION(BY_TIME(DAY_ON)), TERM_SET, D},
        {EXPIRATION(BY_TIME(DAY_ON) ",\"duration\":null"), TERM_SET, D},
        {EXPIRATION(BY_TIME(AT)), TERM_SET, 0},
        {EXPIRATION(BY_TIME(DAY_BACK)), TERM_SET, 0},
        {EXPIRATION(BY_TIME("0001-01-01T00:00:00Z")), TERM_SET, 0},
        {EXPIRATION(BY_TIME("1970-01-01T00:00:00Z")), TERM_SET, 0},
        {EXPIRATION(BY_TIME("x")), TERM_UNREADABLE, 0},
        {EXPIRATION(BY_DURATION("P1D")), TERM_SET, D},
        {EXPIRATION(BY_DURATION("P0D")), TERM_UNREADABLE, 0},
        {EXPIRATION(BY_DURATION("one day")), TERM_UNREADABLE, 0},
        /* where both are given, the later one counts, whatever the type says */
        {EXPIRATION(BY_DURATION("PT1H") ",\"endDateTime\":\"" DAY_ON "\""), TERM_SET, D},
        {EXPIRATION(BY_TIME(DAY_ON) ",\"duration\":\"P2D\""), TERM_SET, 2 * D},
        {EXPIRATION(BY_TIME(DAY_ON) ",\"duration\":\"x\""), TERM_UNREADABLE, 0},
        {EXPIRATION(BY_TIME(DAY_BACK) ",\"duration\":\"P2D\""), TERM_SET, 0},
        /* a start in the future puts the end off; one in the past gives no time back */
        {FROM(DAY_ON, BY_TIME("2026-03-04T00:00:00Z")), TERM_SET, 2 * D},
        {FROM(DAY_BACK, BY_TIME(DAY_ON)), TERM_SET, D},
        {FROM(DAY_BACK, BY_DURATION("P3D")), TERM_SET, 3 * D},
        {FROM(DAY_ON, BY_TIME(AT)), TERM_SET, 0},
        {"{\"recurrence\":null,\"expiration\":{" BY_DURATION("P1D") "}}", TERM_SET, D},
        {"{\"recurrence\":{},\"expiration\":{" BY_DURATION("P1D") "}}", TERM_ENDLESS, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        cJSON *schedule = cJSON_ParseWithLength(rows[i].schedule, strlen(rows[i].schedule));
        assert_non_null(schedule);
        struct term term = term_read(schedule);
        int64_t length_ms =
            term.end == TERM_SET ? term_length_ms(&term, INT64_C(1772323200000)) : 0;
        if (term.end != rows[i].end || length_ms != rows[i].length_ms)
            fail_msg("%s: %d, %lld ms", rows[i].schedule, (int)term.end, (long long)length_ms);
        cJSON_Delete(schedule);
    }
    assert_int_equal(term_read(NULL).end, TERM_UNSAID);
}

static void writes_lengths(void **state)
{
    (void)state;
    static const struct {
        int64_t ms;
        const char *text;
    } rows[] = {
        {30 * D, "30d"},
        {D + 2 * H, "1d 2h"},
        {30 * D + 1, "30d 1s"},
        {H + M + S, "1h 1m 1s"},
        {0, "0s"},
        {1, "1s"},
        {D - 1, "1d"},
        {100000 * 366 * D + D - S, "36600000d 23h 59m 59s"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[TERM_TEXT_SIZE];
        term_write_length(rows[i].ms, text);
        assert_string_equal(text, rows[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_durations),
        cmocka_unit_test(reads_schedules),
        cmocka_unit_test(writes_lengths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
