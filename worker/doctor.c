#include "worker/doctor.h"

#include "worker/core/graph_error.h"
#include "worker/core/permissions.h"
#include "worker/io/http.h"
#include "worker/io/token.h"
#include "worker/worker.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    PARTS_MAX = 20,   /* packages or catalogs of policy that are asked for: a read each */
    PATH_SIZE = 1024, /* of the settings 256 at most, and an id of 200 */
    TEXT_SIZE = PERMISSION_TEXT_SIZE + 256,
};

/* What a read came to. */
enum sight { SIGHT_ALLOWED, SIGHT_FORBIDDEN, SIGHT_NONE };

struct doctor {
    const struct settings *settings;
    const char *tenant; /* "": the only one, which has no name */
    const struct doctor_report *report;
    uv_loop_t loop;
    struct token *token;
    struct http *http;
    struct request *rq; /* of the read under way */
    struct token_roles roles;
    enum sight sight;
    bool is_answered;
    char said[TEXT_SIZE]; /* by Graph, or why nothing was heard of it */
    int exit_code;
};

static void tell(struct doctor *d, enum doctor_mark mark, const char *thing, const char *text)
{
    char plain[TEXT_SIZE], whose[TENANT_NAME_MAX + 80];
    bool named = d->tenant[0] != '\0';
    snprintf(whose, sizeof whose, "%s%s%s%.64s", named ? "tenant " : "", d->tenant,
             named ? ": " : "", thing);
    snprintf(plain, sizeof plain, "%s", text);
    for (char *c = plain; *c != '\0'; c++) /* part of it may be somebody else's words */
        if (*c < ' ' || *c > '~')
            *c = '?';
    d->report->on_line(d->report->context, mark, whose, plain);
}

/* The first reason counts. */
static void fail(struct doctor *d, int exit_code, const char *thing, const char *text)
{
    if (d->exit_code == WORKER_DONE)
        d->exit_code = exit_code;
    tell(d, DOCTOR_MISSING, thing, text);
}

/* ---- one read ---- */

static void note_error(struct doctor *d, const struct http_answer *answer)
{
    cJSON *tree = graph_body_parse(answer);
    struct graph_error error = graph_error_read(tree);
    snprintf(d->said, sizeof d->said, "Graph answers %d %.96s (%.200s), request-id %s",
             answer->status, error.code != NULL ? error.code : "without a code",
             error.code != NULL ? error.message : "", answer->request_id);
    cJSON_Delete(tree);
}

static void on_answer(void *context, struct request *rq, const struct http_answer *answer)
{
    struct doctor *d = context;
    (void)rq;
    d->is_answered = true;
    d->sight = SIGHT_NONE;
    uv_stop(&d->loop);
    if (answer->reach != HTTP_ANSWERED) {
        snprintf(d->said, sizeof d->said, "%s", answer->error);
        return;
    }
    if (answer->status >= 200 && answer->status < 300)
        d->sight = SIGHT_ALLOWED;
    else if (answer->status == 403)
        d->sight = SIGHT_FORBIDDEN;
    note_error(d, answer);
}

static enum sight look_at(struct doctor *d, const char *path)
{
    struct http_call call = {.method = HTTP_GET,
                             .path = path,
                             .on_answer = on_answer,
                             .context = d};
    *d->rq = (struct request){.stage = STAGE_LOOK};
    d->is_answered = false;
    http_start(d->http, d->rq, &call);
    while (!d->is_answered)
        uv_run(&d->loop, UV_RUN_DEFAULT);
    return d->sight;
}

/* ---- what is looked at ---- */

/* Where the requests of a kind are, on beta: the dry runs go there in any case. */
static const char *path_of(const struct doctor *d, enum kind kind)
{
    return kind == KIND_RESOURCE ? d->settings->graph.beta_resource_path
                                 : d->settings->graph.beta_assignment_path;
}

static void part_path(const struct doctor *d, enum kind kind, const char *id, char ret[PATH_SIZE])
{
    static const char root[] = "/identityGovernance/entitlementManagement/";
    if (kind == KIND_RESOURCE)
        snprintf(ret, PATH_SIZE, "%saccessPackageCatalogs/%s/accessPackageResources?$top=1", root,
                 id);
    else
        snprintf(ret, PATH_SIZE,
                 "%s?$expand=accessPackage&$filter=accessPackage/id%%20eq%%20'%s'&$top=1",
                 path_of(d, kind), id);
}

/* By each package or catalog: an application with a role there may read these and no others. */
static bool look_at_parts(struct doctor *d, enum kind kind, struct permission_view *view)
{
    const struct policy *policy = &d->settings->policy;
    const struct strings *ids =
        kind == KIND_RESOURCE ? &policy->catalogs : &policy->access_packages;
    char path[PATH_SIZE];
    for (size_t i = 0; i < ids->count && i < PARTS_MAX; i++) {
        part_path(d, kind, ids->items[i], path);
        enum sight sight = look_at(d, path);
        if (sight == SIGHT_NONE)
            return false;
        view->parts++;
        view->parts_allowed += sight == SIGHT_ALLOWED;
    }
    return true;
}

/* False: Graph says nothing that could be judged; that is told. */
static bool look_at_kind(struct doctor *d, enum kind kind, struct permission_view *view)
{
    char path[PATH_SIZE];
    snprintf(path, sizeof path, "%s?$top=1", path_of(d, kind));
    enum sight sight = look_at(d, path);
    view->list_is_allowed = sight == SIGHT_ALLOWED;
    return sight != SIGHT_NONE &&
           (!permission_may_be_of_parts(&d->roles, view) || look_at_parts(d, kind, view));
}

static enum doctor_mark mark_of(enum permission permission)
{
    static const enum doctor_mark marks[] = {[PERMISSION_GOOD] = DOCTOR_GOOD,
                                             [PERMISSION_MISSING] = DOCTOR_MISSING,
                                             [PERMISSION_OPEN] = DOCTOR_OPEN};
    return marks[permission];
}

static void check_origins(struct doctor *d)
{
    char text[PERMISSION_TEXT_SIZE], thing[64];
    for (size_t i = 0; i < PERMISSION_ORIGINS; i++) {
        enum permission permission = permission_of_origin(i, &d->roles, text);
        snprintf(thing, sizeof thing, "resource requests for %s", permission_origin_name(i));
        tell(d, mark_of(permission), thing, text);
    }
}

static void check_kind(struct doctor *d, enum kind kind)
{
    const char *thing = kind == KIND_RESOURCE ? "resource requests" : "assignment requests";
    struct permission_view view = {0};
    char text[PERMISSION_TEXT_SIZE], whole[TEXT_SIZE];
    if (!look_at_kind(d, kind, &view)) {
        bool refused = token_is_refused(d->token);
        fail(d, refused ? WORKER_REFUSED : WORKER_UNREACHABLE, thing, d->said);
        return;
    }
    enum permission permission = permission_of_kind(kind, &d->roles, &view, text);
    if (permission != PERMISSION_MISSING) {
        tell(d, mark_of(permission), thing, text);
    } else {
        snprintf(whole, sizeof whole, "%s%s%.240s", text, view.list_is_allowed ? "" : ". ",
                 view.list_is_allowed ? "" : d->said);
        fail(d, WORKER_REFUSED, thing, whole);
    }
    if (kind == KIND_RESOURCE)
        check_origins(d);
}

/* Is there a token, and what does it say? The first read waits for it. */
static bool check_token(struct doctor *d)
{
    unsigned number = 0;
    char text[TEXT_SIZE];
    (void)look_at(d, "/identityGovernance/entitlementManagement/accessPackageCatalogs?$top=1");
    const char *token = token_get(d->token, &number);
    if (token == NULL || token_is_refused(d->token)) {
        const char *why = token_trouble(d->token);
        fail(d, token_is_refused(d->token) ? WORKER_REFUSED : WORKER_UNREACHABLE, "graph token",
             why[0] != '\0' ? why : d->said);
        return false;
    }
    if (token_roles_read(str_of(token), &d->roles))
        snprintf(text, sizeof text, "application %s, tenant %s%s",
                 d->roles.application[0] != '\0' ? d->roles.application : "?",
                 d->roles.tenant[0] != '\0' ? d->roles.tenant : "?",
                 d->roles.is_delegated ? ", for a person" : "");
    else
        snprintf(text, sizeof text, "it cannot be read, so what it permits only Graph can say");
    tell(d, DOCTOR_GOOD, "graph token", text);
    return true;
}

/* ---- life ---- */

static bool is_wanted(const struct policy *policy, enum kind kind)
{
    for (size_t i = 0; i < policy->kinds.count; i++)
        if (strcmp(policy->kinds.items[i], kind_name(kind)) == 0)
            return true;
    return policy->kinds.count == 0;
}

static void check(struct doctor *d)
{
    struct error error = {0};
    d->rq = calloc(1, sizeof *d->rq);
    d->token = token_create(&d->loop, d->settings, &error);
    if (d->token != NULL)
        d->http = http_create(&d->loop, d->settings, d->token, &error);
    if (d->http == NULL || d->rq == NULL) {
        fail(d, WORKER_MISCONFIGURED, "graph token",
             d->rq != NULL ? error.text : "no memory for a call");
        return;
    }
    if (!check_token(d))
        return;
    for (int kind = KIND_ASSIGNMENT; kind < KIND_COUNT; kind++)
        if (is_wanted(&d->settings->policy, (enum kind)kind))
            check_kind(d, (enum kind)kind);
}

static int examine(const struct settings *settings, const char *tenant,
                   const struct doctor_report *report)
{
    struct doctor *d = calloc(1, sizeof *d);
    if (d == NULL) {
        report->on_line(report->context, DOCTOR_MISSING, "doctor", "no memory");
        return WORKER_INTERNAL;
    }
    d->settings = settings;
    d->tenant = tenant;
    d->report = report;
    uv_loop_init(&d->loop);
    check(d);
    http_destroy(d->http);
    token_destroy(d->token);
    uv_run(&d->loop, UV_RUN_DEFAULT);
    uv_loop_close(&d->loop);
    int exit_code = d->exit_code;
    free(d->rq);
    free(d);
    return exit_code;
}

int doctor_run(const struct settings *settings, const struct doctor_report *report)
{
    const struct tenants *tenants = &settings->tenants;
    int exit_code = WORKER_DONE;
    if (tenants->count == 0)
        return examine(settings, "", report);
    for (size_t i = 0; i < tenants->count; i++) {
        int code = examine(tenants->items[i].settings, tenants->items[i].name, report);
        exit_code = exit_code == WORKER_DONE ? code : exit_code;
    }
    return exit_code;
}
