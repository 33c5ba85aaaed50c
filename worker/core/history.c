#include "worker/core/history.h"

#include <assert.h>

static int64_t number_of(int64_t now_ms)
{
    return now_ms / HISTORY_SLOT_MS + 1;
}

static struct history_slot *slot_of(struct history_ring *history, int64_t number)
{
    struct history_slot *slot = &history->slots[number % HISTORY_SLOTS];
    if (slot->number != number)
        *slot = (struct history_slot){.number = number};
    return slot;
}

void history_note(struct history_ring *history, const struct history_now *now, int64_t now_ms)
{
    struct history_slot *slot = slot_of(history, number_of(now_ms));
    for (size_t i = 0; i < ANSWER_COUNT; i++) {
        slot->answers[i] += now->answers[i] - history->before[i];
        history->before[i] = now->answers[i];
    }
    slot->lag = now->lag;
    if (slot->in_flight < now->in_flight)
        slot->in_flight = now->in_flight;
}

const struct history_slot *history_at(const struct history_ring *history, size_t age,
                                      int64_t now_ms)
{
    assert(age < HISTORY_SLOTS);
    int64_t number = number_of(now_ms) - (int64_t)age;
    if (number < 1)
        return NULL;
    const struct history_slot *slot = &history->slots[number % HISTORY_SLOTS];
    return slot->number == number ? slot : NULL;
}

uint64_t history_sum(const struct history_ring *history, enum answer answer, size_t slots,
                     int64_t now_ms)
{
    uint64_t sum = 0;
    for (size_t age = 0; age < slots; age++) {
        const struct history_slot *slot = history_at(history, age, now_ms);
        sum += slot != NULL ? slot->answers[answer] : 0;
    }
    return sum;
}
