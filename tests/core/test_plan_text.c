/* The plan as text: a change of behaviour is a change of plan.golden. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "worker/core/plan.h"

#include <stdio.h>
#include <string.h>

static struct plan worker_plan(void)
{
    struct plan plan;
    plan_init(&plan, &(struct plan_limits){.retry_attempts = 10});
    return plan;
}

static void the_table_is_the_golden_one(void **state)
{
    (void)state;
    struct plan plan = worker_plan();
    char table[PLAN_TEXT_SIZE], golden[PLAN_TEXT_SIZE] = "";
    plan_table(&plan, table);
    FILE *file = fopen("tests/core/plan.golden", "r");
    assert_non_null(file);
    golden[fread(golden, 1, sizeof golden - 1, file)] = '\0';
    fclose(file);
    if (strcmp(table, golden) != 0)
        fail_msg("the plan is not tests/core/plan.golden; if that is meant, it is now:\n%s", table);
}

static void the_diagram_has_an_arrow_for_each_cell(void **state)
{
    (void)state;
    struct plan plan = worker_plan();
    char diagram[PLAN_TEXT_SIZE];
    plan_diagram(&plan, diagram);
    unsigned cells = 0, arrows = 0;
    for (enum stage stage = STAGE_ADMIT; stage < STAGE_COUNT; stage++) {
        for (enum outcome outcome = OUTCOME_OK; outcome < OUTCOME_COUNT; outcome++)
            cells += plan_allows(&plan, stage, outcome);
    }
    for (const char *at = diagram; (at = strstr(at, " --> ")) != NULL; at++)
        arrows++;
    assert_int_equal(arrows, cells + 2); /* and the first and the last */
    assert_non_null(strstr(diagram, "mark --> submit: ok\n"));
    assert_non_null(strstr(diagram, "reply --> [*]: lost\n"));
}

static void the_readme_shows_this_diagram(void **state)
{
    (void)state;
    static char readme[1 << 16];
    struct plan plan = worker_plan();
    char diagram[PLAN_TEXT_SIZE];
    plan_diagram(&plan, diagram);
    FILE *file = fopen("worker/README.md", "r");
    assert_non_null(file);
    readme[fread(readme, 1, sizeof readme - 1, file)] = '\0';
    fclose(file);
    if (strstr(readme, diagram) == NULL)
        fail_msg("worker/README.md shows another diagram; it is now:\n%s", diagram);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table_is_the_golden_one),
        cmocka_unit_test(the_diagram_has_an_arrow_for_each_cell),
        cmocka_unit_test(the_readme_shows_this_diagram),
    };
    return cmocka_run_group_tests_name("plan_text", tests, NULL, NULL);
}
