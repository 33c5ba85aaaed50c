#pragma once

#include <stdbool.h>
#include <stdint.h>

/* The retry budget: of all calls to Graph at most some repeat one that has failed, so that a
 * Graph in trouble is not asked ever more for it. It delays an event's retry and never ends it.
 * Pure.
 */

/* graph.retry_budget is how many calls of a hundred that may be; with 100 there is no limit. */

enum {
    BUDGET_SECONDS = 10, /* what is counted: long enough for a tenth of few calls to be some */
    BUDGET_LEAST = 10,   /* in that time, however few calls there are: of few none is a storm */
    BUDGET_ASK_AGAIN_MS = 1000,
};

struct budget {
    struct budget_second {
        int64_t second;
        uint32_t calls, retries;
    } seconds[BUDGET_SECONDS]; /* a ring */
    int percent;
    uint64_t denied;
};

void budget_init(struct budget *budget, int percent);

/* May a retry go now? It is counted when it goes, with budget_call(); a "no" is counted here. */
bool budget_allows(struct budget *budget, int64_t now_ms);
/* A call goes. */
void budget_call(struct budget *budget, bool is_retry, int64_t now_ms);
/* It was not sent after all, and counts no more. */
void budget_not_sent(struct budget *budget, bool is_retry, int64_t now_ms);
