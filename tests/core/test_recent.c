#include "worker/core/recent.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static struct recent recent;

static void note(enum answer answer, const char *id, const char *source)
{
    static struct request rq; /* large */
    rq = (struct request){.answer = answer, .received_wall_ms = 1000};
    rq.event.id = id;
    rq.event.source = source;
    rq.event.request_type = REQUEST_TYPE_ADMIN_ADD;
    if (answer_is_problem(answer))
        fault_set(&rq.fault, STAGE_DRY_RUN, "badGateway", "hello");
    recent_note(&recent, &rq, 1250);
    fault_clear(&rq.fault);
}

static int empty(void **state)
{
    (void)state;
    recent = (struct recent){0};
    return 0;
}

static void test_rings(void **state)
{
    (void)state;
    char id[32];
    assert_null(recent_at(&recent.successes, 0));
    for (int i = 0; i < 3 * RECENT_MAX + 5; i++) {
        snprintf(id, sizeof id, "e%d", i);
        note(i % 3 == 0 ? ANSWER_REJECTED : ANSWER_SUBMITTED, id, "/s");
    }
    assert_string_equal(recent_at(&recent.successes, 0)->id, "e52");
    assert_string_equal(recent_at(&recent.successes, 1)->id, "e50");
    assert_string_equal(recent_at(&recent.problems, 0)->id, "e51");
    assert_string_equal(recent_at(&recent.problems, RECENT_MAX - 1)->id, "e6");
    assert_null(recent_at(&recent.problems, RECENT_MAX));
    assert_int_equal(recent.problems.count, 18);
}

static void test_what_is_kept(void **state)
{
    (void)state;
    note(ANSWER_UNKNOWN, "e1", "/hr");
    const struct recent_answer *one = recent_at(&recent.problems, 0);
    assert_int_equal(one->answer, ANSWER_UNKNOWN);
    assert_int_equal(one->took_ms, 250);
    assert_int_equal(one->finished_wall_ms, 1250);
    assert_int_equal(one->type, REQUEST_TYPE_ADMIN_ADD);
    assert_int_equal(one->stage, STAGE_DRY_RUN);
    assert_string_equal(one->code, "badGateway");
    assert_string_equal(one->source, "/hr");
}

/* What is no event has neither; what is too long is cut, and not read beyond. */
static void test_ids(void **state)
{
    (void)state;
    char *id = malloc(5000);
    assert_non_null(id);
    memset(id, 'x', 4999);
    id[4999] = '\0';
    note(ANSWER_REJECTED, id, NULL);
    free(id);
    assert_int_equal(strlen(recent_at(&recent.problems, 0)->id), EVENT_ID_MAX);
    assert_string_equal(recent_at(&recent.problems, 0)->source, "");
    note(ANSWER_REJECTED, NULL, "/s");
    assert_string_equal(recent_at(&recent.problems, 0)->id, "");
}

static void test_sources(void **state)
{
    (void)state;
    const char *sources[2 * RECENT_MAX];
    assert_int_equal(recent_sources(&recent, sources), 0);
    note(ANSWER_SUBMITTED, "1", "/a");
    note(ANSWER_SUBMITTED, "2", "/b");
    note(ANSWER_SUBMITTED, "3", "/a");
    note(ANSWER_FAILED, "4", "/c");
    note(ANSWER_FAILED, "5", "/b");
    note(ANSWER_FAILED, "6", "");
    assert_int_equal(recent_sources(&recent, sources), 3);
    assert_string_equal(sources[0], "/a");
    assert_string_equal(sources[1], "/b");
    assert_string_equal(sources[2], "/c");
}

static void test_problems(void **state)
{
    (void)state;
    for (enum answer i = ANSWER_NONE; i < ANSWER_COUNT; i++)
        assert_int_equal(answer_is_problem(i), i >= ANSWER_REJECTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_rings, empty),
        cmocka_unit_test_setup(test_what_is_kept, empty),
        cmocka_unit_test_setup(test_ids, empty),
        cmocka_unit_test_setup(test_sources, empty),
        cmocka_unit_test_setup(test_problems, empty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
