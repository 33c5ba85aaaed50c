#include "worker/core/plan.h"

#include <assert.h>
#include <string.h>

#define GO(stage)                                       \
    {                                                   \
        MOVE_GO, STAGE_##stage, ANSWER_NONE, DOUBT_NONE \
    }
#define GO_IN_DOUBT(stage, doubt)                          \
    {                                                      \
        MOVE_GO, STAGE_##stage, ANSWER_NONE, DOUBT_##doubt \
    }
#define WAIT(stage)                                       \
    {                                                     \
        MOVE_WAIT, STAGE_##stage, ANSWER_NONE, DOUBT_NONE \
    }
#define RETRY(stage)                                       \
    {                                                      \
        MOVE_RETRY, STAGE_##stage, ANSWER_NONE, DOUBT_NONE \
    }
#define AGE(stage)                                           \
    {                                                        \
        MOVE_AGE, STAGE_##stage, ANSWER_REJECTED, DOUBT_OPEN \
    }
#define SETTLE(stage)                                          \
    {                                                          \
        MOVE_SETTLE, STAGE_##stage, ANSWER_UNKNOWN, DOUBT_NONE \
    }
#define RETRACT(stage)                                          \
    {                                                           \
        MOVE_RETRACT, STAGE_##stage, ANSWER_UNKNOWN, DOUBT_NONE \
    }
#define ANSWER(answer, stage)                                   \
    {                                                           \
        MOVE_ANSWER, STAGE_##stage, ANSWER_##answer, DOUBT_NONE \
    }
#define DROP()                                         \
    {                                                  \
        MOVE_DROP, STAGE_DONE, ANSWER_NONE, DOUBT_NONE \
    }
#define STOP()                                         \
    {                                                  \
        MOVE_STOP, STAGE_DONE, ANSWER_NONE, DOUBT_NONE \
    }

static const struct rule worker_rules[STAGE_COUNT][OUTCOME_COUNT] =
    {
        [STAGE_ADMIT] =
            {
                [OUTCOME_OK] = GO(CLAIM),
                [OUTCOME_INVALID] = ANSWER(REJECTED, REPLY),
            },
        [STAGE_CLAIM] =
            {
                [OUTCOME_OK] = GO(DRY_RUN),
                [OUTCOME_SEEN] = GO(REPLY), /* claim_read() has put the stored answer in */
                [OUTCOME_HELD] = WAIT(CLAIM),
                [OUTCOME_PACED] = WAIT(CLAIM),
                [OUTCOME_INTERRUPTED] = GO_IN_DOUBT(LOOK, SENT),
                [OUTCOME_FORGOTTEN] = GO_IN_DOUBT(LOOK, FORGOTTEN),
                [OUTCOME_INVALID] = ANSWER(FAILED, RECORD), /* crashLoop, before the intent … */
                [OUTCOME_UNKNOWN] = {MOVE_ANSWER, STAGE_RECORD, ANSWER_UNKNOWN,
                                     DOUBT_SENT},             /* … or after it */
                [OUTCOME_CONFLICT] = ANSWER(REJECTED, REPLY), /* the record is the other body's */
                [OUTCOME_EXPIRED] = ANSWER(EXPIRED, RECORD),
                [OUTCOME_FAILED] = RETRY(CLAIM),
            },
        [STAGE_DRY_RUN] =
            {
                [OUTCOME_OK] = GO(MARK),
                [OUTCOME_VALIDATED] = ANSWER(VALIDATED, RECORD),
                [OUTCOME_EXISTS] = ANSWER(EXISTING, RECORD),
                [OUTCOME_OPEN] = GO_IN_DOUBT(LOOK, OPEN),
                [OUTCOME_EARLY] = AGE(DRY_RUN),
                [OUTCOME_INVALID] = ANSWER(REJECTED, RECORD),
                [OUTCOME_UNSAFE] = {MOVE_ANSWER, STAGE_RECORD, ANSWER_UNKNOWN, DOUBT_DRY_RUN},
                [OUTCOME_PACED] = WAIT(DRY_RUN),
                [OUTCOME_EXPIRED] = ANSWER(EXPIRED, RECORD),
                [OUTCOME_FAILED] = RETRY(DRY_RUN),
            },
        [STAGE_MARK] =
            {
                [OUTCOME_OK] = GO(SUBMIT),
                [OUTCOME_LOST] = RETRY(CLAIM),
                [OUTCOME_PACED] = WAIT(MARK),
                [OUTCOME_STALE] = RETRY(DRY_RUN), /* the dry run is older than 60 s */
                [OUTCOME_EXPIRED] = ANSWER(EXPIRED, RECORD),
                [OUTCOME_FAILED] = RETRY(MARK),
            },
        [STAGE_SUBMIT] =
            {
                [OUTCOME_OK] = ANSWER(SUBMITTED, RECORD),
                [OUTCOME_EXISTS] = ANSWER(EXISTING, RECORD),
                [OUTCOME_OPEN] = GO_IN_DOUBT(LOOK, OPEN),
                [OUTCOME_EARLY] = AGE(DRY_RUN),
                [OUTCOME_INVALID] = ANSWER(REJECTED, RECORD),
                [OUTCOME_PACED] = WAIT(MARK),  /* not sent, or not applied: 429 */
                [OUTCOME_STALE] = RETRY(MARK), /* the claim is older than 2 s: nothing was sent */
                [OUTCOME_UNKNOWN] = {MOVE_SETTLE, STAGE_LOOK, ANSWER_UNKNOWN, DOUBT_SENT},
            },
        [STAGE_LOOK] =
            {
                [OUTCOME_OK] = ANSWER(SUBMITTED, RECORD), /* our request is there */
                [OUTCOME_EXISTS] = ANSWER(EXISTING, RECORD),
                [OUTCOME_ABSENT] = SETTLE(DRY_RUN),
                [OUTCOME_UNDECIDED] = SETTLE(LOOK),
                [OUTCOME_PACED] = WAIT(LOOK),
                [OUTCOME_FAILED] = RETRY(LOOK),
            },
        [STAGE_RECORD] =
            {
                [OUTCOME_OK] = GO(REPLY),
                [OUTCOME_LOST] = RETRACT(CLAIM),
                [OUTCOME_PACED] = WAIT(RECORD),
                [OUTCOME_FAILED] = RETRY(RECORD),
            },
        [STAGE_REPLY] =
            {
                [OUTCOME_OK] = GO(DONE),
                [OUTCOME_LOST] = DROP(),
                [OUTCOME_FAILED] = STOP(), /* the broker refuses even the brief reply */
            },
};

/* The schedule on which Graph is asked again for what it may not show yet: 1/150, 1/60, 1/30, 1/15
 * … of the whole time (2, 5, 10, 20 s … of five minutes), no step longer than a fifth. The
 * fractions are the guarantees'. */
static int64_t schedule_pause_ms(int64_t whole_ms, unsigned steps)
{
    int64_t pause_ms = steps == 0 ? whole_ms / 150 : whole_ms / 60;
    for (unsigned i = 1; i < steps && pause_ms < whole_ms / 5; i++)
        pause_ms *= 2;
    if (pause_ms > whole_ms / 5)
        pause_ms = whole_ms / 5;
    return pause_ms > 0 ? pause_ms : 1; /* time must pass, however short the whole is */
}

enum {
    RETRY_FIRST_MS = 500,  /* a second try soon: most faults of a gateway are over at once */
    RETRY_MOST_MS = 60000, /* one minute: ten attempts then fit in retry_for's 15 minutes */
    PACED_MS = 1000,       /* where the shell does not say when */
};

static int64_t backoff_ms(unsigned retries)
{
    int64_t pause_ms = RETRY_FIRST_MS;
    for (unsigned i = 0; i < retries && pause_ms < RETRY_MOST_MS; i++)
        pause_ms *= 2;
    return pause_ms < RETRY_MOST_MS ? pause_ms : RETRY_MOST_MS;
}

/* In doubt (sent, forgotten) a reply may say submitted, existing or unknown, and nothing else
 * (guarantee I6).
 */
static enum answer honest(enum answer answer, enum doubt doubt)
{
    bool settled = answer == ANSWER_NONE || answer == ANSWER_SUBMITTED || answer == ANSWER_EXISTING;
    bool sent = doubt == DOUBT_SENT || doubt == DOUBT_FORGOTTEN;
    return sent && !settled ? ANSWER_UNKNOWN : answer;
}

static struct verdict answer(struct verdict verdict, enum answer answer, enum stage next)
{
    verdict.move = MOVE_ANSWER;
    verdict.answer = honest(answer, verdict.doubt);
    verdict.next = next;
    return verdict;
}

static struct verdict wait(struct verdict verdict, int64_t pause_ms, int64_t jitter_ms)
{
    verdict.move = MOVE_WAIT;
    verdict.pause_ms = pause_ms;
    verdict.jitter_ms = jitter_ms;
    return verdict;
}

/* The retries are used up. Without a claim nobody can say that nothing happened. An answer that
 * stands already is sent, recorded or not. */
static struct verdict give_up(const struct request *rq, struct verdict verdict)
{
    if (rq->stage == STAGE_CLAIM || rq->outcome == OUTCOME_LOST)
        return answer(verdict, ANSWER_UNKNOWN, STAGE_REPLY);
    if (rq->answer != ANSWER_NONE)
        return answer(verdict, ANSWER_NONE, STAGE_REPLY);
    return answer(verdict, ANSWER_FAILED, STAGE_RECORD);
}

static struct verdict retry(const struct plan_limits *limits, const struct request *rq,
                            struct verdict verdict, int64_t now_ms)
{
    unsigned retries = rq->retries[rq->stage];
    bool late = rq->retry_since_ms != 0 && now_ms - rq->retry_since_ms >= limits->retry_for_ms;
    if (retries + 1 >= limits->retry_attempts || late)
        return give_up(rq, verdict);
    verdict.own_retry = true;
    return wait(verdict, rq->pause_ms, backoff_ms(retries));
}

/* Who has the claim now may have sent the real request since. */
static struct verdict retract(const struct plan_limits *limits, const struct request *rq,
                              struct verdict verdict, int64_t now_ms)
{
    bool is_true = rq->answer == ANSWER_SUBMITTED || rq->answer == ANSWER_EXISTING ||
                   rq->answer == ANSWER_UNKNOWN;
    if (is_true) {
        verdict.move = MOVE_GO;
        verdict.next = STAGE_REPLY;
        return verdict;
    }
    verdict = retry(limits, rq, verdict, now_ms);
    verdict.retracts = verdict.move == MOVE_WAIT;
    return verdict;
}

static int64_t doubt_age_ms(const struct request *rq, const struct verdict *verdict, int64_t now_ms)
{
    return verdict->doubt_begins ? 0 : now_ms - rq->doubt_since_ms;
}

/* Graph's copy of the directory lags, or something is in the way: ask again on the schedule of
 * graph.eventual. */
static struct verdict age(const struct plan_limits *limits, const struct request *rq,
                          struct verdict verdict, int64_t now_ms)
{
    if (doubt_age_ms(rq, &verdict, now_ms) >= limits->eventual_ms)
        return answer(verdict, ANSWER_REJECTED, STAGE_RECORD);
    verdict.age_step = true;
    return wait(verdict,
                schedule_pause_ms(limits->eventual_ms, verdict.doubt_begins ? 0 : rq->ages), 0);
}

/* A real request may have happened and is not found: look until graph.settle has passed. Only then
 * may "absent" be believed, and only once; what is undecided stays so. Where Redis had forgotten
 * whether anything happened, nothing did, and the event is as new. */
static struct verdict settle(const struct plan_limits *limits, const struct request *rq,
                             struct verdict verdict, int64_t now_ms)
{
    if (verdict.doubt != DOUBT_SENT && verdict.doubt != DOUBT_FORGOTTEN) {
        verdict.next = STAGE_DRY_RUN; /* what was in the way may be gone */
        return age(limits, rq, verdict, now_ms);
    }
    int64_t left_ms = limits->settle_ms - doubt_age_ms(rq, &verdict, now_ms);
    if (left_ms > 0) {
        int64_t pause_ms =
            schedule_pause_ms(limits->settle_ms, verdict.doubt_begins ? 0 : rq->ages);
        verdict.next = STAGE_LOOK;
        verdict.age_step = true;
        return wait(verdict, pause_ms < left_ms ? pause_ms : left_ms, 0);
    }
    if (rq->outcome != OUTCOME_ABSENT || rq->absences > 0)
        return answer(verdict, ANSWER_UNKNOWN, STAGE_RECORD);
    verdict.move = MOVE_GO;
    verdict.absence = verdict.doubt == DOUBT_SENT;
    if (verdict.doubt == DOUBT_FORGOTTEN)
        verdict.doubt = DOUBT_NONE;
    return verdict;
}

/* What the cell says of doubt, on top of what there is. A real request of unknown fate starts its
 * doubt anew. */
static struct verdict begin(const struct rule *rule, const struct request *rq)
{
    struct verdict verdict = {.move = rule->move, .next = rule->next, .doubt = rq->doubt};
    if (rule->doubt > rq->doubt)
        verdict.doubt = rule->doubt;
    verdict.doubt_begins =
        verdict.doubt != rq->doubt || (rq->stage == STAGE_SUBMIT && rq->outcome == OUTCOME_UNKNOWN);
    return verdict;
}

struct verdict plan_next(const struct plan *plan, const struct request *rq, int64_t now_ms)
{
    const struct rule *rule = &plan->rules[rq->stage][rq->outcome];
    const struct plan_limits *limits = rq->whose.limits != NULL ? rq->whose.limits : &plan->limits;
    struct verdict verdict = begin(rule, rq);
    switch (rule->move) {
    case MOVE_GO:
        if (rq->outcome == OUTCOME_SEEN)
            verdict.answer = rq->stored_answer;
        return verdict;
    case MOVE_WAIT: {
        int64_t pause_ms = rq->pause_ms != 0 ? rq->pause_ms : PACED_MS;
        verdict.holds = true;
        return wait(verdict, pause_ms, pause_ms / 10);
    }
    case MOVE_RETRY:
        return retry(limits, rq, verdict, now_ms);
    case MOVE_AGE:
        return age(limits, rq, verdict, now_ms);
    case MOVE_SETTLE:
        return settle(limits, rq, verdict, now_ms);
    case MOVE_RETRACT:
        return retract(limits, rq, verdict, now_ms);
    case MOVE_ANSWER:
        return answer(verdict, rule->answer, rule->next);
    case MOVE_DROP:
    case MOVE_STOP:
        return verdict;
    case MOVE_NEVER:
        break;
    }
    assert(!"the stage may not say this: an empty cell of the plan");
    __builtin_unreachable();
}

static const char *const moves[] = {
    [MOVE_NEVER] = "never",     [MOVE_GO] = "go",     [MOVE_WAIT] = "wait",
    [MOVE_RETRY] = "retry",     [MOVE_AGE] = "age",   [MOVE_SETTLE] = "settle",
    [MOVE_ANSWER] = "answer",   [MOVE_DROP] = "drop", [MOVE_STOP] = "stop",
    [MOVE_RETRACT] = "retract",
};

const char *move_name(enum move move)
{
    return moves[move];
}

void plan_init(struct plan *plan, const struct plan_limits *limits)
{
    assert(limits->retry_attempts > 0);
    memcpy(plan->rules, worker_rules, sizeof plan->rules);
    plan->limits = *limits;
}

void plan_note(struct request *rq, const struct verdict *verdict, int64_t now_ms)
{
    if (verdict->own_retry) {
        rq->retries[rq->stage]++;
        if (rq->retry_since_ms == 0)
            rq->retry_since_ms = now_ms;
    }
    rq->doubt = verdict->doubt;
    if (verdict->doubt_begins) {
        rq->doubt_since_ms = now_ms;
        rq->ages = 0;
    }
    if (verdict->holds)
        rq->held_since_ms = now_ms;
    rq->ages += verdict->age_step;
    rq->absences += verdict->absence;
    if (verdict->answer != ANSWER_NONE)
        rq->answer = verdict->answer;
    if (verdict->retracts) {
        rq->answer = ANSWER_NONE;
        rq->finished_wall_ms = 0;
    }
    rq->pause_ms = 0;
}

void plan_resume(struct request *rq, int64_t now_ms)
{
    if (rq->held_since_ms == 0)
        return;
    int64_t held_ms = now_ms - rq->held_since_ms;
    rq->held_since_ms = 0;
    if (rq->retry_since_ms != 0)
        rq->retry_since_ms += held_ms;
    if (rq->doubt != DOUBT_NONE)
        rq->doubt_since_ms += held_ms;
}
