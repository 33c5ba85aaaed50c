#pragma once

#include "config/values.h"
#include "worker/core/event.h"

/* What may be asked for (settings policy.*, contract 5). An empty list allows all. */
struct policy {
    struct strings kinds;           /* accessPackageAssignmentRequest, accessPackageResourceRequest */
    struct strings request_types;   /* AdminAdd … */
    struct strings catalogs;        /* GUIDs, any case */
    struct strings access_packages; /* GUIDs, any case */
};

/* Refuses a good event that the policy, or the credential (`delegated`: auth is token, a person's), does not allow: worth becomes
 * EVENT_REFUSED and the fault says which rule (codes notAllowed, delegatedOnly). An assignment is judged by its package, a resource request by
 * its catalog; where a list is set and the event does not name the thing (a removal by assignment id), it is refused, because
 * it cannot be judged. */
void policy_apply(const struct policy *policy, bool delegated, struct event *event);
