/* Stands for worker/io/log.h: with --trace the words of the plan, otherwise nothing. */
#include "tests/sim/node.h"

#include "worker/io/log.h"

#include <stdarg.h>
#include <stdio.h>

bool log_wants(enum log_level level, const char *event)
{
    (void)level;
    (void)event;
    return node_running() != NULL && node_running()->world->trace;
}

void log_write(enum log_level level, const char *event, const char *format, ...)
{
    (void)format;
    if (log_wants(level, event))
        world_trace(node_running()->world, "worker %u: %s", node_running()->index, event);
}

void log_request(enum log_level level, const char *event, const struct request *rq,
                 const char *format, ...)
{
    (void)format;
    if (log_wants(level, event) && rq->record.topic == NULL) /* Graph's probe */
        log_write(level, event, "of no record");
    else if (log_wants(level, event))
        world_trace(node_running()->world, "worker %u: %s of record %d", node_running()->index,
                    event, record_of(rq)->number);
}

void log_answered(const struct request *rq)
{
    (void)rq;
}

void log_moved(const struct request *rq, const struct verdict *verdict)
{
    if (!log_wants(LOG_DEBUG, "request.moved"))
        return;
    world_trace(node_running()->world,
                "worker %u: record %d: stage=%s outcome=%s move=%s next=%s doubt=%s wait_ms=%d "
                "tries=%u%s%s",
                node_running()->index, record_of(rq)->number, stage_name(rq->stage),
                outcome_name(rq->outcome), move_name(verdict->move), stage_name(verdict->next),
                doubt_name(verdict->doubt), (int)verdict->pause_ms, rq->tries,
                rq->fault.code[0] != '\0' ? " code=" : "", rq->fault.code);
}
