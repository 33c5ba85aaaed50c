#pragma once

/* The words of the worker: where a request is, what came of it, and what is answered. The plan
 * (plan.h) joins them. Their names in logs, metrics and replies are stage_name(), outcome_name()
 * and answer_name(). */

/* A request is always at one stage. worker/stages.c says which call carries each one out. */
enum stage {
    STAGE_ADMIT,   /* is it an event we may work on? pure, no I/O */
    STAGE_CLAIM,   /* Redis: new, mine, another's, finished, or broken off while submitting? */
    STAGE_DRY_RUN, /* Graph, isValidationOnly: true */
    STAGE_MARK,    /* Redis: from here on the real request may happen */
    STAGE_SUBMIT,  /* Graph, for real */
    STAGE_LOOK,    /* Graph, GET: did it happen, or what is in the way? */
    STAGE_RECORD,  /* Redis: the answer, kept for redis.keep */
    STAGE_REPLY,   /* Kafka: reply and offset in one transaction */
    STAGE_DONE,    /* answered: the offset is committed, the request goes back to the pool */
    STAGE_COUNT,
};

/* What a stage may report, once for each start. Which stage may say which: the plan's cells. */
enum outcome {
    OUTCOME_OK,
    OUTCOME_INVALID,     /* refused for good, by us or by Graph */
    OUTCOME_EXPIRED,     /* expirytime passed */
    OUTCOME_SEEN,        /* claim: finished before, the stored answer is at hand */
    OUTCOME_HELD,        /* claim: another holds it; ask again */
    OUTCOME_INTERRUPTED, /* claim: broken off after the intent; the real request may have happened
                          */
    OUTCOME_FORGOTTEN,   /* claim: new to Redis, which has lost data since an earlier owner may have
                            worked on it, or keeps no more of what is replayed */
    OUTCOME_CONFLICT,    /* claim: same source and id, other body */
    OUTCOME_VALIDATED,   /* dry_run: passed, and the event asked for no more */
    OUTCOME_EXISTS,      /* it stands already, or is already gone */
    OUTCOME_OPEN,        /* something is in the way: an open request, or the resource is onboarded
                            somewhere */
    OUTCOME_EARLY,  /* Graph's transient 400 or 404: its copy of the directory lags; worth asking
                       again */
    OUTCOME_UNSAFE, /* dry_run: the answer does not say that it was one: the interlock */
    OUTCOME_PACED,  /* may not be done now (rate, Retry-After, Redis or Graph away): no fault of the
                       event */
    OUTCOME_STALE,  /* what it builds on is too old: the claim or the dry run */
    OUTCOME_LOST,   /* the claim, or the partition, is no longer ours */
    OUTCOME_FAILED, /* did not happen */
    OUTCOME_UNKNOWN,   /* may have happened */
    OUTCOME_ABSENT,    /* look: nothing of it is there */
    OUTCOME_UNDECIDED, /* look: something is there that may or may not be ours */
    OUTCOME_COUNT,
};

/* The `outcome` of a reply. */
enum answer {
    ANSWER_NONE,
    ANSWER_SUBMITTED,
    ANSWER_EXISTING,
    ANSWER_VALIDATED,
    ANSWER_REJECTED,
    ANSWER_EXPIRED,
    ANSWER_FAILED,
    ANSWER_UNKNOWN,
    ANSWER_COUNT,
};

/* Why a request is looked up, and what an answer may therefore claim. Only the plan's verdict
 * changes it, and it shrinks in one case only: DOUBT_FORGOTTEN. */
enum doubt {
    DOUBT_NONE,      /* no real request can have happened */
    DOUBT_OPEN,      /* Graph says that something is open already: see what it is */
    DOUBT_FORGOTTEN, /* an earlier owner may have sent the real request, and Redis may have lost its
                        intent. Believed to be absent, it is none */
    DOUBT_SENT, /* the real request may have happened: never "failed" or "expired" from here on */
    DOUBT_DRY_RUN, /* the dry run itself may have been a grant (contract 6) */
    DOUBT_COUNT,
};

const char *stage_name(enum stage stage);
const char *outcome_name(enum outcome outcome);
/* ANSWER_NONE has the name "none"; the others are the contract's words. */
const char *answer_name(enum answer answer);
/* ANSWER_NONE where the word is no answer. */
enum answer answer_from_name(const char *name);
const char *doubt_name(enum doubt doubt);
