#include "worker/core/look.h"

#include "worker/core/buffer.h"
#include "worker/core/graph_error.h"
#include "worker/core/look_match.h"

#include <stdlib.h>

#define ENTITLEMENT "/identityGovernance/entitlementManagement/"

enum ask { ASK_NOTHING, ASK_ASSIGNMENT, ASK_REQUESTS, ASK_PAGE, ASK_RESOURCE };

/* The package whose requests are listed: the event names it, or the assignment that was found does.
 */
static bool find_package(const struct request *rq, char ret[GUID_SIZE])
{
    memcpy(ret, rq->event.subject.package_id, GUID_SIZE);
    if (ret[0] == '\0' && rq->graph.object != NULL)
        look_package_of(rq->graph.object, ret);
    return ret[0] != '\0';
}

static bool requests_can_be_told_apart(const struct subject *subject)
{
    return subject->target_id[0] != '\0' || subject->target_email[0] != '\0' ||
           subject->assignment_id[0] != '\0';
}

/* Is it our own request that is looked for? Else: what is in the way of it. */
static bool is_after_sending(const struct request *rq)
{
    return rq->doubt == DOUBT_SENT || rq->doubt == DOUBT_FORGOTTEN;
}

/* By its own id; or an add, by package and target, where its standing says something. */
static bool assignment_is_asked(const struct request *rq)
{
    const struct subject *subject = &rq->event.subject;
    if (subject->assignment_id[0] != '\0')
        return true;
    return is_after_sending(rq) && look_change_of(rq) == CHANGE_ADD &&
           subject->package_id[0] != '\0' && subject->target_id[0] != '\0';
}

static enum ask ask_at(const struct request *rq, unsigned step)
{
    const struct subject *subject = &rq->event.subject;
    char package[GUID_SIZE];
    if (!is_after_sending(rq) && rq->doubt != DOUBT_OPEN)
        return ASK_NOTHING;
    if (rq->event.kind == KIND_RESOURCE) {
        bool named = subject->origin_id[0] != '\0' || subject->resource_id[0] != '\0';
        return step == 0 && named && subject->catalog_id[0] != '\0' &&
                       look_change_of(rq) != CHANGE_UPDATE
                   ? ASK_RESOURCE
                   : ASK_NOTHING;
    }
    if (step == 0 && assignment_is_asked(rq))
        return ASK_ASSIGNMENT;
    unsigned first = assignment_is_asked(rq) ? 1 : 0;
    if (step > first)
        return rq->graph.page != NULL ? ASK_PAGE : ASK_NOTHING;
    return requests_can_be_told_apart(subject) && find_package(rq, package) ? ASK_REQUESTS
                                                                            : ASK_NOTHING;
}

/* A text in an OData literal, in a URL: quotes doubled, everything but the plainest bytes escaped.
 */
static void put_value(struct buffer *path, const char *value)
{
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~";
    for (; *value != '\0'; value++) {
        if (*value == '\'')
            buffer_put_text(path, "%27%27");
        else if (strchr(plain, *value) != NULL)
            buffer_put(path, value, 1);
        else
            buffer_print(path, "%%%02X", (unsigned)(unsigned char)*value);
    }
}

static void put_equal(struct buffer *path, const char *name, const char *value)
{
    buffer_put_text(path, name);
    buffer_put_text(path, "%20eq%20'");
    put_value(path, value);
    buffer_put_text(path, "'");
}

static void put_assignment_path(struct buffer *path, const struct subject *subject)
{
    buffer_put_text(path,
                    ENTITLEMENT "accessPackageAssignments?$expand=target,accessPackage&$filter=");
    if (subject->assignment_id[0] != '\0') {
        put_equal(path, "id", subject->assignment_id);
    } else {
        put_equal(path, "accessPackage/id", subject->package_id);
        buffer_put_text(path, "%20and%20");
        put_equal(path, "target/objectId", subject->target_id);
    }
}

static void put_requests_path(struct buffer *path, const struct request *rq, const char *requests)
{
    char package[GUID_SIZE];
    find_package(rq, package);
    buffer_put_text(path, requests);
    buffer_put_text(path,
                    "?$expand=accessPackage,accessPackageAssignment($expand=target)&$filter=");
    put_equal(path, "accessPackage/id", package);
}

static void put_resource_path(struct buffer *path, const struct subject *subject)
{
    buffer_put_text(path, ENTITLEMENT "accessPackageCatalogs/");
    put_value(path, subject->catalog_id);
    buffer_put_text(path, "/accessPackageResources?$filter=");
    if (subject->resource_id[0] != '\0')
        put_equal(path, "id", subject->resource_id);
    else
        put_equal(path, "originId", subject->origin_id);
}

bool look_path(const struct request *rq, const char *requests, unsigned step,
               char ret[LOOK_PATH_MAX])
{
    struct buffer path;
    buffer_init(&path, LOOK_PATH_MAX - 1);
    enum ask ask = step < LOOK_STEPS_MAX ? ask_at(rq, step) : ASK_NOTHING;
    if (ask == ASK_ASSIGNMENT)
        put_assignment_path(&path, &rq->event.subject);
    else if (ask == ASK_REQUESTS)
        put_requests_path(&path, rq, requests);
    else if (ask == ASK_PAGE)
        buffer_put_text(&path, rq->graph.page);
    else if (ask == ASK_RESOURCE)
        put_resource_path(&path, &rq->event.subject);
    char *text = ask != ASK_NOTHING ? buffer_take(&path, NULL) : NULL;
    if (text != NULL)
        memcpy(ret, text, strlen(text) + 1);
    free(text);
    buffer_finish(&path);
    return text != NULL;
}

/* Not decided: the reason that the submit gave stays; a look-up's own trouble is over. */
static enum outcome leave_open(struct request *rq, enum outcome outcome)
{
    if (rq->fault.code[0] != '\0' && rq->fault.stage != STAGE_LOOK)
        return outcome;
    if (rq->doubt == DOUBT_OPEN)
        fault_set(&rq->fault, STAGE_LOOK, "openRequest",
                  "Graph says that something is open for this target already; wait until it is "
                  "done, or cancel it there, and send the event again.");
    else
        fault_set(
            &rq->fault, STAGE_LOOK, "outcomeUnknown",
            "The real request may have happened, and Graph does not show it. Look it up there "
            "before you send it again.");
    return outcome;
}

static enum outcome found(struct request *rq, enum outcome outcome)
{
    fault_clear(&rq->fault);
    return outcome;
}

static void keep_object(struct request *rq, const cJSON *item)
{
    free(rq->graph.object);
    rq->graph.object = graph_print(item, GRAPH_OBJECT_MAX);
}

static enum outcome next_or(const struct request *rq, unsigned step, enum outcome outcome)
{
    return ask_at(rq, step + 1) == ASK_NOTHING ? outcome : OUTCOME_COUNT;
}

static bool has_more(const cJSON *tree)
{
    return cJSON_GetObjectItemCaseSensitive(tree, "@odata.nextLink") != NULL;
}

/* What was asked for stands. A list may lag behind a removal before our request, but not for longer
 * than graph.settle. */
static enum outcome stands(struct request *rq)
{
    return rq->absences > 0 ? found(rq, OUTCOME_EXISTS) : leave_open(rq, OUTCOME_ABSENT);
}

static enum outcome read_assignment(struct request *rq, unsigned step, const cJSON *tree,
                                    const cJSON *list)
{
    const cJSON *item = look_standing(rq, list);
    enum change change = look_change_of(rq);
    if (item == NULL && change != CHANGE_ADD)
        item = look_ended(rq, list); /* it still names the package, and so the requests */
    keep_object(rq, item);
    bool open = change == CHANGE_UPDATE || has_more(tree);
    enum outcome outcome = next_or(rq, step, open ? OUTCOME_UNDECIDED : OUTCOME_ABSENT);
    return outcome == OUTCOME_COUNT ? outcome : leave_open(rq, outcome);
}

/* The path of the next page, below graph.base_url: the link's host is of no interest, and a link to
 * elsewhere is none. */
static char *next_page(const cJSON *tree, const char *requests)
{
    const char *link =
        cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(tree, "@odata.nextLink"));
    const char *path = link != NULL ? strstr(link, requests) : NULL;
    if (path == NULL || path[strlen(requests)] != '?' || strlen(path) >= LOOK_PATH_MAX)
        return NULL;
    for (const char *c = path; *c != '\0'; c++)
        if (*c <= ' ' || *c > '~')
            return NULL;
    return strdup(path);
}

static enum outcome read_requests(struct request *rq, const char *requests, unsigned step,
                                  const cJSON *tree, const cJSON *list)
{
    const cJSON *item = NULL;
    enum match match = look_best_match(rq, list, &item);
    if (match == MATCH_OURS || match == MATCH_SAME_OPEN) {
        keep_object(rq, item);
        return found(rq, match == MATCH_OURS ? OUTCOME_OK : OUTCOME_EXISTS);
    }
    if (match > rq->look_best)
        rq->look_best = match;
    if (has_more(tree)) {
        rq->graph.page = next_page(tree, requests);
        bool readable = rq->graph.page != NULL && step + 1 < LOOK_STEPS_MAX;
        return readable ? OUTCOME_COUNT : leave_open(rq, OUTCOME_UNDECIDED);
    }
    if (rq->look_best != MATCH_NONE)
        return leave_open(rq, OUTCOME_UNDECIDED);
    bool kept = look_change_of(rq) == CHANGE_ADD && rq->graph.object != NULL;
    return kept && is_after_sending(rq) ? stands(rq) : leave_open(rq, OUTCOME_ABSENT);
}

static enum outcome read_resource(struct request *rq, const cJSON *tree, const cJSON *list)
{
    const cJSON *item = look_resource(rq, list);
    if (item == NULL && has_more(tree))
        return leave_open(rq, OUTCOME_UNDECIDED);
    if (item == NULL || look_change_of(rq) == CHANGE_REMOVAL)
        return leave_open(rq, OUTCOME_ABSENT);
    keep_object(rq, item);
    bool sure = rq->doubt == DOUBT_OPEN || look_added_since_intent(rq, item);
    return sure ? found(rq, OUTCOME_EXISTS) : stands(rq);
}

/* What is no 2xx. A throttled or unreachable Graph is nobody's fault and leaves the fault alone. */
static enum outcome read_trouble(struct request *rq, const struct http_answer *answer,
                                 const struct graph_error *error)
{
    bool answered = answer->reach == HTTP_ANSWERED;
    if (!graph_was_called(answer))
        rq->pause_ms = PAUSE_NOT_SENT_MS;
    else if (answered && (answer->status == 429 || answer->status == 503))
        rq->pause_ms = graph_pause_ms(answer);
    else if (answered && answer->status == 401)
        rq->pause_ms = PAUSE_REFUSED_TOKEN_MS;
    else {
        graph_fault_set(&rq->fault, STAGE_LOOK, answer, error);
        return OUTCOME_FAILED;
    }
    return OUTCOME_PACED;
}

enum outcome look_read(struct request *rq, const char *requests, unsigned step,
                       const struct http_answer *answer)
{
    enum ask ask = ask_at(rq, step);
    cJSON *tree = graph_body_parse(answer);
    struct graph_error error = graph_error_read(tree);
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(tree, "value");
    bool readable = answer->reach == HTTP_ANSWERED && answer->status >= 200 &&
                    answer->status < 300 && cJSON_IsArray(list);
    enum outcome outcome = OUTCOME_UNDECIDED;
    rq->pause_ms = 0;
    if (step == 0)
        rq->look_best = MATCH_NONE;
    free(rq->graph.page);
    rq->graph.page = NULL;
    graph_keep_ids(rq, answer);
    if (!readable)
        outcome = read_trouble(rq, answer, &error);
    else if (ask == ASK_ASSIGNMENT)
        outcome = read_assignment(rq, step, tree, list);
    else if (ask == ASK_REQUESTS || ask == ASK_PAGE)
        outcome = read_requests(rq, requests, step, tree, list);
    else if (ask == ASK_RESOURCE)
        outcome = read_resource(rq, tree, list);
    if (outcome != OUTCOME_COUNT && outcome != OUTCOME_OK && outcome != OUTCOME_EXISTS)
        keep_object(rq, NULL);
    cJSON_Delete(tree);
    return outcome;
}
