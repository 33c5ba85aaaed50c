#include "tests/core/plan_walk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STATES_MAX = 1 << 20 }; /* a plan with more situations than this has gone wild */

/* A situation: what the plan reads of a request, and what the promises need to know of its past. No
 * padding: it is compared as bytes. */
struct situation {
    uint8_t stage, answer, doubt, absences;
    uint8_t retries[STAGE_COUNT];
    uint8_t ages, weather;
    uint8_t dry;     /* a dry run passed, and nothing was sent since */
    uint8_t marked;  /* an intent was written, and nothing was sent since */
    uint8_t unknown; /* real requests of unknown fate */
    uint8_t recorded;
    uint8_t seen, reserved[4];
    int32_t doubt_age;
};

struct entry {
    struct situation situation;
    unsigned longest; /* 0: not known yet, we are on a road that passed here */
    struct entry *next;
};

struct walker {
    const struct plan *plan;
    struct walk result;
    struct entry *entries; /* STATES_MAX */
    struct entry *buckets[1 << 16];
};

static unsigned trouble(struct walker *w, enum stage stage, enum outcome outcome, const char *text)
{
    if (w->result.trouble[0] == '\0') {
        w->result.trouble = text;
        snprintf(w->result.where, sizeof w->result.where, "%s/%s", stage_name(stage),
                 outcome_name(outcome));
    }
    return 0;
}

static struct entry *find(struct walker *w, const struct situation *situation, bool *ret_known)
{
    uint64_t hash = lane_hash(0, situation, sizeof *situation);
    struct entry **bucket = &w->buckets[(hash ^ (hash >> 32)) & 0xFFFF];
    for (struct entry *e = *bucket; e != NULL; e = e->next) {
        if (memcmp(&e->situation, situation, sizeof *situation) == 0) {
            *ret_known = true;
            return e;
        }
    }
    *ret_known = false;
    if (w->result.states == STATES_MAX)
        return NULL;
    struct entry *e = &w->entries[w->result.states++];
    *e = (struct entry){.situation = *situation, .next = *bucket};
    *bucket = e;
    return e;
}

static bool is_weather(enum outcome outcome)
{
    return outcome == OUTCOME_PACED || outcome == OUTCOME_HELD || outcome == OUTCOME_STALE ||
           outcome == OUTCOME_LOST;
}

static struct request request_of(const struct situation *s, enum outcome outcome)
{
    struct request rq = {.stage = s->stage,
                         .outcome = outcome,
                         .answer = s->answer,
                         .doubt = s->doubt,
                         .absences = s->absences,
                         .ages = s->ages,
                         .doubt_since_ms = -s->doubt_age,
                         .retry_since_ms = 1,
                         .stored_answer = ANSWER_SUBMITTED};
    for (int i = 0; i < STAGE_COUNT; i++)
        rq.retries[i] = s->retries[i];
    return rq;
}

/* What a request that goes on to `verdict->next` promises. */
static const char *broken_promise(const struct situation *s, const struct request *rq,
                                  const struct verdict *v)
{
    bool lost = rq->outcome == OUTCOME_LOST;
    if (rq->answer != s->answer && s->answer != ANSWER_NONE && !lost)
        return "an answer is changed";
    if (lost && s->stage != STAGE_REPLY && rq->answer != ANSWER_NONE &&
        rq->answer != ANSWER_SUBMITTED && rq->answer != ANSWER_EXISTING &&
        rq->answer != ANSWER_UNKNOWN)
        return "another has the claim, and the answer says that nothing happened";
    bool sent = rq->doubt == DOUBT_SENT || rq->doubt == DOUBT_FORGOTTEN;
    if (sent && rq->answer != ANSWER_NONE && !s->seen && rq->answer != ANSWER_SUBMITTED &&
        rq->answer != ANSWER_EXISTING && rq->answer != ANSWER_UNKNOWN)
        return "it may have happened, and the answer says that it did not";
    if (v->next == STAGE_SUBMIT && !s->marked)
        return "a real request without an intent of its own";
    if (v->next == STAGE_SUBMIT && !s->dry)
        return "a real request without a dry run of its own";
    if (v->next == STAGE_SUBMIT && s->unknown > rq->absences)
        return "a second real request, and the first was not proved absent";
    if (v->next == STAGE_SUBMIT && rq->doubt == DOUBT_FORGOTTEN)
        return "a real request before what Redis forgot was looked up";
    if (s->doubt > rq->doubt && !(s->doubt == DOUBT_FORGOTTEN && rq->outcome == OUTCOME_ABSENT))
        return "a doubt shrinks";
    if (v->next == STAGE_SUBMIT && rq->answer != ANSWER_NONE)
        return "a real request after the answer";
    if ((v->next == STAGE_RECORD || v->next == STAGE_REPLY) && rq->answer == ANSWER_NONE)
        return "nothing to answer";
    if (v->next == STAGE_DONE && rq->stage != STAGE_REPLY)
        return "done without a reply";
    if (v->next == STAGE_REPLY && rq->answer == ANSWER_SUBMITTED && !s->seen && !s->recorded)
        return "a grant is answered before it is recorded";
    if (rq->answer == ANSWER_SUBMITTED && s->answer == ANSWER_NONE && !s->seen &&
        !(rq->stage == STAGE_SUBMIT && rq->outcome == OUTCOME_OK) && rq->stage != STAGE_LOOK)
        return "submitted without Graph saying so";
    return "";
}

static void remember(struct situation *s, enum outcome outcome)
{
    if (s->stage == STAGE_DRY_RUN)
        s->dry = outcome == OUTCOME_OK;
    if (s->stage == STAGE_MARK)
        s->marked = outcome == OUTCOME_OK;
    if (s->stage == STAGE_SUBMIT && outcome != OUTCOME_PACED && outcome != OUTCOME_STALE)
        s->dry = false;
    if (s->stage == STAGE_SUBMIT)
        s->marked = false;
    if ((s->stage == STAGE_SUBMIT && outcome == OUTCOME_UNKNOWN) ||
        (s->stage == STAGE_CLAIM && outcome == OUTCOME_INTERRUPTED))
        s->unknown++;
    s->recorded |= s->stage == STAGE_RECORD;
    s->seen |= s->stage == STAGE_CLAIM && outcome == OUTCOME_SEEN;
}

static struct situation next_of(const struct situation *s, const struct request *rq,
                                const struct verdict *v)
{
    struct situation next = *s;
    next.stage = (uint8_t)v->next;
    next.answer = (uint8_t)rq->answer;
    next.doubt = (uint8_t)rq->doubt;
    next.absences = (uint8_t)rq->absences;
    next.ages = (uint8_t)rq->ages;
    for (int i = 0; i < STAGE_COUNT; i++)
        next.retries[i] = (uint8_t)rq->retries[i];
    next.weather = (uint8_t)(s->weather - is_weather(rq->outcome));
    int64_t age = rq->doubt == DOUBT_NONE ? 0 : v->pause_ms - rq->doubt_since_ms;
    next.doubt_age = (int32_t)(age < 100000 ? age : 100000);
    return next;
}

/* The longest road from here; 0 where there is trouble. */
static unsigned walk_from(struct walker *w, const struct situation *from);

static unsigned take_step(struct walker *w, const struct situation *from, enum outcome outcome)
{
    struct situation s = *from;
    remember(&s, outcome);
    struct request rq = request_of(&s, outcome);
    struct verdict v = plan_next(w->plan, &rq, 0);
    plan_note(&rq, &v, 0);
    if (v.move == MOVE_DROP || v.move == MOVE_STOP)
        return s.stage == STAGE_REPLY ? 1
                                      : trouble(w, s.stage, outcome, "dropped before its reply");
    const char *promise = broken_promise(&s, &rq, &v);
    if (promise[0] != '\0')
        return trouble(w, s.stage, outcome, promise);
    if (v.next == STAGE_DONE)
        return 1;
    struct situation next = next_of(&s, &rq, &v);
    unsigned rest = walk_from(w, &next);
    if (rest == 0)
        return trouble(w, s.stage, outcome, "this road does not end");
    return rest + 1;
}

static unsigned walk_from(struct walker *w, const struct situation *from)
{
    bool known;
    struct entry *entry = find(w, from, &known);
    if (entry == NULL || known)
        return entry == NULL ? 0 : entry->longest;
    unsigned longest = 0, roads = 0;
    for (enum outcome outcome = OUTCOME_OK; outcome < OUTCOME_COUNT; outcome++) {
        if (!plan_allows(w->plan, from->stage, outcome))
            continue;
        if (is_weather(outcome) && from->weather == 0)
            continue;
        if (from->stage == STAGE_LOOK && outcome == OUTCOME_OK && from->doubt != DOUBT_SENT &&
            from->doubt != DOUBT_FORGOTTEN)
            continue; /* nothing of ours can be found */
        roads++;
        unsigned length = take_step(w, from, outcome);
        if (length == 0)
            return 0;
        longest = length > longest ? length : longest;
    }
    if (roads == 0)
        return trouble(w, from->stage, OUTCOME_OK, "a dead end");
    return entry->longest = longest;
}

struct walk walk_all_roads(const struct plan *plan, unsigned weather)
{
    struct walker *w = calloc(1, sizeof *w);
    w->entries = calloc(STATES_MAX, sizeof *w->entries);
    w->plan = plan;
    w->result.trouble = "";
    struct situation start;
    memset(&start, 0, sizeof start);
    start.weather = (uint8_t)weather;
    w->result.longest = walk_from(w, &start);
    struct walk result = w->result;
    free(w->entries);
    free(w);
    return result;
}

static const char *cell_trouble(const struct rule *rule, enum stage stage, enum outcome outcome)
{
    if (rule->move > MOVE_STOP || rule->next >= STAGE_COUNT || rule->answer >= ANSWER_COUNT ||
        rule->doubt >= DOUBT_COUNT)
        return "no word of the plan";
    if (rule->move == MOVE_NEVER)
        return rule->next == 0 && rule->answer == 0 && rule->doubt == 0 ? "" : "half filled";
    if (stage == STAGE_DONE)
        return "nothing follows done";
    bool answers = rule->move == MOVE_ANSWER || rule->move == MOVE_AGE ||
                   rule->move == MOVE_SETTLE || rule->move == MOVE_RETRACT;
    if (answers != (rule->answer != ANSWER_NONE))
        return "an answer belongs to answer, age, settle and retract, and to nothing else";
    if (rule->move == MOVE_ANSWER && rule->next != STAGE_RECORD && rule->next != STAGE_REPLY)
        return "an answer goes to record or reply";
    if (rule->next == STAGE_ADMIT)
        return "nothing goes back to admit";
    if (rule->next == STAGE_DONE && stage != STAGE_REPLY)
        return "only a reply ends a request";
    if (rule->next == STAGE_SUBMIT && !(stage == STAGE_MARK && outcome == OUTCOME_OK))
        return "only a written intent leads to a real request";
    if ((outcome == OUTCOME_PACED || outcome == OUTCOME_HELD) && rule->move != MOVE_WAIT)
        return "who may not go now waits";
    if (outcome == OUTCOME_UNSAFE &&
        (rule->doubt != DOUBT_DRY_RUN || rule->answer != ANSWER_UNKNOWN))
        return "an unsafe dry run raises the interlock";
    bool sent = outcome == OUTCOME_UNKNOWN || outcome == OUTCOME_INTERRUPTED;
    if (sent != (rule->doubt == DOUBT_SENT))
        return "doubt (sent) is where a real request may have happened";
    if ((rule->doubt == DOUBT_FORGOTTEN) != (outcome == OUTCOME_FORGOTTEN))
        return "doubt (forgotten) is where Redis may have forgotten a real request";
    if ((rule->doubt == DOUBT_OPEN) != (outcome == OUTCOME_OPEN || outcome == OUTCOME_EARLY))
        return "doubt (open) is where something is in the way";
    return "";
}

const char *plan_cells_trouble(const struct plan *plan, char where[64])
{
    for (enum stage stage = STAGE_ADMIT; stage < STAGE_COUNT; stage++) {
        for (enum outcome outcome = OUTCOME_OK; outcome < OUTCOME_COUNT; outcome++) {
            const char *text = cell_trouble(&plan->rules[stage][outcome], stage, outcome);
            if (text[0] != '\0') {
                snprintf(where, 64, "%s/%s", stage_name(stage), outcome_name(outcome));
                return text;
            }
        }
    }
    return "";
}
