/*
 * Loads settings from texts, and lays what is wrong with them beside what is expected.
 */
#pragma once

#include "config/load.h"

/* At most this many flags or variables, NULL at the end. */
#define HARNESS_TEXTS_MAX 16

struct texts {
    const char *items[HARNESS_TEXTS_MAX];
};

struct loaded {
    enum load result;
    struct settings settings;
    char *problems; /* errors, then warnings, a line each; the file is called usher.yaml */
};

/* `yaml` NULL: no file. `checker` may be NULL. Ends the test only where the machine fails. */
void harness_load(struct loaded *loaded, const char *yaml, const struct texts *environment,
                  const struct texts *flags, property_checker *checker);
void harness_unload(struct loaded *loaded);

/* What a function prints into a stream; heap. */
char *harness_printed(void (*print)(const void *what, FILE *out), const void *what);

/* All of a file of the project, by its path from the root; heap, or a failed test. */
char *harness_source(const char *path);
