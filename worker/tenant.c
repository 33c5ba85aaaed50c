#include "worker/tenant.h"

#include "worker/worker.h"

#include <assert.h>
#include <string.h>

struct plan_limits tenant_limits(const struct settings *s)
{
    return (struct plan_limits){.retry_attempts = (unsigned)s->graph.retry_attempts,
                                .retry_for_ms = s->graph.retry_for_ms,
                                .eventual_ms = s->graph.eventual_ms,
                                .settle_ms = s->graph.settle_ms};
}

struct tenant *tenant_named(const struct worker *w, const char *name, struct whose *ret)
{
    bool single = w->tenants[0].name[0] == '\0';
    size_t i = 0;
    *ret = (struct whose){0};
    if (single || name == NULL)
        return single && name == NULL ? &w->tenants[0] : NULL;
    while (i < w->tenant_count && strcmp(w->tenants[i].name, name) != 0)
        i++;
    if (i == w->tenant_count)
        return NULL;
    struct tenant *t = &w->tenants[i];
    *ret = (struct whose){t->name, i, t->settings, &t->limits};
    return t;
}

void tenant_choose(struct worker *w, struct request *rq)
{
    const char *name = rq->event.tenant;
    if (rq->event.worth != EVENT_GOOD || w->tenants[0].name[0] == '\0' ||
        tenant_named(w, name, &rq->whose) != NULL)
        return;
    rq->event.worth = EVENT_REFUSED;
    if (name == NULL)
        fault_set(&rq->event.fault, STAGE_ADMIT, "missingAttribute",
                  "The attribute `tenant` is missing; this worker has more than one.");
    else
        fault_set(&rq->event.fault, STAGE_ADMIT, "unknownTenant",
                  "The attribute `tenant` is `%.*s`, which is none of this worker's tenants.",
                  TENANT_NAME_MAX, name);
}

struct tenant *tenant_of(const struct worker *w, const struct request *rq)
{
    assert(rq->whose.index < w->tenant_count);
    return &w->tenants[rq->whose.index];
}

bool tenant_may_take(const struct tenant *tenant, int64_t now_ms)
{
    return token_is_ready(tenant->token) &&
           gate_closed_ms(&tenant->gate, GATE_WRITES, now_ms) == 0 &&
           circuit_ask(&tenant->circuit) == 0;
}

const char *tenant_token_trouble(struct tenant *tenant)
{
    const char *trouble = token_trouble(tenant->token);
    if (tenant->name[0] == '\0' || trouble[0] == '\0')
        return trouble;
    error_set(&tenant->trouble, "tenants.%s: %s", tenant->name, trouble);
    return tenant->trouble.text;
}

void tenant_answered(struct worker *w, const struct request *rq)
{
    if (w->tenants[0].name[0] == '\0' || rq->whose.name != NULL)
        tenant_of(w, rq)->answers[rq->answer][rq->duplicate][rq->event.request_type]++;
}
