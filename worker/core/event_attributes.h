#pragma once

#include "worker/core/arena.h"
#include "worker/core/event.h"

#include <cjson/cJSON.h>

/* CloudEvents' context attributes, wherever they stand: in `ce_` record headers (binary mode) or as
 * members of the object (structured mode). First they are collected, then checked in two steps: who
 * it is, then the rest. */

enum attribute {
    ATTRIBUTE_ID, /* the first three are the event's identity: without them it is no event */
    ATTRIBUTE_SOURCE,
    ATTRIBUTE_TYPE,
    ATTRIBUTE_SPECVERSION,
    ATTRIBUTE_SUBJECT,
    ATTRIBUTE_TIME,
    ATTRIBUTE_DATASCHEMA,
    ATTRIBUTE_DATACONTENTTYPE,
    ATTRIBUTE_EXPIRYTIME, /* the extensions that we read; others are nobody's business here */
    ATTRIBUTE_TRACEPARENT,
    ATTRIBUTE_TRACESTATE,
    ATTRIBUTE_TENANT,
    ATTRIBUTE_CORRELATIONID,
    ATTRIBUTE_COUNT,
};

enum attribute_state {
    ATTRIBUTE_ABSENT,
    ATTRIBUTE_NULL, /* is there without a value: the same as absent, but for a second one */
    ATTRIBUTE_TEXT,
    ATTRIBUTE_TWICE,
    ATTRIBUTE_NO_TEXT, /* structured: another JSON type */
};

struct attributes {
    enum event_mode mode;
    enum attribute_state states[ATTRIBUTE_COUNT];
    struct str
        values[ATTRIBUTE_COUNT]; /* of those that are ATTRIBUTE_TEXT; in the record or the tree */
    const cJSON
        *other_case; /* structured: a member that equals an attribute but for case, or NULL */
};

/* True if one of the four required attributes is a header: the event is in binary mode. */
bool attributes_are_in_headers(const struct record *record);
void attributes_from_headers(const struct record *record, struct attributes *ret);
void attributes_from_object(const cJSON *object, struct attributes *ret);

/* The record headers traceparent and tracestate go before the extensions of these names. */
void attributes_prefer_trace_headers(const struct record *record, struct attributes *attributes);

/* Room for the copies of all of them. */
size_t attributes_arena_size(const struct attributes *attributes);

/* Copies what can be read of id, source and type, the trace context and the tenant into the event.
 * False: not all three can; event->fault is the first reason. */
bool attributes_identify(const struct attributes *attributes, struct event *event,
                         struct arena *arena);

/* Checks and copies the rest. False: event->fault is the first thing that is wrong. */
bool attributes_check(const struct attributes *attributes, struct event *event,
                      struct arena *arena);
