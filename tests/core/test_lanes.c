/* Lanes: what shares a lane goes one after the other, in order of arrival; the rest is free. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "worker/core/request.h"

#include <stdlib.h>

static struct request *freed[64];
static size_t freed_count;

static void on_free(void *context, struct request *rq)
{
    (void)context;
    freed[freed_count++] = rq;
}

static void same_key_waits_its_turn(void **state)
{
    (void)state;
    struct lanes lanes = {0};
    assert_true(lanes_init(&lanes, 8));
    struct request a = {0}, b = {0}, c = {0};
    freed_count = 0;
    assert_true(lanes_enter(&lanes, &a, (uint64_t[]){7}, 1));
    assert_false(lanes_enter(&lanes, &b, (uint64_t[]){7}, 1));
    assert_false(lanes_enter(&lanes, &c, (uint64_t[]){7}, 1));
    lanes_leave(&lanes, &a, on_free, NULL);
    assert_int_equal(freed_count, 1);
    assert_ptr_equal(freed[0], &b);
    lanes_leave(&lanes, &b, on_free, NULL);
    assert_ptr_equal(freed[1], &c);
    lanes_leave(&lanes, &c, on_free, NULL);
    assert_int_equal(freed_count, 2);
    lanes_finish(&lanes);
}

static void all_lanes_must_be_free(void **state)
{
    (void)state;
    struct lanes lanes = {0};
    assert_true(lanes_init(&lanes, 8));
    struct request key = {0}, subject = {0}, both = {0};
    freed_count = 0;
    assert_true(lanes_enter(&lanes, &key, (uint64_t[]){1}, 1));
    assert_true(lanes_enter(&lanes, &subject, (uint64_t[]){2}, 1));
    assert_false(lanes_enter(&lanes, &both, (uint64_t[]){1, 2, 2}, 3));
    assert_int_equal(both.lanes.count, 2); /* a number that stands twice counts once */
    lanes_leave(&lanes, &key, on_free, NULL);
    assert_int_equal(freed_count, 0);
    lanes_leave(&lanes, &subject, on_free, NULL);
    assert_int_equal(freed_count, 1);
    assert_ptr_equal(freed[0], &both);
    lanes_leave(&lanes, &both, on_free, NULL);
    lanes_finish(&lanes);
}

static void one_that_leaves_from_the_middle_breaks_no_line(void **state)
{
    (void)state;
    struct lanes lanes = {0};
    assert_true(lanes_init(&lanes, 8));
    struct request rq[4] = {0};
    freed_count = 0;
    for (int i = 0; i < 4; i++)
        lanes_enter(&lanes, &rq[i], (uint64_t[]){5}, 1);
    lanes_leave(&lanes, &rq[1], on_free, NULL); /* the middle */
    lanes_leave(&lanes, &rq[3], on_free, NULL); /* the end */
    assert_int_equal(freed_count, 0);
    lanes_leave(&lanes, &rq[0], on_free, NULL);
    assert_int_equal(freed_count, 1);
    assert_ptr_equal(freed[0], &rq[2]);
    struct request late = {0};
    assert_false(lanes_enter(&lanes, &late, (uint64_t[]){5}, 1));
    lanes_leave(&lanes, &rq[2], on_free, NULL);
    assert_ptr_equal(freed[1], &late);
    lanes_leave(&lanes, &late, on_free, NULL);
    lanes_finish(&lanes);
}

/* 200,000 steps of chance against the plain rule: a request may run when no earlier one shares a
 * lane with it. */
enum { MODEL_REQUESTS = 48, MODEL_IDS = 12, MODEL_STEPS = 200000 };

struct model {
    struct request rq;
    uint64_t ids[LANES_PER_REQUEST];
    unsigned arrival; /* 0: not there */
    bool runs;
};

static struct model model[MODEL_REQUESTS];

static bool share(const struct model *a, const struct model *b)
{
    for (int i = 0; i < LANES_PER_REQUEST; i++) {
        for (int j = 0; j < LANES_PER_REQUEST; j++) {
            if (a->ids[i] == b->ids[j])
                return true;
        }
    }
    return false;
}

static bool may_run(const struct model *m)
{
    for (int i = 0; i < MODEL_REQUESTS; i++) {
        if (model[i].arrival != 0 && model[i].arrival < m->arrival && share(&model[i], m))
            return false;
    }
    return true;
}

static void on_model_free(void *context, struct request *rq)
{
    (void)context;
    ((struct model *)rq)->runs = true;
}

static void chance_agrees_with_the_plain_rule(void **state)
{
    (void)state;
    struct lanes lanes = {0};
    assert_true(lanes_init(&lanes, MODEL_REQUESTS));
    srand(1);
    unsigned arrivals = 0;
    for (int step = 0; step < MODEL_STEPS; step++) {
        struct model *m = &model[rand() % MODEL_REQUESTS];
        if (m->arrival == 0) {
            for (int i = 0; i < LANES_PER_REQUEST; i++) /* numbers that meet in the table */
                m->ids[i] = (uint64_t)(rand() % MODEL_IDS) * 1024;
            m->rq = (struct request){0};
            m->arrival = ++arrivals;
            m->runs = lanes_enter(&lanes, &m->rq, m->ids, LANES_PER_REQUEST);
        } else {
            m->arrival = 0;
            lanes_leave(&lanes, &m->rq, on_model_free, NULL);
        }
        for (int i = 0; i < MODEL_REQUESTS; i++) {
            if (model[i].arrival != 0 && model[i].runs != may_run(&model[i]))
                fail_msg("step %d: request %d runs: %d", step, i, model[i].runs);
        }
    }
    lanes_finish(&lanes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_key_waits_its_turn),
        cmocka_unit_test(all_lanes_must_be_free),
        cmocka_unit_test(one_that_leaves_from_the_middle_breaks_no_line),
        cmocka_unit_test(chance_agrees_with_the_plain_rule),
    };
    return cmocka_run_group_tests_name("lanes", tests, NULL, NULL);
}
