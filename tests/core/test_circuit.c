/* A Graph that is down is asked by one probe. */
#include "worker/core/circuit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
// cmocka needs the headers above first.
#include <cmocka.h>

enum { NOW_MS = 1000 };

static struct circuit open_circuit(void)
{
    struct circuit circuit = {0};
    for (int i = 1; i < CIRCUIT_FAILURES; i++)
        assert_false(circuit_failed(&circuit, NOW_MS));
    assert_int_equal(circuit_ask(&circuit), 0);
    assert_true(circuit_failed(&circuit, NOW_MS));
    assert_true(circuit_ask(&circuit) > 0);
    return circuit;
}

static void failures_in_a_row_open_it(void **state)
{
    (void)state;
    struct circuit circuit = open_circuit();
    for (int i = 0; i < 1000; i++) /* those that were under way say nothing new */
        assert_false(circuit_failed(&circuit, NOW_MS + i));
    assert_int_equal(circuit_wake_ms(&circuit), NOW_MS);
}

static void an_answer_in_between_keeps_it_closed(void **state)
{
    (void)state;
    struct circuit circuit = {0};
    for (int i = 0; i < 100; i++) {
        assert_false(circuit_failed(&circuit, NOW_MS));
        if (i % (CIRCUIT_FAILURES - 1) == 0)
            assert_false(circuit_worked(&circuit));
    }
    assert_int_equal(circuit.state, CIRCUIT_CLOSED);
}

static void an_answer_to_an_earlier_call_closes_it(void **state)
{
    (void)state;
    struct circuit circuit = open_circuit();
    assert_true(circuit_worked(&circuit));
    assert_int_equal(circuit_ask(&circuit), 0);
    assert_int_equal(circuit_wake_ms(&circuit), INT64_MAX);
    assert_false(circuit_probe_begin(&circuit, NOW_MS + 100000));
}

/* In an hour without Graph there is one probe at a time, and never more often than every 15 s once
 * it has been away for long. */
static void one_probe_at_a_time(void **state)
{
    (void)state;
    struct circuit circuit = open_circuit();
    int probes = 0;
    int64_t last_ms = NOW_MS;
    for (int64_t now_ms = NOW_MS; now_ms < NOW_MS + 3600000; now_ms += 100) {
        int64_t ask_ms = circuit_ask(&circuit);
        assert_in_range(ask_ms, 1, CIRCUIT_ASK_AGAIN_MS);
        if (!circuit_probe_begin(&circuit, now_ms))
            continue;
        assert_false(circuit_probe_begin(&circuit, now_ms + 100000)); /* it is under way */
        assert_false(circuit_failed(&circuit, now_ms));
        if (probes > 6)
            assert_in_range(now_ms - last_ms, CIRCUIT_PROBE_MOST_MS, CIRCUIT_PROBE_MOST_MS + 200);
        last_ms = now_ms;
        probes++;
        assert_int_equal(circuit_is_down(&circuit), probes > 1); /* one probe is a doubt */
        assert_false(circuit_probed(&circuit, false, now_ms));
        assert_true(circuit_is_down(&circuit));
    }
    assert_in_range(probes, 200, 250);
    assert_true(circuit_probe_begin(&circuit, last_ms + CIRCUIT_PROBE_MOST_MS));
    assert_true(circuit_probed(&circuit, true, last_ms + CIRCUIT_PROBE_MOST_MS));
    assert_int_equal(circuit_ask(&circuit), 0);
}

static void an_answer_during_the_probe(void **state)
{
    (void)state;
    struct circuit circuit = open_circuit();
    assert_true(circuit_probe_begin(&circuit, NOW_MS));
    assert_false(circuit_worked(&circuit)); /* the probe is awaited all the same */
    assert_true(circuit_probed(&circuit, true, NOW_MS + 600));
    struct circuit again = open_circuit(); /* it starts anew each time */
    assert_int_equal(again.probes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(failures_in_a_row_open_it),
        cmocka_unit_test(an_answer_in_between_keeps_it_closed),
        cmocka_unit_test(an_answer_to_an_earlier_call_closes_it),
        cmocka_unit_test(one_probe_at_a_time),
        cmocka_unit_test(an_answer_during_the_probe),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
