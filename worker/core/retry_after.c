#include "worker/core/retry_after.h"

#include "worker/core/rfc3339.h"

#include <stdio.h>

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static void skip(struct str *text, size_t size)
{
    text->data += size;
    text->size -= size;
}

static bool take(struct str *text, const char *expected)
{
    size_t size = strlen(expected);
    if (text->size < size || memcmp(text->data, expected, size) != 0)
        return false;
    skip(text, size);
    return true;
}

/* Exactly `count` digits, of which the first may be a space where `padded`. */
static bool take_number(struct str *text, size_t count, bool padded, int *ret)
{
    if (text->size < count)
        return false;
    int number = 0;
    for (size_t i = 0; i < count; i++) {
        char c = text->data[i];
        if (padded && i == 0 && c == ' ')
            c = '0';
        if (!is_digit(c))
            return false;
        number = number * 10 + (c - '0');
    }
    skip(text, count);
    *ret = number;
    return true;
}

static bool take_month(struct str *text, int *ret)
{
    static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    for (int i = 0; i < 12 && text->size >= 3; i++)
        if (memcmp(text->data, names + 3 * i, 3) == 0) {
            skip(text, 3);
            *ret = i + 1;
            return true;
        }
    return false;
}

/* The day's name says nothing that the date does not say; only its shape is looked at. */
static bool take_day_name(struct str *text)
{
    size_t size = 0;
    while (size < text->size &&
           ((text->data[size] | 0x20) >= 'a' && (text->data[size] | 0x20) <= 'z'))
        size++;
    skip(text, size);
    return size >= 3 && size <= 9;
}

struct date {
    int year, month, day, hour, minute, second;
};

static bool take_clock(struct str *text, struct date *date)
{
    return take_number(text, 2, false, &date->hour) && take(text, ":") &&
           take_number(text, 2, false, &date->minute) && take(text, ":") &&
           take_number(text, 2, false, &date->second);
}

/* "06 Nov 1994 08:49:37 GMT" and, with dashes and two digits of the year, its older brother. */
static bool take_date_first(struct str *text, struct date *date)
{
    if (!take_number(text, 2, false, &date->day))
        return false;
    bool old = text->size > 0 && text->data[0] == '-';
    const char *gap = old ? "-" : " ";
    if (!take(text, gap) || !take_month(text, &date->month) || !take(text, gap) ||
        !take_number(text, old ? 2 : 4, false, &date->year))
        return false;
    if (old)
        date->year += date->year >= 70 ? 1900 : 2000;
    return take(text, " ") && take_clock(text, date) && take(text, " GMT");
}

/* "Nov  6 08:49:37 1994": C's asctime(). */
static bool take_month_first(struct str *text, struct date *date)
{
    return take_month(text, &date->month) && take(text, " ") &&
           take_number(text, 2, true, &date->day) && take(text, " ") && take_clock(text, date) &&
           take(text, " ") && take_number(text, 4, false, &date->year);
}

bool http_date_read(struct str value, int64_t *ret_ms)
{
    struct date date = {0};
    if (value.data == NULL || !take_day_name(&value))
        return false;
    bool readable = take(&value, ", ") ? take_date_first(&value, &date)
                                       : take(&value, " ") && take_month_first(&value, &date);
    if (!readable || value.size != 0)
        return false;
    char text[96];
    snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02dZ", date.year, date.month, date.day,
             date.hour, date.minute, date.second);
    return rfc3339_parse(str_of(text), ret_ms);
}

/* Digits, and perhaps a point and more digits. Stops counting once the limit is passed. */
static bool read_seconds(struct str value, int64_t *ret_ms)
{
    int64_t ms = 0;
    size_t at = 0;
    for (; at < value.size && is_digit(value.data[at]); at++)
        if (ms <= RETRY_AFTER_MOST_MS)
            ms = ms * 10 + (int64_t)(value.data[at] - '0') * 1000;
    if (at == 0)
        return false;
    if (at < value.size && value.data[at] == '.') {
        int64_t unit = 100;
        bool rest = false;
        for (at++; at < value.size && is_digit(value.data[at]); at++, unit /= 10) {
            ms += unit * (value.data[at] - '0');
            rest = rest || (unit == 0 && value.data[at] != '0');
        }
        ms += rest ? 1 : 0;
    }
    *ret_ms = ms;
    return at == value.size;
}

int64_t retry_after_read(struct str value, int64_t now_wall_ms)
{
    while (value.size > 0 && (value.data[0] == ' ' || value.data[0] == '\t'))
        skip(&value, 1);
    while (value.size > 0 &&
           (value.data[value.size - 1] == ' ' || value.data[value.size - 1] == '\t'))
        value.size--;
    int64_t ms = 0;
    if (!read_seconds(value, &ms)) {
        if (!http_date_read(value, &ms))
            return -1;
        ms = ms > now_wall_ms ? ms - now_wall_ms : 0;
    }
    return ms < RETRY_AFTER_MOST_MS ? ms : RETRY_AFTER_MOST_MS;
}
