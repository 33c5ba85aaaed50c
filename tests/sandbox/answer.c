#include "tests/sandbox/call.h"

#include <string.h>

void answer_print(struct call *call, int status, const cJSON *json)
{
    char *text = memory_need(cJSON_PrintUnformatted(json));
    call->answer.status = status;
    call->answer.type = "application/json; charset=utf-8";
    text_finish(&call->answer.body);
    size_t size = strlen(text);
    call->answer.body = (struct text){.bytes = text, .size = size, .room = size + 1};
}

void answer_json(struct call *call, int status, cJSON *json)
{
    answer_print(call, status, json);
    cJSON_Delete(json);
}

void answer_problem(struct call *call, const struct problem *problem)
{
    char date[TIME_SIZE];
    clock_text(clock_ms(), date);
    date[19] = '\0'; // Graph writes it without fraction and zone
    cJSON *json = memory_need(cJSON_CreateObject());
    cJSON *error = cJSON_AddObjectToObject(json, "error");
    cJSON_AddStringToObject(error, "code", problem->code);
    cJSON_AddStringToObject(error, "message", problem->message);
    if (problem->detail_code != NULL) {
        cJSON *detail = memory_need(cJSON_CreateObject());
        cJSON_AddStringToObject(detail, "code", problem->detail_code);
        cJSON_AddStringToObject(detail, "message", problem->message);
        cJSON_AddItemToArray(cJSON_AddArrayToObject(error, "details"), detail);
    }
    cJSON *inner = cJSON_AddObjectToObject(error, "innerError");
    cJSON_AddStringToObject(inner, "date", date);
    cJSON_AddStringToObject(inner, "request-id", call->request_id);
    cJSON_AddStringToObject(inner, "client-request-id",
                            call->client_request_id[0] ? call->client_request_id
                                                       : call->request_id);
    answer_json(call, problem->status, json);
    call->answer.error = problem->code;
}

void answer_error(struct call *call, int status, const char *code, const char *message)
{
    struct problem problem = {.status = status, .code = code};
    copy_text(problem.message, sizeof problem.message, message);
    answer_problem(call, &problem);
}

void answer_fault(struct call *call)
{
    const struct fault *fault = &call->fault;
    text_finish(&call->answer.body);
    call->answer.status = (int)fault->status;
    call->answer.type = "text/html";
    call->answer.error = fault->code;
    if (strcmp(fault->body, "graph") == 0) {
        answer_error(call, (int)fault->status, fault->code, "The sandbox was told to say this.");
    } else if (strcmp(fault->body, "html") == 0) {
        text_format(&call->answer.body, "<html><body><h1>%d</h1></body></html>",
                    (int)fault->status);
    }
    copy_text(call->answer.retry_after, sizeof call->answer.retry_after, fault->retry_after);
    call->answer.scope = fault->scope;
}
