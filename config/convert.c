#include "config/convert.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

/* Largest last, so that formatting can walk down. */
struct unit {
    const char *name;
    int64_t factor;
};

#define MS_PER_S      INT64_C(1000)
#define MS_PER_MINUTE (60 * MS_PER_S)
#define MS_PER_HOUR   (60 * MS_PER_MINUTE)
#define MS_PER_DAY    (24 * MS_PER_HOUR)

static const struct unit durations[] = {
    {"ms", 1}, {"s", MS_PER_S}, {"m", MS_PER_MINUTE}, {"h", MS_PER_HOUR}, {"d", MS_PER_DAY},
};
static const struct unit sizes[] = {
    {"B", 1},
    {"KiB", INT64_C(1) << 10},
    {"MiB", INT64_C(1) << 20},
    {"GiB", INT64_C(1) << 30},
};

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static bool parse_digits(const char *text, int64_t *ret_number, size_t *ret_length,
                         struct error *error)
{
    size_t length = strspn(text, "0123456789");
    int64_t number = 0;

    *ret_number = 0;
    *ret_length = length;
    for (size_t i = 0; i < length; i++) {
        if (__builtin_mul_overflow(number, 10, &number) ||
            __builtin_add_overflow(number, text[i] - '0', &number)) {
            return error_set(error, "\"%.40s\" is too large", text);
        }
    }
    *ret_number = number;
    return true;
}

static const struct unit *find_unit(const struct unit *units, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(units[i].name, name) == 0) {
            return &units[i];
        }
    }
    return NULL;
}

bool parse_duration(const char *text, int64_t *ret_ms, struct error *error)
{
    int64_t number;
    size_t length;

    if (!parse_digits(text, &number, &length, error)) {
        return false;
    }
    if (length == 0) {
        return error_set(error,
                         "\"%.40s\" is no duration; write a whole number and a unit, as in 30s",
                         text);
    }
    if (text[length] == '\0') {
        return error_set(error, "%s has no unit; write %ss or %sms (units: ms, s, m, h, d)", text,
                         text, text);
    }
    const struct unit *unit = find_unit(durations, COUNT_OF(durations), text + length);
    if (unit == NULL) {
        return error_set(
            error, "\"%.40s\" is no duration; write one whole number and one of ms, s, m, h, d",
            text);
    }
    if (__builtin_mul_overflow(number, unit->factor, ret_ms)) {
        return error_set(error, "\"%.40s\" is too large", text);
    }
    return true;
}

bool parse_size(const char *text, int64_t *ret_bytes, struct error *error)
{
    int64_t number;
    size_t length;

    if (!parse_digits(text, &number, &length, error)) {
        return false;
    }
    if (length == 0) {
        return error_set(error,
                         "\"%.40s\" is no size; write a whole number and a unit, as in 64MiB",
                         text);
    }
    if (text[length] == '\0') {
        return error_set(error, "%s has no unit; write %sB or %sMiB (units: B, KiB, MiB, GiB)",
                         text, text, text);
    }
    const struct unit *unit = find_unit(sizes, COUNT_OF(sizes), text + length);
    if (unit == NULL) {
        return error_set(error,
                         "\"%.40s\" is no size; write one whole number and one of B, KiB, MiB, GiB",
                         text);
    }
    if (__builtin_mul_overflow(number, unit->factor, ret_bytes)) {
        return error_set(error, "\"%.40s\" is too large", text);
    }
    return true;
}

bool parse_count(const char *text, int64_t *ret_count, struct error *error)
{
    size_t length;

    if (!parse_digits(text, ret_count, &length, error)) {
        return false;
    }
    if (length == 0 || text[length] != '\0') {
        return error_set(error, "\"%.40s\" is no whole number; write digits only, as in 4096",
                         text);
    }
    return true;
}

static void format_unit(int64_t number, const struct unit *units, size_t count, char *ret)
{
    size_t i = count - 1;

    while (i > 0 && (number == 0 || number % units[i].factor != 0)) {
        i--;
    }
    (void)snprintf(ret, NUMBER_TEXT_SIZE, "%" PRId64 "%s", number / units[i].factor, units[i].name);
}

void format_duration(int64_t ms, char ret[NUMBER_TEXT_SIZE])
{
    if (ms == 0) {
        (void)snprintf(ret, NUMBER_TEXT_SIZE, "0s");
        return;
    }
    format_unit(ms, durations, COUNT_OF(durations), ret);
}

void format_size(int64_t bytes, char ret[NUMBER_TEXT_SIZE])
{
    format_unit(bytes, sizes, COUNT_OF(sizes), ret);
}

void format_count(int64_t count, char ret[NUMBER_TEXT_SIZE])
{
    (void)snprintf(ret, NUMBER_TEXT_SIZE, "%" PRId64, count);
}
