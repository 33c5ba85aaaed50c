// The reads that a worker does to find out what became of a POST: lists with the part of OData that
// is documented for them, oldest row first, in pages; and single requests by id.

#include "tests/sandbox/query.h"

#include <stdlib.h>
#include <string.h>

static bool term_holds(const struct term *term, const struct item *item)
{
    const char *value = item->fields[term->field];
    switch (term->compare) {
    case COMPARE_STARTS:
        return value != NULL && strncmp(value, term->value, strlen(term->value)) == 0;
    case COMPARE_GE:
        return item->created_ms >= term->time_ms;
    case COMPARE_GT:
        return item->created_ms > term->time_ms;
    case COMPARE_LE:
        return item->created_ms <= term->time_ms;
    case COMPARE_LT:
        return item->created_ms < term->time_ms;
    case COMPARE_EQ:
        break;
    }
    return term->field == FIELD_CREATED ? item->created_ms == term->time_ms
                                        : value != NULL && strcmp(value, term->value) == 0;
}

static const char *term_value(const struct query *query, enum field field)
{
    for (int i = 0; i < query->count; i++) {
        if (query->terms[i].field == field && query->terms[i].compare == COMPARE_EQ) {
            return query->terms[i].value;
        }
    }
    return NULL;
}

// Fills in the item of one row; false where the query does not want it.
static bool read_row(const struct state *state, const struct query *query, const char *catalog,
                     int32_t row, struct item *ret_item)
{
    enum set set = query->view.set;
    bool requests = set == SET_ASSIGNMENT_REQUESTS || set == SET_RESOURCE_REQUESTS;
    bool resource = set == SET_RESOURCES || set == SET_RESOURCE_REQUESTS;
    enum kind kind = requests ? state->requests[row].kind : state->grants[row].kind;
    if (kind != (resource ? KIND_RESOURCE : KIND_ASSIGNMENT) ||
        !(requests ? item_of_request(state, &state->requests[row], query->view_ms, ret_item)
                   : item_of_grant(&state->grants[row], query->view_ms, ret_item)) ||
        (catalog != NULL && strcmp(ret_item->fields[FIELD_CONTAINER], catalog) != 0)) {
        return false;
    }
    for (int i = 0; i < query->count; i++) {
        if (!term_holds(&query->terms[i], ret_item)) {
            return false;
        }
    }
    return true;
}

struct rows {
    int32_t *numbers;
    size_t count;
};

// The rows that may match: a pair's own where the query names one, else all of them. Oldest first.
static struct rows candidate_rows(const struct state *state, const struct query *query,
                                  const char *catalog)
{
    enum set set = query->view.set;
    bool requests = set == SET_ASSIGNMENT_REQUESTS || set == SET_RESOURCE_REQUESTS;
    const char *container = catalog != NULL ? catalog : term_value(query, FIELD_CONTAINER);
    const char *object = term_value(query, FIELD_OBJECT);
    size_t all = (size_t)(requests ? state->request_count : state->grant_count);
    struct rows rows = {.numbers = memory_need(malloc((all + 1) * sizeof(int32_t)))};
    if (container == NULL || object == NULL) {
        for (; rows.count < all; rows.count++) {
            rows.numbers[rows.count] = (int32_t)rows.count;
        }
        return rows;
    }
    enum kind kind =
        set == SET_RESOURCES || set == SET_RESOURCE_REQUESTS ? KIND_RESOURCE : KIND_ASSIGNMENT;
    struct pair pair = state_pair(state, kind, container, object);
    size_t start = all; // filled from the end: the chain runs from new to old
    for (int32_t at = requests ? pair.request : pair.grant; at != INDEX_NONE;
         at = requests ? state->requests[at].older : state->grants[at].older) {
        rows.numbers[--start] = at;
    }
    rows.count = all - start;
    memmove(rows.numbers, rows.numbers + start, rows.count * sizeof(int32_t));
    return rows;
}

static void add_encoded(struct text *text, const char *value)
{
    for (; *value != '\0'; value++) {
        text_format(text, "%%%02X", (unsigned)(unsigned char)*value);
    }
}

static void write_next_link(const struct call *call, size_t skip, struct text *ret_text)
{
    static const char *const options[] = {"$filter", "$expand", "$select", "$top", "$orderby"};
    const char *host = call_header(call, "Host");
    text_format(ret_text, ",\"@odata.nextLink\":\"%s://%s%s?$skiptoken=%zu", call_scheme(call),
                host ? host : "localhost", call->path, skip);
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        const char *value = call_argument(call, options[i]);
        if (value != NULL) {
            text_format(ret_text, "&%s=", options[i]);
            add_encoded(ret_text, value);
        }
    }
    text_add(ret_text, "\"", 1);
}

static void write_list(const struct state *state, const struct query *query, const char *catalog,
                       struct call *call)
{
    struct rows rows = candidate_rows(state, query, catalog);
    struct text *text = &call->answer.body;
    size_t matched = 0;
    struct item item;
    text_add(text, "{\"value\":[", 10);
    for (size_t i = 0; i < rows.count && matched <= query->skip + query->top; i++) {
        int32_t row = rows.numbers[query->descending ? rows.count - 1 - i : i];
        if (!read_row(state, query, catalog, row, &item)) {
            continue;
        }
        if (matched >= query->skip && matched < query->skip + query->top) {
            text_add(text, ",", matched > query->skip ? 1 : 0);
            item_write(&item, &query->view, text);
        }
        matched++;
    }
    free(rows.numbers);
    text_add(text, "]", 1);
    if (matched > query->skip + query->top) {
        write_next_link(call, query->skip + query->top, text);
    }
    text_add(text, "}", 1);
    call->answer.status = 200;
    call->answer.type = "application/json; charset=utf-8";
}

void query_list(struct sandbox *sandbox, struct call *call)
{
    struct problem problem = {0};
    struct query query;
    bool catalog = call->route->set == SET_RESOURCES;
    char id[GUID_SIZE] = "";
    if (!graph_authorized(sandbox, call)) {
        return;
    }
    if (catalog && guid_valid(call->segment)) {
        guid_lower(call->segment, id);
    }
    bool known =
        !catalog || (id[0] != '\0' && (!sandbox->state.catalogs_closed ||
                                       index_find(&sandbox->state.catalogs, id) != INDEX_NONE));
    if (!known) {
        answer_error(call, 404, "ResourceNotFound", "The catalog was not found.");
    } else if (!query_read(call, &query, &problem)) {
        answer_problem(call, &problem);
    } else {
        write_list(&sandbox->state, &query, catalog ? id : NULL, call);
    }
}

void query_one(struct sandbox *sandbox, struct call *call)
{
    char id[GUID_SIZE];
    struct item item;
    if (!graph_authorized(sandbox, call)) {
        return;
    }
    if (!guid_valid(call->segment)) {
        answer_error(call, 400, "BadRequest", "The id is no GUID.");
        return;
    }
    guid_lower(call->segment, id);
    const struct request *request = state_request(&sandbox->state, call->route->kind, id);
    int64_t view_ms = clock_ms() - call->fault.stale_reads_ms;
    if (request == NULL || !item_of_request(&sandbox->state, request, view_ms, &item)) {
        answer_error(call, 404, "ResourceNotFound", "The request was not found.");
        return;
    }
    struct item_view view = {.set = call->route->set,
                             .version = route_version(call->route),
                             .with_context = true,
                             .select = call_argument(call, "$select"),
                             .expand = call_argument(call, "$expand")};
    text_finish(&call->answer.body);
    item_write(&item, &view, &call->answer.body);
    call->answer.status = 200;
    call->answer.type = "application/json; charset=utf-8";
}

// None has a name here. Whoever asks wants to know whether anybody answers.
void query_catalogs(struct sandbox *sandbox, struct call *call)
{
    if (!graph_authorized(sandbox, call)) {
        return;
    }
    cJSON *json = memory_need(cJSON_CreateObject());
    cJSON_AddArrayToObject(json, "value");
    answer_json(call, 200, json);
}
