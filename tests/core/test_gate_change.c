/* A gate whose graph.writes_per_second changes while it works. */
#include "worker/core/gate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
// cmocka needs the headers above first.
#include <cmocka.h>

enum { START_MS = 1000000 };

static void between_a_limit_and_none(void **state)
{
    (void)state;
    struct gate gate;
    int64_t turn_us = 0;
    gate_init(&gate, 0);
    assert_true(gate_dry_run_begin(&gate));
    gate_throttle(&gate, GATE_READS, START_MS, 500);
    gate_change(&gate, 10, START_MS);
    assert_int_equal(gate_ask(&gate, 1, &turn_us, START_MS), 0);
    assert_int_not_equal(gate_ask(&gate, 1, &turn_us, START_MS + 90), 0); /* no burst */
    assert_int_equal(gate_closed_ms(&gate, GATE_READS, START_MS), 500);
    assert_false(gate_dry_run_begin(&gate));
    gate_grant(&gate, 0, START_MS + 100, START_MS + 100);
    gate_change(&gate, 20, START_MS + 100); /* from limit to limit: the grant says it */
    assert_int_not_equal(gate_ask(&gate, 1, &turn_us, START_MS + 300), 0);
    gate_change(&gate, 0, START_MS + 300);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(gate_ask(&gate, 1, &turn_us, START_MS + 300), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(between_a_limit_and_none)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
