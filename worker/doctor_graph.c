#include "worker/doctor_job.h"

#include "worker/core/endpoint.h"
#include "worker/core/graph_error.h"
#include "worker/core/permissions.h"
#include "worker/doctor_http.h"
#include "worker/io/http.h"
#include "worker/io/token.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    PARTS_MAX = 20,   /* packages or catalogs of policy that are asked for: a read each */
    PATH_SIZE = 1024, /* of the settings 256 at most, and an id of 200 */
    TEXT_SIZE = PERMISSION_TEXT_SIZE + 256,
    DAY_MS = 24 * 60 * 60 * 1000,
};

/* What a read came to. */
enum sight { SIGHT_ALLOWED, SIGHT_FORBIDDEN, SIGHT_NONE };

struct doctor {
    struct doctor_job *job;
    const struct settings *settings;
    uv_loop_t loop;
    struct token *token;
    struct http *http;
    struct request *rq; /* of the read under way */
    struct token_roles roles;
    enum sight sight;
    bool is_answered;
    char said[TEXT_SIZE]; /* by Graph, or why nothing was heard of it */
};

static void fail(struct doctor *d, enum doctor_check check, int exit_code, const char *text)
{
    struct diagnosis diagnosis;
    diagnosis_missing(&diagnosis, exit_code, "%s", text);
    doctor_tell(d->job, check, "", &diagnosis);
}

/* A fault of the credentials, or of the way. */
static int exit_code_of(const struct doctor *d)
{
    return token_is_refused(d->token) ? DIAGNOSIS_REFUSED : DIAGNOSIS_UNREACHABLE;
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

/* Missing only where it is said so: what Graph says to a request may differ. */
static void judge(enum permission permission, const char *text, struct diagnosis *ret)
{
    if (permission == PERMISSION_GOOD)
        diagnosis_good(ret, "%s", text);
    else if (permission == PERMISSION_OPEN)
        diagnosis_open(ret, "%s", text);
    else
        diagnosis_missing(ret, DIAGNOSIS_REFUSED, "%s", text);
}

static void check_origins(struct doctor *d)
{
    char text[PERMISSION_TEXT_SIZE];
    struct diagnosis diagnosis;
    for (size_t i = 0; i < PERMISSION_ORIGINS; i++) {
        judge(permission_of_origin(i, &d->roles, text), text, &diagnosis);
        doctor_tell(d->job, CHECK_GRAPH_ORIGIN, permission_origin_name(i), &diagnosis);
    }
}

static void check_kind(struct doctor *d, enum kind kind)
{
    enum doctor_check check =
        kind == KIND_RESOURCE ? CHECK_GRAPH_RESOURCES : CHECK_GRAPH_ASSIGNMENTS;
    struct permission_view view = {0};
    struct diagnosis diagnosis;
    char text[PERMISSION_TEXT_SIZE], whole[TEXT_SIZE];
    if (!look_at_kind(d, kind, &view)) {
        fail(d, check, exit_code_of(d), d->said);
        return;
    }
    enum permission permission = permission_of_kind(kind, &d->roles, &view, text);
    bool add = permission == PERMISSION_MISSING && !view.list_is_allowed;
    snprintf(whole, sizeof whole, "%s%s%.240s", text, add ? ". " : "", add ? d->said : "");
    judge(permission, whole, &diagnosis);
    doctor_tell(d->job, check, "", &diagnosis);
    if (kind == KIND_RESOURCE)
        check_origins(d);
}

/* When the certificate of auth: certificate ends. */
static void check_certificate(struct doctor *d)
{
    struct diagnosis diagnosis;
    int64_t ends_ms = token_certificate_expires_at(d->token), left_ms = ends_ms - doctor_wall_ms();
    if (ends_ms == 0)
        return;
    if (left_ms > 0)
        diagnosis_of_certificate(&diagnosis, "it can be read", left_ms / DAY_MS);
    else
        diagnosis_missing(&diagnosis, DIAGNOSIS_REFUSED,
                          "graph.certificate_file: the certificate has ended; put another in its "
                          "place, and upload it to the application");
    doctor_tell(d->job, CHECK_GRAPH_CERTIFICATE, "", &diagnosis);
}

/* Is there a token, and what does it say? The first read waits for it. */
static bool check_token(struct doctor *d)
{
    unsigned number = 0;
    struct diagnosis diagnosis;
    (void)look_at(d, "/identityGovernance/entitlementManagement/accessPackageCatalogs?$top=1");
    const char *token = token_get(d->token, &number);
    if (token == NULL || token_is_refused(d->token)) {
        const char *why = token_trouble(d->token);
        fail(d, CHECK_GRAPH_TOKEN, exit_code_of(d), why[0] != '\0' ? why : d->said);
        return false;
    }
    if (token_roles_read(str_of(token), &d->roles))
        diagnosis_good(&diagnosis, "application %s, tenant %s%s",
                       d->roles.application[0] != '\0' ? d->roles.application : "?",
                       d->roles.tenant[0] != '\0' ? d->roles.tenant : "?",
                       d->roles.is_delegated ? ", for a person" : "");
    else
        diagnosis_good(&diagnosis, "it cannot be read, so what it permits only Graph can say");
    doctor_tell(d->job, CHECK_GRAPH_TOKEN, "", &diagnosis);
    return true;
}

/* ---- the hosts ---- */

static const char *authority_of(const struct settings *settings)
{
    enum auth auth = settings->graph.auth;
    bool asks = auth != AUTH_TOKEN && auth != AUTH_MANAGED_IDENTITY; /* that is Azure's own */
    return asks ? settings->graph.authority_host : "";
}

/* The same host, by the same way. */
static bool is_same(const struct settings *one, const char *url, const struct settings *other,
                    const char *other_url)
{
    struct endpoint a, b;
    return endpoint_of_url(url, &a) && endpoint_of_url(other_url, &b) &&
           strcmp(a.host, b.host) == 0 && a.port == b.port &&
           strcmp(one->graph.proxy, other->graph.proxy) == 0 &&
           strcmp(one->graph.tls_ca_file, other->graph.tls_ca_file) == 0;
}

/* The tenants before this one have told of it. */
static bool is_told(const struct doctor *d, const char *url)
{
    for (size_t i = 0; i < d->job->number && i < d->job->tenants->count; i++) {
        const struct settings *other = d->job->tenants->items[i].settings;
        if (is_same(d->settings, url, other, other->graph.base_url) ||
            is_same(d->settings, url, other, authority_of(other)))
            return true;
    }
    return false;
}

static void check_hosts(struct doctor *d)
{
    const char *graph = d->settings->graph.base_url, *authority = authority_of(d->settings);
    if (authority[0] != '\0' && !is_told(d, authority) &&
        !is_same(d->settings, authority, d->settings, graph))
        doctor_look_at_host(d->job, authority);
    if (!is_told(d, graph))
        doctor_look_at_host(d->job, graph);
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
    check_hosts(d);
    d->rq = calloc(1, sizeof *d->rq);
    d->token = token_create(&d->loop, d->settings, &error);
    if (d->token != NULL)
        d->http = http_create(&d->loop, d->settings, d->token, &error);
    if (d->http == NULL || d->rq == NULL) {
        fail(d, CHECK_GRAPH_TOKEN, DIAGNOSIS_MISCONFIGURED,
             d->rq != NULL ? error.text : "no memory for a call");
        return;
    }
    bool good = check_token(d);
    check_certificate(d);
    for (int kind = KIND_ASSIGNMENT; good && kind < KIND_COUNT; kind++)
        if (is_wanted(&d->settings->policy, (enum kind)kind))
            check_kind(d, (enum kind)kind);
}

void doctor_look_at_graph(struct doctor_job *job)
{
    struct doctor *d = calloc(1, sizeof *d);
    struct diagnosis diagnosis;
    if (d == NULL) {
        diagnosis_missing(&diagnosis, DIAGNOSIS_INTERNAL, "no memory");
        doctor_tell(job, CHECK_GRAPH_TOKEN, "", &diagnosis);
        return;
    }
    d->job = job;
    d->settings = job->settings;
    uv_loop_init(&d->loop);
    check(d);
    http_destroy(d->http);
    token_destroy(d->token);
    uv_run(&d->loop, UV_RUN_DEFAULT);
    uv_loop_close(&d->loop);
    free(d->rq);
    free(d);
}
