#pragma once

#include "worker/tenant.h"

/* When may a call to a tenant's Graph go? What worker/core knows of it, put together: the gate (our
 * share of the writes, a throttled Graph), the circuit (a Graph that is down), the retry budget.
 * pacing.c is asked by stages.c before each call and told of each answer; share.c gets our share
 * from Redis. */

void pacing_open(struct tenant *tenant);
/* Its settings have changed: graph.writes_per_second, graph.retry_budget. What Graph has said of
 * its limits stays. A higher rate is had when Redis grants it, a lower one holds at once. */
void pacing_change(struct tenant *tenant, int64_t now_ms);

/* May this request make a call of this scope now? 0: yes; else the milliseconds after which to ask
 * again. Nothing is taken yet. */
int64_t pacing_hold(struct tenant *tenant, const struct request *rq, enum gate_scope scope,
                    int64_t now_ms);
/* The same, and takes the writes, unless it has some already. */
int64_t pacing_take(struct tenant *tenant, struct request *rq, unsigned writes, int64_t now_ms);
/* Gives back what it has taken and does not need. */
void pacing_give_back(struct tenant *tenant, struct request *rq);
/* The call is on its way. */
void pacing_called(struct tenant *tenant, const struct request *rq);

/* Its answer has come, and was read as `outcome`. Returns what is to be posted: while Graph is down
 * a failure is no fault of the event. */
enum outcome pacing_heed(struct tenant *tenant, struct request *rq,
                         const struct http_answer *answer, enum outcome outcome);

/* Each turn of the loop: sends the probe when it is due. When to turn next; INT64_MAX: whenever. */
int64_t pacing_turn(struct tenant *tenant, int64_t now_ms);

/* share.c, for all tenants; for one with graph.writes_per_second 0 both do nothing. */
void share_open(struct worker *worker);
int64_t share_turn(struct worker *worker, int64_t now_ms);
