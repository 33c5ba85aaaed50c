/* The stored answer of a finished event, as Redis gives it back: read, and put into the reply and
 * the dead letter of a duplicate. Input: the members, without braces. */
#include "tests/fuzz/checks.h"
#include "tests/fuzz/input.h"

#include "worker/core/json_read.h"
#include "worker/core/reply_members.h"
#include "worker/core/utf8.h"

#include <assert.h>
#include <stdlib.h>

/* The members as they stand in the reply's data are those that were stored. */
static void check_members(const struct request *rq, const char *stored)
{
    struct message reply;
    struct reply_warning warning;
    size_t size = strlen(stored) + 2;
    char *text = malloc(size);
    assert(text != NULL && reply_make(rq, &check_settings, false, &reply, &warning));
    text[0] = '{';
    memcpy(text + 1, stored, size - 2);
    text[size - 1] = '}';
    cJSON *expected = check_json((struct str){text, size});
    cJSON *data = check_json(reply.value); /* binary mode: the value is data */
    for (const cJSON *item = expected->child; item != NULL; item = item->next) {
        const cJSON *found = cJSON_GetObjectItemCaseSensitive(data, item->string);
        assert(found != NULL && cJSON_Compare(found, item, true));
    }
    assert(strcmp(check_text(data, "outcome"), answer_name(rq->stored_answer)) == 0);
    cJSON_Delete(data);
    cJSON_Delete(expected);
    message_finish(&reply);
    free(text);
}

static void check_facts(const struct request *rq)
{
    struct reply_facts facts;
    assert(reply_facts_read(rq, &facts) && facts.answer == rq->stored_answer);
    assert(facts.fault.details == NULL && strlen(facts.finished) == RFC3339_SIZE - 1);
    assert(utf8_is_valid(str_of(facts.fault.code), NULL));
    assert(utf8_is_valid(str_of(facts.fault.message), NULL));
    assert(facts.fault.code[0] == '\0' || facts.fault.stage < STAGE_COUNT);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct partition partition;
    const struct record record = {.topic = "access-requests",
                                  .partition = 3,
                                  .offset = 42,
                                  .value = str_of("{}")};
    enum answer answer = ANSWER_NONE;
    char *stored = malloc(size + 1);
    assert(stored != NULL);
    if (size > 0)
        memcpy(stored, data, size);
    stored[size] = '\0';
    if (!reply_stored_read(stored, &answer)) {
        assert(answer == ANSWER_NONE);
        free(stored);
        return 0;
    }
    struct request rq;
    assert(answer > ANSWER_NONE && answer < ANSWER_COUNT);
    request_init(&rq, &record, &partition, 1772438400000);
    rq.event = (struct event){.worth = EVENT_GOOD,
                              .mode = EVENT_BINARY,
                              .id = "e1",
                              .source = "/s",
                              .type = "microsoft.graph.accessPackageAssignmentRequest"};
    rq.stored = stored;
    rq.stored_answer = answer;
    rq.duplicate = true;
    check_members(&rq, stored);
    check_facts(&rq);
    assert(!dead_letter_is_due(&rq));
    rq.duplicate = false;
    assert(dead_letter_is_due(&rq) == (answer == ANSWER_FAILED || answer == ANSWER_UNKNOWN));
    check_reply(&rq);
    request_finish(&rq);
    return 0;
}
