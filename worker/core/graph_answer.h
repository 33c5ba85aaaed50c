#pragma once

#include "worker/core/request.h"

/* What Graph's answers mean: the class table of the guarantees as pure functions. The HTTP shell (worker/io/http.h) fills a
 * struct http_answer; these turn it into an outcome and keep in the request what the reply will say. Branches on status, on
 * error.code and error.details[].code, never on a message. */

/* How far a call came. */
enum http_reach {
    HTTP_NOT_SENT, /* proved: no byte of the request left (no connection, TLS refused, our own guard before the first send) */
    HTTP_REFUSED,  /* not sent because its claim or dry run was too old at the last moment */
    HTTP_LOST,     /* something was sent, and no whole answer came back */
    HTTP_ANSWERED, /* status line, headers and body are complete */
};

struct http_answer {
    enum http_reach reach;
    int status;             /* 0 unless a status line was read */
    struct str body;        /* valid during the call only; empty if none or unreadable */
    const char *error;      /* what went wrong on the way, a sentence; "" if nothing */
    char request_id[GRAPH_REQUEST_ID_MAX];
    int64_t retry_after_ms; /* -1: the answer carries none */
};

/* Each sets rq->graph, rq->fault, rq->pause_ms as the answer has it, and returns what the stage posts. `lenient`: setting
 * graph.dry_run_echo. */
enum outcome graph_answer_dry_run(struct request *rq, const struct http_answer *answer, bool lenient);
enum outcome graph_answer_submit(struct request *rq, const struct http_answer *answer);

/* A look-up is one or two GETs. look_path() writes the path and query of GET number `step` (0, 1), below graph.base_url, ids escaped; false: there is
 * nothing (more) to ask, or it cannot be looked up. look_read() reads its answer: OUTCOME_COUNT means "ask the next step", else it is the outcome. */
enum { LOOK_PATH_MAX = 2048 };
bool look_path(const struct request *rq, unsigned step, char ret[LOOK_PATH_MAX]);
enum outcome look_read(struct request *rq, unsigned step, const struct http_answer *answer);

/* The path of the two POSTs below graph.base_url (facts: graph 1.1). */
const char *graph_path(enum kind kind);
