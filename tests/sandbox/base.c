#include "tests/sandbox/base.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

int64_t clock_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void clock_text(int64_t time_ms, char ret_text[TIME_SIZE])
{
    time_t seconds = (time_t)(time_ms / 1000);
    struct tm parts;
    gmtime_r(&seconds, &parts);
    size_t length = strftime(ret_text, TIME_SIZE, "%Y-%m-%dT%H:%M:%S", &parts);
    snprintf(ret_text + length, TIME_SIZE - length, ".%03dZ", (int)(time_ms % 1000));
}

static bool read_digits(const char **cursor, int count, int *ret_value)
{
    int value = 0;
    for (int i = 0; i < count; i++, (*cursor)++) {
        if (!isdigit((unsigned char)**cursor)) {
            return false;
        }
        value = value * 10 + (**cursor - '0');
    }
    *ret_value = value;
    return true;
}

static bool read_char(const char **cursor, const char *allowed)
{
    if (**cursor == '\0' || strchr(allowed, **cursor) == NULL) {
        return false;
    }
    (*cursor)++;
    return true;
}

// The rest after the seconds: a fraction that may be missing, then Z or an offset.
static bool read_zone(const char *cursor, int *ret_ms, int *ret_offset_min)
{
    int digits = 0;
    for (int weight = 100; read_char(&cursor, digits == 0 ? "." : "0123456789"); digits++) {
        if (digits > 0) {
            *ret_ms += (cursor[-1] - '0') * weight;
            weight /= 10;
        }
    }
    if (digits == 1 || digits > 8) { // the point counts: one to seven digits after it
        return false;
    }
    if (read_char(&cursor, "Z")) {
        return *cursor == '\0';
    }
    int sign = *cursor == '-' ? -1 : 1;
    int hours = 0;
    int minutes = 0;
    if (!read_char(&cursor, "+-") || !read_digits(&cursor, 2, &hours) || !read_char(&cursor, ":") ||
        !read_digits(&cursor, 2, &minutes) || hours > 14 || minutes > 59) {
        return false;
    }
    *ret_offset_min = sign * (hours * 60 + minutes);
    return *cursor == '\0';
}

bool clock_parse(const char *text, int64_t *ret_time_ms)
{
    struct tm parts = {0};
    int ms = 0;
    int offset_min = 0;
    const char *cursor = text;
    if (!read_digits(&cursor, 4, &parts.tm_year) || !read_char(&cursor, "-") ||
        !read_digits(&cursor, 2, &parts.tm_mon) || !read_char(&cursor, "-") ||
        !read_digits(&cursor, 2, &parts.tm_mday) || !read_char(&cursor, "T") ||
        !read_digits(&cursor, 2, &parts.tm_hour) || !read_char(&cursor, ":") ||
        !read_digits(&cursor, 2, &parts.tm_min) || !read_char(&cursor, ":") ||
        !read_digits(&cursor, 2, &parts.tm_sec) || !read_zone(cursor, &ms, &offset_min)) {
        return false;
    }
    parts.tm_year -= 1900;
    parts.tm_mon -= 1;
    struct tm normal = parts;
    int64_t seconds = timegm(&normal);
    if (normal.tm_mday != parts.tm_mday || normal.tm_mon != parts.tm_mon || parts.tm_hour > 23 ||
        parts.tm_min > 59 || parts.tm_sec > 59) {
        return false;
    }
    *ret_time_ms = (seconds - (int64_t)offset_min * 60) * 1000 + ms;
    return true;
}

uint64_t random_next(struct random *random)
{
    uint64_t z = random->state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

double random_unit(struct random *random)
{
    return (double)(random_next(random) >> 11) / 9007199254740992.0; // 2^53
}

void guid_make(struct random *random, uint64_t number, char ret_guid[GUID_SIZE])
{
    uint64_t high = random_next(random);
    uint64_t low = number > 0 ? number : random_next(random);
    snprintf(ret_guid, GUID_SIZE, "%08x-%04x-4%03x-8%03x-%012llx", (unsigned)(high >> 32),
             (unsigned)(high >> 16) & 0xffffu, (unsigned)(high >> 4) & 0xfffu,
             (unsigned)(high >> 20) & 0xfffu, (unsigned long long)(low & 0xffffffffffffu));
}

bool guid_valid(const char *text)
{
    size_t i = 0;
    for (; text[i] != '\0' && i < GUID_SIZE; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash ? text[i] != '-' : !isxdigit((unsigned char)text[i])) {
            return false;
        }
    }
    return i == GUID_SIZE - 1;
}

void guid_lower(const char *text, char ret_guid[GUID_SIZE])
{
    for (size_t i = 0; i < GUID_SIZE; i++) {
        ret_guid[i] = (char)tolower((unsigned char)text[i]);
    }
}

uint64_t guid_number(const char *guid)
{
    return strtoull(guid + 24, NULL, 16);
}

void copy_text(char *ret_text, size_t size, const char *text)
{
    size_t length = text == NULL ? 0 : strnlen(text, size - 1);
    if (length > 0) {
        memcpy(ret_text, text, length);
    }
    ret_text[length] = '\0';
}

void *memory_need(void *memory)
{
    if (memory == NULL) {
        abort();
    }
    return memory;
}

static void text_reserve(struct text *text, size_t more)
{
    if (text->size + more + 1 > text->room) {
        text->room = (text->size + more + 1) * 2;
        text->bytes = memory_need(realloc(text->bytes, text->room));
    }
}

void text_add(struct text *text, const void *bytes, size_t size)
{
    text_reserve(text, size);
    if (size > 0) {
        memcpy(text->bytes + text->size, bytes, size);
    }
    text->size += size;
    text->bytes[text->size] = '\0';
}

void text_format(struct text *text, const char *format, ...)
{
    text_reserve(text, 256);
    for (int again = 0; again < 2; again++) {
        va_list arguments;
        va_start(arguments, format);
        int length =
            vsnprintf(text->bytes + text->size, text->room - text->size, format, arguments);
        va_end(arguments);
        if ((size_t)length < text->room - text->size) {
            text->size += (size_t)length;
            return;
        }
        text_reserve(text, (size_t)length);
    }
}

void text_quote(struct text *text, const char *value)
{
    if (value == NULL) {
        text_add(text, "null", 4);
        return;
    }
    text_add(text, "\"", 1);
    const char *run = value;
    for (; *value != '\0'; value++) {
        unsigned char byte = (unsigned char)*value;
        if (byte < 0x20 || byte == '"' || byte == '\\') {
            text_add(text, run, (size_t)(value - run));
            text_format(text, "\\u%04x", (unsigned)byte);
            run = value + 1;
        }
    }
    text_add(text, run, (size_t)(value - run));
    text_add(text, "\"", 1);
}

void text_finish(struct text *text)
{
    free(text->bytes);
    *text = (struct text){0};
}
