/*
 * What can be printed of the option table: the settings as they are, the starter file, the schema
 * and the reference. All but the first are the same for every build and are checked in beside this
 * file (config/usher.yaml, config/schema.json, the tables of config/README.md).
 */
#pragma once

#include <stdio.h>

#include "config/settings.h"

/* YAML that settings_load() reads back; behind each value where it came from. Secrets are <hidden>.
 */
void settings_print(const struct settings *settings, FILE *out);

/* An annotated file with every setting at its default. */
void starter_print(FILE *out);

/* JSON Schema 2020-12 of the file, for editors and charts. */
void schema_print(FILE *out);

/* Markdown: every setting, and the properties of librdkafka that the worker owns. */
void reference_print(FILE *out);
