#include "worker/core/graph_check.h"

#include "worker/core/json_read.h"
#include "worker/core/rfc3339.h"

#include <stdio.h>

void graph_place_write(const struct graph_place *place, char ret[GRAPH_PATH_SIZE])
{
    if (place->outer != NULL)
        graph_place_write(place->outer, ret);
    else
        snprintf(ret, GRAPH_PATH_SIZE, "data");
    size_t used = strlen(ret);
    if (place->item->string == NULL) /* one of a list */
        snprintf(ret + used, GRAPH_PATH_SIZE - used, "[]");
    else
        snprintf(ret + used, GRAPH_PATH_SIZE - used, ".%.*s", json_name_size(place->item),
                 place->item->string);
}

static bool refuse(const struct graph_place *place, struct fault *fault, const char *code,
                   const char *sentence)
{
    char path[GRAPH_PATH_SIZE];
    graph_place_write(place, path);
    fault_set(fault, STAGE_ADMIT, code, "The member `%s` %s", path, sentence);
    return false;
}

static bool check_text(const struct member *member, const struct graph_place *place,
                       struct fault *fault)
{
    if (!cJSON_IsString(place->item))
        return refuse(place, fault, "wrongType", "must be a string.");
    struct str text = str_of(place->item->valuestring);
    char guid[GUID_SIZE];
    int64_t time_ms = 0;
    if (member->shape == SHAPE_GUID && !guid_read(text, guid))
        return refuse(place, fault, "invalidGuid",
                      "must be a GUID, such as 46184453-e63b-4f20-86c2-c557ed5d5df9, without "
                      "braces.");
    if (member->shape == SHAPE_TIME && !rfc3339_parse(text, &time_ms))
        return refuse(place, fault, "invalidTime",
                      "must be an RFC 3339 time with a zone, such as 2026-03-01T08:30:00Z.");
    return true;
}

static bool check_place(const struct member *member, const struct graph_place *place,
                        struct findings *findings, struct fault *fault);

static bool check_inside(const struct member *inside, const struct graph_place *place,
                         struct findings *findings, struct fault *fault)
{
    if (!cJSON_IsObject(place->item))
        return refuse(place, fault, "wrongType", "must be an object.");
    for (const cJSON *item = place->item->child; item != NULL; item = item->next) {
        const struct member *known = graph_member_find(inside, item->string);
        struct graph_place inner = {place, item};
        if (known != NULL && !check_place(known, &inner, findings, fault))
            return false;
    }
    return true;
}

static bool check_list(const struct member *member, const struct graph_place *place,
                       struct findings *findings, struct fault *fault)
{
    if (!cJSON_IsArray(place->item))
        return refuse(place, fault, "wrongType", "must be a list.");
    for (const cJSON *item = place->item->child; item != NULL; item = item->next) {
        struct graph_place inner = {place, item};
        if (member->inside != NULL && !check_inside(member->inside, &inner, findings, fault))
            return false;
    }
    return true;
}

static bool check_shape(const struct member *member, const struct graph_place *place,
                        struct findings *findings, struct fault *fault)
{
    switch (member->shape) {
    case SHAPE_ANY:
    case SHAPE_DROPPED:
        return true;
    case SHAPE_TEXT:
    case SHAPE_WORD:
    case SHAPE_GUID:
    case SHAPE_TIME:
        return check_text(member, place, fault);
    case SHAPE_BOOLEAN:
        return cJSON_IsBool(place->item) ||
               refuse(place, fault, "wrongType", "must be true or false, without quotes.");
    case SHAPE_LIST:
        return check_list(member, place, findings, fault);
    case SHAPE_OBJECT:
        return check_inside(member->inside, place, findings, fault);
    }
    return true;
}

static bool is_named_by(const struct member *member, enum graph_version version, const char *name)
{
    return member->names[version] != NULL && strcmp(member->names[version], name) == 0;
}

/* A name that one version alone has says which one the body is written for. */
static bool mark_version(const struct member *member, const struct graph_place *place,
                         struct findings *findings, struct fault *fault)
{
    bool is_beta = is_named_by(member, GRAPH_BETA, place->item->string);
    bool is_v1 = is_named_by(member, GRAPH_V1, place->item->string);
    if (is_beta == is_v1 || member->slot == SLOT_VALIDATION_ONLY)
        return true;
    char *mark = findings->marks[is_v1 ? GRAPH_V1 : GRAPH_BETA];
    if (mark[0] == '\0')
        graph_place_write(place, mark);
    if (findings->marks[is_v1 ? GRAPH_BETA : GRAPH_V1][0] == '\0')
        return true;
    fault_set(fault, STAGE_ADMIT, "mixedVersions",
              "The member `%s` is one of Graph's beta, and `%s` is one of v1.0; write all of "
              "`data` as one of the two has it.",
              findings->marks[GRAPH_BETA], findings->marks[GRAPH_V1]);
    return false;
}

/* v1.0 has the value one object further inside. */
static bool check_wrapped(const struct member *member, const struct graph_place *place,
                          struct findings *findings, struct fault *fault)
{
    const struct member wrapped = {.names = {member->wrap, member->wrap},
                                   .shape = member->shape,
                                   .slot = member->slot};
    const struct member inside[] = {wrapped, {0}};
    return check_inside(inside, place, findings, fault);
}

/* The depth is that of the tables above. */
static bool check_place(const struct member *member, const struct graph_place *place,
                        struct findings *findings, struct fault *fault)
{
    const cJSON *item = place->item;
    const char *name = graph_member_name_like(member, item->string);
    if (strcmp(item->string, name) != 0) {
        char path[GRAPH_PATH_SIZE];
        graph_place_write(place, path);
        fault_set(fault, STAGE_ADMIT, "memberCase",
                  "The member `%s` equals `%s` but for case; write it like that.", path, name);
        return false;
    }
    if (!mark_version(member, place, findings, fault))
        return false;
    /* To Graph, null is as good as absent; for a dry run we want it said. */
    if (cJSON_IsNull(item) && member->slot != SLOT_VALIDATION_ONLY)
        return true;
    if (member->wrap != NULL && name == member->names[GRAPH_V1])
        return check_wrapped(member, place, findings, fault);
    if (!check_shape(member, place, findings, fault))
        return false;
    if (!cJSON_IsString(item) || item->valuestring[0] != '\0')
        findings->items[member->slot] = item;
    return true;
}

bool graph_member_check(const struct member *member, const cJSON *item, struct findings *findings,
                        struct fault *ret_fault)
{
    struct graph_place place = {NULL, item};
    return check_place(member, &place, findings, ret_fault);
}
