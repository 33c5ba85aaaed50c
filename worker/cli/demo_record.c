#include "worker/cli/demo_record.h"

#include "worker/core/json_writer.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    VALUE_MAX = 4096, /* the longest has 600 bytes */
    PACKAGES = 8,
    CATALOGS = 3,
};

#define SOURCE   "/hr/onboarding"
#define NEW_HIRE "New hire"
#define POLICY   "2264bf65-76ba-417b-a27d-54d291f0cbc8"

/* What its bytes are made from. */
struct draft {
    enum demo_sort sort;
    uint64_t chance; /* of what it is about */
    char id[DEMO_TEXT_MAX];
    char person[GUID_SIZE]; /* or resource */
    char package[GUID_SIZE], catalog[GUID_SIZE];
    bool is_binary;
};

static void write_guid(uint64_t number, char ret[GUID_SIZE])
{
    uint64_t high = demo_mix(number);
    uint64_t low = demo_mix(high);
    snprintf(ret, GUID_SIZE, "%08x-%04x-4%03x-8%03x-%012" PRIx64, (uint32_t)high,
             (unsigned)(high >> 32) & 0xFFFF, (unsigned)(high >> 48) & 0xFFF,
             (unsigned)(low >> 48) & 0xFFF, low & 0xFFFFFFFFFFFF);
}

static struct draft make_draft(const struct demo_event *event)
{
    struct draft draft = {.sort = event->sort, .chance = demo_mix(~(uint64_t)event->about)};
    /* Only these are read in binary mode as well: there is no such thing as half an event. */
    draft.is_binary =
        event->is_binary && (event->sort < DEMO_BAD_CUT || event->sort > DEMO_BAD_NO_TYPE);
    write_guid(draft.chance, draft.person);
    write_guid(draft.chance % PACKAGES, draft.package);
    write_guid(PACKAGES + draft.chance % CATALOGS, draft.catalog);
    return draft;
}

static const char *type_of(const struct draft *draft)
{
    return draft->sort == DEMO_BAD_TYPE ? "microsoft.graph.group"
                                        : kind_type(demo_fate(draft->sort)->kind);
}

static void put(struct buffer *json, const char *name, const char *text)
{
    json_put_text(json, name, str_of(text));
}

static void write_assignment(struct buffer *json, const struct draft *draft)
{
    json_begin_object(json, "accessPackageAssignment");
    if (draft->sort == DEMO_LEAVE) {
        put(json, "id", draft->person);
    } else {
        put(json, "targetId", draft->person);
        if (draft->sort != DEMO_BAD_MISSING)
            put(json, "assignmentPolicyId", POLICY);
        put(json, "accessPackageId", draft->package);
    }
    if (draft->sort == DEMO_BAD_TWICE)
        put(json, "targetId", POLICY);
    json_end_object(json);
}

static void write_resource(struct buffer *json, const struct draft *draft)
{
    put(json, "catalogId", draft->catalog);
    json_begin_object(json, "accessPackageResource");
    put(json, "originId", draft->person);
    put(json, "originSystem", draft->sort == DEMO_REFUSED ? "Abacus" : "AadGroup");
    json_end_object(json);
}

static const char *request_type(enum demo_sort sort)
{
    switch (sort) {
    case DEMO_LEAVE:
    case DEMO_RESOURCE_REMOVE:
        return "AdminRemove";
    case DEMO_BAD_DELEGATED:
        return "UserAdd";
    default:
        return "AdminAdd";
    }
}

static const char *justification(enum demo_sort sort)
{
    switch (sort) {
    case DEMO_HIRE_CONFLICT:
        return NEW_HIRE ", second thoughts";
    case DEMO_LEAVE:
        return "Has left";
    case DEMO_RESOURCE:
    case DEMO_RESOURCE_DRY:
    case DEMO_RESOURCE_AGAIN:
    case DEMO_REFUSED:
        return "New team";
    case DEMO_RESOURCE_REMOVE:
        return "Team dissolved";
    default:
        return NEW_HIRE;
    }
}

static void write_data(struct buffer *json, const char *name, const struct draft *draft)
{
    json_begin_object(json, name);
    put(json, "requestType", request_type(draft->sort));
    put(json, "justification", justification(draft->sort));
    if (draft->sort == DEMO_HIRE_DRY || draft->sort == DEMO_RESOURCE_DRY)
        json_put_bool(json, "isValidationOnly", true);
    if (draft->sort == DEMO_BAD_CASE)
        json_put_bool(json, "IsValidationOnly", true);
    if (demo_fate(draft->sort)->kind == KIND_ASSIGNMENT)
        write_assignment(json, draft);
    else
        write_resource(json, draft);
    json_end_object(json);
}

static void add_header(struct demo_record *record, const char *name, const char *value)
{
    assert(record->header_count < DEMO_HEADERS_MAX);
    struct demo_header *header = &record->headers[record->header_count++];
    header->name = name;
    (void)snprintf(header->value, sizeof header->value, "%s", value);
}

#define EXPIRED "2026-01-01T00:00:00Z"

static void write_binary(struct buffer *json, const struct draft *draft, struct demo_record *record)
{
    add_header(record, "ce_specversion", "1.0");
    add_header(record, "ce_id", draft->id);
    add_header(record, "ce_source", SOURCE);
    add_header(record, "ce_type", type_of(draft));
    add_header(record, "content-type", "application/json");
    if (draft->sort == DEMO_EXPIRED)
        add_header(record, "ce_expirytime", EXPIRED);
    write_data(json, NULL, draft);
}

static void write_structured(struct buffer *json, const struct draft *draft,
                             struct demo_record *record)
{
    add_header(record, "content-type", "application/cloudevents+json");
    json_begin_object(json, NULL);
    put(json, "specversion", "1.0");
    put(json, "id", draft->id);
    put(json, "source", SOURCE);
    if (draft->sort != DEMO_BAD_NO_TYPE)
        put(json, "type", type_of(draft));
    put(json, "subject", draft->person);
    if (draft->sort == DEMO_EXPIRED)
        put(json, "expirytime", EXPIRED);
    write_data(json, "data", draft);
    json_end_object(json);
}

/* False: out of memory. */
static bool put_before(struct demo_record *record, const char *bytes, size_t size)
{
    char *value = realloc(record->value, size + record->size);
    if (value == NULL)
        return false;
    memmove(value + size, value, record->size);
    memcpy(value, bytes, size);
    record->value = value;
    record->size += size;
    return true;
}

static bool spoil(enum demo_sort sort, struct demo_record *record)
{
    switch (sort) {
    case DEMO_BAD_FRAME:
        return put_before(record, "\0\0\0\0\x07", 5);
    case DEMO_BAD_MARK:
        return put_before(record, "\xEF\xBB\xBF", 3);
    case DEMO_BAD_EMPTY:
        record->size = 0;
        return true;
    case DEMO_BAD_CUT:
        record->size /= 2;
        return true;
    case DEMO_BAD_UTF8:
        *strstr(record->value, NEW_HIRE) = (char)0xFF;
        return true;
    default:
        return true;
    }
}

static void write_value(struct buffer *json, const struct draft *draft, struct demo_record *record)
{
    if (draft->sort == DEMO_BAD_LIST)
        buffer_put_text(json, "[\"" NEW_HIRE "\"]");
    else if (draft->is_binary)
        write_binary(json, draft, record);
    else
        write_structured(json, draft, record);
}

void demo_record_id(const struct demo_event *event, char ret[DEMO_TEXT_MAX])
{
    (void)snprintf(ret, DEMO_TEXT_MAX, "onb-2026-%06" PRIu32,
                   event->sort == DEMO_HIRE_CONFLICT ? event->about : event->same_as);
}

bool demo_record_init(struct demo_record *record, const struct demo_events *events, uint32_t number)
{
    const struct demo_event *event = &events->items[number];
    struct draft draft = make_draft(event);
    struct buffer json;
    *record = (struct demo_record){0};
    memcpy(record->key, draft.person, sizeof record->key);
    demo_record_id(event, draft.id);
    buffer_init(&json, VALUE_MAX);
    write_value(&json, &draft, record);
    record->value = buffer_take(&json, &record->size);
    if (record->value != NULL && spoil(event->sort, record))
        return true;
    demo_record_finish(record);
    return false;
}

void demo_record_finish(struct demo_record *record)
{
    free(record->value);
    *record = (struct demo_record){0};
}
