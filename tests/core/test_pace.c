/* What a replica believes that Graph stands, and what it asks of the others. */
#include "worker/core/pace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
// cmocka needs the headers above first.
#include <cmocka.h>

enum { NOW_MS = 70000, MOST = 20 * PACE_USE_PERMILLE };

/* A second with writes that are answered; alone, so that all that is believed is granted. */
static int64_t play_second(struct pace *pace, int used_permille, int64_t now_ms)
{
    pace_passed(pace, 20);
    pace_answered(pace, used_permille, now_ms);
    assert_true(pace_is_due(pace, 0, now_ms));
    struct pace_wish wish = pace_ask(pace, 5, now_ms);
    assert_int_equal(wish.demand, 25000);
    pace_told(pace, wish.belief, wish.belief, now_ms);
    return wish.belief;
}

static void starts_from_the_setting(void **state)
{
    (void)state;
    struct pace pace;
    pace_init(&pace, 20);
    assert_int_equal(play_second(&pace, 0, NOW_MS), MOST);
    assert_int_equal(pace_rate(&pace, NOW_MS), MOST);
    for (int i = 1; i < 1000; i++) /* never above it */
        assert_int_equal(play_second(&pace, 0, NOW_MS + i * 1000), MOST);
}

static void no_limit_asks_nothing(void **state)
{
    (void)state;
    struct pace pace;
    pace_init(&pace, 0);
    pace_passed(&pace, 1000);
    assert_int_equal(pace_wake_ms(&pace, 1000), INT64_MAX);
    assert_false(pace_throttled(&pace, NOW_MS, 1000));
}

static void asks_once_a_second_while_there_is_something(void **state)
{
    (void)state;
    struct pace pace;
    int asked = 0;
    pace_init(&pace, 20);
    assert_false(pace_is_due(&pace, 0, NOW_MS)); /* it idles */
    for (int64_t now_ms = NOW_MS; now_ms < NOW_MS + 60000; now_ms += 7) {
        if (!pace_is_due(&pace, 4, now_ms))
            continue;
        (void)pace_ask(&pace, 4, now_ms);
        asked++;
    }
    assert_in_range(asked, 59, 60);
    assert_int_equal(pace_wake_ms(&pace, 0), INT64_MAX);
    pace_passed(&pace, 2);
    assert_int_not_equal(pace_wake_ms(&pace, 0), INT64_MAX);
}

static void halves_once_and_grows_back(void **state)
{
    (void)state;
    struct pace pace;
    pace_init(&pace, 20);
    (void)play_second(&pace, 0, NOW_MS);
    assert_true(pace_throttled(&pace, NOW_MS, 5000));
    for (int i = 0; i < 50; i++) /* of calls that were under way */
        assert_false(pace_throttled(&pace, NOW_MS + i * 20, 5000));
    int64_t open_ms = NOW_MS + 5000 + PACE_CALM_MS, belief = 0, now_ms = open_ms;
    belief = play_second(&pace, 0, open_ms);
    assert_in_range(belief, MOST / 2, MOST / 2 + MOST / 50);
    for (; belief < MOST; now_ms += 1000) {
        int64_t next = play_second(&pace, 0, now_ms + 1000);
        assert_true(next > belief);
        belief = next;
    }
    assert_in_range(now_ms - open_ms, 40000, 60000);
    assert_true(pace_throttled(&pace, now_ms, 0));
    assert_true(pace_throttled(&pace, now_ms + PACE_CALM_MS, 0));
    assert_int_equal(pace.belief, MOST / 4);
    for (int i = 2; i < 100; i++) /* it never stops altogether */
        (void)pace_throttled(&pace, now_ms + i * PACE_CALM_MS, 0);
    assert_int_equal(pace.belief, PACE_LEAST_MILLIS);
}

/* Graph stands less than is set, and does not say so: it is found out, and tried again now and
 * then. In seconds: when Graph stands how much. */
static void finds_a_limit_that_nobody_tells(void **state)
{
    (void)state;
    enum { LIMIT = MOST * 6 / 10, END_S = 3600, FREE_S = 3000 };
    struct pace pace;
    int64_t used = 0;
    int refusals = 0, back_s = 0;
    pace_init(&pace, 20);
    for (int s = 0; s < END_S; s++) {
        int64_t now_ms = NOW_MS + s * 1000;
        int64_t belief = play_second(&pace, 0, now_ms);
        if (belief > LIMIT && s < FREE_S) {
            refusals++;
            assert_true(pace_throttled(&pace, now_ms + 500, 0) || s < 2);
        }
        used += s < FREE_S ? belief : 0;
        if (s >= FREE_S && back_s == 0 && belief == MOST)
            back_s = s - FREE_S;
    }
    assert_in_range(refusals, 4, 3 + FREE_S * 1000 / PACE_LIMIT_MS * 2);
    assert_true(used > (int64_t)LIMIT * FREE_S * 88 / 100);
    assert_in_range(back_s, 1, PACE_LIMIT_MS / 1000 + 60);
}

static void the_least_belief_counts(void **state)
{
    (void)state;
    struct pace pace;
    pace_init(&pace, 20);
    (void)pace_ask(&pace, 4, NOW_MS);
    pace_told(&pace, 2000, 10000, NOW_MS); /* another has had a 429 */
    assert_int_equal(pace_rate(&pace, NOW_MS), 2000);
    assert_int_equal(pace.shared, 10000);
    assert_in_range(pace.belief, 10000, 11001);    /* the other may be gone tomorrow */
    for (int ms = 0; ms < PACE_CALM_MS; ms += 100) /* of the same moment: not a second halving */
        assert_false(pace_throttled(&pace, NOW_MS + ms, 0));
    (void)pace_ask(&pace, 4, NOW_MS + 1000);
    pace_told(&pace, 2000, 10000, NOW_MS + 1000);
    assert_true(pace_throttled(&pace, NOW_MS + 5000, 0));
    assert_int_equal(pace.belief, 5000); /* half of what all had */
}

static void only_answers_make_it_grow(void **state)
{
    (void)state;
    struct pace pace;
    pace_init(&pace, 20);
    (void)pace_ask(&pace, 4, NOW_MS);
    (void)pace_throttled(&pace, NOW_MS, 0);
    for (int i = 1; i < 100; i++)
        assert_int_equal(pace_ask(&pace, 4, NOW_MS + i * 1000).belief, MOST / 2);
}

static void slows_as_the_limit_comes_near(void **state)
{
    (void)state;
    struct pace pace;
    int64_t last = INT64_MAX;
    pace_init(&pace, 20);
    (void)pace_throttled(&pace, 0, 0);
    int64_t half = play_second(&pace, 0, NOW_MS);
    for (int used = PACE_SLOW_PERMILLE; used < 2000; used += 10) {
        int64_t grown = play_second(&pace, used, NOW_MS + used * 1000) - half;
        assert_in_range(grown, 0, used < PACE_FULL_PERMILLE ? MOST / 200 : 0);
        pace.belief = pace.shared = pace.granted = half;
        int64_t rate = pace_rate(&pace, NOW_MS + used * 1000);
        assert_true(rate <= last);
        if (used == PACE_BRAKE_PERMILLE)
            assert_int_equal(rate, half * 990 / 1000); /* what is allowed can be used */
        if (used >= 1000)
            assert_int_equal(rate, half * PACE_BRAKED_PERMILLE / 1000);
        last = rate;
    }
    int64_t now_ms = NOW_MS + 1990 * 1000;
    assert_int_equal(pace_rate(&pace, now_ms + PACE_USED_MS), half); /* that is an old word */
    pace_answered(&pace, 0, now_ms);
    assert_int_equal(pace_rate(&pace, now_ms), half);
    pace_answered(&pace, 799, now_ms);
    assert_int_equal(pace_rate(&pace, now_ms), half);
}

static void without_redis_there_is_no_share(void **state)
{
    (void)state;
    struct pace pace;
    pace_init(&pace, 20);
    (void)play_second(&pace, 0, NOW_MS);
    assert_int_equal(pace.granted_until_ms, NOW_MS + PACE_GRANT_MS);
    pace_lost(&pace);
    assert_int_equal(pace_rate(&pace, NOW_MS), 0);
    assert_true(pace.granted_until_ms <= NOW_MS);
}

static void a_lower_limit_holds_at_once(void **state)
{
    (void)state;
    struct pace pace;
    pace_init(&pace, 20);
    (void)play_second(&pace, 0, NOW_MS);
    pace_change(&pace, 5, NOW_MS);
    assert_int_equal(pace_rate(&pace, NOW_MS), 5 * PACE_USE_PERMILLE);
    assert_int_equal(play_second(&pace, 0, NOW_MS + 1000), 5 * PACE_USE_PERMILLE);
    pace_change(&pace, 0, NOW_MS + 1000); /* and from no limit to one */
    assert_int_equal(pace_rate(&pace, NOW_MS + 1000), 0);
    assert_int_equal(pace_wake_ms(&pace, 10), INT64_MAX);
    pace_change(&pace, 20, NOW_MS + 1500);
    assert_int_equal(play_second(&pace, 0, NOW_MS + 2000), MOST);
}

/* What 429s have taught is kept; a setting that nobody has touched was never learnt. */
static void a_higher_limit_is_believed_by_those_who_believed_in_the_old(void **state)
{
    (void)state;
    struct pace fresh, taught;
    pace_init(&fresh, 20);
    (void)play_second(&fresh, 0, NOW_MS);
    pace_change(&fresh, 40, NOW_MS);
    pace_told(&fresh, MOST, MOST, NOW_MS);             /* to what was asked before */
    assert_int_equal(pace_rate(&fresh, NOW_MS), MOST); /* until Redis grants more */
    assert_int_equal(play_second(&fresh, 0, NOW_MS + 1000), 2 * MOST);
    pace_init(&taught, 20);
    (void)play_second(&taught, 0, NOW_MS);
    assert_true(pace_throttled(&taught, NOW_MS, 1000));
    int64_t belief = taught.belief;
    pace_change(&taught, 40, NOW_MS);
    assert_int_equal(taught.belief, belief);
    pace_change(&taught, 4, NOW_MS);
    assert_int_equal(taught.belief, 4 * PACE_USE_PERMILLE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(starts_from_the_setting),
        cmocka_unit_test(no_limit_asks_nothing),
        cmocka_unit_test(asks_once_a_second_while_there_is_something),
        cmocka_unit_test(halves_once_and_grows_back),
        cmocka_unit_test(finds_a_limit_that_nobody_tells),
        cmocka_unit_test(the_least_belief_counts),
        cmocka_unit_test(only_answers_make_it_grow),
        cmocka_unit_test(slows_as_the_limit_comes_near),
        cmocka_unit_test(without_redis_there_is_no_share),
        cmocka_unit_test(a_lower_limit_holds_at_once),
        cmocka_unit_test(a_higher_limit_is_believed_by_those_who_believed_in_the_old),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
