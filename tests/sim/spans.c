/* Stands for worker/traces.h: a record's trace goes on as it came. */
#include "worker/traces.h"

void traces_begin(struct worker *worker, struct request *rq)
{
    (void)worker, (void)rq;
}

void traces_call(struct worker *worker, struct request *rq, struct http_call *call)
{
    (void)worker;
    call->traceparent = rq->event.traceparent;
    call->tracestate = rq->event.tracestate;
}

void traces_called(struct worker *worker, struct request *rq, const struct http_answer *answer)
{
    (void)worker, (void)rq, (void)answer;
}

void traces_reply(struct worker *worker, struct request *rq)
{
    (void)worker, (void)rq;
}

void traces_leave(struct worker *worker, struct request *rq)
{
    (void)worker, (void)rq;
}
