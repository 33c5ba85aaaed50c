/*
 * All that is wrong with the settings, at once: each with its place, so that an operator mends a
 * file in one round and an editor can jump.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "config/values.h"
#include "worker/core/error.h"

/* Nobody reads more; what comes after is counted only. */
#define PROBLEMS_MAX 100

/* A path, line and column and the sentence. */
#define PROBLEM_TEXT_SIZE (4096 + 64 + ERROR_TEXT_SIZE)

/*
 * Where a thing was said. `name` is the file's path, the environment variable, or the key of a
 * flag; it may be NULL for LAYER_DEFAULT, which has no place.
 */
struct place {
    struct origin origin;
    const char *name;
};

struct problem {
    bool warning;         /* worth a line, but the worker starts */
    struct origin origin; /* for the order */
    char *text;           /* "usher.yaml:12:11: kafka.window: 30000 is more than 20000" */
};

/* Zeroed: none. */
struct problems {
    struct problem items[PROBLEMS_MAX];
    size_t count;   /* in items */
    size_t errors;  /* all of them, also those that did not fit */
    size_t dropped; /* did not fit */
};

void problems_finish(struct problems *problems);

/*
 * Adds one: "<place>: <setting>: <text>". `setting` is left out where it is NULL or the place
 * already says it. The text is copied.
 */
void problems_add(struct problems *problems, const struct place *place, const char *setting,
                  const char *text);
void problems_warn(struct problems *problems, const struct place *place, const char *setting,
                   const char *text);

/* By file, environment and flags, and by line within the file. Those without a place come first. */
void problems_sort(struct problems *problems);

/* Errors, or warnings, one a line; then how many did not fit. */
void problems_print(const struct problems *problems, bool warnings, FILE *out);
