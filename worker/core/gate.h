#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Pacing: when may the next call to Graph go? Three things hold calls back: this worker's share of
 * graph.writes_per_second (pace.h), a throttled Graph (guarantee I13), and, until the first dry run
 * since start has come back with its echo, the canary: one dry run at a time (contract 6). Pure:
 * `now_ms` is the loop's clock. What is held back is no fault of an event: the stage posts `paced`
 * with the time given here. */

enum {
    /* How far the writes may lie behind their times and still catch up: what may go at once after a
     * pause is a tenth of a second's worth and one. Graph counts over 150 s and would stand more,
     * but whoever watches one second shall see the rate that is set. */
    GATE_BURST_MS = 100,
    /* The longest that one who waits is told to wait. So the places of those who leave (a partition
     * moves) are seen to be empty, and cost at most a poll a second of each. */
    GATE_ASK_AGAIN_MS = 1000,
    /* A time that is unused for so long belongs to one who left: whoever asks may have it, and the
     * queue forms anew. Well below GATE_BURST_MS, so that it is not lost. */
    GATE_EMPTY_PLACE_MS = 50,
    /* How soon to ask again while the canary is out: about one call to Graph. */
    GATE_CANARY_MS = 100,
};

/* What of Graph is throttled (throttle.h); bits. */
enum gate_scope { GATE_WRITES = 1, GATE_READS = 2, GATE_ALL = 3 };

enum gate_canary {
    GATE_CANARY_WAITS, /* no good echo yet, no dry run under way */
    GATE_CANARY_OUT,   /* no good echo yet, one dry run is under way */
    GATE_CANARY_BACK,  /* a dry run was echoed: no limit any more */
    GATE_CANARY_DEAD,  /* the one under way was no dry run: none goes until the interlock is cleared
                        */
};

/* What a dry run's answer was. */
enum gate_echo {
    GATE_ECHO_NONE, /* it says nothing: refused, throttled, lost */
    GATE_ECHO_GOOD,
    GATE_ECHO_DENIED, /* it may have been a grant: the interlock is raised, and that takes a moment
                       */
};

struct gate {
    int64_t interval_us;      /* between two writes; 0: no limit */
    int64_t granted_until_ms; /* how long it holds; then nothing is written */
    int64_t next_us;          /* when the next write is due */
    int64_t promised_us;      /* the end of the queue: the first time promised to nobody */
    int64_t writes_closed_ms, reads_closed_ms; /* throttled until then */
    enum gate_canary canary;
};

/* `writes_per_second` 0: no limit. Else it is all ours, for good, until a grant says otherwise. */
void gate_init(struct gate *gate, int writes_per_second);

/* `writes_per_second` is another from now on: throttles, the canary and what is owed for the last
 * writes stay. From no limit to one: as in gate_init(), but without a burst. Between two limits
 * nothing changes before the next grant. */
void gate_change(struct gate *gate, int writes_per_second, int64_t now_ms);

/* Our share from now until `until_ms`, in thousandths of a write a second; 0: none. Not for a gate
 * without limit. What is not used of an earlier one is not saved up, and after a time without one
 * even the first write waits for its interval: all replicas may begin together. */
void gate_grant(struct gate *gate, int64_t millis, int64_t until_ms, int64_t now_ms);

/* May so many POSTs go from now on? 0: yes, and they are counted: an event takes its dry run and
 * its real request together, so that no real request waits behind other events' dry runs until its
 * own is too old. Else the milliseconds after which to ask again; up to a tenth more, the plan's
 * jitter, is not too late. `turn_us` belongs to the one who asks, 0 at first: its place in the
 * queue. Places are in the order of asking, and nobody need give one back. */
int64_t gate_ask(struct gate *gate, unsigned writes, int64_t *turn_us, int64_t now_ms);

/* Writes that passed and are not made after all. */
void gate_give_back(struct gate *gate, unsigned writes);

/* For how long nothing of this scope may be sent. A GET is held back by nothing else. */
int64_t gate_closed_ms(const struct gate *gate, enum gate_scope scope, int64_t now_ms);

/* Graph throttles: nothing of this scope may be sent for so long. A shorter pause never cuts a
 * longer one. */
void gate_throttle(struct gate *gate, enum gate_scope scope, int64_t now_ms, int64_t pause_ms);

/* The canary. begin(): may a dry run start? Each true is followed by exactly one end(). */
bool gate_dry_run_begin(struct gate *gate);
void gate_dry_run_end(struct gate *gate, enum gate_echo echo);
/* The interlock was cleared: the next dry run goes alone again, unless one was echoed before. */
void gate_interlock_cleared(struct gate *gate);
