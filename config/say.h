/*
 * What the checks say of settings that have been read, each at its place.
 */
#pragma once

#include "config/loader.h"

/* The row of this name, which exists. */
const struct option *loader_option(const char *name);

/* Adds a problem, or a warning, at the place where the setting was said, or near it; settings that
 * the text names get the names that the operator knows. */
__attribute__((format(printf, 4, 5))) void loader_say(struct loader *loader, bool warning,
                                                      const char *name, const char *format, ...);

/* check_admin.c: what the settings under admin say together. */
void check_admin(struct loader *loader);
/* check_files.c: secrets in files that every user of the machine can read, and properties that are
 * set in two places. */
void check_files(struct loader *loader);
