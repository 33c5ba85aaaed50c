#include "worker/core/follow.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

enum kind_of_state {
    OPEN,
    FINAL,
    FAILED, /* may still move */
};

enum { MINUTE_MS = 60 * 1000 };

/* The bounds of the schedule. Delivering may take Graph hours, an approval takes people days; who
 * waits for either is told in good time. A scheduled one has its start in the future. */
static const struct {
    const char *name; /* v1.0 writes the first letter small */
    enum kind_of_state kind;
    enum follow_word word;
    int64_t most_ms; /* between two looks */
} states[FOLLOW_STATE_COUNT] = {
    [FOLLOW_UNSEEN] = {"", OPEN, FOLLOW_NO_WORD, 10 * MINUTE_MS},
    [FOLLOW_SUBMITTED] = {"Submitted", OPEN, FOLLOW_NO_WORD, 10 * MINUTE_MS},
    [FOLLOW_PENDING_APPROVAL] = {"PendingApproval", OPEN, FOLLOW_NO_WORD, 15 * MINUTE_MS},
    [FOLLOW_SCHEDULED] = {"Scheduled", OPEN, FOLLOW_NO_WORD, 60 * MINUTE_MS},
    [FOLLOW_DELIVERING] = {"Delivering", OPEN, FOLLOW_NO_WORD, 10 * MINUTE_MS},
    [FOLLOW_DELIVERED] = {"Delivered", FINAL, FOLLOW_WORD_DELIVERED, 0},
    [FOLLOW_PARTIALLY_DELIVERED] = {"PartiallyDelivered", FAILED, FOLLOW_WORD_PARTIALLY_DELIVERED,
                                    10 * MINUTE_MS},
    [FOLLOW_DELIVERY_FAILED] = {"DeliveryFailed", FAILED, FOLLOW_WORD_DELIVERY_FAILED,
                                10 * MINUTE_MS},
    [FOLLOW_DENIED] = {"Denied", FINAL, FOLLOW_WORD_DENIED, 0},
    [FOLLOW_CANCELED] = {"Canceled", FINAL, FOLLOW_WORD_CANCELED, 0},
    [FOLLOW_UNKNOWN] = {"unknownFutureValue", OPEN, FOLLOW_NO_WORD, 10 * MINUTE_MS},
};

static const char *const words[FOLLOW_WORD_COUNT] = {
    [FOLLOW_NO_WORD] = "",
    [FOLLOW_WORD_DELIVERED] = "delivered",
    [FOLLOW_WORD_PARTIALLY_DELIVERED] = "partiallyDelivered",
    [FOLLOW_WORD_DELIVERY_FAILED] = "deliveryFailed",
    [FOLLOW_WORD_DENIED] = "denied",
    [FOLLOW_WORD_CANCELED] = "canceled",
    [FOLLOW_WORD_STILL_PENDING] = "stillPending",
};

enum follow_state follow_state_of(const char *name)
{
    for (enum follow_state state = FOLLOW_SUBMITTED; state < FOLLOW_UNKNOWN; state++)
        if (strcasecmp(states[state].name, name) == 0)
            return state;
    return FOLLOW_UNKNOWN;
}

const char *follow_state_name(enum follow_state state)
{
    return states[state].name;
}

const char *follow_word_name(enum follow_word word)
{
    return words[word];
}

enum follow_word follow_word_of(const char *name)
{
    for (enum follow_word word = FOLLOW_WORD_DELIVERED; word < FOLLOW_WORD_COUNT; word++)
        if (strcmp(words[word], name) == 0)
            return word;
    return FOLLOW_NO_WORD;
}

enum follow_word follow_final(enum follow_state state)
{
    return states[state].kind == FINAL ? states[state].word : FOLLOW_NO_WORD;
}

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t most(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static struct follow_step tell(enum follow_word word)
{
    return (struct follow_step){.act = FOLLOW_TELL, .word = word};
}

/* The next look: on the schedule, and not past the end (which a clock that was set may have put
 * anywhere). */
static int64_t next_look_ms(const struct follow_memory *memory, int64_t now_ms, int64_t end_ms)
{
    int64_t age_ms = most(now_ms - memory->since_ms, 0);
    int64_t wait_ms = most(age_ms / FOLLOW_GROWTH, FOLLOW_FIRST_MS);
    wait_ms = least(wait_ms, states[memory->state].most_ms);
    return most(least(wait_ms, end_ms - now_ms), 0);
}

static void see(struct follow_memory *memory, enum follow_state seen, int64_t completed_ms,
                int64_t now_ms)
{
    if (seen == FOLLOW_UNSEEN)
        return;
    memory->state = seen;
    if (states[seen].kind != FAILED) {
        memory->failed_ms = 0;
        return;
    }
    if (memory->failed_ms != 0)
        return;
    bool told = completed_ms > memory->since_ms && completed_ms < now_ms;
    memory->failed_ms = most(told ? completed_ms : now_ms, memory->reprocess_ms);
}

static bool may_reprocess(const struct follow_rules *rules, const struct follow_memory *memory,
                          int64_t now_ms)
{
    return rules->reprocess && memory->can_reprocess && memory->reprocess_ms == 0 &&
           now_ms - memory->failed_ms < FOLLOW_REPROCESS_MOST_MS;
}

struct follow_step follow_next(const struct follow_rules *rules, struct follow_memory *memory,
                               enum follow_state seen, int64_t completed_ms, int64_t now_ms)
{
    int64_t end_ms = memory->since_ms + rules->for_ms;
    see(memory, seen, completed_ms, now_ms);
    enum follow_word word = states[memory->state].word;
    if (follow_final(memory->state) != FOLLOW_NO_WORD)
        return tell(word);
    if (now_ms >= end_ms)
        return tell(word != FOLLOW_NO_WORD ? word : FOLLOW_WORD_STILL_PENDING);
    struct follow_step step = {.act = FOLLOW_WAIT, .wait_ms = next_look_ms(memory, now_ms, end_ms)};
    if (memory->failed_ms == 0)
        return step;
    int64_t settled_ms = memory->failed_ms + rules->settle_ms;
    if (now_ms < settled_ms || seen == FOLLOW_UNSEEN) {
        if (now_ms < settled_ms)
            step.wait_ms = least(step.wait_ms, settled_ms - now_ms);
        return step;
    }
    if (!may_reprocess(rules, memory, now_ms))
        return tell(word);
    memory->reprocess_ms = now_ms;
    memory->failed_ms = 0;
    memory->state = FOLLOW_SUBMITTED;
    step.act = FOLLOW_REPROCESS;
    step.wait_ms = least(FOLLOW_FIRST_MS, end_ms - now_ms);
    return step;
}
