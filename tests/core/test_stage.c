/* The words of the worker: each has a name of its own, and the contract's are the contract's. */
#include "worker/core/stage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void assert_names(const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        assert_non_null(names[i]);
        assert_int_equal(strspn(names[i], "abcdefghijklmnopqrstuvwxyz_"), strlen(names[i]));
        assert_true(strlen(names[i]) > 0);
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(names[i], names[k]);
    }
}

static void test_every_word_has_its_name(void **state)
{
    (void)state;
    const char *stages[STAGE_COUNT], *outcomes[OUTCOME_COUNT];
    const char *answers[ANSWER_COUNT], *doubts[DOUBT_COUNT];
    for (enum stage stage = 0; stage < STAGE_COUNT; stage++)
        stages[stage] = stage_name(stage);
    for (enum outcome outcome = 0; outcome < OUTCOME_COUNT; outcome++)
        outcomes[outcome] = outcome_name(outcome);
    for (enum answer answer = 0; answer < ANSWER_COUNT; answer++)
        answers[answer] = answer_name(answer);
    for (enum doubt doubt = 0; doubt < DOUBT_COUNT; doubt++)
        doubts[doubt] = doubt_name(doubt);
    assert_names(stages, STAGE_COUNT);
    assert_names(outcomes, OUTCOME_COUNT);
    assert_names(answers, ANSWER_COUNT);
    assert_names(doubts, DOUBT_COUNT);
}

static void test_contract(void **state)
{
    (void)state;
    static const char *const contract[] = {"submitted", "existing", "validated", "rejected",
                                           "expired",   "failed",   "unknown"};
    assert_int_equal(ANSWER_COUNT, 1 + sizeof contract / sizeof *contract);
    for (enum answer answer = ANSWER_SUBMITTED; answer < ANSWER_COUNT; answer++) {
        assert_string_equal(answer_name(answer), contract[answer - 1]);
        assert_int_equal(answer_from_name(contract[answer - 1]), answer);
    }
    static const char *const none[] = {"", "none", "Submitted", "submitted ", "granted"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        assert_int_equal(answer_from_name(none[i]), ANSWER_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_word_has_its_name),
        cmocka_unit_test(test_contract),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
