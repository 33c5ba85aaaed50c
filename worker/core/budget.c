#include "worker/core/budget.h"

void budget_init(struct budget *budget, int percent)
{
    *budget = (struct budget){.percent = percent};
}

bool budget_allows(struct budget *budget, int64_t now_ms)
{
    int64_t oldest = now_ms / 1000 - BUDGET_SECONDS;
    uint64_t calls = 0, retries = 0;
    for (int i = 0; i < BUDGET_SECONDS; i++) {
        const struct budget_second *second = &budget->seconds[i];
        if (second->second <= oldest)
            continue;
        calls += second->calls;
        retries += second->retries;
    }
    bool allowed = retries < BUDGET_LEAST || retries < calls * (uint64_t)budget->percent / 100 ||
                   budget->percent == 100;
    budget->denied += !allowed;
    return allowed;
}

void budget_call(struct budget *budget, bool is_retry, int64_t now_ms)
{
    int64_t now = now_ms / 1000;
    struct budget_second *second = &budget->seconds[now % BUDGET_SECONDS];
    if (second->second != now)
        *second = (struct budget_second){.second = now};
    second->calls++;
    second->retries += is_retry;
}

void budget_not_sent(struct budget *budget, bool is_retry, int64_t now_ms)
{
    int64_t now = now_ms / 1000;
    for (int64_t at = now; at > now - BUDGET_SECONDS && at >= 0; at--) {
        struct budget_second *second = &budget->seconds[at % BUDGET_SECONDS];
        if (second->second != at || second->calls == 0 || (is_retry && second->retries == 0))
            continue;
        second->calls--;
        second->retries -= is_retry;
        return;
    }
}
