#include "worker/core/rfc3339.h"

enum { SECONDS_A_DAY = 86400, YEAR_MAX = 9999 };

/* Days since 1970-01-01 in the Gregorian calendar; years start in March here, so that the leap day
 * is a year's last. */
static int64_t days_of_date(int64_t year, int64_t month, int64_t day)
{
    int64_t from_march = month > 2 ? month - 3 : month + 9;
    int64_t march_year = month > 2 ? year : year - 1;
    int64_t cycle = (march_year >= 0 ? march_year : march_year - 399) / 400;
    int64_t in_cycle = march_year - cycle * 400;
    int64_t day_of_year = (153 * from_march + 2) / 5 + day - 1;
    int64_t day_of_cycle = in_cycle * 365 + in_cycle / 4 - in_cycle / 100 + day_of_year;
    return cycle * 146097 + day_of_cycle - 719468;
}

static void date_of_days(int64_t days, int *ret_year, int *ret_month, int *ret_day)
{
    int64_t shifted = days + 719468;
    int64_t cycle = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
    int64_t in_cycle = shifted - cycle * 146097;
    int64_t year = (in_cycle - in_cycle / 1460 + in_cycle / 36524 - in_cycle / 146096) / 365;
    int64_t day_of_year = in_cycle - (365 * year + year / 4 - year / 100);
    int64_t from_march = (5 * day_of_year + 2) / 153;
    *ret_day = (int)(day_of_year - (153 * from_march + 2) / 5 + 1);
    *ret_month = (int)(from_march < 10 ? from_march + 3 : from_march - 9);
    *ret_year = (int)(year + cycle * 400 + (*ret_month <= 2));
}

static int days_in_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return month == 2 && is_leap ? 29 : days[month - 1];
}

/* What is still to be read; `failed` once anything was not there. */
struct reader {
    const char *at, *end;
    bool failed;
};

static bool take_if(struct reader *reader, const char *one_of)
{
    if (reader->at == reader->end || strchr(one_of, *reader->at) == NULL || *reader->at == '\0')
        return false;
    reader->at++;
    return true;
}

static void take(struct reader *reader, const char *one_of)
{
    if (!take_if(reader, one_of))
        reader->failed = true;
}

static bool is_digit_next(const struct reader *reader)
{
    return reader->at < reader->end && *reader->at >= '0' && *reader->at <= '9';
}

static int take_number(struct reader *reader, int digits, int min, int max)
{
    int number = 0;
    for (int i = 0; i < digits; i++) {
        if (!is_digit_next(reader)) {
            reader->failed = true;
            return min;
        }
        number = number * 10 + (*reader->at++ - '0');
    }
    if (number < min || number > max)
        reader->failed = true;
    return number;
}

static int64_t take_fraction_ms(struct reader *reader)
{
    if (!take_if(reader, "."))
        return 0;
    if (!is_digit_next(reader))
        reader->failed = true;
    int ms = 0;
    for (int scale = 100; is_digit_next(reader); scale /= 10)
        ms += scale * (*reader->at++ - '0');
    return ms;
}

/* Seconds east of UTC. */
static int64_t take_zone(struct reader *reader)
{
    if (take_if(reader, "Zz"))
        return 0;
    bool is_west = reader->at < reader->end && *reader->at == '-';
    take(reader, "+-");
    int hours = take_number(reader, 2, 0, 23);
    take(reader, ":");
    int minutes = take_number(reader, 2, 0, 59);
    return (is_west ? -60 : 60) * (hours * 60 + minutes);
}

bool rfc3339_parse(struct str text, int64_t *ret_ms)
{
    if (text.size == 0)
        return false;
    struct reader reader = {text.data, text.data + text.size, false};
    int year = take_number(&reader, 4, 0, YEAR_MAX);
    take(&reader, "-");
    int month = take_number(&reader, 2, 1, 12);
    take(&reader, "-");
    int day = take_number(&reader, 2, 1, 31);
    take(&reader, "Tt");
    int hour = take_number(&reader, 2, 0, 23);
    take(&reader, ":");
    int minute = take_number(&reader, 2, 0, 59);
    take(&reader, ":");
    int second = take_number(&reader, 2, 0, 60);
    int64_t ms = take_fraction_ms(&reader);
    int64_t zone = take_zone(&reader);
    if (reader.failed || reader.at != reader.end || day > days_in_month(year, month))
        return false;
    int64_t seconds = (hour * 60 + minute) * 60 + second - zone;
    *ret_ms = (days_of_date(year, month, day) * SECONDS_A_DAY + seconds) * 1000 + ms;
    return true;
}

/* Two of these stand in every reply, and printf takes ten times as long. */
static void put_number(char *ret, int digits, unsigned number)
{
    for (int i = digits - 1; i >= 0; i--, number /= 10)
        ret[i] = (char)('0' + number % 10);
}

void rfc3339_format(int64_t unix_ms, char ret[RFC3339_SIZE])
{
    static const int64_t day_ms = SECONDS_A_DAY * INT64_C(1000);
    int64_t first_ms = days_of_date(0, 1, 1) * day_ms;
    int64_t last_ms = days_of_date(YEAR_MAX + 1, 1, 1) * day_ms - 1;
    int64_t ms = unix_ms < first_ms ? first_ms : unix_ms > last_ms ? last_ms : unix_ms;
    int64_t days = (ms >= 0 ? ms : ms - (day_ms - 1)) / day_ms;
    unsigned in_day = (unsigned)(ms - days * day_ms);
    int year = 0;
    int month = 0;
    int day = 0;
    date_of_days(days, &year, &month, &day);
    put_number(ret, 4, (unsigned)year);
    ret[4] = '-';
    put_number(ret + 5, 2, (unsigned)month);
    ret[7] = '-';
    put_number(ret + 8, 2, (unsigned)day);
    ret[10] = 'T';
    put_number(ret + 11, 2, in_day / 3600000);
    ret[13] = ':';
    put_number(ret + 14, 2, in_day / 60000 % 60);
    ret[16] = ':';
    put_number(ret + 17, 2, in_day / 1000 % 60);
    ret[19] = '.';
    put_number(ret + 20, 3, in_day % 1000);
    ret[23] = 'Z';
    ret[24] = '\0';
}
