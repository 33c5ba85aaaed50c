#include "worker/core/follow_look.h"

#include "worker/core/graph_error.h"
#include "worker/core/json_read.h"
#include "worker/core/rfc3339.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

/* The id is plain: followed_read() and followed_make() have seen to that. */
void follow_look_path(const struct followed *followed, const char *requests,
                      char ret[FOLLOW_PATH_MAX])
{
    assert(followed->graph_id[0] != '\0');
    if (followed->kind == KIND_ASSIGNMENT)
        snprintf(ret, FOLLOW_PATH_MAX, "%s/%s", requests, followed->graph_id);
    else
        snprintf(ret, FOLLOW_PATH_MAX, "%s?$filter=startswith(id,%%27%s%%27)", requests,
                 followed->graph_id);
}

void follow_reprocess_path(const struct followed *followed, const char *requests,
                           char ret[FOLLOW_PATH_MAX])
{
    assert(followed->kind == KIND_ASSIGNMENT && followed->graph_id[0] != '\0');
    snprintf(ret, FOLLOW_PATH_MAX, "%s/%s/reprocess", requests, followed->graph_id);
}

static const char *text_of(const cJSON *object, const char *name, const char *other_name)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));
    return text != NULL || other_name == NULL ? text : text_of(object, other_name, NULL);
}

/* The object itself, or the one of a list; NULL: it is not there. */
static const cJSON *find(const struct followed *followed, const cJSON *tree)
{
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(tree, "value");
    const cJSON *item = cJSON_IsArray(list) ? list->child : tree;
    for (; item != NULL; item = cJSON_IsArray(list) ? item->next : NULL) {
        const char *id = text_of(item, "id", NULL);
        if (id != NULL && strcasecmp(id, followed->graph_id) == 0)
            return item;
    }
    return NULL;
}

static void read_item(const cJSON *item, struct follow_look *ret)
{
    const char *state = text_of(item, "requestState", "state");
    const char *completed = text_of(item, "completedDate", "completedDateTime");
    if (item == NULL || state == NULL) {
        fault_set(&ret->fault, STAGE_LOOK, item == NULL ? "notFound" : "unreadableAnswer",
                  item == NULL ? "Graph's answer does not have the request."
                               : "Graph's answer does not say the request's state.");
        ret->outcome = OUTCOME_FAILED;
        return;
    }
    ret->outcome = OUTCOME_OK;
    ret->state = follow_state_of(state);
    if (completed != NULL)
        (void)rfc3339_parse(str_of(completed), &ret->completed_ms);
    ret->object = graph_print(item, GRAPH_OBJECT_MAX);
}

static void put_off(struct follow_look *ret, int64_t pause_ms)
{
    ret->outcome = OUTCOME_PACED;
    ret->pause_ms = pause_ms;
}

/* 404 is none of these: right after its POST a request may not be seen yet (facts: graph 2.1). */
static void read_trouble(const struct http_answer *answer, const cJSON *tree,
                         struct follow_look *ret)
{
    struct graph_error error = graph_error_read(tree);
    if (!graph_was_called(answer)) {
        put_off(ret, PAUSE_NOT_SENT_MS);
    } else if (answer->reach == HTTP_ANSWERED && (answer->status == 429 || answer->status == 503)) {
        put_off(ret, graph_pause_ms(answer));
    } else if (answer->reach == HTTP_ANSWERED && answer->status == 401) {
        put_off(ret, PAUSE_REFUSED_TOKEN_MS);
    } else {
        ret->outcome = OUTCOME_FAILED;
        graph_fault_set(&ret->fault, STAGE_LOOK, answer, &error);
    }
}

void follow_look_read(const struct followed *followed, const struct http_answer *answer,
                      struct follow_look *ret)
{
    cJSON *tree = graph_body_parse(answer);
    bool answered = answer->reach == HTTP_ANSWERED && answer->status >= 200 && answer->status < 300;
    *ret = (struct follow_look){.state = FOLLOW_UNSEEN};
    if (answered && tree != NULL)
        read_item(find(followed, tree), ret);
    else
        read_trouble(answer, tree, ret);
    cJSON_Delete(tree);
}

void follow_look_finish(struct follow_look *look)
{
    free(look->object);
    fault_clear(&look->fault);
    *look = (struct follow_look){0};
}

/* Graph accepted it, and its answer could not be read. */
static struct follow_step give_up(struct followed *followed, int64_t now_ms)
{
    followed->word = FOLLOW_WORD_STILL_PENDING;
    followed->seen_ms = now_ms;
    followed->code = "noGraphId";
    followed->message = "Graph accepted the request and did not name it, so it cannot be followed; "
                        "look for it in Graph by its package and target.";
    return (struct follow_step){.act = FOLLOW_TELL, .word = followed->word};
}

struct follow_step follow_look_heed(const struct follow_rules *rules, struct followed *followed,
                                    const struct follow_look *look, int64_t now_ms)
{
    if (look == NULL)
        return give_up(followed, now_ms);
    assert(look->outcome != OUTCOME_PACED);
    struct follow_step step =
        follow_next(rules, &followed->memory, look->state, look->completed_ms, now_ms);
    if (step.act != FOLLOW_TELL)
        return step;
    followed->word = step.word;
    followed->seen_ms = now_ms;
    followed->object = look->object;
    if (look->fault.code[0] != '\0') {
        followed->code = look->fault.code;
        followed->message = look->fault.message;
        followed->http_status = look->fault.http_status;
    }
    return step;
}

bool follow_reprocess_is_undone(const struct http_answer *answer)
{
    return !graph_was_called(answer) ||
           (answer->reach == HTTP_ANSWERED && (answer->status == 429 || answer->status == 401));
}
