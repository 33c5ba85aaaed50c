#pragma once

#include "worker/worker.h"

/* Follows what was submitted, with follow.enabled: takes what is due from Redis
 * (worker/io/redis_follow.h), asks Graph, keeps what is to be said, sends it to kafka.status_topic,
 * and has it forgotten. No request of the pipeline and no offset waits for any of it, and the
 * calls of records go before its own: it has few places, looks at follow.looks_per_second, and asks
 * pacing.h like all others before it calls Graph. A worker that starts, drains or is interlocked
 * takes nothing.
 *
 *   take ─► look ─► not yet ──────────────────────────► put back, due later
 *             │
 *             ├──► failed, and to be reprocessed ─► keep ─► reprocess ─► put back
 *             │
 *             └──► final ─► keep the word ─► tell Kafka ─► forget
 *
 * Where Redis does not confirm a step, the entry is left to its lease: another takes it up from
 * where it was kept. So a reprocess is kept before it is sent, and goes out once; a status goes out
 * at least once, always the same. */
struct follow;

/* What is counted, for /metrics. `entries`: all that are followed, by all workers, as Redis last
 * said. NULL: follow.enabled is off. */
const struct follow_stats *follow_stats(const struct worker *worker);

/* After Redis and HTTP. With follow.enabled off it does nothing. False: `error` says why. */
bool follow_open(struct worker *worker, struct error *error);
/* Nothing is at work. */
bool follow_is_idle(const struct worker *worker);
/* The end, in two steps: nothing new is begun, and what is under way to Kafka is left to its lease
 * (before HTTP and Redis end: they still have answers for it); then the memory. */
void follow_stop(struct worker *worker);
void follow_close(struct worker *worker);
