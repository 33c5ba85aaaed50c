#include "tests/core/graph_pairs.h"
#include "tests/core/records.h"
#include "worker/core/graph_shape.h"
#include "worker/core/json_read.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { DEPTH_MAX = 8, TEXT_MAX = 4096 };

/* A member, under those that it is inside of. */
struct chain {
    const struct member *rows[DEPTH_MAX];
    size_t count;
};

static const struct member *leaf_of(const struct chain *chain)
{
    return chain->rows[chain->count - 1];
}

/* Is there such a place in that version? */
static bool has_path(const struct chain *chain, enum graph_version version)
{
    for (size_t i = 0; i < chain->count; i++) {
        if (chain->rows[i]->names[version] == NULL)
            return false;
    }
    return true;
}

static void write_path(const struct chain *chain, enum graph_version version, char *ret)
{
    size_t used = 0;
    const struct member *leaf = leaf_of(chain);
    if (!has_path(chain, version)) {
        snprintf(ret, TEXT_MAX, "-");
        return;
    }
    for (size_t i = 0; i < chain->count; i++)
        used += (size_t)snprintf(ret + used, TEXT_MAX - used, "%s%s", i > 0 ? "." : "",
                                 chain->rows[i]->names[version]);
    if (leaf->wrap != NULL && version == GRAPH_V1)
        snprintf(ret + used, TEXT_MAX - used, ".%s", leaf->wrap);
}

static const char *value_of(const struct member *member, enum graph_version version)
{
    switch (member->shape) {
    case SHAPE_WORD:
        return version == GRAPH_V1 ? "\"userUpdate\"" : "\"UserUpdate\"";
    case SHAPE_GUID:
        return "\"" GUID_A_IN_CAPITALS "\"";
    case SHAPE_TIME:
        return "\"2026-12-31T22:59:59.1234567+01:00\"";
    case SHAPE_BOOLEAN:
        return "false";
    case SHAPE_LIST:
        return member->inside != NULL ? "[{},{}]" : "[1.50,[\"\\u00e9\"],null]";
    case SHAPE_OBJECT:
        return "{}";
    case SHAPE_TEXT:
        return "\"a \\u00e9\\/ \\\" b\"";
    case SHAPE_ANY:
    case SHAPE_DROPPED:
        break;
    }
    return "1.0e2";
}

/* `data` with that member alone, inside of what it has to be inside of. */
static void write_data(const struct chain *chain, enum graph_version version, char *ret)
{
    char closing[DEPTH_MAX * 2 + 2] = "";
    size_t used = (size_t)snprintf(ret, TEXT_MAX, "{");
    const struct member *leaf = leaf_of(chain);
    for (size_t i = 0; i < chain->count; i++) {
        const struct member *row = chain->rows[i];
        bool list = row->shape == SHAPE_LIST;
        used += (size_t)snprintf(ret + used, TEXT_MAX - used, "\"%s\":", row->names[version]);
        if (row == leaf)
            break;
        used += (size_t)snprintf(ret + used, TEXT_MAX - used, list ? "[{" : "{");
        const char *end = list ? "}]" : "}";
        memmove(closing + strlen(end), closing, strlen(closing) + 1);
        memcpy(closing, end, strlen(end));
    }
    bool wrapped = leaf->wrap != NULL && version == GRAPH_V1;
    snprintf(ret + used, TEXT_MAX - used, wrapped ? "{\"%s\":%s}%s}" : "%s%s%s}",
             wrapped ? leaf->wrap : "", value_of(leaf, version), closing);
}

/* NULL: refused, and `ret_fault` says why. The caller frees it. */
static char *translate(enum kind kind, const char *data, enum graph_version to,
                       struct fault *ret_fault)
{
    struct json_fault why;
    struct str bytes = str_of(data);
    cJSON *tree = json_read(bytes, &why);
    struct graph_data read = {kind, bytes, tree};
    struct buffer buffer;
    if (tree == NULL)
        fail_msg("%s: %s", data, why.message);
    buffer_init(&buffer, graph_shape_size_max(bytes.size));
    buffer_put(&buffer, "", 0);
    bool crossed = graph_shape_translate(&read, to, &buffer, ret_fault);
    if (crossed && buffer.failed)
        fail_msg("%s: longer than graph_shape_size_max()", data);
    cJSON_Delete(tree);
    char *text = crossed ? buffer_take(&buffer, NULL) : NULL;
    buffer_finish(&buffer);
    return text;
}

static bool is_sent(const struct member *leaf)
{
    return leaf->shape != SHAPE_DROPPED && leaf->slot != SLOT_VALIDATION_ONLY;
}

/* From the version that has it to the other: what it is there, or a refusal that names it. */
static void check_way(enum kind kind, const struct chain *chain, enum graph_version from)
{
    enum graph_version to = from == GRAPH_BETA ? GRAPH_V1 : GRAPH_BETA;
    char data[TEXT_MAX], expected[TEXT_MAX] = "{}", path[TEXT_MAX];
    struct fault fault = {0};
    if (!has_path(chain, from))
        return;
    bool dropped = !is_sent(leaf_of(chain));
    write_data(chain, from, data);
    if (!dropped && has_path(chain, to))
        write_data(chain, to, expected);
    char *members = translate(kind, data, to, &fault);
    if (!dropped && !has_path(chain, to)) {
        write_path(chain, from, path);
        if (members != NULL || strcmp(fault.code, "notTranslated") != 0 ||
            strstr(fault.message, leaf_of(chain)->names[from]) == NULL)
            fail_msg("%s: `%s` %s", path, fault.code, fault.message);
        return;
    }
    size_t size = strlen(expected) - 2;
    if (members == NULL)
        fail_msg("%s: `%s` %s", data, fault.code, fault.message);
    else if (strlen(members) != size || memcmp(members, expected + 1, size) != 0)
        fail_msg("%s\nis {%s}\nnot %s", data, members, expected);
    free(members);
}

/* null says nothing, and so passes where there is no name. */
static void check_null(enum kind kind, const struct chain *chain)
{
    char data[TEXT_MAX];
    struct fault fault = {0};
    const char *name = leaf_of(chain)->names[GRAPH_BETA];
    if (chain->count > 1 || name == NULL)
        return;
    snprintf(data, sizeof data, "{\"%s\":null}", name);
    char *members = translate(kind, data, GRAPH_V1, &fault);
    if (members == NULL)
        fail_msg("%s: %s", data, fault.message);
    free(members);
}

/* An object whose inside is not known does not cross. */
static void check_opaque(enum kind kind, const struct chain *chain)
{
    char data[TEXT_MAX];
    struct fault fault = {0};
    const struct member *leaf = leaf_of(chain);
    bool opaque = leaf->shape == SHAPE_ANY || (leaf->shape == SHAPE_LIST && leaf->inside == NULL);
    if (!opaque || !has_path(chain, GRAPH_BETA))
        return;
    write_data(chain, GRAPH_BETA, data);
    char *at = strstr(data, value_of(leaf, GRAPH_BETA)), rest[TEXT_MAX];
    snprintf(rest, sizeof rest, "[[{}]]%s", at + strlen(value_of(leaf, GRAPH_BETA)));
    snprintf(at, TEXT_MAX - (size_t)(at - data), "%s", rest);
    char *members = translate(kind, data, GRAPH_V1, &fault);
    if (members != NULL || strcmp(fault.code, "notTranslated") != 0)
        fail_msg("%s: `%s`", data, fault.code);
}

static void check_pair(const char *const **pairs, const struct chain *chain)
{
    char beta[TEXT_MAX], v1[TEXT_MAX], line[2 * TEXT_MAX + 2];
    write_path(chain, GRAPH_BETA, beta);
    write_path(chain, GRAPH_V1, v1);
    snprintf(line, sizeof line, "%s %s", beta, v1);
    if (**pairs == NULL || strcmp(**pairs, line) != 0)
        fail_msg("the table has \"%s\", the facts \"%s\"", line, **pairs != NULL ? **pairs : "");
    (*pairs)++;
}

static void walk(enum kind kind, const struct member *members, const struct chain *outer,
                 const char *const **pairs)
{
    for (const struct member *member = members; !graph_member_is_last(member); member++) {
        struct chain chain = *outer;
        assert_true(chain.count < DEPTH_MAX);
        chain.rows[chain.count++] = member;
        check_pair(pairs, &chain);
        check_way(kind, &chain, GRAPH_BETA);
        check_way(kind, &chain, GRAPH_V1);
        check_null(kind, &chain);
        check_opaque(kind, &chain);
        if (member->inside != NULL)
            walk(kind, member->inside, &chain, pairs);
    }
}

static void every_member_of_every_kind_crosses_both_ways(void **state)
{
    (void)state;
    const struct chain none = {.count = 0};
    const char *const *pairs = assignment_pairs;
    walk(KIND_ASSIGNMENT, graph_members(KIND_ASSIGNMENT), &none, &pairs);
    assert_null(*pairs);
    pairs = resource_pairs;
    walk(KIND_RESOURCE, graph_members(KIND_RESOURCE), &none, &pairs);
    assert_null(*pairs);
}

/* Several at once, and what has no place in the other version. */
static const struct {
    enum kind kind;
    enum graph_version to;
    const char *data, *members; /* NULL: refused, and the sentence names … */
    const char *named;
} cases[] = {
    {KIND_ASSIGNMENT, GRAPH_V1,
     "{\"isValidationOnly\":true,\"requestType\":\"AdminAdd\",\"expirationDateTime\":null,"
     "\"answers\":[{\"value\":\"1\"},{\"value\":\"2\"}]}",
     "\"requestType\":\"adminAdd\",\"answers\":[{\"value\":\"1\"},{\"value\":\"2\"}]", NULL},
    {KIND_RESOURCE, GRAPH_BETA,
     "{\"catalog\":{\"id\":\"x\"},\"requestType\":\"adminAdd\",\"state\":\"y\","
     "\"resource\":{\"attributes\":[]}}",
     "\"catalogId\":\"x\",\"requestType\":\"AdminAdd\",\"accessPackageResource\":"
     "{\"attributes\":[]}",
     NULL},
    {KIND_RESOURCE, GRAPH_BETA, "{\"catalog\":{}}", "", NULL},
    {KIND_RESOURCE, GRAPH_BETA, "{\"catalog\":{\"x\":null}}", "", NULL},
    {KIND_RESOURCE, GRAPH_BETA, "{\"catalog\":null}", "", NULL},
    {KIND_RESOURCE, GRAPH_V1, "{\"catalogId\":null}", "", NULL},
    {KIND_ASSIGNMENT, GRAPH_V1, "{}", "", NULL},
    {KIND_ASSIGNMENT, GRAPH_V1, "{\"requestType\":\"\"}", "\"requestType\":\"\"", NULL},
    {KIND_ASSIGNMENT, GRAPH_V1, "{\"requestType\":\"UserExtend\"}", NULL, "UserExtend"},
    {KIND_ASSIGNMENT, GRAPH_V1, "{\"accessPackageAssignment\":{\"assignmentState\":\"a b\"}}", NULL,
     "data.accessPackageAssignment.assignmentState"},
    {KIND_ASSIGNMENT, GRAPH_V1, "{\"color\":1}", NULL, "data.color"},
    {KIND_ASSIGNMENT, GRAPH_V1, "{\"answers\":[{\"value\":\"1\"},{\"x\":1}]}", NULL,
     "data.answers[].x"},
    {KIND_ASSIGNMENT, GRAPH_V1, "{\"schedule\":{\"recurrence\":{\"pattern\":{}}}}", NULL,
     "data.schedule.recurrence"},
    {KIND_RESOURCE, GRAPH_V1, "{\"justification\":\"why\"}", NULL, "graph.submit_version: beta"},
    {KIND_RESOURCE, GRAPH_BETA, "{\"catalog\":{\"id\":\"x\",\"y\":1}}", NULL, "data.catalog.y"},
    {KIND_RESOURCE, GRAPH_BETA, "{\"resource\":{\"createdDateTime\":\"x\"}}", NULL, "beta has it"},
};

static void bodies_cross_whole_or_not_at_all(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fault fault = {0};
        char *members = translate(cases[i].kind, cases[i].data, cases[i].to, &fault);
        const char *expected = cases[i].members != NULL ? cases[i].members : "refused";
        if (strcmp(members != NULL ? members : "refused", expected) != 0)
            fail_msg("%s: %s (%s)", cases[i].data, members, fault.message);
        if (members == NULL && strstr(fault.message, cases[i].named) == NULL)
            fail_msg("%s does not name %s", fault.message, cases[i].named);
        free(members);
    }
}

static void request_types_are_words_of_both(void **state)
{
    (void)state;
    for (enum request_type type = REQUEST_TYPE_NONE; type < REQUEST_TYPE_COUNT; type++) {
        const char *beta = request_type_name(type), *v1 = request_type_v1_name(type);
        bool known = type != REQUEST_TYPE_NONE && type != REQUEST_TYPE_USER_EXTEND;
        assert_int_equal(v1 != NULL, known);
        if (v1 != NULL && (v1[0] != (beta[0] | 0x20) || strcmp(v1 + 1, beta + 1) != 0))
            fail_msg("%s is %s", beta, v1);
    }
}

/* The densest bodies there are. */
static void a_translation_grows_within_its_bound(void **state)
{
    (void)state;
    static const char item[] = "{\"name\":\"\"},";
    for (size_t count = 1; count <= 4096; count *= 4) {
        char *data = malloc(64 + count * sizeof item);
        size_t used = (size_t)snprintf(data, 64, "{\"resource\":{\"attributes\":[");
        for (size_t i = 0; i < count; i++, used += strlen(item))
            memcpy(data + used, item, sizeof item);
        memcpy(data + used - 1, "]}}", 4);
        struct fault fault = {0};
        char *members = translate(KIND_RESOURCE, data, GRAPH_BETA, &fault);
        assert_non_null(members);
        assert_true(strlen(members) > strlen(data));
        free(members);
        free(data);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_member_of_every_kind_crosses_both_ways),
        cmocka_unit_test(bodies_cross_whole_or_not_at_all),
        cmocka_unit_test(request_types_are_words_of_both),
        cmocka_unit_test(a_translation_grows_within_its_bound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
