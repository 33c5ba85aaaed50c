#pragma once

#include "worker/core/fault.h"
#include "worker/core/graph_version.h"
#include "worker/core/guid.h"
#include "worker/core/record.h"
#include "worker/core/term.h"

/* A Kafka record, read: CloudEvent, kind, what is asked for whom, and the checked body for Graph
 * (contract 2). Pure: bytes in, facts out. */

enum kind { KIND_NONE, KIND_ASSIGNMENT, KIND_RESOURCE, KIND_COUNT };

/* Graph's requestType values that a client may send (facts: graph 1.4, 1.5). */
enum request_type {
    REQUEST_TYPE_NONE,
    REQUEST_TYPE_ADMIN_ADD,
    REQUEST_TYPE_ADMIN_UPDATE,
    REQUEST_TYPE_ADMIN_REMOVE,
    REQUEST_TYPE_USER_ADD,
    REQUEST_TYPE_USER_EXTEND,
    REQUEST_TYPE_USER_UPDATE,
    REQUEST_TYPE_USER_REMOVE,
    REQUEST_TYPE_COUNT,
};

/* How the event was packed, and so how the reply goes back. The reply to what is no event is
 * structured: its mode says so. */
enum event_mode { EVENT_STRUCTURED, EVENT_BINARY };

enum event_worth {
    EVENT_UNREADABLE, /* no event at all: a rejected reply and a dead letter */
    EVENT_REFUSED,    /* an event, but not one we may work on: a rejected reply */
    EVENT_GOOD,       /* may be worked on */
};

enum {
    RECORD_BYTES_MAX = 1 << 20, /* contract 2; Kafka's own default for a record */
    EVENT_ID_MAX = 256,         /* contract 2, for id and for source; and for correlationid */
    EVENT_TERMS = 2,            /* places of a body where a schedule may stand (facts: graph 1.3) */
    EVENT_DEPTH_MAX = 32, /* nested arrays and objects; Graph's deepest documented body has 6 */
};

/* The checked body: the members of `data` that go to Graph, as their bytes came but for white space
 * between them, without the read-only ones and isValidationOnly. graph_body_write() puts
 * `{"isValidationOnly":true,` before them and `}` behind; with false it is the real request on
 * beta, and all other bytes are the same (guarantee I4; graph_post.h). */
struct body {
    const char *members; /* owned by the event; not NUL-terminated */
    size_t size;
};

/* What the body is about, "" where it does not say. Ids are GUIDs in lower case. */
struct subject {
    char target_id[GUID_SIZE];             /* assignment: the person */
    char organization_id[GUID_SIZE];       /* assignment: the person's connected organisation */
    char package_id[GUID_SIZE];            /* assignment: accessPackageId */
    char policy_id[GUID_SIZE];             /* assignment: assignmentPolicyId */
    char assignment_id[GUID_SIZE];         /* assignment: the one to remove or update */
    char catalog_id[GUID_SIZE];            /* resource */
    char resource_id[GUID_SIZE];           /* resource: AdminRemove by id */
    const char *target_email;              /* owned by the event; never NULL */
    const char *origin_id, *origin_system; /* resource; likewise */
};

struct event {
    enum event_worth worth;
    struct fault fault; /* why it is not EVENT_GOOD; stage is admit */
    enum event_mode mode;
    enum kind kind;
    enum request_type request_type;
    bool validation_only; /* data said isValidationOnly: true: a dry run is all that is asked */
    const char *id, *source, *type; /* all texts are the event's; NULL: not there or not readable */
    const char *ce_subject, *correlation_id; /* CloudEvents' `subject`, `correlationid`; or NULL */
    const char *traceparent, *tracestate; /* valid W3C texts, or NULL; worker/traces.h sets ours */
    const char *tenant;   /* the extension; "": not to be read, NULL: there is none */
    bool trace_is_broken; /* there was a traceparent, and it is none */
    int64_t expiry_ms;    /* expirytime as Unix time; 0: none */
    struct subject subject;
    struct term terms[EVENT_TERMS]; /* by the schedule of an assignment's request, and inside it */
    enum graph_version version;     /* that its data is written for */
    struct body body;               /* beta's, in any case */
    struct body v1_body;            /* v1.0's; graph_post.h makes it. members NULL: not needed */
    char *translations[GRAPH_VERSIONS]; /* owned; bodies that are one; NULL: none */
    void *memory; /* one allocation that all other pointers above point into, or NULL */
};

/* Reads a record. Always fills `ret`, whatever was in it: a record that is no event has worth
 * EVENT_UNREADABLE and a fault (fault_codes.h), never an error of ours. What can be read of id,
 * source and type is there in any case. The record's bytes need not outlive the call.
 * event_finish() gives back what it took; a zeroed event is fine. */
void event_read(const struct record *record, struct event *ret);
void event_finish(struct event *event);

const char *kind_name(enum kind kind); /* "accessPackageAssignmentRequest" … */
const char *kind_type(enum kind kind); /* "microsoft.graph.accessPackageAssignmentRequest" … */
const char *request_type_name(enum request_type request_type); /* "AdminAdd" … */
/* A delegated caller's type (User*): only a token of a person may send it. */
bool request_type_is_delegated(enum request_type request_type);
bool request_type_is_removal(enum request_type request_type);
