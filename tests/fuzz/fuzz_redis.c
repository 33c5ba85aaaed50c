/* What Redis sends: bytes of RESP through hiredis' own reader, and each reply read as an answer to
 * a claim, a mark, a record and a refusal. Input: the bytes of a connection. */
#include "tests/fuzz/checks.h"
#include "tests/fuzz/input.h"

#include "worker/core/fault_codes.h"
#include "worker/core/plan.h"
#include "worker/io/redis_answer.h"

#include <assert.h>
#include <stdlib.h>

enum { REPLIES_MAX = 16, REPLY_ELEMENTS_MAX = 64 /* redis_dial.c */ };

/* The words that the scripts say (worker/io/redis_scripts.c), and what each may lead to. */
static bool is_due(struct str word, enum outcome outcome)
{
    if (str_is(word, "new") || str_is(word, "taken"))
        return outcome == OUTCOME_OK || outcome == OUTCOME_EXPIRED ||
               outcome == OUTCOME_FORGOTTEN || outcome == OUTCOME_INVALID ||
               outcome == OUTCOME_UNKNOWN;
    if (str_is(word, "held"))
        return outcome == OUTCOME_HELD;
    if (str_is(word, "seen"))
        return outcome == OUTCOME_SEEN || outcome == OUTCOME_FAILED;
    if (str_is(word, "interrupted"))
        return outcome == OUTCOME_INTERRUPTED || outcome == OUTCOME_UNKNOWN;
    if (str_is(word, "conflict"))
        return outcome == OUTCOME_CONFLICT;
    if (str_is(word, "interlock"))
        return outcome == OUTCOME_PACED;
    return outcome == OUTCOME_FAILED;
}

static void start_request(struct request *ret)
{
    static struct partition partition;
    const struct record record = {.topic = "access-requests", .partition = 3, .offset = 42};
    request_init(ret, &record, &partition, 1772438400000);
    ret->event = (struct event){.worth = EVENT_GOOD,
                                .kind = KIND_ASSIGNMENT,
                                .request_type = REQUEST_TYPE_ADMIN_ADD,
                                .id = "e1",
                                .source = "/s",
                                .type = "microsoft.graph.accessPackageAssignmentRequest",
                                .expiry_ms = 1772438500000};
}

static void check_claim(const redisReply *reply, int64_t wall_ms)
{
    static const struct plan_limits limits = {10, 900000, 300000, 300000};
    struct plan plan;
    struct request rq;
    plan_init(&plan, &limits);
    start_request(&rq);
    struct claim_answer answer = redis_answer_claim(reply);
    enum outcome outcome = claim_read(&rq, &answer, 5000, wall_ms);
    assert(plan_allows(&plan, STAGE_CLAIM, outcome) && is_due(answer.word, outcome));
    bool ours = str_is(answer.word, "new") || str_is(answer.word, "taken") ||
                str_is(answer.word, "interrupted");
    bool loops = ours && answer.crashes >= CLAIM_CRASHES_MAX;
    assert(rq.claim.fence == (ours ? answer.fence : 0));
    assert(rq.claim.confirmed_ms == (ours ? 5000 : 0));
    assert(loops == (outcome == OUTCOME_INVALID || outcome == OUTCOME_UNKNOWN));
    /* What may have been sent is looked up, expired or not; and no loop of it "did not happen". */
    bool sent = str_is(answer.word, "interrupted") || answer.forgot;
    assert(!ours || (outcome == OUTCOME_OK || outcome == OUTCOME_EXPIRED ||
                     outcome == OUTCOME_INVALID) == !sent);
    assert(outcome != OUTCOME_OK || !request_is_expired(&rq, wall_ms));
    assert(outcome != OUTCOME_HELD ||
           (rq.pause_ms >= CLAIM_HELD_PAUSE_MIN_MS && rq.pause_ms <= CLAIM_HELD_PAUSE_MAX_MS));
    assert(memchr(rq.claim.client_request_id, '\0', GUID_SIZE) != NULL);
    if (loops || outcome == OUTCOME_FAILED || outcome == OUTCOME_CONFLICT) {
        assert(fault_code_find(rq.fault.code) != NULL && rq.fault.stage == STAGE_CLAIM);
        rq.answer = outcome == OUTCOME_CONFLICT ? ANSWER_REJECTED : ANSWER_UNKNOWN;
        check_fault(&rq.fault, true); /* it may quote Redis, control characters too */
        check_reply(&rq);
    }
    assert((outcome == OUTCOME_SEEN) == (rq.stored != NULL));
    if (outcome == OUTCOME_SEEN) {
        assert(rq.stored_answer != ANSWER_NONE);
        check_reply(&rq);
    }
    request_finish(&rq);
}

/* As the shells ask: the claim, the mark and the record, and what is said of anything else. */
static void check_reply_of_redis(const redisReply *reply)
{
    static const size_t texts[] = {REDIS_CLAIM_TEXTS, REDIS_MARK_TEXTS, REDIS_RECORD_TEXTS};
    struct error error = {0};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        enum redis_meaning meaning = redis_answer_meaning(reply, texts[i]);
        assert(meaning != REDIS_LOST);
        assert(meaning != REDIS_ANSWERED ||
               (reply->type == REDIS_REPLY_ARRAY && reply->elements == texts[i]));
        assert(meaning == REDIS_ANSWERED || meaning == REDIS_UNFIT_KEY ||
               reply->type == REDIS_REPLY_ERROR);
        for (size_t at = 0; meaning == REDIS_ANSWERED && at < texts[i]; at++) {
            struct str text = redis_answer_text(reply, at);
            assert(text.data != NULL && text.data[text.size] == '\0');
            (void)redis_answer_number(reply, at);
        }
    }
    if (redis_answer_meaning(reply, REDIS_CLAIM_TEXTS) == REDIS_ANSWERED) {
        check_claim(reply, 1772438400000);
        check_claim(reply, 1772438600000);
    }
    if (redis_answer_is_forbidden(reply))
        assert(redis_answer_meaning(reply, 1) != REDIS_ANSWERED);
    redis_answer_explain(reply, &error);
    assert(error.text[0] != '\0' && memchr(error.text, '\0', sizeof error.text) != NULL);
    assert(strncmp(error.text, "redis.", 6) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    redisReader *reader = redisReaderCreate();
    void *reply = NULL;
    assert(reader != NULL);
    reader->maxelements = REPLY_ELEMENTS_MAX;
    assert(redis_answer_meaning(NULL, 1) == REDIS_LOST);
    if (redisReaderFeed(reader, (const char *)data, size) == REDIS_OK) {
        for (int i = 0; i < REPLIES_MAX; i++) {
            if (redisReaderGetReply(reader, &reply) != REDIS_OK || reply == NULL)
                break;
            check_reply_of_redis(reply);
            freeReplyObject(reply);
        }
    }
    redisReaderFree(reader);
    return 0;
}
