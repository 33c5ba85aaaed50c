#pragma once
// One HTTP call, from its first byte to its answer. http.c makes and moves it; routes fill in the
// answer.

#include "tests/sandbox/body.h"
#include "tests/sandbox/sandbox.h"

struct MHD_Connection;

enum phase {
    PHASE_READING, // the body comes in
    PHASE_APPLY,   // all is read: decide and apply
    PHASE_ANSWER,  // send what was decided
    PHASE_HANGING, // nothing more; released by DELETE /sandbox/faults, by the caller's close, at
                   // the end
};

enum set {
    SET_NONE,
    SET_ASSIGNMENT_REQUESTS,
    SET_ASSIGNMENTS,
    SET_RESOURCES,
    SET_RESOURCE_REQUESTS
};

struct answer {
    int status;
    const char *type; // Content-Type
    struct text body;
    char retry_after[40], used[16]; // used: x-ms-throttle-limit-percentage
    const char *scope;              // x-ms-throttle-scope
    const char *error;              // Graph's code, for the ledger
    const char *location;
    const char *allow;
    char challenge[1024]; // WWW-Authenticate; "": none
};

struct call;
struct route {
    const char *method;
    const char *path; // a `*` stands for one segment
    enum op op;       // OP_SUBMIT: a POST that may turn out a dry run
    enum kind kind;
    enum set set;
    void (*answer)(struct sandbox *sandbox, struct call *call);
};

struct call {
    struct MHD_Connection *connection;
    const char *method;
    const char *path;
    const struct route *route; // NULL: there is none; answer is then filled in
    char segment[256];         // what stood for `*`
    char request_id[GUID_SIZE];
    char client_request_id[64]; // "" if none was sent; longer ones are cut
    struct text body;
    bool too_large;
    cJSON *json;     // POST to Graph: the body, NULL where it is none,
    const char *why; // and why it is none
    struct change change;
    char graph_id[GUID_SIZE];
    bool applied;
    enum op op;
    struct fault fault;
    struct answer answer;
    enum phase phase;
    int64_t due_ms;
    struct call *previous; // those that wait
    struct call *next;
};

// http.c
const char *call_header(const struct call *call, const char *name);
const char *call_argument(const struct call *call, const char *name); // decoded; NULL: absent
const char *call_scheme(const struct call *call);                     // http or https
bool call_arguments_known(const struct call *call, const char *const *names); // ends with NULL

// answer.c: each fills in call->answer
void answer_print(struct call *call, int status, const cJSON *json);
void answer_json(struct call *call, int status, cJSON *json); // and deletes json
void answer_problem(struct call *call, const struct problem *problem);
void answer_error(struct call *call, int status, const char *code, const char *message);
void answer_fault(struct call *call); // ENDING_STATUS

// routes.c: finds the route, or fills in the answer that says that there is none
void routes_find(struct call *call);
enum version route_version(const struct route *route); // Graph's
bool routes_take_faults(const struct route *route);    // the sandbox's own addresses have none

// The routes' own: graph.c, grant.c, query.c, reprocess.c
void graph_read(struct sandbox *sandbox, struct call *call); // body -> json, change, op
void graph_post(struct sandbox *sandbox, struct call *call);
bool graph_authorized(struct sandbox *sandbox, struct call *call); // false: answered 401, 403 …
void token_post(struct sandbox *sandbox, struct call *call);
void identity_of_machine(struct sandbox *sandbox, struct call *call);     // IMDS
void identity_of_app_service(struct sandbox *sandbox, struct call *call); // IDENTITY_ENDPOINT
void reprocess_post(struct sandbox *sandbox, struct call *call);
void query_list(struct sandbox *sandbox, struct call *call);
void query_one(struct sandbox *sandbox, struct call *call);
void query_catalogs(struct sandbox *sandbox, struct call *call);
