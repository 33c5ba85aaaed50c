#include "worker/core/gate.h"

#include <assert.h>

void gate_init(struct gate *gate, int writes_per_second)
{
    assert(writes_per_second >= 0);
    *gate = (struct gate){.canary = GATE_CANARY_WAITS, .granted_until_ms = INT64_MAX};
    if (writes_per_second == 0)
        return;
    gate->interval_us = 1000000 / writes_per_second;
    /* The first burst is due now, whenever that is. */
    gate->next_us = INT64_MIN / 2;
}

void gate_change(struct gate *gate, int writes_per_second, int64_t now_ms)
{
    assert(writes_per_second >= 0);
    bool had_limit = gate->interval_us > 0;
    if (had_limit == (writes_per_second > 0))
        return;
    gate->interval_us = had_limit ? 0 : 1000000 / writes_per_second;
    gate->granted_until_ms = INT64_MAX;
    gate->next_us = gate->promised_us = now_ms * 1000;
}

int64_t gate_closed_ms(const struct gate *gate, enum gate_scope scope, int64_t now_ms)
{
    int64_t until_ms = now_ms;
    if ((scope & GATE_WRITES) != 0 && until_ms < gate->writes_closed_ms)
        until_ms = gate->writes_closed_ms;
    if ((scope & GATE_READS) != 0 && until_ms < gate->reads_closed_ms)
        until_ms = gate->reads_closed_ms;
    return until_ms - now_ms;
}

/* What is owed for the last writes is owed at the new rate: a small share that was had for a moment
 * shall not hold up a large one. */
static void set_interval(struct gate *gate, int64_t interval_us, int64_t now_us)
{
    if (interval_us == gate->interval_us)
        return;
    if (gate->next_us > now_us) {
        double owed_us = (double)(gate->next_us - now_us);
        gate->next_us =
            now_us + (int64_t)(owed_us * (double)interval_us / (double)gate->interval_us);
    }
    gate->interval_us = interval_us;
}

void gate_grant(struct gate *gate, int64_t millis, int64_t until_ms, int64_t now_ms)
{
    assert(gate->interval_us > 0 && millis >= 0);
    bool had_none = now_ms >= gate->granted_until_ms;
    gate->granted_until_ms = millis > 0 ? until_ms : now_ms;
    if (millis == 0)
        return;
    set_interval(gate, 1000000000 / millis + 1, now_ms * 1000);
    if (had_none && gate->next_us < now_ms * 1000 + gate->interval_us)
        gate->next_us = now_ms * 1000 + gate->interval_us;
}

void gate_give_back(struct gate *gate, unsigned writes)
{
    gate->next_us -= gate->interval_us * writes;
}

static bool may_pass(struct gate *gate, int64_t turn_us, int64_t now_us)
{
    if (gate->next_us > now_us)
        return false;
    if ((turn_us != 0 ? turn_us : gate->promised_us) <= now_us)
        return true;
    if (gate->next_us > now_us - GATE_EMPTY_PLACE_MS * 1000)
        return false;
    gate->promised_us = gate->next_us; /* the queue has holes: it forms anew */
    return true;
}

/* New ones queue; so do those of a queue that has had to form anew, and those whose time was lost,
 * to a throttle or to the loop: they would all come back together. */
static bool must_queue(const struct gate *gate, int64_t turn_us, int64_t now_us)
{
    return turn_us == 0 || turn_us >= gate->promised_us ||
           turn_us < now_us - GATE_ASK_AGAIN_MS * 1000;
}

int64_t gate_ask(struct gate *gate, unsigned writes, int64_t *turn_us, int64_t now_ms)
{
    int64_t closed_ms = gate_closed_ms(gate, GATE_WRITES, now_ms);
    if (closed_ms > 0 || gate->interval_us == 0)
        return closed_ms;
    int64_t now_us = now_ms * 1000;
    if (gate->next_us < now_us - GATE_BURST_MS * 1000)
        gate->next_us = now_us - GATE_BURST_MS * 1000;
    bool passes = now_ms < gate->granted_until_ms && may_pass(gate, *turn_us, now_us);
    if (passes)
        gate->next_us += gate->interval_us * writes;
    if (gate->promised_us < gate->next_us)
        gate->promised_us = gate->next_us;
    if (passes) {
        *turn_us = 0;
        return 0;
    }
    if (must_queue(gate, *turn_us, now_us)) {
        *turn_us = gate->promised_us;
        gate->promised_us += gate->interval_us * writes;
    }
    int64_t due_us = *turn_us > gate->next_us ? *turn_us : gate->next_us;
    int64_t pause_ms = (due_us - now_us) / 1100; /* leaves room for the plan's jitter */
    if (pause_ms > GATE_ASK_AGAIN_MS)
        return GATE_ASK_AGAIN_MS;
    return pause_ms > 0 ? pause_ms : 1;
}

void gate_throttle(struct gate *gate, enum gate_scope scope, int64_t now_ms, int64_t pause_ms)
{
    int64_t until_ms = now_ms + pause_ms;
    if ((scope & GATE_WRITES) != 0 && gate->writes_closed_ms < until_ms)
        gate->writes_closed_ms = until_ms;
    if ((scope & GATE_READS) != 0 && gate->reads_closed_ms < until_ms)
        gate->reads_closed_ms = until_ms;
}

bool gate_dry_run_begin(struct gate *gate)
{
    if (gate->canary == GATE_CANARY_OUT || gate->canary == GATE_CANARY_DEAD)
        return false;
    if (gate->canary == GATE_CANARY_WAITS)
        gate->canary = GATE_CANARY_OUT;
    return true;
}

void gate_dry_run_end(struct gate *gate, enum gate_echo echo)
{
    assert(gate->canary == GATE_CANARY_OUT || gate->canary == GATE_CANARY_BACK);
    if (echo == GATE_ECHO_GOOD)
        gate->canary = GATE_CANARY_BACK;
    else if (gate->canary == GATE_CANARY_OUT)
        gate->canary = echo == GATE_ECHO_DENIED ? GATE_CANARY_DEAD : GATE_CANARY_WAITS;
}

void gate_interlock_cleared(struct gate *gate)
{
    if (gate->canary == GATE_CANARY_DEAD)
        gate->canary = GATE_CANARY_WAITS;
}
