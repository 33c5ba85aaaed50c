#include "worker/core/graph_codes.h"

#define ADVICE_403                                                                              \
    "Ask the operator: the application needs EntitlementManagement.ReadWrite.All or a role in " \
    "the catalog, and the tenant a license (Entra ID P2 or ID Governance) that has not run out."

const struct graph_code graph_codes[] = {
    /* "It stands already" answers an add, "nothing to remove" a removal; for any other request they
     * are a refusal like the rest. */
    {{409},
     "InvalidRequestExistingGrant",
     MEANT_ADD,
     OUTCOME_EXISTS,
     "Nothing: the person has the assignment already."},
    {{404},
     "InvalidRequestNoActiveGrant",
     MEANT_REMOVAL,
     OUTCOME_EXISTS,
     "Nothing: there is no such assignment any more."},
    {{400},
     "ExistingOpenRequest",
     MEANT_ALL,
     OUTCOME_OPEN,
     "Wait until the request that is open for the same person and package has ended, or cancel it "
     "in Graph; then send a new event."},
    {{400},
     "ResourceAlreadyOnboarded",
     MEANT_ADD,
     OUTCOME_OPEN,
     "Nothing, if the reply says `existing`; else look for the resource in the catalog."},
    {{400},
     "ResourceNotFoundInOriginSystem",
     MEANT_ALL,
     OUTCOME_EARLY,
     "Check originId and originSystem. What was made a moment ago is waited for already."},
    {{404},
     "ResourceNotFound",
     MEANT_SETTLED_RESOURCE_REMOVAL,
     OUTCOME_EXISTS,
     "Nothing: the resource is not in the catalog any more."},
    {{404},
     "ResourceNotFound",
     MEANT_ALL,
     OUTCOME_EARLY,
     "Check the ids of catalog, resource, package and policy. What was made a moment ago is waited "
     "for already."},
    /* The code that comes with "Resource '…' does not exist or one of its queried
     * reference-property objects are not present", of which the facts have the text alone. */
    {{400, 404},
     "Request_ResourceNotFound",
     MEANT_ALL,
     OUTCOME_EARLY,
     "Check the ids of person, group and application: the directory does not know one. What was "
     "made a moment ago is waited for already."},

    {{400},
     "CallerNotResourceOwner",
     MEANT_ALL,
     OUTCOME_INVALID,
     "Ask the operator: the application needs Group.ReadWrite.All for a group, "
     "Application.ReadWrite.All for an application, Sites.FullControl.All for a site; a person "
     "must own the group or application."},
    {{400},
     "ArgumentException",
     MEANT_ALL,
     OUTCOME_INVALID,
     "Write originSystem as AadGroup, AadApplication or SharePointOnline; the message names the "
     "value that Graph does not know."},
    {{400},
     "InvalidModel",
     MEANT_ALL,
     OUTCOME_INVALID,
     "Compare `data` with the schema of the event: a member has a wrong name, type or place."},
    {{400},
     "InvalidFilter",
     MEANT_ALL,
     OUTCOME_INVALID,
     "Check the ids in `data`: one is no GUID to Graph."},
    {{404},
     "RoleNotFound",
     MEANT_ALL,
     OUTCOME_INVALID,
     "Check the role in Graph; no request of ours names one by itself."},
    {{403}, "Forbidden", MEANT_ALL, OUTCOME_INVALID, ADVICE_403},
    {{403}, "Authorization_RequestDenied", MEANT_ALL, OUTCOME_INVALID, ADVICE_403},
    {{403}, "Unauthorized", MEANT_ALL, OUTCOME_INVALID, ADVICE_403},
    {{400},
     "InvalidRequest",
     MEANT_ALL,
     OUTCOME_INVALID,
     "Look at error.details: its code says why."},

    {{401},
     "InvalidAuthenticationToken",
     MEANT_ALL,
     OUTCOME_PACED,
     "Nothing: the worker gets a new token. If that lasts, ask the operator to look at "
     "graph.tenant_id, graph.base_url and the application."},
    {{401}, "unauthenticated", MEANT_ALL, OUTCOME_PACED, "As InvalidAuthenticationToken."},
    {{429},
     "TooManyRequests",
     MEANT_ALL,
     OUTCOME_PACED,
     "Nothing: the worker waits for as long as Graph says. If that lasts, ask the operator to "
     "lower graph.writes_per_second."},
    {{0},
     "UnknownError",
     MEANT_ALL,
     OUTCOME_UNKNOWN,
     "Look it up in Graph if the outcome is `unknown`; else send a new event later. Graph says no "
     "more than this."},
};
const size_t graph_codes_count = sizeof graph_codes / sizeof graph_codes[0];

static bool is_meant(const struct request *rq, enum graph_meant meant)
{
    enum request_type type = rq->event.request_type;
    switch (meant) {
    case MEANT_ADD:
        return type == REQUEST_TYPE_ADMIN_ADD || type == REQUEST_TYPE_USER_ADD;
    case MEANT_REMOVAL:
        return request_type_is_removal(type);
    case MEANT_SETTLED_RESOURCE_REMOVAL:
        return request_type_is_removal(type) && rq->event.kind == KIND_RESOURCE && rq->absences > 0;
    case MEANT_ALL:
        break;
    }
    return true;
}

bool graph_code_fits(const struct graph_code *row, const struct request *rq, int status)
{
    bool any = row->statuses[0] == 0;
    return (any || status == row->statuses[0] || status == row->statuses[1]) &&
           is_meant(rq, row->meant);
}

const struct graph_code *graph_code_find(const char *code)
{
    for (size_t i = 0; i < graph_codes_count; i++)
        if (strcmp(graph_codes[i].code, code) == 0)
            return &graph_codes[i];
    return NULL;
}
