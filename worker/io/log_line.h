#pragma once

#include "config/settings.h"
#include "worker/core/str.h"
#include "worker/io/log.h"

/* One line of the log while it is put together. For log.c only. */
struct log_line {
    char text[LOG_LINE_MAX];
    size_t size;
    bool json;
    bool colour; /* of text: level, event and names */
};

struct log_stamp {
    char text[sizeof "2026-11-21T22:12:05.123Z"];
};

/* "error", "warn", "info", "debug" */
const char *log_level_name(enum log_level level);

void log_line_start(struct log_line *line, const struct log_stamp *stamp, enum log_level level,
                    const char *event, const char *message);
/* A field by its ECS name; text leaves out the `usher.` in front. One that has no room left is left
 * out whole. */
void log_line_text(struct log_line *line, const char *name, struct str value);
void log_line_number(struct log_line *line, const char *name, int64_t value);
void log_line_true(struct log_line *line, const char *name);
/* What a line about a request says of it, as far as it is known (log_request()). With a message of
 * any length and whatever stands in the record there is room for all of it, and for as much again
 * as log_answered() adds. */
void log_line_request(struct log_line *line, const struct request *rq);
/* Ends it with a line feed. */
void log_line_end(struct log_line *line);
