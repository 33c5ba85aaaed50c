/*
 * From file, environment and flags to struct settings.
 *
 * Precedence: flag, environment (USHER_X), file, AZURE_* variables, default. A list of a higher
 * layer takes the place of the lower one's; the properties of kafka.librdkafka are taken one by
 * one. Of a secret `x` and its `x_file`, the one of the higher layer counts and the other is
 * emptied; both in one layer is an error.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "config/problems.h"
#include "config/settings.h"

/* Read where no file is named, if it is there. */
#define SETTINGS_FILE_DEFAULT "/etc/usher/usher.yaml"

/* Instead of a file: standard input; and what it is called where a file's name would stand. */
#define SETTINGS_STDIN       "-"
#define SETTINGS_STDIN_SHOWN "<stdin>"

/* An annotated file with every setting has 10 KiB; what has more is something else. */
#define SETTINGS_FILE_SIZE_MAX (1 << 20)

/*
 * Whether librdkafka knows the property and takes the value; the error says what is wrong without
 * the value where property_is_secret(). config/ links no librdkafka, so the Kafka code gives this.
 */
typedef bool property_checker(const char *name, const char *value, struct error *error);

struct settings_source {
    const char *file; /* NULL: SETTINGS_FILE_DEFAULT if it exists; "": none; SETTINGS_STDIN */
    const char *const *flags;         /* KEY=VALUE each; later ones win */
    size_t flags_count;               /* 0: none */
    char *const *environment;         /* `environ`; NULL: none */
    property_checker *check_property; /* NULL: unknown properties of librdkafka are not found */
};

enum load {
    LOAD_OK,      /* there may be warnings */
    LOAD_NO_FILE, /* the file that was asked for cannot be read: exit 66 */
    LOAD_INVALID, /* exit 78 */
};

/*
 * Fills `settings`, which settings_finish() frees, and adds to `problems` all that is wrong,
 * sorted. Unless it returns LOAD_OK, `settings` is zeroed.
 */
enum load settings_load(struct settings *settings, const struct settings_source *source,
                        struct problems *problems);
