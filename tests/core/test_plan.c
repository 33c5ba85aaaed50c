/* The plan: what may be read off its cells, every road through it, and whether a change of any cell
 * is noticed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/core/plan_walk.h"
#include "tests/core/share.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Small numbers have the same shape as the real ones: two tries, and a schedule of a few steps. */
static const struct plan_limits limits = {.retry_attempts = 2,
                                          .retry_for_ms = 1 << 30,
                                          .eventual_ms = 150,
                                          .settle_ms = 300};

static struct plan worker_plan(void)
{
    struct plan plan;
    plan_init(&plan, &limits);
    return plan;
}

static void every_cell_keeps_the_rules(void **state)
{
    (void)state;
    struct plan plan = worker_plan();
    char where[64] = "";
    const char *trouble = plan_cells_trouble(&plan, where);
    if (trouble[0] != '\0')
        fail_msg("%s: %s", where, trouble);
}

static void every_road_ends_and_keeps_its_promises(void **state)
{
    (void)state;
    struct plan plan = worker_plan();
    struct walk walk = walk_all_roads(&plan, 3);
    if (walk.trouble[0] != '\0')
        fail_msg("%s: %s", walk.where, walk.trouble);
    assert_true(walk.states > 1000);
    printf("FIGURE plan: every road ends, %zu situations, longest road %u transitions\n",
           walk.states, walk.longest);
}

static void a_road_that_never_ends_is_noticed(void **state)
{
    (void)state;
    struct plan plan = worker_plan();
    plan.rules[STAGE_LOOK][OUTCOME_FAILED] = (struct rule){.move = MOVE_GO, .next = STAGE_LOOK};
    assert_string_equal(walk_all_roads(&plan, 1).trouble, "this road does not end");
}

/* What Redis forgot is looked up until graph.settle has passed since the claim that told:
 * then nothing happened, and all answers may be given. */
static void what_redis_forgot_is_settled(void **state)
{
    (void)state;
    struct plan plan = worker_plan();
    struct request rq = {.stage = STAGE_CLAIM, .outcome = OUTCOME_FORGOTTEN};
    struct verdict verdict = plan_next(&plan, &rq, 1000);
    plan_note(&rq, &verdict, 1000);
    assert_int_equal(verdict.next, STAGE_LOOK);
    assert_int_equal(rq.doubt, DOUBT_FORGOTTEN);
    assert_int_equal(rq.doubt_since_ms, 1000);
    rq.stage = STAGE_LOOK;
    rq.outcome = OUTCOME_ABSENT;
    verdict = plan_next(&plan, &rq, 1299);
    assert_int_equal(verdict.next, STAGE_LOOK);
    assert_int_equal(verdict.pause_ms, 1);
    rq.outcome = OUTCOME_UNDECIDED;
    verdict = plan_next(&plan, &rq, 1300);
    assert_int_equal(verdict.answer, ANSWER_UNKNOWN);
    rq.outcome = OUTCOME_ABSENT;
    verdict = plan_next(&plan, &rq, 1300);
    plan_note(&rq, &verdict, 1300);
    assert_int_equal(verdict.next, STAGE_DRY_RUN);
    assert_int_equal(rq.doubt, DOUBT_NONE);
    assert_int_equal(rq.absences, 0);
    rq.stage = STAGE_DRY_RUN;
    rq.outcome = OUTCOME_INVALID;
    verdict = plan_next(&plan, &rq, 1301);
    assert_int_equal(verdict.answer, ANSWER_REJECTED);
}

/* A tenant's own numbers go before the worker's. */
static void a_tenant_has_its_own_limits(void **state)
{
    (void)state;
    struct plan plan = worker_plan();
    static const struct plan_limits patient = {.retry_attempts = 3,
                                               .retry_for_ms = 1 << 30,
                                               .eventual_ms = 150,
                                               .settle_ms = 300};
    struct request rq = {.stage = STAGE_DRY_RUN, .outcome = OUTCOME_FAILED};
    rq.retries[STAGE_DRY_RUN] = 1;
    assert_int_equal(plan_next(&plan, &rq, 1000).answer, ANSWER_FAILED);
    rq.whose.limits = &patient;
    assert_int_equal(plan_next(&plan, &rq, 1000).move, MOVE_WAIT);
}

/* What an event waits for through no fault of its own takes nothing off its times: not a throttled
 * Graph, not a Redis that is away, however long. Its own retries do. */
static void no_time_runs_while_an_event_is_held(void **state)
{
    (void)state;
    struct plan plan = worker_plan();
    struct request rq = {.stage = STAGE_DRY_RUN, .outcome = OUTCOME_FAILED};
    int64_t now_ms = 1000, hour_ms = 3600 * 1000;
    struct verdict verdict = plan_next(&plan, &rq, now_ms);
    plan_note(&rq, &verdict, now_ms);
    assert_int_equal(rq.retry_since_ms, now_ms);
    assert_int_equal(rq.held_since_ms, 0);
    plan_resume(&rq, now_ms + 1);
    assert_int_equal(rq.retry_since_ms, now_ms);
    for (int i = 0; i < 10; i++) {
        rq.outcome = OUTCOME_PACED;
        verdict = plan_next(&plan, &rq, now_ms);
        plan_note(&rq, &verdict, now_ms);
        now_ms += hour_ms;
        plan_resume(&rq, now_ms);
        assert_int_equal(now_ms - rq.retry_since_ms, 0);
    }
    rq.outcome = OUTCOME_EARLY;
    verdict = plan_next(&plan, &rq, now_ms);
    plan_note(&rq, &verdict, now_ms);
    rq.outcome = OUTCOME_PACED;
    verdict = plan_next(&plan, &rq, now_ms + 10);
    plan_note(&rq, &verdict, now_ms + 10);
    plan_resume(&rq, now_ms + hour_ms);
    assert_int_equal(rq.doubt_since_ms, now_ms + hour_ms - 10);
    rq.outcome = OUTCOME_EARLY;
    assert_int_equal(plan_next(&plan, &rq, now_ms + hour_ms).next, STAGE_DRY_RUN);
}

/* Whoever has the claim now may have sent the real request: only what says so much is still true.
 */
static void an_answer_without_a_claim_is_taken_back(void **state)
{
    (void)state;
    struct plan plan = worker_plan();
    for (enum answer answer = ANSWER_SUBMITTED; answer < ANSWER_COUNT; answer++) {
        bool is_true =
            answer == ANSWER_SUBMITTED || answer == ANSWER_EXISTING || answer == ANSWER_UNKNOWN;
        struct request rq = {.stage = STAGE_RECORD, .outcome = OUTCOME_LOST, .answer = answer};
        struct verdict verdict = plan_next(&plan, &rq, 0);
        plan_note(&rq, &verdict, 0);
        assert_int_equal(verdict.next, is_true ? STAGE_REPLY : STAGE_CLAIM);
        assert_int_equal(rq.answer, is_true ? answer : ANSWER_NONE);
    }
    struct request rq = {.stage = STAGE_RECORD,
                         .outcome = OUTCOME_LOST,
                         .answer = ANSWER_FAILED,
                         .retries = {[STAGE_RECORD] = 1}};
    assert_int_equal(plan_next(&plan, &rq, 0).answer, ANSWER_UNKNOWN);
    rq = (struct request){.stage = STAGE_MARK,
                          .outcome = OUTCOME_LOST,
                          .retries = {[STAGE_MARK] = 1}};
    assert_int_equal(plan_next(&plan, &rq, 0).answer, ANSWER_UNKNOWN);
}

/* Is this changed plan noticed: by its text, or also by what it would do? */
struct tally {
    unsigned seen, all, by_table, by_behaviour;
};

static void try_mutant(const struct plan *mutant, const char *table, struct tally *tally)
{
    char text[PLAN_TEXT_SIZE], where[64];
    if (tally->seen++ % (unsigned)test_share() != 0)
        return;
    tally->all++;
    plan_table(mutant, text);
    tally->by_table += strcmp(text, table) != 0;
    tally->by_behaviour += plan_cells_trouble(mutant, where)[0] != '\0' ||
                           walk_all_roads(mutant, 0).trouble[0] != '\0';
}

static void mutate_cell(const struct plan *plan, struct rule *rule, struct plan *mutant,
                        struct tally *tally)
{
    char table[PLAN_TEXT_SIZE];
    plan_table(plan, table);
    struct rule good = *rule;
    for (enum move move = MOVE_NEVER; move <= MOVE_STOP; move++) {
        rule->move = move;
        if (move != good.move)
            try_mutant(mutant, table, tally);
    }
    *rule = good;
    for (enum stage next = STAGE_ADMIT; next < STAGE_COUNT && good.move != MOVE_NEVER; next++) {
        rule->next = next;
        if (next != good.next)
            try_mutant(mutant, table, tally);
    }
    *rule = good;
    for (enum answer answer = ANSWER_NONE; answer < ANSWER_COUNT && good.move != MOVE_NEVER;
         answer++) {
        rule->answer = answer;
        if (answer != good.answer)
            try_mutant(mutant, table, tally);
    }
    *rule = good;
    for (enum doubt doubt = DOUBT_NONE; doubt < DOUBT_COUNT && good.move != MOVE_NEVER; doubt++) {
        rule->doubt = doubt;
        if (doubt != good.doubt)
            try_mutant(mutant, table, tally);
    }
    *rule = good;
}

static void a_change_of_any_cell_is_noticed(void **state)
{
    (void)state;
    struct plan plan = worker_plan(), mutant = plan;
    struct tally tally = {0};
    for (enum stage stage = STAGE_ADMIT; stage < STAGE_COUNT; stage++) {
        for (enum outcome outcome = OUTCOME_OK; outcome < OUTCOME_COUNT; outcome++)
            mutate_cell(&plan, &mutant.rules[stage][outcome], &mutant, &tally);
    }
    printf("FIGURE plan: changes of one cell caught %u / %u (by cells and roads alone %u)\n",
           tally.by_table, tally.all, tally.by_behaviour);
    assert_int_equal(tally.by_table, tally.all);
    assert_true(tally.by_behaviour * 2 > tally.all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_cell_keeps_the_rules),
        cmocka_unit_test(every_road_ends_and_keeps_its_promises),
        cmocka_unit_test(a_road_that_never_ends_is_noticed),
        cmocka_unit_test(an_answer_without_a_claim_is_taken_back),
        cmocka_unit_test(a_tenant_has_its_own_limits),
        cmocka_unit_test(what_redis_forgot_is_settled),
        cmocka_unit_test(no_time_runs_while_an_event_is_held),
        cmocka_unit_test(a_change_of_any_cell_is_noticed),
    };
    return cmocka_run_group_tests_name("plan", tests, NULL, NULL);
}
