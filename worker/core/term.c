#include "worker/core/term.h"

#include "worker/core/rfc3339.h"

#include <inttypes.h>
#include <stdio.h>

#define SECOND INT64_C(1000)
#define MINUTE (60 * SECOND)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)

/* A number of a duration has at most so many digits: a sum of them never overflows. */
enum { DIGITS_MAX = 6 };
#define LENGTH_MAX (INT64_C(100000) * 366 * DAY)

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* In the order in which they may stand; the last four come after the T. */
static const struct unit {
    char letter;
    bool of_day; /* smaller than a day */
    int64_t most_ms;
} units[] = {
    {'Y', false, 366 * DAY}, {'M', false, 31 * DAY}, {'W', false, 7 * DAY}, {'D', false, DAY},
    {'H', true, HOUR},       {'M', true, MINUTE},    {'S', true, SECOND},
};
enum { UNITS_COUNT = sizeof units / sizeof units[0] };

struct reader {
    const char *at, *end;
};

static bool take(struct reader *in, char c)
{
    if (in->at == in->end || *in->at != c)
        return false;
    in->at++;
    return true;
}

/* False: no digits, or too many. */
static bool take_number(struct reader *in, int64_t *ret, bool *ret_fraction)
{
    const char *start = in->at;
    *ret = 0;
    while (in->at < in->end && is_digit(*in->at) && in->at - start < DIGITS_MAX)
        *ret = *ret * 10 + (*in->at++ - '0');
    bool is_number = in->at > start;
    *ret_fraction = take(in, '.');
    start = in->at;
    while (*ret_fraction && in->at < in->end && is_digit(*in->at))
        in->at++;
    return is_number && (!*ret_fraction || in->at > start);
}

/* The unit of that letter, after those that have been. */
static const struct unit *take_unit(struct reader *in, size_t *next, bool of_day)
{
    for (size_t i = *next; i < UNITS_COUNT; i++) {
        if (units[i].of_day == of_day && take(in, units[i].letter)) {
            *next = i + 1;
            return &units[i];
        }
    }
    return NULL;
}

bool term_parse_duration(struct str text, int64_t *ret_ms)
{
    struct reader in = {text.data, text.data + text.size};
    size_t next = 0;
    int64_t sum_ms = 0;
    bool of_day = false;
    if (!take(&in, 'P') || in.at == in.end)
        return false;
    while (in.at < in.end) {
        int64_t number = 0;
        bool fraction = false;
        if (!of_day && take(&in, 'T'))
            of_day = true;
        if (!take_number(&in, &number, &fraction))
            return false;
        const struct unit *unit = take_unit(&in, &next, of_day);
        if (unit == NULL || (fraction && unit->letter != 'S'))
            return false;
        sum_ms += (number + fraction) * unit->most_ms;
    }
    if (sum_ms > LENGTH_MAX)
        return false;
    *ret_ms = sum_ms;
    return true;
}

static const char *text_of(const cJSON *object, const char *name)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));
    return text != NULL ? text : "";
}

/* Not by its type alone: what a server makes of an end beside it is not known. */
static struct term read_expiration(struct term term, const cJSON *expiration)
{
    const char *type = text_of(expiration, "type");
    const char *end = text_of(expiration, "endDateTime");
    const char *duration = text_of(expiration, "duration");
    bool by_time = strcmp(type, "afterDateTime") == 0 && end[0] != '\0';
    bool by_duration = strcmp(type, "afterDuration") == 0 && duration[0] != '\0';
    term.end = by_time || by_duration ? TERM_SET : TERM_ENDLESS;
    if (!rfc3339_parse(str_of(end), &term.end_ms) && by_time)
        term.end = TERM_UNREADABLE;
    if (duration[0] != '\0' &&
        (!term_parse_duration(str_of(duration), &term.length_ms) || term.length_ms == 0))
        term.end = TERM_UNREADABLE;
    return term;
}

struct term term_read(const cJSON *schedule)
{
    struct term term = {0};
    if (schedule == NULL)
        return term;
    term.end = TERM_ENDLESS;
    const cJSON *recurrence = cJSON_GetObjectItemCaseSensitive(schedule, "recurrence");
    if (recurrence != NULL && !cJSON_IsNull(recurrence))
        return term;
    rfc3339_parse(str_of(text_of(schedule, "startDateTime")), &term.start_ms);
    return read_expiration(term, cJSON_GetObjectItemCaseSensitive(schedule, "expiration"));
}

int64_t term_length_ms(const struct term *term, int64_t wall_ms)
{
    int64_t start_ms = term->start_ms > wall_ms ? term->start_ms : wall_ms;
    int64_t until_end_ms = term->end_ms - start_ms;
    if (term->end_ms == 0)
        return term->length_ms;
    if (until_end_ms <= 0)
        return 0;
    return until_end_ms > term->length_ms ? until_end_ms : term->length_ms;
}

void term_write_length(int64_t length_ms, char ret[TERM_TEXT_SIZE])
{
    static const struct {
        char letter;
        int64_t ms;
    } parts[] = {{'d', DAY}, {'h', HOUR}, {'m', MINUTE}, {'s', SECOND}};
    int64_t left_ms = (length_ms + SECOND - 1) / SECOND * SECOND;
    size_t size = 0;
    ret[0] = '\0';
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        int64_t count = left_ms / parts[i].ms;
        left_ms -= count * parts[i].ms;
        if (count > 0 || (size == 0 && parts[i].letter == 's'))
            size += (size_t)snprintf(ret + size, TERM_TEXT_SIZE - size, "%s%" PRId64 "%c",
                                     size > 0 ? " " : "", count, parts[i].letter);
    }
}
