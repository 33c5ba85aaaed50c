#include "worker/core/look_match.h"

#include "worker/core/graph_body.h"
#include "worker/core/look.h"
#include "worker/core/rfc3339.h"

#include <assert.h>
#include <stdlib.h>
#include <strings.h>

enum change look_change_of(const struct request *rq)
{
    enum request_type type = rq->event.request_type;
    if (type == REQUEST_TYPE_ADMIN_ADD || type == REQUEST_TYPE_USER_ADD)
        return CHANGE_ADD;
    return request_type_is_removal(type) ? CHANGE_REMOVAL : CHANGE_UPDATE;
}

static const cJSON *member(const cJSON *object, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(object, name);
}

/* As beta calls it, or else v1.0. */
static const cJSON *either(const cJSON *object, const char *beta, const char *v1)
{
    const cJSON *item = member(object, beta);
    return item != NULL ? item : member(object, v1);
}

/* Ids, states and types are all compared so; "" is in no answer and equals nothing. */
static bool is_text(const cJSON *item, const char *expected)
{
    const char *text = cJSON_GetStringValue(item);
    return text != NULL && expected[0] != '\0' && strcasecmp(text, expected) == 0;
}

static bool is_one_of(const cJSON *item, const char *const *names)
{
    for (; *names != NULL; names++)
        if (is_text(item, *names))
            return true;
    return false;
}

static const cJSON *package_id(const cJSON *assignment)
{
    const cJSON *id = member(assignment, "accessPackageId");
    return cJSON_IsString(id) ? id : member(member(assignment, "accessPackage"), "id");
}

void look_package_of(const char *assignment, char ret[GUID_SIZE])
{
    /* Our own print of what passed the gate, so it is read without one. */
    cJSON *tree = cJSON_ParseWithLength(assignment, strlen(assignment));
    assert(tree != NULL);
    const char *id = cJSON_GetStringValue(package_id(tree));
    guid_read(str_of(id), ret);
    cJSON_Delete(tree);
}

/* Is an assignment's target the request's? Each of the three ways to name a person is tried. */
static bool has_target(const cJSON *assignment, const struct subject *subject)
{
    const cJSON *target = member(assignment, "target");
    return is_text(member(assignment, "targetId"), subject->target_id) ||
           is_text(member(target, "objectId"), subject->target_id) ||
           is_text(member(target, "email"), subject->target_email);
}

/* The filters were Graph's work; a server that ignored them shall not make us lie. */
static bool is_assignment(const cJSON *assignment, const struct subject *subject)
{
    if (subject->assignment_id[0] != '\0')
        return is_text(member(assignment, "id"), subject->assignment_id);
    const cJSON *package = package_id(assignment);
    return has_target(assignment, subject) &&
           (!cJSON_IsString(package) || is_text(package, subject->package_id));
}

static const cJSON *first_assignment(const struct request *rq, const cJSON *list, bool stands)
{
    static const char *const ended[] = {"Expired", "DeliveryFailed", NULL};
    const cJSON *item = NULL;
    cJSON_ArrayForEach(item, list)
    {
        bool has_ended = is_one_of(member(item, "assignmentState"), ended) ||
                         is_one_of(member(item, "state"), ended);
        if (stands != has_ended && is_assignment(item, &rq->event.subject))
            return item;
    }
    return NULL;
}

const cJSON *look_standing(const struct request *rq, const cJSON *list)
{
    return first_assignment(rq, list, true);
}

const cJSON *look_ended(const struct request *rq, const cJSON *list)
{
    return first_assignment(rq, list, false);
}

/* A request's assignment may come without id, before it is delivered, and without package, where
 * that is expanded beside it. */
static bool is_request_for(const cJSON *item, const struct subject *subject)
{
    const cJSON *assignment = either(item, "accessPackageAssignment", "assignment");
    const cJSON *package = member(member(item, "accessPackage"), "id");
    if (cJSON_IsString(package) && subject->package_id[0] != '\0' &&
        !is_text(package, subject->package_id))
        return false;
    return is_assignment(assignment, subject);
}

static bool is_final(const cJSON *item)
{
    static const char *const final[] = {"Delivered", "PartiallyDelivered", "DeliveryFailed",
                                        "Denied",    "Canceled",           NULL};
    return is_one_of(either(item, "requestState", "state"), final);
}

/* Both give a reason, and not the same one. */
static bool has_other_reason(const struct request *rq, const cJSON *item)
{
    size_t size = graph_body_size(&rq->event.body);
    char *body = malloc(size);
    assert(body != NULL);
    size = graph_body_write(&rq->event.body, false, body, size);
    cJSON *tree = cJSON_ParseWithLength(body, size); /* it passed the gate as an event's data */
    assert(tree != NULL); /* short of memory we would call another's request ours */
    const char *ours = cJSON_GetStringValue(member(tree, "justification"));
    const char *theirs = cJSON_GetStringValue(member(item, "justification"));
    bool other = ours != NULL && theirs != NULL && strcmp(ours, theirs) != 0;
    cJSON_Delete(tree);
    free(body);
    return other;
}

/* Two clocks are compared, so only what is not before the intent is called ours: another event may
 * have asked for the same a moment earlier. */
static enum match match_sent(const struct request *rq, const cJSON *item)
{
    if (!is_text(member(item, "requestType"), request_type_name(rq->event.request_type)))
        return MATCH_NONE;
    const char *created = cJSON_GetStringValue(member(item, "createdDateTime"));
    int64_t created_ms = 0;
    if (rq->claim.intent_wall_ms == 0 || !rfc3339_parse(str_of(created), &created_ms))
        return MATCH_MAYBE;
    int64_t early_ms = rq->claim.intent_wall_ms - created_ms;
    bool forgotten = rq->doubt == DOUBT_FORGOTTEN;
    if (early_ms > (forgotten ? LOOK_RECORD_SKEW_MS : LOOK_CLOCK_SKEW_MS))
        return MATCH_NONE;
    bool other = has_other_reason(rq, item);
    if (early_ms > 0)
        return other ? MATCH_NONE : MATCH_MAYBE;
    return other ? MATCH_MAYBE : MATCH_OURS;
}

static enum match match_open(const struct request *rq, const cJSON *item)
{
    if (is_final(item))
        return MATCH_NONE;
    if (!is_text(member(item, "requestType"), request_type_name(rq->event.request_type)))
        return MATCH_OTHER_OPEN;
    return look_change_of(rq) == CHANGE_UPDATE ? MATCH_MAYBE : MATCH_SAME_OPEN;
}

enum match look_best_match(const struct request *rq, const cJSON *list, const cJSON **ret_item)
{
    enum match best = MATCH_NONE;
    const cJSON *item = NULL;
    cJSON_ArrayForEach(item, list)
    {
        if (!is_request_for(item, &rq->event.subject))
            continue;
        enum match match = rq->doubt == DOUBT_OPEN ? match_open(rq, item) : match_sent(rq, item);
        if (match > best) {
            best = match;
            *ret_item = item;
        }
    }
    return best;
}

bool look_added_since_intent(const struct request *rq, const cJSON *resource)
{
    const char *added = cJSON_GetStringValue(either(resource, "addedOn", "createdDateTime"));
    int64_t added_ms = 0;
    return rq->claim.intent_wall_ms != 0 && rfc3339_parse(str_of(added), &added_ms) &&
           added_ms >= rq->claim.intent_wall_ms;
}

const cJSON *look_resource(const struct request *rq, const cJSON *list)
{
    const struct subject *subject = &rq->event.subject;
    const cJSON *item = NULL;
    cJSON_ArrayForEach(item, list)
    {
        if (subject->resource_id[0] != '\0' ? is_text(member(item, "id"), subject->resource_id)
                                            : is_text(member(item, "originId"), subject->origin_id))
            return item;
    }
    return NULL;
}
