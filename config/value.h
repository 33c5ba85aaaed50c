/*
 * One value of one option: from text into struct settings and back. Knows kinds, ranges, choices
 * and rules; knows nothing of files, environment or places. Errors say what is wrong with the
 * value, without the option's name, and never show a secret.
 */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "config/options.h"
#include "config/settings.h"

/* A path is at most this long on Linux, and no other text needs more. Secrets: SECRET_SIZE_MAX. */
#define TEXT_LENGTH_MAX 4096

/* Of a setting, a group, a tenant or a property of librdkafka; longer ones are mistakes. */
#define KEY_LENGTH_MAX 127

/* Sets a text, secret, duration, size, count or choice. On an error the value stays as it was. */
bool value_set(struct settings *settings, const struct option *option, const char *text,
               struct error *error);

/* Adds to a list, which value_clear() empties. */
bool value_add(struct settings *settings, const struct option *option, const char *item,
               struct error *error);

/* Puts a pair into a map, in the place of one with the same name. */
bool value_put(struct settings *settings, const struct option *option, const struct pair *pair,
               struct error *error);

/* What `from` holds, in the place of what `to` holds. */
void value_copy(struct settings *to, const struct settings *from, const struct option *option);

/* Whether both hold the same; of a map also in another order. */
bool value_equals(const struct settings *a, const struct settings *b, const struct option *option);

/* What each holds, in the place of what the other does. */
void value_swap(struct settings *a, struct settings *b, const struct option *option);

/* Frees what the option holds and zeroes it. */
void value_clear(struct settings *settings, const struct option *option);

/* Text and secret options only. */
const char *value_text(const struct settings *settings, const struct option *option);

/* NULL where the option is no list or map. */
const struct strings *value_list(const struct settings *settings, const struct option *option);
const struct pairs *value_map(const struct settings *settings, const struct option *option);

/*
 * Writes a duration, size, count or choice as value_set() reads it, and any other single text as a
 * YAML scalar, quoted where it has to be. A secret that is set is written as <hidden>.
 */
void value_print(const struct settings *settings, const struct option *option, FILE *out);

/* A text as a YAML scalar: plain where that is safe, else in double quotes. */
void yaml_print_text(const char *text, FILE *out);

/* The same in double quotes always, as JSON wants it. */
void json_print_text(const char *text, FILE *out);
