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
 * Warnings and errors of one event name are limited: 10 at once, then 1 a second. How many were
 * left out (`suppressed`) says the next line of that name that comes out, or one of its own ten
 * seconds after the last.
 */
enum {
    LOG_LINE_MAX = 4096
}; /* PIPE_BUF of Linux: lines of two threads or processes never mix in a pipe */

/* From now on lines up to `level` go to `out` (stderr), which must stay open. LOG_AUTO: text if it
 * is a terminal, else JSON. Text has colours where terminal.h says so. Before the first call
 * nothing is written. May be called again, to change any of them. */
void log_open(enum log_level level, enum log_format format, FILE *out);

/* No colours, whatever the terminal: --no-color. For good. */
void log_stay_plain(void);

/* The setting log.debug: lines at debug whose event begins with one of these words and a dot are
 * written at any level. */
void log_set_debug(const struct strings *components);

/* So many levels more (SIGUSR1: 1) or fewer (SIGUSR2: -1), as far as there are any. Says so in a
 * line that is written at any level. */
void log_turn(int steps);

/* Says now what was left out, of every name: before the end. */
void log_tell_left_out(void);

/* Is such a line written at all? To save the work of preparing it. */
bool log_wants(enum log_level level, const char *event);

void log_write(enum log_level level, const char *event, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* A line about one request: also carries its record (topic, partition, offset), its tenant, the
 * event's source and id, the correlation id, the trace id, and the request-id of Graph's last
 * answer and the client-request-id of our last call. Never what the event says: no justification,
 * no answer to a question, nobody's name. Nor may the message: not even Graph's sentences, which
 * repeat them. */
void log_request(enum log_level level, const char *event, const struct request *rq,
                 const char *format, ...) __attribute__((format(printf, 4, 5)));

/* The one line of an answered event, "request.answered" at info: besides the above its outcome,
 * whether it is a duplicate, stage and code of its fault, Graph's diagnostic, and the time it took
 * (finished - received). */
void log_answered(const struct request *rq);

/* The one line of a transition, "request.moved" at debug, in the words of the plan:
 * `stage=submit outcome=unknown next=look wait_ms=400 tries=1`. */
void log_moved(const struct request *rq, const struct verdict *verdict);
