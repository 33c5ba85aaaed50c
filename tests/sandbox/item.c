#include "tests/sandbox/item.h"

#include <ctype.h>
#include <string.h>

static void set_member(struct item *item, const char *member, const char *container)
{
    bool email = strchr(member, '@') != NULL && strchr(member, '/') == NULL;
    const char *shown = member[0] == '\0' ? NULL : member;
    item->fields[FIELD_OBJECT] = email ? NULL : shown;
    item->fields[FIELD_EMAIL] = email ? shown : NULL;
    item->fields[FIELD_CONTAINER] = container;
}

static void set_life(struct item *item, const struct request *request, int64_t view_ms)
{
    int64_t since_ms = 0;
    const char *state =
        life_state(request->life, request->again, request->life_ms, view_ms, &since_ms);
    clock_text(since_ms, item->times[1]);
    item->fields[FIELD_STATE] = state;
    item->fields[FIELD_STATUS] = state;
    item->fields[FIELD_COMPLETED] = life_state_is_over(state) ? item->times[1] : NULL;
}

bool item_of_request(const struct state *state, const struct request *request, int64_t view_ms,
                     struct item *ret_item)
{
    bool delivered = request->due_ms <= view_ms;
    *ret_item = (struct item){.created_ms = request->created_ms,
                              .execute_immediately = request->execute_immediately};
    clock_text(request->created_ms, ret_item->times[0]);
    clock_text(request->due_ms, ret_item->times[1]);
    const char **fields = ret_item->fields;
    fields[FIELD_ID] = request->id;
    fields[FIELD_TYPE] = request->request_type;
    fields[FIELD_STATE] = delivered ? "Delivered" : "Submitted";
    fields[FIELD_STATUS] = delivered ? "Fulfilled" : "Accepted";
    fields[FIELD_CREATED] = ret_item->times[0];
    fields[FIELD_COMPLETED] = delivered ? ret_item->times[1] : NULL;
    if (request->life != NULL) {
        set_life(ret_item, request, view_ms);
    }
    fields[FIELD_JUSTIFICATION] = request->justification;
    fields[FIELD_EXPIRATION] = request->expiration;
    if (request->grant != INDEX_NONE) {
        const struct grant *grant = &state->grants[request->grant];
        set_member(ret_item, grant->member, grant->container);
        fields[FIELD_DETAIL] = grant->detail;
        fields[FIELD_GRANT] = grant->id;
    }
    return request->created_ms <= view_ms;
}

bool item_of_grant(const struct grant *grant, int64_t view_ms, struct item *ret_item)
{
    bool stands = grant->removed_ms > view_ms;
    *ret_item = (struct item){.created_ms = grant->added_ms};
    clock_text(grant->added_ms, ret_item->times[0]);
    clock_text(stands ? 0 : grant->removed_ms, ret_item->times[1]);
    const char **fields = ret_item->fields;
    fields[FIELD_ID] = grant->id;
    fields[FIELD_STATE] = stands ? "Delivered" : "Expired";
    fields[FIELD_STATUS] = fields[FIELD_STATE];
    fields[FIELD_CREATED] = ret_item->times[0];
    fields[FIELD_COMPLETED] = stands ? NULL : ret_item->times[1];
    fields[FIELD_DETAIL] = grant->detail;
    set_member(ret_item, grant->member, grant->container);
    // An assignment that ended stays to be seen; a resource that was taken out does not.
    return grant->added_ms <= view_ms && (stands || grant->kind == KIND_ASSIGNMENT);
}

bool list_names(const char *list, const char *name)
{
    size_t size = strlen(name);
    int depth = 0;
    bool start = true;
    for (const char *at = list == NULL ? "" : list; *at != '\0'; at++) {
        if (depth == 0 && start && strncmp(at, name, size) == 0 &&
            (at[size] == '\0' || strchr(",( ", at[size]) != NULL)) {
            return true;
        }
        depth += *at == '(' ? 1 : *at == ')' ? -1 : 0;
        start = *at == ',' || (start && *at == ' ');
    }
    return false;
}

// ,"name":"value" where $select has it, or has nothing.
static void put(struct text *text, const struct item_view *view, const char *name,
                const char *value)
{
    if (view->select == NULL || list_names(view->select, name)) {
        text_format(text, "%s\"%s\":", text->bytes[text->size - 1] == '{' ? "" : ",", name);
        text_quote(text, value);
    }
}

static void put_raw(struct text *text, const struct item_view *view, const char *name,
                    const char *value)
{
    if (view->select == NULL || list_names(view->select, name)) {
        text_format(text, "%s\"%s\":%s", text->bytes[text->size - 1] == '{' ? "" : ",", name,
                    value);
    }
}

// What one version calls so, and the other so.
static void put_either(struct text *text, const struct item_view *view, const char *beta,
                       const char *v1, const char *value)
{
    put(text, view, view->version == VERSION_V1 ? v1 : beta, value);
}

// A word of an enumeration: v1.0 begins it with a small letter.
static void put_word(struct text *text, const struct item_view *view, const char *beta,
                     const char *v1, const char *value)
{
    char word[32];
    copy_text(word, sizeof word, value);
    if (view->version == VERSION_V1) {
        word[0] = (char)tolower((unsigned char)word[0]);
    }
    put_either(text, view, beta, v1, value == NULL ? NULL : word);
}

// An expanded object goes in whole, whatever $select says.
static void open_object(struct text *text, const char *name)
{
    text_format(text, "%s\"%s\":{", text->bytes[text->size - 1] == '{' ? "" : ",", name);
}

static void put_subject(struct text *text, const struct item *item, const struct item_view *view,
                        const char *name)
{
    const struct item_view all = {.version = view->version};
    open_object(text, name);
    put(text, &all, "objectId", item->fields[FIELD_OBJECT]);
    put(text, &all, "email", item->fields[FIELD_EMAIL]);
    put_word(text, &all, "type", "subjectType", "User");
    text_add(text, "}", 1);
}

static void put_package(struct text *text, const struct item *item)
{
    const struct item_view all = {0};
    open_object(text, "accessPackage");
    put(text, &all, "id", item->fields[FIELD_CONTAINER]);
    text_add(text, "}", 1);
}

static void put_assignment(struct text *text, const struct item *item, const struct item_view *view,
                           const char *id)
{
    put(text, view, "id", id);
    if (view->version == VERSION_BETA) { // v1.0 does not declare them
        put(text, view, "accessPackageId", item->fields[FIELD_CONTAINER]);
        put(text, view, "assignmentPolicyId", item->fields[FIELD_DETAIL]);
        put(text, view, "targetId", item->fields[FIELD_OBJECT]);
    }
}

static void put_resource(struct text *text, const struct item *item, const struct item_view *view,
                         const char *id)
{
    put(text, view, "id", id);
    put(text, view, "originId", item->fields[FIELD_OBJECT]);
    put(text, view, "originSystem", item->fields[FIELD_DETAIL]);
}

static void write_expanded(const struct item *item, const struct item_view *view,
                           struct text *ret_text)
{
    const struct item_view all = {.version = view->version};
    bool v1 = view->version == VERSION_V1;
    const char *assignment = v1 ? "assignment" : "accessPackageAssignment";
    if (list_names(view->expand, "accessPackage")) {
        put_package(ret_text, item);
    }
    if (list_names(view->expand, "requestor")) {
        put_subject(ret_text, item, view, "requestor");
    }
    if (list_names(view->expand, assignment)) {
        open_object(ret_text, assignment);
        put_assignment(ret_text, item, &all, item->fields[FIELD_GRANT]);
        if (strstr(view->expand, "target") != NULL) {
            put_subject(ret_text, item, view, "target");
        }
        text_add(ret_text, "}", 1);
    }
}

static void write_assignment_request(const struct item *item, const struct item_view *view,
                                     struct text *ret_text)
{
    put_either(ret_text, view, "requestStatus", "status", item->fields[FIELD_STATUS]);
    put(ret_text, view, "justification", item->fields[FIELD_JUSTIFICATION]);
    put(ret_text, view, "createdDateTime", item->fields[FIELD_CREATED]);
    put_either(ret_text, view, "completedDate", "completedDateTime", item->fields[FIELD_COMPLETED]);
    put(ret_text, view, "schedule", NULL);
    if (view->version == VERSION_BETA) {
        put(ret_text, view, "expirationDateTime", item->fields[FIELD_EXPIRATION]);
    }
    write_expanded(item, view, ret_text);
}

static void write_resource_request(const struct item *item, const struct item_view *view,
                                   struct text *ret_text)
{
    const struct item_view all = {.version = view->version};
    bool v1 = view->version == VERSION_V1;
    const char *resource = v1 ? "resource" : "accessPackageResource";
    if (v1) {
        put(ret_text, view, "createdDateTime", item->fields[FIELD_CREATED]);
    } else {
        put(ret_text, view, "requestStatus", item->fields[FIELD_STATUS]);
        put(ret_text, view, "justification", item->fields[FIELD_JUSTIFICATION]);
        put(ret_text, view, "expirationDateTime", item->fields[FIELD_EXPIRATION]);
        put(ret_text, view, "catalogId", item->fields[FIELD_CONTAINER]);
        put_raw(ret_text, view, "executeImmediately", item->execute_immediately ? "true" : "false");
    }
    if (v1 && list_names(view->expand, "catalog")) {
        open_object(ret_text, "catalog");
        put(ret_text, &all, "id", item->fields[FIELD_CONTAINER]);
        text_add(ret_text, "}", 1);
    }
    if (list_names(view->expand, resource)) {
        open_object(ret_text, resource);
        put_resource(ret_text, item, &all, item->fields[FIELD_GRANT]);
        text_add(ret_text, "}", 1);
    }
}

static void write_request(const struct item *item, const struct item_view *view,
                          struct text *ret_text)
{
    put(ret_text, view, "id", item->fields[FIELD_ID]);
    put_word(ret_text, view, "requestType", "requestType", item->fields[FIELD_TYPE]);
    put_word(ret_text, view, "requestState", "state", item->fields[FIELD_STATE]);
    if (!item->drop_echo && view->version == VERSION_BETA) {
        put_raw(ret_text, view, "isValidationOnly", "false");
    }
    if (view->set == SET_RESOURCE_REQUESTS) {
        write_resource_request(item, view, ret_text);
    } else {
        write_assignment_request(item, view, ret_text);
    }
}

static void write_grant(const struct item *item, const struct item_view *view,
                        struct text *ret_text)
{
    if (view->set == SET_RESOURCES) {
        put_resource(ret_text, item, view, item->fields[FIELD_ID]);
        put_raw(ret_text, view, "isPendingOnboarding", "false");
        put(ret_text, view, "addedOn", item->fields[FIELD_CREATED]);
        return;
    }
    put_assignment(ret_text, item, view, item->fields[FIELD_ID]);
    put_word(ret_text, view, "assignmentState", "state", item->fields[FIELD_STATE]);
    put_either(ret_text, view, "assignmentStatus", "status", item->fields[FIELD_STATUS]);
    if (view->version == VERSION_BETA) {
        put_raw(ret_text, view, "isExtended", "false");
    }
    put(ret_text, view, "expiredDateTime", item->fields[FIELD_COMPLETED]);
    if (list_names(view->expand, "target")) {
        put_subject(ret_text, item, view, "target");
    }
    if (list_names(view->expand, "accessPackage")) {
        put_package(ret_text, item);
    }
}

static void write_context(const struct item_view *view, struct text *ret_text)
{
    static const char *const names[][2] = {
        {"accessPackageAssignmentRequests", "accessPackageResourceRequests"},
        {"identityGovernance/entitlementManagement/assignmentRequests",
         "identityGovernance/entitlementManagement/resourceRequests"}};
    text_format(ret_text,
                "\"@odata.context\":\"https://graph.microsoft.com/%s/$metadata#%s/$entity\"",
                view->version == VERSION_V1 ? "v1.0" : "beta",
                names[view->version][view->set == SET_RESOURCE_REQUESTS]);
}

void item_write(const struct item *item, const struct item_view *view, struct text *ret_text)
{
    bool request = view->set == SET_ASSIGNMENT_REQUESTS || view->set == SET_RESOURCE_REQUESTS;
    text_add(ret_text, "{", 1);
    if (view->with_context) {
        write_context(view, ret_text);
    }
    if (request) {
        write_request(item, view, ret_text);
    } else {
        write_grant(item, view, ret_text);
    }
    text_add(ret_text, "}", 1);
}
