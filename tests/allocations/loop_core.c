/* The core's scenes: reading records, Graph's answers, look-ups and Redis; answering; starting. */
#include "tests/allocations/loop.h"
#include "tests/core/records.h"

#include "worker/core/claim.h"
#include "worker/core/follow_look.h"
#include "worker/core/graph_post.h"
#include "worker/core/look.h"
#include "worker/core/pipeline.h"
#include "worker/core/reply.h"
#include "worker/core/status.h"

#include <inttypes.h>

#define REQUESTS_PATH "/identityGovernance/entitlementManagement/accessPackageAssignmentRequests"

enum { WALL_MS = 1000000 };

static const struct reply_settings settings = {.group = "usher",
                                               .replies_topic = "replies",
                                               .dead_letters_topic = "dlt"};
static struct partition partition = {.id = 3, .epoch = 1};

/* ---- reading records ---- */

#define MANY                                                                                     \
    "\"a\":1,\"b\":2,\"c\":3,\"d\":4,\"e\":5,\"f\":6,\"g\":7,\"h\":8,\"i\":9,\"j\":10,\"k\":11," \
    "\"l\":12,\"m\":13,\"n\":14,\"o\":15,\"p\":16,\"q\":17,\"r\":18"
#define REASON                                                                                  \
    "{\"requestType\":\"AdminAdd\",\"justification\":\"because\",\"accessPackageAssignment\":{" \
    "\"targetId\":\"" GUID_A "\",\"assignmentPolicyId\":\"" GUID_B                              \
    "\",\"accessPackageId\":\"" GUID_C "\"}}"

#define OF_V1(more)                                               \
    "{\"requestType\":\"adminAdd\",\"catalog\":{\"id\":\"" GUID_A \
    "\"},\"resource\":{\"originId\":\"" GUID_B "\",\"originSystem\":\"AadGroup\"" more "}}"

static const char *const values[] = {
    GOOD,
    STRUCTURED(TYPE_RESOURCE, GOOD_RESOURCE),
    PLUS("\"x\":{" MANY "}"),
    PLUS("\"expirytime\":\"2026-01-01T00:00:00Z\",\"traceparent\":"
         "\"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\""),
    STRUCTURED(TYPE_ASSIGNMENT, "{\"requestType\":\"AdminAdd\"}"),
    STRUCTURED("other", "{}"),
    PLUS("\"a\":1,\"\\u0061\":2"),
    "{\"specversion\":",
    "[]",
    STRUCTURED(TYPE_RESOURCE, OF_V1(",\"displayName\":\"x\"")),
    STRUCTURED(TYPE_RESOURCE, OF_V1(",\"color\":1")),
};

static void note_event(struct notes *notes, const struct event *event)
{
    note(notes, "%d %s %s %s %d %.*s", (int)event->worth, event->id != NULL ? event->id : "-",
         event->fault.code, event->fault.message, (int)event->request_type, (int)event->body.size,
         event->body.members != NULL ? event->body.members : "");
}

static void play_admit(struct notes *notes)
{
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        struct event event;
        read_value(str_of(values[i]), &event);
        note_event(notes, &event);
        if (graph_post_prepare(&event, GRAPH_V1))
            note(notes, "%.*s", (int)event.v1_body.size, event.v1_body.members);
        event_finish(&event);
    }
    struct test_record binary;
    struct event event;
    record_of(&binary, str_of(GOOD_RESOURCE), BINARY(FOUR("e2", "/s", TYPE_RESOURCE)));
    event_read(&binary.record, &event);
    note_event(notes, &event);
    event_finish(&event);
}

/* ---- a request at a stage ---- */

static void make_request(struct request *rq, enum stage stage, const char *value)
{
    struct test_record made;
    record_of(&made, str_of(value), NULL);
    made.record.partition = 3;
    made.record.offset = 42;
    request_init(rq, &made.record, &partition, WALL_MS);
    event_read(&rq->record, &rq->event);
    rq->record.headers = NULL;
    rq->record.header_count = 0;
    rq->stage = stage;
}

static void note_fault(struct notes *notes, const struct request *rq)
{
    if (rq->fault.details == NULL)
        note_refusal(notes, "%s %s", rq->fault.code, rq->fault.message);
    else
        note(notes, "%s %s %s", rq->fault.code, rq->fault.message, rq->fault.details);
}

/* ---- Graph's answers ---- */

#define GRAPH_ERROR(code) \
    "{\"error\":{\"code\":\"" code "\",\"message\":\"why\",\"details\":[{\"code\":\"More\"}]}}"

static const struct {
    int status;
    const char *body;
} answers[] = {
    {201, "{\"id\":\"1\",\"isValidationOnly\":true}"},
    {400, GRAPH_ERROR("InvalidModel")},
    {400, GRAPH_ERROR("ExistingOpenRequest")},
    {409, GRAPH_ERROR("InvalidRequestExistingGrant")},
    {429, GRAPH_ERROR("TooManyRequests")},
    {404, GRAPH_ERROR("ResourceNotFound")},
    {503, "<html>"},
};

/* What a stage may post where it does not know better: nothing is concluded from it. */
static bool is_open(enum outcome outcome, bool for_real)
{
    return for_real ? outcome == OUTCOME_UNKNOWN || outcome == OUTCOME_PACED
                    : outcome == OUTCOME_FAILED || outcome == OUTCOME_PACED;
}

static void play_post(struct notes *notes, bool for_real)
{
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        struct request rq;
        make_request(&rq, for_real ? STAGE_SUBMIT : STAGE_DRY_RUN, GOOD);
        struct http_answer answer = {.reach = HTTP_ANSWERED,
                                     .status = answers[i].status,
                                     .body = str_of(answers[i].body),
                                     .error = "",
                                     .retry_after_ms = -1};
        enum outcome outcome = for_real ? graph_answer_submit(&rq, &answer)
                                        : graph_answer_dry_run(&rq, &answer, false);
        if (is_open(outcome, for_real))
            note_refusal(notes, "%s", outcome_name(outcome));
        else
            note(notes, "%s", outcome_name(outcome));
        note_fault(notes, &rq);
        if (rq.graph.object == NULL)
            note_refusal(notes, "no object"); /* a reply may be without it */
        else
            note(notes, "%s", rq.graph.object);
        request_finish(&rq);
    }
}

static void play_dry_run(struct notes *notes)
{
    play_post(notes, false);
}

static void play_submit(struct notes *notes)
{
    play_post(notes, true);
}

/* ---- look-ups ---- */

#define LIST(items) "{\"value\":[" items "]}"
#define NEXT                                                                         \
    "{\"value\":[],\"@odata.nextLink\":\"https://x.example/beta/identityGovernance/" \
    "entitlementManagement/accessPackageAssignmentRequests?$skiptoken=100\"}"
#define STANDING                                                                       \
    "{\"id\":\"" GUID_B "\",\"accessPackageId\":\"" GUID_C "\",\"targetId\":\"" GUID_A \
    "\",\"assignmentState\":\"Delivered\"}"
#define ASKED(reason, created)                                                                   \
    "{\"id\":\"r\",\"requestType\":\"AdminAdd\",\"requestState\":\"Delivered\","                 \
    "\"createdDateTime\":\"" created "\",\"justification\":\"" reason                            \
    "\",\"accessPackage\":{\"id\":\"" GUID_C "\"},\"accessPackageAssignment\":{\"id\":\"" GUID_B \
    "\",\"target\":{\"objectId\":\"" GUID_A "\"}}}"
#define AFTER "2026-03-01T12:00:01Z"
#define JUST  "2026-03-01T11:59:59Z"
#define REMOVAL \
    "{\"requestType\":\"AdminRemove\",\"accessPackageAssignment\":{\"id\":\"" GUID_B "\"}}"

static const struct {
    const char *value;
    const char *pages[3];
} looks[] = {
    {STRUCTURED(TYPE_ASSIGNMENT, REASON), {LIST(""), LIST(ASKED("because", AFTER)), NULL}},
    {STRUCTURED(TYPE_ASSIGNMENT, REASON), {LIST(""), LIST(ASKED("another", AFTER)), NULL}},
    {STRUCTURED(TYPE_ASSIGNMENT, REASON), {LIST(""), LIST(ASKED("because", JUST)), NULL}},
    {STRUCTURED(TYPE_ASSIGNMENT, REASON), {LIST(STANDING), LIST(""), NULL}},
    {STRUCTURED(TYPE_ASSIGNMENT, REASON), {LIST(""), NEXT, LIST(ASKED("because", AFTER))}},
    {STRUCTURED(TYPE_ASSIGNMENT, REASON), {LIST(""), NEXT, LIST("")}},
    {STRUCTURED(TYPE_ASSIGNMENT, REMOVAL), {LIST(STANDING), LIST(""), NULL}},
    {STRUCTURED(TYPE_RESOURCE, GOOD_RESOURCE), {LIST(""), NULL, NULL}},
};

static enum outcome look(struct request *rq, const char *const *pages)
{
    char path[LOOK_PATH_MAX];
    for (unsigned step = 0; step < 3 && look_path(rq, REQUESTS_PATH, step, path); step++) {
        if (pages[step] == NULL)
            return OUTCOME_UNDECIDED;
        struct http_answer answer = {.reach = HTTP_ANSWERED,
                                     .status = 200,
                                     .body = str_of(pages[step]),
                                     .error = "",
                                     .retry_after_ms = -1};
        enum outcome outcome = look_read(rq, REQUESTS_PATH, step, &answer);
        if (outcome != OUTCOME_COUNT)
            return outcome;
    }
    return OUTCOME_UNDECIDED;
}

static void play_look(struct notes *notes)
{
    for (size_t i = 0; i < sizeof looks / sizeof *looks; i++) {
        struct request rq;
        make_request(&rq, STAGE_LOOK, looks[i].value);
        rq.doubt = DOUBT_SENT;
        rq.claim.intent_wall_ms = INT64_C(1772366400000); /* 2026-03-01T12:00:00Z */
        enum outcome outcome = look(&rq, looks[i].pages);
        if (outcome == OUTCOME_UNDECIDED || outcome == OUTCOME_FAILED || outcome == OUTCOME_PACED)
            note_refusal(notes, "%s", outcome_name(outcome));
        else
            note(notes, "%s", outcome_name(outcome));
        request_finish(&rq);
    }
}

/* ---- Redis ---- */

static void play_claim(struct notes *notes)
{
    static const char stored[] =
        "\"outcome\":\"rejected\",\"error\":{\"stage\":\"submit\",\"code\":\"c\",\"message\":\"m\","
        "\"details\":[{\"code\":\"d\"}]},\"receivedAt\":\"2026-01-01T00:00:00.000Z\","
        "\"finishedAt\":\"2026-01-01T00:00:01.000Z\"";
    struct request rq;
    make_request(&rq, STAGE_CLAIM, GOOD);
    const struct claim_answer answer = {.word = str_of("seen"),
                                        .stored = str_of(stored),
                                        .origin = str_of("t/3/41")};
    enum outcome outcome = claim_read(&rq, &answer, 5000, WALL_MS);
    if (outcome != OUTCOME_SEEN) {
        note_refusal(notes, "%s", outcome_name(outcome));
        request_finish(&rq);
        return;
    }
    rq.answer = rq.stored_answer;
    note(notes, "%s %s", outcome_name(outcome), rq.stored);
    for (int brief = 0; brief < 2; brief++) {
        struct message message;
        struct reply_warning warning = {""};
        if (reply_make(&rq, &settings, brief != 0, &message, &warning))
            note(notes, "%.*s", (int)message.value.size, message.value.data);
        else
            note_refusal(notes, "no reply");
        message_finish(&message);
    }
    request_finish(&rq);
}

/* ---- answering ---- */

static void play_messages(struct notes *notes)
{
    struct header headers[] = {{str_of("a"), str_of("1")}, {str_of("b"), {NULL, 0}}};
    struct request rq;
    struct message message;
    struct reply_warning warning = {""};
    make_request(&rq, STAGE_RECORD, GOOD);
    rq.record.headers = headers;
    rq.record.header_count = 2;
    rq.answer = ANSWER_UNKNOWN;
    rq.finished_wall_ms = WALL_MS;
    rq.attempts.submit = 1;
    fault_set(&rq.fault, STAGE_LOOK, "outcomeUnknown", "It cannot be told.");
    char *members = reply_members(&rq);
    if (members != NULL)
        note(notes, "%s", members);
    else
        note_refusal(notes, "no members");
    free(members);
    if (reply_make(&rq, &settings, false, &message, &warning))
        note(notes, "%.*s %zu", (int)message.value.size, message.value.data, message.header_count);
    else
        note_refusal(notes, "no reply");
    message_finish(&message);
    for (int cut = 0; cut < 2; cut++) {
        if (dead_letter_make(&rq, &settings, cut != 0 ? "0123" : NULL, &message))
            note(notes, "%.*s %zu %zu", (int)message.value.size, message.value.data,
                 message.kept_count, message.header_count);
        else
            note_refusal(notes, "no dead letter");
        message_finish(&message);
    }
    request_finish(&rq);
}

/* ---- following ---- */

#define FOLLOWED_ID "0d1e2f3a-4b5c-4d6e-8f7a-8b9c0d1e2f3a"

static void note_status(struct notes *notes, const struct followed *followed)
{
    struct message message;
    if (status_make(followed, "usher", "statuses", &message))
        note(notes, "%.*s", (int)message.value.size, message.value.data);
    else
        note_refusal(notes, "no status");
    message_finish(&message);
}

/* A look at Graph, and the word that it leads to. What was read of it without memory is less, not
 * other: the look fails, or the status has no object. */
static void follow(struct notes *notes, struct followed *followed)
{
    static const struct follow_rules rules = {.for_ms = 60000};
    const struct http_answer answer = {.reach = HTTP_ANSWERED,
                                       .status = 200,
                                       .body = str_of("{\"id\":\"" FOLLOWED_ID
                                                      "\",\"requestState\":\"Denied\"}"),
                                       .error = "",
                                       .retry_after_ms = -1};
    struct follow_look look;
    follow_look_read(followed, &answer, &look);
    struct follow_step step = follow_look_heed(&rules, followed, &look, WALL_MS + 1000);
    if (step.act == FOLLOW_TELL && followed->object != NULL)
        note_status(notes, followed);
    else
        note_refusal(notes, "nothing seen");
    follow_look_finish(&look);
}

static void play_follow(struct notes *notes)
{
    struct request rq;
    struct followed followed;
    bool told = false;
    make_request(&rq, STAGE_RECORD, GOOD);
    rq.answer = ANSWER_SUBMITTED;
    rq.finished_wall_ms = WALL_MS;
    rq.graph.object = strdup("{\"id\":\"" FOLLOWED_ID "\",\"requestState\":\"Submitted\"}");
    char *text = followed_make(&rq, &told);
    request_finish(&rq);
    if (text == NULL) {
        note_refusal(notes, "not written");
        return;
    }
    note(notes, "%s", text);
    if (followed_read(str_of(text), &followed))
        follow(notes, &followed);
    else
        note_refusal(notes, "not read");
    followed_finish(&followed);
    free(text);
}

/* ---- starting ---- */

static void play_start(struct notes *notes)
{
    static const struct plan_limits limits = {.retry_attempts = 3,
                                              .retry_for_ms = 1000,
                                              .eventual_ms = 1000,
                                              .settle_ms = 1000};
    static struct stage_ops stages;
    struct pool pool = {0};
    struct pipeline pipeline = {0};
    struct ledger ledger = {0};
    bool good =
        pool_init(&pool, 16, 1 << 20) && pipeline_init(&pipeline, &limits, &stages, &pool, 1);
    if (good)
        note(notes, "started");
    else
        note_refusal(notes, "no memory for requests");
    pipeline_finish(&pipeline);
    pool_finish(&pool);
    if (ledger_init(&ledger, 4096))
        note(notes, "ledger");
    else
        note_refusal(notes, "no memory for a ledger");
    ledger_finish(&ledger);
}

const struct scene core_scenes[] = {
    {"records", play_admit},    {"dry runs", play_dry_run},        {"real requests", play_submit},
    {"look-ups", play_look},    {"stored answers", play_claim},    {"replies", play_messages},
    {"following", play_follow}, {"start of the core", play_start}, {NULL, NULL},
};
