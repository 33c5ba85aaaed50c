#include "worker/core/graph_error.h"

#include "worker/core/json_read.h"

#include <limits.h>
#include <stdlib.h>

cJSON *graph_body_parse(const struct http_answer *answer)
{
    struct json_fault ignored;
    if (answer->reach != HTTP_ANSWERED || answer->body.size == 0)
        return NULL;
    cJSON *tree = json_read(answer->body, &ignored);
    if (tree != NULL && !cJSON_IsObject(tree)) {
        cJSON_Delete(tree);
        tree = NULL;
    }
    return tree;
}

/* A code goes into headers and labels: no spaces, no surprises. */
static const char *usable_code(const cJSON *item)
{
    const char *code = cJSON_GetStringValue(item);
    if (code == NULL || code[0] == '\0' || strlen(code) >= FAULT_CODE_MAX)
        return NULL;
    for (const char *c = code; *c != '\0'; c++)
        if (*c <= ' ' || *c > '~')
            return NULL;
    return code;
}

/* Older services send {"lang":"en","value":"…"}. */
static const char *message_of(const cJSON *object)
{
    const cJSON *message = cJSON_GetObjectItemCaseSensitive(object, "message");
    if (cJSON_IsObject(message))
        message = cJSON_GetObjectItemCaseSensitive(message, "value");
    return cJSON_GetStringValue(message);
}

struct graph_error graph_error_read(const cJSON *tree)
{
    const cJSON *object = cJSON_GetObjectItemCaseSensitive(tree, "error");
    const char *message = message_of(object);
    const cJSON *details = cJSON_GetObjectItemCaseSensitive(object, "details");
    return (struct graph_error){
        .code = usable_code(cJSON_GetObjectItemCaseSensitive(object, "code")),
        .message = message != NULL ? message : "",
        .details = cJSON_IsArray(details) ? details : NULL,
    };
}

bool graph_error_says(const struct graph_error *error, const char *code)
{
    if (error->code == NULL)
        return false;
    if (strcmp(error->code, code) == 0)
        return true;
    const cJSON *item = NULL;
    cJSON_ArrayForEach(item, error->details)
    {
        const char *detail = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(item, "code"));
        if (detail != NULL && strcmp(detail, code) == 0)
            return true;
    }
    return false;
}

/* Words for what is no whole answer. */
static void set_reach_fault(struct fault *fault, enum stage stage, const struct http_answer *answer)
{
    const char *why = answer->error[0] != '\0' ? answer->error : "no reason is known";
    if (answer->reach == HTTP_NOT_SENT)
        fault_set(fault, stage, "graphUnreachable", "The call to Graph was not sent: %s.", why);
    else if (answer->reach == HTTP_REFUSED)
        fault_set(fault, stage, "claimStale",
                  "The call was not sent: its claim or its dry run had grown too old.");
    else
        fault_set(fault, stage, answer->timed_out ? "timeout" : "connectionLost",
                  "The call to Graph was sent, and no whole answer came back: %s.", why);
}

/* Words for a status without Graph's own error body. The first row that fits. */
static void set_status_fault(struct fault *fault, enum stage stage, int status)
{
    static const struct {
        int first, last;
        const char *code, *text;
    } rows[] = {
        {401, 401, "tokenRefused", "the access token was refused"},
        {408, 408, "timeout", "the server gave up waiting for our request"},
        {429, 429, "throttled", "Graph throttles"},
        {503, 503, "throttled", "Graph is busy"},
        {504, 504, "timeout", "a gateway gave up waiting for Graph"},
        {500, 599, "badGateway", "it has no error body of Graph's, so a gateway has answered"},
        {400, 499, "notGraph",
         "it has no error body of Graph's; is graph.base_url right, or does a proxy answer?"},
        {300, 399, "redirected", "no redirect is followed; is graph.base_url right?"},
        {200, 299, "unreadableAnswer", "the body cannot be read"},
        {INT_MIN, INT_MAX, "badGateway", "that is no status of HTTP's"},
    };
    size_t i = 0;
    while (status < rows[i].first || status > rows[i].last)
        i++;
    fault_set(fault, stage, rows[i].code, "The answer has status %d: %s.", status, rows[i].text);
}

char *graph_print(const cJSON *item, size_t most)
{
    char *text = item != NULL ? cJSON_PrintUnformatted(item) : NULL;
    if (text == NULL || strlen(text) <= most)
        return text;
    free(text);
    return NULL;
}

/* Not strndup(): the body ends without a NUL, which the sanitizer's strict string checks take for
 * an overflow. */
static char *copy_text(struct str from)
{
    char *copy = malloc(from.size + 1);
    if (copy == NULL)
        return NULL;
    memcpy(copy, from.data, from.size);
    copy[from.size] = '\0';
    return copy;
}

void graph_fault_set(struct fault *fault, enum stage stage, const struct http_answer *answer,
                     const struct graph_error *error)
{
    if (answer->reach != HTTP_ANSWERED) {
        set_reach_fault(fault, stage, answer);
    } else if (error->code == NULL) {
        set_status_fault(fault, stage, answer->status);
    } else {
        const char *message = error->message[0] != '\0' ? error->message : "Graph gave no message.";
        fault_set(fault, stage, error->code, "%s", message);
        size_t size = strlen(message);
        if (size >= FAULT_MESSAGE_MAX && size <= GRAPH_MESSAGE_MAX)
            fault->whole = copy_text((struct str){message, size});
        fault->details = graph_print(error->details, GRAPH_DETAILS_MAX);
    }
    fault->http_status = answer->status;
}

int64_t graph_pause_ms(const struct http_answer *answer)
{
    return answer->retry_after_ms >= 0 ? answer->retry_after_ms : PAUSE_THROTTLED_MS;
}

void graph_keep_ids(struct request *rq, const struct http_answer *answer)
{
    if (answer->request_id[0] != '\0')
        memcpy(rq->graph.request_id, answer->request_id, sizeof rq->graph.request_id);
    if (answer->request_id[0] != '\0' || answer->diagnostic[0] != '\0')
        memcpy(rq->graph.diagnostic, answer->diagnostic, sizeof rq->graph.diagnostic);
}

void graph_keep(struct request *rq, const struct http_answer *answer, bool object)
{
    free(rq->graph.object);
    bool kept = object && answer->body.size <= GRAPH_OBJECT_MAX;
    rq->graph.object = kept ? copy_text(answer->body) : NULL;
    graph_keep_ids(rq, answer);
}
