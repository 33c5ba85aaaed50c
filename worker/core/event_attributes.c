#include "worker/core/event_attributes.h"

#include "worker/core/json_read.h"
#include "worker/core/rfc3339.h"
#include "worker/core/trace_context.h"
#include "worker/core/utf8.h"

#include <strings.h>

enum { IDENTITY_COUNT = ATTRIBUTE_TYPE + 1 };

/* As record headers; the members' names are the same without the first three letters. */
static const char *const header_names[ATTRIBUTE_COUNT] = {
    [ATTRIBUTE_ID] = "ce_id",
    [ATTRIBUTE_SOURCE] = "ce_source",
    [ATTRIBUTE_TYPE] = "ce_type",
    [ATTRIBUTE_SPECVERSION] = "ce_specversion",
    [ATTRIBUTE_SUBJECT] = "ce_subject",
    [ATTRIBUTE_TIME] = "ce_time",
    [ATTRIBUTE_DATASCHEMA] = "ce_dataschema",
    [ATTRIBUTE_DATACONTENTTYPE] = "ce_datacontenttype",
    [ATTRIBUTE_EXPIRYTIME] = "ce_expirytime",
    [ATTRIBUTE_TRACEPARENT] = "ce_traceparent",
    [ATTRIBUTE_TRACESTATE] = "ce_tracestate",
    [ATTRIBUTE_TENANT] = "ce_tenant",
    [ATTRIBUTE_CORRELATIONID] = "ce_correlationid",
};

static const char *member_name(enum attribute attribute)
{
    return header_names[attribute] + strlen("ce_");
}

/* As the sender wrote it. */
static const char *shown_name(const struct attributes *attributes, enum attribute attribute)
{
    return attributes->mode == EVENT_BINARY ? header_names[attribute] : member_name(attribute);
}

bool attributes_are_in_headers(const struct record *record)
{
    for (enum attribute attribute = 0; attribute <= ATTRIBUTE_SPECVERSION; attribute++) {
        if (record_header(record, header_names[attribute]) != NULL)
            return true;
    }
    return false;
}

static void set_text(struct attributes *attributes, enum attribute attribute, struct str text)
{
    if (attributes->states[attribute] != ATTRIBUTE_ABSENT) {
        attributes->states[attribute] = ATTRIBUTE_TWICE;
        return;
    }
    attributes->states[attribute] = text.data != NULL ? ATTRIBUTE_TEXT : ATTRIBUTE_NULL;
    attributes->values[attribute] = text;
}

void attributes_from_headers(const struct record *record, struct attributes *ret)
{
    *ret = (struct attributes){.mode = EVENT_BINARY};
    for (size_t i = 0; i < record->header_count; i++) {
        const struct header *header = &record->headers[i];
        if (header->name.size < 3 || memcmp(header->name.data, "ce_", 3) != 0)
            continue;
        for (enum attribute attribute = 0; attribute < ATTRIBUTE_COUNT; attribute++) {
            if (str_is(header->name, header_names[attribute]))
                set_text(ret, attribute, header->value);
        }
    }
}

static void set_member(struct attributes *attributes, enum attribute attribute, const cJSON *item)
{
    bool is_other_case = strcmp(item->string, member_name(attribute)) != 0;
    if (is_other_case && attribute == ATTRIBUTE_CORRELATIONID)
        return; /* nothing hangs on it, and `correlationId` is what others call theirs */
    if (is_other_case)
        attributes->other_case = item;
    else if (cJSON_IsString(item) || cJSON_IsNull(item))
        set_text(attributes, attribute, str_of(item->valuestring));
    else
        attributes->states[attribute] = ATTRIBUTE_NO_TEXT;
}

void attributes_from_object(const cJSON *object, struct attributes *ret)
{
    *ret = (struct attributes){.mode = EVENT_STRUCTURED};
    for (const cJSON *item = object->child; item != NULL; item = item->next) {
        char first = (char)(item->string[0] | 0x20); /* a letter's lower case */
        for (enum attribute attribute = 0; attribute < ATTRIBUTE_COUNT; attribute++) {
            const char *name = member_name(attribute);
            if (name[0] == first && strcasecmp(name, item->string) == 0)
                set_member(ret, attribute, item);
        }
    }
}

void attributes_prefer_trace_headers(const struct record *record, struct attributes *attributes)
{
    const struct header *parent = record_header(record, "traceparent");
    if (parent == NULL || parent->value.data == NULL)
        return;
    const struct header *state = record_header(record, "tracestate");
    bool has_state = state != NULL && state->value.data != NULL;
    attributes->states[ATTRIBUTE_TRACEPARENT] = ATTRIBUTE_TEXT;
    attributes->values[ATTRIBUTE_TRACEPARENT] = parent->value;
    attributes->states[ATTRIBUTE_TRACESTATE] = has_state ? ATTRIBUTE_TEXT : ATTRIBUTE_ABSENT;
    attributes->values[ATTRIBUTE_TRACESTATE] = has_state ? state->value : (struct str){NULL, 0};
}

size_t attributes_arena_size(const struct attributes *attributes)
{
    size_t size = 0;
    for (enum attribute attribute = 0; attribute < ATTRIBUTE_COUNT; attribute++)
        size += attributes->values[attribute].size + 1;
    return size;
}

static bool refuse(struct event *event, const char *code, const char *name, const char *sentence)
{
    fault_set(&event->fault, STAGE_ADMIT, code, "The attribute `%s` %s", name, sentence);
    return false;
}

/* What holds for every attribute that is there. */
static bool check_text(const struct attributes *attributes, enum attribute attribute,
                       struct event *event)
{
    const char *name = shown_name(attributes, attribute);
    switch (attributes->states[attribute]) {
    case ATTRIBUTE_TWICE:
        return refuse(event, "duplicateAttribute", name, "stands twice; send it once.");
    case ATTRIBUTE_NO_TEXT:
        return refuse(event, "wrongType", name, "must be a string.");
    case ATTRIBUTE_TEXT:
        if (!utf8_is_printable(attributes->values[attribute]))
            return refuse(event, "invalidAttribute", name,
                          "must be UTF-8 without control characters.");
        return true;
    case ATTRIBUTE_ABSENT:
    case ATTRIBUTE_NULL:
        break;
    }
    return true;
}

static bool check_identity(const struct attributes *attributes, enum attribute attribute,
                           struct event *event)
{
    const char *name = shown_name(attributes, attribute);
    if (!check_text(attributes, attribute, event))
        return false;
    size_t size = attributes->values[attribute].size;
    if (size == 0)
        return refuse(event, "missingAttribute", name,
                      "is missing or empty; CloudEvents requires it.");
    if (size > EVENT_ID_MAX && attribute != ATTRIBUTE_TYPE) /* a long type is an unknown one */
        return refuse(event, "invalidAttribute", name, "is longer than 256 bytes; send less.");
    return true;
}

static void copy_trace(const struct attributes *attributes, struct event *event,
                       struct arena *arena)
{
    enum attribute_state state = attributes->states[ATTRIBUTE_TRACEPARENT];
    if (state != ATTRIBUTE_TEXT ||
        !traceparent_is_valid(attributes->values[ATTRIBUTE_TRACEPARENT])) {
        event->trace_is_broken = state != ATTRIBUTE_ABSENT && state != ATTRIBUTE_NULL;
        return;
    }
    event->traceparent = arena_copy(arena, attributes->values[ATTRIBUTE_TRACEPARENT]);
    if (attributes->states[ATTRIBUTE_TRACESTATE] == ATTRIBUTE_TEXT &&
        tracestate_is_valid(attributes->values[ATTRIBUTE_TRACESTATE]))
        event->tracestate = arena_copy(arena, attributes->values[ATTRIBUTE_TRACESTATE]);
}

/* Whether it must be there, and which there are, is the worker's business: one without `tenants`
 * minds no extension of that name. */
static void copy_tenant(const struct attributes *attributes, struct event *event,
                        struct arena *arena)
{
    enum attribute_state state = attributes->states[ATTRIBUTE_TENANT];
    if (state == ATTRIBUTE_ABSENT || state == ATTRIBUTE_NULL)
        return;
    bool is_name =
        state == ATTRIBUTE_TEXT && utf8_is_printable(attributes->values[ATTRIBUTE_TENANT]);
    event->tenant = is_name ? arena_copy(arena, attributes->values[ATTRIBUTE_TENANT]) : "";
}

/* Likewise: one that cannot be echoed is not looked at, and the id stands for it. */
static void copy_correlation(const struct attributes *attributes, struct event *event,
                             struct arena *arena)
{
    struct str value = attributes->values[ATTRIBUTE_CORRELATIONID];
    if (attributes->states[ATTRIBUTE_CORRELATIONID] == ATTRIBUTE_TEXT && value.size > 0 &&
        value.size <= EVENT_ID_MAX && utf8_is_printable(value))
        event->correlation_id = arena_copy(arena, value);
}

bool attributes_identify(const struct attributes *attributes, struct event *event,
                         struct arena *arena)
{
    const char **const members[IDENTITY_COUNT] = {
        [ATTRIBUTE_ID] = &event->id,
        [ATTRIBUTE_SOURCE] = &event->source,
        [ATTRIBUTE_TYPE] = &event->type,
    };
    copy_trace(attributes, event, arena);
    copy_tenant(attributes, event, arena);
    copy_correlation(attributes, event, arena);
    bool passed = true;
    /* From the last, so that the first one's fault stays. */
    for (size_t i = IDENTITY_COUNT; i-- > 0;) {
        if (check_identity(attributes, (enum attribute)i, event))
            *members[i] = arena_copy(arena, attributes->values[i]);
        else
            passed = false;
    }
    return passed;
}

static bool check_time(const struct attributes *attributes, enum attribute attribute,
                       struct event *event, int64_t *ret_ms)
{
    if (attributes->states[attribute] != ATTRIBUTE_TEXT ||
        rfc3339_parse(attributes->values[attribute], ret_ms))
        return true;
    return refuse(event, "invalidTime", shown_name(attributes, attribute),
                  "must be an RFC 3339 time with a zone, such as 2026-03-01T08:30:00Z.");
}

bool attributes_check(const struct attributes *attributes, struct event *event, struct arena *arena)
{
    if (attributes->other_case != NULL) {
        fault_set(&event->fault, STAGE_ADMIT, "memberCase",
                  "The member `%.*s` equals an attribute of CloudEvents but for case; write it in "
                  "lower case.",
                  json_name_size(attributes->other_case), attributes->other_case->string);
        return false;
    }
    for (enum attribute attribute = ATTRIBUTE_SPECVERSION; attribute < ATTRIBUTE_TRACEPARENT;
         attribute++) {
        if (!check_text(attributes, attribute, event))
            return false;
    }
    if (attributes->values[ATTRIBUTE_SUBJECT].size > 0)
        event->ce_subject = arena_copy(arena, attributes->values[ATTRIBUTE_SUBJECT]);
    const char *version = shown_name(attributes, ATTRIBUTE_SPECVERSION);
    if (attributes->values[ATTRIBUTE_SPECVERSION].data == NULL)
        return refuse(event, "missingAttribute", version, "is missing; send \"1.0\".");
    if (!str_is(attributes->values[ATTRIBUTE_SPECVERSION], "1.0"))
        return refuse(event, "specVersion", version, "must be \"1.0\", the one version we read.");
    int64_t ignored_ms = 0;
    if (!check_time(attributes, ATTRIBUTE_TIME, event, &ignored_ms) ||
        !check_time(attributes, ATTRIBUTE_EXPIRYTIME, event, &event->expiry_ms))
        return false;
    if (attributes->states[ATTRIBUTE_EXPIRYTIME] == ATTRIBUTE_TEXT && event->expiry_ms == 0)
        event->expiry_ms =
            -1; /* 1970 itself is as long past as the millisecond before it; 0 means none */
    return true;
}
