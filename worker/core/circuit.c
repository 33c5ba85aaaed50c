#include "worker/core/circuit.h"

#include <assert.h>

bool circuit_worked(struct circuit *circuit)
{
    bool closes = circuit->state != CIRCUIT_CLOSED;
    circuit->failures = 0;
    /* A probe that is under way is waited for: it then says no more. */
    if (circuit->state == CIRCUIT_OPEN)
        circuit->state = CIRCUIT_CLOSED;
    else
        closes = false;
    return closes;
}

bool circuit_failed(struct circuit *circuit, int64_t now_ms)
{
    if (circuit->state != CIRCUIT_CLOSED || ++circuit->failures < CIRCUIT_FAILURES)
        return false;
    *circuit = (struct circuit){
        .state = CIRCUIT_OPEN,
        .probe_ms = now_ms,
        .opened_ms = now_ms,
    };
    return true;
}

int64_t circuit_ask(const struct circuit *circuit)
{
    if (circuit->state == CIRCUIT_CLOSED)
        return 0;
    return circuit->probes > 0 ? CIRCUIT_ASK_AGAIN_MS : CIRCUIT_DOUBT_MS;
}

bool circuit_is_down(const struct circuit *circuit)
{
    return circuit->state != CIRCUIT_CLOSED && circuit->probes > 0;
}

bool circuit_probe_begin(struct circuit *circuit, int64_t now_ms)
{
    if (circuit->state != CIRCUIT_OPEN || now_ms < circuit->probe_ms)
        return false;
    circuit->state = CIRCUIT_PROBES;
    return true;
}

bool circuit_probed(struct circuit *circuit, bool good, int64_t now_ms)
{
    assert(circuit->state == CIRCUIT_PROBES);
    if (good) {
        circuit->state = CIRCUIT_CLOSED;
        circuit->failures = 0;
        return true;
    }
    int64_t pause_ms = CIRCUIT_PROBE_AGAIN_MS;
    for (unsigned i = 0; i < circuit->probes && pause_ms < CIRCUIT_PROBE_MOST_MS; i++)
        pause_ms *= 2;
    if (pause_ms > CIRCUIT_PROBE_MOST_MS)
        pause_ms = CIRCUIT_PROBE_MOST_MS;
    circuit->probes++;
    circuit->state = CIRCUIT_OPEN;
    circuit->probe_ms = now_ms + pause_ms;
    return false;
}

int64_t circuit_wake_ms(const struct circuit *circuit)
{
    return circuit->state == CIRCUIT_OPEN ? circuit->probe_ms : INT64_MAX;
}
