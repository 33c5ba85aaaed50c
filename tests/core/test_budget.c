/* The retry budget: a tenth of all calls, at least ten in ten seconds. */
#include "worker/core/budget.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
// cmocka needs the headers above first.
#include <cmocka.h>

enum { NOW_MS = 500000 };

/* How many of 1,000 retries go at once. */
static int retries_at(struct budget *budget, int64_t now_ms)
{
    int count = 0;
    for (int i = 0; i < 1000; i++) {
        if (!budget_allows(budget, now_ms))
            continue;
        budget_call(budget, true, now_ms);
        count++;
    }
    return count;
}

static void at_least_ten(void **state)
{
    (void)state;
    struct budget budget;
    budget_init(&budget, 10);
    assert_int_equal(retries_at(&budget, NOW_MS), BUDGET_LEAST);
    assert_int_equal(budget.denied, 1000 - BUDGET_LEAST);
    assert_int_equal(retries_at(&budget, NOW_MS + 9000), 0);
    assert_int_equal(retries_at(&budget, NOW_MS + 10000), BUDGET_LEAST); /* it is never spent */
    assert_int_equal(retries_at(&budget, NOW_MS + 3600000), BUDGET_LEAST);
}

static void a_tenth_of_the_calls(void **state)
{
    (void)state;
    struct budget budget;
    budget_init(&budget, 10);
    int retries = 0;
    for (int i = 0; i < 10000; i++) { /* 100 calls a second, each of which fails */
        int64_t now_ms = NOW_MS + (int64_t)i * 10;
        budget_call(&budget, false, now_ms);
        if (budget_allows(&budget, now_ms)) {
            budget_call(&budget, true, now_ms);
            retries++;
        }
    }
    assert_in_range(retries, 1000, 1200); /* of all calls, the retries among them */
}

/* A call that came back unsent is none, neither as a retry nor as what a tenth is taken of. */
static void what_was_not_sent_does_not_count(void **state)
{
    (void)state;
    struct budget budget;
    budget_init(&budget, 10);
    for (int i = 0; i < 1000; i++) {
        budget_call(&budget, false, NOW_MS);
        budget_not_sent(&budget, false, NOW_MS + i);
    }
    assert_int_equal(retries_at(&budget, NOW_MS), BUDGET_LEAST);
    assert_false(budget_allows(&budget, NOW_MS + 2000));
    budget_not_sent(&budget, true, NOW_MS + 2000);
    assert_true(budget_allows(&budget, NOW_MS + 2000));
    budget_not_sent(&budget, true, NOW_MS + 60000); /* long forgotten */
    assert_int_equal(retries_at(&budget, NOW_MS + 60000), BUDGET_LEAST);
}

static void no_limit(void **state)
{
    (void)state;
    struct budget budget;
    budget_init(&budget, 100);
    assert_int_equal(retries_at(&budget, NOW_MS), 1000);
    assert_int_equal(budget.denied, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(at_least_ten),
        cmocka_unit_test(a_tenth_of_the_calls),
        cmocka_unit_test(what_was_not_sent_does_not_count),
        cmocka_unit_test(no_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
