#include "worker/core/pace.h"

#include <assert.h>

void pace_init(struct pace *pace, int writes_per_second)
{
    assert(writes_per_second >= 0);
    int64_t most = (int64_t)writes_per_second * PACE_USE_PERMILLE;
    *pace = (struct pace){.most = most, .belief = most, .shared = most, .changed_ms = -1};
}

static int64_t at_most(int64_t rate, int64_t most)
{
    return rate < most ? rate : most;
}

void pace_change(struct pace *pace, int writes_per_second, int64_t now_ms)
{
    assert(writes_per_second >= 0);
    int64_t most = (int64_t)writes_per_second * PACE_USE_PERMILLE;
    bool believed = pace->belief == pace->most;
    if (most == pace->most)
        return;
    pace->changed_ms = now_ms;
    pace->most = most;
    pace->belief = believed ? most : at_most(pace->belief, most);
    pace->shared = believed ? most : at_most(pace->shared, most);
    pace->granted = at_most(pace->granted, most);
}

void pace_passed(struct pace *pace, unsigned writes)
{
    pace->passed += writes;
}

void pace_answered(struct pace *pace, int used_permille, int64_t now_ms)
{
    pace->answers++;
    pace->used_permille = used_permille >= PACE_SLOW_PERMILLE ? used_permille : 0;
    pace->used_ms = now_ms;
}

bool pace_throttled(struct pace *pace, int64_t now_ms, int64_t pause_ms)
{
    if (pace->most == 0 || now_ms < pace->calm_ms)
        return false;
    /* From what all had, not from what we believed alone. */
    int64_t rate = pace->shared < pace->belief ? pace->shared : pace->belief;
    int64_t gap = rate > pace->refused ? rate - pace->refused : pace->refused - rate;
    if (gap * 100 < pace->refused * PACE_SAME_PERCENT) {
        pace->limit = rate < pace->refused ? rate : pace->refused;
        pace->limit_until_ms = now_ms + PACE_LIMIT_MS;
    }
    pace->refused = rate;
    pace->belief = rate / 2 > PACE_LEAST_MILLIS ? rate / 2 : PACE_LEAST_MILLIS;
    pace->shared = pace->belief;
    pace->calm_ms = now_ms + pause_ms + PACE_CALM_MS;
    return true;
}

bool pace_is_due(const struct pace *pace, unsigned waiting, int64_t now_ms)
{
    return pace_wake_ms(pace, waiting) <= now_ms;
}

int64_t pace_wake_ms(const struct pace *pace, unsigned waiting)
{
    if (pace->most == 0 || waiting + pace->passed == 0)
        return INT64_MAX;
    return pace->asked_ms != 0 ? pace->asked_ms + PACE_PERIOD_MS : 0;
}

/* Graph's word, while it is fresh. */
static int used_now(const struct pace *pace, int64_t now_ms)
{
    return now_ms - pace->used_ms < PACE_USED_MS ? pace->used_permille : 0;
}

/* Only while there are answers to go by, all of them good. */
static void grow(struct pace *pace, int64_t now_ms)
{
    int64_t since_ms = now_ms - pace->asked_ms;
    if (since_ms > 2 * PACE_PERIOD_MS)
        since_ms = 2 * PACE_PERIOD_MS;
    int used = used_now(pace, now_ms);
    if (pace->answers == 0 || now_ms < pace->calm_ms || used >= PACE_FULL_PERMILLE)
        return;
    int64_t growth = pace->most * PACE_GROWTH_PERCENT / 100 * since_ms / 1000;
    pace->belief += used > 0 ? growth / 4 : growth;
    int64_t most = pace->most;
    if (now_ms < pace->limit_until_ms && pace->limit * PACE_BELOW_PERCENT / 100 < most)
        most = pace->limit * PACE_BELOW_PERCENT / 100;
    if (pace->belief > most)
        pace->belief = most;
}

struct pace_wish pace_ask(struct pace *pace, unsigned waiting, int64_t now_ms)
{
    grow(pace, now_ms);
    struct pace_wish wish = {
        .belief = pace->belief,
        .demand = ((int64_t)waiting + pace->passed) * 1000,
    };
    pace->asked_ms = now_ms;
    pace->passed = pace->answers = 0;
    return wish;
}

void pace_told(struct pace *pace, int64_t granted, int64_t shared, int64_t asked_ms)
{
    if (asked_ms <= pace->changed_ms)
        return; /* it is about what we asked with the old setting */
    /* Another has halved it. What we hear of Graph in the next moment is of the same. */
    if (shared < pace->shared * 3 / 4 && pace->calm_ms < asked_ms + PACE_PERIOD_MS + PACE_CALM_MS)
        pace->calm_ms = asked_ms + PACE_PERIOD_MS + PACE_CALM_MS;
    pace->granted = granted;
    pace->granted_until_ms = asked_ms + PACE_GRANT_MS;
    pace->shared = shared < pace->belief ? shared : pace->belief;
    /* Who believes in more stays close to the others: it may be the last that knows. */
    int64_t close = shared + shared / 10 + 1;
    if (pace->belief > close)
        pace->belief = close;
}

void pace_lost(struct pace *pace)
{
    pace->granted = 0;
    pace->granted_until_ms = 0;
}

/* A straight line from `high` at `from` down to `low` at `to`. */
static int64_t slope(int x, const int from_to[2], int64_t high, int64_t low)
{
    return high - (high - low) * (x - from_to[0]) / (from_to[1] - from_to[0]);
}

int64_t pace_rate(const struct pace *pace, int64_t now_ms)
{
    static const int slow[2] = {PACE_SLOW_PERMILLE, PACE_BRAKE_PERMILLE};
    static const int brake[2] = {PACE_BRAKE_PERMILLE, 1000};
    enum { BRAKES_FROM = 990 }; /* what is left where the brake begins */
    int used = used_now(pace, now_ms);
    int64_t part = 1000;
    if (used >= 1000)
        part = PACE_BRAKED_PERMILLE;
    else if (used > PACE_BRAKE_PERMILLE)
        part = slope(used, brake, BRAKES_FROM, PACE_BRAKED_PERMILLE);
    else if (used > 0)
        part = slope(used, slow, 1000, BRAKES_FROM);
    return pace->granted * part / 1000;
}
