#include "worker/core/partition.h"

void partition_note_loss(struct partition *partition, const struct witness *before)
{
    if (partition->ledger.frontier >= partition->forgotten_end)
        partition->forgotten = *before;
    partition->forgotten_end = partition->ledger.end;
}

const struct witness *partition_witness(const struct partition *partition,
                                        const struct ledger *ledger, const struct witness *now)
{
    bool open = ledger->frontier < ledger->touched || !witness_is_known(now);
    if (open && witness_is_known(&partition->inherited))
        return &partition->inherited;
    if (ledger->frontier < partition->forgotten_end && witness_is_known(&partition->forgotten))
        return &partition->forgotten;
    return now;
}
