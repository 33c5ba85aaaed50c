#include "worker/core/graph_shape.h"

#include "worker/core/json_read.h"

#include <assert.h>
#include <stdlib.h>

struct crossing {
    enum graph_version to;
    struct buffer *out;
    struct fault *fault;
};

const char *graph_version_name(enum graph_version version)
{
    return version == GRAPH_V1 ? "v1.0" : "beta";
}

const char *request_type_v1_name(enum request_type request_type)
{
    static const char *const names[REQUEST_TYPE_COUNT] = {
        [REQUEST_TYPE_ADMIN_ADD] = "adminAdd",       [REQUEST_TYPE_ADMIN_UPDATE] = "adminUpdate",
        [REQUEST_TYPE_ADMIN_REMOVE] = "adminRemove", [REQUEST_TYPE_USER_ADD] = "userAdd",
        [REQUEST_TYPE_USER_UPDATE] = "userUpdate",   [REQUEST_TYPE_USER_REMOVE] = "userRemove",
    };
    assert(request_type < REQUEST_TYPE_COUNT);
    return names[request_type];
}

size_t graph_shape_size_max(size_t size)
{
    return 2 * size + 256; /* {"name":""} becomes {"attributeName":""}, and a body has one nested
                            * object of each sort */
}

static bool refuse(const struct crossing *crossing, const struct graph_place *place,
                   const char *why)
{
    bool v1 = crossing->to == GRAPH_V1;
    char path[GRAPH_PATH_SIZE];
    graph_place_write(place, path);
    fault_set(crossing->fault, STAGE_ADMIT, "notTranslated",
              "The member `%s` cannot be sent to %s of Graph%s: %s. %s", path,
              graph_version_name(crossing->to), v1 ? "" : ", where the dry run is made", why,
              v1 ? "Leave it out, or ask the operator of this worker to set graph.submit_version: "
                   "beta."
                 : "Leave it out, or send the event as beta has it.");
    return false;
}

static void put_name(struct buffer *out, const char *name)
{
    char last = out->size > 0 ? out->data[out->size - 1] : '{';
    if (last != '{')
        buffer_put(out, ",", 1);
    buffer_put(out, "\"", 1);
    buffer_put_text(out, name);
    buffer_put(out, "\":", 2);
}

static bool is_letter(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static bool cross_word(const struct crossing *crossing, const struct member *member,
                       const struct graph_place *place)
{
    const char *word = place->item->valuestring;
    if (crossing->to == GRAPH_V1 && member->slot == SLOT_REQUEST_TYPE &&
        strcmp(word, request_type_name(REQUEST_TYPE_USER_EXTEND)) == 0)
        return refuse(crossing, place, "v1.0 has no UserExtend");
    for (const char *c = word; *c != '\0'; c++)
        if (!is_letter(*c))
            return refuse(crossing, place, "its value is no word of letters");
    char first = word[0];
    if (is_letter(first))
        first = (char)(crossing->to == GRAPH_V1 ? first | 0x20 : first & ~0x20);
    buffer_put(crossing->out, "\"", 1);
    buffer_put(crossing->out, &first, word[0] != '\0');
    buffer_put_text(crossing->out, word[0] != '\0' ? word + 1 : "");
    buffer_put(crossing->out, "\"", 1);
    return true;
}

static bool holds_object(const cJSON *item)
{
    if (cJSON_IsObject(item))
        return true;
    for (const cJSON *inner = item->child; inner != NULL; inner = inner->next)
        if (holds_object(inner))
            return true;
    return false;
}

static bool cross_members(const struct crossing *crossing, const struct member *members,
                          struct str bytes, const cJSON *tree, const struct graph_place *outer);

static bool cross_object(const struct crossing *crossing, const struct member *inside,
                         struct str bytes, const struct graph_place *place)
{
    buffer_put(crossing->out, "{", 1);
    bool crossed = cross_members(crossing, inside, bytes, place->item, place);
    buffer_put(crossing->out, "}", 1);
    return crossed;
}

static bool cross_list(const struct crossing *crossing, const struct member *inside,
                       struct str bytes, const struct graph_place *place)
{
    struct json_walk walk = json_walk_list(bytes);
    struct str value;
    buffer_put(crossing->out, "[", 1);
    for (const cJSON *item = place->item->child; item != NULL; item = item->next) {
        bool is_walking = json_walk_next_value(&walk, &value);
        assert(is_walking);
        if (item != place->item->child)
            buffer_put(crossing->out, ",", 1);
        if (!cross_object(crossing, inside, value, &(struct graph_place){place, item}))
            return false;
    }
    buffer_put(crossing->out, "]", 1);
    return true;
}

static bool cross_value(const struct crossing *crossing, const struct member *member,
                        struct str bytes, const struct graph_place *place)
{
    if (member->shape == SHAPE_WORD)
        return cross_word(crossing, member, place);
    if (member->shape == SHAPE_OBJECT)
        return cross_object(crossing, member->inside, bytes, place);
    if (member->shape == SHAPE_LIST && member->inside != NULL)
        return cross_list(crossing, member->inside, bytes, place);
    if (holds_object(place->item))
        return refuse(crossing, place, "what is inside may differ between beta and v1.0");
    buffer_put(crossing->out, bytes.data, bytes.size);
    return true;
}

/* catalogId is catalog.id on v1.0. */
static bool wrap_value(const struct crossing *crossing, const struct member *member,
                       struct str bytes)
{
    put_name(crossing->out, member->names[GRAPH_V1]);
    buffer_put(crossing->out, "{", 1);
    put_name(crossing->out, member->wrap);
    buffer_put(crossing->out, bytes.data, bytes.size);
    buffer_put(crossing->out, "}", 1);
    return true;
}

static bool unwrap_value(const struct crossing *crossing, const struct member *member,
                         struct str bytes, const struct graph_place *place)
{
    struct json_walk walk = json_walk_object(bytes);
    struct str whole, value;
    for (const cJSON *item = place->item->child; item != NULL; item = item->next) {
        bool is_walking = json_walk_next(&walk, &whole, &value);
        assert(is_walking);
        if (cJSON_IsNull(item))
            continue;
        if (strcmp(item->string, member->wrap) != 0)
            return refuse(crossing, &(struct graph_place){place, item}, "beta has the id alone");
        put_name(crossing->out, member->names[GRAPH_BETA]);
        buffer_put(crossing->out, value.data, value.size);
    }
    return true;
}

static bool is_of_graph(const struct member *known)
{
    return known->shape != SHAPE_DROPPED && known->slot != SLOT_VALIDATION_ONLY;
}

static bool cross_member(const struct crossing *crossing, const struct member *known,
                         struct str bytes, const struct graph_place *place)
{
    const char *name = known != NULL ? known->names[crossing->to] : NULL;
    bool null = cJSON_IsNull(place->item);
    if (known == NULL)
        return refuse(crossing, place, "this worker does not know what it is called there");
    if (!is_of_graph(known) || (null && (name == NULL || known->wrap != NULL)))
        return true;
    if (name == NULL)
        return refuse(crossing, place, "it has no such member");
    if (known->wrap != NULL)
        return crossing->to == GRAPH_V1 ? wrap_value(crossing, known, bytes)
                                        : unwrap_value(crossing, known, bytes, place);
    put_name(crossing->out, name);
    if (!null)
        return cross_value(crossing, known, bytes, place);
    buffer_put_text(crossing->out, "null");
    return true;
}

/* The depth is that of the table. */
static bool cross_members(const struct crossing *crossing, const struct member *members,
                          struct str bytes, const cJSON *tree, const struct graph_place *outer)
{
    struct json_walk walk = json_walk_object(bytes);
    struct str whole, value;
    for (const cJSON *item = tree->child; item != NULL; item = item->next) {
        bool is_walking = json_walk_next(&walk, &whole, &value);
        assert(is_walking);
        if (!cross_member(crossing, graph_member_find(members, item->string), value,
                          &(struct graph_place){outer, item}))
            return false;
    }
    return true;
}

bool graph_shape_translate(const struct graph_data *data, enum graph_version to, struct buffer *ret,
                           struct fault *ret_fault)
{
    const struct crossing crossing = {to, ret, ret_fault};
    return cross_members(&crossing, graph_members(data->kind), data->bytes, data->tree, NULL);
}

bool graph_shape_keep(struct event *event, struct str bytes, const cJSON *tree,
                      enum graph_version to)
{
    const struct graph_data data = {event->kind, bytes, tree};
    struct buffer members;
    size_t size = 0;
    buffer_init(&members, graph_shape_size_max(bytes.size));
    bool is_good = graph_shape_translate(&data, to, &members, &event->fault);
    char *text = is_good ? buffer_take(&members, &size) : NULL;
    buffer_finish(&members);
    if (is_good && text == NULL)
        abort(); /* no memory, and no fault of the record: it is redelivered */
    free(event->translations[to]);
    event->translations[to] = text;
    *(to == GRAPH_V1 ? &event->v1_body : &event->body) = (struct body){text, size};
    return is_good;
}
