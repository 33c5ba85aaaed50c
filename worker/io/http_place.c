#include "worker/io/http_place.h"

#include <stdio.h>
#include <string.h>

#define ENTITLEMENT "/identityGovernance/entitlementManagement"
#define ASSIGNMENTS ENTITLEMENT "/accessPackageAssignments"
#define RESOURCES   "/accessPackageResources"
#define CATALOGS    ENTITLEMENT "/accessPackageCatalogs/{id}" RESOURCES

/* Is it this path, or one below it, or with a query? NULL is none. */
static bool is_at(const char *path, const char *start)
{
    size_t size = start != NULL ? strlen(start) : 0;
    return size > 0 && strncmp(path, start, size) == 0 && strchr("/?", path[size]) != NULL;
}

static bool is_resource(const struct settings *settings, const char *path)
{
    return is_at(path, settings->graph.beta_resource_path) ||
           is_at(path, settings->graph.v1_resource_path);
}

static enum call_place place_of_look(const struct settings *settings, const char *path)
{
    if (is_at(path, settings->graph.beta_assignment_path))
        return CALL_LOOK_REQUESTS;
    if (is_at(path, ASSIGNMENTS))
        return CALL_LOOK_ASSIGNMENTS;
    return strstr(path, RESOURCES "?") != NULL ? CALL_LOOK_RESOURCES : CALL_LOOK_OTHER;
}

enum call_place http_place(const struct settings *settings, const char *operation, const char *path)
{
    static const enum call_place places[] = {CALL_DRY_RUN_ASSIGNMENT, CALL_SUBMIT_ASSIGNMENT,
                                             CALL_FOLLOW_ASSIGNMENT, CALL_REPROCESS_ASSIGNMENT};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        if (strcmp(operation, call_operation(places[i])) == 0)
            return places[i] + (is_resource(settings, path) ? 1 : 0);
    }
    return strcmp(operation, call_operation(CALL_TOKEN)) == 0 ? CALL_TOKEN
                                                              : place_of_look(settings, path);
}

size_t http_place_ending(const struct http_answer *answer)
{
    static const enum call_error errors[] = {
        [HTTP_NOT_SENT] = CALL_ERROR_UNSENT,
        [HTTP_REFUSED] = CALL_ERROR_UNSENT,
        [HTTP_LOST] = CALL_ERROR_LOST,
        [HTTP_ANSWERED] = CALL_ERROR_NONE,
    };
    return call_ending(answer->status,
                       answer->timed_out ? CALL_ERROR_TIMEOUT : errors[answer->reach]);
}

/* ---- words ---- */

/* Where the path begins; the end of the text if there is none. */
static const char *path_of(const char *url)
{
    const char *host = strstr(url, "://");
    host = host != NULL ? host + 3 : url;
    return host + strcspn(host, "/?");
}

static void split_server(const char *url, struct http_place_words *ret)
{
    const char *host = strstr(url, "://");
    bool secure = strncmp(url, "https:", 6) == 0;
    if (host == NULL)
        return;
    host += 3;
    size_t size = (size_t)(path_of(url) - host);
    const char *end = host + size, *colon = end;
    while (colon > host && *colon != ':' && *colon != ']')
        colon--;
    bool has_port = *colon == ':' && colon > host && end - colon < (int)sizeof ret->port;
    size_t host_size = has_port ? (size_t)(colon - host) : size;
    if (host_size < sizeof ret->address)
        snprintf(ret->address, sizeof ret->address, "%.*s", (int)host_size, host);
    snprintf(ret->port, sizeof ret->port, "%.*s", has_port ? (int)(end - colon) - 1 : 3,
             has_port ? colon + 1 : (secure ? "443" : "80"));
}

static void name_token(const struct settings *settings, struct http_place_words *ret)
{
    bool identity = settings->graph.auth == AUTH_MANAGED_IDENTITY;
    if (settings->graph.auth == AUTH_TOKEN)
        return;
    const char *url = identity ? settings->graph.identity_endpoint : settings->graph.authority_host;
    ret->method = identity ? "GET" : "POST";
    split_server(url, ret);
    snprintf(ret->template, sizeof ret->template, "%s",
             identity ? path_of(url) : "/{tenant}/oauth2/v2.0/token");
}

/* `from` is the path below the root. */
static void name_graph(const struct settings *settings, bool v1, const char *from, const char *end,
                       struct http_place_words *ret)
{
    static const char beta[] = "/beta";
    const char *root = path_of(settings->graph.base_url);
    size_t size = strlen(root);
    bool other = v1 && size >= strlen(beta) && strcmp(root + size - strlen(beta), beta) == 0;
    snprintf(ret->template, sizeof ret->template, "%.*s%s%s%s",
             (int)(other ? size - strlen(beta) : size), root, other ? "/v1.0" : "", from, end);
}

void http_place_words(const struct settings *settings, enum call_place place,
                      struct http_place_words *ret)
{
    const char *assignment = settings->graph.beta_assignment_path;
    const char *resource = settings->graph.beta_resource_path;
    bool v1 = settings->graph.submit_version == GRAPH_V1;
    *ret = (struct http_place_words){.method = place <= CALL_SUBMIT_RESOURCE ? "POST" : "GET"};
    if (place == CALL_TOKEN) {
        name_token(settings, ret);
        return;
    }
    split_server(settings->graph.base_url, ret);
    if (place == CALL_DRY_RUN_ASSIGNMENT || place == CALL_LOOK_REQUESTS)
        name_graph(settings, false, assignment, "", ret);
    else if (place == CALL_DRY_RUN_RESOURCE)
        name_graph(settings, false, resource, "", ret);
    else if (place == CALL_SUBMIT_ASSIGNMENT)
        name_graph(settings, v1, v1 ? settings->graph.v1_assignment_path : assignment, "", ret);
    else if (place == CALL_SUBMIT_RESOURCE)
        name_graph(settings, v1, v1 ? settings->graph.v1_resource_path : resource, "", ret);
    else if (place == CALL_LOOK_ASSIGNMENTS)
        name_graph(settings, false, ASSIGNMENTS, "", ret);
    else if (place == CALL_LOOK_RESOURCES)
        name_graph(settings, false, CATALOGS, "", ret);
    else if (place == CALL_FOLLOW_ASSIGNMENT || place == CALL_FOLLOW_RESOURCE)
        name_graph(settings, false, place == CALL_FOLLOW_RESOURCE ? resource : assignment, "/{id}",
                   ret);
    else if (place == CALL_REPROCESS_ASSIGNMENT || place == CALL_REPROCESS_RESOURCE)
        name_graph(settings, false, place == CALL_REPROCESS_RESOURCE ? resource : assignment,
                   "/{id}/reprocess", ret);
    if (place == CALL_REPROCESS_ASSIGNMENT || place == CALL_REPROCESS_RESOURCE)
        ret->method = "POST";
}

size_t http_place_expected(const struct settings *settings, enum call_place place)
{
    bool follows = settings->follow.enabled;
    switch (place) {
    case CALL_DRY_RUN_ASSIGNMENT:
    case CALL_DRY_RUN_RESOURCE:
    case CALL_SUBMIT_ASSIGNMENT:
    case CALL_SUBMIT_RESOURCE:
        return call_ending(201, CALL_ERROR_NONE);
    case CALL_LOOK_ASSIGNMENTS:
    case CALL_LOOK_REQUESTS:
        return call_ending(200, CALL_ERROR_NONE);
    case CALL_FOLLOW_ASSIGNMENT:
    case CALL_FOLLOW_RESOURCE:
        return follows ? call_ending(200, CALL_ERROR_NONE) : CALL_ENDINGS;
    case CALL_TOKEN:
        return settings->graph.auth != AUTH_TOKEN ? call_ending(200, CALL_ERROR_NONE)
                                                  : CALL_ENDINGS;
    default:
        return CALL_ENDINGS;
    }
}
