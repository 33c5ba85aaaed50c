#include "worker/core/json_read.h"

#include "worker/core/utf8.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>

enum {
    PAIRWISE_MAX = 16,  /* up to so many names, comparing each with each is faster than sorting */
    NAME_SHOWN_MAX = 64 /* bytes of a name in a sentence */
};

int json_name_size(const cJSON *item)
{
    int size = utf8_cut(str_of(item->string), NAME_SHOWN_MAX);
    while (!utf8_is_printable((struct str){item->string, (size_t)size}))
        size = utf8_cut((struct str){item->string, (size_t)size}, (size_t)size - 1);
    return size;
}

static bool refuse_name(const cJSON *item, struct json_fault *fault)
{
    return json_fault_set(fault, "duplicateMember", 0,
                          "The member `%.*s` stands twice in one object; send it once.",
                          json_name_size(item), item->string);
}

static int compare_names(const void *a, const void *b)
{
    return strcmp((*(const cJSON *const *)a)->string, (*(const cJSON *const *)b)->string);
}

static bool check_many_names(const cJSON *object, size_t count, struct json_fault *fault)
{
    const cJSON **sorted = malloc(count * sizeof(const cJSON *));
    if (sorted == NULL)
        abort();
    size_t i = 0;
    for (const cJSON *item = object->child; item != NULL; item = item->next)
        sorted[i++] = item;
    qsort(sorted, count, sizeof(const cJSON *), compare_names);
    bool passed = true;
    for (i = 1; passed && i < count; i++) {
        if (compare_names(&sorted[i - 1], &sorted[i]) == 0)
            passed = refuse_name(sorted[i], fault);
    }
    free(sorted);
    return passed;
}

static bool check_names(const cJSON *object, struct json_fault *fault)
{
    size_t count = 0;
    for (const cJSON *item = object->child; item != NULL; item = item->next)
        count++;
    if (count > PAIRWISE_MAX)
        return check_many_names(object, count, fault);
    for (const cJSON *item = object->child; item != NULL; item = item->next) {
        for (const cJSON *other = item->next; other != NULL; other = other->next) {
            if (item->string[0] == other->string[0] && strcmp(item->string, other->string) == 0)
                return refuse_name(other, fault);
        }
    }
    return true;
}

/* The gate has bounded the depth. */
bool json_check(const cJSON *tree, struct json_fault *ret)
{
    if (cJSON_IsNumber(tree) && !isfinite(tree->valuedouble))
        return json_fault_set(ret, "invalidNumber", 0,
                              "A number is too large for a double; send it as a string.");
    if (cJSON_IsObject(tree) && !check_names(tree, ret))
        return false;
    for (const cJSON *item = tree->child; item != NULL; item = item->next) {
        if (!json_check(item, ret))
            return false;
    }
    return true;
}

cJSON *json_parse(struct str bytes, struct json_fault *ret)
{
    if (!json_gate(bytes, ret))
        return NULL;
    errno = 0;
    const char *end = NULL;
    cJSON *tree = cJSON_ParseWithLengthOpts(bytes.data, bytes.size, &end, false);
    if (tree == NULL && errno == ENOMEM)
        abort(); /* no fault of the record: it is redelivered */
    if (tree == NULL)
        json_fault_set(ret, "notJson", (size_t)(end - bytes.data),
                       "At byte %zu of the value: this cannot be read as JSON.",
                       (size_t)(end - bytes.data));
    return tree;
}

cJSON *json_read(struct str bytes, struct json_fault *ret)
{
    cJSON *tree = json_parse(bytes, ret);
    if (tree == NULL || json_check(tree, ret))
        return tree;
    cJSON_Delete(tree);
    return NULL;
}

/* ---- the bytes a member stands in; they have passed the gate --------------------------------- */

static bool is_space(char byte)
{
    return byte == ' ' || byte == '\n' || byte == '\r' || byte == '\t';
}

/* `at` is the first quote; the last one has an even number of backslashes before it. */
static const char *skip_string(const char *at, const char *end)
{
    const char *quote = at;
    size_t backslashes = 0;
    do {
        quote = memchr(quote + 1, '"', (size_t)(end - quote - 1));
        assert(quote != NULL);
        for (backslashes = 0; quote[-1 - (ptrdiff_t)backslashes] == '\\'; backslashes++) {
        }
    } while (backslashes % 2 == 1);
    return quote + 1;
}

static const char *skip_container(const char *at, const char *end)
{
    unsigned depth = 0;
    do {
        assert(at < end);
        if (*at == '"') {
            at = skip_string(at, end);
            continue;
        }
        if (*at == '{' || *at == '[')
            depth++;
        else if (*at == '}' || *at == ']')
            depth--;
        at++;
    } while (depth > 0);
    return at;
}

static const char *skip_value(const char *at, const char *end)
{
    if (*at == '"')
        return skip_string(at, end);
    if (*at == '{' || *at == '[')
        return skip_container(at, end);
    while (at < end && *at != ',' && *at != '}' && *at != ']' && !is_space(*at))
        at++;
    return at;
}

static struct json_walk start_walk(struct str container, char opening)
{
    const char *at = container.data;
    while (is_space(*at))
        at++;
    assert(*at == opening);
    return (struct json_walk){at + 1, container.data + container.size};
}

struct json_walk json_walk_object(struct str object)
{
    return start_walk(object, '{');
}

struct json_walk json_walk_list(struct str list)
{
    return start_walk(list, '[');
}

bool json_walk_next_value(struct json_walk *walk, struct str *ret_value)
{
    const char *at = walk->at;
    while (at < walk->end && (is_space(*at) || *at == ','))
        at++;
    assert(at < walk->end);
    if (*at == ']')
        return false;
    walk->at = skip_value(at, walk->end);
    *ret_value = (struct str){at, (size_t)(walk->at - at)};
    return true;
}

bool json_walk_next(struct json_walk *walk, struct str *ret_member, struct str *ret_value)
{
    const char *at = walk->at;
    while (at < walk->end && (is_space(*at) || *at == ','))
        at++;
    assert(at < walk->end && (*at == '"' || *at == '}'));
    if (*at == '}')
        return false;
    const char *member = at;
    at = skip_string(at, walk->end);
    while (is_space(*at) || *at == ':')
        at++;
    const char *value = at;
    at = skip_value(at, walk->end);
    *ret_member = (struct str){member, (size_t)(at - member)};
    *ret_value = (struct str){value, (size_t)(at - value)};
    walk->at = at;
    return true;
}

size_t json_compact(struct str bytes, char *ret)
{
    const char *end = bytes.data + bytes.size;
    char *written = ret;
    for (const char *at = bytes.data; at < end;) {
        if (*at == '"') {
            const char *string_end = skip_string(at, end);
            memcpy(written, at, (size_t)(string_end - at));
            written += string_end - at;
            at = string_end;
            continue;
        }
        if (!is_space(*at))
            *written++ = *at;
        at++;
    }
    return (size_t)(written - ret);
}
