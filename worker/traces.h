#pragma once

#include "worker/core/error.h"
#include "worker/core/request.h"
#include "worker/io/http.h"
#include "worker/io/otlp.h"

struct worker;

/* A request's part of its trace: what it carries on, and, where traces.endpoint is set, the spans
 * of it: `process` for the whole, one for each call to Graph, `send` for the reply.
 *
 * Without an endpoint a record's traceparent goes to Graph and into the reply as it came. With one
 * they name our spans. One that is malformed is ignored, and a new trace begun, in any case
 * (contract 2, W3C Trace Context 3.2). */
struct traces;

/* False: `error` names the setting. Without traces.endpoint there is nothing to be opened. */
bool traces_open(struct worker *worker, struct error *error);
/* Waits at most two seconds for what has not been sent; not at all where `at_once`. The loop must
 * still turn. */
void traces_close(struct worker *worker, bool at_once);
/* NULL: off. */
const struct otlp_stats *traces_stats(const struct worker *worker);

/* For stages.c, in this order. Once the event was read: */
void traces_begin(struct worker *worker, struct request *rq);
/* Sets the call's traceparent and tracestate. One call at a time. */
void traces_call(struct worker *worker, struct request *rq, struct http_call *call);
/* It was answered; asked before rq->attempts counts it. */
void traces_called(struct worker *worker, struct request *rq, const struct http_answer *answer);
/* Its reply is about to be made; may be said more than once. */
void traces_reply(struct worker *worker, struct request *rq);
/* It is answered (STAGE_DONE), or dropped. */
void traces_leave(struct worker *worker, struct request *rq);
