/*
 * Numbers as people write them: `30s`, `64MiB`, `4096`. An error says what is wrong with the text,
 * without the setting's name.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "worker/core/error.h"

/* Enough for any int64_t with its unit. */
#define NUMBER_TEXT_SIZE 32

/* A whole number and one of ms, s, m, h, d; a bare number is refused, 0 too: write 0s. */
bool parse_duration(const char *text, int64_t *ret_ms, struct error *error);

/* A whole number and one of B, KiB, MiB, GiB. */
bool parse_size(const char *text, int64_t *ret_bytes, struct error *error);

/* Digits only. */
bool parse_count(const char *text, int64_t *ret_count, struct error *error);

/* The shortest text that the parser above reads back as the same number, with the largest unit that
 * fits. */
void format_duration(int64_t ms, char ret[NUMBER_TEXT_SIZE]);
void format_size(int64_t bytes, char ret[NUMBER_TEXT_SIZE]);
void format_count(int64_t count, char ret[NUMBER_TEXT_SIZE]);
