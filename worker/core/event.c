#include "worker/core/event.h"

#include "worker/core/event_attributes.h"
#include "worker/core/graph_body.h"
#include "worker/core/json_read.h"

#include <assert.h>
#include <stdlib.h>
#include <strings.h>

#define TYPE_PREFIX "microsoft.graph."

static const char *const kind_types[KIND_COUNT] = {
    [KIND_NONE] = TYPE_PREFIX "none",
    [KIND_ASSIGNMENT] = TYPE_PREFIX "accessPackageAssignmentRequest",
    [KIND_RESOURCE] = TYPE_PREFIX "accessPackageResourceRequest",
};

static const char *const request_types[REQUEST_TYPE_COUNT] = {
    [REQUEST_TYPE_NONE] = "none",
    [REQUEST_TYPE_ADMIN_ADD] = "AdminAdd",
    [REQUEST_TYPE_ADMIN_UPDATE] = "AdminUpdate",
    [REQUEST_TYPE_ADMIN_REMOVE] = "AdminRemove",
    [REQUEST_TYPE_USER_ADD] = "UserAdd",
    [REQUEST_TYPE_USER_EXTEND] = "UserExtend",
    [REQUEST_TYPE_USER_UPDATE] = "UserUpdate",
    [REQUEST_TYPE_USER_REMOVE] = "UserRemove",
};

const char *kind_type(enum kind kind)
{
    assert(kind < KIND_COUNT);
    return kind_types[kind];
}

const char *kind_name(enum kind kind)
{
    return kind_type(kind) + strlen(TYPE_PREFIX);
}

const char *request_type_name(enum request_type request_type)
{
    assert(request_type < REQUEST_TYPE_COUNT);
    return request_types[request_type];
}

bool request_type_is_delegated(enum request_type request_type)
{
    return request_type >= REQUEST_TYPE_USER_ADD;
}

bool request_type_is_removal(enum request_type request_type)
{
    return request_type == REQUEST_TYPE_ADMIN_REMOVE || request_type == REQUEST_TYPE_USER_REMOVE;
}

/* ---- the content type ------------------------------------------------------------------------ */

/* Takes the text up to the next `;` off `rest`, without white space around it. */
static struct str take_part(struct str *rest)
{
    const char *semicolon = memchr(rest->data, ';', rest->size);
    size_t size = semicolon != NULL ? (size_t)(semicolon - rest->data) : rest->size;
    struct str part = {rest->data, size};
    size_t taken = semicolon != NULL ? size + 1 : size;
    *rest = (struct str){rest->data + taken, rest->size - taken};
    while (part.size > 0 && (part.data[0] == ' ' || part.data[0] == '\t'))
        part = (struct str){part.data + 1, part.size - 1};
    while (part.size > 0 && (part.data[part.size - 1] == ' ' || part.data[part.size - 1] == '\t'))
        part.size--;
    return part;
}

static bool is_in_any_case(struct str text, const char *other)
{
    return text.size == strlen(other) && strncasecmp(text.data, other, text.size) == 0;
}

static bool is_charset_fine(struct str parameter)
{
    static const char charset[] = "charset=";
    size_t size = sizeof charset - 1;
    if (parameter.size < size || strncasecmp(parameter.data, charset, size) != 0)
        return true;
    struct str value = {parameter.data + size, parameter.size - size};
    if (value.size >= 2 && value.data[0] == '"' && value.data[value.size - 1] == '"')
        value = (struct str){value.data + 1, value.size - 2};
    return is_in_any_case(value, "utf-8") || is_in_any_case(value, "us-ascii");
}

/* No content type, or an empty one, is JSON. */
static bool check_content_type(const struct record *record, struct json_fault *fault)
{
    const struct header *header = record_header(record, "content-type");
    if (header == NULL || header->value.size == 0)
        return true;
    struct str rest = header->value;
    struct str media_type = take_part(&rest);
    bool is_fine = is_in_any_case(media_type, "application/json") ||
                   is_in_any_case(media_type, "application/cloudevents+json");
    while (is_fine && rest.size > 0)
        is_fine = is_charset_fine(take_part(&rest));
    return is_fine ||
           json_fault_set(fault, "contentType", 0,
                          "The header content-type must be application/cloudevents+json, "
                          "application/json or absent, in UTF-8; send JSON.");
}

/* ---- data ------------------------------------------------------------------------------------ */

static bool find_data(struct event *event, struct str value, const cJSON *tree, struct str *ret)
{
    struct json_walk walk = json_walk_object(value);
    struct str member;
    for (const cJSON *item = tree->child; item != NULL; item = item->next) {
        bool is_there = json_walk_next(&walk, &member, ret);
        assert(is_there);
        if (strcmp(item->string, "data") == 0)
            return true;
    }
    fault_set(&event->fault, STAGE_ADMIT, "missingMember",
              "The member `data` is missing; it holds the request for Graph.");
    return false;
}

/* Finds `data`, bytes and tree; in binary mode it is all of the value. */
static bool read_data(struct event *event, struct str value, const cJSON *tree, struct arena *arena)
{
    if (event->mode == EVENT_BINARY)
        return graph_body_read(event, value, tree, arena);
    if (cJSON_GetObjectItemCaseSensitive(tree, "data_base64") != NULL) {
        fault_set(&event->fault, STAGE_ADMIT, "dataBase64",
                  "The member `data_base64` is not read; send the JSON object itself as `data`.");
        return false;
    }
    struct str data;
    if (!find_data(event, value, tree, &data))
        return false;
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(tree, "data");
    if (cJSON_IsObject(item))
        return graph_body_read(event, data, item, arena);
    fault_set(&event->fault, STAGE_ADMIT, "wrongType",
              "The member `data` must be an object, not a text or a list.");
    return false;
}

static bool read_kind(struct event *event)
{
    for (enum kind kind = KIND_NONE + 1; kind < KIND_COUNT; kind++) {
        if (strcmp(event->type, kind_types[kind]) == 0)
            event->kind = kind;
    }
    if (event->kind == KIND_NONE)
        fault_set(&event->fault, STAGE_ADMIT, "unknownType",
                  "The type `%s` is unknown; send %s or %s.", event->type,
                  kind_types[KIND_ASSIGNMENT], kind_types[KIND_RESOURCE]);
    return event->kind != KIND_NONE;
}

/* ---- the event ------------------------------------------------------------------------------- */

static struct arena make_arena(struct event *event, size_t size)
{
    event->memory = malloc(size);
    if (event->memory == NULL)
        abort(); /* no fault of the record: it is redelivered */
    return (struct arena){event->memory, size};
}

static enum event_worth take_json_fault(struct event *event, const struct json_fault *fault,
                                        enum event_worth worth)
{
    fault_set(&event->fault, STAGE_ADMIT, fault->code, "%s", fault->message);
    return worth;
}

/* `tree` is the value's, NULL if it cannot be read; `fault` then tells why, or what is wrong with
 * its content type. */
static enum event_worth judge(struct event *event, struct str value, const cJSON *tree,
                              struct attributes *attributes, struct json_fault *fault)
{
    size_t size_of_body = tree != NULL ? graph_body_arena_size(value) : 0;
    struct arena arena = make_arena(event, attributes_arena_size(attributes) + size_of_body);
    bool is_identified = attributes_identify(attributes, event, &arena);
    if (tree == NULL)
        return take_json_fault(event, fault, EVENT_UNREADABLE);
    if (!cJSON_IsObject(tree)) {
        if (fault->code == NULL)
            json_fault_set(fault, "notObject", 0,
                           "The value is JSON, but no object; send a JSON object.");
        return take_json_fault(event, fault, EVENT_UNREADABLE);
    }
    if (fault->code != NULL || !json_check(tree, fault)) /* the content type, or the members */
        return take_json_fault(event, fault, is_identified ? EVENT_REFUSED : EVENT_UNREADABLE);
    if (event->mode == EVENT_STRUCTURED &&
        attributes->states[ATTRIBUTE_SPECVERSION] == ATTRIBUTE_ABSENT) {
        fault_set(&event->fault, STAGE_ADMIT, "missingAttribute",
                  "The value is no CloudEvent: it has no `specversion`, and there are no ce_ "
                  "headers; send a CloudEvent.");
        return is_identified ? EVENT_REFUSED : EVENT_UNREADABLE;
    }
    if (!is_identified)
        return EVENT_UNREADABLE;
    bool is_good = attributes_check(attributes, event, &arena) && read_kind(event) &&
                   read_data(event, value, tree, &arena);
    return is_good ? EVENT_GOOD : EVENT_REFUSED;
}

void event_read(const struct record *record, struct event *ret)
{
    *ret = (struct event){.subject = {.target_email = "", .origin_id = "", .origin_system = ""}};
    ret->mode = attributes_are_in_headers(record) ? EVENT_BINARY : EVENT_STRUCTURED;
    struct json_fault fault = {0}, content = {0};
    cJSON *tree = json_parse(record->value, &fault);
    if (!check_content_type(record, &content))
        fault = content;
    struct attributes attributes = {.mode = ret->mode};
    if (ret->mode == EVENT_BINARY)
        attributes_from_headers(record, &attributes);
    else if (cJSON_IsObject(tree))
        attributes_from_object(tree, &attributes);
    attributes_prefer_trace_headers(record, &attributes);
    ret->worth = judge(ret, record->value, tree, &attributes, &fault);
    if (ret->worth == EVENT_UNREADABLE)
        ret->mode = EVENT_STRUCTURED;
    cJSON_Delete(tree);
}

void event_finish(struct event *event)
{
    fault_clear(&event->fault);
    free(event->memory);
    for (size_t i = 0; i < GRAPH_VERSIONS; i++)
        free(event->translations[i]);
    *event = (struct event){0};
}
