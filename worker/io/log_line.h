#pragma once

#include "config/settings.h"
#include "worker/core/str.h"
#include "worker/io/log.h"

/* One line of the log while it is put together. For log.c only. */
struct log_line {
    char text[LOG_LINE_MAX];
    size_t size;
    bool json;
};

struct log_stamp {
    char text[sizeof "2026-11-21T22:12:05.123Z"];
};

void log_line_start(struct log_line *line, const struct log_stamp *stamp, enum log_level level,
                    const char *event, const char *message);
/* A field by its ECS name; text leaves out the `usher.` in front. One that has no room left is left
 * out whole. */
void log_line_text(struct log_line *line, const char *name, struct str value);
void log_line_number(struct log_line *line, const char *name, int64_t value);
void log_line_true(struct log_line *line, const char *name);
/* Ends it with a line feed. */
void log_line_end(struct log_line *line);
