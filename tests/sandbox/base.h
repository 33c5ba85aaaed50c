#pragma once
// The small things that every file of the sandbox needs: clock, GUIDs, random numbers, growing
// text. Memory that cannot be had ends the program: it is a test tool, and a half-made answer would
// lie.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GUID_SIZE 37 // 36 characters and the NUL
#define TIME_SIZE 32 // "2026-01-02T03:04:05.678Z" and room to spare

// Milliseconds since 1970, and the same as RFC 3339 text in UTC.
int64_t clock_ms(void);
void clock_text(int64_t time_ms, char ret_text[TIME_SIZE]);

// Reads RFC 3339 with at most seven digits of a second's fraction, as Edm.DateTimeOffset has them.
bool clock_parse(const char *text, int64_t *ret_time_ms);

// splitmix64: the same seed gives the same ids, tokens and coin throws.
struct random {
    uint64_t state;
};
uint64_t random_next(struct random *random);
double random_unit(struct random *random); // 0 <= x < 1

// A GUID whose last twelve digits are `number`, so that an id finds its row without a table.
// number 0: those digits are random too.
void guid_make(struct random *random, uint64_t number, char ret_guid[GUID_SIZE]);
bool guid_valid(const char *text);
void guid_lower(const char *text, char ret_guid[GUID_SIZE]); // text is a valid GUID
uint64_t guid_number(const char *guid);                      // guid is a valid GUID

// Copies as much as fits and always ends with NUL; text may be NULL (an empty copy).
void copy_text(char *ret_text, size_t size, const char *text);

// Text that grows. Zeroed is empty. bytes is NULL while nothing was added, else ends with NUL.
struct text {
    char *bytes;
    size_t size;
    size_t room;
};
void text_add(struct text *text, const void *bytes, size_t size);
void text_format(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_quote(struct text *text, const char *value); // as a JSON string; NULL: the word null
void text_finish(struct text *text);

// Gives memory back as it came, or ends the program when it is NULL.
void *memory_need(void *memory);
