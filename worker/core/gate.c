#include "worker/core/gate.h"

#include <assert.h>

void gate_init(struct gate *gate, int writes_per_second)
{
    assert(writes_per_second >= 0);
    *gate = (struct gate){.canary = GATE_CANARY_WAITS};
    if (writes_per_second == 0)
        return;
    gate->interval_us = 1000000 / writes_per_second;
    /* The first burst is due now, whenever that is. */
    gate->next_us = INT64_MIN / 2;
}

int64_t gate_ask_look(const struct gate *gate, int64_t now_ms)
{
    return now_ms < gate->closed_until_ms ? gate->closed_until_ms - now_ms : 0;
}

int64_t gate_ask(struct gate *gate, unsigned writes, int64_t now_ms)
{
    int64_t closed_ms = gate_ask_look(gate, now_ms);
    if (closed_ms > 0 || gate->interval_us == 0)
        return closed_ms;
    int64_t now_us = now_ms * 1000;
    if (gate->next_us < now_us - GATE_BURST_MS * 1000)
        gate->next_us = now_us - GATE_BURST_MS * 1000;
    if (gate->next_us <= now_us) {
        gate->next_us += gate->interval_us * writes;
        return 0;
    }
    if (gate->promised_us < gate->next_us)
        gate->promised_us = gate->next_us;
    else
        gate->promised_us += gate->interval_us * writes;
    return (gate->promised_us - now_us + 999) / 1000;
}

void gate_throttle(struct gate *gate, int64_t now_ms, int64_t pause_ms)
{
    if (gate->closed_until_ms < now_ms + pause_ms)
        gate->closed_until_ms = now_ms + pause_ms;
}

bool gate_dry_run_begin(struct gate *gate)
{
    if (gate->canary == GATE_CANARY_OUT)
        return false;
    if (gate->canary == GATE_CANARY_WAITS)
        gate->canary = GATE_CANARY_OUT;
    return true;
}

void gate_dry_run_end(struct gate *gate, bool good)
{
    assert(gate->canary != GATE_CANARY_WAITS);
    if (good)
        gate->canary = GATE_CANARY_BACK;
    else if (gate->canary == GATE_CANARY_OUT)
        gate->canary = GATE_CANARY_WAITS;
}
