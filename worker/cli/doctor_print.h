#pragma once

#include "config/settings.h"

#include <stdbool.h>

/* Looks at what the worker needs (worker/doctor.h) and prints what is found: a line for each thing,
 * or one JSON object (config/schemas/doctor.schema.json). `areas` is of enum doctor_area. Returns
 * the exit code; does not return where something still waits for an answer that does not come. */
int doctor_print(const struct settings *settings, unsigned areas, bool json);

/* "kafka,graph" as areas; 0: a word is none of them. */
unsigned doctor_areas_read(const char *list);
