#pragma once

#include "worker/core/event.h"
#include "worker/core/strings.h"

/* What may be asked for (settings policy.*). An empty list allows all. */
struct policy {
    struct strings kinds;         /* accessPackageAssignmentRequest, accessPackageResourceRequest */
    struct strings request_types; /* AdminAdd … */
    struct strings catalogs;      /* GUIDs, any case */
    struct strings access_packages;         /* GUIDs, any case */
    struct strings connected_organizations; /* GUIDs, any case */
    int64_t max_duration_ms;                /* of an assignment; 0: any, and none */
    bool removals;                          /* AdminRemove and UserRemove may be asked for */
};

/* Who asks Graph, and when. */
struct policy_view {
    bool delegated;  /* auth is token: a person's credential */
    int64_t wall_ms; /* now; what ends is reckoned from here, so that a later look never refuses
                      * what an earlier one allowed */
};

/* Refuses a good event that the policy, or the credential, does not allow: worth becomes
 * EVENT_REFUSED and the fault names the setting, what was asked for and what to do (codes
 * notAllowed, delegatedOnly). Other events stay as they are.
 *
 * An assignment is judged by its package and its target's connected organisation, a resource
 * request by its catalog. Where a list is set and the event goes by an assignment's id, it cannot
 * be judged and is refused, even if it names a package or an organisation beside the id; so is a
 * target that names no organisation.
 *
 * max_duration is for all assignment requests but removals: each schedule in the body must have an
 * end within it, and there must be one (term.h says what is an end). */
void policy_apply(const struct policy *policy, const struct policy_view *view, struct event *event);
