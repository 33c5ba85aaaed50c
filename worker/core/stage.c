#include "worker/core/stage.h"

#include <assert.h>
#include <string.h>

static const char *const stages[STAGE_COUNT] = {
    [STAGE_ADMIT] = "admit",   [STAGE_CLAIM] = "claim",   [STAGE_DRY_RUN] = "dry_run",
    [STAGE_MARK] = "mark",     [STAGE_SUBMIT] = "submit", [STAGE_LOOK] = "look",
    [STAGE_RECORD] = "record", [STAGE_REPLY] = "reply",   [STAGE_DONE] = "done",
};

static const char *const outcomes[OUTCOME_COUNT] = {
    [OUTCOME_OK] = "ok",
    [OUTCOME_INVALID] = "invalid",
    [OUTCOME_EXPIRED] = "expired",
    [OUTCOME_SEEN] = "seen",
    [OUTCOME_HELD] = "held",
    [OUTCOME_INTERRUPTED] = "interrupted",
    [OUTCOME_FORGOTTEN] = "forgotten",
    [OUTCOME_CONFLICT] = "conflict",
    [OUTCOME_VALIDATED] = "validated",
    [OUTCOME_EXISTS] = "exists",
    [OUTCOME_OPEN] = "open",
    [OUTCOME_EARLY] = "early",
    [OUTCOME_UNSAFE] = "unsafe",
    [OUTCOME_PACED] = "paced",
    [OUTCOME_STALE] = "stale",
    [OUTCOME_LOST] = "lost",
    [OUTCOME_FAILED] = "failed",
    [OUTCOME_UNKNOWN] = "unknown",
    [OUTCOME_ABSENT] = "absent",
    [OUTCOME_UNDECIDED] = "undecided",
};

static const char *const answers[ANSWER_COUNT] = {
    [ANSWER_NONE] = "none",         [ANSWER_SUBMITTED] = "submitted",
    [ANSWER_EXISTING] = "existing", [ANSWER_VALIDATED] = "validated",
    [ANSWER_REJECTED] = "rejected", [ANSWER_EXPIRED] = "expired",
    [ANSWER_FAILED] = "failed",     [ANSWER_UNKNOWN] = "unknown",
};

static const char *const doubts[DOUBT_COUNT] = {
    [DOUBT_NONE] = "none", [DOUBT_OPEN] = "open",       [DOUBT_FORGOTTEN] = "forgotten",
    [DOUBT_SENT] = "sent", [DOUBT_DRY_RUN] = "dry_run",
};

const char *stage_name(enum stage stage)
{
    assert(stage < STAGE_COUNT);
    return stages[stage];
}

const char *outcome_name(enum outcome outcome)
{
    assert(outcome < OUTCOME_COUNT);
    return outcomes[outcome];
}

const char *answer_name(enum answer answer)
{
    assert(answer < ANSWER_COUNT);
    return answers[answer];
}

enum answer answer_from_name(const char *name)
{
    for (enum answer answer = ANSWER_SUBMITTED; answer < ANSWER_COUNT; answer++) {
        if (strcmp(answers[answer], name) == 0)
            return answer;
    }
    return ANSWER_NONE;
}

const char *doubt_name(enum doubt doubt)
{
    assert(doubt < DOUBT_COUNT);
    return doubts[doubt];
}
