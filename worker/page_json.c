/* JSON on the status page: its shape whole, its values where they are known to name no person. */
#include "worker/core/json_read.h"
#include "worker/page_parts.h"

/* Shown wherever they stand in what is shown. */
static const char *const harmless[] = {
    "@odata.context",
    "@odata.type",
    "accessPackageId",
    "assignmentPolicyId",
    "attempts",
    "catalogId",
    "clientRequestId",
    "code",
    "completedDate",
    "completedDateTime",
    "createdDateTime",
    "dryRun",
    "duplicate",
    "duration",
    "endDateTime",
    "executeImmediately",
    "expirationDateTime",
    "finishedAt",
    "graphRequestId",
    "httpStatus",
    "isValidationOnly",
    "look",
    "originSystem",
    "outcome",
    "policyId",
    "receivedAt",
    "recurrence",
    "requestState",
    "requestStatus",
    "requestType",
    "specversion",
    "stage",
    "startDateTime",
    "state",
    "status",
    "submit",
    "type",
};

/* Looked into. What is in any other object or list is hidden as a whole. */
static const char *const containers[] = {
    "accessPackage",
    "accessPackageAssignment",
    "accessPackageResource",
    "assignment",
    "attempts",
    "catalog",
    "data",
    "error",
    "expiration",
    "graph",
    "resource",
    "schedule",
};

static bool is_among(const char *name, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(list[i], name) == 0)
            return true;
    }
    return false;
}

#define IS_AMONG(name, list) is_among(name, list, sizeof(list) / sizeof *(list))

static void put_hidden(const struct look *look)
{
    put(look, "<span class=\"hidden\">hidden</span>");
}

static void put_scalar(const struct look *look, const cJSON *item)
{
    if (cJSON_IsString(item)) {
        put(look, "<span class=\"text\">&quot;");
        put_escaped(look, item->valuestring);
        put(look, "&quot;</span>");
    } else if (cJSON_IsNumber(item)) {
        buffer_print(look->out, "%.15g", item->valuedouble);
    } else {
        put(look, cJSON_IsTrue(item) ? "true" : cJSON_IsFalse(item) ? "false" : "null");
    }
}

static void put_indent(const struct look *look, size_t depth)
{
    put(look, "\n");
    while (depth-- > 0)
        put(look, "  ");
}

static void put_object(const struct look *look, const cJSON *object, size_t depth);

/* The id of a request of Graph's, but not of any other thing: that may be a person. */
static bool is_request_id(const cJSON *object, const cJSON *item)
{
    return object->string != NULL && strcmp(object->string, "graph") == 0 &&
           strcmp(item->string, "id") == 0;
}

/* NOLINTNEXTLINE(misc-no-recursion): the gate has bounded the depth */
static void put_member(const struct look *look, const cJSON *object, const cJSON *item,
                       size_t depth)
{
    bool is_scalar = !cJSON_IsObject(item) && !cJSON_IsArray(item);
    if (cJSON_IsObject(item) && IS_AMONG(item->string, containers))
        put_object(look, item, depth);
    else if (cJSON_IsNull(item) ||
             (is_scalar && (IS_AMONG(item->string, harmless) || is_request_id(object, item))))
        put_scalar(look, item);
    else
        put_hidden(look);
}

/* NOLINTNEXTLINE(misc-no-recursion): likewise */
static void put_object(const struct look *look, const cJSON *object, size_t depth)
{
    put(look, "{");
    for (const cJSON *item = object->child; item != NULL; item = item->next) {
        put_indent(look, depth + 1);
        put(look, "<span class=\"name\">");
        html_cut(look->out, str_of(item->string), 80);
        put(look, "</span>: ");
        put_member(look, object, item, depth + 1);
        put(look, item->next != NULL ? "," : "");
    }
    put_indent(look, depth);
    put(look, "}");
}

bool put_json(const struct look *look, struct str json)
{
    struct json_fault fault;
    cJSON *tree = json_read(json, &fault);
    bool is_object = cJSON_IsObject(tree);
    if (is_object) {
        put(look, "<pre class=\"json\">");
        put_object(look, tree, 0);
        put(look, "</pre>\n");
    }
    cJSON_Delete(tree);
    return is_object;
}
