#pragma once

#include "worker/core/event.h"
#include "worker/core/strings.h"

/* What may be asked for (settings policy.*). An empty list allows all. */
struct policy {
    struct strings kinds;         /* accessPackageAssignmentRequest, accessPackageResourceRequest */
    struct strings request_types; /* AdminAdd … */
    struct strings catalogs;      /* GUIDs, any case */
    struct strings access_packages; /* GUIDs, any case */
};

/* Refuses a good event that the policy, or the credential (`delegated`: auth is token, a person's),
 * does not allow: worth becomes EVENT_REFUSED and the fault says which rule (codes notAllowed,
 * delegatedOnly). An assignment is judged by its package, a resource request by its catalog. Where
 * a list is set and the event goes by an assignment's id, it cannot be judged and is refused, even
 * if it names a package beside the id. Other events stay as they are. */
void policy_apply(const struct policy *policy, bool delegated, struct event *event);
