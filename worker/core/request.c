#include "worker/core/request.h"

#include <stdlib.h>

void request_init(struct request *rq, const struct record *record, struct partition *partition,
                  int64_t wall_ms)
{
    *rq = (struct request){
        .record = *record,
        .partition = partition,
        .epoch = partition->epoch,
        .received_wall_ms = wall_ms,
    };
}

void request_finish(struct request *rq)
{
    event_finish(&rq->event);
    fault_clear(&rq->fault);
    free(rq->graph.object);
    free(rq->graph.page);
    free(rq->stored);
    *rq = (struct request){0};
}

bool request_is_expired(const struct request *rq, int64_t wall_ms)
{
    return rq->event.expiry_ms != 0 && rq->event.expiry_ms <= wall_ms;
}

const struct witness *request_witness(const struct request *rq)
{
    const struct partition *partition = rq->partition;
    bool touched = rq->record.offset < partition->ledger.touched;
    return touched && witness_is_known(&partition->inherited) ? &partition->inherited : NULL;
}

bool request_may_have_been_sent(const struct request *rq)
{
    if (rq->doubt == DOUBT_SENT || rq->doubt == DOUBT_FORGOTTEN)
        return true;
    bool unsent =
        rq->run == RUN_POSTED && (rq->outcome == OUTCOME_PACED || rq->outcome == OUTCOME_STALE);
    return rq->stage == STAGE_SUBMIT && !unsent;
}
