/* What became of a request: the whole table of Graph's states, the schedule, and when the word is
 * said. */
#include "worker/core/follow.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

enum {
    SECOND = 1000,
    MINUTE = 60 * SECOND,
    HOUR = 60 * MINUTE,
};
#define DAY   (INT64_C(24) * HOUR)
#define SINCE (INT64_C(1000) * HOUR) /* when it was submitted */

static const struct follow_rules rules = {.for_ms = 14 * DAY, .settle_ms = 4 * HOUR};
static const struct follow_rules again = {.for_ms = 14 * DAY,
                                          .settle_ms = 4 * HOUR,
                                          .reprocess = true};

static struct follow_memory fresh(void)
{
    return (struct follow_memory){.since_ms = SINCE, .can_reprocess = true};
}

/* ---- the table ---- */

enum what { OPEN, FINAL, FAILED };

static const struct row {
    const char *beta, *v1;
    enum follow_state state;
    enum what what;
    const char *word; /* in the end */
    int64_t most_ms;
} rows[] = {
    {"Submitted", "submitted", FOLLOW_SUBMITTED, OPEN, "stillPending", 10 * MINUTE},
    {"PendingApproval", "pendingApproval", FOLLOW_PENDING_APPROVAL, OPEN, "stillPending",
     15 * MINUTE},
    {"Scheduled", "scheduled", FOLLOW_SCHEDULED, OPEN, "stillPending", HOUR},
    {"Delivering", "delivering", FOLLOW_DELIVERING, OPEN, "stillPending", 10 * MINUTE},
    {"Delivered", "delivered", FOLLOW_DELIVERED, FINAL, "delivered", 0},
    {"PartiallyDelivered", "partiallyDelivered", FOLLOW_PARTIALLY_DELIVERED, FAILED,
     "partiallyDelivered", 10 * MINUTE},
    {"DeliveryFailed", "deliveryFailed", FOLLOW_DELIVERY_FAILED, FAILED, "deliveryFailed",
     10 * MINUTE},
    {"Denied", "denied", FOLLOW_DENIED, FINAL, "denied", 0},
    {"Canceled", "canceled", FOLLOW_CANCELED, FINAL, "canceled", 0},
    {"unknownFutureValue", "UNKNOWNFUTUREVALUE", FOLLOW_UNKNOWN, OPEN, "stillPending", 10 * MINUTE},
    {"", "Delivered ", FOLLOW_UNKNOWN, OPEN, "stillPending", 10 * MINUTE},
};
enum { ROWS = sizeof rows / sizeof *rows };

static void knows_graph_s_states(void **state)
{
    (void)state;
    bool seen[FOLLOW_STATE_COUNT] = {[FOLLOW_UNSEEN] = true};
    for (size_t i = 0; i < ROWS; i++) {
        print_message("%s\n", rows[i].beta);
        assert_int_equal(follow_state_of(rows[i].beta), rows[i].state);
        assert_int_equal(follow_state_of(rows[i].v1), rows[i].state);
        if (rows[i].beta[0] != '\0')
            assert_string_equal(follow_state_name(rows[i].state), rows[i].beta);
        enum follow_word word = follow_final(rows[i].state);
        assert_string_equal(follow_word_name(word), rows[i].what == FINAL ? rows[i].word : "");
        seen[rows[i].state] = true;
    }
    for (enum follow_state one = 0; one < FOLLOW_STATE_COUNT; one++)
        assert_true(seen[one]);
}

static void says_the_word_of_each_state(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS; i++) {
        print_message("%s\n", rows[i].beta);
        struct follow_memory memory = fresh();
        struct follow_step step =
            follow_next(&rules, &memory, rows[i].state, 0, SINCE + 10 * SECOND);
        assert_int_equal(step.act, rows[i].what == FINAL ? FOLLOW_TELL : FOLLOW_WAIT);
        assert_int_equal(memory.state, rows[i].state);
        assert_int_equal(memory.failed_ms, rows[i].what == FAILED ? SINCE + 10 * SECOND : 0);
        step = follow_next(&rules, &memory, rows[i].state, 0, SINCE + 14 * DAY);
        assert_int_equal(step.act, FOLLOW_TELL);
        assert_string_equal(follow_word_name(step.word), rows[i].word);
    }
}

static void reads_its_own_words(void **state)
{
    (void)state;
    for (enum follow_word word = FOLLOW_WORD_DELIVERED; word < FOLLOW_WORD_COUNT; word++)
        assert_int_equal(follow_word_of(follow_word_name(word)), word);
    assert_int_equal(follow_word_of(""), FOLLOW_NO_WORD);
    assert_int_equal(follow_word_of("Delivered"), FOLLOW_NO_WORD);
}

/* ---- the schedule ---- */

static int64_t wait_of(enum follow_state seen, int64_t age_ms)
{
    struct follow_memory memory = fresh();
    struct follow_step step = follow_next(&rules, &memory, seen, 0, SINCE + age_ms);
    assert_int_equal(step.act, FOLLOW_WAIT);
    return step.wait_ms;
}

static void looks_ever_more_seldom(void **state)
{
    (void)state;
    assert_int_equal(wait_of(FOLLOW_SUBMITTED, 0), 5 * SECOND);
    assert_int_equal(wait_of(FOLLOW_SUBMITTED, 20 * SECOND), 5 * SECOND);
    assert_int_equal(wait_of(FOLLOW_SUBMITTED, 60 * SECOND), 15 * SECOND);
    assert_int_equal(wait_of(FOLLOW_UNSEEN, 60 * SECOND), 15 * SECOND);
    assert_int_equal(wait_of(FOLLOW_SUBMITTED, -HOUR), 5 * SECOND); /* a clock was set */
    for (size_t i = 0; i < ROWS; i++) {
        print_message("%s\n", rows[i].beta);
        if (rows[i].what == OPEN)
            assert_int_equal(wait_of(rows[i].state, DAY), rows[i].most_ms);
    }
}

static void looks_a_last_time_at_the_end(void **state)
{
    (void)state;
    assert_int_equal(wait_of(FOLLOW_SCHEDULED, 14 * DAY - MINUTE), MINUTE);
    assert_int_equal(wait_of(FOLLOW_SUBMITTED, 14 * DAY - 1), 1);
}

/* So many looks of a request that Graph takes so long with: what the budget is made of. */
static void takes_few_looks(void **state)
{
    (void)state;
    static const struct {
        int64_t age_ms;
        unsigned looks;
    } cases[] = {{23 * SECOND, 5}, {60 * SECOND, 9}, {10 * MINUTE, 20}, {4 * HOUR, 47}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        unsigned looks = 1;
        for (int64_t age_ms = FOLLOW_FIRST_MS; age_ms < cases[i].age_ms; looks++)
            age_ms += wait_of(FOLLOW_DELIVERING, age_ms);
        print_message("%lld s: %u looks\n", (long long)cases[i].age_ms / 1000, looks);
        assert_in_range(looks, cases[i].looks - 2, cases[i].looks + 2);
    }
}

/* ---- what failed ---- */

static void waits_until_a_failure_has_settled(void **state)
{
    (void)state;
    struct follow_memory memory = fresh();
    int64_t failed_ms = SINCE + MINUTE;
    struct follow_step step =
        follow_next(&rules, &memory, FOLLOW_DELIVERY_FAILED, failed_ms, SINCE + HOUR);
    assert_int_equal(step.act, FOLLOW_WAIT);
    assert_int_equal(memory.failed_ms, failed_ms); /* as Graph says, not as late as we saw it */
    int64_t settled_ms = failed_ms + rules.settle_ms;
    step = follow_next(&rules, &memory, FOLLOW_PARTIALLY_DELIVERED, 0, settled_ms - SECOND);
    assert_int_equal(step.act, FOLLOW_WAIT);
    assert_int_equal(step.wait_ms, SECOND);
    step = follow_next(&rules, &memory, FOLLOW_PARTIALLY_DELIVERED, 0, settled_ms);
    assert_int_equal(step.act, FOLLOW_TELL);
    assert_int_equal(step.word, FOLLOW_WORD_PARTIALLY_DELIVERED);
}

static void counts_anew_when_it_moved_again(void **state)
{
    (void)state;
    struct follow_memory memory = fresh();
    follow_next(&rules, &memory, FOLLOW_DELIVERY_FAILED, 0, SINCE + MINUTE);
    follow_next(&rules, &memory, FOLLOW_DELIVERING, 0, SINCE + HOUR);
    assert_int_equal(memory.failed_ms, 0);
    struct follow_step step =
        follow_next(&rules, &memory, FOLLOW_DELIVERY_FAILED, 0, SINCE + 5 * HOUR);
    assert_int_equal(step.act, FOLLOW_WAIT);
    assert_int_equal(memory.failed_ms, SINCE + 5 * HOUR);
}

static void believes_no_time_of_completion_that_cannot_be(void **state)
{
    (void)state;
    static const int64_t times[] = {0, SINCE - HOUR, SINCE + DAY};
    for (size_t i = 0; i < 3; i++) {
        struct follow_memory memory = fresh();
        follow_next(&rules, &memory, FOLLOW_DELIVERY_FAILED, times[i], SINCE + HOUR);
        assert_int_equal(memory.failed_ms, SINCE + HOUR);
    }
}

/* An error says nothing: neither that it failed, nor that it does not any more. */
static void a_look_that_saw_nothing_changes_nothing(void **state)
{
    (void)state;
    struct follow_memory memory = fresh();
    follow_next(&rules, &memory, FOLLOW_DELIVERY_FAILED, 0, SINCE + MINUTE);
    struct follow_step step = follow_next(&rules, &memory, FOLLOW_UNSEEN, 0, SINCE + DAY);
    assert_int_equal(step.act, FOLLOW_WAIT);
    assert_true(step.wait_ms > 0);
    assert_int_equal(memory.failed_ms, SINCE + MINUTE);
    assert_int_equal(memory.state, FOLLOW_DELIVERY_FAILED);
    step = follow_next(&rules, &memory, FOLLOW_UNSEEN, 0, SINCE + 14 * DAY);
    assert_int_equal(step.word, FOLLOW_WORD_DELIVERY_FAILED);
    memory = fresh();
    step = follow_next(&rules, &memory, FOLLOW_UNSEEN, 0, SINCE + 14 * DAY);
    assert_int_equal(step.word, FOLLOW_WORD_STILL_PENDING);
}

/* ---- reprocess ---- */

static void reprocesses_once(void **state)
{
    (void)state;
    struct follow_memory memory = fresh();
    int64_t now_ms = SINCE + 5 * HOUR;
    struct follow_step step =
        follow_next(&again, &memory, FOLLOW_DELIVERY_FAILED, SINCE + MINUTE, now_ms);
    assert_int_equal(step.act, FOLLOW_REPROCESS);
    assert_int_equal(memory.reprocess_ms, now_ms);
    assert_int_equal(step.wait_ms, FOLLOW_FIRST_MS);
    /* Graph may show the old failure for a while, with its old time. */
    step = follow_next(&again, &memory, FOLLOW_DELIVERY_FAILED, SINCE + MINUTE, now_ms + MINUTE);
    assert_int_equal(step.act, FOLLOW_WAIT);
    assert_int_equal(memory.failed_ms, now_ms);
    step = follow_next(&again, &memory, FOLLOW_DELIVERY_FAILED, 0, now_ms + again.settle_ms);
    assert_int_equal(step.act, FOLLOW_TELL);
    assert_int_equal(step.word, FOLLOW_WORD_DELIVERY_FAILED);
}

static void reprocesses_only_what_may_be(void **state)
{
    (void)state;
    static const struct {
        bool on, can;
        int64_t completed_ms, now_ms;
        enum follow_act act;
    } cases[] = {
        {true, true, SINCE + 1, SINCE + DAY, FOLLOW_REPROCESS},
        {false, true, SINCE + 1, SINCE + DAY, FOLLOW_TELL},
        {true, false, SINCE + 1, SINCE + DAY, FOLLOW_TELL}, /* a resource request */
        {true, true, SINCE + 1, SINCE + 7 * DAY, FOLLOW_REPROCESS},
        {true, true, SINCE + 1, SINCE + 7 * DAY + 1, FOLLOW_TELL},     /* Graph takes it a week */
        {true, true, SINCE + 13 * DAY, SINCE + 14 * DAY, FOLLOW_TELL}, /* the end */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        print_message("case %zu\n", i);
        struct follow_memory memory = fresh();
        memory.can_reprocess = cases[i].can;
        struct follow_step step =
            follow_next(cases[i].on ? &again : &rules, &memory, FOLLOW_PARTIALLY_DELIVERED,
                        cases[i].completed_ms, cases[i].now_ms);
        assert_int_equal(step.act, cases[i].act);
        assert_int_equal(memory.reprocess_ms,
                         cases[i].act == FOLLOW_REPROCESS ? cases[i].now_ms : 0);
    }
}

/* ---- every road ends ---- */

/* Whatever Graph shows, look after look: the word is said by follow.for, after one reprocess at
 * most, and no two looks are less than a second apart but where the end or a settling is near. */
static void every_road_ends(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < 500; seed++) {
        struct follow_memory memory = fresh();
        unsigned reprocessed = 0, looks = 0, dice = seed;
        struct follow_step step = {.act = FOLLOW_WAIT, .wait_ms = FOLLOW_FIRST_MS};
        int64_t now_ms = SINCE;
        while (step.act != FOLLOW_TELL) {
            now_ms += step.wait_ms;
            dice = dice * 1103515245U + 12345U;
            enum follow_state seen = (enum follow_state)((dice >> 16) % FOLLOW_STATE_COUNT);
            if (follow_final(seen) != FOLLOW_NO_WORD && looks < seed)
                seen = FOLLOW_DELIVERY_FAILED;
            step = follow_next(&again, &memory, seen, 0, now_ms);
            reprocessed += step.act == FOLLOW_REPROCESS;
            assert_true(step.act == FOLLOW_TELL || step.wait_ms > 0);
            assert_true(++looks < 5000);
        }
        assert_true(now_ms <= SINCE + again.for_ms);
        assert_true(reprocessed <= 1);
        assert_int_not_equal(step.word, FOLLOW_NO_WORD);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_graph_s_states),
        cmocka_unit_test(says_the_word_of_each_state),
        cmocka_unit_test(reads_its_own_words),
        cmocka_unit_test(looks_ever_more_seldom),
        cmocka_unit_test(looks_a_last_time_at_the_end),
        cmocka_unit_test(takes_few_looks),
        cmocka_unit_test(waits_until_a_failure_has_settled),
        cmocka_unit_test(counts_anew_when_it_moved_again),
        cmocka_unit_test(believes_no_time_of_completion_that_cannot_be),
        cmocka_unit_test(a_look_that_saw_nothing_changes_nothing),
        cmocka_unit_test(reprocesses_once),
        cmocka_unit_test(reprocesses_only_what_may_be),
        cmocka_unit_test(every_road_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
