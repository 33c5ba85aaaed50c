#include "worker/core/policy.h"

#include <strings.h>

/* As the event's version calls them. */
static const char *organization_member(const struct event *event)
{
    return event->version == GRAPH_V1
               ? "data.assignment.target.connectedOrganization.id"
               : "data.accessPackageAssignment.target.connectedOrganizationId";
}

static const char *expiration_member(const struct event *event)
{
    return event->version == GRAPH_V1 ? "data.assignment.schedule.expiration"
                                      : "data.accessPackageAssignment.schedule.expiration";
}

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

/* Each of the checks below says true, or refuses the event and says false. */
#define REFUSE(event, code, ...)                                                                   \
    ((event)->worth = EVENT_REFUSED, fault_set(&(event)->fault, STAGE_ADMIT, (code), __VA_ARGS__), \
     false)

static bool check_kind(const struct policy *policy, struct event *event)
{
    const char *kind = kind_name(event->kind);
    return allows(&policy->kinds, kind) ||
           REFUSE(event, "notAllowed",
                  "The kind of request %s is not in policy.kinds of this worker; ask its operator "
                  "to add it.",
                  kind);
}

static bool check_type(const struct policy *policy, const struct policy_view *view,
                       struct event *event)
{
    const char *type = request_type_name(event->request_type);
    if (!allows(&policy->request_types, type))
        return REFUSE(event, "notAllowed",
                      "The requestType %s is not in policy.request_types of this worker; ask its "
                      "operator to add it.",
                      type);
    if (request_type_is_removal(event->request_type) && !policy->removals)
        return REFUSE(event, "notAllowed",
                      "The requestType %s removes, and policy.removals of this worker is false; "
                      "ask its operator to allow removals, or remove it in Graph.",
                      type);
    if (request_type_is_delegated(event->request_type) && !view->delegated)
        return REFUSE(event, "delegatedOnly",
                      "The requestType %s is a person's own, and this worker calls Graph as an "
                      "application; send the Admin… one.",
                      type);
    return true;
}

/* Where Graph goes by an assignment's id, what stands beside it is only what the sender says. */
static bool check_id(const struct strings *list, const char *setting, struct event *event)
{
    const char *id = event->subject.assignment_id;
    return list->count == 0 || id[0] == '\0' ||
           REFUSE(event, "notAllowed",
                  "A request by assignment id (%s) cannot be judged by %s of this worker, so it is "
                  "refused; ask its operator.",
                  id, setting);
}

static bool check_guid(const struct strings *list, const char *setting, const char *what,
                       const char *guid, struct event *event)
{
    return allows_guid(list, guid) ||
           REFUSE(event, "notAllowed",
                  "The %s %s is not in %s of this worker; ask its operator to add it.", what, guid,
                  setting);
}

static bool check_organization(const struct policy *policy, struct event *event)
{
    static const char setting[] = "policy.connected_organizations";
    const struct strings *list = &policy->connected_organizations;
    const char *id = event->subject.organization_id;
    if (!check_id(list, setting, event))
        return false;
    if (list->count > 0 && id[0] == '\0')
        return REFUSE(event, "notAllowed",
                      "The target names no connected organisation, and %s of this worker lists "
                      "those allowed; give its id as `%s`, or ask the operator.",
                      setting, organization_member(event));
    return check_guid(list, setting, "connected organisation", id, event);
}

static bool check_term(const struct policy *policy, const struct policy_view *view,
                       const struct term *term, struct event *event)
{
    char most[TERM_TEXT_SIZE], asked[TERM_TEXT_SIZE];
    const char *member = expiration_member(event);
    int64_t length_ms = term->end == TERM_SET ? term_length_ms(term, view->wall_ms) : 0;
    term_write_length(policy->max_duration_ms, most);
    term_write_length(length_ms, asked);
    if (term->end == TERM_UNREADABLE)
        return REFUSE(event, "notAllowed",
                      "The duration in `%s` cannot be read, and policy.max_duration of this worker "
                      "is %s; write it as in P30D or PT8H.",
                      member, most);
    if (term->end == TERM_ENDLESS)
        return REFUSE(event, "notAllowed",
                      "The assignment is asked for without an end, and policy.max_duration of this "
                      "worker is %s; give `%s` a type afterDateTime or afterDuration with its "
                      "endDateTime or duration, and no recurrence, or ask the operator.",
                      most, member);
    /* Not one that is merely past by now: the event may have been allowed, and granted, before. */
    if (length_ms <= 0 && term->start_ms != 0 && term->end_ms <= term->start_ms)
        return REFUSE(event, "notAllowed",
                      "The assignment ends before it begins, and policy.max_duration of this "
                      "worker is %s; give `%s` a later endDateTime.",
                      most, member);
    return length_ms <= policy->max_duration_ms ||
           REFUSE(event, "notAllowed",
                  "The assignment is asked for %s, and policy.max_duration of this worker is %s; "
                  "ask for less in `%s`, or ask the operator.",
                  asked, most, member);
}

/* A body without any schedule is one without an end. */
static bool check_duration(const struct policy *policy, const struct policy_view *view,
                           struct event *event)
{
    static const struct term endless = {.end = TERM_ENDLESS};
    bool is_said = false;
    if (policy->max_duration_ms == 0 || request_type_is_removal(event->request_type))
        return true;
    for (size_t i = 0; i < EVENT_TERMS; i++) {
        if (event->terms[i].end == TERM_UNSAID)
            continue;
        is_said = true;
        if (!check_term(policy, view, &event->terms[i], event))
            return false;
    }
    return is_said || check_term(policy, view, &endless, event);
}

static bool check_assignment(const struct policy *policy, const struct policy_view *view,
                             struct event *event)
{
    static const char packages[] = "policy.access_packages";
    return check_id(&policy->access_packages, packages, event) &&
           check_guid(&policy->access_packages, packages, "access package",
                      event->subject.package_id, event) &&
           check_organization(policy, event) && check_duration(policy, view, event);
}

void policy_apply(const struct policy *policy, const struct policy_view *view, struct event *event)
{
    if (event->worth != EVENT_GOOD || !check_kind(policy, event) ||
        !check_type(policy, view, event))
        return;
    if (event->kind == KIND_RESOURCE)
        (void)check_guid(&policy->catalogs, "policy.catalogs", "catalog", event->subject.catalog_id,
                         event);
    else
        (void)check_assignment(policy, view, event);
}
