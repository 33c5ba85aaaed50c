/* Sleepers: whoever is due first comes first, and anyone can be taken out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "worker/core/sleepers.h"

#include <stdlib.h>

enum { COUNT = 500 };

static void come_in_order_whatever_is_taken_out(void **state)
{
    (void)state;
    static struct request rq[COUNT];
    struct sleepers sleepers;
    assert_true(sleepers_init(&sleepers, COUNT));
    srand(2);
    for (int round = 0; round < 50; round++) {
        for (int i = 0; i < COUNT; i++) {
            rq[i].wake_ms = rand() % 1000;
            sleepers_add(&sleepers, &rq[i]);
        }
        for (int i = 0; i < COUNT; i += 3)
            sleepers_remove(&sleepers, &rq[i]);
        int64_t before = -1;
        size_t seen = 0;
        for (struct request *first; (first = sleepers_first(&sleepers)) != NULL; seen++) {
            assert_true(first->wake_ms >= before);
            before = first->wake_ms;
            sleepers_remove(&sleepers, first);
        }
        assert_int_equal(seen, COUNT - (COUNT + 2) / 3);
    }
    sleepers_finish(&sleepers);
    sleepers_finish(&sleepers); /* safe on nothing */
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(come_in_order_whatever_is_taken_out)};
    return cmocka_run_group_tests_name("sleepers", tests, NULL, NULL);
}
