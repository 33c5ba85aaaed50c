#pragma once

#include "config/settings.h"
#include "worker/core/plan.h"

#include <stdio.h>

/*
 * The worker's log: one line for each event of the worker, one write(2) for each line, from any
 * thread.
 *
 * `event` is the stable name of what happened (ECS event.action), a literal such as
 * "kafka.assigned": a thing, a dot, what became of it. The message is one sentence without full
 * stop. Off a terminal a line is one JSON object in the order of ECS logging (@timestamp,
 * log.level, message, ecs.version …), on a terminal text. A line is at most LOG_LINE_MAX bytes;
 * what is longer is cut. Bytes that are not UTF-8 come out as \xNN, control characters and those
 * that turn text around as \uNNNN, so a hostile event cannot forge a line. There is no formatter
 * for secrets: never pass one.
 *
 * Warnings and errors of one event name are limited: 10 at once, then 1 a second; the next line
 * that comes out says how many were left out (`suppressed`).
 */
enum {
    LOG_LINE_MAX = 4096
}; /* PIPE_BUF of Linux: lines of two threads or processes never mix in a pipe */

/* From now on lines up to `level` go to `out` (stderr), which must stay open. LOG_AUTO: text if it
 * is a terminal, else JSON. Before the first call nothing is written. May be called again, to
 * change any of them. */
void log_open(enum log_level level, enum log_format format, FILE *out);

/* Is a line of this level written at all? To save the work of preparing it. */
bool log_wants(enum log_level level);

void log_write(enum log_level level, const char *event, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* A line about one request: also carries its record (topic, partition, offset), the event's source
 * and id, and its trace id. */
void log_request(enum log_level level, const char *event, const struct request *rq,
                 const char *format, ...) __attribute__((format(printf, 4, 5)));

/* The one line of an answered event, "request.answered" at info: besides the above its outcome,
 * whether it is a duplicate, stage and code of its fault, Graph's request ids, the correlation id,
 * and the time it took (finished - received). */
void log_answered(const struct request *rq);

/* The one line of a transition, "request.moved" at debug, in the words of the plan:
 * `stage=submit outcome=unknown next=look wait_ms=400 tries=1`. */
void log_moved(const struct request *rq, const struct verdict *verdict);
