/* A Kafka record, of either mode: what event_read() makes of it, what would go to Graph, and what
 * is answered. Input: a record (input.h). */
#include "tests/fuzz/checks.h"
#include "tests/fuzz/input.h"

#include "worker/core/claim.h"
#include "worker/core/graph_body.h"
#include "worker/core/graph_post.h"
#include "worker/core/graph_shape.h"
#include "worker/core/policy.h"
#include "worker/core/utf8.h"

#include <assert.h>
#include <stdlib.h>
#include <strings.h>

static const char dry_start[] = "{\"isValidationOnly\":true";
static const char real_start[] = "{\"isValidationOnly\":false";

/* As a reader sees it that ignores case, Unicode's case mappings included. */
static void fold(const char *name, char *ret, size_t size)
{
    size_t used = 0;
    while (*name != '\0' && used + 1 < size) {
        unsigned char a = (unsigned char)name[0], b = (unsigned char)name[1];
        if (a == 0xC5 && b == 0xBF) {
            ret[used++] = 's';
            name += 2;
        } else if (a == 0xC4 && (b == 0xB0 || b == 0xB1)) {
            ret[used++] = 'i';
            name += 2;
        } else if (a == 0xE2 && b == 0x84 && (unsigned char)name[2] == 0xAA) {
            ret[used++] = 'k';
            name += 3;
        } else {
            ret[used++] = a >= 'A' && a <= 'Z' ? (char)(a | 0x20) : (char)a;
            name++;
        }
    }
    ret[used] = '\0';
}

/* Exactly one isValidationOnly, the first, and none of the read-only members, in any spelling. */
static void check_members(const cJSON *tree, bool validation_only)
{
    static const char *const banned[] = {"isvalidationonly", "id",
                                         "requeststate",     "requeststatus",
                                         "createddatetime",  "completeddate"};
    const cJSON *first = tree->child;
    assert(strcmp(first->string, "isValidationOnly") == 0);
    assert(cJSON_IsBool(first) && cJSON_IsTrue(first) == validation_only);
    for (const cJSON *item = first->next; item != NULL; item = item->next) {
        char name[32];
        fold(item->string, name, sizeof name);
        for (size_t i = 0; i < sizeof banned / sizeof banned[0]; i++)
            assert(strcmp(name, banned[i]) != 0);
    }
}

static struct str write_body(const struct event *event, bool validation_only)
{
    size_t size = graph_body_size(&event->body);
    char *body = malloc(size);
    assert(body != NULL);
    struct str written = {body, graph_body_write(&event->body, validation_only, body, size)};
    assert(written.size <= size);
    if (written.size <= RECORD_BYTES_MAX) {
        cJSON *tree = check_json(written);
        check_members(tree, validation_only);
        cJSON_Delete(tree);
    }
    return written;
}

/* Nothing that v1.0 drops or does not have, in any spelling. */
static void check_members_of_v1(const cJSON *tree)
{
    static const char *const banned[] = {"isvalidationonly",
                                         "id",
                                         "state",
                                         "status",
                                         "createddatetime",
                                         "completeddatetime",
                                         "completeddate",
                                         "requeststate",
                                         "requeststatus",
                                         "expirationdatetime",
                                         "accesspackageresource",
                                         "accesspackageassignment",
                                         "catalogid",
                                         "executeimmediately"};
    for (const cJSON *item = tree->child; item != NULL; item = item->next) {
        char name[32];
        fold(item->string, name, sizeof name);
        for (size_t i = 0; i < sizeof banned / sizeof banned[0]; i++)
            assert(strcmp(name, banned[i]) != 0);
    }
}

static bool is_same_subject(const struct subject *a, const struct subject *b)
{
    return strcmp(a->target_id, b->target_id) == 0 && strcmp(a->package_id, b->package_id) == 0 &&
           strcmp(a->policy_id, b->policy_id) == 0 &&
           strcmp(a->assignment_id, b->assignment_id) == 0 &&
           strcmp(a->catalog_id, b->catalog_id) == 0 &&
           strcmp(a->resource_id, b->resource_id) == 0 &&
           strcmp(a->target_email, b->target_email) == 0 &&
           strcmp(a->origin_id, b->origin_id) == 0 &&
           strcmp(a->origin_system, b->origin_system) == 0;
}

/* What we would send, sent to us as a binary event. */
static void read_body(const struct event *event, struct str body, struct event *ret)
{
    const struct header headers[] = {
        {str_of("ce_specversion"), str_of("1.0")},
        {str_of("ce_id"), str_of(event->id)},
        {str_of("ce_source"), str_of(event->source)},
        {str_of("ce_type"), str_of(event->type)},
    };
    const struct record record = {.topic = "access-requests",
                                  .value = body,
                                  .headers = headers,
                                  .header_count = 4};
    event_read(&record, ret);
}

/* The same event. */
static void read_again(const struct event *event, struct str body, bool validation_only)
{
    struct event again;
    if (body.size > RECORD_BYTES_MAX)
        return;
    read_body(event, body, &again);
    assert(again.worth == EVENT_GOOD && again.version == GRAPH_BETA && again.mode == EVENT_BINARY &&
           again.kind == event->kind);
    assert(again.request_type == event->request_type && again.validation_only == validation_only);
    assert(is_same_subject(&again.subject, &event->subject));
    assert(again.body.size == event->body.size &&
           memcmp(again.body.members, event->body.members, again.body.size) == 0);
    event_finish(&again);
}

/* The two bodies are the same bytes but for isValidationOnly (guarantee I4). */
static void check_bodies(const struct event *event)
{
    struct str dry = write_body(event, true), real = write_body(event, false);
    size_t dry_size = strlen(dry_start), real_size = strlen(real_start);
    assert(memcmp(dry.data, dry_start, dry_size) == 0);
    assert(memcmp(real.data, real_start, real_size) == 0);
    assert(str_equal((struct str){dry.data + dry_size, dry.size - dry_size},
                     (struct str){real.data + real_size, real.size - real_size}));
    read_again(event, dry, true);
    read_again(event, real, false);
    free((char *)dry.data);
    free((char *)real.data);
}

/* Of an event that is ready for it. The caller frees the body. */
static struct str write_v1(const struct event *event)
{
    size_t size = graph_post_size(event);
    char *body = malloc(size);
    assert(body != NULL);
    struct graph_post real = {true, graph_post_version(true, GRAPH_V1)};
    struct str written = {body, graph_post_write(event, real, body, size)};
    cJSON *tree = check_json(written);
    check_members_of_v1(tree);
    cJSON_Delete(tree);
    return written;
}

/* v1.0's body is that of the same request, and reading it changes nothing; what cannot be said
 * there is refused. */
static void check_v1(const struct record *record)
{
    struct event event, again;
    event_read(record, &event);
    assert(event.worth == EVENT_GOOD);
    if (!graph_post_prepare(&event, GRAPH_V1)) {
        assert(event.worth == EVENT_REFUSED && strcmp(event.fault.code, "notTranslated") == 0);
        check_fault(&event.fault, false);
        event_finish(&event);
        return;
    }
    struct str body = write_v1(&event);
    if (body.size <= RECORD_BYTES_MAX) {
        read_body(&event, body, &again);
        assert(again.worth == EVENT_GOOD && again.version == GRAPH_V1 && !again.validation_only);
        assert(again.request_type == event.request_type && again.kind == event.kind);
        assert(is_same_subject(&again.subject, &event.subject));
        assert(graph_post_prepare(&again, GRAPH_V1));
        struct str twice = write_v1(&again);
        assert(str_equal(body, twice));
        free((char *)twice.data);
        event_finish(&again);
    }
    free((char *)body.data);
    event_finish(&event);
}

static void check_guid(const char *guid)
{
    char again[GUID_SIZE];
    assert(guid[0] == '\0' || (guid_read(str_of(guid), again) && strcmp(guid, again) == 0));
}

static void check_good(const struct event *event, const struct record *record)
{
    const struct subject *subject = &event->subject;
    char identity[CLAIM_IDENTITY_SIZE];
    assert(event->fault.code[0] == '\0');
    assert(event->kind > KIND_NONE && event->kind < KIND_COUNT);
    assert(strcmp(kind_type(event->kind), event->type) == 0);
    assert(event->request_type > REQUEST_TYPE_NONE && event->request_type < REQUEST_TYPE_COUNT);
    assert(record->value.size <= RECORD_BYTES_MAX);
    assert(event->body.size <= (event->version == GRAPH_BETA
                                    ? record->value.size
                                    : graph_shape_size_max(record->value.size)));
    assert(strlen(subject->target_email) + strlen(subject->origin_id) +
               strlen(subject->origin_system) <=
           record->value.size);
    check_guid(subject->target_id);
    check_guid(subject->package_id);
    check_guid(subject->policy_id);
    check_guid(subject->assignment_id);
    check_guid(subject->catalog_id);
    check_guid(subject->resource_id);
    bool asked = subject->package_id[0] != '\0' || subject->assignment_id[0] != '\0' ||
                 subject->catalog_id[0] != '\0';
    assert(asked);
    size_t size = claim_identity(event, identity, sizeof identity);
    assert(size < CLAIM_IDENTITY_SIZE && size > strlen(event->id) + strlen(event->source));
    check_bodies(event);
    check_v1(record);
}

static void check_event(const struct event *event, const struct record *record)
{
    const char *const names[] = {event->id, event->source, event->type};
    for (size_t i = 0; i < 3; i++) {
        assert(names[i] != NULL || event->worth == EVENT_UNREADABLE);
        if (names[i] == NULL)
            continue;
        assert(names[i][0] != '\0' && utf8_is_printable(str_of(names[i])));
        assert(i == 2 || strlen(names[i]) <= EVENT_ID_MAX);
    }
    assert(event->worth != EVENT_UNREADABLE || event->mode == EVENT_STRUCTURED);
    if (event->worth == EVENT_GOOD) {
        check_good(event, record);
        return;
    }
    assert(event->fault.stage == STAGE_ADMIT);
    check_fault(&event->fault, false);
}

/* What a policy lets through is in its lists; it never makes a bad event good. */
static void check_policy(struct event *event)
{
    char *catalogs[] = {(char[]){"46184453-E63B-4F20-86C2-C557ED5D5DF9"}};
    char *packages[] = {(char[]){"a914b616-e04e-476b-aa37-91038f0b165b"}};
    char *types[] = {(char[]){"AdminAdd"}, (char[]){"UserAdd"}};
    const struct policy all = {.removals = true};
    const struct policy some = {.request_types = {types, 2},
                                .catalogs = {catalogs, 1},
                                .access_packages = {packages, 1},
                                .max_duration_ms = 86400000};
    const struct policy_view person = {true, 1772438400000};
    const struct policy_view application = {false, 1772438400000};
    enum event_worth before = event->worth;
    policy_apply(&all, &person, event);
    assert(event->worth == before);
    policy_apply(&some, &application, event);
    if (before != EVENT_GOOD || event->worth != EVENT_GOOD) {
        assert(event->worth == (before == EVENT_GOOD ? EVENT_REFUSED : before));
        check_fault(&event->fault, false);
        return;
    }
    assert(event->request_type == REQUEST_TYPE_ADMIN_ADD);
    if (event->kind == KIND_RESOURCE)
        assert(strcasecmp(event->subject.catalog_id, catalogs[0]) == 0);
    else
        assert(strcmp(event->subject.package_id, packages[0]) == 0 &&
               event->subject.assignment_id[0] == '\0' &&
               (event->terms[0].end == TERM_SET || event->terms[1].end == TERM_SET));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input;
    struct header headers[INPUT_HEADERS_MAX];
    struct partition partition = {0};
    struct request rq;
    input_init(&input, data, size);
    struct record record = input_record(&input, headers);
    request_init(&rq, &record, &partition, 1772438400000);
    event_read(&record, &rq.event);
    check_event(&rq.event, &record);
    check_policy(&rq.event);
    if (rq.event.worth != EVENT_GOOD) {
        rq.fault = rq.event.fault;
        rq.event.fault = (struct fault){0};
        rq.answer = ANSWER_REJECTED;
        assert(dead_letter_is_due(&rq) == (rq.event.worth == EVENT_UNREADABLE));
    } else {
        rq.answer = ANSWER_SUBMITTED;
        assert(!dead_letter_is_due(&rq));
    }
    rq.finished_wall_ms = rq.received_wall_ms + 250;
    check_reply(&rq);
    request_finish(&rq);
    input_finish(&input);
    return 0;
}
