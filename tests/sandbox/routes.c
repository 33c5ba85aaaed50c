#include "tests/sandbox/call.h"
#include "tests/sandbox/control.h"

#include <string.h>

#define GRAPH "/beta/identityGovernance/entitlementManagement/"
#define V1    "/v1.0/identityGovernance/entitlementManagement/"

static const struct route ROUTES[] = {
    {"POST", GRAPH "accessPackageAssignmentRequests", OP_SUBMIT, KIND_ASSIGNMENT, SET_NONE,
     graph_post},
    {"POST", GRAPH "accessPackageResourceRequests", OP_SUBMIT, KIND_RESOURCE, SET_NONE, graph_post},
    {"GET", GRAPH "accessPackageAssignmentRequests", OP_LOOK, KIND_ASSIGNMENT,
     SET_ASSIGNMENT_REQUESTS, query_list},
    {"GET", GRAPH "accessPackageAssignmentRequests/*", OP_LOOK, KIND_ASSIGNMENT,
     SET_ASSIGNMENT_REQUESTS, query_one},
    {"POST", GRAPH "assignmentRequests/*/reprocess", OP_REPROCESS, KIND_ASSIGNMENT, SET_NONE,
     reprocess_post},
    {"POST", GRAPH "accessPackageAssignmentRequests/*/reprocess", OP_REPROCESS, KIND_ASSIGNMENT,
     SET_NONE, reprocess_post},
    {"GET", GRAPH "accessPackageAssignments", OP_LOOK, KIND_ASSIGNMENT, SET_ASSIGNMENTS,
     query_list},
    {"GET", GRAPH "assignments", OP_LOOK, KIND_ASSIGNMENT, SET_ASSIGNMENTS, query_list},
    {"GET", GRAPH "accessPackageResourceRequests", OP_LOOK, KIND_RESOURCE, SET_RESOURCE_REQUESTS,
     query_list},
    {"GET", GRAPH "accessPackageResourceRequests/*", OP_LOOK, KIND_RESOURCE, SET_RESOURCE_REQUESTS,
     query_one},
    {"GET", GRAPH "accessPackageCatalogs/*/accessPackageResources", OP_LOOK, KIND_RESOURCE,
     SET_RESOURCES, query_list},
    {"GET", GRAPH "accessPackageCatalogs", OP_CATALOGS, KIND_NONE, SET_NONE, query_catalogs},
    // The new path of beta: the same type, and so the same bodies.
    {"POST", GRAPH "assignmentRequests", OP_SUBMIT, KIND_ASSIGNMENT, SET_NONE, graph_post},
    {"GET", GRAPH "assignmentRequests", OP_LOOK, KIND_ASSIGNMENT, SET_ASSIGNMENT_REQUESTS,
     query_list},
    {"GET", GRAPH "assignmentRequests/*", OP_LOOK, KIND_ASSIGNMENT, SET_ASSIGNMENT_REQUESTS,
     query_one},
    {"POST", V1 "assignmentRequests", OP_SUBMIT, KIND_ASSIGNMENT, SET_NONE, graph_post},
    {"POST", V1 "resourceRequests", OP_SUBMIT, KIND_RESOURCE, SET_NONE, graph_post},
    {"GET", V1 "assignmentRequests", OP_LOOK, KIND_ASSIGNMENT, SET_ASSIGNMENT_REQUESTS, query_list},
    {"GET", V1 "assignmentRequests/*", OP_LOOK, KIND_ASSIGNMENT, SET_ASSIGNMENT_REQUESTS,
     query_one},
    {"GET", V1 "assignments", OP_LOOK, KIND_ASSIGNMENT, SET_ASSIGNMENTS, query_list},
    {"GET", V1 "resourceRequests", OP_LOOK, KIND_RESOURCE, SET_RESOURCE_REQUESTS, query_list},
    {"GET", V1 "resourceRequests/*", OP_LOOK, KIND_RESOURCE, SET_RESOURCE_REQUESTS, query_one},
    {"POST", "/*/oauth2/v2.0/token", OP_TOKEN, KIND_NONE, SET_NONE, token_post},
    {"GET", "/metadata/identity/oauth2/token", OP_TOKEN, KIND_NONE, SET_NONE, identity_of_machine},
    {"GET", "/msi/token", OP_TOKEN, KIND_NONE, SET_NONE, identity_of_app_service},
    {"GET", "/sandbox/health", OP_OTHER, KIND_NONE, SET_NONE, control_health},
    {"GET", "/sandbox/ledger", OP_OTHER, KIND_NONE, SET_NONE, control_ledger},
    {"DELETE", "/sandbox/ledger", OP_OTHER, KIND_NONE, SET_NONE, control_ledger_clear},
    {"GET", "/sandbox/faults", OP_OTHER, KIND_NONE, SET_NONE, control_faults},
    {"POST", "/sandbox/faults", OP_OTHER, KIND_NONE, SET_NONE, control_faults_add},
    {"DELETE", "/sandbox/faults", OP_OTHER, KIND_NONE, SET_NONE, control_faults_clear},
    {"GET", "/sandbox/settings", OP_OTHER, KIND_NONE, SET_NONE, control_settings},
    {"POST", "/sandbox/settings", OP_OTHER, KIND_NONE, SET_NONE, control_settings_change},
    {"GET", "/sandbox/state", OP_OTHER, KIND_NONE, SET_NONE, control_state},
    {"POST", "/sandbox/state", OP_OTHER, KIND_NONE, SET_NONE, control_state_add},
    {"DELETE", "/sandbox/state", OP_OTHER, KIND_NONE, SET_NONE, control_state_clear},
    {"POST", "/sandbox/lives", OP_OTHER, KIND_NONE, SET_NONE, control_lives_add},
    {"DELETE", "/sandbox/tokens", OP_OTHER, KIND_NONE, SET_NONE, control_tokens_revoke},
};

// Whole path, exact case. What stands for `*` is copied.
static bool path_matches(const char *pattern, const char *path, char *ret_segment, size_t size)
{
    for (; *pattern != '\0'; pattern++) {
        if (*pattern != '*') {
            if (*path++ != *pattern) {
                return false;
            }
            continue;
        }
        size_t length = strcspn(path, "/");
        if (length == 0 || length >= size) {
            return false;
        }
        copy_text(ret_segment, length + 1, path);
        path += length;
    }
    return *path == '\0';
}

enum version route_version(const struct route *route)
{
    return strncmp(route->path, V1, strlen(V1)) == 0 ? VERSION_V1 : VERSION_BETA;
}

bool routes_take_faults(const struct route *route)
{
    return route->op != OP_OTHER;
}

void routes_find(struct call *call)
{
    bool path_known = false;
    for (size_t i = 0; i < sizeof ROUTES / sizeof ROUTES[0]; i++) {
        const struct route *route = &ROUTES[i];
        if (!path_matches(route->path, call->path, call->segment, sizeof call->segment)) {
            continue;
        }
        if (strcmp(route->method, call->method) == 0) {
            call->route = route;
            call->op = route->op;
            return;
        }
        path_known = true;
        call->answer.allow = route->method;
    }
    call->op = OP_OTHER;
    if (path_known) {
        answer_error(call, 405, "MethodNotAllowed", "This address does not know the method.");
    } else {
        answer_error(call, 404, "ResourceNotFound", "There is nothing at this address.");
    }
}
