#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Is Graph down? Where calls fail one after the other, and not for what is asked, nothing more is
 * asked but one probe, a GET that is no event's. So a Graph that is down is not asked by every
 * event that waits, and no event's attempts are used up meanwhile. What the probe says decides: a
 * Graph that answers it is up, and an event whose call goes on failing is at fault itself. Pure. */

enum {
    /* Failures without an answer in between: a bad gateway now and then stops nobody. Fewer than
     * graph.retry_attempts are by default, so that an event does not end of a Graph that is down.
     */
    CIRCUIT_FAILURES = 3,
    /* The first probe goes at once, so that a false alarm costs one call. Then a second later, and
     * twice as late each, up to where an outage that is over stops us for a quarter of a minute. */
    CIRCUIT_PROBE_AGAIN_MS = 1000,
    CIRCUIT_PROBE_MOST_MS = 15000,
    CIRCUIT_DOUBT_MS = 100,      /* who waits for the first probe asks again so soon … */
    CIRCUIT_ASK_AGAIN_MS = 1000, /* … and at the latest so late for another */
};

enum circuit_state {
    CIRCUIT_CLOSED, /* calls go */
    CIRCUIT_OPEN,   /* none goes until the probe is due */
    CIRCUIT_PROBES, /* the probe is under way */
};

struct circuit {
    enum circuit_state state;
    unsigned failures; /* in a row */
    unsigned probes;   /* that have failed since it opened; 0: it may be a false alarm */
    int64_t probe_ms;  /* when the next one is due */
    int64_t opened_ms;
};

/* How a call of an event's ended: Graph was there, or not. Each is true where that closes, or
 * opens, the circuit. An answer to a call that was under way closes it too. */
bool circuit_worked(struct circuit *circuit);
bool circuit_failed(struct circuit *circuit, int64_t now_ms);

/* May a call go? 0: yes. Else the milliseconds after which to ask again. */
int64_t circuit_ask(const struct circuit *circuit);

/* It is sure: a probe has failed too. From then on no failure is an event's. */
bool circuit_is_down(const struct circuit *circuit);

/* Is the probe to be sent now? True: it is on its way, and circuit_probed() follows. */
bool circuit_probe_begin(struct circuit *circuit, int64_t now_ms);
/* It has ended. True: the circuit is closed by it. */
bool circuit_probed(struct circuit *circuit, bool good, int64_t now_ms);
/* When the probe is due; INT64_MAX: none is. */
int64_t circuit_wake_ms(const struct circuit *circuit);
