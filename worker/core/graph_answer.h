#pragma once

#include "worker/core/request.h"
#include "worker/core/throttle.h"

/* What Graph's answers mean: the class table of the guarantees as pure functions. The HTTP shell
 * (worker/io/http.h) fills a struct http_answer; these turn it into an outcome and keep in the
 * request what the reply will say. Branches on status, on error.code and error.details[].code,
 * never on a message. The look-up is in look.h. */

/* How far a call came. */
enum http_reach {
    HTTP_NOT_SENT, /* proved: no byte of the request left (no connection, TLS refused, no token) */
    HTTP_REFUSED,  /* not sent because its claim or dry run was too old at the last moment */
    HTTP_LOST,     /* something was sent, and no whole answer came back */
    HTTP_ANSWERED, /* status line, headers and body are complete; a body over HTTP_BODY_MAX counts
                    * as complete too, but comes empty and with `error` set */
};

struct http_answer {
    enum http_reach reach;
    bool timed_out;    /* lost: because graph.timeout passed */
    bool untried;      /* not sent, and nobody tried to: no token, a throttled Graph, the end */
    int status;        /* 0 unless a status line was read; a lost answer may have one */
    struct str body;   /* valid during the call only; empty if none or unreadable */
    const char *error; /* what went wrong on the way, a sentence without full stop; "" if nothing */
    char request_id[GRAPH_REQUEST_ID_MAX];
    char diagnostic[GRAPH_DIAGNOSTIC_MAX];
    int64_t retry_after_ms; /* -1: the answer carries none (retry_after.h) */
    int used_permille;      /* of the limit, as Graph says (throttle.h); 0: it does not say */
    enum gate_scope scope;  /* what a 429 is about; 0 is taken for GATE_ALL */
    int64_t date_wall_ms;   /* the server's clock, whole seconds; 0: it did not say */
    int64_t took_us;        /* the call itself, without waiting for room; 0: not known */
};

/* Each sets rq->graph, rq->fault, rq->pause_ms as the answer has it, and returns what the stage
 * posts. Graph's object is kept as it came, in beta's shape or in v1.0's; what it says of states is
 * for the reply's reader, and decides nothing here.
 *
 * Dry run (`lenient`: setting graph.dry_run_echo): ok validated exists open early invalid unsafe
 * paced failed. 2xx passes only with "isValidationOnly": true in its object. Lenient, it may be
 * missing there, or the body be empty; one that says false, or cannot be read, is unsafe all the
 * same.
 *
 * Submit: ok exists open early invalid paced stale unknown. Any 2xx is ok, its body readable or
 * not, and so is a lost answer whose status line said 2xx. What is neither a definite answer of
 * Graph's nor proved unsent is unknown. */
enum outcome graph_answer_dry_run(struct request *rq, const struct http_answer *answer,
                                  bool lenient);
enum outcome graph_answer_submit(struct request *rq, const struct http_answer *answer);

/* Has anything of the call left? If not, it is no attempt (contract 3). */
bool graph_was_called(const struct http_answer *answer);

/* A 401 that a new token may cure, or a 403 that is `challenged` (it says what claims the token
 * must have), and after which the call may be sent again. For a real request only with Graph's own
 * error body: anything else may come from elsewhere, behind a Graph that applied it. */
bool graph_answer_wants_token(const struct http_answer *answer, bool challenged, bool for_real);
