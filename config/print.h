/*
 * What can be printed of the option table: the settings as they are, the starter file, the schema
 * and the reference. All but the first are the same for every build and are checked in beside this
 * file (config/usher.yaml, config/schema.json, the tables of config/README.md).
 */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "config/settings.h"

/* YAML that settings_load() reads back; behind each value where it came from. Secrets are <hidden>.
 */
void settings_print(const struct settings *settings, FILE *out);

/* The same values as one JSON object, which settings_load() reads as well. `show_origin`: in the
 * place of each value {"value": ..., "origin": "usher.yaml:3:5"}. */
void settings_print_json(const struct settings *settings, bool show_origin, FILE *out);

/* "default", "usher.yaml:3:5", "environment USHER_X", "flag -s x". `tenant` NULL: the worker's. */
struct option;
struct origin_of {
    const struct settings *settings;
    const char *tenant;
    const struct option *option;
    const struct origin *origin;
};
void origin_print(const struct origin_of *of, FILE *out);

/* An annotated file with every setting at its default. */
void starter_print(FILE *out);

/* JSON Schema 2020-12 of the file, for editors and charts. */
void schema_print(FILE *out);

/* Markdown: every setting, and the properties of librdkafka that the worker owns. */
void reference_print(FILE *out);
