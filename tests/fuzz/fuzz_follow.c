/* What is followed: an entry as Redis gives it back, and Graph's answer to a look. Input: a line
 * with the status of the answer, one with the answer's body, and the entry. */
#include "tests/fuzz/checks.h"
#include "tests/fuzz/input.h"

#include "worker/core/claim.h"
#include "worker/core/follow_look.h"
#include "worker/core/json_read.h"
#include "worker/core/status.h"

#include <assert.h>
#include <stdlib.h>

#define REQUESTS "/identityGovernance/entitlementManagement/assignmentRequests"

static const int64_t now_ms = INT64_C(1772438400000); /* 2026-03-02T08:00:00Z */

/* What may stand in a request line. */
static void check_path(const char *path)
{
    static const char prefix[] = "/identityGovernance/entitlementManagement/";
    assert(strlen(path) < FOLLOW_PATH_MAX - 1 && strncmp(path, prefix, sizeof prefix - 1) == 0);
    for (; *path != '\0'; path++)
        assert(*path > ' ' && *path <= '~' && *path != '#');
}

static void check_paths(const struct followed *followed)
{
    char path[FOLLOW_PATH_MAX];
    if (followed->graph_id[0] == '\0')
        return;
    follow_look_path(followed, REQUESTS, path);
    check_path(path);
    if (followed->kind != KIND_ASSIGNMENT)
        return;
    follow_reprocess_path(followed, REQUESTS, path);
    check_path(path);
}

/* The status is an event with the record's id. */
static void check_status(const struct followed *followed)
{
    struct message message;
    char origin[ORIGIN_SIZE];
    bool made = status_make(followed, "usher", "access-statuses", &message);
    assert(made);
    cJSON *tree = check_json(message.value);
    const char *id = check_text(tree, "id");
    claim_origin(&followed->record, origin);
    assert(strncmp(id, origin, strlen(origin)) == 0);
    assert(strcmp(id + strlen(origin), "/reply/status") == 0);
    const cJSON *data = cJSON_GetObjectItemCaseSensitive(tree, "data");
    assert(strcmp(check_text(data, "status"), follow_word_name(followed->word)) == 0);
    cJSON_Delete(tree);
    message_finish(&message);
}

/* Written and read again it is the same, and so is its status. */
static void check_again(const struct followed *followed)
{
    struct followed again;
    struct message first, second;
    char *text = followed_write(followed);
    assert(text != NULL && followed_read(str_of(text), &again));
    const struct follow_memory *a = &again.memory, *b = &followed->memory;
    assert(a->since_ms == b->since_ms && a->state == b->state && a->failed_ms == b->failed_ms);
    assert(a->reprocess_ms == b->reprocess_ms && a->can_reprocess == b->can_reprocess);
    assert(again.word == followed->word);
    if (followed->word != FOLLOW_NO_WORD) {
        assert(status_make(followed, "g", "t", &first) && status_make(&again, "g", "t", &second));
        assert(str_equal(first.value, second.value) && str_equal(first.key, second.key));
        message_finish(&first);
        message_finish(&second);
    }
    followed_finish(&again);
    free(text);
}

static void check_look(struct followed *followed, const struct http_answer *answer)
{
    static const struct follow_rules rules = {.for_ms = 1000, .settle_ms = 1000, .reprocess = true};
    struct follow_look look;
    follow_look_read(followed, answer, &look);
    assert((look.outcome == OUTCOME_OK) == (look.state != FOLLOW_UNSEEN));
    assert((look.outcome == OUTCOME_FAILED) == (look.fault.code[0] != '\0'));
    if (look.outcome != OUTCOME_PACED) {
        struct follow_step step = follow_look_heed(&rules, followed, &look, now_ms);
        assert((step.act == FOLLOW_TELL) == (followed->word != FOLLOW_NO_WORD));
        assert(step.act != FOLLOW_REPROCESS || followed->memory.reprocess_ms != 0);
        check_again(followed);
        if (step.act == FOLLOW_TELL)
            check_status(followed);
    }
    follow_look_finish(&look);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input;
    struct followed followed;
    input_init(&input, data, size);
    struct http_answer answer = {.reach = HTTP_ANSWERED, .error = "", .retry_after_ms = -1};
    answer.status = (int)(strtoul(input_text(&input), NULL, 10) % 1000);
    answer.body = input_line(&input);
    struct str entry = input_rest(&input);
    if (followed_read(entry, &followed)) {
        check_paths(&followed);
        check_again(&followed);
        if (followed.word != FOLLOW_NO_WORD)
            check_status(&followed);
        else if (followed.graph_id[0] != '\0')
            check_look(&followed, &answer);
    }
    followed_finish(&followed);
    input_finish(&input);
    return 0;
}
