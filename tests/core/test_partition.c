/* Which word of Redis stands beside a committed offset. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "worker/core/partition.h"

static const struct witness earlier = {"1111111111111111", "", "11111111", 1},
                            first = {"2222222222222222", "", "22222222", 2},
                            second = {"3333333333333333", "", "22222222", 3},
                            now = {"4444444444444444", "", "22222222", 4}, nothing;

static const struct witness *at(const struct partition *partition, int64_t frontier)
{
    struct ledger ledger = partition->ledger;
    ledger.frontier = frontier;
    return partition_witness(partition, &ledger, &now);
}

static void an_owner_before_us_is_quoted_while_its_records_are_open(void **state)
{
    (void)state;
    struct partition partition = {.ledger = {.touched = 20}, .inherited = earlier};
    assert_ptr_equal(at(&partition, 19), &partition.inherited);
    assert_ptr_equal(at(&partition, 20), &now);
    assert_ptr_equal(partition_witness(&partition, &(struct ledger){.frontier = 30}, &nothing),
                     &partition.inherited); /* Redis has not been asked yet */
    partition.inherited = nothing;
    assert_ptr_equal(at(&partition, 19), &now);
}

static void a_loss_is_told_until_what_was_at_work_is_answered(void **state)
{
    (void)state;
    struct partition partition = {.ledger = {.frontier = 10, .end = 30}};
    partition_note_loss(&partition, &first);
    assert_memory_equal(at(&partition, 29), &first, sizeof first);
    assert_ptr_equal(at(&partition, 30), &now);
    /* Once more, with records of before still open: who comes after us must see the first. */
    partition.ledger.frontier = 29;
    partition.ledger.end = 50;
    partition_note_loss(&partition, &second);
    assert_memory_equal(at(&partition, 49), &first, sizeof first);
    /* And with none. */
    partition.ledger.frontier = 50;
    partition.ledger.end = 60;
    partition_note_loss(&partition, &second);
    assert_memory_equal(at(&partition, 59), &second, sizeof second);
    assert_ptr_equal(at(&partition, 60), &now);
}

static void the_oldest_word_is_told(void **state)
{
    (void)state;
    struct partition partition = {.ledger = {.frontier = 10, .end = 30, .touched = 20},
                                  .inherited = earlier};
    partition_note_loss(&partition, &first);
    assert_ptr_equal(at(&partition, 19), &partition.inherited);
    assert_ptr_equal(at(&partition, 20), &partition.forgotten);
    assert_ptr_equal(at(&partition, 30), &now);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_owner_before_us_is_quoted_while_its_records_are_open),
        cmocka_unit_test(a_loss_is_told_until_what_was_at_work_is_answered),
        cmocka_unit_test(the_oldest_word_is_told),
    };
    return cmocka_run_group_tests_name("partition", tests, NULL, NULL);
}
