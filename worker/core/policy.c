#include "worker/core/policy.h"

#include <strings.h>

/* An empty list allows all. */
static bool allows(const struct strings *list, const char *word)
{
    for (size_t i = 0; i < list->count; i++) {
        if (strcmp(list->items[i], word) == 0)
            return true;
    }
    return list->count == 0;
}

static bool allows_guid(const struct strings *list, const char *guid)
{
    for (size_t i = 0; i < list->count; i++) {
        if (guid[0] != '\0' && strcasecmp(list->items[i], guid) == 0)
            return true;
    }
    return list->count == 0;
}

static void refuse(struct event *event, const char *code, const char *sentence)
{
    event->worth = EVENT_REFUSED;
    fault_set(&event->fault, STAGE_ADMIT, code, "%s", sentence);
}

/* Where Graph goes by an assignment's id, a package that stands beside it is only what the sender
 * says. */
static const char *judged_package(const struct event *event)
{
    return event->subject.assignment_id[0] == '\0' ? event->subject.package_id : "";
}

static void check_thing(const struct policy *policy, struct event *event)
{
    if (event->kind == KIND_RESOURCE) {
        if (!allows_guid(&policy->catalogs, event->subject.catalog_id))
            refuse(event, "notAllowed",
                   "The catalog is not in policy.catalogs of this worker; ask its operator.");
        return;
    }
    const char *package = judged_package(event);
    if (allows_guid(&policy->access_packages, package))
        return;
    refuse(event, "notAllowed",
           package[0] == '\0'
               ? "A request by assignment id cannot be judged by policy.access_packages of this "
                 "worker, so it is refused; ask its operator."
               : "The access package is not in policy.access_packages of this worker; ask its "
                 "operator.");
}

void policy_apply(const struct policy *policy, bool delegated, struct event *event)
{
    if (event->worth != EVENT_GOOD)
        return;
    if (!allows(&policy->kinds, kind_name(event->kind)))
        refuse(event, "notAllowed",
               "This kind of request is not in policy.kinds of this worker; ask its operator.");
    else if (!allows(&policy->request_types, request_type_name(event->request_type)))
        refuse(event, "notAllowed",
               "This requestType is not in policy.request_types of this worker; ask its operator.");
    else if (request_type_is_delegated(event->request_type) && !delegated)
        refuse(event, "delegatedOnly",
               "User… requests are a person's own, and this worker calls Graph as an application; "
               "send the Admin… one.");
    else
        check_thing(policy, event);
}
