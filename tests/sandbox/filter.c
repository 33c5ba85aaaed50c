#include "tests/sandbox/query.h"

#include <stdlib.h>
#include <string.h>

enum found { ON_BOTH, ON_BETA, ON_V1 };

// What may be filtered by, and what must be expanded for it.
static const struct path {
    enum found found;
    enum set set;
    const char *name;
    enum field field;
    bool guid;
    const char *expand;
} PATHS[] = {
    {ON_BOTH, SET_ASSIGNMENT_REQUESTS, "id", FIELD_ID, true, NULL},
    {ON_BOTH, SET_ASSIGNMENT_REQUESTS, "accessPackage/id", FIELD_CONTAINER, true, "accessPackage"},
    {ON_BOTH, SET_ASSIGNMENT_REQUESTS, "requestor/objectId", FIELD_OBJECT, true, "requestor"},
    {ON_BETA, SET_ASSIGNMENT_REQUESTS, "requestState", FIELD_STATE, false, NULL},
    {ON_V1, SET_ASSIGNMENT_REQUESTS, "state", FIELD_STATE, false, NULL},
    {ON_BOTH, SET_ASSIGNMENT_REQUESTS, "createdDateTime", FIELD_CREATED, false, NULL},
    {ON_BOTH, SET_ASSIGNMENTS, "id", FIELD_ID, true, NULL},
    {ON_BOTH, SET_ASSIGNMENTS, "accessPackage/id", FIELD_CONTAINER, true, NULL},
    {ON_BETA, SET_ASSIGNMENTS, "accessPackageId", FIELD_CONTAINER, true, NULL},
    {ON_BOTH, SET_ASSIGNMENTS, "target/objectId", FIELD_OBJECT, true, NULL},
    {ON_BETA, SET_ASSIGNMENTS, "targetId", FIELD_OBJECT, true, NULL},
    {ON_BETA, SET_ASSIGNMENTS, "assignmentState", FIELD_STATE, false, NULL},
    {ON_V1, SET_ASSIGNMENTS, "state", FIELD_STATE, false, NULL},
    {ON_BETA, SET_RESOURCES, "id", FIELD_ID, true, NULL},
    {ON_BETA, SET_RESOURCES, "originId", FIELD_OBJECT, false, NULL},
    {ON_BETA, SET_RESOURCES, "originSystem", FIELD_DETAIL, false, NULL},
    {ON_BOTH, SET_RESOURCE_REQUESTS, "id", FIELD_ID, true, NULL},
    {ON_BETA, SET_RESOURCE_REQUESTS, "catalogId", FIELD_CONTAINER, true, NULL},
    {ON_BETA, SET_RESOURCE_REQUESTS, "requestState", FIELD_STATE, false, NULL},
    {ON_V1, SET_RESOURCE_REQUESTS, "state", FIELD_STATE, false, NULL},
};

static bool bad_filter(struct problem *ret_problem, const char *why)
{
    return problem_set(ret_problem, 400, "InvalidFilter", "Invalid filter clause: %s.", why);
}

// 'text' with doubled quotes, or a bare word up to a space, comma or parenthesis.
static bool read_literal(const char **cursor, char ret_value[MEMBER_SIZE])
{
    const char *at = *cursor;
    size_t used = 0;
    bool quoted = *at == '\'';
    at += quoted;
    for (; *at != '\0' && used < MEMBER_SIZE - 1; at++) {
        if (quoted ? *at == '\'' && at[1] != '\'' : strchr(" ,)", *at) != NULL) {
            break;
        }
        at += quoted && *at == '\'';
        ret_value[used++] = *at;
    }
    ret_value[used] = '\0';
    if (used == 0 || (quoted && *at != '\'')) {
        return false;
    }
    *cursor = at + quoted;
    return true;
}

static bool read_word(const char **cursor, const char *word)
{
    size_t size = strlen(word);
    bool found = strncmp(*cursor, word, size) == 0;
    *cursor += found ? size : 0;
    return found;
}

static const struct path *find_path(const struct item_view *view, const char *name)
{
    enum found other = view->version == VERSION_V1 ? ON_BETA : ON_V1;
    for (size_t i = 0; i < sizeof PATHS / sizeof PATHS[0]; i++) {
        if (PATHS[i].set == view->set && PATHS[i].found != other &&
            strcmp(PATHS[i].name, name) == 0) {
            return &PATHS[i];
        }
    }
    return NULL;
}

static bool read_compare(const char **cursor, enum compare *ret_compare)
{
    static const char *const words[] = {" eq ", " ge ", " gt ", " le ", " lt "};
    for (int i = 0; i < 5; i++) {
        if (read_word(cursor, words[i])) {
            *ret_compare = (enum compare)i;
            return true;
        }
    }
    return false;
}

// path op literal, or startswith(path,literal).
static bool read_term(const char **cursor, const struct item_view *view, struct term *ret_term,
                      struct problem *ret_problem)
{
    char name[MEMBER_SIZE];
    bool starts = read_word(cursor, "startswith(");
    if (!read_literal(cursor, name)) {
        return bad_filter(ret_problem, "a property is missing");
    }
    const struct path *path = find_path(view, name);
    if (path == NULL) {
        return bad_filter(ret_problem, "this property cannot be filtered by");
    }
    ret_term->field = path->field;
    ret_term->compare = COMPARE_STARTS;
    if (!(starts ? read_word(cursor, ",") : read_compare(cursor, &ret_term->compare))) {
        return bad_filter(ret_problem, "an operator is missing");
    }
    *cursor += strspn(*cursor, " ");
    bool quoted = **cursor == '\'';
    bool time = path->field == FIELD_CREATED;
    if (!read_literal(cursor, ret_term->value) || quoted == time ||
        (starts && !read_word(cursor, ")"))) {
        return bad_filter(ret_problem, "a value is missing or wrongly quoted");
    }
    if (time ? starts || !clock_parse(ret_term->value, &ret_term->time_ms)
             : !starts && ret_term->compare != COMPARE_EQ) {
        return bad_filter(ret_problem, "the operator or the value does not fit the property");
    }
    if (path->guid && !starts && !guid_valid(ret_term->value)) {
        return bad_filter(ret_problem, "the value is no GUID");
    }
    if (path->expand != NULL && !list_names(view->expand, path->expand)) {
        return bad_filter(ret_problem, "what is filtered by must be in $expand");
    }
    if (guid_valid(ret_term->value)) {
        guid_lower(ret_term->value, ret_term->value);
    }
    return true;
}

static bool read_filter(const char *filter, struct query *query, struct problem *ret_problem)
{
    while (filter != NULL) {
        if (query->count == TERMS_MAX) {
            return bad_filter(ret_problem, "it is too long");
        }
        if (!read_term(&filter, &query->view, &query->terms[query->count], ret_problem)) {
            return false;
        }
        query->count++;
        if (*filter == '\0') {
            return true;
        }
        if (!read_word(&filter, " and ")) {
            return bad_filter(ret_problem, "only `and` can join terms");
        }
    }
    return true;
}

static bool read_number(const char *text, size_t least, size_t most, size_t *ret_number)
{
    if (text != NULL) {
        char *end = NULL;
        *ret_number = strtoul(text, &end, 10);
        return *end == '\0' && text[0] >= '0' && text[0] <= '9' && *ret_number >= least &&
               *ret_number <= most;
    }
    return true;
}

bool query_read(const struct call *call, struct query *ret_query, struct problem *ret_problem)
{
    static const char *const known[] = {"$filter",  "$expand",    "$select", "$top",
                                        "$orderby", "$skiptoken", NULL};
    *ret_query = (struct query){.view = {.set = call->route->set,
                                         .version = route_version(call->route),
                                         .select = call_argument(call, "$select"),
                                         .expand = call_argument(call, "$expand")},
                                .top = PAGE_SIZE,
                                .view_ms = clock_ms() - call->fault.stale_reads_ms};
    const char *order = call_argument(call, "$orderby");
    ret_query->descending = order != NULL && strcmp(order, "createdDateTime desc") == 0;
    if (order != NULL && !ret_query->descending && strcmp(order, "createdDateTime") != 0 &&
        strcmp(order, "createdDateTime asc") != 0) {
        return problem_set(ret_problem, 400, "BadRequest", "$orderby knows createdDateTime only.");
    }
    if (!call_arguments_known(call, known) ||
        !read_number(call_argument(call, "$top"), 1, 999, &ret_query->top) ||
        !read_number(call_argument(call, "$skiptoken"), 0, STATE_ROWS_MAX, &ret_query->skip)) {
        return problem_set(ret_problem, 400, "BadRequest", "A query option is unknown or wrong.");
    }
    return read_filter(call_argument(call, "$filter"), ret_query, ret_problem);
}
