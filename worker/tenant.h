#pragma once

#include "config/settings.h"
#include "worker/core/budget.h"
#include "worker/core/circuit.h"
#include "worker/core/error.h"
#include "worker/core/gate.h"
#include "worker/core/pace.h"
#include "worker/core/plan.h"
#include "worker/core/stats.h"
#include "worker/io/http.h"
#include "worker/io/redis_share.h"
#include "worker/io/token.h"

struct worker;

/* A tenant: one Graph as one application sees it, with a token, connections, a share of the writes,
 * breakers and counters of its own, so that what one tenant suffers no other does. The worker has
 * one for each entry of `tenants`, in that order; without that map a single one, which has no name
 * and is every event's.
 *
 * What they share is the worker itself: an event of a tenant whose Graph is away waits in one of
 * limits.requests places, and its partition stands still once kafka.window is full. */
struct tenant {
    const char *name; /* "": the single one */
    const struct settings *settings;
    struct worker *worker;
    struct token *token;
    struct http *http;
    struct gate gate; /* these and the probe: pacing.h */
    struct pace pace;
    struct circuit circuit;
    struct budget budget;
    struct request probe; /* a GET that is no event's */
    struct redis_share share;
    size_t submits;   /* its real requests that are under way (stages.c) */
    unsigned waiting; /* the writes that its requests wait for, as counted last (share.c) */
    int64_t rate_logged;
    struct plan_limits limits;
    answer_counts answers;
    struct error trouble; /* the sentence of tenant_token_trouble() */
    int64_t tell_ms;      /* when the log may say next that its events wait */
};

/* What the plan may use of these settings. */
struct plan_limits tenant_limits(const struct settings *settings);

/* Makes all of them. False: `error` names the setting. */
bool tenants_open(struct worker *worker, struct error *error);
/* In two steps, for calls use tokens: no call is under way any more; memory comes back when the
 * loop has turned once more. */
void tenants_close_calls(struct worker *worker);
void tenants_close(struct worker *worker);

/* Whose a good event is: rq->whose says so from then on. One that names no tenant, or none of
 * ours, is refused (missingAttribute, unknownTenant). Other events stay as they are. */
void tenant_choose(struct worker *worker, struct request *rq);
/* The one of this name, and how a request of it says so; NULL: the one without a name, where there
 * is no other. Returns NULL: there is none such. */
struct tenant *tenant_named(const struct worker *worker, const char *name, struct whose *ret);
/* The one that was chosen; the first before that. */
struct tenant *tenant_of(const struct worker *worker, const struct request *rq);

/* May one of its events be taken in: there is a token, and Graph is there? */
bool tenant_may_take(const struct tenant *tenant, int64_t now_ms);

/* Has any of them a token that Graph takes? Then the worker can work. */
bool tenants_have_token(const struct worker *worker);
/* What is wrong with this one's token, a sentence that names the tenant; "": nothing. It lives
 * until the next call for this tenant. */
const char *tenant_token_trouble(struct tenant *tenant);
/* Its reply is committed. What was refused before anybody knew whose it was is nobody's. */
void tenant_answered(struct worker *worker, const struct request *rq);
