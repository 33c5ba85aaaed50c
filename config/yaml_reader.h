/*
 * libyaml's events one by one, for yaml.c. What YAML can do beyond mappings, lists and texts is
 * refused here.
 *
 * `event` is the current one. Each function that takes a node in steps past it. Once `over` is true
 * nothing moves, and what is wrong has been said.
 */
#pragma once

#include <stdbool.h>
#include <yaml.h>

#include "config/file.h"
#include "config/loader.h"

struct reader {
    struct loader *loader;
    const char *path;
    const struct file *file;
    yaml_parser_t parser;
    yaml_event_t event;
    bool over; /* the end, or an error after which nothing can be read */
};

/* False: not UTF-8, which has been said. Finish it in any case. */
bool reader_init(struct reader *reader, struct loader *loader, const char *path,
                 const struct file *file);
void reader_finish(struct reader *reader);

/* To the next event. */
void reader_advance(struct reader *reader);

/* Over the current node, whatever is in it. */
void reader_skip(struct reader *reader);

/* Where the current event begins. */
struct place reader_place(const struct reader *reader);

/* The text of a scalar, as long as it is current; NULL for anything else, and for one with a NUL in
 * it. */
const char *reader_scalar(const struct reader *reader);

/* Nothing after the colon. */
bool reader_is_nothing(const struct reader *reader);

/* A bare ~ or null. */
bool reader_is_null_word(const struct reader *reader);

/* Says what is wrong with the current event. `setting` may be NULL. */
void reader_complain(struct reader *reader, const char *setting, const char *text);
