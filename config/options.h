/*
 * The option table: one row for each setting, in the order of the annotated file. Parsing,
 * environment, flags, check, print, schema, the starter file and the reference all follow from the
 * row; a new setting is a member in settings.h and a row in options.c.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/convert.h"
#include "config/settings.h"

/* More rows than the tables have; lets a table of one thing for each option live on the stack. */
#define OPTIONS_MAX 128
#define GROUPS_MAX  16

/* `USHER_` and the longest name fit. */
#define ENVIRONMENT_NAME_SIZE 64

/* How the value is written, and what is at `offset`. */
enum option_kind {
    OPTION_TEXT,     /* const char * */
    OPTION_SECRET,   /* const char *; never printed, never taken from a flag. Its row `x_file` comes
                        next */
    OPTION_DURATION, /* int64_t, milliseconds; written with a unit: 20ms 30s 5m 2h 7d */
    OPTION_SIZE,     /* int64_t, bytes; written with a unit: 512B 64KiB 1MiB 1GiB */
    OPTION_COUNT,    /* int; written as digits */
    OPTION_CHOICE,   /* an enum whose values count up from 0, in the order of `choices` */
    OPTION_SWITCH,   /* bool; written as true or false */
    OPTION_LIST,     /* struct strings; a YAML sequence, commas in flags and environment */
    OPTION_MAP,      /* struct pairs; a YAML mapping, NAME=VALUE with commas in the environment */
};

/*
 * What a text must look like. It may tidy the text in place (make it shorter), and says what is
 * wrong without the setting's name. Asked for each item of a list.
 */
typedef bool option_rule(char *text, struct error *error);

struct option {
    const char *name; /* the path with dots: "kafka.brokers" */
    enum option_kind kind;
    size_t offset;              /* in struct settings */
    const char *fallback;       /* the default, written as in the environment */
    int64_t min, max;           /* durations, sizes and counts, both included */
    const char *const *choices; /* NULL at the end; NULL: any text. Also what a list may hold */
    option_rule *rule;          /* NULL: any text */
    const char *follows;        /* the setting that the default depends on; mostly NULL */
    const char *azure; /* the AZURE_* (or OTEL_*: otel.c) variable that stands in for it, or NULL */
    bool paths;        /* of a map: its values are paths of files that hold the real ones */
    bool reload;       /* SIGHUP reads it again (reload.h); the others at start only */
    const char *doc;   /* one to three sentences: what it is, and why the number */
};

/* A group of settings: the mapping in the file that holds them. */
struct option_group {
    const char *name, *doc;
};

extern const struct option options[];
extern const size_t options_count;
extern const struct option_group option_groups[];
extern const size_t option_groups_count;

/* The map of tenants, and the group whose settings may stand under each name of it. */
#define TENANTS_SETTINGS "graph"
extern const struct option_group tenants_group;
bool option_is_of_tenants(const struct option *option);

/* NULL where there is none. */
const struct option *option_find(const char *name);
const struct option_group *option_group_find(const char *name);

size_t option_index(const struct option *option);

/* `x_file` of a secret `x`. */
const struct option *option_file_of(const struct option *secret);

/* The name below its group ("brokers"), and the length of the group's name, 0 where it has none. */
const char *option_key(const struct option *option);
size_t option_group_length(const struct option *option);

/* "USHER_KAFKA_BROKERS" */
void option_environment_name(const struct option *option, char ret[ENVIRONMENT_NAME_SIZE]);

/* The group that the option is the first of, or NULL. */
const struct option_group *option_begins(const struct option *option);

/* `min` or `max` as it is written in a file: "20ms", "64MiB", "4096". */
void option_format(const struct option *option, int64_t number, char ret[NUMBER_TEXT_SIZE]);
